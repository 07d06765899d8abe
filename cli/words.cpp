#include <cli/words.hpp>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <utility>

#include <base/text.hpp>

namespace dts::cli {

namespace {

std::string format_number(const char* form, double value) {
  char text[64];
  std::snprintf(text, sizeof text, form, value);
  return text;
}

struct UnitName {
  std::string_view code, shown, ascii;
};
// UCUM codes whose usual sign differs from the code.
constexpr UnitName kUnitNames[] = {
    {"Cel", "°C", "C"},
    {"[degF]", "°F", "F"},
    {"deg", "°", "deg"},
    {"Ohm", "Ω", "Ohm"},
    {"um", "µm", "um"},
    {"us", "µs", "us"},
    {"uV", "µV", "uV"},
    {"uA", "µA", "uA"},
    {"m2", "m²", "m2"},
    {"m3", "m³", "m3"},
    {"m/s2", "m/s²", "m/s2"},
    {"m3/h", "m³/h", "m3/h"},
    {"ug/m3", "µg/m³", "ug/m3"},
    {"By", "B", "B"},
    {"kBy", "kB", "kB"},
    {"MBy", "MB", "MB"},
    {"GBy", "GB", "GB"},
    {"KiBy", "KiB", "KiB"},
    {"MiBy", "MiB", "MiB"},
    {"GiBy", "GiB", "GiB"},
    {"By/s", "B/s", "B/s"},
    {"[ppm]", "ppm", "ppm"},
    {"[ppb]", "ppb", "ppb"},
    {"[pH]", "pH", "pH"},
    {"1", "", ""},
    {"{count}", "", ""},
};

// The code point at text[at] and its length in bytes; malformed bytes count as one.
std::uint32_t point_at(std::string_view text, std::size_t at, std::size_t& length) {
  const auto lead = static_cast<unsigned char>(text[at]);
  length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + length > text.size()) length = 1;
  std::uint32_t point = length == 1 ? lead : lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    point = point << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3f);
  }
  return point;
}

// Wide: CJK, Hangul, full-width forms, pictographs. Zero: combining marks.
std::size_t width_of(std::uint32_t point) {
  if ((point >= 0x300 && point <= 0x36f) || (point >= 0x200b && point <= 0x200d)) return 0;
  const bool wide = (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0xa4cf) ||
                    (point >= 0xac00 && point <= 0xd7a3) || (point >= 0xf900 && point <= 0xfaff) ||
                    (point >= 0xfe30 && point <= 0xfe6f) || (point >= 0xff00 && point <= 0xff60) ||
                    (point >= 0xffe0 && point <= 0xffe6) ||
                    (point >= 0x1f300 && point <= 0x1faff) ||
                    (point >= 0x20000 && point <= 0x3fffd);
  return wide ? 2 : 1;
}

// The length of the colour sequence at text[at] ("\033[36m"); 0 when there is none.
std::size_t color_length(std::string_view text, std::size_t at) {
  if (text[at] != '\033') return 0;
  const std::size_t end = text.find('m', at);
  return end == std::string_view::npos ? 0 : end - at + 1;
}

}  // namespace

