#include <gtest/gtest.h>

#include <base/compression.hpp>
#include <base/endian.hpp>
#include <base/random.hpp>

namespace dts::base {
namespace {

constexpr std::uint64_t kMax = 64u << 20;

// Text-like: compresses, but not by twenty.
Bytes words(std::size_t size) {
  Random random(7);
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>('a' + random.below(4));
  return bytes;
}

class Compressions : public ::testing::TestWithParam<Compression> {};
INSTANTIATE_TEST_SUITE_P(Both, Compressions, ::testing::Values(Compression::lz4, Compression::zstd),
                         [](const auto& row) { return std::string(compression_name(row.param)); });

TEST_P(Compressions, what_was_compressed_comes_back) {
  for (const std::size_t size : {64u, 5000u, 300'000u}) {
    const Bytes plain = words(size);
    Bytes packed(17, 9);
    ASSERT_TRUE(compress(GetParam(), plain, packed) || size == 64);
    if (size == 64) continue;
    EXPECT_LT(packed.size(), plain.size() * 3 / 4);
    const auto back = decompress(GetParam(), packed, kMax);
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_EQ(*back, plain);
  }
}

TEST_P(Compressions, what_does_not_get_smaller_is_left_alone) {
  Random random(1);
  Bytes noise(100'000), packed;
  for (std::uint8_t& byte : noise) byte = static_cast<std::uint8_t>(random.next());
  EXPECT_FALSE(compress(GetParam(), noise, packed));
  EXPECT_FALSE(compress(GetParam(), {}, packed));
  EXPECT_FALSE(compress(Compression::none, words(5000), packed));
}

TEST_P(Compressions, what_compresses_too_well_is_padded_so_that_it_is_not_refused) {
  const Bytes plain(4u << 20);
  Bytes packed;
  ASSERT_TRUE(compress(GetParam(), plain, packed));
  EXPECT_EQ(packed.size(), (plain.size() + 19) / 20);
  const auto back = decompress(GetParam(), packed, kMax);
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(*back, plain);
}

TEST_P(Compressions, a_size_beyond_a_cap_is_refused_before_memory_is_taken) {
  Bytes packed;
  ASSERT_TRUE(compress(GetParam(), words(300'000), packed));
  EXPECT_EQ(decompress(GetParam(), packed, 299'999).error().code(), ErrorCode::too_large);
  store(packed.data(), static_cast<std::uint32_t>(20 * packed.size() + 1));
  const auto bomb = decompress(GetParam(), packed, ~std::uint64_t{0});
  ASSERT_FALSE(bomb);
  EXPECT_NE(bomb.error().text().find("at most 20 times"), std::string::npos);
}

TEST_P(Compressions, anything_broken_is_an_error) {
  Bytes packed;
  ASSERT_TRUE(compress(GetParam(), words(20'000), packed));
  for (std::size_t size = 0; size < packed.size(); size += 97)
    EXPECT_FALSE(decompress(GetParam(), ByteView(packed).first(size), kMax)) << size;
  for (const int more : {-1, 1}) {  // a message is exactly as long as it says
    Bytes wrong = packed;
    store(wrong.data(), static_cast<std::uint32_t>(20'000 + more));
    EXPECT_FALSE(decompress(GetParam(), wrong, kMax));
  }
  EXPECT_FALSE(decompress(Compression::none, packed, kMax));
  EXPECT_FALSE(decompress(static_cast<Compression>(3), packed, kMax));
  store(packed.data() + 4, ~std::uint32_t{0});
  EXPECT_FALSE(decompress(GetParam(), packed, kMax));
}

TEST(Compression, the_other_reader_sees_that_it_is_not_its_own) {
  Bytes packed;
  ASSERT_TRUE(compress(Compression::lz4, words(20'000), packed));
  EXPECT_FALSE(decompress(Compression::zstd, packed, kMax));
}

}  // namespace
}  // namespace dts::base
