// CRC-32C (Castagnoli, RFC 3720 appendix B.4): by the processor's instruction where it has one.
#pragma once

#include <cstdint>

#include <dts/bytes.hpp>

namespace dts::base {

// Of `bytes`, continuing from `crc` (0 to begin).
std::uint32_t crc32c(ByteView bytes, std::uint32_t crc = 0) noexcept;

}  // namespace dts::base
