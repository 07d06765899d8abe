// SleepWatch: has this process stood still? Either its machine slept, then the clock that counts
// sleep has run ahead of the one that does not; or the process was stopped or starved, then the
// loop comes much later than it was to be woken. It reads no clock.
#pragma once

#include <chrono>

#include <dts/time.hpp>

namespace dts::domain {

class SleepWatch {
 public:
  static constexpr Duration least = std::chrono::seconds(5);

  // Call it whenever the loop wakes. `since_boot` is CLOCK_BOOTTIME at `now`; the loop was to be
  // woken at `due` at the latest.
  bool slept(Instant now, Duration since_boot, Instant due) {
    const Duration asleep = since_boot - now.time_since_epoch();
    const bool suspended = known_ && asleep - asleep_ > least;
    known_ = true;
    asleep_ = asleep;
    return suspended || now - due > least;
  }

 private:
  bool known_ = false;
  Duration asleep_{};  // in all, by the clocks
};

}  // namespace dts::domain
