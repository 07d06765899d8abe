// Typed arrays (RFC 8746): the tags, and numbers of any of their kinds as numbers of another.
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include <base/endian.hpp>
#include <format/cbor.hpp>

namespace dts::format::cbor {

namespace {

// 64..87 = 010 f s e ll: float, signed, little-endian (of one byte: clamped), width.
struct Shape {
  bool is_float = false, is_signed = false, is_little = true;
  std::size_t width = 0;  // 0: not one of ours
};

Shape shape_of(std::uint64_t tag) {
  if (tag < tag_typed_first || tag > tag_typed_last || tag == 76) return {};
  Shape shape;
  shape.is_float = (tag & 0b10000) != 0;
  shape.is_signed = shape.is_float || (tag & 0b01000) != 0;
  shape.is_little = (tag & 0b00100) != 0;
  shape.width = std::size_t{1} << (tag & 0b11);
  if (shape.is_float) shape.width *= 2;
  if (shape.width == 16) return {};  // f128
  if (shape.width == 1) shape.is_little = true;
  return shape;
}

// One element: its bits, extended to 64.
std::uint64_t load_bits(const Shape& shape, const std::uint8_t* from) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < shape.width; ++i) {
    const std::size_t at = shape.is_little ? i : shape.width - 1 - i;
    bits |= std::uint64_t{from[at]} << 8 * i;
  }
  if (shape.is_signed && !shape.is_float && shape.width < 8) {
    const auto up = static_cast<int>(64 - 8 * shape.width);
    bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(bits << up) >> up);
  }
  return bits;
}

double to_real(const Shape& shape, std::uint64_t bits) {
  if (shape.width == 2) return from_half(static_cast<std::uint16_t>(bits));
  if (shape.width == 4) return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  return std::bit_cast<double>(bits);
}

bool store_bits(const Shape& shape, std::uint64_t bits, std::uint8_t* to) {
  std::memcpy(to, &bits, shape.width);
  return true;
}

bool store_exact_real(const Shape& shape, double value, std::uint8_t* to) {
  if (shape.is_float) {
    if (shape.width == 8) return store_bits(shape, std::bit_cast<std::uint64_t>(value), to);
    const auto single = static_cast<float>(value);
    if (single != value && !std::isnan(value)) return false;
    return store_bits(shape, std::bit_cast<std::uint32_t>(single), to);
  }
  // A whole number of the kind: between -2^(n-1) and 2^(n-1), or 0 and 2^n.
  const int bits = static_cast<int>(8 * shape.width) - (shape.is_signed ? 1 : 0);
  const double limit = std::ldexp(1.0, bits);
  if (value != std::trunc(value) || value >= limit || value < (shape.is_signed ? -limit : 0))
    return false;
  return store_bits(shape,
                    value < 0 ? static_cast<std::uint64_t>(static_cast<std::int64_t>(value))
                              : static_cast<std::uint64_t>(value),
                    to);
}

template <class T>
bool store_exact_integer(const Shape& shape, T value, std::uint8_t* to) {
  if (shape.is_float) {
    const auto real =
        shape.width == 4 ? double{static_cast<float>(value)} : static_cast<double>(value);
    // 2^63 and 2^64 are what the largest values would be rounded to.
    constexpr double limit = std::is_signed_v<T> ? 9223372036854775808.0 : 18446744073709551616.0;
    return real < limit && static_cast<T>(real) == value && store_exact_real(shape, real, to);
  }
  const auto narrow = [&]<class To>(To) {
    return std::in_range<To>(value) && store_bits(shape, static_cast<std::uint64_t>(value), to);
  };
  switch (shape.width) {
    case 1:
      return shape.is_signed ? narrow(std::int8_t{}) : narrow(std::uint8_t{});
    case 2:
      return shape.is_signed ? narrow(std::int16_t{}) : narrow(std::uint16_t{});
    case 4:
      return shape.is_signed ? narrow(std::int32_t{}) : narrow(std::uint32_t{});
    default:
      return shape.is_signed ? narrow(std::int64_t{}) : narrow(std::uint64_t{});
  }
}

template <class T>
void swap_all(ByteView from, std::uint8_t* to) {
  for (std::size_t i = 0; i + sizeof(T) <= from.size(); i += sizeof(T)) {
    base::store(to + i, base::load_big<T>(from.data() + i));
  }
}

}  // namespace

std::size_t typed_array_width(std::uint64_t tag) { return shape_of(tag).width; }

bool convert_typed_array(std::uint64_t tag, ByteView from, Kind element, Bytes& to,
                         Failure& failure) {
  const Shape source = shape_of(tag), target = shape_of(typed_array_tag(element));
  const std::size_t count = from.size() / source.width;
  to.resize(count * target.width);
  if (source.is_float == target.is_float && source.is_signed == target.is_signed &&
      source.width == target.width && !source.is_little) {
    if (source.width == 2) swap_all<std::uint16_t>(from, to.data());
    if (source.width == 4) swap_all<std::uint32_t>(from, to.data());
    if (source.width == 8) swap_all<std::uint64_t>(from, to.data());
    return true;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t bits = load_bits(source, from.data() + i * source.width);
    std::uint8_t* place = to.data() + i * target.width;
    const bool fine = source.is_float ? store_exact_real(target, to_real(source, bits), place)
                      : source.is_signed
                          ? store_exact_integer(target, static_cast<std::int64_t>(bits), place)
                          : store_exact_integer(target, bits, place);
    if (fine) continue;
    failure.set(ErrorCode::wrong_value, "a number that is not a value of " + kind_text(element));
    return failure.in(i);
  }
  return true;
}

double from_half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  double value;
  if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else if (exponent == 31) {
    value = fraction == 0 ? std::numeric_limits<double>::infinity()
                          : std::numeric_limits<double>::quiet_NaN();
  } else {
    value = std::ldexp(fraction + 1024, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

}  // namespace dts::format::cbor
