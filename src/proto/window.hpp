// Window: how far a publisher may run ahead of its receivers. Some packets ask for a report
// (PROGRESS); what was sent after the last reported one is in flight, and no more than a receiver
// has room for is in flight to the slowest. Receivers that are silent for too long are not waited
// for until they are heard again.
//
//   large messages   of all streams together (stream 0), up to eight receivers; who is silent
//                    holds up 20 ms at a time, five times, then to a fixed pace until it is
//                    heard again. With more receivers time paces.
//   streams that wait  each for itself (its number), the first 32 receivers; who does not move for
//                    5 s is evicted. The time since it was heard last counts, but for the last
//                    second.
//
// It holds no data and sends nothing. The engine's thread.
#pragma once

#include <deque>
#include <functional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include <proto/engine.hpp>

namespace dts::proto {

class Window {
 public:
  static constexpr std::size_t receivers_max = 8;
  static constexpr std::uint64_t report_bytes = 128u << 10;  // between two reports
  static constexpr Duration silence_max = std::chrono::milliseconds(20);
  static constexpr unsigned silences_max = 5;
  static constexpr std::uint64_t paced_bytes_per_s = 50'000'000;
  static constexpr std::uint64_t paced_burst_bytes = 64u << 10;
  // Of streams that wait:
  static constexpr std::size_t cohort_max = 32;
  static constexpr Duration stillness_max = std::chrono::seconds(5);
  static constexpr Duration answer_max = std::chrono::seconds(1);  // once it is asked
  static constexpr std::uint32_t room_at_first = 128u << 10;       // before a receiver has said

  explicit Window(std::uint64_t bytes) : bytes_(bytes) {}

  // Large messages. May `bytes` more go to these receivers now? Ask again at deadline() or after a
  // report.
  bool open(Instant now, std::span<const NodeId> receivers, std::uint64_t bytes);
  // They went. True: this fragment should ask for a report, and mark() is to be called for it.
  bool sent(std::span<const NodeId> receivers, std::uint64_t bytes);
  void mark(Instant now, std::span<const NodeId> receivers, StreamId stream, Sequence sequence);

  // Streams that wait: the same, for the receivers the stream has now. Those that are new owe
  // nothing yet. `bytes_max`: never more than this in flight.
  void follow(StreamId stream, std::span<const NodeId> receivers, std::uint64_t bytes_max);
  bool open(Instant now, StreamId stream, std::uint64_t bytes);
  // `to`: whom it went to, when not to all: who came later gets nothing that was cut before.
  bool sent(StreamId stream, std::uint64_t bytes, std::span<const NodeId> to = {});
  // For those who were sent something since the last mark. `heard`: when each was heard last.
  void mark(Instant now, StreamId stream, Sequence sequence,
            const std::function<Instant(const NodeId&)>& heard);
  void drop(StreamId stream) { flows_.erase(stream); }
  // Large messages: has somebody something to report still, or is silent?
  bool owed() const;
  // Who owes a report, the evicted apart; whom `bytes` more would have to wait for.
  std::uint64_t in_flight(StreamId stream) const;  // to the farthest behind, the evicted apart
  std::vector<NodeId> owing(StreamId stream) const;
  std::vector<NodeId> full(StreamId stream, std::uint64_t bytes) const;
  // Those evicted since the last call.
  struct Evicted {
    NodeId node;
    StreamId stream = 0;
  };
  bool any_evicted() const noexcept { return !evicted_.empty(); }
  std::vector<Evicted> take_evicted() { return std::exchange(evicted_, {}); }

  // `waits`: the report is of a stream that waits, and holds for all before it as well. False: it
  // says nothing new.
  bool reported(Instant now, const NodeId& node, StreamId stream, Sequence sequence,
                std::uint32_t room, bool waits);
  void forget(const NodeId& node);
  // When a closed window opens by itself; max when it was open the last time.
  Instant deadline() const noexcept { return deadline_; }

 private:
  struct Mark {
    StreamId stream = 0;
    Sequence sequence = 0;
    std::uint64_t sent = 0;
  };
  struct Receiver {
    NodeId node;
    std::uint64_t sent = 0, reported = 0, since_mark = 0;
    std::uint64_t room = 0;  // 0: not said yet
    Instant waiting_since{};
    unsigned silences = 0;
    std::deque<Mark> marks;
  };
  struct Flow {
    std::uint64_t bytes_max = 0;
    std::vector<Receiver> receivers;
  };
  static constexpr unsigned still = 1;  // silences of a stream that waits

  Receiver& receiver(const NodeId& node);
  bool open_paced(Instant now, std::uint64_t bytes);
  bool room_for(const Receiver& r, std::uint64_t bytes_max, std::uint64_t bytes) const;
  // Nothing has been heard of it for so long: may it be passed over?
  bool is_silent(Instant now, Receiver& r, Duration patience);
  static std::uint64_t limit_of(const Flow& flow, const Receiver& r);
  static void put_mark(Instant since, Receiver& r, StreamId stream, Sequence sequence);

  std::uint64_t bytes_;
  std::vector<Receiver> shared_;
  std::unordered_map<StreamId, Flow> flows_;
  std::vector<Evicted> evicted_;
  Instant deadline_ = Instant::max();
  Instant paced_until_{};  // the time by which what was sent is paid for
};

}  // namespace dts::proto
