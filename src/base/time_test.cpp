#include <dts/time.hpp>

#include <limits>

#include <gtest/gtest.h>

#include <base/random.hpp>

namespace dts {
namespace {

Time at(std::int64_t ns) { return Time(Duration(ns)); }

std::int64_t ns_of(std::string_view text) {
  const auto time = from_rfc3339(text);
  EXPECT_TRUE(time.ok()) << text;
  return time ? time->time_since_epoch().count() : 0;
}

TEST(Time, prints_rfc_3339_with_nine_digits) {
  EXPECT_EQ(to_rfc3339(at(0)), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(to_rfc3339(at(-1)), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(to_rfc3339(at(1795343088123456789)), "2026-11-22T10:24:48.123456789Z");
}

TEST(Time, reads_any_offset_and_fraction) {
  EXPECT_EQ(ns_of("2026-11-22T10:24:48Z"), 1795343088000000000);
  EXPECT_EQ(ns_of("2026-11-22T19:24:48.5+09:00"), 1795343088500000000);
  EXPECT_EQ(ns_of("2026-11-22t04:54:48.000000001-05:30"), 1795343088000000001);
}

TEST(Time, round_trips_from_the_first_to_the_last_moment) {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(to_rfc3339(at(least)), "1677-09-21T00:12:43.145224192Z");
  base::Random random(3);
  for (int i = 0; i < 10000; ++i) {
    const auto ns = static_cast<std::int64_t>(random.next());
    ASSERT_EQ(ns_of(to_rfc3339(at(ns))), ns);
  }
  for (const std::int64_t ns : {least, least + 1, std::int64_t{-1}, most}) {
    EXPECT_EQ(ns_of(to_rfc3339(at(ns))), ns);
  }
}

TEST(Time, refuses_what_is_no_time) {
  for (const char* text :
       {"", "2026", "2026-11-22", "2026-11-22T10:24:48", "2026-02-30T00:00:00Z",
        "2026-11-22T24:00:00Z", "2026-11-22T10:60:00Z", "2026-11-22T10:24:61Z",
        "2026-11-22T10:24:48.Z", "2026-11-22T10:24:48.1234567890Z", "2026-11-22T10:24:48+9:00",
        "2026-11-22T10:24:48ZZ", "1677-09-21T00:12:43.145224191Z", "2262-04-11T23:47:16.854775808Z",
        "9999-12-31T23:59:59Z", "x026-11-22T10:24:48Z"}) {
    EXPECT_FALSE(from_rfc3339(text).ok()) << text;
  }
}

std::int64_t duration_of(std::string_view text) {
  const auto duration = duration_from_text(text);
  EXPECT_TRUE(duration.ok()) << text;
  return duration ? duration->count() : 0;
}

TEST(Duration, reads_units_and_fractions) {
  EXPECT_EQ(duration_of("500ms"), 500'000'000);
  EXPECT_EQ(duration_of("1h30m"), 5'400'000'000'000);
  EXPECT_EQ(duration_of("1.5s"), 1'500'000'000);
  EXPECT_EQ(duration_of("-2us"), -2000);
  EXPECT_EQ(duration_of("7d"), 604'800'000'000'000);
}

TEST(Duration, refuses_a_number_without_unit_and_what_does_not_fit) {
  for (const char* text : {"", "-", "5", "5x", "s", "1.5", "0.5ns", "1.0000000001s", "--1s",
                           "106752d", "9223372036854775808ns", "1s2"}) {
    EXPECT_FALSE(duration_from_text(text).ok()) << text;
  }
}

TEST(Duration, round_trips_every_length) {
  base::Random random(5);
  for (int i = 0; i < 10000; ++i) {
    const auto ns = static_cast<std::int64_t>(random.next()) >> random.below(64);
    ASSERT_EQ(duration_of(to_text(Duration(ns))), ns);
  }
  EXPECT_EQ(to_text(Duration(0)), "0s");
  EXPECT_EQ(duration_of("0s"), 0);
  EXPECT_EQ(to_text(Duration(5'400'000'000'000)), "1h30m");
  EXPECT_EQ(duration_of(to_text(Duration::min())), Duration::min().count());
  EXPECT_EQ(duration_of(to_text(Duration::max())), Duration::max().count());
}

}  // namespace
}  // namespace dts
