// Trace: one number that changes when anything in a run changes, and, when asked, the lines to
// read. Two runs of one seed must end with the same hash; a difference means that something depends
// on an address, a real clock or uninitialised memory. One thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>

#include <dts/bytes.hpp>
#include <dts/time.hpp>

namespace dts::sim {

// A fast hash for telling contents apart (not against an adversary).
inline std::uint64_t hash_of(ByteView bytes, std::uint64_t seed = 0) {
  constexpr std::uint64_t factor = 0xff51afd7ed558ccdull;
  const auto word = [&](std::size_t at) {
    std::uint64_t w;
    std::memcpy(&w, bytes.data() + at, 8);
    return w;
  };
  std::uint64_t h = seed ^ (bytes.size() * 0x9e3779b97f4a7c15ull);
  std::size_t i = 0;
  if (bytes.size() >= 64) {  // four lanes, so that the processor does not wait for itself
    std::uint64_t lanes[4] = {h, h + 1, h + 2, h + 3};
    for (; i + 32 <= bytes.size(); i += 32)
      for (std::size_t lane = 0; lane < 4; ++lane) {
        lanes[lane] = (lanes[lane] ^ word(i + 8 * lane)) * factor;
        lanes[lane] ^= lanes[lane] >> 32;
      }
    for (const std::uint64_t lane : lanes) h = (h ^ lane) * factor, h ^= h >> 32;
  }
  for (; i + 8 <= bytes.size(); i += 8) {
    h = (h ^ word(i)) * factor;
    h ^= h >> 32;
  }
  for (; i < bytes.size(); ++i) h = (h ^ bytes[i]) * 0x100000001b3ull;
  h ^= h >> 29;
  return h * 0xbf58476d1ce4e5b9ull;
}

class Trace {
 public:
  enum class Event : std::uint8_t {
    sent,
    arrived,
    message,
    notice,
    publish,
    subscribe,
    unsubscribe,
    open,
    close,
    start,
    stop,
    fault,
  };

  void add(Event event, Duration now, std::uint64_t node, std::uint64_t detail) {
    mix(static_cast<std::uint64_t>(event) << 56 ^ static_cast<std::uint64_t>(now.count()));
    mix(node << 48 ^ detail);
  }
  std::uint64_t hash() const { return hash_; }

  // Where lines for people go; empty: nowhere, and no line is made.
  std::function<void(const std::string&)> lines;
  // `make` is called only when somebody reads.
  template <class Make>
  void say(Duration now, const Make& make) const {
    if (!lines) return;
    char stamp[32];
    std::snprintf(stamp, sizeof stamp, "%12.6f ", static_cast<double>(now.count()) / 1e9);
    lines(stamp + make());
  }

 private:
  void mix(std::uint64_t word) {
    hash_ = (hash_ ^ word) * 0xff51afd7ed558ccdull;
    hash_ ^= hash_ >> 33;
  }
  std::uint64_t hash_ = 0x2545f4914f6cdd1dull;
};

}  // namespace dts::sim
