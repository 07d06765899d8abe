// Bytes as everybody passes them around: owned or viewed. Lengths are in bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace dts {

using Bytes = std::vector<std::uint8_t>;
// Not owned: valid only while whoever handed it out says so (usually: during the call).
using ByteView = std::span<const std::uint8_t>;
using MutableByteView = std::span<std::uint8_t>;

inline ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace dts
