// Digits: numbers as most texts write them, a sign, digits, a fraction, read without a call, the
// digits eight at a time. What is written in another way, or would not come out exactly, is left to
// std::from_chars. Reads nothing at `end` or behind. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include <base/endian.hpp>

namespace dts::format {

inline bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// Eight digits from 0 to 9, the first in the lowest byte: pairs of two, of four, of eight.
inline std::uint64_t number_of_eight(std::uint64_t x) {
  x = (x * 10 + (x >> 8)) & 0x00ff'00ff'00ff'00ff;
  x = (x * 100 + (x >> 16)) & 0x0000'ffff'0000'ffff;
  return (x * 10000 + (x >> 32)) & 0xffff'ffff;
}

// Appends the digits at `at` to the number, which is right as long as all have 19 at most, and
// gives their end.
inline const char* read_digits(const char* at, const char* end, std::uint64_t& number) {
  static constexpr std::uint64_t powers[] = {1,      10,      100,      1000,     10000,
                                             100000, 1000000, 10000000, 100000000};
  while (end - at >= 8) {
    const std::uint64_t x = base::load<std::uint64_t>(at) ^ 0x3030'3030'3030'3030;
    // The top bit of each byte above 9; a carry spoils only what lies above.
    const std::uint64_t others = ((x + 0x7676'7676'7676'7676) | x) & 0x8080'8080'8080'8080;
    if (others == 0) {
      number = number * powers[8] + number_of_eight(x);
      at += 8;
      continue;
    }
    const int bits = __builtin_ctzll(others) & 0x38;
    if (bits == 0) return at;
    number = number * powers[bits / 8] + number_of_eight(x << (64 - bits));
    return at + bits / 8;
  }
  for (; at != end && is_digit(*at); ++at)
    number = number * 10 + static_cast<unsigned char>(*at - '0');
  return at;
}

// The end of the whole number at `at`, up to 10^19 and without a zero before it; null: none.
inline const char* read_plain_whole(const char* at, const char* end, std::uint64_t& number) {
  number = 0;
  const char* const stop = read_digits(at, end, number);
  const std::ptrdiff_t count = stop - at;
  return count == 0 || count > 19 || (count > 1 && *at == '0') ? nullptr : stop;
}

// The end of the number at `at`, which has no exponent and no zeros before it; null: none. It is up
// to 2^53 with a power of ten up to 10^22, both of which a double holds exactly (a float 2^24 and
// 10^10), so that one operation rounds once. (W. D. Clinger, How to read floating point numbers
// accurately, 1990.)
template <class T>
inline const char* read_plain_real(const char* at, const char* end, T& number) {
  static constexpr T powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  constexpr std::ptrdiff_t fraction_max = sizeof(T) == 8 ? 22 : 10;
  constexpr std::uint64_t digits_max = std::uint64_t{1} << (sizeof(T) == 8 ? 53 : 24);
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  std::uint64_t digits = 0;
  const char* const first = at;
  for (; at != end && is_digit(*at); ++at)  // few, as a rule
    digits = digits * 10 + static_cast<unsigned char>(*at - '0');
  const std::ptrdiff_t whole = at - first;
  if (whole == 0 || (whole > 1 && *first == '0')) return nullptr;
  std::ptrdiff_t fraction = 0;
  if (at != end && *at == '.') {
    const char* const point = ++at;
    at = read_digits(at, end, digits);
    fraction = at - point;
    if (fraction == 0) return nullptr;
  }
  if (at != end && (*at | 0x20) == 'e') return nullptr;
  // 19 digits do not overflow 64 bits.
  if (whole + fraction > 19 || fraction > fraction_max || digits > digits_max) return nullptr;
  const T magnitude = static_cast<T>(static_cast<std::int64_t>(digits)) / powers[fraction];
  number = negative ? -magnitude : magnitude;
  return at;
}

}  // namespace dts::format
