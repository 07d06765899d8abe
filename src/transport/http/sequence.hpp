// The bytes of a stream that is cut into requests, each of which may fail on its way and is then
// repeated: how nothing is lost and nothing comes twice. Bytes are counted from the stream's
// beginning. One thread at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

#include <dts/bytes.hpp>

namespace dts::transport {

// What is sent, kept until the other side says that it has it.
class SentBytes {
 public:
  std::size_t size() const noexcept { return kept_.size(); }
  ByteView bytes() const noexcept { return kept_; }
  void add(ByteView more) { kept_.insert(kept_.end(), more.begin(), more.end()); }
  // The other side has all before `from`. False: that it cannot have, or it asks for what it had.
  bool had(std::uint64_t from) {
    if (from < first_ || from - first_ > kept_.size()) return false;
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(from - first_));
    first_ = from;
    return true;
  }

 private:
  std::uint64_t first_ = 0;  // of kept_
  Bytes kept_;
};

// What arrives.
class TakenBytes {
 public:
  // Of bytes that begin at `from` those that have not been here; nothing: some before them are
  // missing.
  std::optional<ByteView> fresh(std::uint64_t from, ByteView bytes) const {
    if (from > next_) return std::nullopt;
    return bytes.subspan(
        static_cast<std::size_t>(std::min<std::uint64_t>(next_ - from, bytes.size())));
  }
  void take(std::size_t count) { next_ += count; }
  std::uint64_t next() const noexcept { return next_; }

 private:
  std::uint64_t next_ = 0;
};

}  // namespace dts::transport
