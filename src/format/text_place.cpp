#include <format/text_place.hpp>

#include <bit>
#include <cstdint>

#include <base/endian.hpp>

namespace dts::format {

// Goes over all that was read, so eight bytes at a time: refusing a message should cost no more
// than taking it.
std::string place_behind(std::string_view read) {
  constexpr std::uint64_t each = 0x0101010101010101, top = each << 7;
  std::size_t lines = 0, line_start = 0, at = 0;
  for (; read.size() - at >= 8; at += 8) {
    const auto x = base::load<std::uint64_t>(read.data() + at) ^ each * '\n';
    const std::uint64_t feeds = ~(((x & ~top) + ~top) | x) & top;  // the top bit of each zero byte
    if (feeds == 0) continue;
    lines += (feeds >> 7) * each >> 56;
    line_start = at + 8 - static_cast<std::size_t>(std::countl_zero(feeds)) / 8;
  }
  for (; at < read.size(); ++at) {
    if (read[at] != '\n') continue;
    ++lines;
    line_start = at + 1;
  }
  return "at line " + std::to_string(lines + 1) + ", column " +
         std::to_string(read.size() - line_start + 1);
}

}  // namespace dts::format
