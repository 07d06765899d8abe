#include <format/spelling.hpp>

#include <charconv>
#include <cstring>
#include <limits>

#include <dts/time.hpp>

namespace dts::format {

namespace {

constexpr char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

std::uint64_t magnitude(std::int64_t value) {
  return value < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(value)
                   : static_cast<std::uint64_t>(value);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

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

char* write_base64(char* to, ByteView bytes) {
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t three =
        static_cast<std::uint32_t>(bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2]);
    *to++ = base64_digits[three >> 18];
    *to++ = base64_digits[three >> 12 & 63];
    *to++ = base64_digits[three >> 6 & 63];
    *to++ = base64_digits[three & 63];
  }
  if (i == bytes.size()) return to;
  const bool two = i + 2 == bytes.size();
  const std::uint32_t rest =
      static_cast<std::uint32_t>(bytes[i] << 16 | (two ? bytes[i + 1] << 8 : 0));
  *to++ = base64_digits[rest >> 18];
  *to++ = base64_digits[rest >> 12 & 63];
  *to++ = two ? base64_digits[rest >> 6 & 63] : '=';
  *to++ = '=';
  return to;
}

bool read_base64(std::string_view text, Bytes& bytes) {
  bytes.clear();
  if (text.size() % 4 == 0) {
    for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return false;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> held));
  }
  return (bits & ((1u << held) - 1)) == 0;  // bits that nothing would read must be zero
}

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

// Most numbers are short: up to 2^53 with a power of ten up to 10^22, both of which a double holds
// exactly, so that one operation rounds once. (W. D. Clinger, How to read floating point numbers
// accurately, 1990.) The others, and what is no number, are left to from_chars.
bool read_real(std::string_view text, double& number) {
  static constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  const char* at = text.data();
  const char* const end = at + text.size();
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  std::uint64_t digits = 0;
  const auto read_digits = [&] {
    const char* const first = at;
    for (; at != end && static_cast<unsigned char>(*at - '0') < 10; ++at)
      digits = digits * 10 + static_cast<unsigned char>(*at - '0');
    return at - first;
  };
  const std::ptrdiff_t whole = read_digits();
  std::ptrdiff_t fraction = 0;
  if (whole != 0 && at != end && *at == '.') {
    ++at;
    fraction = read_digits();
  }
  // 19 digits do not overflow 64 bits.
  const bool is_short = whole != 0 && at == end && whole + fraction <= 19 && fraction <= 22 &&
                        digits <= std::uint64_t{1} << 53;
  if (!is_short) {
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && stop == end;
  }
  number = static_cast<double>(digits) / powers[fraction];
  if (negative) number = -number;
  return true;
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
