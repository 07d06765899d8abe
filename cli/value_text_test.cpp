#include <cli/value_text.hpp>

#include <gtest/gtest.h>

#include <cli/sample_lines.hpp>
#include <cli/value_input.hpp>

namespace dts::cli {
namespace {

Value value_of(std::string_view notation, std::string_view json) {
  return ValueInput(Type::parse(notation).value(), true).from_json(json).value();
}
std::string line_of(std::string_view notation, std::string_view json, LeafOptions options = {}) {
  return leaves_line(leaves(value_of(notation, json), options), true);
}

TEST(ValueText, shows_every_kind_on_one_line) {
  EXPECT_EQ(line_of("T{celsius:f64[Cel], tank:i32}", R"({"celsius":18.062,"tank":3})"),
            "celsius 18.062 °C   tank 3");
  EXPECT_EQ(line_of("T{a:bool, b:text, c:text, d:bytes}",
                    R"({"a":true,"b":"x","c":"two words","d":"AAH/"})"),
            "a true   b x   c \"two words\"   d 0x0001ff");
  EXPECT_EQ(line_of("T{a:time, b:duration}", R"({"a":"2026-11-22T10:00:00Z","b":"1.5s"})"),
            "a 2026-11-22T10:00:00.000000000Z   b 1s500ms");
  EXPECT_EQ(line_of("T{a:f32, b:u64, c:i8}", R"({"a":0.1,"b":"18446744073709551615","c":-1})"),
            "a 0.1   b 18446744073709551615   c -1");
}

TEST(ValueText, goes_into_structs_lists_and_optionals) {
  EXPECT_EQ(line_of("T{p:P} P{x:f64, y:f64}", R"({"p":{"x":1,"y":2}})"), "p.x 1   p.y 2");
  EXPECT_EQ(line_of("T{xs:list<i32>}", R"({"xs":[1,2,3]})"), "xs [1, 2, 3]");
  EXPECT_EQ(line_of("T{xs:list<P>} P{x:f64}", R"({"xs":[{"x":1}]})"), "xs [{x 1}]");
  EXPECT_EQ(line_of("T{a:optional<f64>, b:optional<f64>}", R"({"a":1.5})"), "a 1.5   b -");
  EXPECT_EQ(line_of("T{m:map<text,i32>}", R"({"m":{"a":1}})"), "m {a: 1}");
}

TEST(ValueText, shows_enums_by_symbol) {
  EXPECT_EQ(line_of("T{s:S} enum S{idle=0, heating=1}", R"({"s":"heating"})"), "s heating");
}

TEST(ValueText, cuts_long_lists_and_says_how_long_they_are) {
  LeafOptions options;
  options.elements_max = 2;
  EXPECT_EQ(line_of("T{xs:list<i32>}", R"({"xs":[1,2,3]})", options), "xs [1, 2, ... (3)]");
}

TEST(ValueText, shows_only_the_fields_asked_for) {
  LeafOptions options;
  options.only = {"p", "b"};
  EXPECT_EQ(line_of("T{p:P, a:i32, b:i32} P{x:f64}", R"({"p":{"x":1},"a":2,"b":3})", options),
            "p.x 1   b 3");
  EXPECT_EQ(JsonEncoder()
                .encode(value_of("T{p:P, a:i32} P{x:f64}", R"({"p":{"x":1.5},"a":2})"), {"p.x"})
                .value(),
            R"({"p.x":1.5})");
}

TEST(ValueText, checks_field_paths_against_the_type) {
  const Type type = Type::parse("T{p:P, a:i32} P{x:f64}").value();
  EXPECT_TRUE(check_paths(type, {"a", "p", "p.x"}, true));
  for (const char* path : {"b", "p.y", "a.x"}) {
    const auto checked = check_paths(type, {path}, true);
    ASSERT_FALSE(checked) << path;
    EXPECT_EQ(checked.error().code(), ErrorCode::unknown_field) << path;
  }
}

TEST(ValueText, text_from_the_network_cannot_steer_a_terminal) {
  EXPECT_EQ(line_of("T{a:text}", R"({"a":"x\u001b[2J"})"), "a x\\x1b[2J");
}

class SampleLinesTest : public testing::Test {
 protected:
  SampleLinesTest() {
    source_.name = "pi-tank3/w1";
    source_.type_name = "Temperature";
    source_.labels = {{"room", "koji"}, {"tank", "3"}};
    value_ = value_of("Temperature{celsius:f64[Cel], tank:i32}", R"({"celsius":18.062,"tank":3})");
    source_.type = value_.type().id();
  }
  Received received() const {
    return {value_, source_, 1042, Time{Duration(1'763'807'088'123'456'789)},
            Time{Duration(1'763'807'088'123'868'789)}};
  }
  Source source_;
  Value value_;
};

TEST_F(SampleLinesTest, a_line_has_time_source_fields_and_the_labels_that_are_no_fields) {
  OutputStyle style;
  style.time_form = TimeForm::seconds;
  Output out(style);
  SampleLines lines(out, {}, false);
  EXPECT_EQ(lines.line(received()),
            "1763807088.123456789  pi-tank3/w1   celsius 18.062 °C   tank 3   room=koji");
}

TEST_F(SampleLinesTest, several_types_are_told_apart) {
  OutputStyle style;
  style.time_form = TimeForm::seconds;
  Output out(style);
  SampleLines lines(out, {"celsius"}, true);
  EXPECT_EQ(lines.line(received()),
            "1763807088.123456789  Temperature  pi-tank3/w1   celsius 18.062 °C   room=koji   "
            "tank=3");
}

}  // namespace
}  // namespace dts::cli
