// Datagram: what the Python package domaintypesystem (2019) sends, as bytes and as its parts. Every
// datagram is a Cap'n Proto message DomainTypeGroupMessage, compressed by blosc; what it carries in
// turn is a message of its own. Knows nothing of sockets, groups or types. Any thread.
//
//   blosc frame             16 bytes: versions, flags, type size; then, as u32, bytes unpacked,
//                           bytes of a block, bytes packed with these 16; then the blocks
//   DomainTypeGroupMessage  8 bytes: segments - 1, words; pointer to the root; then of the root
//     word 0                timestamp, u64, nanoseconds since the epoch
//     word 1                u16 what pointer 2 is: 0 `struct`, 1 `query`
//     word 2                instanceId, u64
//     pointer 0, 1, 2       structName, Text; hostId, Data; struct, Data, or query, Text
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <dts/bytes.hpp>
#include <dts/result.hpp>

namespace dts::bridge::python_dts {

// The most a datagram may become when it is unpacked: sixteen times what UDP carries.
constexpr std::size_t kUnpackedBytesMax = 1u << 20;
// The most that UDP carries over IPv4.
constexpr std::size_t kDatagramBytesMax = 65'507;

struct Datagram {
  std::string struct_name;
  Bytes host_id;                   // SHA-1 of the text of the machine's id
  std::uint64_t instance_id = 0;   // of the sender's pathway
  std::uint64_t timestamp_ns = 0;  // since the Unix epoch, by the sender's clock
  // A question, perhaps of no words; without one the datagram carries `content`, a message of the
  // struct.
  std::optional<std::string> query;
  Bytes content;
};

// Step by step, so that it can be counted what is wrong with those that are refused: a frame that
// is none (decode) or would become too large (too_large), a message that is none (decode).
Result<Bytes> unpack(ByteView datagram);
Result<Datagram> read_message(ByteView message);

// Fails with too_large when the datagram would not fit into UDP.
Result<Bytes> write_datagram(const Datagram& datagram);

// DomainTypeGroupMembership: which group the values of a struct travel in.
struct Membership {
  std::string struct_name;
  std::uint32_t group = 0;  // IPv4, host byte order
};
Result<Membership> read_membership(ByteView content);
Bytes write_membership(const Membership& membership);
constexpr std::string_view kMembershipName = "DomainTypeGroupMembership";

// The same message in one segment, as every reader understands it; in one it is left alone.
Result<Bytes> in_one_segment(Bytes message);

}  // namespace dts::bridge::python_dts
