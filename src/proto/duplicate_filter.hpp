// DuplicateFilter: has this packet number of one node been seen? A window of bits behind the
// highest number; older packets count as seen. 1 bit per packet, allocated at the first packet.
#pragma once

#include <cstdint>
#include <vector>

#include <base/canary.hpp>

namespace dts::proto {

class DuplicateFilter {
 public:
  // `window` packets, rounded up to a multiple of 64.
  explicit DuplicateFilter(std::uint32_t window) : window_((window + 63) / 64 * 64) {}

  // No node sends so much between two packets that are heard: a forged number must not move the
  // window to where nothing of the real node is new.
  static constexpr std::uint64_t jump_max = std::uint64_t{1} << 32;

  // True the first time; false for a duplicate, for what is behind the window and for what is
  // absurdly far ahead.
  bool fresh(std::uint64_t number) {
    if (bits_.empty()) {
      bits_.assign(window_ / 64, 0);
      highest_ = number;
      return mark(number);
    }
    if (number > highest_) {
      if (number - highest_ > jump_max) return false;
      if (number - highest_ >= window_)
        bits_.assign(bits_.size(), 0);
      else
        for (std::uint64_t n = highest_ + 1; n <= number && !DTS_CANARY(26); ++n) clear(n);
      highest_ = number;
      return mark(number);
    }
    if (highest_ - number >= window_) return false;
    return mark(number);
  }
  std::uint64_t memory_bytes() const noexcept { return bits_.capacity() * sizeof(std::uint64_t); }

 private:
  bool mark(std::uint64_t n) noexcept {
    std::uint64_t& word = bits_[n % window_ / 64];
    const std::uint64_t bit = std::uint64_t{1} << n % 64;
    const bool first = !(word & bit);
    word |= bit;
    return first;
  }
  void clear(std::uint64_t n) noexcept { bits_[n % window_ / 64] &= ~(std::uint64_t{1} << n % 64); }
  std::uint32_t window_;
  std::uint64_t highest_ = 0;
  std::vector<std::uint64_t> bits_;
};

}  // namespace dts::proto
