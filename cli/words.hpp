// How quantities read: times, ages, rates, byte counts, units, and the width of text on a terminal.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cli/output.hpp>
#include <dts/time.hpp>

namespace dts::cli {

std::string time_text(Time time, TimeForm form);
// "0s", "12s", "9m", "3h 20m", "3d 4h": the two largest units at most.
std::string age_text(Duration age);
// "1.0 s", "38 ms", "0.4 ms": for spans in a sentence.
std::string span_text(Duration span);
// "3.0/s", "0.1/s", "12.4k/s".
std::string rate_text(double per_second);
// "120 B/s", "1.4 kB/s".
std::string bandwidth_text(double bytes_per_second);
// "41 B", "1.4 MB".
std::string bytes_text(double bytes);
// "4096", "10MB", "1.5GiB"; nothing when it is no size, or none below 2^63.
std::optional<std::uint64_t> bytes_from_text(std::string_view text);
// 1234567 -> "1,234,567"
std::string grouped(std::uint64_t number);
// "1 sample", "2 samples"
std::string counted(std::uint64_t number, std::string_view noun);
// The shortest decimal that reads back as the same number; 6 significant digits when `brief`.
std::string number_text(double value, bool brief = false);
// A UCUM code as people write it: "Cel" -> "°C", "m/s2" -> "m/s²"; in ASCII "C", "m/s2".
std::string unit_text(std::string_view unit, bool utf8);
// A number with its unit as people read it: "18.06 °C"; bytes are scaled: 25276514304 "By" is
// "25.3 GB". Exact digits are for --json, csv and value.
std::string quantity_text(std::string_view number, std::string_view unit, bool utf8);
// Columns the text takes on a terminal.
std::size_t display_width(std::string_view text);
// At most `width` columns; what is cut is replaced by "…" ("..." in ASCII).
std::string shortened(std::string_view text, std::size_t width, bool utf8);
std::string padded(std::string text, std::size_t width);
std::string joined(const std::vector<std::string>& parts, std::string_view between);

}  // namespace dts::cli
