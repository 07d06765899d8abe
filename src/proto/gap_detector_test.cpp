#include <gtest/gtest.h>

#include <proto/gap_detector.hpp>

namespace dts::proto {
namespace {

using namespace std::chrono_literals;
using Arrival = GapDetector::Arrival;
using Because = GapDetector::Because;
using Range = GapDetector::Range;
using Ranges = std::vector<Range>;

const Instant t0{1000s};

// What of first..last is fresh; empty: nothing.
Ranges arrive(GapDetector& gaps, Sequence first, Sequence last, Instant due = t0) {
  Ranges fresh;
  const Arrival arrival = gaps.arrived(first, last, t0, due, fresh);
  EXPECT_EQ(arrival == Arrival::fresh, !fresh.empty());
  return fresh;
}
Ranges misses_of(const GapDetector& gaps) {
  Ranges all;
  for (const auto& m : gaps.misses()) all.push_back({m.from, m.to});
  return all;
}

TEST(GapDetector, what_comes_in_order_is_settled) {
  GapDetector gaps;
  gaps.begin(5, 4, t0, t0);
  EXPECT_EQ(arrive(gaps, 5, 5), (Ranges{{5, 5}}));
  EXPECT_EQ(gaps.settled(), 6u);
  EXPECT_TRUE(gaps.complete());
  EXPECT_TRUE(arrive(gaps, 5, 5).empty());
  EXPECT_TRUE(arrive(gaps, 1, 4).empty());
}

TEST(GapDetector, a_hole_is_due_after_its_time_and_may_be_filled_from_anywhere) {
  GapDetector gaps;
  gaps.begin(1, 0, t0, t0);
  arrive(gaps, 10, 10, t0 + 3ms);
  EXPECT_EQ(gaps.settled(), 1u);
  EXPECT_EQ(gaps.due(t0), nullptr);
  for (Sequence s : {5, 1, 9}) EXPECT_EQ(arrive(gaps, s, s), (Ranges{{s, s}}));
  EXPECT_TRUE(arrive(gaps, 5, 5).empty());
  EXPECT_EQ(gaps.settled(), 2u);
  const GapDetector::Miss* miss = gaps.due(t0 + 3ms);
  ASSERT_TRUE(miss);
  EXPECT_EQ(miss->from, 2u);
  EXPECT_EQ(miss->to, 4u);
  gaps.settle(2, 4);
  EXPECT_EQ(gaps.settled(), 6u);
  gaps.settle(6, 20);
  EXPECT_TRUE(gaps.complete());
  EXPECT_EQ(gaps.next(), 21u);
}

TEST(GapDetector, of_a_run_only_what_was_missing_is_fresh) {
  GapDetector gaps;
  gaps.begin(1, 0, t0, t0);
  arrive(gaps, 1, 3);
  arrive(gaps, 6, 7);
  arrive(gaps, 11, 12);
  EXPECT_EQ(misses_of(gaps), (Ranges{{4, 5}, {8, 10}}));
  EXPECT_EQ(arrive(gaps, 3, 8), (Ranges{{4, 5}, {8, 8}}));
  EXPECT_EQ(misses_of(gaps), (Ranges{{9, 10}}));
  EXPECT_EQ(arrive(gaps, 9, 15), (Ranges{{9, 10}, {13, 15}}));
  EXPECT_TRUE(gaps.complete());
  EXPECT_EQ(gaps.next(), 16u);
}

TEST(GapDetector, a_run_that_fills_the_last_hole_and_goes_on_is_one_range) {
  GapDetector gaps;
  gaps.begin(1, 0, t0, t0);
  EXPECT_TRUE(gaps.published(4, t0, t0));
  EXPECT_EQ(arrive(gaps, 2, 9), (Ranges{{2, 9}}));
  EXPECT_EQ(misses_of(gaps), (Ranges{{1, 1}}));
}

TEST(GapDetector, a_digest_shows_a_lost_tail) {
  GapDetector gaps;
  gaps.begin(1, 0, t0, t0);
  EXPECT_TRUE(gaps.published(3, t0, t0 + 1ms));
  EXPECT_EQ(gaps.deadline(), t0 + 1ms);
  EXPECT_FALSE(gaps.published(Sequence{1} << 40, t0, t0));
}

TEST(GapDetector, a_jump_that_is_nobodys_burst_is_refused) {
  GapDetector gaps;
  Ranges fresh;
  gaps.begin(1, 0, t0, t0);
  EXPECT_EQ(gaps.arrived(GapDetector::jump_max + 2, GapDetector::jump_max + 2, t0, t0, fresh),
            Arrival::absurd);
  EXPECT_TRUE(gaps.complete());
}

TEST(GapDetector, too_many_holes_make_the_oldest_due) {
  GapDetector gaps;
  gaps.begin(1, 0, t0, t0);
  for (Sequence s = 2; s < 2 * 1100; s += 2) arrive(gaps, s, s, t0 + 1h);
  ASSERT_TRUE(gaps.due(t0));
  EXPECT_EQ(gaps.due(t0)->from, 1u);
}

TEST(GapDetector, what_is_postponed_is_a_miss_of_its_own_and_counts_when_asked_for) {
  GapDetector gaps;
  gaps.begin(1, 0, t0, t0);
  arrive(gaps, 11, 11, t0 + 1ms);
  gaps.postpone(4, 6, t0 + 5ms, Because::asked);
  EXPECT_EQ(misses_of(gaps), (Ranges{{1, 3}, {4, 6}, {7, 10}}));
  EXPECT_EQ(gaps.misses()[1].tries, 1u);
  EXPECT_EQ(gaps.misses()[1].due, t0 + 5ms);
  EXPECT_EQ(gaps.misses()[0].due, t0 + 1ms);
  EXPECT_EQ(gaps.misses()[0].tries, 0u);
  gaps.postpone(1, 10, t0 + 2ms, Because::another_asked);
  EXPECT_EQ(gaps.misses()[1].due, t0 + 5ms) << "never earlier";
  EXPECT_EQ(gaps.misses()[2].due, t0 + 2ms);
  gaps.postpone(20, 30, t0 + 9ms, Because::asked);
  EXPECT_EQ(gaps.misses().size(), 3u);
}

TEST(GapDetector, what_is_promised_may_be_asked_for_as_often_as_at_first) {
  GapDetector gaps;
  gaps.begin(1, 3, t0, t0);
  for (int i = 0; i < 20; ++i) gaps.postpone(1, 3, t0 + 1ms, Because::asked);
  gaps.postpone(2, 2, t0 + 5ms, Because::promised);
  EXPECT_EQ(gaps.misses()[0].tries, 20u);
  EXPECT_EQ(gaps.misses()[1].tries, 1u) << "it has been asked for: a GAP about it is believed";
  EXPECT_EQ(gaps.misses()[1].due, t0 + 5ms);
}

TEST(GapDetector, settling_the_middle_of_a_hole_leaves_both_ends) {
  GapDetector gaps;
  gaps.begin(1, 20, t0, t0);
  gaps.settle(5, 7);
  EXPECT_EQ(misses_of(gaps), (Ranges{{1, 4}, {8, 20}}));
  gaps.settle(4, 8);
  EXPECT_EQ(misses_of(gaps), (Ranges{{1, 3}, {9, 20}}));
  gaps.settle(1, 20);
  EXPECT_TRUE(gaps.complete());
}

TEST(GapDetector, what_was_asked_for_in_vain_is_due_at_once_when_the_publisher_answers_again) {
  GapDetector gaps;
  gaps.begin(1, 0, t0, t0);
  arrive(gaps, 4, 4);
  arrive(gaps, 6, 6);
  for (int n = 0; n < 20; ++n) gaps.postpone(1, 3, t0 + 1s, Because::asked);
  gaps.postpone(5, 5, t0 + 2s, Because::asked);
  gaps.hurry(16, t0 + 1ms);
  ASSERT_TRUE(gaps.due(t0 + 1ms));
  EXPECT_EQ(gaps.due(t0 + 1ms)->from, 1u);
  EXPECT_EQ(gaps.misses()[0].tries, 1u);
  EXPECT_EQ(gaps.misses()[1].due, t0 + 2s) << "it has not waited in vain";
  gaps.postpone(1, 3, t0 + 3s, Because::asked);
  gaps.hurry(16, t0 + 1ms);
  EXPECT_EQ(gaps.deadline(), t0 + 2s);
}

}  // namespace
}  // namespace dts::proto
