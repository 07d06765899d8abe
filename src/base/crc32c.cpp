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
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(const std::uint8_t* p, std::size_t n,
                                                               std::uint32_t crc) noexcept {
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
