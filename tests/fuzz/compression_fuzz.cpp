// Foreign compressed bytes: never more memory than the caps say, and what one reads is what
// compressing it again gives back.
#include <base/assert.hpp>
#include <base/compression.hpp>
#include <base/endian.hpp>

using namespace dts;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto compression = static_cast<Compression>(1 + data[0] % 2);
  const bool plain = data[0] & 2;
  const ByteView bytes(data + 1, size - 1);
  constexpr std::uint64_t bytes_max = 1u << 20;
  if (!plain) {
    const auto read = base::decompress(compression, bytes, bytes_max);
    if (!read) return 0;
    DTS_ASSERT(read->size() <= bytes_max);
    DTS_ASSERT(read->size() <= base::expansion_max * bytes.size());
    return 0;
  }
  Bytes packed;
  if (!base::compress(compression, bytes, packed)) return 0;
  DTS_ASSERT(packed.size() <= bytes.size());
  const auto back = base::decompress(compression, packed, bytes_max);
  DTS_ASSERT(back.ok() == (bytes.size() <= bytes_max));
  DTS_ASSERT(!back || std::equal(bytes.begin(), bytes.end(), back->begin(), back->end()));
  return 0;
}
