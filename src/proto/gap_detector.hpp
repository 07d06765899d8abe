// GapDetector: which sequences of one stream have arrived, which are missing, since when, and when
// to do something about each: ask for it, ask again, or give it up. It holds no data and decides
// nothing. Times are handed in.
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
  struct Range {
    Sequence from = 0, to = 0;
    friend bool operator==(const Range&, const Range&) = default;
  };
  struct Miss {
    Sequence from = 0, to = 0;
    Instant since{};     // noticed then
    Instant due{};       // looked at then
    unsigned tries = 0;  // asked for so often since it was last promised
  };
  enum class Arrival { fresh, duplicate, absurd };
  // Why to wait: we have asked; somebody else has; the publisher says that it will come.
  enum class Because { asked, another_asked, promised };

  // The stream begins at `from` for us; from..to are expected until `due`.
  void begin(Sequence from, Sequence to, Instant now, Instant due);
  // first..last have arrived; what they show to be missing is due at `due`. What of them is fresh
  // is appended to `fresh`, in order; duplicate: nothing was.
  Arrival arrived(Sequence first, Sequence last, Instant now, Instant due,
                  std::vector<Range>& fresh);
  // first..first+count-1 have arrived, first being next() and nothing missing: the usual case.
  void arrived_in_order(Sequence count) noexcept { next_ += count; }
  // The publisher says it has published up to `last`.
  bool published(Sequence last, Instant now, Instant due);
  // from..to will not be waited for: received in another way, or named.
  void settle(Sequence from, Sequence to);
  // What is missing of from..to is due at `due`, and not before. Asking is counted, from the last
  // promise on.
  void postpone(Sequence from, Sequence to, Instant due, Because why);
  // The publisher answers again: what was asked for more than so often in vain is due by `due`, as
  // if it had been asked for once.
  void hurry(unsigned tries, Instant due);
  // The oldest miss that is due (or, when there are too many, the oldest). It stays until settled
  // or postponed.
  const Miss* due(Instant now) const;
  bool crowded() const noexcept { return misses_.size() > misses_max; }

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
  unsigned tries_ = 0;        // the most of any miss since the last hurry()
  Sequence next_ = 1;
};

}  // namespace dts::proto
