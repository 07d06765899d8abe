// Protobuf shape: the field number and the coding of every member, derived from the type or taken
// from a binding; and the varint, which everything in a message is made of.
//
//   field     tag: varint of number << 3 | wire type, then by wire type
//             0 a varint   1 eight bytes   2 a varint n and n bytes   3, 4 a group   5 four bytes
//   varint    seven bits a byte, the least significant first; all but the last have the top bit set
//   zigzag    0 -1 1 -2 2 ... as 0 1 2 3 4 ...
//   message   fields in any order; a nested one is wire type 2
#pragma once

#include <cstdint>
#include <vector>

#include <base/endian.hpp>
#include <dts/binding.hpp>
#include <dts/result.hpp>
#include <dts/type.hpp>

namespace dts::format::protobuf {

enum Wire : std::uint8_t { varint = 0, eight = 1, length = 2, group = 3, group_end = 4, four = 5 };

// How a number is written.
struct Numbers {
  Coding coding = Coding::zigzag;  // unsigned ones are never zigzag
  Coding key = Coding::zigzag;     // the keys of a map
  bool packed = true;
  friend bool operator==(const Numbers&, const Numbers&) = default;
  friend auto operator<=>(const Numbers&, const Numbers&) = default;
};

struct Slot {
  std::uint32_t number = 1;
  Numbers numbers;
  bool implicit = false;  // left out when zero
  bool flat = false;      // a oneof: its cases lie in the enclosing message
};

constexpr std::uint32_t number_max = (1u << 29) - 1;

// The slots of a struct's or union's members, parallel to its fields. Fails for a field number that
// Protocol Buffers do not have.
Result<std::vector<Slot>> slots_of(const TypeNode& node, const Binding* binding);
// Fails when two of the numbers in one message are the same.
Result<void> check_distinct(const TypeNode& node, std::vector<std::uint32_t> numbers);

// How a number, boolean or enumeration is coded: zigzag only where it means something.
Coding coding_of(Kind kind, Coding wanted);
Wire wire_of(Kind kind, Coding coding);

inline std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
}

constexpr std::size_t varint_bytes_max = 10;
inline std::size_t varint_size(std::uint64_t value) {
  // Bits by seven, rounded up: without a division.
  return static_cast<std::size_t>((63 - __builtin_clzll(value | 1)) * 9 + 73) / 64;
}
// At most 10 bytes; the end of them.
inline std::uint8_t* write_varint(std::uint8_t* to, std::uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<std::uint8_t>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<std::uint8_t>(value);
  return to;
}
// The same where 10 bytes may be written to, whatever the value takes: all groups of seven bits are
// moved apart at once.
inline std::uint8_t* write_varint_ahead(std::uint8_t* to, std::uint64_t value) {
  if (value < 0x80) {
    *to = static_cast<std::uint8_t>(value);
    return to + 1;
  }
  std::uint64_t x = value & 0x00ff'ffff'ffff'ffff;
  x = (x & 0x0fff'ffff) | (x & 0x00ff'ffff'f000'0000) << 4;
  x = (x & 0x0000'3fff'0000'3fff) | (x & 0x0fff'c000'0fff'c000) << 2;
  x = (x & 0x007f'007f'007f'007f) | (x & 0x3f80'3f80'3f80'3f80) << 1;
  constexpr std::uint64_t more = 0x8080'8080'8080'8080;
  if (value >> 56 == 0) {
    const std::size_t size = varint_size(value);
    base::store(to, x | (more & ((std::uint64_t{1} << 8 * (size - 1)) - 1)));
    return to + size;
  }
  base::store(to, x | more);
  const std::uint64_t top = value >> 63;  // in a byte of its own
  base::store(to + 8, static_cast<std::uint16_t>((value >> 56 & 0x7f) | top << 7 | top << 8));
  return to + 9 + top;
}

// The end of the varint at `from`; null when it is cut off or has more than 64 bits.
inline const std::uint8_t* read_varint(const std::uint8_t* from, const std::uint8_t* end,
                                       std::uint64_t& value) {
  if (from != end && *from < 0x80) {
    value = *from;
    return from + 1;
  }
  if (end - from >= 10) {
    const auto word = base::load<std::uint64_t>(from);
    const std::uint64_t last = ~word & 0x8080'8080'8080'8080;
    // The bytes up to the last one, or all eight.
    std::uint64_t x = word & (last ^ (last - 1)) & 0x7f7f'7f7f'7f7f'7f7f;
    x = (x & 0x007f'007f'007f'007f) | (x & 0x7f00'7f00'7f00'7f00) >> 1;
    x = (x & 0x0000'3fff'0000'3fff) | (x & 0x3fff'0000'3fff'0000) >> 2;
    x = (x & 0x0fff'ffff) | (x & 0x0fff'ffff'0000'0000) >> 4;
    if (last != 0) {
      value = x;
      return from + __builtin_ctzll(last) / 8 + 1;
    }
    value = x | std::uint64_t{from[8] & 0x7fu} << 56;
    if (from[8] < 0x80) return from + 9;
    value |= std::uint64_t{from[9]} << 63;
    return from[9] <= 1 ? from + 10 : nullptr;
  }
  std::uint64_t result = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (from == end) return nullptr;
    const std::uint64_t byte = *from++;
    result |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (shift == 63 && byte > 1) return nullptr;
      value = result;
      return from;
    }
  }
  return nullptr;
}

}  // namespace dts::format::protobuf
