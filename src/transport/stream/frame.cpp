#include "transport/stream/frame.hpp"

#include "base/endian.hpp"

namespace dts::transport {

FrameHead frame_head(FrameKind kind, Group group, Member member, std::size_t body_bytes) noexcept {
  FrameHead head;
  base::store(head.data(), static_cast<std::uint32_t>(kFrameHeadBytes - 4 + body_bytes));
  head[4] = static_cast<std::uint8_t>(kind);
  head[5] = group;
  base::store(head.data() + 6, member);
  return head;
}

Result<std::optional<Frame>> take_frame(ByteView& bytes) {
  constexpr std::size_t least = kFrameHeadBytes - 4, most = least + kStreamPacketBytesMax;
  if (bytes.size() < 4) return std::optional<Frame>();
  const auto size = base::load<std::uint32_t>(bytes.data());
  if (size < least || size > most)
    return Error(ErrorCode::decode, "this is no frame", {},
                 "it would have " + std::to_string(size) + " bytes, and has " +
                     std::to_string(least) + " to " + std::to_string(most));
  if (bytes.size() - 4 < size) return std::optional<Frame>();
  Frame frame;
  frame.kind = static_cast<FrameKind>(bytes[4]);
  frame.group = bytes[5];
  frame.member = base::load<Member>(bytes.data() + 6);
  frame.body = bytes.subspan(kFrameHeadBytes, size - least);
  bytes = bytes.subspan(4 + size);
  return std::optional<Frame>(frame);
}

}  // namespace dts::transport
