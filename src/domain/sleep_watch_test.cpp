#include "domain/sleep_watch.hpp"

#include <gtest/gtest.h>

namespace dts::domain {
namespace {

using namespace std::chrono_literals;

struct Sleep : testing::Test {
  SleepWatch watch;
  Instant now{100s};
  Duration boot{7000s};  // it has slept before this process began
  bool after(Duration awake, Duration asleep, Duration late = 0s) {
    now += awake;
    boot += awake + asleep;
    return watch.slept(now, boot, now - late);
  }
};

TEST_F(Sleep, before_the_first_look_is_none_of_ours) { EXPECT_FALSE(after(1s, 0s)); }

TEST_F(Sleep, of_the_machine_is_seen_by_the_clock_that_counts_it) {
  after(1s, 0s);
  EXPECT_FALSE(after(3600s, 0s));
  EXPECT_TRUE(after(1ms, 6s));
  EXPECT_FALSE(after(1ms, 0s)) << "told once";
}

TEST_F(Sleep, shorter_than_five_seconds_is_none) {
  after(1s, 0s);
  EXPECT_FALSE(after(1s, 5s));
  EXPECT_FALSE(after(1s, 4s));
}

TEST_F(Sleep, of_the_process_is_seen_by_how_late_it_comes) {
  EXPECT_TRUE(after(6s, 0s, 5001ms));
  EXPECT_FALSE(after(6s, 0s, 5s));
}

TEST_F(Sleep, is_none_when_nothing_was_due) {
  EXPECT_FALSE(watch.slept(now, boot, Instant::max()));
  EXPECT_FALSE(watch.slept(now + 3600s, boot + 3600s, Instant::max()));
}

}  // namespace
}  // namespace dts::domain
