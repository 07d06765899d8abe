// CBOR (RFC 8949): the encoder and the decoder that the format in cbor.cpp hands out, and what the
// two share. docs/reference/formats/cbor.md has the rules.
//
// An item starts with a head: major type (3 bits), information (5 bits), and up to 8 bytes more.
//   information  0..23 the argument itself; 24..27 it is in the next 1, 2, 4, 8 bytes, big-endian;
//                31 no length: chunks or items up to a break (ff)
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <dts/format.hpp>
#include <format/plan.hpp>

namespace dts::format::cbor {

Result<std::unique_ptr<Encoder>> make_encoder(const Layout& layout);
Result<std::unique_ptr<Decoder>> make_decoder(const Assignment& assignment, const Layout& layout,
                                              const DecodeLimits& limits);

enum Major : std::uint8_t {
  major_unsigned = 0,
  major_negative = 1,  // -1 - argument
  major_bytes = 2,
  major_text = 3,
  major_list = 4,
  major_map = 5,
  major_tag = 6,
  major_simple = 7,  // false, true, null, undefined, floats, break
};

enum Tag : std::uint64_t {
  tag_time_text = 0,
  tag_time_seconds = 1,
  tag_bignum = 2,
  tag_negative_bignum = 3,
  tag_decimal = 4,   // [exponent, coefficient]
  tag_bigfloat = 5,  // [exponent, coefficient], of 2
  tag_string_reference = 25,
  tag_shared_reference = 29,
  tag_typed_first = 64,  // RFC 8746: a list of numbers as bytes
  tag_typed_last = 87,
  tag_time = 1001,      // RFC 9581: {1: seconds, -9: nanoseconds}
  tag_duration = 1002,  // the same
};

// ---- RFC 8746: typed arrays ---------------------------------------------------------------------

// The tag of a list of numbers in memory order, and the bytes of one; `element` is i8 to f64.
constexpr std::uint8_t typed_array_tag(Kind element) {
  static_assert(static_cast<int>(Kind::f64) - static_cast<int>(Kind::i8) == 9);
  constexpr std::uint8_t tags[] = {72, 77, 78, 79, 64, 69, 70, 71, 85, 86};
  return tags[static_cast<int>(element) - static_cast<int>(Kind::i8)];
}
constexpr std::size_t element_width(Kind element) {
  constexpr std::uint8_t widths[] = {1, 2, 4, 8, 1, 2, 4, 8, 4, 8};
  return widths[static_cast<int>(element) - static_cast<int>(Kind::i8)];
}
// Bytes of one element of a typed array; 0: no such tag, or a kind of number DTS does not have.
std::size_t typed_array_width(std::uint64_t tag);
// The elements as `count` numbers of `element` in memory order, appended to the empty `to`. Fails
// when one cannot be held exactly.
bool convert_typed_array(std::uint64_t tag, ByteView from, Kind element, Bytes& to,
                         Failure& failure);

// An IEEE 754 half.
double from_half(std::uint16_t bits);

}  // namespace dts::format::cbor
