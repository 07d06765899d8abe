// Envelope: a message of a broker, as bytes. Packets to one place travel together. Little-endian:
//
//   0       4       5      8            16           24     28
//   +-------+-------+------+------------+------------+------+--------+------+--------+- - -
//   | DTS\1 | group | 0    | sender u64 | member u64 | size | packet | size | packet |
//   +-------+-------+------+------------+------------+------+--------+------+--------+- - -
//
// `member` is 0: to all who listen to the group; else to that one, and the group is 0. It knows no
// broker and keeps nothing. Any thread.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include <dts/bytes.hpp>
#include <dts/path.hpp>
#include <dts/result.hpp>

#include "transport/stream/frame.hpp"

namespace dts::transport {

// Where a message goes, or what one listens to: a group, or one member (`member` is not 0).
struct Place {
  Group group = 0;
  Member member = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

constexpr std::size_t kEnvelopeHeadBytes = 24;
constexpr std::size_t kEnvelopeBytesPerPacket = 4;

struct Envelope {
  Member sender = 0;
  Place to;
  ByteView packets;  // checked: take_packet() takes them all off
};

// Fails with `decode` where it is none, or not whole; what is after that is never looked at.
Result<Envelope> open_envelope(ByteView bytes);
// Takes the first packet off what an envelope holds; false: there is none.
bool take_packet(ByteView& packets, ByteView& packet);

void begin_envelope(Bytes& message, Member sender, const Place& to);  // forgets what was in it
void add_packet(Bytes& message, ByteView packet);

// Names for topics, subjects and queues, of letters, digits, - and _ only: "g17" for a group,
// "m00c0ffee00000001" for a member.
std::string place_name(const Place& place);
// A domain, at most 48 bytes, each domain another: what is no letter, digit or - as _ and two hex
// digits; __ and 32 hex digits of its SHA-256 where that is too long.
std::string domain_name(std::string_view domain);

}  // namespace dts::transport
