#include <base/text.hpp>

#include <gtest/gtest.h>

namespace dts::base {
namespace {

TEST(Text, knows_valid_utf_8) {
  for (const char* good : {"", "plain ascii, longer than eight bytes", "\u00e9", "\u20ac",
                           "\U0001f600", "\U0010ffff", "12345678\u00e9"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "12345678\xff", "\xe2\x82"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(Text, makes_letters_small_in_no_languages_way) {
  EXPECT_EQ(lower("Tank-3 \xc3\x84I"), "tank-3 \xc3\x84i");
}

TEST(Text, matches_globs_whole) {
  EXPECT_TRUE(glob_match("brewery.*", "brewery.Temperature"));
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("*.Temp*e", "a.b.Temperature"));
  EXPECT_TRUE(glob_match("a?c", "abc"));
  EXPECT_FALSE(glob_match("a?c", "ac"));
  EXPECT_FALSE(glob_match("brewery.*", "brewery"));
  EXPECT_FALSE(glob_match("", "x"));
  EXPECT_FALSE(glob_match("a*b", "abc"));
}

TEST(Text, matches_globs_of_many_stars_quickly) {
  EXPECT_FALSE(glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST(Text, counts_edits_and_swaps) {
  EXPECT_EQ(edit_distance("temperature", "temperature"), 0);
  EXPECT_EQ(edit_distance("temprature", "temperature"), 1);
  EXPECT_EQ(edit_distance("ab", "ba"), 1);
  EXPECT_EQ(edit_distance("abc", "xyz"), 3);
  EXPECT_EQ(edit_distance("a", "abcdefgh"), 4);
}

TEST(Text, finds_the_nearest_word_or_none) {
  const std::vector<std::string> words{"celsius", "tank", "brewery.Temperature"};
  EXPECT_EQ(nearest("celcius", words), "celsius");
  EXPECT_EQ(nearest("TANK", words), "tank");
  EXPECT_EQ(nearest("Temprature", words), "brewery.Temperature");
  EXPECT_EQ(nearest("pressure", words), "");
  EXPECT_EQ(nearest("", words), "");
}

TEST(Text, suggests_the_nearest_word_or_what_there_is) {
  EXPECT_EQ(suggestion("tnak", {"celsius", "tank"}, "it has"), "did you mean \"tank\"?");
  EXPECT_EQ(suggestion("pressure", {"celsius", "tank"}, "it has"), "it has celsius, tank");
  EXPECT_EQ(suggestion("pressure", {}, "it has"), "");
  const std::vector<std::string> many(13, "x");
  EXPECT_EQ(suggestion("pressure", many, "one of"),
            "one of x, x, x, x, x, x, x, x, x, x, x, x, ...");
}

TEST(Text, writes_code_points_in_one_to_four_bytes) {
  std::string text;
  for (const std::uint32_t point : {0x7fu, 0x80u, 0x7ffu, 0x800u, 0xffffu, 0x10000u, 0x10ffffu})
    append_utf8(text, point);
  EXPECT_EQ(text, "\x7f\u0080\u07ff\u0800\uffff\U00010000\U0010ffff");
}

TEST(Text, makes_hostile_text_harmless_for_a_terminal) {
  EXPECT_EQ(printable("plain \u00e9"), "plain \u00e9");
  EXPECT_EQ(printable("\x1b[31m\n"), "\\x1b[31m\\x0a");
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\u202e"), "\\u{202e}");
  EXPECT_EQ(printable("\u0085"), "\\x85");
}

}  // namespace
}  // namespace dts::base
