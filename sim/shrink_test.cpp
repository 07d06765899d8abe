#include <sim/shrink.hpp>

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dts::sim {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Fails when at least three nodes suffer loss; the other faults have nothing to do with it.
void broken(World& world) {
  Faults faults;
  faults.loss = 0.2;
  faults.crash = 0.05;
  faults.duplicate = 0.3;
  world.populate(world.options().nodes != 0 ? world.options().nodes : 9, 3, 2);
  world.run_for(std::chrono::milliseconds(300));
  world.set_traffic({.publish = 20, .churn = 0, .burst = 2, .large_bytes = 0, .large = 0});
  world.unleash(faults);
  world.storm_for(std::chrono::seconds(10));
  if (world.nodes() >= 3 && world.network().counters().lost > 2)
    world.oracle().violation("n0.1 does not like to lose packets");
}
constexpr Scenario scenario{"broken", "for this test", broken, true};

TEST(Shrink, a_failing_run_becomes_small_and_still_fails) {
  const Shrunk shrunk = shrink(scenario, {.seed = 5, .lines = {}});
  EXPECT_THAT(shrunk.result.violations, Not(IsEmpty()));
  EXPECT_EQ(shrunk.options.nodes, 3u);
  EXPECT_LT(shrunk.options.storm_max, std::chrono::seconds(2));
  EXPECT_LT(shrunk.options.publish_max, 30u);
  const auto& without = shrunk.options.without;
  EXPECT_EQ(std::count(without.begin(), without.end(), "loss"), 0) << "the loss is what matters";
  EXPECT_EQ(std::count(without.begin(), without.end(), "crash"), 1);
  EXPECT_EQ(std::count(without.begin(), without.end(), "duplicate"), 1);
  EXPECT_THAT(shrunk.lines, Not(IsEmpty()));
  EXPECT_LE(shrunk.lines.size(), 40u);
}

TEST(Shrink, the_arguments_name_everything_that_is_less) {
  RunOptions options;
  options.seed = 7;
  options.nodes = 3;
  options.storm_max = std::chrono::milliseconds(12);
  options.publish_max = 4;
  options.without = {"loss", "churn"};
  EXPECT_EQ(arguments_of(scenario, options),
            "--scenario=broken --seed=7 --nodes=3 --storm-us=12000 --publish=4 "
            "--without=loss,churn");
}

TEST(Shrink, the_smallest_run_repeats_itself) {
  const Shrunk shrunk = shrink(scenario, {.seed = 6, .lines = {}});
  EXPECT_EQ(run(scenario, shrunk.options).trace_hash, shrunk.result.trace_hash);
}

}  // namespace
}  // namespace dts::sim
