#include "transport/tcp/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/text.hpp"

namespace dts::transport {
namespace {

constexpr std::size_t kPortionBytes = 1u << 20;
constexpr std::size_t kFramesPerCall = 128;

}  // namespace

Connection::Connection(std::unique_ptr<Channel> channel, std::size_t queue_bytes_max)
    : channel_(std::move(channel)), queue_bytes_max_(queue_bytes_max) {
  tune_socket(handle());
  enqueue(as_bytes(kGreeting));
}

void Connection::enqueue(ByteView bytes) {
  if (start_ > 0 && start_ >= queue_.size() / 2) {  // what was sent makes room
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(start_));
    start_ = 0;
  }
  queue_.insert(queue_.end(), bytes.begin(), bytes.end());
}

// All of it, but the first bytes that have been sent.
void Connection::enqueue(const OutFrame& frame, std::size_t skip) {
  for (const ByteView part : {ByteView(frame.head), frame.body[0], frame.body[1], frame.body[2]}) {
    const std::size_t sent = std::min(skip, part.size());
    skip -= sent;
    if (sent < part.size()) enqueue(part.subspan(sent));
  }
}

void Connection::flush() {
  do {
    const iovec part{queue_.data() + start_, queued()};
    const auto sent = channel_->write({&part, queued() > 0 ? 1u : 0u});
    broken_ = broken_ || !sent;
    if (!sent || *sent == 0) break;
    start_ += *sent;
  } while (queued() > 0);
  if (!broken_ && queued() > 0) return;
  queue_.clear();
  start_ = 0;
}

void Connection::finish() { ::shutdown(handle(), SHUT_WR); }

std::size_t Connection::send(FrameKind kind, Group group, Member member, ByteView body) {
  const OutFrame frame(kind, group, member, body);
  return send({&frame, 1});
}

std::size_t Connection::send(std::span<const OutFrame> frames) {
  if (queued() > 0) flush();
  std::size_t next = 0;
  // Straight from the caller's memory as long as the channel takes it.
  while (next < frames.size() && queued() == 0 && !broken_) {
    iovec parts[4 * kFramesPerCall];
    std::size_t count = 0;
    for (const OutFrame& frame :
         frames.subspan(next, std::min(kFramesPerCall, frames.size() - next)))
      for (const ByteView part :
           {ByteView(frame.head), frame.body[0], frame.body[1], frame.body[2]})
        if (!part.empty()) parts[count++] = {const_cast<std::uint8_t*>(part.data()), part.size()};
    const auto sent = channel_->write({parts, count});
    broken_ = !sent;
    if (!sent || *sent == 0) break;
    std::size_t left = *sent;
    for (; next < frames.size(); ++next) {
      if (left < frames[next].size()) break;
      left -= frames[next].size();
    }
    if (left == 0) continue;
    // The rest of a frame that was begun has to follow.
    enqueue(frames[next++], left);
    flush();
  }
  std::size_t left_out = 0;
  for (; next < frames.size(); ++next) {
    if (broken_ || queued() + frames[next].size() > queue_bytes_max_)
      ++left_out;
    else
      enqueue(frames[next]);
  }
  return left_out;
}

Result<ByteView> Connection::read(ReceiveBatch& batch) {
  constexpr std::size_t memory = kPortionBytes + kFrameHeadBytes + kStreamPacketBytesMax;
  if (batch.memory_bytes < memory) {
    batch.memory = std::make_unique_for_overwrite<std::uint8_t[]>(memory);
    batch.memory_bytes = memory;
  }
  std::uint8_t* const to = batch.memory.get();
  if (!kept_.empty()) std::memcpy(to, kept_.data(), kept_.size());
  const auto got = channel_->read({to + kept_.size(), kPortionBytes});
  if (!got && got.error().code() == ErrorCode::closed)
    return Error(ErrorCode::system, got.error().what(), {},
                 greeted_ ? "" : "before it said anything");
  if (!got) return got.error();
  return ByteView(to, kept_.size() + *got);
}

Result<std::optional<Frame>> Connection::next(ByteView& bytes) {
  if (greeted_) return take_frame(bytes);
  const std::size_t known = std::min(bytes.size(), kGreeting.size());
  if (known > 0 && std::memcmp(bytes.data(), kGreeting.data(), known) != 0)
    return bytes[0] == 0x15
               ? Error(ErrorCode::decode, "what is there speaks TLS", {}, {},
                       "tcps://, with the CA's certificate if it is your own")
               : Error(ErrorCode::decode, "what is there is no node of DTS", {},
                       "it began with '" +
                           base::printable({reinterpret_cast<const char*>(bytes.data()),
                                            std::min<std::size_t>(bytes.size(), 24)}) +
                           "'",
                       "look at the port");
  if (known < kGreeting.size()) return std::optional<Frame>();
  greeted_ = true;
  bytes = bytes.subspan(known);
  return take_frame(bytes);
}

}  // namespace dts::transport
