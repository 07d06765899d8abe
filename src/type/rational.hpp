// Exact positive and negative fractions for conversions of units: numerator and denominator of 128
// bits, with the powers of two, of five and of pi kept apart, so that prefixes, inches and degrees
// compose without rounding. What does not fit says so; nothing is ever rounded before the end.
// Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dts {

// A number in two doubles: their exact sum has 106 bits.
struct Double2 {
  double high = 0, low = 0;
};

class Rational {
 public:
  using Wide = unsigned __int128;

  constexpr Rational() = default;  // 0
  static Rational whole(std::int64_t value);
  // "0.3048", "-459.67", "6.02214076e23", "5/9": nullopt when it is none or does not fit.
  static std::optional<Rational> parse(std::string_view text);
  static Rational pi();

  bool is_zero() const noexcept { return numerator_ == 0; }
  bool is_one() const noexcept;
  bool negative() const noexcept { return negative_; }
  // The value itself, when it is an integer of 64 bits.
  std::optional<std::int64_t> integer() const;

  // All nullopt when the result does not fit, or does not exist.
  friend std::optional<Rational> multiply(const Rational& a, const Rational& b);
  friend std::optional<Rational> divide(const Rational& a, const Rational& b);
  friend std::optional<Rational> add(const Rational& a, const Rational& b);
  friend std::optional<Rational> power(const Rational& base, int exponent);
  Rational minus() const;

  // To within one part in 2^104; zero or infinite only when the value is out of the range of
  // double.
  Double2 to_doubles() const;
  // "5/9", "1000", "0.3048", "pi/180"; for people.
  std::string text() const;

  friend bool operator==(const Rational&, const Rational&) = default;

 private:
  static Rational make(Wide numerator, Wide denominator, bool negative, int twos, int fives,
                       int pis);
  Double2 nearly() const;
  // 5^280 with all 128 bits is well within a double.
  static constexpr int exponent_max = 280, pi_exponent_max = 8;

  // Canonical: without common divisors, and without divisors 2 and 5.
  Wide numerator_ = 0, denominator_ = 1;
  bool negative_ = false;
  int twos_ = 0, fives_ = 0, pis_ = 0;
};

}  // namespace dts
