#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include <dts/format.hpp>
#include <dts/value.hpp>
#include <format/plan.hpp>

namespace dts {
namespace {

// What a subscriber makes of the publisher's JSON, over the given format.
std::string through(const std::string& format_name, const char* publisher, const char* subscriber,
                    std::string_view json) {
  const Type from = Type::parse(publisher).value(), to = Type::parse(subscriber).value();
  const Assignment assignment = Assignment::make(from, to);
  if (!assignment.readable()) return "refused: " + assignment.refusals()[0].reason;
  Value written = Value::of(from).value(), read = Value::of(to).value();
  if (const auto filled = from_json(json, written.layout(), written.data()); !filled)
    return filled.error().text();
  const Format& format = *find_format(built_in_formats(), format_name);
  Bytes message;
  format.encoder(written.layout()).value()->encode(written.data(), message).value();
  const auto decoder = format.decoder(assignment, read.layout()).value();
  if (const auto decoded = decoder->decode(message, read.data()); !decoded)
    return decoded.error().text();
  return to_json(read.layout(), read.data()).value();
}

class Plans : public testing::TestWithParam<std::string> {
 protected:
  std::string read(const char* publisher, const char* subscriber, std::string_view json) {
    return through(GetParam(), publisher, subscriber, json);
  }
};

TEST_P(Plans, widens_exactly) {
  EXPECT_EQ(read("t.T{a:i8, b:u8, c:u32, d:f32, e:i32}", "t.T{a:i64, b:i16, c:i64, d:f64, e:f64}",
                 R"({"a":-128,"b":255,"c":4294967295,"d":0.5,"e":-7})"),
            R"({"a":-128,"b":255,"c":4294967295,"d":0.5,"e":-7})");
}

TEST_P(Plans, wraps_and_unwraps_optionals) {
  EXPECT_EQ(
      read("t.T{a:i32, b:text}", "t.T{a:optional<i64>, b:optional<text>}", R"({"a":1,"b":""})"),
      R"({"a":1,"b":""})");
  EXPECT_EQ(
      read("t.T{a:optional<i32>, b:optional<text>}", "t.T{a:i32 = 9, b:text = \"none\"}", "{}"),
      R"({"a":9,"b":"none"})");
  EXPECT_EQ(read("t.T{a:optional<i32>, b:optional<text>}", "t.T{a:i32 = 9, b:text = \"none\"}",
                 R"({"a":0,"b":""})"),
            R"({"a":0,"b":""})");
}

TEST_P(Plans, fills_what_the_publisher_lacks_with_the_subscribers_default_never_with_zero) {
  EXPECT_EQ(read("t.T{a:i32}", "t.T{a:i32, b:i32 = 42, c:optional<text>}", R"({"a":1})"),
            R"({"a":1,"b":42})");
}

TEST_P(Plans, maps_symbols_by_name) {
  const char* theirs = "t.T{s:t.S}\nenum t.S{off = 0, on = 1, hot = 2}";
  EXPECT_EQ(read(theirs, "t.T{s:t.S}\nenum t.S{off = 0, on = 10}", R"({"s":"on"})"),
            R"({"s":"on"})");
  EXPECT_EQ(read(theirs, "t.T{s:t.S}\nenum t.S{off = 0, on = 10}", R"({"s":"hot"})"), R"({"s":2})");
  EXPECT_NE(read(theirs, "t.T{s:t.S}\nclosed enum t.S {off = 0, on = 10}", R"({"s":"hot"})")
                .find("closed"),
            std::string::npos);
}

TEST_P(Plans, maps_union_cases_and_leaves_an_unknown_one_empty) {
  const char* theirs = "t.T{u:t.U}\nunion t.U{a:i8, b:text, c:f64}";
  const char* ours = "t.T{u:t.U}\nunion t.U{b:text, a:i32}";
  EXPECT_EQ(read(theirs, ours, R"({"u":{"a":-5}})"), R"({"u":{"a":-5}})");
  EXPECT_EQ(read(theirs, ours, R"({"u":{"b":"x"}})"), R"({"u":{"b":"x"}})");
  EXPECT_EQ(read(theirs, ours, R"({"u":{"c":1}})"), R"({"u":{}})");
}

TEST_P(Plans, checks_the_length_of_an_array) {
  EXPECT_EQ(read("t.T{a:list<i8>}", "t.T{a:array<i16,2>}", R"({"a":[1,2]})"), R"({"a":[1,2]})");
  EXPECT_NE(read("t.T{a:list<i8>}", "t.T{a:array<i16,2>}", R"({"a":[1,2,3]})").find("elements"),
            std::string::npos);
  EXPECT_NE(read("t.T{a:list<i8>}", "t.T{a:array<i16,2>}", R"({"a":[1]})").find("elements"),
            std::string::npos);
  EXPECT_EQ(read("t.T{a:array<i8,2>}", "t.T{a:list<i8>}", R"({"a":[1,2]})"), R"({"a":[1,2]})");
}

TEST_P(Plans, cuts_a_list_that_is_too_long_when_asked_to) {
  for (const char* element : {"i8", "i16", "text", "f64"}) {
    const std::string from =
        "t.T{a:list<" + std::string(element == std::string("i16") ? "i8" : element) + ">, b:i32}";
    const std::string to = "t.T{trim a:array<" + std::string(element) + ",2>, b:i32}";
    const bool text = element == std::string("text");
    EXPECT_EQ(read(from.c_str(), to.c_str(),
                   text ? R"({"a":["1","2","3"],"b":7})" : R"({"a":[1,2,3],"b":7})"),
              text ? R"({"a":["1","2"],"b":7})" : R"({"a":[1,2],"b":7})");
    EXPECT_NE(read(from.c_str(), to.c_str(), text ? R"({"a":["1"],"b":7})" : R"({"a":[1],"b":7})")
                  .find("1 elements, not 2"),
              std::string::npos);
  }
  EXPECT_EQ(
      read("t.T{a:array<i8,3>, b:i8}", "t.T{trim a:array<i8,2>, b:i8}", R"({"a":[1,2,3],"b":4})"),
      R"({"a":[1,2],"b":4})");
}

TEST_P(Plans, narrows_what_fits_and_discards_the_message_otherwise) {
  const char* theirs = "t.T{a:i64, b:i32, c:f64, d:u64}";
  const char* ours = "t.T{narrow a:i8, narrow b:u32, narrow c:f32, narrow d:f64}";
  EXPECT_EQ(read(theirs, ours, R"({"a":-128,"b":5,"c":0.1,"d":9007199254740992})"),
            R"({"a":-128,"b":5,"c":0.1,"d":9007199254740992})");
  EXPECT_NE(read(theirs, ours, R"({"a":128,"b":5,"c":0,"d":0})").find("128 does not fit i8"),
            std::string::npos);
  EXPECT_NE(read(theirs, ours, R"({"a":0,"b":-1,"c":0,"d":0})").find("-1 does not fit u32"),
            std::string::npos);
  EXPECT_NE(read(theirs, ours, R"({"a":0,"b":0,"c":1e300,"d":0})").find("1e+300 does not fit f32"),
            std::string::npos);
  EXPECT_NE(read(theirs, ours, R"({"a":0,"b":0,"c":0,"d":"9007199254740993"})")
                .find("9007199254740993 does not fit f64"),
            std::string::npos);
  EXPECT_NE(read(theirs, ours, R"({"a":0,"b":0,"c":0,"d":"18446744073709551615"})")
                .find("does not fit f64"),
            std::string::npos);
  EXPECT_EQ(read("t.T{a:i32?, b:i8}", "t.T{narrow a:i32, b:i8}", R"({"a":5,"b":1})"),
            R"({"a":5,"b":1})");
  EXPECT_NE(read("t.T{a:i32?, b:i8}", "t.T{narrow a:i32, b:i8}", R"({"b":1})").find("no value"),
            std::string::npos);
}

TEST_P(Plans, takes_the_default_for_what_does_not_fit_when_asked_to) {
  EXPECT_EQ(read("t.T{a:i64, b:text}", "t.T{narrow use_default a:i8 = -1, b:text}",
                 R"({"a":1000,"b":"x"})"),
            R"({"a":-1,"b":"x"})");
  EXPECT_EQ(
      read("t.T{a:i64, b:text}", "t.T{narrow use_default a:i8?, b:text}", R"({"a":1000,"b":"x"})"),
      R"({"b":"x"})");
  EXPECT_EQ(read("t.T{a:list<i64>, b:text}", "t.T{narrow use_default a:list<i8> = [9], b:text}",
                 R"({"a":[1,2,1000,3],"b":"x"})"),
            R"({"a":[9],"b":"x"})");
  EXPECT_EQ(
      read("t.T{a:list<text>, b:text}", "t.T{use_default a:array<text,2> = [\"p\", \"q\"], b:text}",
           R"({"a":["1","2","3"],"b":"x"})"),
      R"({"a":["p","q"],"b":"x"})");
  EXPECT_EQ(read("t.T{s:t.S, b:text}; enum t.S{off, on, hot}",
                 "t.T{use_default s:t.S = off, b:text}; closed enum t.S{off, on}",
                 R"({"s":"hot","b":"x"})"),
            R"({"s":"off","b":"x"})");
  EXPECT_EQ(read("t.T{u:t.U, b:text}; union t.U{a:i8, n:text}",
                 "t.T{use_default u:t.U = a(3), b:text}; closed union t.U{a:i8}",
                 R"({"u":{"n":"new"},"b":"x"})"),
            R"({"u":{"a":3},"b":"x"})");
}

TEST_P(Plans, lets_a_field_take_its_default_for_what_does_not_fit_deep_within) {
  const char* theirs = "t.T{p:t.P, b:text}; t.P{q:map<text, list<i64>>, r:text}";
  const char* ours = "t.T{use_default p:t.P?, b:text}; t.P{narrow q:map<text, list<i8>>, r:text}";
  EXPECT_EQ(read(theirs, ours, R"({"p":{"q":{"k":[1,2]},"r":"r"},"b":"x"})"),
            R"({"p":{"q":{"k":[1,2]},"r":"r"},"b":"x"})");
  EXPECT_EQ(read(theirs, ours, R"({"p":{"q":{"k":[1,2,300,4]},"r":"r"},"b":"x"})"), R"({"b":"x"})");
}

TEST_P(Plans, converts_units_on_the_way) {
  EXPECT_EQ(read("t.T{a:f64 [[degF]], b:list<f32> [bar], c:map<text, i32> [m], d:f64? [mm]}",
                 "t.T{a:f64 [Cel], b:list<f64> [kPa], c:map<text, f64> [km], d:f64? [m]}",
                 R"({"a":212,"b":[1,2.5],"c":{"k":1500},"d":5})"),
            R"({"a":100,"b":[100,250],"c":{"k":1.5},"d":0.005})");
  EXPECT_EQ(read("t.T{a:i32 [m], b:u8 [min]}", "t.T{a:i32 [mm], b:u16 [s]}", R"({"a":-5,"b":255})"),
            R"({"a":-5000,"b":15300})");
  EXPECT_NE(read("t.T{a:i32 [m]}", "t.T{a:i32 [mm]}", R"({"a":3000000})")
                .find("3000000000 does not fit i32"),
            std::string::npos);
  EXPECT_EQ(read("t.T{a:i32 [m], b:i8}", "t.T{use_default a:i32 [mm] = 7, b:i8}",
                 R"({"a":3000000,"b":1})"),
            R"({"a":7,"b":1})");
}

TEST_P(Plans, converts_the_publishers_default_as_well) {
  EXPECT_EQ(read("t.T{a:f64 [[degF]] = 32, b:i8}", "t.T{a:f64 [Cel] = 99, b:i8}", R"({"b":1})"),
            R"({"a":0,"b":1})");
}

TEST_P(Plans, reads_recursive_types) {
  EXPECT_EQ(
      read("t.N{v:i8, kids:list<t.N>}", "t.N{v:i64, kids:list<t.N>, note:text = \"-\"}",
           R"({"v":1,"kids":[{"v":2,"kids":[]},{"v":3,"kids":[{"v":4,"kids":[]}]}]})"),
      R"({"v":1,"kids":[{"v":2,"kids":[],"note":"-"},{"v":3,"kids":[{"v":4,"kids":[],"note":"-"}],"note":"-"}],"note":"-"})");
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const Format* format : built_in_formats()) {
    if (format->name() != "raw") names.emplace_back(format->name());
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Formats, Plans, testing::ValuesIn(format_names()),
                         [](const auto& row) { return row.param; });

}  // namespace
}  // namespace dts
