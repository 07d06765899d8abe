#include "domain/selection.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "domain/test_domain.hpp"

namespace dts::domain {
namespace {

constexpr std::int64_t second = 1'000'000'000;

class Selecting : public ::testing::Test {
 protected:
  Selecting()
      : value(
            Value::of(*Type::parse("t.R { celsius:f64 [Cel], humidity:f64 [%], n:i32, up:duration,"
                                   " spare:f64?, name:text }"))
                .value()) {}

  void select(SubscribeOptions options) {
    Result<std::unique_ptr<Selection>> made = Selection::make(options, value.layout());
    ASSERT_TRUE(made.ok()) << made.error().text();
    selection = std::move(*made);
  }
  void band(std::string field, std::string width) {
    SubscribeOptions options;
    options.dead_bands = {{std::move(field), std::move(width)}};
    select(options);
  }
  bool takes(std::int64_t at_ns = 0, std::uint32_t stream = 1) {
    return selection->takes(value.data(), {NodeId{}, stream}, at_ns);
  }
  bool takes_celsius(double celsius, std::uint32_t stream = 1) {
    EXPECT_TRUE(value.set("celsius", celsius).ok());
    return takes(0, stream);
  }
  Error error(SubscribeOptions options) {
    const auto made = Selection::make(options, value.layout());
    EXPECT_FALSE(made.ok());
    return made ? Error(ErrorCode::ok) : made.error();
  }
  Error band_error(std::string field, std::string width) {
    SubscribeOptions options;
    options.dead_bands = {{std::move(field), std::move(width)}};
    return error(options);
  }

