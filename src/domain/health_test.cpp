// What is said about the losses of a node.
#include <gtest/gtest.h>

#include <domain/health.hpp>

namespace dts::domain {
namespace {

TEST(Losses, that_are_next_to_none_are_not_worth_a_word) {
  EXPECT_EQ(losses_of({0, false, 0}), "");
  EXPECT_EQ(losses_of({0.01f, false, 212'992}), "");
}

TEST(Losses, of_the_network_and_of_the_host_are_told_apart) {
  EXPECT_EQ(losses_of({0.417f, false, 212'992}),
            "loses 42 % of what it wants: the network between loses it");
  EXPECT_EQ(
      losses_of({0.417f, true, 212'992}),
      "loses 42 % of what it wants in its own socket: its receive buffer of 208 KiB overflows "
      "(there: sudo sysctl -w net.core.rmem_max=8388608, or less work in its handlers)");
  EXPECT_EQ(losses_of({0, true, 0}),
            "loses some of what it wants in its own socket: its receive buffer overflows (there: "
            "sudo sysctl -w net.core.rmem_max=8388608, or less work in its handlers)");
}

}  // namespace
}  // namespace dts::domain
