// Which receiver stands out by its losses.
#include <gtest/gtest.h>

#include <proto/loss_reports.hpp>

namespace dts::proto {
namespace {

using namespace std::chrono_literals;
using Change = LossReports::Change;
constexpr Instant t0{std::chrono::seconds(100)};

NodeId node(std::uint8_t number) {
  NodeId id{};
  id.bytes[0] = number;
  return id;
}

// So long, a NACK every 100 ms; what came of the last.
Change report(LossReports& reports, Instant& now, Duration time, std::uint8_t number, float share,
              std::size_t receivers) {
  Change change = Change::none;
  for (const Instant end = now + time; now < end && change == Change::none; now += 100ms)
    change = reports.reported(now, node(number), share, receivers);
  return change;
}

TEST(LossReports, one_that_loses_much_for_long_among_healthy_ones_stands_out) {
  LossReports reports;
  Instant now = t0;
  EXPECT_EQ(report(reports, now, 9'900ms, 1, 0.4f, 3), Change::none) << "not yet";
  EXPECT_FALSE(reports.is_isolated(node(1)));
  EXPECT_EQ(report(reports, now, 500ms, 1, 0.4f, 3), Change::isolated);
  EXPECT_TRUE(reports.is_isolated(node(1)));
  EXPECT_FALSE(reports.is_isolated(node(2)));
}

TEST(LossReports, nobody_stands_out_where_most_lose) {
  LossReports reports;
  for (Instant now = t0; now < t0 + 30s; now += 100ms) {
    EXPECT_EQ(reports.reported(now, node(2), 0.05f, 3), Change::none);
    EXPECT_EQ(reports.reported(now, node(1), 0.6f, 3), Change::none);
  }
  Instant now = t0;
  EXPECT_EQ(report(reports, now, 30s, 4, 0.6f, 1), Change::none) << "nor who is alone";
}

TEST(LossReports, a_short_time_or_single_reports_are_not_enough) {
  LossReports reports;
  Instant now = t0;
  EXPECT_EQ(report(reports, now, 9s, 1, 0.5f, 9), Change::none);
  EXPECT_EQ(report(reports, now, 100ms, 1, 0.1f, 9), Change::none);
  EXPECT_EQ(report(reports, now, 9s, 1, 0.5f, 9), Change::none) << "it begins anew";
  for (int i = 0; i < 20; ++i, now += 3s)
    EXPECT_EQ(reports.reported(now, node(2), 0.5f, 9), Change::none);
}

TEST(LossReports, who_recovers_or_falls_silent_is_as_the_others_again) {
  LossReports reports;
  Instant now = t0;
  ASSERT_EQ(report(reports, now, 11s, 1, 0.5f, 9), Change::isolated);
  EXPECT_EQ(report(reports, now, 1s, 1, 0.2f, 9), Change::none) << "not quite";
  EXPECT_EQ(report(reports, now, 100ms, 1, 0.1f, 9), Change::restored);
  EXPECT_FALSE(reports.is_isolated(node(1)));
  ASSERT_EQ(report(reports, now, 11s, 1, 0.5f, 9), Change::isolated);
  EXPECT_TRUE(reports.expire(now + 5s).empty());
  EXPECT_EQ(reports.expire(now + 11s), std::vector<NodeId>{node(1)});
  EXPECT_FALSE(reports.is_isolated(node(1)));
  EXPECT_EQ(reports.memory_bytes(), 0u);
}

}  // namespace
}  // namespace dts::proto
