#include <proto/withholding.hpp>

#include <algorithm>

#include <base/canary.hpp>

namespace dts::proto {

void Withholding::reroute(std::uint64_t version, std::vector<StreamSelection> selections,
                          const Destinations& destinations, std::vector<Receiver> receivers) {
  const bool same =
      std::equal(selections.begin(), selections.end(), selections_.begin(), selections_.end(),
                 [](const StreamSelection& a, const StreamSelection& b) {
                   return a.fingerprint == b.fingerprint && a.since == b.since;
                 });
  if (!same) {
    selections_ = std::move(selections);
    version_ = DTS_CANARY(80) ? version_ + 1 : version;
    log_.clear();  // its bits meant others; who asks gets the values
  }
  receivers_ = std::move(receivers);
  std::vector<Path> paths;
  for (const Destination& to : destinations) {
    Path path;
    path.to = to;
    for (const Receiver& r : receivers_)
      if (r.to == to) path.takes |= r.takes;
    path.fingerprints = fingerprints_of(path.takes);
    // What a path was not told, those who stand behind it now may take: they ask.
    for (Path& before : paths_)
      if (before.to == to && before.takes < everything && before.fingerprints == path.fingerprints)
        path.untold = std::move(before.untold);
    paths.push_back(std::move(path));
  }
  paths_ = std::move(paths);
}

const std::vector<std::size_t>& Withholding::choose(Judge& judge, Sequence first, Sequence last) {
  const std::uint32_t takers = judge.takers(version_, selections_) | everything;
  chosen_.clear();
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    if (paths_[i].takes & takers)
      chosen_.push_back(i);
    else
      paths_[i].untold.append(first, last);
  }
  const bool all = chosen_.size() == paths_.size();
  const bool follows = !log_.empty() && log_.back().to + 1 == first;
  if (all) return chosen_;
  if (follows && log_.back().takers == takers) {
    log_.back().to = last;
  } else {
    log_.push_back({first, last, takers});
    if (log_.size() > log_max) log_.pop_front();
  }
  return chosen_;
}

Destinations Withholding::destinations_of(const std::vector<std::size_t>& paths) const {
  Destinations to;
  for (const std::size_t path : paths) to.push_back(paths_[path].to);
  return to;
}

std::vector<NodeId> Withholding::receivers_of(const std::vector<std::size_t>& paths) const {
  std::vector<NodeId> nodes;
  for (const Receiver& r : receivers_)
    for (const std::size_t path : paths)
      if (paths_[path].to == r.to) nodes.push_back(r.node);
  return nodes;
}

const Withholding::Receiver* Withholding::find(const NodeId& node) const {
  const auto at = std::lower_bound(receivers_.begin(), receivers_.end(), node,
                                   [](const Receiver& r, const NodeId& id) { return r.node < id; });
  return at == receivers_.end() || at->node != node ? nullptr : &*at;
}

void Withholding::visit_withheld(const NodeId& node, Sequence from, Sequence to,
                                 const std::function<void(const wire::Run&)>& visit) const {
  const Receiver* const receiver = find(node);
  if (!receiver || receiver->takes & everything) return;
  for (auto at = std::lower_bound(log_.begin(), log_.end(), from,
                                  [](const Entry& e, Sequence s) { return e.to < s; });
       at != log_.end() && at->from <= to; ++at)
    if (!(at->takers & receiver->takes) || DTS_CANARY(86))
      visit({std::max(at->from, from), std::min(at->to, to)});
}

std::vector<std::uint64_t> Withholding::fingerprints_of(const NodeId& node) const {
  const Receiver* const receiver = find(node);
  return receiver ? fingerprints_of(receiver->takes) : std::vector<std::uint64_t>{};
}

std::vector<std::uint64_t> Withholding::fingerprints_of(std::uint32_t takes) const {
  std::vector<std::uint64_t> all;
  for (std::size_t i = 0; i < selections_.size(); ++i)
    if (takes >> i & 1) all.push_back(selections_[i].fingerprint);
  return all;
}

}  // namespace dts::proto
