// BackOff: how long to wait before one tries again: 0.2 s, then ever longer up to 15 s, each time
// by chance a little less, since many that lost the same place shall not come back as one.
// One thread at a time.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/random.hpp"

namespace dts::transport {

class BackOff {
 public:
  void reset() { pause_ = first; }
  std::chrono::milliseconds next() {
    std::uint8_t random = 0;
    base::fill_random({&random, 1});
    const auto now = pause_ * (192 + random / 4) / 256;
    pause_ = std::min(pause_ * 2, most);
    return now;
  }

 private:
  static constexpr std::chrono::milliseconds first{200}, most{15'000};
  std::chrono::milliseconds pause_ = first;
};

}  // namespace dts::transport
