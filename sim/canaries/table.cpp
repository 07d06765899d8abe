#include <sim/canaries/table.hpp>

namespace dts::sim {

namespace {

constexpr Canary table[] = {
    {1, "a fragment is stored one byte too early"},
    {2, "a message is complete one fragment early"},
    {4, "the rest of a half message is not named with its gap"},
    {6, "a document is asked for once"},
    {7, "only the first packet of a document is ever answered"},
    {8, "the checksum is forgotten when a packet is filled"},
    {10, "a run of messages goes on with those of another stream"},
    {11, "times of publication are counted from a wrong one"},
    {12, "changes are applied to a list that is not held"},
    {13, "a list is complete with its first part"},
    {15, "\"*\" matches nothing"},
    {16, "the group of a new interest is not joined"},
    {17, "streams said to be closed stay"},
    {19, "the silent are never given up"},
    {20, "lists are asked for once"},
    {24, "what an address is given is counted a hundredfold"},
    {26, "old packet numbers stay marked behind the window"},
    {27, "the group of a second interest replaces that of the first"},
    {29, "checksums are not looked at"},
    {30, "an own packet that comes back looks like somebody else's"},
    {31, "fragments carry the index of the one before"},
    {33, "a jump in the sequence is not noticed"},
    {34, "a lost tail is not noticed"},
    {35, "the end of a hole is forgotten when its middle comes"},
    {36, "what came before comes again"},
    {37, "the first live message is marked as history"},
    {38, "what is held does not wait for its turn"},
    {39, "a stream that comes back begins where it is, not where it was left"},
    {40, "a stream that comes back brings again what was told"},
    {43, "a digest is believed but for the last"},
    {45, "who wants by pattern is sent nothing"},
    {46, "the oldest of the last values is left out"},
    {47, "a large message is numbered one short"},
    {48, "nothing is said after the last data"},
    {49, "of a hole only the end is asked for"},
    {50, "repairs carry the number of the next message"},
    {51, "what is missing is named at once"},
    {52, "the newest message is not repaired"},
    {53, "repairs use the packet number of something else"},
    {54, "of a large message the fragment before is repaired"},
    {55, "what was repaired is not repaired again for long"},
    {56, "the first NACK is sent when it is too late"},
};

}  // namespace

std::span<const Canary> canaries() { return table; }

}  // namespace dts::sim
