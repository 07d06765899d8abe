// The last value of every source, collected for a moment: what ls and get show.
#pragma once

#include <map>
#include <string>
#include <utility>

#include <cli/session.hpp>

namespace dts::cli {

struct LatestValue {
  Value value;
  Source origin;
  std::uint64_t sequence = 0;
  Time published{}, received{};
};

// Subscribes to a pattern and keeps the newest value of each source.
class LatestValues {
 public:
  LatestValues(Domain& domain, const std::string& pattern, SubscribeOptions options);
  // By type, source name and stream, so that it prints in a steady order.
  using Key = std::pair<std::pair<std::string, std::string>, std::uint32_t>;
  const std::map<Key, LatestValue>& values() const { return values_; }
  const Subscription& subscription() const { return subscription_; }

 private:
  std::map<Key, LatestValue> values_;
  Subscription subscription_;  // last: it ends before what its handler writes to
};

}  // namespace dts::cli