  Value value;
  std::unique_ptr<Selection> selection;
};

TEST_F(Selecting, is_nothing_without_options) {
  select({});
  EXPECT_EQ(selection, nullptr);
}

TEST_F(Selecting, by_rate_takes_the_first_and_then_one_an_interval_of_each_source) {
  SubscribeOptions options;
  options.rate_hz_max = 2;
  select(options);
  EXPECT_TRUE(takes(10 * second));
  EXPECT_TRUE(takes(10 * second, 2));
  EXPECT_FALSE(takes(10 * second + second / 4));
  EXPECT_TRUE(takes(10 * second + second / 2));
  EXPECT_FALSE(takes(10 * second + second / 2));
  EXPECT_TRUE(takes(100 * second));
}

TEST_F(Selecting, by_rate_does_not_slow_a_source_down_that_is_a_little_late) {
  SubscribeOptions options;
  options.rate_hz_max = 1;
  select(options);
  int taken = 0;
  // A thousand values, 100 ms apart, each up to 9 ms late.
  for (int i = 0; i < 1000; ++i) taken += takes(i * second / 10 + i * 7 % 10 * 1'000'000);
  EXPECT_GE(taken, 99);
  EXPECT_LE(taken, 100);
}

TEST_F(Selecting, by_rate_begins_anew_when_the_clock_of_the_source_is_set_back) {
  SubscribeOptions options;
  options.rate_hz_max = 1;
  select(options);
  EXPECT_TRUE(takes(1000 * second));
  EXPECT_TRUE(takes(10 * second));
  EXPECT_FALSE(takes(10 * second + 1));
}

TEST_F(Selecting, by_rate_bears_every_time) {
  SubscribeOptions options;
  options.rate_hz_max = 1e-9;
  select(options);
  EXPECT_TRUE(takes(INT64_MAX));
  EXPECT_TRUE(takes(INT64_MIN));
  EXPECT_TRUE(takes(INT64_MAX));
}

TEST_F(Selecting, by_dead_band_waits_until_the_field_has_moved) {
  band("celsius", "0.5");
  EXPECT_TRUE(takes_celsius(18));
  EXPECT_FALSE(takes_celsius(18.4));
  EXPECT_FALSE(takes_celsius(17.6));
  EXPECT_TRUE(takes_celsius(18.5));
  EXPECT_FALSE(takes_celsius(18.1));
  EXPECT_TRUE(takes_celsius(18));
  EXPECT_TRUE(takes_celsius(18, 2));
  EXPECT_TRUE(takes_celsius(std::nan("")));
  EXPECT_FALSE(takes_celsius(std::nan("")));
  EXPECT_TRUE(takes_celsius(18));
}

TEST_F(Selecting, by_dead_band_takes_widths_in_other_units_percents_and_durations) {
  band("celsius", "9[degF]");  // a distance: 5 Cel
  EXPECT_TRUE(takes_celsius(18));
  EXPECT_FALSE(takes_celsius(22.9));
  EXPECT_TRUE(takes_celsius(23));
  band("celsius", "10%");
  EXPECT_TRUE(takes_celsius(20));
  EXPECT_FALSE(takes_celsius(21.9));
  EXPECT_TRUE(takes_celsius(22));
  band("humidity", "5%");  // its own unit
  EXPECT_TRUE(takes());
  ASSERT_TRUE(value.set("humidity", 4.9).ok());
  EXPECT_FALSE(takes());
  ASSERT_TRUE(value.set("humidity", 5.0).ok());
  EXPECT_TRUE(takes());
  band("up", "1m");
  EXPECT_TRUE(takes());
  ASSERT_TRUE(value.set("up", "59s").ok());
  EXPECT_FALSE(takes());
  ASSERT_TRUE(value.set("up", "1m").ok());
  EXPECT_TRUE(takes());
}

TEST_F(Selecting, by_dead_band_takes_a_value_whose_field_comes_or_goes) {
  band("spare", "100");
  EXPECT_TRUE(takes());
  EXPECT_FALSE(takes());
  ASSERT_TRUE(value.set("spare", 1.0).ok());
  EXPECT_TRUE(takes());
  EXPECT_FALSE(takes());
  ASSERT_TRUE(value.clear("spare").ok());
  EXPECT_TRUE(takes());
}

TEST_F(Selecting, by_several_dead_bands_takes_what_leaves_any_of_them) {
  SubscribeOptions options;
  options.dead_bands = {{"celsius", "1"}, {"n", "10"}};
  select(options);
  EXPECT_TRUE(takes());
  ASSERT_TRUE(value.set("n", 10).ok());
  EXPECT_TRUE(takes());
  ASSERT_TRUE(value.set("celsius", 1.0).ok());
  EXPECT_TRUE(takes());
  EXPECT_FALSE(takes());
}

TEST_F(Selecting, counts_the_rate_of_what_the_filter_lets_through) {
  SubscribeOptions options;
  options.where = "n > 0";
  options.rate_hz_max = 1;
  select(options);
  EXPECT_FALSE(takes(0));
  ASSERT_TRUE(value.set("n", 1).ok());
  EXPECT_TRUE(takes(1));
  EXPECT_FALSE(takes(2));
}

TEST_F(Selecting, refuses_options_that_mean_nothing) {
  EXPECT_EQ(band_error("celcius", "1").hint(), "did you mean \"celsius\"?");
  EXPECT_EQ(band_error("name", "1").what(), "name (text) has no dead band");
  EXPECT_EQ(band_error("celsius", "0").hint(), "0.5");
  EXPECT_EQ(band_error("celsius", "-1").code(), ErrorCode::filter);
  EXPECT_EQ(band_error("celsius", "x").code(), ErrorCode::filter);
  EXPECT_EQ(band_error("celsius", "1 kg").code(), ErrorCode::filter);
  EXPECT_EQ(band_error("n", "1Cel").code(), ErrorCode::filter);
  EXPECT_EQ(band_error("up", "5").code(), ErrorCode::filter);
  for (const double rate : {-1.0, 1e-12, 1e12, std::nan("")}) {
    SubscribeOptions options;
    options.rate_hz_max = rate;
    EXPECT_EQ(error(options).code(), ErrorCode::filter) << rate;
  }
  SubscribeOptions options;
  options.where = "celcius > 1";
  EXPECT_EQ(error(options).where(), "where:1:1");
}

// ---- through a domain ----

TEST(Selections, of_a_subscription_count_what_they_leave_out) {
  Domain domain(options_of(new_hub(), "a"));
  std::vector<double> got;
  SubscribeOptions options;
  options.where = "celsius > 64[degF] and tank in (1, 2)";
  auto subscription = domain.subscribe<Temperature>(
      [&](const Temperature& t) { got.push_back(t.celsius); }, options);
  ASSERT_TRUE(subscription.active());
  for (const auto& [celsius, tank] : {std::pair(17.0, 1), {18.0, 1}, {19.0, 3}, {20.0, 2}})
    ASSERT_TRUE(domain.publish(Temperature{celsius, tank}));
  ASSERT_TRUE(poll_until({&domain}, [&] { return got.size() == 2; }));
  EXPECT_EQ(got, (std::vector<double>{18, 20}));
  EXPECT_EQ(subscription.counters().delivered, 2u);
  EXPECT_EQ(subscription.counters().filtered, 2u);
}

TEST(Selections, are_over_the_type_that_the_subscriber_receives) {
  const std::string hub = new_hub();
  Domain a(options_of(hub, "a")), b(options_of(hub, "b"));
  SubscribeOptions options;
  options.where = "note == 'x'";
  int typed = 0, dynamic = 0;
  auto by_type = b.subscribe<TemperatureV2>([&](const TemperatureV2&) { ++typed; }, options);
  auto by_name = b.subscribe(
      "test.Temperature", [&](const Value&, const Sample&) { ++dynamic; }, options);
  auto publisher = a.publisher<TemperatureV2>();
  ASSERT_TRUE(publisher);
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return publisher->subscribers() == 1; }));
  ASSERT_TRUE(publisher->publish({1, 1, "y"}));
  ASSERT_TRUE(publisher->publish({1, 1, "x"}));
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return typed == 1 && dynamic == 1; }));
  EXPECT_EQ(by_type.counters().filtered, 1u);
  EXPECT_EQ(by_name.counters().filtered, 1u);
}

