#include <format/spelling.hpp>

#include <charconv>
#include <cstring>
#include <limits>

#include <dts/time.hpp>
#include <format/digits.hpp>

namespace dts::format {

namespace {

std::uint64_t magnitude(std::int64_t value) {
  return value < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(value)
                   : static_cast<std::uint64_t>(value);
}

// Digits into `value`; false when they do not fit or there are none.
bool read_digits(std::string_view& text, std::uint64_t& value, std::size_t& count) {
  count = 0;
  while (!text.empty() && is_digit(text[0])) {
    if (__builtin_mul_overflow(value, 10u, &value) ||
        __builtin_add_overflow(value, static_cast<std::uint64_t>(text[0] - '0'), &value)) {
      return false;
    }
    text.remove_prefix(1);
    ++count;
  }
  return true;
}

bool with_sign(std::uint64_t value, bool negative, std::int64_t& to) {
  constexpr std::uint64_t limit = std::uint64_t{1} << 63;
  if (value > limit || (value == limit && !negative)) return false;
  to = negative ? static_cast<std::int64_t>(std::uint64_t{0} - value)
                : static_cast<std::int64_t>(value);
  return true;
}

}  // namespace

// The coefficient's digits with a point in them where the exponent puts it, when that is short;
// otherwise coefficient and exponent. Zeros at the end count: 1.50 is 150 x 10^-2.
char* write_decimal(char* to, const Decimal& decimal) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, magnitude(decimal.coefficient));
  const auto count = static_cast<int>(end.ptr - digits);
  if (decimal.coefficient < 0) *to++ = '-';
  if (decimal.exponent > 0 || decimal.exponent < -count - 4) {
    std::memcpy(to, digits, static_cast<std::size_t>(count));
    to += count;
    *to++ = 'e';
    return std::to_chars(to, to + 8, static_cast<int>(decimal.exponent)).ptr;
  }
  const int whole = count + decimal.exponent;  // digits before the point
  if (whole <= 0) *to++ = '0';
  for (int i = whole < 0 ? whole : 0; i < count; ++i) {
    if (i == whole) *to++ = '.';
    *to++ = i < 0 ? '0' : digits[i];
  }
  return to;
}

bool read_real(std::string_view text, double& number) {
  const char* const end = text.data() + text.size();
  if (read_plain_real(text.data(), end, number) == end) return true;
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stop == end;
}

bool read_decimal(std::string_view text, Decimal& decimal) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  std::uint64_t value = 0;
  std::size_t whole = 0, fraction = 0;
  if (!read_digits(text, value, whole) || whole == 0) return false;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    if (!read_digits(text, value, fraction) || fraction == 0) return false;
  }
  std::int64_t exponent = 0;
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == '+') text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (error != std::errc{} || exponent < -100000 || exponent > 100000) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  if (fraction > 100000) return false;
  exponent -= static_cast<std::int64_t>(fraction);
  if (!text.empty() || exponent < -128 || exponent > 127) return false;
  decimal.exponent = static_cast<std::int8_t>(exponent);
  return with_sign(value, negative, decimal.coefficient);
}

char* write_duration(char* to, std::int64_t nanoseconds) {
  const std::uint64_t all = magnitude(nanoseconds);
  if (nanoseconds < 0) *to++ = '-';
  to = std::to_chars(to, to + 24, all / 1000000000).ptr;
  auto fraction = static_cast<std::uint32_t>(all % 1000000000);
  if (fraction != 0) {
    *to++ = '.';
    std::uint32_t scale = 100000000;
    for (; fraction != 0; fraction %= scale, scale /= 10) {
      *to++ = static_cast<char>('0' + fraction / scale);
      if (scale == 1) break;
    }
  }
  *to++ = 's';
  return to;
}

bool read_duration(std::string_view text, std::int64_t& nanoseconds) {
  std::string_view rest = text;
  const bool negative = !rest.empty() && rest[0] == '-';
  if (negative) rest.remove_prefix(1);
  std::uint64_t seconds = 0, fraction = 0;
  std::size_t whole = 0, digits = 0;
  bool plain = read_digits(rest, seconds, whole) && whole > 0;
  if (plain && !rest.empty() && rest[0] == '.') {
    rest.remove_prefix(1);
    plain = read_digits(rest, fraction, digits) && digits > 0 && digits <= 9;
  }
  if (plain && rest == "s") {  // ours: also reads the most negative one, which has no positive twin
    for (; digits < 9; ++digits) fraction *= 10;
    std::uint64_t all;
    return !__builtin_mul_overflow(seconds, std::uint64_t{1000000000}, &all) &&
           !__builtin_add_overflow(all, fraction, &all) && with_sign(all, negative, nanoseconds);
  }
  const auto duration = duration_from_text(text);
  if (!duration) return false;
  nanoseconds = duration->count();
  return true;
}

}  // namespace dts::format
