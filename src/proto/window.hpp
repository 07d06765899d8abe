// Window: how far large messages may run ahead of their receivers. Some fragments ask for a
// report (PROGRESS); what was sent after the last reported one is in flight, and at most the
// window is in flight to the slowest of up to eight receivers. A silent receiver holds up the
// sender 20 ms at a time and after five times not at all until it is heard again. With more than
// eight receivers nobody reports and time paces the sender. Small messages do not pass here.
#pragma once

#include <deque>
#include <span>
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

  explicit Window(std::uint64_t bytes) : bytes_(bytes) {}

  // May `bytes` more go to these receivers now? Ask again at deadline() or after a report.
  bool open(Instant now, std::span<const NodeId> receivers, std::uint64_t bytes);
  // They went. True: this fragment should ask for a report, and mark() is to be called for it.
  bool sent(std::span<const NodeId> receivers, std::uint64_t bytes);
  void mark(Instant now, std::span<const NodeId> receivers, StreamId stream, Sequence sequence);
  void reported(Instant now, const NodeId& node, StreamId stream, Sequence sequence);
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
    Instant waiting_since{};
    unsigned silences = 0;
    std::deque<Mark> marks;
  };
  Receiver& receiver(const NodeId& node);
  bool open_paced(Instant now, std::uint64_t bytes);

  std::uint64_t bytes_;
  std::vector<Receiver> receivers_;
  Instant deadline_ = Instant::max();
  Instant paced_until_{};  // the time by which what was sent is paid for
};

}  // namespace dts::proto
