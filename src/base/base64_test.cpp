
#include <base/base64.hpp>

#include <gtest/gtest.h>

namespace dts::base {
namespace {

TEST(Base64, reads_those_of_either_alphabet_padded_or_not) {
  Bytes bytes;
  for (const char* text : {"+/8=", "-_8=", "-_8", "+/8"}) {
    ASSERT_TRUE(read_base64(text, bytes)) << text;
    EXPECT_EQ(bytes, (Bytes{0xfb, 0xff})) << text;
  }
  for (const char* text : {"A", "A===", "AB=", "AA=A", "AAAA=", "A\nAA", "/x=="})
    EXPECT_FALSE(read_base64(text, bytes)) << text;
}

TEST(Base64, writes_the_examples_of_the_rfc) {
  for (const auto& [bytes, text] :
       {std::pair("", ""), std::pair("f", "Zg=="), std::pair("fo", "Zm8="),
        std::pair("foo", "Zm9v"), std::pair("foob", "Zm9vYg==")})
    EXPECT_EQ(to_base64(as_bytes(bytes)), text);
}

}  // namespace
}  // namespace dts::base
