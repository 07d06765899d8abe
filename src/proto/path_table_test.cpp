#include <proto/path_table.hpp>

#include <gtest/gtest.h>

namespace dts::proto {
namespace {

using std::chrono::seconds;

// One transport for each kind of way, each with one link, the dearest first.
struct PathTableTest : testing::Test {
  PathTable paths;
  std::vector<Reach> reaches;
  Instant now{seconds(100)};

  TransportIndex add(Capabilities capabilities, bool same_host = false, bool wireless = false) {
    Link link;
    link.same_host = same_host;
    link.wireless = wireless;
    capabilities.groups = true;
    link.index = 1;
    const TransportIndex transport = paths.add_transport(capabilities);
    paths.set_links(transport, {link});
    PathTable::heard(reaches, now, seconds(2), Path{transport, 1, {}, true});
    return transport;
  }
  TransportIndex chosen() const { return paths.choose(reaches, now, seconds(2))->transport; }
};

TEST_F(PathTableTest, memory_comes_before_lo_before_a_cable_before_air_before_a_third_program) {
  const auto relayed = add({.relayed = true});
  EXPECT_EQ(chosen(), relayed);
  const auto air = add({}, false, true);
  EXPECT_EQ(chosen(), air);
  const auto cable = add({});
  EXPECT_EQ(chosen(), cable);
  const auto lo = add({}, true);
  EXPECT_EQ(chosen(), lo);
  const auto memory = add({.same_host = true});
  EXPECT_EQ(chosen(), memory);
}

TEST_F(PathTableTest, a_way_that_is_silent_gives_way_to_a_dearer_one_that_is_not) {
  const auto cable = add({}), memory = add({.same_host = true});
  EXPECT_EQ(chosen(), memory);
  now += seconds(7);
  EXPECT_EQ(chosen(), memory) << "when all are silent";
  PathTable::heard(reaches, now, seconds(2), Path{cable, 1, {}, true});
  EXPECT_EQ(chosen(), cable);
}

}  // namespace
}  // namespace dts::proto
