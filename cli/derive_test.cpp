#include <cli/derive.hpp>

#include <gtest/gtest.h>

namespace dts::cli {
namespace {

std::string derived(std::string_view json) {
  const auto type = type_from_json("Note", json);
  return type ? type->print(Type::Style::one_line) : type.error().text();
}

TEST(Derive, reads_scalars_by_how_they_look) {
  EXPECT_EQ(derived(R"({"a":1,"b":1.5,"c":true,"d":"x","e":"2026-11-22T10:00:00Z"})"),
            "Note{a:i64, b:f64, c:bool, d:text, e:time}");
  EXPECT_EQ(derived(R"({"a":18446744073709551615})"), "Note{a:u64}");
}

TEST(Derive, names_nested_objects_after_their_field) {
  const auto type = type_from_json("Note", R"({"pos":{"x":1.0,"y":2.0}})");
  ASSERT_TRUE(type) << type.error().text();
  ASSERT_EQ(type->nodes().size(), 2u);
  EXPECT_EQ(type->nodes()[1].name, "Note.Pos");
}

TEST(Derive, reads_lists_of_one_type) {
  EXPECT_EQ(derived(R"({"a":[1,2],"b":[1,2.5]})"), "Note{a:list<i64>, b:list<f64>}");
  const auto type = type_from_json("Note", R"({"p":[{"x":1},{"x":2}]})");
  ASSERT_TRUE(type) << type.error().text();
  EXPECT_EQ(type->nodes().size(), 2u);
}

TEST(Derive, refuses_what_does_not_tell_a_type) {
  EXPECT_NE(derived(R"({"a":null})").find("null does not tell a type"), std::string::npos);
  EXPECT_NE(derived(R"({"a":[]})").find("an empty list"), std::string::npos);
  EXPECT_NE(derived(R"({"a":[1,"x"]})").find("different types"), std::string::npos);
  EXPECT_NE(derived(R"({"a":[{"x":1},{"y":1}]})").find("different types"), std::string::npos);
  EXPECT_NE(derived(R"([1])").find("a value is a JSON object"), std::string::npos);
  EXPECT_NE(derived("{\"a\"").find("this is not JSON"), std::string::npos);
  EXPECT_NE(derived(R"({"a b":1})").find("cannot be a field"), std::string::npos);
}

TEST(Derive, reads_pairs_as_people_write_them) {
  const auto type = type_from_pairs(
      "Note", {{"a", "12"}, {"b", "12.5"}, {"c", "hello"}, {"d", "[1,2]"}, {"e", "007"}});
  ASSERT_TRUE(type) << type.error().text();
  EXPECT_EQ(type->print(Type::Style::one_line), "Note{a:i64, b:f64, c:text, d:list<i64>, e:text}");
}

TEST(Derive, splits_pairs_at_the_first_equals_sign) {
  const auto pairs = parse_pairs({"T", "a=1", "text=x=y"}, 1);
  ASSERT_TRUE(pairs);
  EXPECT_EQ((*pairs)[1], (std::pair<std::string, std::string>("text", "x=y")));
  EXPECT_FALSE(parse_pairs({"a"}, 0));
  EXPECT_FALSE(parse_pairs({"=1"}, 0));
  EXPECT_FALSE(parse_pairs({"a=1", "a=2"}, 0));
}

}  // namespace
}  // namespace dts::cli
