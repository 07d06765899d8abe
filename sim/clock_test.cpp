#include <sim/clock.hpp>

#include <gtest/gtest.h>

namespace dts::sim {
namespace {

using std::chrono::milliseconds;

TEST(Clock, runs_events_in_order_of_time) {
  Clock clock;
  std::vector<int> ran;
  clock.at(milliseconds(30), [&] { ran.push_back(3); });
  clock.at(milliseconds(10), [&] { ran.push_back(1); });
  clock.at(milliseconds(20), [&] { ran.push_back(2); });
  clock.run_until(milliseconds(100));
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(clock.now(), milliseconds(100));
  EXPECT_EQ(clock.events(), 3u);
}

TEST(Clock, runs_events_of_one_time_in_the_order_they_were_asked_for) {
  Clock clock;
  std::vector<int> ran;
  for (int i = 0; i < 100; ++i) clock.at(milliseconds(5), [&ran, i] { ran.push_back(i); });
  clock.run_until(milliseconds(5));
  ASSERT_EQ(ran.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ran[static_cast<std::size_t>(i)], i);
}

TEST(Clock, leaves_later_events_alone) {
  Clock clock;
  int ran = 0;
  clock.at(milliseconds(10), [&] { ++ran; });
  clock.at(milliseconds(11), [&] { ++ran; });
  clock.run_until(milliseconds(10));
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(clock.waiting(), 1u);
}

TEST(Clock, an_event_for_the_past_runs_now_and_time_never_goes_back) {
  Clock clock;
  Duration seen{0};
  clock.at(milliseconds(10), [&] { clock.at(milliseconds(1), [&] { seen = clock.now(); }); });
  clock.run_until(milliseconds(20));
  EXPECT_EQ(seen, milliseconds(10));
}

}  // namespace
}  // namespace dts::sim
