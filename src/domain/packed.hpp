// Packed: a message that travelled compressed, on its way to the subscribers of this domain. It is
// unpacked once, by the first thread that needs it and without the Domain's lock; others wait for
// that and share what it became. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include <dts/bytes.hpp>
#include <dts/compression.hpp>
#include <dts/result.hpp>

namespace dts::domain {

class Packed {
 public:
  // Fails when what it would become is beyond the caps: 20 times as much, or `bytes_max`.
  static Result<std::shared_ptr<Packed>> make(Compression compression,
                                              std::shared_ptr<const Bytes> bytes,
                                              std::uint64_t bytes_max);
  Packed(Compression compression, std::shared_ptr<const Bytes> bytes, std::uint64_t size)
      : compression_(compression), size_(size), bytes_(std::move(bytes)) {}

  // Of the message as it was published.
  std::uint64_t size() const noexcept { return size_; }
  // The message as it was published. Its compressed bytes are let go of.
  const Result<std::shared_ptr<const Bytes>>& unpack();

 private:
  const Compression compression_;
  const std::uint64_t size_;
  std::once_flag once_;
  std::shared_ptr<const Bytes> bytes_;
  Result<std::shared_ptr<const Bytes>> plain_ = std::shared_ptr<const Bytes>();
};

}  // namespace dts::domain
