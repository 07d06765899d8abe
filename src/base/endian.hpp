// Loads and stores at any alignment, little-endian or (_big) big-endian. The compiler turns each
// into one instruction or two.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace dts::base {

static_assert(std::endian::native == std::endian::little, "DTS runs on little-endian machines");

template <class T>
inline T load(const void* from) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
inline void store(void* to, T value) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(to, &value, sizeof value);
}

// Of an unsigned integer.
template <class T>
inline T swap_bytes(T value) noexcept {
  static_assert(std::is_unsigned_v<T>);
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
  return value;
}

template <class T>
inline T load_big(const void* from) noexcept {
  return swap_bytes(load<T>(from));
}

template <class T>
inline void store_big(void* to, T value) noexcept {
  store(to, swap_bytes(value));
}

}  // namespace dts::base
