// Bytes as hexadecimal digits: written in lower case, read in either.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <dts/bytes.hpp>

namespace dts::base {

// What the digit stands for; -1 if it is none.
constexpr int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string to_hex(ByteView bytes);
// None if the digits do not come in pairs, or are not all digits.
std::optional<Bytes> from_hex(std::string_view digits);

}  // namespace dts::base
