// Messages with a value that does not fit what is subscribed to: counted, named, explained.
#include <algorithm>
#include <string_view>

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

// Publishes `json` of one type for a subscriber of the other; what the subscriber counts then.
SubscriptionCounters counted(const char* theirs_text, const char* ours_text, const char* json,
                             const char* format) {
  Domain domain(options_of(new_hub(), "a"));
  const Type theirs = Type::parse(theirs_text).value(), ours = Type::parse(ours_text).value();
  auto subscription = domain.subscribe(ours, [](const Value&, const Sample&) {});
  PublishOptions options;
  options.format = format;
  auto publisher = domain.publisher(theirs, options);
  Value value = Value::of(theirs).value();
  EXPECT_TRUE(from_json(json, value.layout(), value.data()));
  EXPECT_TRUE(publisher && publisher->publish(value));
  EXPECT_TRUE(poll_until({&domain}, [&] { return subscription.counters().delivered == 1; }));
  const Why why = subscription.why();
  const auto told = [&](std::string_view words) {
    return std::any_of(why.evidence.begin(), why.evidence.end(), [&](const std::string& line) {
      return line.find(words) != std::string::npos;
    });
  };
  const SubscriptionCounters counters = subscription.counters();
  EXPECT_EQ(told("became the default"), counters.defaulted > 0);
  EXPECT_EQ(told("cut to the length"), counters.trimmed > 0);
  for (const Counter& each : domain.counters()) {
    if (each.name == "defaulted") {
      EXPECT_EQ(each.value, counters.defaulted);
    }
    if (each.name == "trimmed") {
      EXPECT_EQ(each.value, counters.trimmed);
    }
  }
  return counters;
}

constexpr const char* kFormats[] = {"capnproto",   "protobuf", "json", "cbor",
                                    "messagepack", "ion",      "xml",  "pickle"};

TEST(Misfit, that_becomes_a_default_or_is_cut_is_counted_in_every_format) {
  for (const char* format : kFormats) {
    const SubscriptionCounters some =
        counted("t.T{a:i32, b:i32, c:list<u8>, d:list<u8>}",
                "t.T{narrow use_default a:i8=7, narrow use_default b:i8=7, trim c:array<u8,2>, "
                "trim d:array<u8,2>}",
                R"({"a":1000,"b":5,"c":[1,2,3,4],"d":[1,2]})", format);
    EXPECT_EQ(some.defaulted, 1u) << format;
    EXPECT_EQ(some.trimmed, 1u) << format;
    EXPECT_EQ(some.discarded, 0u) << format;
    EXPECT_EQ(some.unknown, 0u) << format;
    const SubscriptionCounters inside =
        counted("t.T{l:list<t.L>}; t.L{x:i32}", "t.T{use_default l:list<t.L>=[]}; t.L{narrow x:i8}",
                R"({"l":[{"x":1},{"x":999}]})", format);
    EXPECT_EQ(inside.defaulted, 1u) << format;
    const SubscriptionCounters none =
        counted("t.T{a:i32, extra:text}", "t.T{narrow use_default a:i8=7}",
                R"({"a":100,"extra":"passed over, and known"})", format);
    EXPECT_EQ(none.defaulted + none.trimmed + none.unknown, 0u) << format;
  }
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
