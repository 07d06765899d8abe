// Integers in memory by their Layout: bool, every width of integer, time, duration, enumerations.
// Inline; any thread.
#pragma once

#include <cstdint>
#include <cstring>

#include <dts/layout.hpp>

namespace dts {

inline bool is_unsigned(const Layout& layout) {
  return layout.kind == Kind::boolean || (layout.kind >= Kind::u8 && layout.kind <= Kind::u64) ||
         (layout.kind == Kind::enumeration && !layout.is_signed);
}

inline bool is_integral(const Layout& layout) {
  return layout.kind <= Kind::u64 || layout.kind == Kind::time || layout.kind == Kind::duration ||
         layout.kind == Kind::enumeration;
}

// The integer, sign- or zero-extended to 64 bits.
inline std::uint64_t load_integer(const Layout& layout, const void* value) {
  std::uint64_t bits = 0;
  switch (layout.size) {
    case 1: {
      std::uint8_t part;
      std::memcpy(&part, value, 1);
      bits = part;
      break;
    }
    case 2: {
      std::uint16_t part;
      std::memcpy(&part, value, 2);
      bits = part;
      break;
    }
    case 4: {
      std::uint32_t part;
      std::memcpy(&part, value, 4);
      bits = part;
      break;
    }
    default:
      std::memcpy(&bits, value, 8);
      return bits;
  }
  const unsigned unused = 64 - 8 * layout.size;
  if (is_unsigned(layout)) return bits;
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(bits << unused) >> unused);
}

// Does the integer fit the layout? `negative` tells how to read `bits`.
inline bool integer_fits(const Layout& layout, std::uint64_t bits, bool negative) {
  const unsigned width = 8 * layout.size;
  if (layout.kind == Kind::boolean) return !negative && bits <= 1;
  if (is_unsigned(layout)) return !negative && (width == 64 || bits >> width == 0);
  if (negative) return static_cast<std::int64_t>(bits) >= INT64_MIN >> (64 - width);
  return bits <= static_cast<std::uint64_t>(INT64_MAX >> (64 - width));
}

inline void store_integer(const Layout& layout, void* value, std::uint64_t bits) {
  const std::uint8_t part1 = static_cast<std::uint8_t>(bits);
  const std::uint16_t part2 = static_cast<std::uint16_t>(bits);
  const std::uint32_t part4 = static_cast<std::uint32_t>(bits);
  switch (layout.size) {
    case 1:
      std::memcpy(value, &part1, 1);
      break;
    case 2:
      std::memcpy(value, &part2, 2);
      break;
    case 4:
      std::memcpy(value, &part4, 4);
      break;
    default:
      std::memcpy(value, &bits, 8);
      break;
  }
}

}  // namespace dts
