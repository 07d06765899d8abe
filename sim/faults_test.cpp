#include <sim/faults.hpp>

#include <gtest/gtest.h>

namespace dts::sim {
namespace {

TEST(Faults, every_part_can_be_taken_away_by_its_name) {
  base::Random random(1);
  bool seen[64] = {};
  for (int i = 0; i < 400; ++i) {
    Faults faults = Faults::chaos(random);
    std::size_t n = 0;
    for (const Faults::Part& part : Faults::parts()) {
      seen[n++] |= part.present(faults);
      EXPECT_TRUE(faults.remove(part.name));
      EXPECT_FALSE(part.present(faults)) << part.name;
    }
    EXPECT_EQ(faults.text(), "calm");
  }
  std::size_t n = 0;
  for (const Faults::Part& part : Faults::parts())
    EXPECT_TRUE(seen[n++]) << part.name << " never happens in chaos";
  EXPECT_FALSE(Faults{}.remove("no such fault"));
}

}  // namespace
}  // namespace dts::sim
