#include "base/crc32c.hpp"

#include <gtest/gtest.h>

namespace dts::base {
namespace {

// By the definition, bit by bit.
std::uint32_t by_definition(ByteView bytes) {
  std::uint32_t crc = ~0u;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
  }
  return ~crc;
}

TEST(Crc32c, is_the_checksum_of_the_standard) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283u);  // RFC 3720, and every CRC catalogue
  EXPECT_EQ(crc32c({}), 0u);
}

TEST(Crc32c, is_the_same_at_every_length_and_alignment) {
  Bytes bytes(3000);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(i * 2654435761u >> 13);
  for (std::size_t offset = 0; offset < 3; ++offset)
    for (std::size_t length = 0; offset + length <= bytes.size();
         length += length < 700 || length > 1300 ? 1 : 13) {
      const ByteView view = ByteView(bytes).subspan(offset, length);
      if (length > 1500 && length % 64 != 0) continue;
      ASSERT_EQ(crc32c(view), by_definition(view)) << offset << " " << length;
    }
}

TEST(Crc32c, goes_on_from_an_earlier_part) {
  Bytes bytes(2000, 7);
  const std::uint32_t first = crc32c(ByteView(bytes).first(900));
  EXPECT_EQ(crc32c(ByteView(bytes).subspan(900), first), crc32c(bytes));
}

}  // namespace
}  // namespace dts::base
