// Filters, rates and dead bands at the publisher: over a wire, between two domains.
#include <gtest/gtest.h>

#include "domain/selection.hpp"
#include "domain/test_domain.hpp"

namespace dts::domain {
namespace {

// The same family in another unit.
struct Kelvin {
  double celsius = 0;
  std::int32_t tank = 0;
  static constexpr auto dts = dts::type("test.Temperature", dts::field(&Kelvin::celsius).unit("K"));
};

class WithheldHere : public ::testing::Test {
 protected:
  std::string hub = new_hub();
  Domain pub{options_of(hub, "pub")};
  Domain sub{options_of(hub, "sub")};
  Publisher<Temperature> sensor = *pub.publisher<Temperature>();
  std::vector<double> got;

  static std::uint64_t counter(Domain& domain, const std::string& name) {
    for (const Counter& c : domain.counters())
      if (c.name == name) return c.value;
    return 0;
  }
  Subscription subscribe(SubscribeOptions options) {
    options.quiet = true;
    return sub.subscribe<Temperature>(
        [this](const Temperature& t, const Sample&) { got.push_back(t.celsius); }, options);
  }
  // One with this filter, to whom the publisher sends.
  Subscription meet_where(std::string where) {
    SubscribeOptions options;
    options.where = std::move(where);
    Subscription s = subscribe(std::move(options));
    meet();
    return s;
  }
  void meet() {
    ASSERT_TRUE(poll_until({&pub, &sub}, [&] { return sensor.subscribers() > 0; }));
  }
  void publish(double celsius) { ASSERT_TRUE(sensor.publish({celsius, 1})); }
  std::uint64_t accounted(const Subscription& s) {
    const SubscriptionCounters c = s.counters();
    return c.delivered + c.filtered + c.lost;
  }
  bool all_accounted(const Subscription& s, std::uint64_t published) {
    return poll_until({&pub, &sub}, [&] { return accounted(s) >= published; });
  }
};

TEST_F(WithheldHere, a_filter_keeps_what_it_does_not_take_from_the_wire) {
  const Subscription s = meet_where("celsius > 20");
  for (int i = 0; i < 100; ++i) publish(i % 10 == 0 ? 25 : 15);
  ASSERT_TRUE(all_accounted(s, 100));
  EXPECT_EQ(got.size(), 10u);
  EXPECT_EQ(s.counters().withheld, 90u);
  EXPECT_EQ(s.counters().filtered, 90u);
  EXPECT_EQ(s.counters().lost, 0u);
  EXPECT_EQ(counter(pub, "messages_withheld"), 90u);
}

TEST_F(WithheldHere, why_says_what_withholds_them) {
  const Subscription s = meet_where("celsius>99");
  for (int i = 0; i < 5; ++i) publish(15);
  ASSERT_TRUE(all_accounted(s, 5));
  const Why why = s.why();
  EXPECT_EQ(why.reason, WhyQuiet::filtered);
  EXPECT_NE(why.text.find("withheld at the publisher: celsius > 99"), std::string::npos)
      << why.text;
}

TEST_F(WithheldHere, a_second_subscription_without_filter_begins_with_the_newest_value) {
  const Subscription s = meet_where("celsius > 20");
  publish(25);
  publish(15);
  publish(16);
  ASSERT_TRUE(all_accounted(s, 3));
  std::vector<double> all;
  SubscribeOptions quiet;
  quiet.quiet = true;
  const Subscription second = sub.subscribe<Temperature>(
      [&](const Temperature& t, const Sample&) { all.push_back(t.celsius); }, quiet);
  ASSERT_TRUE(poll_until({&pub, &sub}, [&] { return !all.empty(); }));
  publish(17);
  ASSERT_TRUE(poll_until({&pub, &sub}, [&] { return all.size() >= 2; }));
  EXPECT_EQ(all, (std::vector<double>{16, 17}));
  EXPECT_EQ(got, (std::vector<double>{25}));
}

TEST_F(WithheldHere, the_last_value_is_the_newest_though_it_was_withheld) {
  const Subscription s = meet_where("celsius > 20");
  publish(25);
  publish(15);
  ASSERT_TRUE(all_accounted(s, 2));
  pub.start();
  const auto last = sub.latest<Temperature>();
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0].value.celsius, 15);
}

TEST_F(WithheldHere, a_subscriber_of_another_type_gets_everything) {
  std::vector<double> all;
  SubscribeOptions options;
  options.where = "celsius > 293.15";
  options.quiet = true;
  const Subscription s = sub.subscribe<Kelvin>(
      [&](const Kelvin& t, const Sample&) { all.push_back(t.celsius); }, options);
  meet();
  for (int i = 0; i < 10; ++i) publish(10 + i * 2);
  ASSERT_TRUE(poll_until({&pub, &sub}, [&] { return accounted(s) >= 10; }));
  EXPECT_EQ(s.counters().withheld, 0u);
  EXPECT_EQ(s.counters().filtered, 6u);
  EXPECT_EQ(all.size(), 4u);
}

