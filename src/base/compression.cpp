#include "base/compression.hpp"

#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>

#include "base/endian.hpp"

namespace dts {

std::string_view compression_name(Compression compression) {
  switch (compression) {
    case Compression::none:
      return "none";
    case Compression::lz4:
      return "lz4";
    case Compression::zstd:
      return "zstd";
  }
  return "unknown";
}

namespace base {

namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// How many bytes it became; 0 when it does not fit.
std::size_t compress_into(Compression compression, ByteView plain, std::uint8_t* to,
                          std::size_t room) {
  if (compression == Compression::lz4) {
    if (plain.size() > LZ4_MAX_INPUT_SIZE) return 0;
    const int size = LZ4_compress_default(reinterpret_cast<const char*>(plain.data()),
                                          reinterpret_cast<char*>(to),
                                          static_cast<int>(plain.size()), static_cast<int>(room));
    return size > 0 ? static_cast<std::size_t>(size) : 0;
  }
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  if (context == nullptr) return 0;
  const std::size_t size =
      ZSTD_compressCCtx(context.get(), to, room, plain.data(), plain.size(), ZSTD_CLEVEL_DEFAULT);
  return ZSTD_isError(size) ? 0 : size;
}

// `to` has room for exactly the size that was told.
bool decompress_into(Compression compression, ByteView packed, MutableByteView to) {
  if (compression == Compression::lz4) {
    const int size = LZ4_decompress_safe(
        reinterpret_cast<const char*>(packed.data()), reinterpret_cast<char*>(to.data()),
        static_cast<int>(packed.size()), static_cast<int>(to.size()));
    return size >= 0 && static_cast<std::size_t>(size) == to.size();
  }
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  if (context == nullptr) return false;
  const std::size_t size =
      ZSTD_decompressDCtx(context.get(), to.data(), to.size(), packed.data(), packed.size());
  return !ZSTD_isError(size) && size == to.size();
}

Error broken(std::string why) {
  return Error(ErrorCode::decode, "a compressed message cannot be read", {}, std::move(why));
}

}  // namespace

bool compress(Compression compression, ByteView plain, Bytes& packed) {
  if (compression == Compression::none || plain.size() < 64 ||
      plain.size() > std::numeric_limits<std::int32_t>::max())
    return false;
  const std::size_t room = plain.size() - plain.size() / 8;
  packed.resize(room);
  const std::size_t size = compress_into(compression, plain, packed.data() + compression_head_bytes,
                                         room - compression_head_bytes);
  if (size == 0) return false;
  store(packed.data(), static_cast<std::uint32_t>(plain.size()));
  store(packed.data() + 4, static_cast<std::uint32_t>(size));
  const std::size_t least = (plain.size() - 1) / expansion_max + 1;
  packed.resize(compression_head_bytes + size);
  if (packed.size() < least) packed.resize(least);
  return true;
}

Result<std::uint64_t> decompressed_bytes(ByteView packed, std::uint64_t bytes_max) {
  if (packed.size() < compression_head_bytes) return broken("it is shorter than its head");
  const std::uint64_t size = load<std::uint32_t>(packed.data());
  if (size > expansion_max * packed.size())
    return broken(std::to_string(packed.size()) + " bytes that become " + std::to_string(size) +
                  " are refused: at most " + std::to_string(expansion_max) + " times");
  if (size > bytes_max)
    return Error(ErrorCode::too_large, "the message is too large", {},
                 std::to_string(size) + " bytes, at most " + std::to_string(bytes_max),
                 "raise message_bytes_max (dts sub --max-bytes)");
  return size;
}

Result<Bytes> decompress(Compression compression, ByteView packed, std::uint64_t bytes_max) {
  DTS_ASSIGN(const std::uint64_t size, decompressed_bytes(packed, bytes_max));
  const std::uint64_t length = load<std::uint32_t>(packed.data() + 4);
  const ByteView body = packed.subspan(compression_head_bytes);
  if (length > body.size()) return broken("it ends before its compressed bytes do");
  if (compression != Compression::lz4 && compression != Compression::zstd)
    return broken("its compression is not known");
  Bytes plain(static_cast<std::size_t>(size));
  if (!decompress_into(compression, body.first(static_cast<std::size_t>(length)), plain))
    return broken("its " + std::string(compression_name(compression)) + " bytes are not whole");
  return plain;
}

}  // namespace base
}  // namespace dts