TEST(Selections, with_an_error_leave_the_subscription_inactive_and_say_why) {
  DomainOptions quiet = options_of(new_hub(), "a");
  std::vector<std::string> log;
  quiet.log = [&](std::string_view line) { log.emplace_back(line); };
  Domain domain(quiet);
  SubscribeOptions options;
  options.where = "celcius > 20";
  auto subscription = domain.subscribe<Temperature>([](const Temperature&) {}, options);
  EXPECT_FALSE(subscription.active());
  EXPECT_EQ(subscription.status().error().code(), ErrorCode::filter);
  EXPECT_EQ(subscription.status().error().hint(), "did you mean \"celsius\"?");
  const Why why = subscription.why();
  EXPECT_EQ(why.reason, WhyQuiet::filtered);
  EXPECT_EQ(why.text, "there is no subscription: test.Temperature has no field \"celcius\"");
  ASSERT_EQ(log.size(), 1u);
  EXPECT_NE(log[0].find("test.Temperature cannot be subscribed to"), std::string::npos) << log[0];
  // What can be seen without a type is seen at once; the rest when the type is.
  options.where = "celsius >";
  EXPECT_FALSE(domain
                   .subscribe(
                       "test.*", [](const Value&, const Sample&) {}, options)
                   .active());
  EXPECT_FALSE(domain.stream<Temperature>(options).status().ok());
  EXPECT_TRUE(domain.latest<Temperature>({}, options).empty());
}

TEST(Selections, that_a_publishers_type_does_not_have_are_told) {
  Domain domain(options_of(new_hub(), "a"));
  SubscribeOptions options;
  options.where = "litre > 1";
  int got = 0;
  auto subscription = domain.subscribe(
      "test.Level", [&](const Value&, const Sample&) { ++got; }, options);
  ASSERT_TRUE(subscription.active());
  ASSERT_TRUE(domain.publish(Level{5}));
  ASSERT_TRUE(poll_until({&domain}, [&] { return subscription.counters().filtered == 1; }));
  EXPECT_EQ(got, 0);
  const Why why = subscription.why();
  EXPECT_EQ(why.reason, WhyQuiet::filtered);
  EXPECT_NE(why.text.find("test.Level has no field \"litre\""), std::string::npos) << why.text;
  EXPECT_EQ(why.hint, "did you mean \"litres\"?");
  const std::vector<Match> matches = subscription.matches();
  ASSERT_EQ(matches.size(), 1u);
  EXPECT_EQ(matches[0].state, Match::State::filtered);
  EXPECT_EQ(matches[0].refusals.size(), 1u);
}

TEST(Selections, that_take_nothing_are_named_as_the_reason_for_silence) {
  Domain domain(options_of(new_hub(), "a"));
  SubscribeOptions options;
  options.where = "litres > 100";
  auto subscription = domain.subscribe<Level>([](const Level&) {}, options);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(domain.publish(Level{5}));
  ASSERT_TRUE(poll_until({&domain}, [&] { return subscription.counters().filtered == 3; }));
  const Why why = subscription.why();
  EXPECT_EQ(why.reason, WhyQuiet::filtered);
  EXPECT_EQ(why.text,
            "3 values of test.Level arrived, and the filter, rate or dead band took none of them "
            "since");
}

TEST(Selections, limit_the_rate_and_the_last_values_too) {
  Domain domain(options_of(new_hub(), "a"));
  SubscribeOptions options;
  options.rate_hz_max = 1e-6;
  int got = 0;
  auto subscription = domain.subscribe<Level>([&](const Level&) { ++got; }, options);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(domain.publish(Level{double(i)}));
  ASSERT_TRUE(poll_until({&domain}, [&] { return subscription.counters().filtered == 9; }));
  EXPECT_EQ(got, 1);
  SubscribeOptions latest;
  latest.where = "litres == 9";
  EXPECT_EQ(domain.latest<Level>(std::chrono::seconds(5), latest).size(), 1u);
  latest.where = "litres != 9";
  EXPECT_EQ(domain.latest<Level>(std::chrono::milliseconds(100), latest).size(), 0u);
}

}  // namespace
}  // namespace dts::domain
