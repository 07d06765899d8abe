#include <proto/nack_timer.hpp>

#include <algorithm>
#include <cmath>

#include <base/canary.hpp>

namespace dts::proto {

using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {
// RFC 5401, RandomBackoff(T_maxBackoff, groupSize).
Duration exponential(Duration longest, std::uint64_t group, base::Random& random) {
  const double lambda = std::log(static_cast<double>(group)) + 1.0, t = 1.0;
  const double reach = std::exp(lambda) - 1.0;
  const double x = random.fraction() * (lambda / t) + lambda / (t * reach);
  const double share = t / lambda * std::log(x * reach * (t / lambda));
  return Duration(static_cast<Duration::rep>(std::clamp(share, 0.0, 1.0) *
                                             static_cast<double>(longest.count())));
}
}  // namespace

Duration NackTimer::round_trip(const wire::Audience& audience) noexcept {
  return std::clamp<Duration>(microseconds(audience.round_trip_us), round_trip_min, round_trip_max);
}

Duration NackTimer::hold_off(const wire::Audience& audience) noexcept {
  return std::max<Duration>(milliseconds(1), round_trip(audience));
}

Duration NackTimer::first(const wire::Audience& audience, base::Random& random) {
  if (is_small(audience)) return microseconds(200 + random.below(300));
  const unsigned k = audience.size() >= 1000 ? 6 : 4;
  return exponential(k * round_trip(audience), audience.size(), random);
}

Duration NackTimer::again(const wire::Audience& audience, unsigned tries, base::Random& random) {
  const Duration wait = round_trip(audience) * 3 / 2 + hold_off(audience);
  // Twice as long at most: more would only make bad networks slow.
  const unsigned grown = tries > 1 ? 2 : 1;
  Duration gap = wait + grown * first(audience, random);
  // No network loses so many in a row: the publisher is stopped, or a cable is out.
  for (unsigned n = quick_tries; n < tries && gap < slow && !DTS_CANARY(98); ++n) gap += gap / 2;
  return gap;
}

}  // namespace dts::proto
