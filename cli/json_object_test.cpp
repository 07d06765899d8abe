#include <cli/json_object.hpp>

#include <gtest/gtest.h>

#include <cli/output.hpp>

namespace dts::cli {
namespace {

TEST(JsonObject, writes_members_in_order) {
  EXPECT_EQ(JsonObject()
                .text("a", "x")
                .count("b", 2)
                .integer("c", -3)
                .number("d", 0.5)
                .boolean("e", true)
                .texts("f", std::vector<std::string>{"y", "z"})
                .raw("g", "null")
                .str(),
            R"({"a":"x","b":2,"c":-3,"d":0.5,"e":true,"f":["y","z"],"g":null})");
  EXPECT_EQ(JsonObject().str(), "{}");
}

TEST(JsonObject, escapes_what_would_break_json_or_steer_a_terminal) {
  EXPECT_EQ(json_string("a\"b\\c\nd\te"), R"("a\"b\\c\nd\te")");
  EXPECT_EQ(json_string("\x1b[2J"), "\"\\u001b[2J\"");
  EXPECT_EQ(json_string("\x7f"), "\"\\u007f\"");
  EXPECT_EQ(json_string("\u009b2J"), "\"\\u009b2J\"");
  EXPECT_EQ(json_string("a\u202eb"), "\"a\\u202eb\"");
  EXPECT_EQ(json_string("麹 °C"), "\"麹 °C\"");
}

TEST(JsonObject, replaces_bytes_that_are_not_utf8) {
  EXPECT_EQ(json_string("a\xff"
                        "b"),
            "\"a\xef\xbf\xbd"
            "b\"");
}

TEST(JsonObject, keeps_json_the_same_json_when_it_is_made_inert) {
  EXPECT_EQ(json_inert(R"({"a":"°"})"), R"({"a":"°"})");
  EXPECT_EQ(json_inert("{\"a\":\"\u2066\"}"), R"({"a":"\u2066"})");
  EXPECT_EQ(json_inert("\xe2\x80"), "\xe2\x80");  // cut short: left as it is
}

TEST(JsonObject, numbers_that_json_lacks_are_null) {
  EXPECT_EQ(JsonObject().number("a", 1.0 / 0.0).str(), R"({"a":null})");
}

TEST(ErrorText, has_all_its_parts) {
  const Error error(ErrorCode::wrong_value, "what", "where", "why", "hint");
  EXPECT_EQ(error_lines(error), "E1205 what, at where: why\n  try: hint");
  EXPECT_EQ(error_json(error),
            R"({"error":{"id":"E1205","name":"wrong_value","what":"what","where":"where",)"
            R"("why":"why","hint":"hint"}})");
}

TEST(ErrorText, cannot_steer_a_terminal) {
  EXPECT_EQ(error_lines(Error(ErrorCode::file, "a\x1b[31mb\nc")), "E1401 a\\x1b[31mb\n  c");
}

}  // namespace
}  // namespace dts::cli
