// Splitter: messages that do not fit one packet, cut into fragments and waiting to be sent. The
// messages of a stream follow each other; up to `streams_at_once` streams take turns of a few
// fragments each, so that a long message does not hold up a shorter one of another stream. One copy
// of each message, shared with the history; bounded by backlog_bytes_max. When to send is the
// Window's decision and what a packet looks like the PacketWriter's.
#pragma once

#include <deque>
#include <list>
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
    Cut cut;
    std::int64_t published_ns = 0;
    bool historic = false;
    std::shared_ptr<const Bytes> bytes;
    Destinations destinations;
    std::vector<NodeId> receivers;
    std::uint32_t index = 0;  // the next fragment
  };
  // A receiver joins as many messages at a time without trouble (join_messages_per_node_max).
  static constexpr std::size_t streams_at_once = 8;
  static constexpr std::uint32_t turn_fragments = 16;

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
  bool empty() const noexcept { return turns_.empty(); }
  // Later messages of such a stream have to queue behind.
  bool holds(StreamId stream) const { return !empty() && waiting_.contains(stream); }
  // How many streams take turns now.
  std::size_t in_turn() const noexcept { return std::min(turns_.size(), streams_at_once); }
  // The job whose turn it is, and its next pieces, as many as `bytes_max` holds, but one at least:
  // advance() when they were sent, pass() when they cannot be sent now.
  const Job& front() const { return turns_.front().jobs.front(); }
  wire::Fragment fragment(std::size_t bytes_max = 0) const {
    return fragment_of(front(), bytes_max);
  }
  static wire::Fragment fragment_of(const Job& job, std::size_t bytes_max = 0);
  void advance(std::uint32_t pieces = 1);
  void pass();
  void drop_stream(StreamId stream);
  // Jobs for nobody else are dropped, this receiver is taken off the others.
  void forget(const NodeId& node);
  // Of one message only: the receiver has refused it.
  void forget(const NodeId& node, StreamId stream, Sequence first);
  std::uint64_t bytes() const noexcept { return bytes_; }
  // Of the messages of this stream that wait, history apart: their bytes, and how many have gone.
  struct Unsent {
    std::uint64_t total = 0, sent = 0;
  };
  Unsent unsent(StreamId stream) const;
  // The first sequence of the stream that has not gone, history apart; `otherwise` when all have.
  Sequence first_unsent(StreamId stream, Sequence otherwise) const;

 private:
  struct Turn {
    StreamId stream = 0;
    std::deque<Job> jobs;
  };
  using Turns = std::list<Turn>;
  template <class Which>
  void erase_jobs(Which which);
  std::uint64_t bytes_max_, bytes_ = 0;
  Turns turns_;  // the first is next; behind the first `streams_at_once` they wait to begin
  std::unordered_map<StreamId, Turns::iterator> waiting_;
  std::uint32_t turn_left_ = turn_fragments;
};

}  // namespace dts::proto
