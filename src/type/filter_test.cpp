#include <dts/filter.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include <dts/type.hpp>
#include <dts/value.hpp>

namespace dts {
namespace {

constexpr const char* kBrewery = R"(
brewery.Reading {
  celsius : f64 [Cel]
  small : f32 [bar]
  tank : i32
  id : u64
  running : bool
  name : text
  raw : bytes
  at : time
  uptime : duration
  price : decimal
  state : brewery.State
  before : brewery.State
  note : text?
  spare : f64?
  temps : list<f64>
  fixed : array<i16, 2>
  table : map<text, i32>
  pump : brewery.Pump
  event : brewery.Event
  in : i32
  outer : f64 [Cel]
  extra : any
}
brewery.Pump { rpm : i32, backup : optional<brewery.Pump> }
enum brewery.State { idle = 0, heating = 1, cooling = 2 }
union brewery.Event { started : time, failed : text }
)";

class Filters : public ::testing::Test {
 protected:
  Filters() : value(Value::of(*Type::parse(kBrewery)).value()) {
    EXPECT_TRUE(value.set("celsius", 20.5).ok());
    EXPECT_TRUE(value.set("small", 0.1).ok());
    EXPECT_TRUE(value.set("tank", 3).ok());
    EXPECT_TRUE(value.set("id", "18446744073709551615").ok());
    EXPECT_TRUE(value.set("running", true).ok());
    EXPECT_TRUE(value.set("name", "pi-tank3").ok());
    EXPECT_TRUE(value.set("raw", "0x0aff").ok());
    EXPECT_TRUE(value.set("at", "2026-11-22T10:00:00Z").ok());
    EXPECT_TRUE(value.set("uptime", "1h30m").ok());
    EXPECT_TRUE(value.set("price", "12.50").ok());
    EXPECT_TRUE(value.set("state", "heating").ok());
    EXPECT_TRUE(value.set("temps.0", 1.5).ok());
    EXPECT_TRUE(value.set("table.\"a.b\"", 7).ok());
    EXPECT_TRUE(value.set("pump.rpm", 1200).ok());
    EXPECT_TRUE(value.set("event.failed", "dry").ok());
  }

  bool holds(std::string_view expression, Time now = {}) {
    const Result<Filter> filter = Filter::compile(expression, value.layout());
    EXPECT_TRUE(filter.ok()) << expression << "\n" << (filter ? "" : filter.error().text());
    if (!filter) return false;
    // What is printed means the same.
    const Result<Filter> again = Filter::compile(filter->print(), value.layout());
    EXPECT_TRUE(again.ok()) << filter->print();
    EXPECT_EQ(again->print(), filter->print());
    EXPECT_EQ(again->matches(value.data(), now), filter->matches(value.data(), now)) << expression;
    return filter->matches(value.data(), now);
  }
  Error error(std::string_view expression) {
    const Result<Filter> filter = Filter::compile(expression, value.layout());
    EXPECT_FALSE(filter.ok()) << expression;
    return filter ? Error(ErrorCode::ok) : filter.error();
  }

