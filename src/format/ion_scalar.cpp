#include <format/ion_scalar.hpp>

#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

namespace dts::format::ion {

namespace {

constexpr std::uint64_t two_to_63 = std::uint64_t{1} << 63;

// coefficient x 10^exponent as a whole number; false when it is none of 64 bits.
bool scale(std::uint64_t coefficient, std::int64_t exponent, std::uint64_t& whole) {
  whole = coefficient;
  if (coefficient == 0) return true;
  for (; exponent < 0; ++exponent) {
    if (whole % 10 != 0) return false;  // ends after 20 steps at most
    whole /= 10;
  }
  for (; exponent > 0; --exponent) {
    if (__builtin_mul_overflow(whole, std::uint64_t{10}, &whole)) return false;
  }
  return true;
}

template <class T>
bool parse(const char* from, const char* end, double& real) {
  T value = 0;
  const auto [stop, error] = std::from_chars(from, end, value);
  if (error != std::errc{} || stop != end || std::isinf(value)) return false;
  real = value;
  return true;
}

}  // namespace

named::Integer integer_of(std::uint64_t magnitude, bool negative) {
  if (!negative || magnitude == 0) return {magnitude, false};
  return {magnitude - 1, true};
}

bool to_integer(const Number& number, named::Integer& integer) {
  std::uint64_t whole;
  if (!scale(number.coefficient, number.exponent, whole)) return false;
  integer = integer_of(whole, number.negative);
  return true;
}

bool integer_from(std::string_view digits, named::Integer& integer) {
  const bool negative = !digits.empty() && digits[0] == '-';
  if (negative) digits.remove_prefix(1);
  std::uint64_t magnitude;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, magnitude);
  if (error != std::errc{} || stop != end) return false;
  integer = integer_of(magnitude, negative);
  return true;
}

bool to_integer(double real, named::Integer& integer) {
  constexpr double whole_max = 9007199254740992.0;  // 2^53
  if (!(std::abs(real) <= whole_max) || std::trunc(real) != real) return false;
  integer = integer_of(static_cast<std::uint64_t>(std::abs(real)), real < 0);
  return true;
}

bool to_decimal(const Number& number, Decimal& decimal) {
  if (number.exponent < -128 || number.exponent > 127) return false;
  if (number.negative && number.coefficient == 0) return false;
  if (!to_int64(integer_of(number.coefficient, number.negative), decimal.coefficient)) return false;
  decimal.exponent = static_cast<std::int8_t>(number.exponent);
  return true;
}

bool to_decimal(const named::Integer& integer, Decimal& decimal) {
  decimal.exponent = 0;
  return to_int64(integer, decimal.coefficient);
}

bool to_int64(const named::Integer& integer, std::int64_t& value) {
  if (integer.magnitude >= two_to_63) return false;
  const auto magnitude = static_cast<std::int64_t>(integer.magnitude);
  value = integer.negative ? -1 - magnitude : magnitude;
  return true;
}

bool to_duration(const Number& seconds, std::int64_t& nanoseconds) {
  named::Integer whole;
  // 10^9 more: in nanoseconds. The exponent of a message may be anything, the sum too.
  if (seconds.exponent > 100 && seconds.coefficient != 0) return false;
  return to_integer({seconds.coefficient, seconds.exponent + 9, seconds.negative}, whole) &&
         to_int64(whole, nanoseconds);
}

bool to_real(const Number& number, bool single, double& real) {
  if (number.coefficient == 0) {
    real = number.negative ? -0.0 : 0.0;
    return true;
  }
  if (number.exponent < -100000 || number.exponent > 100000) return false;
  char text[48];
  char* end = text;
  if (number.negative) *end++ = '-';
  end = std::to_chars(end, text + 24, number.coefficient).ptr;
  *end++ = 'e';
  end = std::to_chars(end, text + sizeof text, number.exponent).ptr;
  return single ? parse<float>(text, end, real) : parse<double>(text, end, real);
}

bool to_real(const named::Integer& integer, double& real) {
  // The magnitude of -1 - m is m + 1, which 2^64 is not.
  if (integer.negative && integer.magnitude == std::numeric_limits<std::uint64_t>::max())
    return false;
  const std::uint64_t magnitude = integer.magnitude + (integer.negative ? 1 : 0);
  const auto rounded = static_cast<double>(magnitude);
  if (rounded >= 18446744073709551616.0 || static_cast<std::uint64_t>(rounded) != magnitude)
    return false;
  real = integer.negative ? -rounded : rounded;
  return true;
}

bool to_nanoseconds(const Moment& moment, std::int64_t& nanoseconds) {
  if (moment.year < 1 || moment.year > 9999 || moment.month < 1 || moment.month > 12 ||
      moment.day < 1 || moment.day > 31 || moment.hour > 23 || moment.minute > 59 ||
      moment.second > 59 || moment.offset < -1439 || moment.offset > 1439 ||
      moment.nanosecond > 999999999) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(moment.year)),
                                         std::chrono::month(static_cast<unsigned>(moment.month)),
                                         std::chrono::day(static_cast<unsigned>(moment.day))};
  if (!date.ok()) return false;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds =
      ((days * 24 + moment.hour) * 60 + moment.minute - moment.offset) * 60 + moment.second;
  // In 128 bits: the first second of 1677 that fits begins before what fits.
  const __int128 all = static_cast<__int128>(seconds) * 1000000000 + moment.nanosecond;
  if (all < std::numeric_limits<std::int64_t>::min() ||
      all > std::numeric_limits<std::int64_t>::max()) {
    return false;
  }
  nanoseconds = static_cast<std::int64_t>(all);
  return true;
}

}  // namespace dts::format::ion
