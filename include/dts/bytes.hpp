// Bytes as everybody passes them around: owned, shared or viewed. Lengths are in bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace dts {

using Bytes = std::vector<std::uint8_t>;
// Not owned: valid only while whoever handed it out says so (usually: during the call).
using ByteView = std::span<const std::uint8_t>;
using MutableByteView = std::span<std::uint8_t>;

// Bytes that nobody changes any more, shared with whoever else has a copy of the Blob: copying one
// copies no bytes. As a field it is `bytes`, like dts::Bytes, and what is received into it stays
// where it arrived if the message is large: a value of 64 MiB takes 64 MiB, not twice. The price:
// a Blob that is kept may keep the whole message it lies in.
// One thread at a time for one Blob, as for any C++ value; the bytes are for any thread.
class Blob {
 public:
  Blob() = default;
  // Takes the bytes over: move them in, and none is copied.
  Blob(Bytes bytes) {
    auto owner = std::make_shared<const Bytes>(std::move(bytes));
    const ByteView all = *owner;
    *this = Blob(all, std::move(owner));
  }
  // Views bytes that stay where they are as long as `owner` lives.
  Blob(ByteView bytes, std::shared_ptr<const void> owner)
      : first_(std::move(owner), bytes.data()), size_(bytes.size()) {}
  Blob(const Blob&) = default;
  Blob(Blob&& other) noexcept
      : first_(std::move(other.first_)), size_(std::exchange(other.size_, 0)) {}
  Blob& operator=(const Blob&) = default;
  Blob& operator=(Blob&& other) noexcept {
    first_ = std::move(other.first_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  ~Blob() = default;

  const std::uint8_t* data() const noexcept { return first_.get(); }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const std::uint8_t* begin() const noexcept { return data(); }
  const std::uint8_t* end() const noexcept { return data() + size_; }
  // Valid as long as this Blob or a copy of it holds the bytes.
  ByteView view() const noexcept { return {data(), size_}; }
  operator ByteView() const noexcept { return view(); }

  friend bool operator==(const Blob& a, const Blob& b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::shared_ptr<const std::uint8_t> first_;  // shares the owner of all
  std::size_t size_ = 0;
};

inline ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace dts
