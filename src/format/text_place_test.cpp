// Text place: the line and the column, wherever the line feeds lie.
#include <gtest/gtest.h>

#include <format/text_place.hpp>

namespace dts::format {
namespace {

std::string place(std::size_t line, std::size_t column) {
  return "at line " + std::to_string(line) + ", column " + std::to_string(column);
}

TEST(TextPlace, is_the_first_column_of_the_first_line_before_anything_is_read) {
  EXPECT_EQ(place_behind(""), place(1, 1));
}

// All texts of up to 17 bytes whose line feeds are those of a pattern, of bytes near to a line feed
// otherwise: with and without the top bit, one more and one less.
TEST(TextPlace, counts_every_line_feed_and_nothing_else) {
  constexpr char others[] = {'\n' + 1, '\n' - 1, static_cast<char>('\n' | 0x80), '\0', '\xff'};
  for (unsigned size = 0; size <= 17; ++size) {
    for (unsigned pattern = 0; pattern < 1u << size; ++pattern) {
      std::string text;
      std::size_t line = 1, column = 1;
      for (unsigned i = 0; i < size; ++i) {
        const bool feed = (pattern >> i & 1) != 0;
        text += feed ? '\n' : others[(i + pattern) % sizeof others];
        line += feed;
        column = feed ? 1 : column + 1;
      }
      ASSERT_EQ(place_behind(text), place(line, column)) << "size " << size << " of " << pattern;
    }
  }
}

}  // namespace
}  // namespace dts::format
