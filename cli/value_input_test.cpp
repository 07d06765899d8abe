#include <cli/value_input.hpp>

#include <gtest/gtest.h>

#include <cli/output.hpp>
#include <cli/value_text.hpp>

namespace dts::cli {
namespace {

ValueInput input(std::string_view notation) {
  return ValueInput(Type::parse(notation).value(), true);
}
ValueInput temperature() { return input("Temperature{celsius:f64[Cel], tank:i32=0}"); }

// The value as JSON, or the error's id and words.
std::string given(ValueInput in, const Pairs& pairs) {
  const auto value = in.from_pairs(pairs);
  return value ? JsonEncoder().encode(*value).value() : value.error().text();
}
std::string from_json(ValueInput in, std::string_view json) {
  const auto value = in.from_json(json);
  return value ? JsonEncoder().encode(*value).value() : value.error().text();
}

TEST(ValueInput, sets_fields_and_keeps_defaults) {
  EXPECT_EQ(given(temperature(), {{"celsius", "12.4"}}), R"({"celsius":12.4,"tank":0})");
  EXPECT_EQ(given(temperature(), {{"celsius", "12.4"}, {"tank", "9"}}),
            R"({"celsius":12.4,"tank":9})");
}

TEST(ValueInput, refuses_an_unknown_field_with_the_nearest) {
  EXPECT_EQ(given(temperature(), {{"celcius", "12"}}),
            "E1204 Temperature has no field \"celcius\": fields: celsius, tank (try: did you mean "
            "\"celsius\" (f64, °C)?)");
}

TEST(ValueInput, prints_an_unknown_field_on_one_line) {
  const auto value = temperature().from_pairs({{"celcius", "12"}});
  ASSERT_FALSE(value);
  EXPECT_EQ(error_lines(value.error()),
            "E1204 Temperature has no field \"celcius\";  did you mean \"celsius\" (f64, °C)?"
            "      fields: celsius, tank");
}

TEST(ValueInput, never_fills_in_a_field_without_a_default) {
  const auto value = temperature().from_pairs({{"tank", "1"}});
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code(), ErrorCode::missing_field);
  EXPECT_EQ(value.error().what(), "Temperature needs \"celsius\" (f64, °C)");
  EXPECT_EQ(temperature().from_json("{}").error().code(), ErrorCode::missing_field);
}

TEST(ValueInput, takes_a_number_with_the_fields_own_unit) {
  for (const char* text : {"18Cel", "18 Cel", "18°C", "18 C"}) {
    EXPECT_EQ(given(temperature(), {{"celsius", text}}), R"({"celsius":18,"tank":0})") << text;
  }
}

TEST(ValueInput, refuses_another_unit_and_says_which_is_right) {
  const auto value = temperature().from_pairs({{"celsius", "64[degF]"}});
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code(), ErrorCode::wrong_value);
  EXPECT_EQ(value.error().what(), "Temperature.celsius is in °C (Cel), not in \"[degF]\"");
  const auto unitless = temperature().from_pairs({{"celsius", "1"}, {"tank", "3Cel"}});
  ASSERT_FALSE(unitless);
  EXPECT_EQ(unitless.error().what(), "Temperature.tank has no unit, but \"Cel\" was given");
}

TEST(ValueInput, refuses_numbers_that_do_not_fit) {
  for (const char* text : {"99999999999", "1.5", "x", ""}) {
    const auto value = temperature().from_pairs({{"celsius", "1"}, {"tank", text}});
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code(), ErrorCode::wrong_value) << text;
  }
}

TEST(ValueInput, takes_lists_and_structs_as_json) {
  EXPECT_EQ(given(input("T{a:i32, xs:list<f64>}"), {{"xs", "[1,2.5]"}, {"a", "3"}}),
            R"({"a":3,"xs":[1,2.5]})");
  EXPECT_EQ(given(input("T{p:P} P{x:f64}"), {{"p", "{\"x\":1}"}}), R"({"p":{"x":1}})");
  EXPECT_EQ(given(input("T{note:text}"), {{"note", "{braces}"}}), R"({"note":"{braces}"})");
  EXPECT_NE(given(input("T{xs:list<f64>}"), {{"xs", "[1,"}}).find("it is not JSON"),
            std::string::npos);
}

TEST(ValueInput, sets_nested_fields_by_path) {
  EXPECT_EQ(given(input("T{p:P} P{x:f64}"), {{"p.x", "1.5"}}), R"({"p":{"x":1.5}})");
}

TEST(ValueInput, reads_json) {
  EXPECT_EQ(from_json(temperature(), R"({"tank":2,"celsius":1.5})"), R"({"celsius":1.5,"tank":2})");
  EXPECT_EQ(from_json(temperature(), R"({"celcius":1})").substr(0, 5), "E1204");
  EXPECT_EQ(from_json(temperature(), "[]").substr(0, 5), "E1205");
  EXPECT_EQ(from_json(temperature(), "{").substr(0, 5), "E1205");
}

}  // namespace
}  // namespace dts::cli
