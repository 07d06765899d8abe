#include <type/rational.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace dts {

namespace {

using Wide = Rational::Wide;

Wide common_divisor(Wide a, Wide b) {
  while (b != 0) {
    const Wide rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

int strip(Wide& value, unsigned factor) {
  int count = 0;
  while (value % factor == 0) {
    value /= factor;
    ++count;
  }
  return count;
}

bool times(Wide& value, Wide factor) { return !__builtin_mul_overflow(value, factor, &value); }

bool times_power(Wide& value, unsigned base, int exponent) {
  for (; exponent > 0; --exponent) {
    if (!times(value, base)) return false;
  }
  return true;
}

std::string digits(Wide value) {
  std::string text;
  do {
    text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  return text;
}

// ---- numbers in two doubles

Double2 quick_sum(double a, double b) {  // |a| >= |b|
  const double sum = a + b;
  return {sum, b - (sum - a)};
}

Double2 product(const Double2& a, const Double2& b) {
  const double high = a.high * b.high;
  const double low = std::fma(a.high, b.high, -high) + (a.high * b.low + a.low * b.high);
  return quick_sum(high, low);
}

Double2 quotient(const Double2& a, const Double2& b) {
  const double first = a.high / b.high;
  const Double2 back = product({first, 0}, b);
  const double rest = ((a.high - back.high) - back.low) + a.low;
  return quick_sum(first, rest / b.high);
}

Double2 of(Wide value) {
  // Two halves of 64 bits, each in two doubles of at most 32 bits.
  Double2 sum{};
  for (int shift = 96; shift >= 0; shift -= 32) {
    const auto part = std::ldexp(
        static_cast<double>(static_cast<std::uint32_t>(value >> static_cast<unsigned>(shift))),
        shift);
    const double high = sum.high + part;
    const double before = high - sum.high;
    const double low = (sum.high - (high - before)) + (part - before);
    sum = quick_sum(high, low + sum.low);
  }
  return sum;
}

Double2 raised(Double2 base, int exponent) {
  Double2 result{1, 0};
  const bool inverse = exponent < 0;
  for (int rest = std::abs(exponent); rest > 0; rest >>= 1) {
    if ((rest & 1) != 0) result = product(result, base);
    base = product(base, base);
  }
  return inverse ? quotient({1, 0}, result) : result;
}

}  // namespace

Rational Rational::make(Wide numerator, Wide denominator, bool negative, int twos, int fives,
                        int pis) {
  Rational made;
  if (numerator == 0) return made;
  twos += strip(numerator, 2) - strip(denominator, 2);
  fives += strip(numerator, 5) - strip(denominator, 5);
  const Wide divisor = common_divisor(numerator, denominator);
  made.numerator_ = numerator / divisor;
  made.denominator_ = denominator / divisor;
  made.negative_ = negative;
  made.twos_ = twos;
  made.fives_ = fives;
  made.pis_ = pis;
  return made;
}

Rational Rational::whole(std::int64_t value) {
  const Wide size = value < 0 ? Wide{0} - static_cast<Wide>(static_cast<__int128>(value))
                              : static_cast<Wide>(value);
  return make(size, 1, value < 0, 0, 0, 0);
}

Rational Rational::pi() { return make(1, 1, false, 0, 0, 1); }

std::optional<Rational> Rational::parse(std::string_view text) {
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const auto above = parse(text.substr(0, slash)), below = parse(text.substr(slash + 1));
    return above && below ? divide(*above, *below) : std::nullopt;
  }
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  Wide number = 0;
  int tens = 0, count = 0;
  bool point = false;
  std::size_t i = 0;
  for (; i < text.size() && text[i] != 'e'; ++i) {
    if (text[i] == '.' && !point) {
      point = true;
      continue;
    }
    if (text[i] < '0' || text[i] > '9' || ++count > 36) return std::nullopt;
    number = number * 10 + static_cast<Wide>(text[i] - '0');
    tens -= point ? 1 : 0;
  }
  if (count == 0) return std::nullopt;
  if (i < text.size()) {
    const std::string exponent(text.substr(i + 1));
    char* end = nullptr;
    const long value = std::strtol(exponent.c_str(), &end, 10);
    if (exponent.empty() || *end != 0 || value < -300 || value > 300) return std::nullopt;
    tens += static_cast<int>(value);
  }
  if (std::abs(tens) > exponent_max) return std::nullopt;
  return make(number, 1, negative, tens, tens, 0);
}

bool Rational::is_one() const noexcept {
  return numerator_ == 1 && denominator_ == 1 && !negative_ && twos_ == 0 && fives_ == 0 &&
         pis_ == 0;
}

std::optional<std::int64_t> Rational::integer() const {
  if (is_zero()) return 0;
  if (denominator_ != 1 || twos_ < 0 || fives_ < 0 || pis_ != 0) return std::nullopt;
  Wide value = numerator_;
  if (!times_power(value, 2, twos_) || !times_power(value, 5, fives_) ||
      value > static_cast<Wide>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  const auto size = static_cast<std::int64_t>(value);
  return negative_ ? -size : size;
}

Rational Rational::minus() const {
  Rational changed = *this;
  if (!is_zero()) changed.negative_ = !negative_;
  return changed;
}

std::optional<Rational> multiply(const Rational& a, const Rational& b) {
  if (a.is_zero() || b.is_zero()) return Rational();
  // Divided crosswise first, so that the products stay small.
  const Wide x = common_divisor(a.numerator_, b.denominator_);
  const Wide y = common_divisor(b.numerator_, a.denominator_);
  Wide numerator = a.numerator_ / x, denominator = a.denominator_ / y;
  const int twos = a.twos_ + b.twos_, fives = a.fives_ + b.fives_, pis = a.pis_ + b.pis_;
  if (!times(numerator, b.numerator_ / y) || !times(denominator, b.denominator_ / x) ||
      std::max(std::abs(twos), std::abs(fives)) > Rational::exponent_max ||
      std::abs(pis) > Rational::pi_exponent_max) {
    return std::nullopt;
  }
  return Rational::make(numerator, denominator, a.negative_ != b.negative_, twos, fives, pis);
}

std::optional<Rational> divide(const Rational& a, const Rational& b) {
  if (b.is_zero()) return std::nullopt;
  Rational inverse = b;
  std::swap(inverse.numerator_, inverse.denominator_);
  inverse.twos_ = -b.twos_;
  inverse.fives_ = -b.fives_;
  inverse.pis_ = -b.pis_;
  return multiply(a, inverse);
}

std::optional<Rational> add(const Rational& a, const Rational& b) {
  if (a.is_zero()) return b;
  if (b.is_zero()) return a;
  if (a.pis_ != b.pis_) return std::nullopt;
  const int twos = std::min(a.twos_, b.twos_), fives = std::min(a.fives_, b.fives_);
  Wide x = a.numerator_, y = b.numerator_, denominator = a.denominator_;
  if (!times_power(x, 2, a.twos_ - twos) || !times_power(x, 5, a.fives_ - fives) ||
      !times_power(y, 2, b.twos_ - twos) || !times_power(y, 5, b.fives_ - fives) ||
      !times(x, b.denominator_) || !times(y, a.denominator_) ||
      !times(denominator, b.denominator_)) {
    return std::nullopt;
  }
  bool negative = a.negative_;
  Wide sum = 0;
  if (a.negative_ == b.negative_) {
    if (__builtin_add_overflow(x, y, &sum)) return std::nullopt;
  } else if (x >= y) {
    sum = x - y;
  } else {
    sum = y - x;
    negative = b.negative_;
  }
  return Rational::make(sum, denominator, negative, twos, fives, a.pis_);
}

std::optional<Rational> power(const Rational& base, int exponent) {
  Rational result = Rational::whole(1);
  for (int i = std::abs(exponent); i > 0; --i) {
    const auto next = multiply(result, base);
    if (!next) return std::nullopt;
    result = *next;
  }
  return exponent < 0 ? divide(Rational::whole(1), result) : std::optional(result);
}

// Some last places of the low one may be wrong.
Double2 Rational::nearly() const {
  Double2 value = quotient(of(numerator_), of(denominator_));
  if (fives_ != 0) value = product(value, raised({5, 0}, fives_));
  if (pis_ != 0) {
    value = product(value, raised({3.141592653589793116, 1.2246467991473532072e-16}, pis_));
  }
  value = {std::ldexp(value.high, twos_), std::ldexp(value.low, twos_)};
  return negative_ ? Double2{-value.high, -value.low} : value;
}

Double2 Rational::to_doubles() const {
  if (is_zero()) return {};
  Double2 value = nearly();
  if (!std::isnormal(value.high)) return value;
  // What the high one leaves over is a fraction itself, unless it does not fit.
  int exponent = 0;
  const double mantissa = std::frexp(value.high, &exponent);
  Rational taken = whole(-static_cast<std::int64_t>(std::ldexp(mantissa, 53)));
  taken.twos_ += exponent - 53;
  if (const auto rest = add(*this, taken)) value.low = rest->is_zero() ? 0 : rest->nearly().high;
  return value;
}

std::string Rational::text() const {
  if (is_zero()) return "0";
  Wide above = numerator_, below = denominator_;
  // As much as possible as a decimal: 0.3048 rather than 381/1250.
  const int tens = denominator_ == 1 ? std::min({twos_, fives_, 0}) : 0;
  const int twos = twos_ - tens, fives = fives_ - tens;
  const bool fits = times_power(above, 2, twos) && times_power(above, 5, fives) &&
                    times_power(below, 2, -twos) && times_power(below, 5, -fives);
  std::string text = negative_ ? "-" : "";
  if (!fits || tens < -20) {
    char buffer[40];
    std::snprintf(buffer, sizeof buffer, "%.15g", std::abs(to_doubles().high));
    return text + buffer;
  }
  std::string number = digits(above);
  if (tens < 0) {
    const auto places = static_cast<std::size_t>(-tens);
    if (number.size() <= places) number.insert(0, places + 1 - number.size(), '0');
    number.insert(number.size() - places, ".");
  }
  std::string pis = "pi";
  if (std::abs(pis_) > 1) pis += "^" + std::to_string(std::abs(pis_));
  if (pis_ > 0) number = number == "1" ? pis : number + "*" + pis;
  text += number;
  if (pis_ < 0 && below != 1) return text + "/(" + digits(below) + "*" + pis + ")";
  if (pis_ < 0) return text + "/" + pis;
  return below == 1 ? text : text + "/" + digits(below);
}

}  // namespace dts
