// Subscribing by shape: whatever the family is called.
#include <gtest/gtest.h>

#include "domain/test_domain.hpp"

namespace dts::domain {
namespace {

struct AnyCelsius {
  double celsius = 0;
  static constexpr auto dts =
      dts::type("x.AnyCelsius", dts::field(&AnyCelsius::celsius).unit("Cel"));
};

struct Fridge {
  double celsius = 0;
  bool open = false;
  static constexpr auto dts =
      dts::type("kitchen.Fridge", dts::field(&Fridge::celsius).unit("[degF]"));
};

const Match* find_match(const std::vector<Match>& all, std::string_view type_name) {
  for (const Match& match : all)
    if (match.type_name == type_name) return &match;
  return nullptr;
}

TEST(Shape, receives_from_every_family_that_fits_and_converts_its_units) {
  const std::string hub = new_hub();
  Domain a(options_of(hub, "a")), b(options_of(hub, "b"));
  std::map<std::string, double> got;
  auto subscription =
      b.subscribe_shape<AnyCelsius>([&](const AnyCelsius& value, const Sample& sample) {
        got[sample.origin().type_name] = value.celsius;
      });
  ASSERT_TRUE(a.publish(Temperature{18.5, 3}));
  ASSERT_TRUE(a.publish(Fridge{50, true}));
  ASSERT_TRUE(a.publish(Level{7}));
  ASSERT_TRUE(poll_until({&a, &b}, [&] {
    const auto all = subscription.matches();
    const Match* level = find_match(all, "test.Level");
    return got.size() == 2 && level != nullptr && level->state == Match::State::refused;
  }));
  EXPECT_EQ(got["test.Temperature"], 18.5);
  EXPECT_DOUBLE_EQ(got["kitchen.Fridge"], 10);

  const std::vector<Match> all = subscription.matches();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].type_name, "kitchen.Fridge");
  EXPECT_EQ(all[0].state, Match::State::matched);
  EXPECT_EQ(all[0].sources, std::vector<std::string>{a.source()});
  EXPECT_EQ(all[1].type_name, "test.Temperature");
  EXPECT_EQ(all[2].type_name, "test.Level");
  EXPECT_FALSE(all[2].refusals.empty());
  EXPECT_EQ(subscription.why().reason, WhyQuiet::not_quiet);
}

TEST(Shape, says_why_nothing_fits) {
  Domain domain(options_of(new_hub(), "a"));
  auto subscription = domain.subscribe_shape<AnyCelsius>([](const AnyCelsius&) {});
  ASSERT_TRUE(domain.publish(Level{7}));
  ASSERT_TRUE(poll_until({&domain}, [&] { return subscription.counters().refused == 1; }));
  const Why why = subscription.why();
  EXPECT_EQ(why.reason, WhyQuiet::incompatible_type);
  EXPECT_NE(why.text.find("none has the shape of x.AnyCelsius"), std::string::npos) << why.text;
  EXPECT_FALSE(why.differences.empty());
}

TEST(Shape, is_pinned_to_families_and_exact_types) {
  const std::string hub = new_hub();
  Domain a(options_of(hub, "a")), b(options_of(hub, "b"));
  SubscribeOptions options;
  options.pin = {"kitchen.*"};
  std::vector<std::string> got;
  const auto keep = [&](const AnyCelsius&, const Sample& sample) {
    got.push_back(sample.origin().type_name);
  };
  auto pinned = b.subscribe_shape<AnyCelsius>(keep, options);
  auto fridge = a.publisher<Fridge>();
  auto temperature = a.publisher<Temperature>();
  ASSERT_TRUE(fridge && temperature);
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return fridge->subscribers() == 1; }));
  // What is pinned is all that is asked for.
  EXPECT_EQ(temperature->subscribers(), 0u);
  ASSERT_TRUE(temperature->publish({18, 3}));
  ASSERT_TRUE(fridge->publish({41, false}));
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return got.size() == 1; }));
  EXPECT_EQ(got[0], "kitchen.Fridge");

  options.pin = {"test.Temperature@" + type_of<TemperatureV2>().id().short_hex()};
  auto exact = b.subscribe_shape<AnyCelsius>(keep, options);
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return exact.matches().size() == 1; }));
  EXPECT_EQ(exact.matches()[0].state, Match::State::filtered);
}

TEST(Shape, takes_types_known_only_at_run_time_and_selects_among_the_values) {
  Domain domain(options_of(new_hub(), "a"));
  SubscribeOptions options;
  options.where = "c > 15";
  const Type type = Type::parse("x.Any{c:f64[Cel]}").value();
  std::vector<double> got;
  auto refused = domain.subscribe_shape(
      type, [](const Value&, const Sample&) {}, options);
  EXPECT_TRUE(refused.active());
  options.where = "celsius > 15";
  auto subscription = domain.subscribe_shape(
      Type::parse("x.Any{celsius:f64[Cel]}").value(),
      [&](const Value& value, const Sample&) { got.push_back(value.number("celsius").value()); },
      options);
  ASSERT_TRUE(domain.publish(Temperature{10, 1}));
  ASSERT_TRUE(domain.publish(Temperature{20, 1}));
  ASSERT_TRUE(poll_until({&domain}, [&] { return got.size() == 1; }));
  EXPECT_EQ(got[0], 20);
}

TEST(Shape, refuses_pins_that_are_none) {
  Domain domain(options_of(new_hub(), "a"));
  SubscribeOptions options;
  for (const char* pin : {"", "no name", "test.Level@", "test.Level@xyz"}) {
    options.pin = {pin};
    EXPECT_FALSE(domain.subscribe_shape<AnyCelsius>([](const AnyCelsius&) {}, options).active())
        << pin;
  }
  options.pin = {"test.Level"};
  auto by_family = domain.subscribe<Level>([](const Level&) {}, options);
  EXPECT_EQ(by_family.status().error().code(), ErrorCode::invalid_argument);
}

TEST(Lenient, units_on_one_side_only_are_accepted_when_asked) {
  Domain domain(options_of(new_hub(), "a"));
  const Type bare = Type::parse("test.Temperature{celsius:f64, tank:i32}").value();
  int strict = 0, lenient = 0;
  SubscribeOptions options;
  auto first = domain.subscribe(bare, [&](const Value&, const Sample&) { ++strict; });
  options.lenient_units = true;
  auto second = domain.subscribe(
      bare, [&](const Value&, const Sample&) { ++lenient; }, options);
  ASSERT_TRUE(domain.publish(Temperature{18, 3}));
  ASSERT_TRUE(poll_until({&domain}, [&] { return lenient == 1; }));
  EXPECT_EQ(strict, 0);
  EXPECT_EQ(first.counters().refused, 1u);
}

}  // namespace
}  // namespace dts::domain
