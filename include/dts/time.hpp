// Time in DTS: nanoseconds everywhere. Time is the wall clock (UTC, Unix epoch) and travels in
// messages; Duration is a length of time; Instant is this machine's monotonic clock and never
// leaves the process. The protocol core is handed an Instant; it never reads a clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <dts/result.hpp>

namespace dts {

using Duration = std::chrono::nanoseconds;
using Time = std::chrono::time_point<std::chrono::system_clock, Duration>;
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// The wall clock of this machine.
Time now();
// "2026-11-22T10:24:48.123456789Z": RFC 3339, UTC, always nine digits.
std::string to_rfc3339(Time time);
// RFC 3339 with any offset and zero to nine digits of fraction.
Result<Time> from_rfc3339(std::string_view text);
// "1h30m", "500ms", "2s": the largest units that say it exactly.
std::string to_text(Duration duration);
// "500ms", "2s", "1h30m", "7d", "10us"; a bare number is refused (which unit?).
Result<Duration> duration_from_text(std::string_view text);

}  // namespace dts