TEST_F(WithheldHere, by_name_the_publishers_own_type_is_meant) {
  std::size_t taken = 0;
  SubscribeOptions options;
  options.where = "celsius > 293.15 K";
  options.quiet = true;
  const Subscription s = sub.subscribe(
      "test.*", [&](const Value&, const Sample&) { ++taken; }, options);
  meet();
  for (int i = 0; i < 10; ++i) publish(15 + i);
  ASSERT_TRUE(poll_until({&pub, &sub}, [&] { return accounted(s) >= 10; }));
  EXPECT_EQ(taken, 4u);
  EXPECT_EQ(s.counters().withheld, 6u);
}

// Values that wander by less than the dead band of 1 at a time.
std::vector<double> wandering(double celsius, std::size_t count) {
  std::vector<double> values;
  std::uint64_t random = 1;
  while (values.size() < count) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    celsius += (static_cast<double>(random >> 40) / (1 << 24) - 0.5) * 0.9;
    values.push_back(celsius);
  }
  return values;
}

// What a subscriber with this dead band takes of what it is sent, when that is everything.
std::vector<double> alone(const std::vector<double>& values) {
  auto selection = *Selection::make("", 0, {{"celsius", "1"}}, layout_of<Temperature>());
  std::vector<double> taken;
  for (const double celsius : values) {
    const Temperature t{celsius, 1};
    if (selection->takes(&t, {}, 0)) taken.push_back(celsius);
  }
  return taken;
}

TEST_F(WithheldHere, dead_bands_of_both_sides_agree) {
  // Some of the past: the subscriber begins with the last of it.
  for (const double celsius : {10.0, 10.9, 10.6}) publish(celsius);
  SubscribeOptions options;
  options.dead_bands = {{"celsius", "1"}};
  const Subscription s = subscribe(options);
  ASSERT_TRUE(poll_until({&pub, &sub}, [&] { return !got.empty(); }));
  std::vector<double> values = wandering(10.6, 400);
  for (const double celsius : values) publish(celsius);
  ASSERT_TRUE(all_accounted(s, 401));
  values.insert(values.begin(), 10.6);
  EXPECT_EQ(got, alone(values));
  EXPECT_GT(s.counters().withheld, 100u);
}

// Values known only at run time: each was made with a layout of its own.
TEST_F(WithheldHere, a_dead_band_holds_from_value_to_value_however_each_lies_in_memory) {
  ValuePublisher other = *pub.publisher(type_of<Temperature>());
  SubscribeOptions options;
  options.dead_bands = {{"celsius", "1"}};
  const Subscription s = subscribe(options);
  ASSERT_TRUE(poll_until({&pub, &sub}, [&] { return other.subscribers() > 0; }));
  const std::vector<double> values = wandering(10, 100);
  for (const double celsius : values) {
    Value value = *Value::of(type_of<Temperature>());
    ASSERT_TRUE(value.set("celsius", celsius).ok());
    ASSERT_TRUE(other.publish(value).ok());
  }
  ASSERT_TRUE(all_accounted(s, 100));
  EXPECT_EQ(got, alone(values));
  EXPECT_GT(s.counters().withheld, 25u);
}

// The interval is longer than the test.
TEST_F(WithheldHere, a_rate_is_kept_by_the_publisher) {
  SubscribeOptions options;
  options.rate_hz_max = 1e-3;
  const Subscription s = subscribe(options);
  meet();
  for (int i = 0; i < 50; ++i) publish(i);
  ASSERT_TRUE(all_accounted(s, 50));
  EXPECT_EQ(got, (std::vector<double>{0}));
  EXPECT_EQ(s.counters().withheld, 49u);
}

TEST_F(WithheldHere, two_subscribers_of_one_domain_take_what_each_takes) {
  SubscribeOptions warm, cold;
  warm.where = "celsius > 20";
  cold.where = "celsius < 10";
  std::vector<double> low;
  const Subscription s = subscribe(warm);
  cold.quiet = true;
  const Subscription t = sub.subscribe<Temperature>(
      [&](const Temperature& value, const Sample&) { low.push_back(value.celsius); }, cold);
  ASSERT_TRUE(poll_until({&pub, &sub}, [&] {
    const Catalogue all = pub.catalogue();
    return all.nodes.size() == 2 && !all.nodes[1].wants.empty() &&
           all.nodes[1].wants[0].selection.find(" or ") != std::string::npos;
  }));
  for (int i = 0; i < 30; ++i) publish(i);
  ASSERT_TRUE(all_accounted(s, 30));
  EXPECT_EQ(got.size(), 9u);
  EXPECT_EQ(low.size(), 10u);
  EXPECT_EQ(s.counters().withheld, 11u);
}

}  // namespace
}  // namespace dts::domain
