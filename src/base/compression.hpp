// Compression of whole messages, over Debian's liblz4 and libzstd. Reading foreign bytes is safe:
// the size is checked before memory is taken, and never exceeds either cap. No state but scratch
// memory of the thread; any thread.
#pragma once

#include <cstdint>

#include <dts/bytes.hpp>
#include <dts/compression.hpp>
#include <dts/result.hpp>

namespace dts::base {

//  0       4         8                   8 + packed        n
//  +-------+---------+-------------------+-----------------+
//  | size  | packed  | compressed bytes  | zeros           |
//  |  u32  |  u32    | LZ4 block or zstd | (often none)    |
//  +-------+---------+-------------------+-----------------+
// `size` is that of the message. The zeros are there when it compressed so well that it would be
// refused: what is received may become at most `expansion_max` times as much.
inline constexpr std::size_t compression_head_bytes = 8;
inline constexpr std::uint64_t expansion_max = 20;

// Compresses `plain` into `packed`, replacing what it held. False: it saves less than an eighth, or
// nothing at all can be saved; then `packed` is unspecified.
bool compress(Compression compression, ByteView plain, Bytes& packed);

// The size a compressed message says it has, if that is within the caps.
Result<std::uint64_t> decompressed_bytes(ByteView packed, std::uint64_t bytes_max);

Result<Bytes> decompress(Compression compression, ByteView packed, std::uint64_t bytes_max);

}  // namespace dts::base
