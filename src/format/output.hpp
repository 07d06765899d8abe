// Output: bytes appended to a message, for encoders that write piece by piece. It makes room ahead
// and trims at the end, so that a piece costs one comparison. One thread; for one encode call.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <dts/bytes.hpp>
#include <format/short_copy.hpp>

namespace dts::format {

class Output {
 public:
  explicit Output(Bytes& out) : out_(out), at_(out.data() + out.size()), end_(at_) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // Room for `count` bytes at the end of the message; say with used() how far it was filled.
  std::uint8_t* room(std::size_t count) {
    if (static_cast<std::size_t>(end_ - at_) < count) grow(count);
    return at_;
  }
  void used(std::uint8_t* end) { at_ = end; }

  void block(const void* from, std::size_t count) {
    if (count >= large) return large_block(static_cast<const std::uint8_t*>(from), count);
    std::uint8_t* to = room(count);
    copy_short(to, from, count);
    at_ = to + count;
  }

  // Cuts off the room that was not used. Whatever fails before leaves the bytes for the caller to
  // cut off.
  void finish() { out_.resize(size()); }
  std::size_t size() const { return static_cast<std::size_t>(at_ - out_.data()); }

 private:
  static constexpr std::size_t large = 4096;

  // The vector fills what it grows by with zeros: not too much at a time. Its capacity doubles.
  void grow(std::size_t count) {
    const std::size_t size_now = size();
    out_.resize(size_now + count + std::clamp<std::size_t>(size_now, 256, 64 * 1024));
    at_ = out_.data() + size_now;
    end_ = out_.data() + out_.size();
  }
  void large_block(const std::uint8_t* from, std::size_t count) {
    out_.resize(size());
    out_.insert(out_.end(), from, from + count);
    at_ = end_ = out_.data() + out_.size();
  }

  Bytes& out_;
  std::uint8_t* at_;
  std::uint8_t* end_;
};

// Bytes prepared once and written often, a name for example. Most are short: those are copied
// without asking how long they are.
class Piece {
 public:
  Piece() = default;
  explicit Piece(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {
    if (bytes.size() <= sizeof short_) std::copy(bytes.begin(), bytes.end(), short_);
  }
  void write(Output& out) const {
    if (bytes_.size() > sizeof short_) return out.block(bytes_.data(), bytes_.size());
    std::uint8_t* to = out.room(sizeof short_);
    std::memcpy(to, short_, sizeof short_);
    out.used(to + bytes_.size());
  }

 private:
  Bytes bytes_;
  std::uint8_t short_[24] = {};
};

}  // namespace dts::format
