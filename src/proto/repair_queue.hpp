// RepairQueue: what receivers have asked a publisher for, oldest first, each sequence once; for
// whom (one asker by unicast, several together), and not again within the hold-off after it was
// sent. And the repair share: repairs take at most a quarter of what is being sent, never less than
// a floor. It holds no data and sends nothing. Bounded.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include <proto/engine.hpp>

namespace dts::proto {

class RepairQueue {
 public:
  static constexpr std::size_t askers_for_all = 3;  // so many want the same: all get it
  static constexpr std::size_t runs_max = 8192;     // asked for and not forgotten, of all streams
  static constexpr std::int64_t burst_bytes = 64 * 1400;
  // Of the quarter so much may be saved: the repairs of a window are asked for when it has been
  // sent.
  static constexpr std::uint64_t saved_bytes = 1u << 20;
  static constexpr std::int64_t floor_bytes_per_s = 12'500'000;  // a quarter of 400 Mbit/s

  // A run of one stream that waits to be sent. `all`: to everybody who receives the stream.
  struct Job {
    StreamId stream = 0;
    Sequence from = 0, to = 0;
    bool all = false;
    std::vector<NodeId> askers;
  };
  enum class Outcome { queued, held_off, full };

  // `asker` misses from..to. `all`: the group is large, or the publisher wants it so.
  Outcome ask(Instant now, StreamId stream, Sequence from, Sequence to, const NodeId& asker,
              bool all);
  bool empty() const noexcept { return waiting_.empty(); }
  // The oldest job; null when none waits.
  const Job* front();
  // The front job has been sent, or answered, up to `to`; the rest of it waits on.
  void sent(Instant now, Sequence to, Duration hold_off);
  void drop_stream(StreamId stream);
  void forget(const NodeId& node);

  // New data of so many bytes went out: repairs may take a quarter of it.
  void data_sent(std::uint64_t bytes) noexcept { earned_ += bytes / 3; }
  // May a repair go now? Ask again at deadline().
  bool affordable(Instant now);
  void spend(std::uint64_t bytes) noexcept {
    credit_ -= static_cast<std::int64_t>(bytes);
    spent_ += bytes;
  }
  // When the share allows the next repair; max when nothing waits.
  Instant deadline() const noexcept;
  // How long what waits will take if nothing new is sent, as sequences have been large lately.
  Duration time_to_send() const noexcept;
  std::uint64_t memory_bytes() const noexcept { return runs_ * 128; }

 private:
  struct Run {
    Sequence to = 0;
    bool waiting = true, all = false;
    Instant quiet_until{};  // when not waiting: sent, and not again before
    std::vector<NodeId> askers;
  };
  using Runs = std::map<Sequence, Run>;  // by first sequence; disjoint
  struct Place {
    StreamId stream = 0;
    Sequence from = 0;
  };
  Outcome add(StreamId stream, Sequence from, Sequence to, const NodeId& asker, bool all);
  void forget_sent(Instant now);
  static void note(Run& run, const NodeId& asker, bool all);
  Runs::iterator erase(Runs& runs, Runs::iterator run);

  std::map<StreamId, Runs> streams_;
  std::deque<Place> waiting_;  // in the order asked; stale places are skipped
  struct Sent {
    Instant until{};
    Place place;
  };
  std::deque<Sent> quiet_;  // in the order sent
  std::size_t runs_ = 0;
  std::uint64_t sequences_ = 0;  // that wait
  Job job_;
  std::int64_t credit_ = burst_bytes;  // bytes
  std::uint64_t earned_ = 0;
  std::uint64_t spent_ = 0;             // for the sequences that sent() is told of next
  std::int64_t sequence_bytes_ = 1400;  // on average, lately
  Instant counted_{};
};

}  // namespace dts::proto
