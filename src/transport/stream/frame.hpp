// Frames: how packets travel on a stream of bytes, to and from an exchange. Little-endian:
//
//   0          4      5       6            14
//   +----------+------+-------+-------------+------------------------+
//   | size     | kind | group | member      | packet: size - 10 bytes |
//   +----------+------+-------+-------------+------------------------+
//
// `size` counts what follows it. A packet to a group, or to one member: `member` is 0 or whom it is
// for on the way to the exchange, and whom it is from on the way back. The other kinds have bodies
// of their own behind the same 14 bytes (docs/reference/transports/tcp.md has the table). Both
// sides begin with the 8 bytes of kGreeting. It knows no sockets and keeps nothing. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <dts/bytes.hpp>
#include <dts/path.hpp>
#include <dts/result.hpp>

namespace dts::transport {

using Member = std::uint64_t;  // of an exchange: its address there; never 0, never used again

constexpr std::string_view kGreeting = "DTS/1 \r\n";
constexpr std::size_t kFrameHeadBytes = 14;
constexpr std::uint32_t kStreamPacketBytesMax = 65507;

enum class FrameKind : std::uint8_t {
  hello = 1,    // first, to the exchange; body: the domain's name
  welcome = 2,  // its answer; member: who one is from now on
  refused = 3,  // its other answer; body: why, a text. The connection ends
  join = 4,     // to the exchange: the group is wanted; member: a number to confirm
  leave = 5,    //                  it is no longer
  done = 6,     // its answer; member: that number
  group = 7,    // a packet to all who joined the group
  unicast = 8,  // a packet to one member
  dropped = 9,  // to a member; member: so many packets more did not fit into its queue
};

struct Frame {
  FrameKind kind{};
  Group group = 0;
  Member member = 0;
  ByteView body;
};

// The 14 bytes before a body of `body_bytes`.
using FrameHead = std::array<std::uint8_t, kFrameHeadBytes>;
FrameHead frame_head(FrameKind kind, Group group, Member member, std::size_t body_bytes) noexcept;

// Takes the first frame off `bytes`: its body is a part of them. Nothing: it is not whole yet.
// Fails with `decode` where no frame can begin like this; a kind that is not known is handed on.
Result<std::optional<Frame>> take_frame(ByteView& bytes);

}  // namespace dts::transport
