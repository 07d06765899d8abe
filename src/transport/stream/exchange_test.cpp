#include "transport/stream/exchange.hpp"

#include <gtest/gtest.h>

namespace dts::transport {
namespace {

std::vector<Member> receivers(const Exchange& exchange, Member from, Group group) {
  std::vector<Member> to;
  exchange.receivers(from, group, to);
  return to;
}

TEST(Exchange, a_group_is_those_of_the_domain_who_joined_but_the_sender) {
  Exchange exchange(100);
  const Member a = exchange.enter("x").value(), b = exchange.enter("x").value(),
               c = exchange.enter("x").value(), other = exchange.enter("y").value();
  for (const Member each : {a, b, other}) exchange.set_joined(each, 7, true);
  EXPECT_EQ(receivers(exchange, a, 7), std::vector<Member>{b});
  EXPECT_EQ(receivers(exchange, c, 7), (std::vector<Member>{a, b}));
  EXPECT_EQ(receivers(exchange, c, 8), std::vector<Member>{});
  exchange.set_joined(b, 7, false);
  EXPECT_EQ(receivers(exchange, a, 7), std::vector<Member>{});
}

TEST(Exchange, one_is_reached_within_his_domain_while_he_is_there) {
  Exchange exchange(0);
  const Member a = exchange.enter("x").value(), b = exchange.enter("x").value(),
               other = exchange.enter("y").value();
  EXPECT_TRUE(exchange.reaches(a, b));
  EXPECT_FALSE(exchange.reaches(a, a));
  EXPECT_FALSE(exchange.reaches(a, other));
  exchange.leave(b);
  EXPECT_FALSE(exchange.reaches(a, b));
  EXPECT_FALSE(exchange.reaches(b, a)) << "who left sends nothing";
  EXPECT_EQ(receivers(exchange, b, 7), std::vector<Member>{});
}

TEST(Exchange, addresses_are_never_used_again_and_never_0) {
  Exchange exchange(~Member{0} - 1);
  const Member first = exchange.enter("x").value();
  exchange.leave(first);
  const Member second = exchange.enter("x").value();
  EXPECT_EQ(first, ~Member{0});
  EXPECT_EQ(second, 1u);
}

TEST(Exchange, lets_in_so_many_and_no_names_that_are_none) {
  Exchange exchange(0);
  for (const std::string& bad : {std::string(), std::string(257, 'x'), std::string("\xff")}) {
    const auto entered = exchange.enter(bad);
    ASSERT_FALSE(entered);
    EXPECT_EQ(entered.error().code(), ErrorCode::invalid_name);
  }
  for (std::size_t i = 0; i < Exchange::members_max; ++i) ASSERT_TRUE(exchange.enter("x"));
  const auto entered = exchange.enter("x");
  ASSERT_FALSE(entered);
  EXPECT_EQ(entered.error().code(), ErrorCode::limit_reached);
  EXPECT_EQ(exchange.members(), Exchange::members_max);
}

}  // namespace
}  // namespace dts::transport
