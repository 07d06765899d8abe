// Random numbers: a small seeded generator for everything that must be repeatable (xoshiro256**,
// Blackman and Vigna 2018), and the system's randomness for identities.
#pragma once

#include <cstdint>

#include <dts/bytes.hpp>

namespace dts::base {

class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept;
  std::uint64_t next() noexcept;
  // Uniform in [0, bound); 0 for bound 0.
  std::uint64_t below(std::uint64_t bound) noexcept;
  // Uniform in [0, 1).
  double fraction() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool chance(double probability) noexcept { return fraction() < probability; }

 private:
  std::uint64_t state_[4];
};

// Fills from the system's source (getrandom).
void fill_random(MutableByteView bytes);

}  // namespace dts::base
