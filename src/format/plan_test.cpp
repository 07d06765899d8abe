#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include <dts/format.hpp>
#include <dts/value.hpp>
#include <format/plan.hpp>

namespace dts {
namespace {

// What a subscriber makes of the publisher's JSON, over the given format.
std::string through(const char* format_name, const char* publisher, const char* subscriber,
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

// A value in another unit, stored as the kind given.
template <class From, class To>
std::string stored(From value, double scale, double offset, Kind kind, To& to) {
  Layout layout;
  layout.kind = kind;
  format::PlanStep step;
  step.affine = true;
  step.scale = scale;
  step.offset = offset;
  step.to = &layout;
  format::Failure failure;
  bool fine;
  if constexpr (std::is_floating_point_v<From>)
    fine = format::store_real(step, &to, value, failure);
  else
    fine = format::store_signed(step, &to, value, failure);
  return fine ? "" : failure.what;
}

TEST(Store, converts_units) {
  double real = 0;
  EXPECT_EQ(stored(1.5, 1000, 0, Kind::f64, real), "");
  EXPECT_EQ(real, 1500);
  EXPECT_EQ(stored(20, 1, 273.15, Kind::f64, real), "");
  EXPECT_EQ(real, 293.15);
  std::int32_t whole = 0;
  EXPECT_EQ(stored(5, 1000, 0, Kind::i32, whole), "");
  EXPECT_EQ(whole, 5000);
}

TEST(Store, refuses_a_conversion_that_would_round_or_overflow) {
  std::int32_t whole = 0;
  EXPECT_NE(stored(5, 0.5, 0, Kind::i32, whole), "");
  EXPECT_NE(stored(3'000'000, 1000, 0, Kind::i32, whole), "");
  std::int64_t wide = 0;
  EXPECT_NE(stored(std::numeric_limits<std::int64_t>::max(), 1000, 0, Kind::i64, wide), "");
  EXPECT_EQ(stored(std::numeric_limits<std::int64_t>::min(), 1, 0, Kind::i64, wide), "");
  EXPECT_EQ(wide, std::numeric_limits<std::int64_t>::min());
  float small = 0;
  EXPECT_NE(stored(1e300, 1, 0, Kind::f32, small), "");
}

class Plans : public testing::TestWithParam<const char*> {
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

TEST_P(Plans, reads_recursive_types) {
  EXPECT_EQ(
      read("t.N{v:i8, kids:list<t.N>}", "t.N{v:i64, kids:list<t.N>, note:text = \"-\"}",
           R"({"v":1,"kids":[{"v":2,"kids":[]},{"v":3,"kids":[{"v":4,"kids":[]}]}]})"),
      R"({"v":1,"kids":[{"v":2,"kids":[],"note":"-"},{"v":3,"kids":[{"v":4,"kids":[],"note":"-"}],"note":"-"}],"note":"-"})");
}

INSTANTIATE_TEST_SUITE_P(Formats, Plans, testing::Values("capnproto", "json"),
                         [](const auto& row) { return std::string(row.param); });

}  // namespace
}  // namespace dts