  Value value;
};

TEST_F(Filters, compare_numbers) {
  EXPECT_TRUE(holds("celsius > 20"));
  EXPECT_FALSE(holds("celsius > 20.5"));
  EXPECT_TRUE(holds("celsius >= 20.5"));
  EXPECT_TRUE(holds("celsius == 20.5"));
  EXPECT_FALSE(holds("celsius != 20.5"));
  EXPECT_TRUE(holds("celsius < 2.1e1"));
  EXPECT_TRUE(holds("tank <= 3"));
  EXPECT_TRUE(holds("-5 < tank"));
  EXPECT_TRUE(holds("3 == tank"));
  EXPECT_FALSE(holds("4 < tank"));
}

TEST_F(Filters, compare_whole_numbers_exactly_however_large) {
  EXPECT_TRUE(holds("id == 18446744073709551615"));
  EXPECT_FALSE(holds("id == 18446744073709551614"));
  EXPECT_TRUE(holds("id > 9223372036854775807"));
  EXPECT_TRUE(holds("id < 18446744073709551616"));
  EXPECT_TRUE(holds("id > -1"));
  EXPECT_TRUE(holds("tank > 2.5"));
  EXPECT_TRUE(holds("tank < 3.5"));
  EXPECT_FALSE(holds("tank == 3.5"));
  EXPECT_TRUE(holds("tank < id"));
}

TEST_F(Filters, round_a_number_to_f32_where_the_field_is_one) {
  EXPECT_TRUE(holds("small == 0.1"));
  EXPECT_FALSE(holds("small > 0.1"));
}

TEST_F(Filters, know_that_nan_is_unequal_to_everything) {
  ASSERT_TRUE(value.set("celsius", std::nan("")).ok());
  EXPECT_FALSE(holds("celsius == 1"));
  EXPECT_FALSE(holds("celsius < 1 or celsius >= 1"));
  EXPECT_TRUE(holds("celsius != 1"));
}

TEST_F(Filters, compare_decimals_by_value) {
  EXPECT_TRUE(holds("price == 12.5"));
  EXPECT_TRUE(holds("price == 1.25e1"));
  EXPECT_TRUE(holds("price < 12.51"));
  EXPECT_TRUE(holds("price > -13"));
  EXPECT_TRUE(holds("price < 1e100"));
  EXPECT_TRUE(holds("price > tank"));
  ASSERT_TRUE(value.set("price", "-12.50").ok());
  EXPECT_TRUE(holds("price < -12.49"));
  EXPECT_TRUE(holds("price > -12.51"));
  EXPECT_TRUE(holds("price < 0"));
}

TEST_F(Filters, join_conditions) {
  EXPECT_TRUE(holds("celsius > 20 && tank in (1, 3)"));
  EXPECT_FALSE(holds("celsius > 20 and tank in (1, 2)"));
  EXPECT_TRUE(holds("celsius > 30 or tank == 3 and running"));
  EXPECT_FALSE(holds("(celsius > 30 or tank == 3) and not running"));
  EXPECT_TRUE(holds("!(celsius > 30 || tank == 4)"));
  EXPECT_TRUE(holds("not tank == 4"));
  EXPECT_TRUE(holds("not not running"));
  EXPECT_TRUE(holds("tank not in (1, 2)"));
}

TEST_F(Filters, compare_texts_bytes_and_patterns) {
  EXPECT_TRUE(holds("name == 'pi-tank3'"));
  EXPECT_TRUE(holds("name != \"x\""));
  EXPECT_TRUE(holds("name ~ \"pi-*\""));
  EXPECT_TRUE(holds("name !~ '*tank'"));
  EXPECT_TRUE(holds("name in ('a', 'pi-tank3')"));
  EXPECT_TRUE(holds("name > 'pi'"));
  EXPECT_TRUE(holds("raw == 0x0AFF"));
  EXPECT_FALSE(holds("raw in (0x00, 0x0a)"));
}

TEST_F(Filters, compare_symbols_by_name_or_number) {
  EXPECT_TRUE(holds("state == heating"));
  EXPECT_TRUE(holds("heating == state"));
  EXPECT_TRUE(holds("state == \"heating\""));
  EXPECT_TRUE(holds("state == 1"));
  EXPECT_TRUE(holds("state in (idle, heating)"));
  EXPECT_TRUE(holds("state != before"));
  ASSERT_TRUE(value.set("state", std::int64_t{77}).ok());
  EXPECT_TRUE(holds("state == 77"));
}

TEST_F(Filters, compare_times_and_durations) {
  const Time noon = from_rfc3339("2026-11-22T12:00:00Z").value();
  EXPECT_TRUE(holds("at == 2026-11-22T11:00:00+01:00"));
  EXPECT_TRUE(holds("at < \"2026-11-22T10:00:01Z\""));
  EXPECT_TRUE(holds("at > now - 3h", noon));
  EXPECT_FALSE(holds("at > now - 1h30m", noon));
  EXPECT_TRUE(holds("at <= now", noon));
  EXPECT_TRUE(holds("now - 1h > at", noon));
  EXPECT_TRUE(holds("at < now + 5m", noon));
  EXPECT_TRUE(holds("uptime > 1h"));
  EXPECT_TRUE(holds("uptime == 90m"));
  EXPECT_TRUE(holds("uptime < 2 h"));
}

TEST_F(Filters, follow_paths) {
  EXPECT_TRUE(holds("temps.0 == 1.5"));
  EXPECT_TRUE(holds("pump.rpm > 1000"));
  EXPECT_TRUE(holds("table.\"a.b\" == 7"));
  EXPECT_TRUE(holds("event.failed == 'dry'"));
  EXPECT_TRUE(holds("fixed.1 == 0"));
  EXPECT_TRUE(holds(".in == 0"));
}

TEST_F(Filters, hold_for_nothing_that_is_not_there) {
  for (const char* expression :
       {"note == 'x'", "note != 'x'", "spare > 0", "spare <= 0", "temps.1 == 0", "table.b == 0",
        "pump.backup.rpm == 0", "event.started < now", "spare == spare", "has(note)",
        "has(pump.backup.backup)", "has(temps.5)", "note ~ '*'", "spare in (0)"})
    EXPECT_FALSE(holds(expression)) << expression;
  EXPECT_TRUE(holds("not has(note)"));
  EXPECT_TRUE(holds("has(event.failed) and not has(event.started)"));
  ASSERT_TRUE(value.set("note", "x").ok());
  ASSERT_TRUE(value.set("spare", 2.0).ok());
  EXPECT_TRUE(holds("note == 'x' and spare > 0 and has(note)"));
  EXPECT_TRUE(holds("spare != 1"));
}

TEST_F(Filters, compare_fields_with_each_other) {
  EXPECT_TRUE(holds("celsius > outer"));
  EXPECT_TRUE(holds("celsius > outer and outer < celsius"));
  EXPECT_TRUE(holds("name == event.failed or name > event.failed"));
}

TEST_F(Filters, take_a_number_in_the_unit_of_the_field) {
  EXPECT_TRUE(holds("celsius > 20Cel"));
  EXPECT_TRUE(holds("celsius > 20 Cel and tank == 3"));
  EXPECT_TRUE(holds("celsius in (20.5Cel, 21 Cel)"));
}

TEST_F(Filters, convert_a_number_in_another_unit) {
  ASSERT_TRUE(value.set("celsius", 18.0).ok());
  EXPECT_TRUE(holds("celsius > 64[degF]"));
  EXPECT_FALSE(holds("celsius > 65 [degF]"));
  EXPECT_TRUE(holds("celsius == 291.15K"));
  ASSERT_TRUE(value.set("small", 0.5).ok());
  EXPECT_TRUE(holds("small == 50kPa"));
  EXPECT_TRUE(holds("small > 499 mbar and small < 5.01e4 Pa"));
  EXPECT_EQ(error("celsius > 5 kg").code(), ErrorCode::filter);
  EXPECT_EQ(error("celsius > 5 nonsense").code(), ErrorCode::filter);
}

TEST_F(Filters, say_where_the_mistake_is) {
  EXPECT_EQ(error("celcius > 20").text(),
            "E1208 brewery.Reading has no field \"celcius\", at 1:1: \n"
            "  1 | celcius > 20\n"
            "    | ^^^^^^^ (try: did you mean \"celsius\"?)");
  EXPECT_EQ(error("celsius > 20 adn tank == 3").text(),
            "E1208 the expression is complete here, but \"tank\" is here, at 1:18: \n"
            "  1 | celsius > 20 adn tank == 3\n"
            "    |                  ^^^^ (try: join conditions with and, or)");
}

TEST_F(Filters, refuse_what_does_not_fit_the_type) {
  EXPECT_EQ(error("state == heatin").hint(), "did you mean \"heating\"?");
  EXPECT_EQ(error("state < heating").hint(), "== and != do");
  EXPECT_EQ(error("name == tank3").hint(), "a text is written in quotes: \"tank3\"");
  EXPECT_EQ(error("celsius == 'x'").what(), "celsius (f64 [Cel]) is compared with a number");
  EXPECT_EQ(error("tank == 3Cel").what(),
            "tank (i32): the field has no unit, but \"Cel\" was given");
  EXPECT_EQ(error("temps == 1").hint(), "compare a part of it, such as temps.0");
  EXPECT_EQ(error("pump == 1").hint(), "compare a part of it, such as pump.rpm");
  EXPECT_EQ(error("celsius").what(), "celsius (f64 [Cel]) is compared with nothing");
  EXPECT_EQ(error("fixed.2 == 1").what(), "\"fixed\" has 2 elements, none at index 2");
  EXPECT_EQ(error("tank == name").what(), "name (text) is not comparable with tank (i32)");
  EXPECT_EQ(error("celsius > tank").what(),
            "tank (i32) and celsius (f64 [Cel]) have different units");
  EXPECT_EQ(error("uptime > 5").code(), ErrorCode::filter);
  EXPECT_EQ(error("extra == 1").code(), ErrorCode::filter);
  EXPECT_EQ(error("tank ~ 'x'").code(), ErrorCode::filter);
  EXPECT_EQ(error("celsius == 1e999").what(), "this number is out of range");
}

TEST(FilterText, refuses_what_cannot_be_parsed_and_says_what_to_try) {
  const auto hint = [](std::string_view text) {
    const Result<void> checked = Filter::check(text, "--where");
    EXPECT_FALSE(checked.ok()) << text;
    return checked.error().hint();
  };
  EXPECT_EQ(hint("a = 1"), "==");
  EXPECT_EQ(hint("a <> 1"), "!=");
  EXPECT_EQ(hint("a => 1"), ">=");
  EXPECT_EQ(hint("1 < a < 5"), "join two with and: 1 < x and x < 5");
  EXPECT_EQ(hint("a == .5"), "0.5");
  EXPECT_EQ(hint("a == 1 2 == b"), "join conditions with and, or");
  EXPECT_EQ(hint("in == 1"), "a field of this name is written .in");
  EXPECT_EQ(hint("a in 1"), "tank in (1, 2)");
  EXPECT_EQ(hint("now - x > a"), "now - 5m");
  for (const char* text : {"",
                           "  ",
                           "(",
                           ")",
                           "a ==",
                           "a == )",
                           "a and",
                           "(a",
                           "a)",
                           "has a",
                           "has(1)",
                           "a in ()",
                           "a == 'x",
                           "a.\"x == 1",
                           "a == 64[degF",
                           "a ~ b",
                           "a == \"\\q\"",
                           "a == 0x0",
                           "1 in (1)",
                           "a == \"\xff\"",
                           "a == 2026-13-22T10:00:00Z",
                           "5",
                           "a ! b",
                           "a & b"})
    EXPECT_FALSE(Filter::check(text).ok()) << text;
}

TEST(FilterText, is_bounded) {
  const std::string open(FilterLimits::depth_max, '('), close(FilterLimits::depth_max, ')');
  EXPECT_TRUE(Filter::check(open + "a == 1" + close).ok());
  EXPECT_FALSE(Filter::check("(" + open + "a == 1" + close + ")").ok());
  std::string many = "not ";
  while (many.size() < FilterLimits::text_bytes_max - 16) many += "not ";
  EXPECT_TRUE(Filter::check(many + "a").ok());
  EXPECT_FALSE(Filter::check(std::string(FilterLimits::text_bytes_max + 1, 'a')).ok());
}

TEST(FilterText, has_one_spelling) {
  const auto spelled = [](std::string_view text) {
    return Filter::canonical(text).value_or("an error");
  };
  EXPECT_EQ(spelled("((a>1)&&(b<2||!c))"), "a > 1 and (b < 2 or not c)");
  EXPECT_EQ(spelled("(a and b) and (c and d)"), "a and b and c and d");
  EXPECT_EQ(spelled("not(a==1)"), "not a == 1");
  EXPECT_EQ(spelled("not(a==1 and b)"), "not (a == 1 and b)");
  EXPECT_EQ(spelled("a not in(1 ,2)"), "a not in (1, 2)");
  EXPECT_EQ(spelled("not a !~ 'x\"'"), "a ~ \"x\\\"\"");
  EXPECT_EQ(spelled("a > 64 [degF]"), "a > 64[degF]");
  EXPECT_EQ(spelled("a > +5 eV"), "a > 5 eV");
  EXPECT_EQ(spelled("at > now-90m"), "at > now - 1h30m");
  EXPECT_EQ(spelled("at > 2026-11-22T11:00:00+01:00"), "at > 2026-11-22T10:00:00.000000000Z");
  EXPECT_EQ(spelled(".not.x == 5m/s2"), ".not.x == 5m/s2");
  EXPECT_EQ(spelled("a == 1kJ/(kg.K)"), "a == 1kJ/(kg.K)");
}

TEST(FilterText, without_an_expression_matches_everything) {
  const Filter filter;
  EXPECT_TRUE(filter.empty());
  EXPECT_TRUE(filter.matches(nullptr));
  EXPECT_EQ(filter.print(), "");
}

}  // namespace
}  // namespace dts
