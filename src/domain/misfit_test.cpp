// Messages with a value that does not fit what is subscribed to: counted, named, explained.
#include <gtest/gtest.h>

#include "domain/test_domain.hpp"

namespace dts::domain {
namespace {

TEST(Misfit, is_counted_and_names_the_field_and_the_reason) {
  Domain domain(options_of(new_hub(), "a"));
  const Type theirs =
      Type::parse("t.Pump{state:t.State}; closed enum t.State{idle, running, broken}").value();
  const Type ours =
      Type::parse("t.Pump{state:t.State}; closed enum t.State{idle, running}").value();
  std::vector<std::string> got;
  std::vector<Gap> gaps;
  SubscribeOptions options;
  options.on_gap = [&](const Gap& gap) { gaps.push_back(gap); };
  auto subscription = domain.subscribe(
      ours, [&](const Value& value, const Sample&) { got.push_back(value.text("state").value()); },
      options);
  auto publisher = domain.publisher(theirs);
  ASSERT_TRUE(publisher);
  Value value = Value::of(theirs).value();
  ASSERT_TRUE(value.set("state", "broken"));
  ASSERT_TRUE(publisher->publish(value));
  ASSERT_TRUE(poll_until({&domain}, [&] { return gaps.size() == 1; }));
  EXPECT_EQ(gaps[0].reason, Gap::Reason::undecodable);
  EXPECT_NE(gaps[0].detail.find("state"), std::string::npos) << gaps[0].detail;
  EXPECT_EQ(subscription.counters().discarded, 1u);
  EXPECT_EQ(subscription.counters().undecodable, 1u);
  ASSERT_EQ(subscription.matches().size(), 1u);
  EXPECT_EQ(subscription.matches()[0].outcome, Outcome::checked);
  const Why why = subscription.why();
  EXPECT_EQ(why.reason, WhyQuiet::decode_errors);
  EXPECT_NE(why.text.find("did not fit"), std::string::npos) << why.text;
  EXPECT_NE(why.text.find("state"), std::string::npos) << why.text;
  EXPECT_NE(why.text.find("not a symbol of t.State"), std::string::npos) << why.text;

  ASSERT_TRUE(value.set("state", "running"));
  ASSERT_TRUE(publisher->publish(value));
  ASSERT_TRUE(poll_until({&domain}, [&] { return got.size() == 1; }));
  EXPECT_EQ(got[0], "running");
  EXPECT_EQ(subscription.counters().discarded, 1u);
}

TEST(Misfit, is_not_what_is_damaged) {
  Domain domain(options_of(new_hub(), "a"));
  auto subscription = domain.subscribe<Level>([](const Level&) {});
  ASSERT_TRUE(domain.publish(Level{1}));
  ASSERT_TRUE(poll_until({&domain}, [&] { return subscription.counters().delivered == 1; }));
  EXPECT_EQ(subscription.counters().discarded, 0u);
}

}  // namespace
}  // namespace dts::domain
