// How a large message may be made smaller on its way. The publisher chooses; whoever receives it
// sees the message as it was.
#pragma once

#include <cstdint>
#include <string_view>

namespace dts {

enum class Compression : std::uint8_t {
  none = 0,
  lz4 = 1,   // about as fast as memory
  zstd = 2,  // smaller, at a few hundred MB/s
};
std::string_view compression_name(Compression compression);

}  // namespace dts
