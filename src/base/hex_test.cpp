#include <base/hex.hpp>

#include <gtest/gtest.h>

namespace dts::base {
namespace {

TEST(Hex, writes_two_lower_case_digits_a_byte) {
  EXPECT_EQ(to_hex(ByteView()), "");
  EXPECT_EQ(to_hex(Bytes{0x00, 0x0f, 0xa5, 0xff}), "000fa5ff");
}

TEST(Hex, reads_digits_in_either_case) {
  EXPECT_EQ(from_hex(""), Bytes{});
  EXPECT_EQ(from_hex("000FA5ff"), (Bytes{0x00, 0x0f, 0xa5, 0xff}));
}

TEST(Hex, refuses_half_a_byte_and_what_is_no_digit) {
  for (const char* digits : {"0", "000", "0g", "g0", "0x", " 0", "0:", "/0", "a@", "G0"})
    EXPECT_FALSE(from_hex(digits)) << digits;
}

}  // namespace
}  // namespace dts::base
