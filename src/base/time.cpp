// Times and durations as text.
#include <dts/time.hpp>

#include <array>
#include <charconv>
#include <cstdio>
#include <limits>

namespace dts {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

Error bad_time(std::string_view text, const char* why) {
  return Error(ErrorCode::wrong_value, "\"" + std::string(text) + "\" is not a time", {}, why,
               "2026-11-22T10:24:48Z");
}

// Exactly `digits` decimal digits at `text[at]`; -1 when they are not there.
int number_at(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (char c : text.substr(at, digits)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

struct Unit {
  std::string_view name;
  std::int64_t ns;
};
constexpr std::array kUnits{Unit{"d", 86400 * kSecond},
                            Unit{"h", 3600 * kSecond},
                            Unit{"m", 60 * kSecond},
                            Unit{"s", kSecond},
                            Unit{"ms", 1'000'000},
                            Unit{"us", 1'000},
                            Unit{"ns", 1}};

}  // namespace

Time now() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

std::string to_rfc3339(Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const auto in_day = (seconds - day).count();
  // Not time - seconds: for the first second of 1677 that product does not fit.
  const std::int64_t rest = time.time_since_epoch().count() % kSecond;
  const int in_second = static_cast<int>(rest < 0 ? rest + kSecond : rest);
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%09dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(in_day / 3600),
                static_cast<int>(in_day / 60 % 60), static_cast<int>(in_day % 60), in_second);
  return text;
}

// 2026-11-22T10:24:48[.fraction](Z|+hh:mm|-hh:mm)
Result<Time> from_rfc3339(std::string_view text) {
  const int year = number_at(text, 0, 4), month = number_at(text, 5, 2),
            day = number_at(text, 8, 2);
  const int hour = number_at(text, 11, 2), minute = number_at(text, 14, 2);
  const int second = number_at(text, 17, 2);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0 || text[4] != '-' ||
      text[7] != '-' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') ||
      text[13] != ':' || text[16] != ':') {
    return bad_time(text, "RFC 3339 is expected");
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(unsigned(month)),
                                         std::chrono::day(unsigned(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59)
    return bad_time(text, "no such moment");
  std::size_t at = 19;
  std::int64_t fraction = 0;
  if (at < text.size() && text[at] == '.') {
    std::int64_t place = kSecond;
    std::size_t digits = 0;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
      place /= 10;
      fraction += place * (text[at] - '0');
    }
    if (digits == 0 || digits > 9) return bad_time(text, "one to nine digits follow the point");
  }
  std::int64_t offset = 0;
  const std::string_view zone = text.substr(at);
  if (zone != "Z" && zone != "z") {
    const int hours = number_at(zone, 1, 2), minutes = number_at(zone, 4, 2);
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || hours < 0 ||
        hours > 23 || minutes < 0 || minutes > 59) {
      return bad_time(text, "the zone is Z or +hh:mm");
    }
    offset = (hours * 60 + minutes) * 60 * (zone[0] == '-' ? -1 : 1);
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset;
  const __int128 ns = static_cast<__int128>(seconds) * kSecond + fraction;
  if (ns < std::numeric_limits<std::int64_t>::min() ||
      ns > std::numeric_limits<std::int64_t>::max()) {
    return bad_time(text, "times run from 1677 to 2262");
  }
  return Time(Duration(static_cast<std::int64_t>(ns)));
}

std::string to_text(Duration duration) {
  std::int64_t ns = duration.count();
  if (ns == 0) return "0s";
  std::string text;
  // The most negative count has no positive twin: its magnitude is taken unsigned.
  std::uint64_t left =
      ns < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  if (ns < 0) text += '-';
  for (const Unit& unit : kUnits) {
    const std::uint64_t count = left / static_cast<std::uint64_t>(unit.ns);
    if (count == 0) continue;
    text += std::to_string(count);
    text += unit.name;
    left -= count * static_cast<std::uint64_t>(unit.ns);
  }
  return text;
}

Result<Duration> duration_from_text(std::string_view text) {
  const auto bad = [&](const char* why) {
    return Error(ErrorCode::wrong_value, "\"" + std::string(text) + "\" is not a duration", {}, why,
                 "500ms, 2s, 1h30m");
  };
  std::string_view rest = text;
  const bool negative = !rest.empty() && rest[0] == '-';
  if (negative) rest.remove_prefix(1);
  if (rest.empty()) return bad("it is empty");
  std::int64_t total = 0;
  while (!rest.empty()) {
    std::int64_t whole = 0, fraction = 0, scale = 1;
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), whole);
    if (error != std::errc{} || rest[0] == '-') return bad("a number is expected");
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (!rest.empty() && rest[0] == '.') {
      std::size_t digits = 1;
      for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9'; ++digits) {
        if (scale > kSecond) return bad("too many digits");
        fraction = fraction * 10 + (rest[digits] - '0');
        scale *= 10;
      }
      rest.remove_prefix(digits);
    }
    std::size_t letters = 0;
    while (letters < rest.size() && rest[letters] >= 'a' && rest[letters] <= 'z') ++letters;
    const std::string_view name = rest.substr(0, letters);
    rest.remove_prefix(letters);
    const Unit* unit = nullptr;
    for (const Unit& u : kUnits) {
      if (u.name == name) unit = &u;
    }
    if (unit == nullptr) return bad("the unit is one of d h m s ms us ns");
    std::int64_t ns;
    const __int128 part = static_cast<__int128>(fraction) * unit->ns;
    if (part % scale != 0) return bad("it is finer than a nanosecond");
    // Summed up with its sign: the most negative duration has no positive twin.
    if (__builtin_mul_overflow(whole, unit->ns, &ns) ||
        __builtin_add_overflow(ns, static_cast<std::int64_t>(part / scale), &ns) ||
        __builtin_add_overflow(total, negative ? -ns : ns, &total)) {
      return bad("it does not fit 64 bits of nanoseconds");
    }
  }
  return Duration(total);
}

}  // namespace dts
