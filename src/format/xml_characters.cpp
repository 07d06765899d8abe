#include <format/xml_characters.hpp>

#include <base/endian.hpp>
#include <base/text.hpp>

namespace dts::format::xml {

bool is_legal(std::uint32_t point) noexcept {
  return point == '\t' || point == '\n' || point == '\r' || (point >= 0x20 && point < 0xd800) ||
         (point >= 0xe000 && point < 0xfffe) || (point >= 0x10000 && point <= 0x10ffff);
}

namespace {

// The high bit of every byte below 0x20 (and perhaps of its neighbour, which is looked at then for
// nothing) or above 0x7f.
std::uint64_t odd_ones(const char* eight) noexcept {
  const auto word = base::load<std::uint64_t>(eight);
  constexpr std::uint64_t ones = 0x0101010101010101ull;
  return ((word - ones * 0x20) | word) & ones * 0x80;
}

}  // namespace

bool is_text(std::string_view text) noexcept {
  const char* p = text.data();
  const char* const end = p + text.size();
  // The whole is checked as UTF-8 elsewhere; here, bytes that may begin what is not allowed.
  while (p < end) {
    if (end - p >= 32 &&
        (odd_ones(p) | odd_ones(p + 8) | odd_ones(p + 16) | odd_ones(p + 24)) == 0) {
      p += 32;
      continue;
    }
    if (end - p >= 8 && odd_ones(p) == 0) {
      p += 8;
      continue;
    }
    const char* const stop = end - p >= 8 ? p + 8 : end;
    for (; p < stop; ++p) {
      const auto c = static_cast<unsigned char>(*p);
      if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') return false;
      // U+FFFE and U+FFFF are ef bf be and ef bf bf.
      if (c == 0xef && end - p >= 3 && static_cast<unsigned char>(p[1]) == 0xbf &&
          static_cast<unsigned char>(p[2]) >= 0xbe) {
        return false;
      }
    }
  }
  return base::is_utf8(text);
}

std::string tag(std::string_view name, const char* open) {
  const std::string_view shown = name.substr(0, 60);
  return open + base::printable(shown) + (shown.size() < name.size() ? "..." : "") + ">";
}

}  // namespace dts::format::xml
