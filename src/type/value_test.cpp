// Values by path: reading, setting, texts, and what the errors say.
#include <dts/value.hpp>

#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <type/scalar_text.hpp>

namespace dts {
namespace {

using testing::HasSubstr;

Value make(std::string_view notation) {
  Result<Type> type = Type::parse(notation);
  EXPECT_TRUE(type) << type.error().text();
  return Value::of(type.value()).value();
}

Value tank() {
  return make(
      "brewery.Tank { celsius : f64 [Cel] = 18.5, level : i32, pressure : f32, name : text, "
      "state : brewery.State, readings : list<i16>, corners : array<brewery.Point, 2>, labels : "
      "map<text, text>, slots : map<u8, brewery.Point>, spare : optional<brewery.Point>, limit : "
      "optional<f64>, command : brewery.Command, big : u64, at : time, every : duration, price : "
      "decimal, raw : bytes, on : bool, note : optional<text> }"
      "enum brewery.State { idle = 0, heating = 1, cooling = 2 }"
      "brewery.Point { x : i32 = 3, y : i32 }"
      "union brewery.Command { heat : brewery.Point, stop : bool }");
}

template <class T>
std::string error_of(const Result<T>& result) {
  return result ? "no error" : result.error().text();
}

TEST(Value, starts_with_the_declared_defaults) {
  const Value value = tank();
  EXPECT_EQ(value.number("celsius").value(), 18.5);
  EXPECT_EQ(value.integer("level").value(), 0);
  EXPECT_EQ(value.integer("corners.1.x").value(), 3);
  EXPECT_EQ(value.text("spare").value(), "none");
}

TEST(Value, applies_defaults_to_what_it_makes) {
  Value value = tank();
  ASSERT_TRUE(value.set("spare.y", 1));
  EXPECT_EQ(value.integer("spare.x").value(), 3);
  ASSERT_TRUE(value.set("slots.7.y", 1));
  EXPECT_EQ(value.integer("slots.7.x").value(), 3);
  ASSERT_TRUE(value.set("command.heat.y", 1));
  EXPECT_EQ(value.integer("command.heat.x").value(), 3);
}

TEST(Value, tells_which_field_was_meant) {
  const Value value = tank();
  const Result<double> result = value.number("celcius");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::unknown_field);
  EXPECT_THAT(error_of(result), HasSubstr("brewery.Tank has no field \"celcius\""));
  EXPECT_THAT(error_of(result), HasSubstr("did you mean \"celsius\"?"));
  EXPECT_THAT(error_of(value.number("corners.0.height")), HasSubstr("it has x, y"));
  EXPECT_THAT(error_of(value.number("command.haet")), HasSubstr("no case \"haet\""));
}

TEST(Value, says_what_is_missing_on_the_way) {
  const Value value = tank();
  for (const auto& [path, message] : std::vector<std::pair<const char*, const char*>>{
           {"spare.x", "\"spare\" is empty"},
           {"readings.0", "\"readings\" has 0 elements, none at index 0"},
           {"corners.2.x", "\"corners\" has 2 elements, none at index 2"},
           {"labels.a", "\"labels\" has no key \"a\""},
           {"command.stop", "\"command\" holds no case"},
           {"limit", "\"limit\" is empty"}}) {
    const Result<double> result = value.number(path);
    ASSERT_FALSE(result) << path;
    EXPECT_EQ(result.error().code(), ErrorCode::missing_field) << path;
    EXPECT_THAT(result.error().text(), HasSubstr(message));
    EXPECT_EQ(result.error().where(), path);
  }
}

TEST(Value, refuses_paths_that_make_no_sense) {
  Value value = tank();
  for (const char* path : {"celsius.x", "readings.first", "readings.-1", "slots.red", "slots.256.x",
                           "labels.\"open", "labels.\"a\"b", "labels.", ".", "..", "level."}) {
    EXPECT_FALSE(value.set(path, 1)) << path;
    EXPECT_FALSE(value.text(path)) << path;
  }
}

TEST(Value, appends_to_lists_but_leaves_no_holes) {
  Value value = tank();
  ASSERT_TRUE(value.set("readings.0", 5));
  ASSERT_TRUE(value.set("readings.1", 6));
  EXPECT_FALSE(value.set("readings.3", 6));
  EXPECT_FALSE(value.set("corners.2.x", 6));
  EXPECT_EQ(value.integer("readings.1").value(), 6);
}

TEST(Value, takes_keys_with_dots_in_quotes) {
  Value value = tank();
  ASSERT_TRUE(value.set("labels.\"a.b\"", "x"));
  EXPECT_EQ(value.text("labels.\"a.b\"").value(), "x");
  ASSERT_TRUE(value.set("slots.7.x", 4));
  EXPECT_EQ(value.integer("slots.7.x").value(), 4);
}

TEST(Value, gives_the_whole_for_the_empty_path) {
  Value value = tank();
  EXPECT_EQ(value.at("").value().pointer, value.data());
}

TEST(Value, converts_numbers_only_when_exact) {
  Value value = tank();
  EXPECT_TRUE(value.set("level", 3.0));
  EXPECT_FALSE(value.set("level", 3.5));
  EXPECT_FALSE(value.set("level", 3e10));
  EXPECT_FALSE(value.set("level", std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(value.set("level", std::int64_t{1} << 40));
  EXPECT_EQ(value.integer("level").value(), 3);
  EXPECT_TRUE(value.set("celsius", 7));
  EXPECT_FALSE(value.set("celsius", (std::int64_t{1} << 53) + 1));
  EXPECT_TRUE(value.set("pressure", 0.1));
  EXPECT_FALSE(value.set("pressure", 1e300));
  EXPECT_TRUE(value.set("pressure", std::numeric_limits<double>::infinity()));
  EXPECT_FALSE(value.set("big", -1));
  EXPECT_FALSE(value.set("big", 0x1p64));
  EXPECT_TRUE(value.set("big", 0x1p63));
  EXPECT_FALSE(value.number("name"));
  EXPECT_FALSE(value.integer("celsius.x"));
  EXPECT_FALSE(value.set("on", 1));
  EXPECT_TRUE(value.set("on", true));
  EXPECT_EQ(value.integer("on").value(), 1);
}

TEST(Value, reads_numbers_only_when_exact) {
  Value value = tank();
  ASSERT_TRUE(value.set("big", "9007199254740993"));
  EXPECT_FALSE(value.number("big"));
  EXPECT_EQ(value.integer("big").value(), 9007199254740993);
  ASSERT_TRUE(value.set("big", "18446744073709551615"));
  EXPECT_FALSE(value.integer("big"));
  ASSERT_TRUE(value.set("celsius", 2.5));
  EXPECT_FALSE(value.integer("celsius"));
  ASSERT_TRUE(value.set("level", "-2147483648"));
  EXPECT_EQ(value.number("level").value(), -2147483648.0);
}

// Each text, set and printed again.
TEST(Value, writes_what_it_reads) {
  Value value = tank();
  for (const auto& [path, text, printed] :
       std::vector<std::tuple<const char*, const char*, const char*>>{
           {"celsius", "18.4", "18.4"},
           {"celsius", "+1e3", "1000"},
           {"celsius", "nan", "nan"},
           {"celsius", "-inf", "-inf"},
           {"pressure", "0.1", "0.1"},
           {"level", "-12", "-12"},
           {"level", "+12", "12"},
           {"level", "-0", "0"},
           {"big", "18446744073709551615", "18446744073709551615"},
           {"on", "true", "true"},
           {"name", "none", "none"},
           {"name", "", ""},
           {"state", "heating", "heating"},
           {"state", "2", "cooling"},
           {"state", "77", "77"},
           {"at", "2026-11-22T11:00:00+01:00", "2026-11-22T10:00:00.000000000Z"},
           {"every", "500ms", "500ms"},
           {"every", "90s", "1m30s"},
           {"price", "12.50", "12.50"},
           {"price", "-0.05", "-0.05"},
           {"price", "3e20", "3e20"},
           {"raw", "0x00fF", "0x00ff"},
           {"raw", "base64:AP8=", "0x00ff"},
           {"raw", "0x", "0x"},
           {"limit", "2.5", "2.5"},
           {"limit", "none", "none"},
           {"note", "none", "none"}}) {
    const Result<void> set = value.set(path, text);
    EXPECT_TRUE(set) << path << " = " << text << ": " << error_of(set);
    EXPECT_EQ(value.text(path).value(), printed) << path;
  }
  EXPECT_TRUE(value.at("note").value().layout->functions.get(*value.at("note").value().layout,
                                                             value.at("note").value().pointer));
}

TEST(Value, refuses_texts_that_do_not_fit_and_stays_as_it_was) {
  Value value = tank();
  ASSERT_TRUE(value.set("raw", "0x01"));
  const Value before = value;
  for (const auto& [path, text, message] :
       std::vector<std::tuple<const char*, const char*, const char*>>{
           {"celsius", "warm", "\"warm\" is not a number"},
           {"celsius", "18,4", "use a decimal point"},
           {"celsius", "", "is not a number"},
           {"celsius", "+-1", "is not a number"},
           {"celsius", "1e999", "within the range of f64"},
           {"pressure", "1e60", "within the range of f32"},
           {"level", "1.5", "is not a whole number (i32)"},
           {"level", "2147483648", "within the range of i32"},
           {"level", "-99999999999999999999", "within the range of i32"},
           {"big", "-1", "within the range of u64"},
           {"on", "yes", "true or false"},
           {"state", "heatin", "did you mean \"heating\"? One of idle, heating, cooling"},
           {"every", "5", ""},
           {"at", "noon", ""},
           {"price", "1.2.3", "decimal"},
           {"price", "99999999999999999999", "within the range of decimal"},
           {"price", "1e200", "within the range of decimal"},
           {"raw", "0x0", "odd number of hex digits"},
           {"raw", "0xzz", "not a hex digit"},
           {"raw", "abc", "base64:"},
           {"raw", "base64:A", "ends in the middle"},
           {"raw", "base64:AB==", "ends in the middle"},
           {"name", "\xff", "UTF-8"},
           {"limit", "x", "is not a number"},
           {"readings", "1", "cannot be set as one text"},
           {"command", "stop", "cannot be set as one text"}}) {
    const Result<void> set = value.set(path, text);
    ASSERT_FALSE(set) << path << " = " << text;
    EXPECT_THAT(set.error().text(), HasSubstr(message));
    EXPECT_THAT(set.error().where(), HasSubstr(path));
    EXPECT_EQ(value, before) << path << " = " << text;
  }
}

TEST(Value, refuses_unknown_numbers_of_a_closed_enumeration) {
  Value value = make("a.B { s : a.S } closed enum a.S { idle = 0, busy = 4 }");
  EXPECT_TRUE(value.set("s", "4"));
  EXPECT_FALSE(value.set("s", "3"));
  EXPECT_FALSE(value.set("s", 3));
  EXPECT_TRUE(value.set("s", 0));
}

TEST(Value, shows_hostile_text_harmlessly_in_errors) {
  Value value = tank();
  const Result<void> set = value.set("level", "\x1b[2J");
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().text().find('\x1b'), std::string::npos);
  EXPECT_EQ(value.set("le\x1bvel", 1).error().text().find('\x1b'), std::string::npos);
}

TEST(Value, clears_back_to_the_default) {
  Value value = tank();
  const Value fresh = tank();
  ASSERT_TRUE(value.set("celsius", 7));
  ASSERT_TRUE(value.set("spare.y", 7));
  ASSERT_TRUE(value.set("corners.1.x", 9));
  ASSERT_TRUE(value.set("readings.0", 9));
  for (const char* path : {"celsius", "spare", "corners.1", "readings"}) {
    ASSERT_TRUE(value.clear(path)) << path;
  }
  EXPECT_TRUE(equal(value.layout(), value.data(), Value(value.layout_ptr()).data()));
  ASSERT_TRUE(value.set("celsius", 7));
  ASSERT_TRUE(value.clear(""));
  EXPECT_EQ(value.number("celsius").value(), fresh.number("celsius").value());
}

TEST(Value, copies_and_moves_like_a_value) {
  Value a = tank();
  ASSERT_TRUE(a.set("name", "a rather long name for a tank, longer than a small string"));
  Value b = a;
  EXPECT_EQ(a, b);
  ASSERT_TRUE(b.set("level", 9));
  EXPECT_FALSE(a == b);
  Value c = std::move(b);
  EXPECT_FALSE(b.valid());
  EXPECT_EQ(c.integer("level").value(), 9);
  b = c;
  EXPECT_EQ(b, c);
  b = Value();
  EXPECT_FALSE(b.valid());
  EXPECT_FALSE(b.number("level"));
  EXPECT_EQ(b, Value());
}

TEST(Value, is_equal_to_a_value_of_the_same_type_made_apart) {
  EXPECT_EQ(tank(), tank());
  EXPECT_FALSE(tank() == make("brewery.Tank { celsius : f64 }"));
}

TEST(Decimal, keeps_every_digit) {
  for (const char* text : {"0", "0.00", "12.340", "-0.001", "9223372036854775807", "12e5",
                           "-9223372036854775808", "1e-30"}) {
    const Result<Decimal> decimal = decimal_from_text(text);
    ASSERT_TRUE(decimal) << text;
    EXPECT_EQ(decimal_to_text(*decimal), text);
  }
  EXPECT_EQ(decimal_from_text("1.5e3").value(), (Decimal{15, 2}));
  for (const char* text : {"", "-", ".", "e5", "1e", "--1", "1..2", "+-1", "1 "}) {
    EXPECT_FALSE(decimal_from_text(text)) << text;
  }
}

}  // namespace
}  // namespace dts
