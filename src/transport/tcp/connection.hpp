// Connection: a channel with frames on it, after connect() or accept(): reading in portions,
// writing without ever waiting. What the channel does not take now is queued, up to a bound; a
// frame goes into the queue whole or not at all. It knows nothing of groups or members. Two
// threads: one receives, and one at a time (the owner's lock) does the rest.
#pragma once

#include <array>
#include <span>

#include <dts/transport.hpp>

#include "transport/stream/channel.hpp"
#include "transport/stream/frame.hpp"

namespace dts::transport {

struct OutFrame {
  FrameHead head;
  std::array<ByteView, 3> body;  // in parts; they are empty when there is less
  OutFrame(FrameKind kind, Group group, Member member, ByteView first, ByteView second = {},
           ByteView third = {}) noexcept
      : head(frame_head(kind, group, member, first.size() + second.size() + third.size())),
        body{first, second, third} {}
  std::size_t size() const noexcept {
    return head.size() + body[0].size() + body[1].size() + body[2].size();
  }
};

class Connection {
 public:
  Connection(std::unique_ptr<Channel> channel, std::size_t queue_bytes_max);

  int handle() const noexcept { return channel_->handle(); }

  // Sends or queues frames, in order; how many did not fit and were left out.
  std::size_t send(std::span<const OutFrame> frames);
  std::size_t send(FrameKind kind, Group group, Member member, ByteView body = {});
  // Sends what is queued, as far as it goes. After a read() too: that may have made the channel
  // ready.
  void flush();
  // Does something wait for the socket to have room?
  bool waiting() const { return (queued() > 0 && channel_->ready()) || channel_->pending(); }
  // Nothing more is sent, and what was reaches the other side, even if what it sends is not read:
  // for that drained() is called until it is true, whenever something is there.
  void finish();
  bool drained() { return transport::drained(handle()); }

  // Reads a portion into the batch's memory, behind what was kept: all that is not yet taken. Fails
  // when the other side closed or vanished.
  Result<ByteView> read(ReceiveBatch& batch);
  // Takes the next frame off it; nothing: no whole one is left. Fails when these are no frames, or
  // the other side began with anything but the greeting.
  Result<std::optional<Frame>> next(ByteView& bytes);
  // What is left then waits for its other part.
  void keep(ByteView rest) { kept_.assign(rest.begin(), rest.end()); }

 private:
  std::size_t queued() const noexcept { return queue_.size() - start_; }
  void enqueue(ByteView bytes);
  void enqueue(const OutFrame& frame, std::size_t skip = 0);

  std::unique_ptr<Channel> channel_;
  const std::size_t queue_bytes_max_;
  Bytes queue_;  // from start_ on
  std::size_t start_ = 0;
  bool broken_ = false;  // writing failed: reading will say why
  Bytes kept_;
  bool greeted_ = false;
};

}  // namespace dts::transport
