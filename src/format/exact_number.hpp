// Numbers that change between integer and float without changing: for readers of formats that tell
// the two apart where DTS takes either, as long as the value is the same.
#pragma once

#include <cmath>
#include <cstdint>

#include <format/named.hpp>

namespace dts::format {

// False: it is no whole number, or one beyond 64 bits.
inline bool exact_integer(double value, named::Integer& number) {
  constexpr double two_63 = 9223372036854775808.0, two_64 = 18446744073709551616.0;
  if (value != std::trunc(value) || value < -two_63 || value >= two_64) return false;
  number.negative = value < 0;
  number.magnitude = number.negative ? ~static_cast<std::uint64_t>(static_cast<std::int64_t>(value))
                                     : static_cast<std::uint64_t>(value);
  return true;
}

// False: neither a double nor, when `single`, a float is this number.
inline bool exact_real(const named::Integer& number, bool single, double& value) {
  constexpr double two_64 = 18446744073709551616.0;
  if (number.negative && number.magnitude == ~std::uint64_t{0}) {
    value = -two_64;
    return true;
  }
  const std::uint64_t magnitude = number.magnitude + (number.negative ? 1 : 0);
  value = single ? double{static_cast<float>(magnitude)} : static_cast<double>(magnitude);
  if (value >= two_64 || static_cast<std::uint64_t>(value) != magnitude) return false;
  if (number.negative) value = -value;
  return true;
}

}  // namespace dts::format
