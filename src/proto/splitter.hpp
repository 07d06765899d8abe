// Splitter: messages that do not fit one packet, cut into fragments and waiting to be sent. One
// copy of each message, shared with the history; bounded by backlog_bytes_max. When to send is
// the Window's decision and what a packet looks like the PacketWriter's.
#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include <proto/engine.hpp>
#include <proto/packet_writer.hpp>
#include <proto/wire.hpp>

namespace dts::proto {

class Splitter {
 public:
  struct Job {
    StreamId stream = 0;
    Sequence first = 0;
    std::uint16_t piece = 0;
    std::int64_t published_ns = 0;
    bool historic = false;
    std::shared_ptr<const Bytes> bytes;
    Destinations destinations;
    std::vector<NodeId> receivers;
    std::uint32_t index = 0;  // the next fragment
  };

  explicit Splitter(std::uint64_t backlog_bytes_max) : bytes_max_(backlog_bytes_max) {}

  // How many packets a message of this size becomes.
  static Sequence count(std::uint64_t bytes, std::uint16_t piece) noexcept {
    return bytes ? (bytes - 1) / piece + 1 : 1;
  }
  // A job always fits an empty backlog.
  bool has_room(std::uint64_t bytes) const noexcept {
    return bytes_ == 0 || bytes_ + bytes <= bytes_max_;
  }
  void push(Job job);
  bool empty() const noexcept { return jobs_.empty(); }
  // Later messages of such a stream have to queue behind.
  bool holds(StreamId stream) const { return waiting_.contains(stream); }
  const Job& front() const { return jobs_.front(); }
  // The next fragment of the front job; advance() when it was sent.
  wire::Fragment fragment() const;
  void advance();
  void drop_stream(StreamId stream);
  // Jobs for nobody else are dropped, this receiver is taken off the others.
  void forget(const NodeId& node);
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  void released(const Job& job);
  std::uint64_t bytes_max_, bytes_ = 0;
  std::deque<Job> jobs_;
  std::unordered_map<StreamId, std::uint32_t> waiting_;  // jobs per stream
};

}  // namespace dts::proto