std::string time_text(Time time, TimeForm form) {
  const std::int64_t ns = time.time_since_epoch().count();
  switch (form) {
    case TimeForm::rfc3339:
      return to_rfc3339(time);
    case TimeForm::nanoseconds:
      return std::to_string(ns);
    case TimeForm::seconds: {
      char text[40];
      const bool negative = ns < 0;
      const std::uint64_t size = negative ? 0 - static_cast<std::uint64_t>(ns) : std::uint64_t(ns);
      std::snprintf(text, sizeof text, "%s%llu.%09llu", negative ? "-" : "",
                    static_cast<unsigned long long>(size / 1'000'000'000),
                    static_cast<unsigned long long>(size % 1'000'000'000));
      return text;
    }
    case TimeForm::relative: {
      return format_number("%.3fs", static_cast<double>((time - now()).count()) / 1e9);
    }
    case TimeForm::local:
      break;
  }
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t seconds = whole.time_since_epoch().count();
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  char text[32];
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time - whole).count();
  std::snprintf(text, sizeof text, "%02d:%02d:%02d.%03d", parts.tm_hour, parts.tm_min, parts.tm_sec,
                static_cast<int>(ms));
  return text;
}

std::string age_text(Duration age) {
  const std::int64_t seconds = age.count() <= 0 ? 0 : age.count() / 1'000'000'000;
  const auto two = [](std::int64_t a, const char* unit, std::int64_t b, const char* lesser) {
    std::string text = std::to_string(a) + unit;
    if (b > 0) text += " " + std::to_string(b) + lesser;
    return text;
  };
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return std::to_string(seconds / 60) + "m";
  if (seconds < 86400) return two(seconds / 3600, "h", seconds / 60 % 60, "m");
  return two(seconds / 86400, "d", seconds / 3600 % 24, "h");
}

std::string span_text(Duration span) {
  const double ms = static_cast<double>(span.count()) / 1e6;
  if (ms < 0.95) return format_number("%.1f ms", ms);
  if (ms < 999.5) return format_number("%.0f ms", ms);
  if (ms < 119'950) return format_number("%.1f s", ms / 1e3);
  return age_text(span);
}

std::string rate_text(double per_second) {
  if (per_second < 1e4) return format_number("%.1f/s", per_second);
  if (per_second < 1e6) return format_number("%.1fk/s", per_second / 1e3);
  return format_number("%.1fM/s", per_second / 1e6);
}

std::string bytes_text(double bytes) {
  if (bytes < 999.5) return format_number("%.0f B", bytes);
  if (bytes < 999.5e3) return format_number("%.1f kB", bytes / 1e3);
  if (bytes < 999.5e6) return format_number("%.1f MB", bytes / 1e6);
  return format_number("%.1f GB", bytes / 1e9);
}

std::optional<std::uint64_t> bytes_from_text(std::string_view text) {
  constexpr std::pair<std::string_view, double> units[] = {
      {"", 1},     {"B", 1},        {"kB", 1e3},     {"KB", 1e3},     {"MB", 1e6},
      {"GB", 1e9}, {"KiB", 0x1p10}, {"kiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}};
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || !(number >= 0)) return {};
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const auto& [name, bytes] : units)
    if (unit == name && number * bytes < 0x1p63) return static_cast<std::uint64_t>(number * bytes);
  return {};
}

std::string bandwidth_text(double bytes_per_second) { return bytes_text(bytes_per_second) + "/s"; }

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string counted(std::uint64_t number, std::string_view noun) {
  return grouped(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

std::string number_text(double value, bool brief) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (brief) return format_number("%.6g", value);
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  return std::string(text, end);
}

std::string unit_text(std::string_view unit, bool utf8) {
  for (const UnitName& name : kUnitNames) {
    if (name.code == unit) return std::string(utf8 ? name.shown : name.ascii);
  }
  return std::string(unit);
}

std::string quantity_text(std::string_view number, std::string_view unit, bool utf8) {
  double bytes = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), bytes);
  const bool whole = error == std::errc{} && end == number.data() + number.size() && bytes >= 0;
  if (whole && unit == "By") return bytes_text(bytes);
  if (whole && unit == "By/s") return bandwidth_text(bytes);
  const std::string shown = base::printable(unit_text(unit, utf8));
  return shown.empty() ? std::string(number) : std::string(number) + " " + shown;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0, length = 1; at < text.size(); at += length) {
    length = color_length(text, at);
    if (length == 0) width += width_of(point_at(text, at, length));
  }
  return width;
}

std::string shortened(std::string_view text, std::size_t width, bool utf8) {
  if (width == 0 || display_width(text) <= width) return std::string(text);
  const std::string_view end = utf8 ? "…" : "...";
  const std::size_t room = width > display_width(end) ? width - display_width(end) : 0;
  std::size_t used = 0, at = 0;
  for (std::size_t length = 1; at < text.size(); at += length) {
    length = color_length(text, at);
    if (length != 0) continue;
    const std::size_t more = width_of(point_at(text, at, length));
    if (used + more > room) break;
    used += more;
  }
  std::string result(text.substr(0, at));
  if (result.find('\033') != std::string::npos) result += "\033[0m";
  return result + std::string(end);
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t has = display_width(text);
  if (has < width) text.append(width - has, ' ');
  return text;
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += between;
    text += part;
  }
  return text;
}

}  // namespace dts::cli
