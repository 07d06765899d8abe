// What a subscriber declares beside its type: former names, and what becomes of values that do not
// fit.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>

#include <dts/assignment.hpp>
#include <dts/declare.hpp>

namespace {

struct Wishful {
  std::int8_t level = 0;
  std::array<float, 2> recent{};
  std::optional<std::int32_t> note;
  static constexpr auto dts = dts::type(
      "test.Wishful",
      dts::field(&Wishful::level).narrow().use_default().default_value(7).alias("fill_level"),
      dts::field(&Wishful::recent).trim(), dts::field(&Wishful::note).narrow().use_default());
};

TEST(Wishes, are_declared_in_cpp_outside_the_identity) {
  const dts::Type& type = dts::type_of<Wishful>();
  EXPECT_EQ(type.print(dts::Type::Style::one_line),
            "test.Wishful{narrow use_default level|fill_level:i8=7, trim recent:array<f32, 2>, "
            "narrow use_default note:optional<i32>}");
  EXPECT_EQ(type.id(),
            dts::Type::parse("test.Wishful{level:i8=7, recent:array<f32, 2>, note:i32?}")->id());
}

TEST(Wishes, of_the_subscriber_count_and_those_of_the_publisher_do_not) {
  const dts::Type& wishful = dts::type_of<Wishful>();
  const dts::Type wide =
      *dts::Type::parse("test.Wishful{fill_level:i64, recent:list<f32>, note:i64?}");
  EXPECT_EQ(dts::Assignment::make(wide, wishful).outcome(), dts::Outcome::checked);
  const dts::Type narrow =
      *dts::Type::parse("test.Wishful{level:i8=7, recent:array<f32, 1>, note:i8?}");
  EXPECT_EQ(dts::Assignment::make(wishful, narrow).outcome(), dts::Outcome::refused);
}

}  // namespace
