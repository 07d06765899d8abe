// Numbers and timestamps of Ion, as both notations have them, brought to the values DTS has: exact,
// or refused. A number in decimal for a field of floating point is rounded to the nearest, as text
// is: people write 18.4, and that is a decimal in Ion.
#pragma once

#include <cstdint>

#include <dts/value.hpp>
#include <format/named.hpp>

namespace dts::format::ion {

// (-1 when negative) x coefficient x 10^exponent. Ion has -0.
struct Number {
  std::uint64_t coefficient = 0;
  std::int64_t exponent = 0;
  bool negative = false;
};

// A magnitude of 64 bits with a sign; negative zero becomes zero.
named::Integer integer_of(std::uint64_t magnitude, bool negative);
// False when the number has a fraction or does not fit.
bool to_integer(const Number& number, named::Integer& integer);
// -12, in digits alone: how a struct's name is the key of a map.
bool integer_from(std::string_view digits, named::Integer& integer);
bool to_integer(double real, named::Integer& integer);  // only up to 2^53: above, who knows
// False for a negative zero, and for what does not fit i64 x 10^i8.
bool to_decimal(const Number& number, Decimal& decimal);
bool to_decimal(const named::Integer& integer, Decimal& decimal);
bool to_int64(const named::Integer& integer, std::int64_t& value);
// Seconds into nanoseconds; false when there are smaller parts, or too many.
bool to_duration(const Number& seconds, std::int64_t& nanoseconds);
// The nearest float (`single`) or double; false when it is too large.
bool to_real(const Number& number, bool single, double& real);
// Only exactly.
bool to_real(const named::Integer& integer, double& real);

// A moment as a calendar says it, already in UTC or `offset` minutes ahead of it.
struct Moment {
  std::int64_t year = 1, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  std::int64_t offset = 0;
  std::uint32_t nanosecond = 0;
};
// False when there is no such moment, or it is outside the years 1677 to 2262.
bool to_nanoseconds(const Moment& moment, std::int64_t& nanoseconds);

}  // namespace dts::format::ion
