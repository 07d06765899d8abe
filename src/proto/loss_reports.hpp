// LossReports: what the receivers of a publisher say about their losses, and which of them stands
// out: it loses much for long while most lose nearly nothing. What it asks for would take repairs
// and rate from all the others, so it is served apart. It sends nothing. Bounded: a receiver is in
// it from its NACK until it is silent.
#pragma once

#include <map>
#include <vector>

#include <dts/id.hpp>
#include <dts/time.hpp>

namespace dts::proto {

class LossReports {
 public:
  static constexpr float high = 0.30f;    // more of the stream than this, ...
  static constexpr float healed = 0.15f;  // ... until it is less than this
  static constexpr float usual = 0.02f;   // what most lose less than
  static constexpr Duration patience = std::chrono::seconds(10);  // so long; and to forget
  static constexpr Duration pause = std::chrono::seconds(2);      // silent so long: not in a row

  enum class Change : std::uint8_t { none, isolated, restored };
  // One of `receivers` has lost this share of a stream lately, by its NACK.
  Change reported(Instant now, const NodeId& node, float share, std::size_t receivers);
  bool is_isolated(const NodeId& node) const;
  // The silent are forgotten; those of them that were isolated are returned: they are no longer.
  std::vector<NodeId> expire(Instant now);
  void forget(const NodeId& node) { all_.erase(node); }
  std::uint64_t memory_bytes() const noexcept { return all_.size() * 96; }

 private:
  struct Report {
    float share = 0;
    Instant heard{};
    Instant high_since = Instant::max();  // above `high`, without a pause or less than `healed`
    bool isolated = false;
  };
  bool most_lose_little(Instant now, std::size_t receivers) const;

  std::map<NodeId, Report> all_;  // ordered, so that what happens never depends on memory
};

}  // namespace dts::proto
