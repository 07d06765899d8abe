#include <proto/loss_reports.hpp>

#include <base/canary.hpp>

namespace dts::proto {

// Who loses nothing says nothing.
bool LossReports::most_lose_little(Instant now, std::size_t receivers) const {
  std::size_t much = 0;
  for (const auto& [node, report] : all_)
    much += report.share >= usual && now - report.heard <= patience;
  return 2 * much < receivers;
}

LossReports::Change LossReports::reported(Instant now, const NodeId& node, float share,
                                          std::size_t receivers) {
  Report& report = all_[node];
  if (share < healed || now - report.heard > pause) report.high_since = Instant::max();
  if (share > high && report.high_since == Instant::max()) report.high_since = now;
  report.heard = now;
  report.share = share;
  if (report.isolated) {
    if (share >= healed || DTS_CANARY(73)) return Change::none;
    report.isolated = false;
    return Change::restored;
  }
  if (share <= high || now - report.high_since < patience || DTS_CANARY(72)) return Change::none;
  if (!most_lose_little(now, receivers)) return Change::none;
  report.isolated = true;
  return Change::isolated;
}

bool LossReports::is_isolated(const NodeId& node) const {
  const auto at = all_.find(node);
  return at != all_.end() && at->second.isolated;
}

std::vector<NodeId> LossReports::expire(Instant now) {
  std::vector<NodeId> restored;
  for (auto at = all_.begin(); at != all_.end();) {
    if (now - at->second.heard <= patience) {
      ++at;
      continue;
    }
    if (DTS_CANARY(73) && at->second.isolated) break;
    if (at->second.isolated) restored.push_back(at->first);
    at = all_.erase(at);
  }
  return restored;
}

}  // namespace dts::proto
