// GapDetector: which sequences of one stream have arrived, which are missing, and since when. It
// names what is missing after a tolerance (network cards with several queues reorder packets); a
// repair by NACK has its place in `misses()`. It holds no data. Times are handed in.
//
//   settled()          a miss         next()
//   v                  v              v
//   #####..............####....#######|      everything below settled() has arrived or was named
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <proto/engine.hpp>

namespace dts::proto {

class GapDetector {
 public:
  struct Miss {
    Sequence from = 0, to = 0;
    Instant due{};  // named lost then
  };
  enum class Arrival { fresh, duplicate, absurd };

  // The stream begins at `from` for us; from..to are expected until `due`.
  void begin(Sequence from, Sequence to, Instant due);
  // `sequence` has arrived; what it shows to be missing is due at `due`.
  Arrival arrived(Sequence sequence, Instant due);
  // first..first+count-1 have arrived, first being next() and nothing missing: the usual case.
  void arrived_in_order(Sequence count) noexcept { next_ += count; }
  // The publisher says it has published up to `last`.
  bool published(Sequence last, Instant due);
  // from..to will not be waited for: received in another way, or named.
  void settle(Sequence from, Sequence to);
  // The oldest miss that is due (or, when there are too many, the oldest). It stays until settled.
  std::optional<Miss> lost(Instant now) const;

  Sequence next() const noexcept { return next_; }
  Sequence settled() const noexcept { return misses_.empty() ? next_ : misses_.front().from; }
  bool complete() const noexcept { return misses_.empty(); }
  const std::vector<Miss>& misses() const noexcept { return misses_; }
  Instant deadline() const noexcept;

  // A jump further than this is nobody's burst: refused.
  static constexpr Sequence jump_max = Sequence{1} << 28;
  static constexpr std::size_t misses_max = 1024;

 private:
  std::vector<Miss> misses_;  // sorted, disjoint, all below next_
  Sequence next_ = 1;
};

}  // namespace dts::proto
