#include <cli/template.hpp>

#include <gtest/gtest.h>

namespace dts::cli {
namespace {

using namespace std::chrono_literals;

std::string expanded(std::string_view text, Duration elapsed = {}, double chance = 0.5) {
  const TemplateContext context{7, Time{}, elapsed, [chance] { return chance; }};
  const auto result = expand(text, context);
  return result ? *result : error_id(result.error().code()) + " " + result.error().why();
}

TEST(Template, leaves_other_text_alone) {
  EXPECT_EQ(expanded("celsius {1} }}"), "celsius {1} }}");
  EXPECT_FALSE(has_template("{x}"));
  EXPECT_TRUE(has_template("{{n}}"));
}

TEST(Template, counts_and_tells_the_time) {
  EXPECT_EQ(expanded("no {{n}} of {{ n }}"), "no 7 of 7");
  EXPECT_EQ(expanded("{{now}}"), "1970-01-01T00:00:00.000000000Z");
}

TEST(Template, random_numbers_are_whole_between_whole_bounds) {
  EXPECT_EQ(expanded("{{rand 10 14}}", {}, 0.0), "10");
  EXPECT_EQ(expanded("{{rand 10 14}}", {}, 0.999999), "14");
  EXPECT_EQ(expanded("{{rand 10.0 14}}", {}, 0.5), "12.000");
}

TEST(Template, a_sine_swings_between_its_bounds) {
  EXPECT_EQ(expanded("{{sine 60s 10 14}}", 0s), "12.000");
  EXPECT_EQ(expanded("{{sine 60s 10 14}}", 15s), "14.000");
  EXPECT_EQ(expanded("{{sine 60s 10 14}}", 45s), "10.000");
}

TEST(Template, names_what_is_wrong) {
  EXPECT_EQ(expanded("{{rnd 1 2}}"), "E1001 there is no such template");
  EXPECT_EQ(expanded("{{rand 2 1}}"), "E1001 rand needs two numbers, the lower first");
  EXPECT_EQ(expanded("{{rand 1}}"), "E1001 rand needs two numbers, the lower first");
  EXPECT_EQ(expanded("{{sine 60 1 2}}"), "E1001 sine needs a period and two numbers");
  EXPECT_EQ(expanded("{{n"), "E1001 it is not closed by }}");
  EXPECT_EQ(expanded("{{}}"), "E1001 it is empty");
}

}  // namespace
}  // namespace dts::cli
