// A copy for blocks that are short as a rule, such as texts: those of up to 64 bytes are copied
// without a call, in two halves that may overlap. Any thread.
#pragma once

#include <cstdint>
#include <cstring>

#include <base/endian.hpp>

namespace dts::format {

template <std::size_t Half>
inline void copy_halves(void* to, const void* from, std::size_t size) {
  struct Block {
    std::uint8_t bytes[Half];
  };
  const std::size_t second = size - Half;
  const auto first = base::load<Block>(from);
  const auto last = base::load<Block>(static_cast<const std::uint8_t*>(from) + second);
  base::store(to, first);
  base::store(static_cast<std::uint8_t*>(to) + second, last);
}

// As std::memcpy, but either may be null when there is nothing to copy.
inline void copy_short(void* to, const void* from, std::size_t size) {
  if (size > 64) {
    std::memcpy(to, from, size);
  } else if (size >= 32) {
    copy_halves<32>(to, from, size);
  } else if (size >= 16) {
    copy_halves<16>(to, from, size);
  } else if (size >= 8) {
    copy_halves<8>(to, from, size);
  } else if (size >= 4) {
    copy_halves<4>(to, from, size);
  } else {
    for (std::size_t i = 0; i < size; ++i)
      static_cast<std::uint8_t*>(to)[i] = static_cast<const std::uint8_t*>(from)[i];
  }
}

}  // namespace dts::format
