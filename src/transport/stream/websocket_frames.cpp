#include "transport/stream/websocket_frames.hpp"

#include <algorithm>
#include <cstring>

namespace dts::transport {
namespace {

constexpr std::size_t kControlBytesMax = 125;

Error bad_frame(std::string why) {
  return Error(ErrorCode::decode, "this is no frame of WebSocket", {}, std::move(why));
}

using Mask = std::array<std::uint8_t, 4>;

// `to` may be `from`, or before it.
void unmask(std::uint8_t* to, const std::uint8_t* from, std::size_t size, const Mask& mask,
            std::uint64_t at) {
  Mask turned;
  for (std::size_t i = 0; i < 4; ++i) turned[i] = mask[(at + i) & 3];
  std::uint32_t four = 0;
  std::memcpy(&four, turned.data(), sizeof four);
  const std::uint64_t eight = std::uint64_t{four} << 32 | four;
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, from + i, sizeof word);
    word ^= eight;
    std::memcpy(to + i, &word, sizeof word);
  }
  for (; i < size; ++i) to[i] = from[i] ^ turned[i & 3];
}

}  // namespace

// The head is whole.
Result<void> WebSocketReader::begin_frame() {
  const std::uint8_t opcode = head_[0] & 15;
  const bool last = head_[0] & 0x80, masked = head_[1] & 0x80, control = opcode >= 8;
  const std::uint8_t length = head_[1] & 127;
  if (head_[0] & 0x70) return bad_frame("it uses an extension that was not agreed on");
  if (masked != masked_) return bad_frame(masked_ ? "a client masks" : "a server does not mask");
  if (control ? opcode > 10 : opcode > 2) return bad_frame("its opcode has no meaning");
  if (opcode == 1) return bad_frame("DTS sends binary messages, not text");
  if (control && (!last || length > kControlBytesMax)) return bad_frame("a control frame so large");
  if (!control && (opcode == 0) != in_message_)
    return bad_frame("a message ends before the next begins");
  left_ = length;
  std::size_t at = 2;
  if (length >= 126) {
    left_ = 0;
    for (const std::size_t end = length == 126 ? 4 : 10; at < end; ++at)
      left_ = left_ << 8 | head_[at];
    if (left_ >> 62) return bad_frame("a length without an end");
  }
  for (std::size_t i = 0; i < 4; ++i) mask_[i] = masked ? head_[at + i] : 0;
  if (!control) in_message_ = !last;
  at_ = 0;
  control_.clear();
  return {};
}

Result<std::size_t> WebSocketReader::take(std::span<std::uint8_t> bytes,
                                          std::vector<Answer>& answers) {
  std::size_t kept = 0, next = 0;
  while (!closed_) {
    if (head_size_ < head_wanted_) {
      if (next == bytes.size()) break;
      head_[head_size_++] = bytes[next++];
      if (head_size_ == 2) {
        const std::uint8_t length = head_[1] & 127;
        head_wanted_ = 2u + (length == 127 ? 8 : length == 126 ? 2 : 0) + (head_[1] & 0x80 ? 4 : 0);
      }
      if (head_size_ == head_wanted_) DTS_TRY(begin_frame());
      if (head_size_ < head_wanted_) continue;
    }
    const bool control = head_[0] & 8;
    const auto some = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - next));
    std::uint8_t* to = bytes.data() + kept;
    if (control) {
      control_.resize(control_.size() + some);
      to = control_.data() + control_.size() - some;
    } else {
      kept += some;
    }
    if (some > 0) unmask(to, bytes.data() + next, some, mask_, at_);
    at_ += some;
    next += some;
    left_ -= some;
    if (left_ > 0) break;
    const std::uint8_t opcode = head_[0] & 15;
    head_size_ = 0;
    head_wanted_ = 2;
    if (opcode == 9) answers.push_back({10, control_});
    if (opcode == 8) {
      answers.push_back({8, control_});
      closed_ = true;
    }
  }
  return kept;
}

void put_websocket_frame(Bytes& out, std::uint8_t opcode, std::span<const ByteView> parts,
                         const std::array<std::uint8_t, 4>* mask) {
  std::uint64_t size = 0;
  for (const ByteView part : parts) size += part.size();
  const std::uint8_t masked = mask ? 0x80 : 0;
  out.push_back(static_cast<std::uint8_t>(0x80 | opcode));
  const std::size_t more = size < 126 ? 0 : size < 65536 ? 2 : 8;
  out.push_back(static_cast<std::uint8_t>(masked | (more == 0 ? size : more == 2 ? 126 : 127)));
  for (std::size_t i = more; i-- > 0;) out.push_back(static_cast<std::uint8_t>(size >> (8 * i)));
  if (mask) out.insert(out.end(), mask->begin(), mask->end());
  std::size_t at = out.size();
  const std::size_t begin = at;
  out.resize(at + size);
  for (const ByteView part : parts) {
    if (!part.empty())
      unmask(out.data() + at, part.data(), part.size(), mask ? *mask : Mask{}, at - begin);
    at += part.size();
  }
}

}  // namespace dts::transport
