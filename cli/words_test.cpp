#include <cli/words.hpp>

#include <gtest/gtest.h>

namespace dts::cli {
namespace {

using namespace std::chrono_literals;

TEST(Words, ages_have_at_most_two_units) {
  EXPECT_EQ(age_text(-1s), "0s");
  EXPECT_EQ(age_text(12'900ms), "12s");
  EXPECT_EQ(age_text(9min + 59s), "9m");
  EXPECT_EQ(age_text(3h + 20min), "3h 20m");
  EXPECT_EQ(age_text(3h), "3h");
  EXPECT_EQ(age_text(76h + 30min), "3d 4h");
}

TEST(Words, spans_read_well_in_a_sentence) {
  EXPECT_EQ(span_text(412us), "0.4 ms");
  EXPECT_EQ(span_text(38ms), "38 ms");
  EXPECT_EQ(span_text(1'040ms), "1.0 s");
  EXPECT_EQ(span_text(10min), "10m");
}

TEST(Words, sizes_are_read_with_and_without_units) {
  EXPECT_EQ(bytes_from_text("4096"), 4096u);
  EXPECT_EQ(bytes_from_text("10MB"), 10'000'000u);
  EXPECT_EQ(bytes_from_text("1.5 GiB"), 3u << 29);
  EXPECT_EQ(bytes_from_text("64KiB"), 65536u);
  for (const char* wrong : {"", "MB", "-1", "10 megabytes", "1e30GB", "10MBs", "nan"})
    EXPECT_EQ(bytes_from_text(wrong), std::nullopt) << wrong;
}

TEST(Words, rates_and_sizes_scale) {
  EXPECT_EQ(rate_text(0.1), "0.1/s");
  EXPECT_EQ(rate_text(12'400), "12.4k/s");
  EXPECT_EQ(bandwidth_text(120), "120 B/s");
  EXPECT_EQ(bytes_text(1'400'000), "1.4 MB");
}

TEST(Words, counts_are_grouped_and_take_an_s) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
  EXPECT_EQ(counted(1, "sample"), "1 sample");
  EXPECT_EQ(counted(2, "sample"), "2 samples");
}

TEST(Words, numbers_read_back_as_themselves) {
  EXPECT_EQ(number_text(18.062), "18.062");
  EXPECT_EQ(number_text(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(number_text(0.1 + 0.2, true), "0.3");
  EXPECT_EQ(number_text(1.0 / 0.0), "inf");
}

TEST(Words, units_have_a_sign_and_an_ascii_stand_in) {
  EXPECT_EQ(unit_text("Cel", true), "°C");
  EXPECT_EQ(unit_text("Cel", false), "C");
  EXPECT_EQ(unit_text("hPa", true), "hPa");
  EXPECT_EQ(unit_text("1", true), "");
  EXPECT_EQ(quantity_text("18.06", "Cel", true), "18.06 °C");
  EXPECT_EQ(quantity_text("3", "", true), "3");
  EXPECT_EQ(quantity_text("25276514304", "By", true), "25.3 GB");
  EXPECT_EQ(quantity_text("1500", "By/s", true), "1.5 kB/s");
  EXPECT_EQ(quantity_text("[1, 2]", "By", true), "[1, 2] B");
}

TEST(Words, width_counts_columns_not_bytes) {
  EXPECT_EQ(display_width("°C"), 2u);
  EXPECT_EQ(display_width("麹室"), 4u);
  EXPECT_EQ(display_width("\033[36mT\033[0m"), 1u);
  EXPECT_EQ(display_width("e\u0301"), 1u);
  EXPECT_EQ(display_width("\xff\xff"), 2u);
}

TEST(Words, shortening_keeps_characters_whole) {
  EXPECT_EQ(shortened("celsius", 10, true), "celsius");
  EXPECT_EQ(shortened("celsius", 4, true), "cel…");
  EXPECT_EQ(shortened("celsius", 5, false), "ce...");
  EXPECT_EQ(shortened("麹室麹室", 5, true), "麹室…");
  EXPECT_EQ(shortened("x", 0, true), "x");
}

TEST(Words, times_have_every_form) {
  const Time time{Duration(1'763'807'088'123'456'789)};
  EXPECT_EQ(time_text(time, TimeForm::rfc3339), to_rfc3339(time));
  EXPECT_EQ(time_text(time, TimeForm::seconds), "1763807088.123456789");
  EXPECT_EQ(time_text(time, TimeForm::nanoseconds), "1763807088123456789");
  EXPECT_EQ(time_text(Time{Duration(-1)}, TimeForm::seconds), "-0.000000001");
  EXPECT_EQ(time_text(time, TimeForm::local).size(), 12u);
}

}  // namespace
}  // namespace dts::cli
