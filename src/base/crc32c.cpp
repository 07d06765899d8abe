#include <base/crc32c.hpp>

#include <array>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

#include <base/endian.hpp>

namespace dts::base {

namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected 0x1edc6f41

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ kPolynomial : crc >> 1;
    table[i] = crc;
  }
  return table;
}

std::uint32_t by_table(const std::uint8_t* p, std::size_t n, std::uint32_t crc) noexcept {
  static constexpr auto table = make_table();
  while (n--) crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
  return crc;
}

#if defined(__x86_64__)
// The instruction takes three cycles and could start every cycle: three lanes side by side are
// nearly three times as fast as one. The lanes' checksums are joined by moving the first ones
// behind `lane_bytes` zero bytes, which is linear in the checksum and therefore four look-ups.
template <std::size_t lane_bytes>
struct Lanes {
  std::uint32_t shift[4][256];

  Lanes() noexcept {
    std::uint32_t image[32];
    for (int bit = 0; bit < 32; ++bit) {
      std::uint32_t crc = std::uint32_t{1} << bit;
      for (std::size_t i = 0; i < lane_bytes; ++i) {
        const std::uint8_t zero = 0;
        crc = by_table(&zero, 1, crc);
      }
      image[bit] = crc;
    }
    for (int byte = 0; byte < 4; ++byte)
      for (unsigned value = 0; value < 256; ++value) {
        shift[byte][value] = 0;
        for (int bit = 0; bit < 8; ++bit)
          if (value >> bit & 1) shift[byte][value] ^= image[8 * byte + bit];
      }
  }
  std::uint32_t moved(std::uint32_t crc) const noexcept {
    return shift[0][crc & 255] ^ shift[1][crc >> 8 & 255] ^ shift[2][crc >> 16 & 255] ^
           shift[3][crc >> 24];
  }
};

// Takes as many times three lanes as there are; `p` and `n` move on.
template <std::size_t lane_bytes>
__attribute__((target("sse4.2"))) std::uint32_t by_lanes(const std::uint8_t*& p, std::size_t& n,
                                                         std::uint32_t crc) noexcept {
  static_assert(lane_bytes % 8 == 0);
  static const Lanes<lane_bytes> lanes;
  for (; n >= 3 * lane_bytes; p += 3 * lane_bytes, n -= 3 * lane_bytes) {
    std::uint64_t a = crc, b = 0, c = 0;
    for (std::size_t i = 0; i < lane_bytes; i += 8) {
      a = _mm_crc32_u64(a, load<std::uint64_t>(p + i));
      b = _mm_crc32_u64(b, load<std::uint64_t>(p + lane_bytes + i));
      c = _mm_crc32_u64(c, load<std::uint64_t>(p + 2 * lane_bytes + i));
    }
    crc = lanes.moved(lanes.moved(static_cast<std::uint32_t>(a)) ^ static_cast<std::uint32_t>(b)) ^
          static_cast<std::uint32_t>(c);
  }
  return crc;
}

__attribute__((target("sse4.2"))) std::uint32_t by_instruction(const std::uint8_t* p, std::size_t n,
                                                               std::uint32_t crc) noexcept {
  if (n >= 192) {
    if (n >= 1344) crc = by_lanes<448>(p, n, crc);  // most of a full packet
    crc = by_lanes<64>(p, n, crc);
  }
  std::uint64_t wide = crc;
  for (; n >= 8; p += 8, n -= 8) wide = _mm_crc32_u64(wide, load<std::uint64_t>(p));
  crc = static_cast<std::uint32_t>(wide);
  for (; n; ++p, --n) crc = _mm_crc32_u8(crc, *p);
  return crc;
}
bool has_instruction() noexcept { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__ARM_FEATURE_CRC32)
std::uint32_t by_instruction(const std::uint8_t* p, std::size_t n, std::uint32_t crc) noexcept {
  for (; n >= 8; p += 8, n -= 8) crc = __crc32cd(crc, load<std::uint64_t>(p));
  for (; n; ++p, --n) crc = __crc32cb(crc, *p);
  return crc;
}
bool has_instruction() noexcept { return true; }
#else
std::uint32_t by_instruction(const std::uint8_t* p, std::size_t n, std::uint32_t crc) noexcept {
  return by_table(p, n, crc);
}
bool has_instruction() noexcept { return false; }
#endif

}  // namespace

std::uint32_t crc32c(ByteView bytes, std::uint32_t crc) noexcept {
  static const bool instruction = has_instruction();
  return ~(instruction ? by_instruction : by_table)(bytes.data(), bytes.size(), ~crc);
}

}  // namespace dts::base
