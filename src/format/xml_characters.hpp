// XML characters: what each may be part of, which are allowed at all, and names as errors show
// them. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace dts::format::xml {

enum : std::uint8_t { in_name = 1, starts_name = 2, is_space = 4, ends_data = 8 };

inline constexpr std::array<std::uint8_t, 256> classes = [] {
  std::array<std::uint8_t, 256> made{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
    const bool digit = c >= '0' && c <= '9';
    if (letter) made[c] |= starts_name | in_name;
    if (digit || c == '-' || c == '.') made[c] |= in_name;
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') made[c] |= is_space;
    if (c == '<' || c == '&' || c == '\r' || c == '>') made[c] |= ends_data;
  }
  return made;
}();

inline bool is(char c, std::uint8_t what) {
  return (classes[static_cast<unsigned char>(c)] & what) != 0;
}

// From the start of a name to its end; prefixes included.
inline const char* name_end(const char* at, const char* end) {
  if (at < end && is(*at, starts_name)) {
    while (at < end && is(*at, in_name)) ++at;
  }
  return at;
}

// Is the code point one that XML 1.0 allows: no control characters but tab and line ends, no half
// of a surrogate pair, not U+FFFE or U+FFFF?
bool is_legal(std::uint32_t point) noexcept;
// Is it UTF-8 of such characters?
bool is_text(std::string_view text) noexcept;

// <name>, or another way to open it; cut if it is long.
std::string tag(std::string_view name, const char* open = "<");

}  // namespace dts::format::xml
