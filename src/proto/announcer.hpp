// Announcer: when to announce, and what has changed since. Keeps the digests of the own lists (of
// streams and of wants), the changes not yet announced, and the period, which stretches so that
// the whole domain stays under its packet budget. Processes of one machine, whose clocks are the
// same, announce at the same moments: who hears them wakes once for several. Writes no packets.
#pragma once

#include <vector>

#include <base/random.hpp>
#include <proto/engine.hpp>

namespace dts::proto {

class Announcer {
 public:
  struct WantChange {
    Interest want;
    bool removed = false;
  };
  struct Changes {
    std::uint64_t streams_base = 0, wants_base = 0;  // the digests they apply to
    std::vector<StreamId> streams;                   // opened or closed
    std::vector<WantChange> wants;
  };

  explicit Announcer(const EngineOptions& options)
      : period_(std::chrono::milliseconds(options.announce_period_ms)),
        packets_per_s_max_(std::max(1u, options.control_packets_per_s_max)) {}

  // `fingerprint` is a hash of everything constant in the entry.
  void stream_changed(StreamId stream, std::uint64_t fingerprint, bool closed) {
    streams_digest_ += closed ? 0 - fingerprint : fingerprint;
    changes_.streams.push_back(stream);
  }
  void want_changed(const Interest& want, std::uint64_t fingerprint, bool removed) {
    wants_digest_ += removed ? 0 - fingerprint : fingerprint;
    changes_.wants.push_back({want, removed});
  }
  std::uint64_t streams_digest() const noexcept { return streams_digest_; }
  std::uint64_t wants_digest() const noexcept { return wants_digest_; }
  bool changed() const noexcept { return !changes_.streams.empty() || !changes_.wants.empty(); }
  // What to tell now; from here on the peers are believed to know it.
  Changes take_changes() {
    Changes taken = std::move(changes_);
    changes_ = {streams_digest_, wants_digest_, {}, {}};
    return taken;
  }

  // Announcements: one at the start and two more soon after, for networks that lose packets; then
  // one each period.
  void start(Instant now) {
    early_left_ = 2;
    due_ = now + std::chrono::milliseconds(100);
  }
  void stop() { due_ = Instant::max(); }
  Instant due() const noexcept { return due_; }
  void announced(Instant now, std::size_t nodes, std::size_t links, base::Random& random) {
    if (early_left_) {
      due_ = now + std::chrono::milliseconds(--early_left_ ? 400 : 1500);
      return;
    }
    const Duration p = period(nodes, links);
    due_ = now + p + Duration(random.below(static_cast<std::uint64_t>(p.count()) / 4));
    due_ -= due_.time_since_epoch() % std::min<Duration>(p / 8, moments_max);
  }
  bool starting() const noexcept { return early_left_ != 0; }
  // Without the jitter, which lengthens it by a quarter at most.
  Duration period(std::size_t nodes, std::size_t links) const {
    const auto packets = static_cast<std::int64_t>((nodes + 1) * std::max<std::size_t>(1, links));
    const Duration crowded = std::min<Duration>(packets * packet_time, 2 * period_);
    return std::max({period_, crowded, Duration(packets * 1'000'000'000 / packets_per_s_max_)});
  }

 private:
  static constexpr Duration moments_max = std::chrono::milliseconds(500);
  // 25 packets a second are not noticed by anybody; beyond that the period grows to twice its
  // length before the domain does.
  static constexpr Duration packet_time = std::chrono::milliseconds(40);

  Duration period_;
  std::uint32_t packets_per_s_max_;
  std::uint64_t streams_digest_ = 0, wants_digest_ = 0;
  Changes changes_;
  Instant due_ = Instant::max();
  unsigned early_left_ = 0;
};

}  // namespace dts::proto
