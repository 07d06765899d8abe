#include "domain/packed.hpp"

#include <utility>

#include "base/compression.hpp"

namespace dts::domain {

Result<std::shared_ptr<Packed>> Packed::make(Compression compression,
                                             std::shared_ptr<const Bytes> bytes,
                                             std::uint64_t bytes_max) {
  DTS_ASSIGN(const std::uint64_t size, base::decompressed_bytes(*bytes, bytes_max));
  return std::make_shared<Packed>(compression, std::move(bytes), size);
}

const Result<std::shared_ptr<const Bytes>>& Packed::unpack() {
  std::call_once(once_, [this] {
    Result<Bytes> plain = base::decompress(compression_, *bytes_, size_);
    if (plain)
      plain_ = std::make_shared<const Bytes>(std::move(*plain));
    else
      plain_ = plain.error();
    bytes_.reset();
  });
  return plain_;
}

}  // namespace dts::domain
