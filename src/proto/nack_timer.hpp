// NackTimer: how long a receiver waits before it asks for what it misses. Few receivers ask at
// once; many draw from a truncated exponential distribution (RFC 5401, 3.2.2), so that a few of
// them ask first and the others hear it. Group size and round trip are those that the publisher
// advertises. No state beyond the random numbers, which are the engine's.
#pragma once

#include <base/random.hpp>
#include <dts/time.hpp>
#include <proto/wire.hpp>

namespace dts::proto {

struct NackTimer {
  static constexpr std::uint64_t small_group_max = 16;  // they ask by unicast
  static constexpr Duration round_trip_min = std::chrono::microseconds(200);
  static constexpr Duration round_trip_max = std::chrono::milliseconds(500);
  // After so many tries each waits half as long again as the one before, until that is `slow`:
  // nothing is flooded while nobody answers, however long it is worth asking.
  static constexpr unsigned quick_tries = 16;
  static constexpr Duration slow = std::chrono::seconds(1);

  // Between two NACKs of one stream. A thousand pieces of a large message that are missed one by
  // one would else be asked for one by one, each in its time.
  static constexpr Duration together = std::chrono::microseconds(500);

  static bool is_small(const wire::Audience& a) noexcept { return a.size() <= small_group_max; }
  // Within bounds, whatever was advertised.
  static Duration round_trip(const wire::Audience& audience) noexcept;
  // After a repair was sent, the same is not sent again for so long.
  static Duration hold_off(const wire::Audience& audience) noexcept;
  // Until the first NACK of a miss.
  static Duration first(const wire::Audience& audience, base::Random& random);
  // Until the next one, after the `tries`th was sent.
  static Duration again(const wire::Audience& audience, unsigned tries, base::Random& random);
};

}  // namespace dts::proto
