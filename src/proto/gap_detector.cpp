#include <proto/gap_detector.hpp>

#include <algorithm>

namespace dts::proto {

void GapDetector::begin(Sequence from, Sequence to, Instant due) {
  misses_.clear();
  next_ = to + 1;
  if (from <= to) misses_.push_back({from, to, due});
}

GapDetector::Arrival GapDetector::arrived(Sequence sequence, Instant due) {
  if (sequence == next_) {
    ++next_;
    return Arrival::fresh;
  }
  if (sequence > next_) {
    if (sequence - next_ > jump_max) return Arrival::absurd;
    misses_.push_back({next_, sequence - 1, due});
    next_ = sequence + 1;
    return Arrival::fresh;
  }
  const auto miss = std::lower_bound(misses_.begin(), misses_.end(), sequence,
                                     [](const Miss& m, Sequence s) { return m.to < s; });
  if (miss == misses_.end() || sequence < miss->from) return Arrival::duplicate;
  if (miss->from == miss->to) {
    misses_.erase(miss);
  } else if (sequence == miss->from) {
    ++miss->from;
  } else if (sequence == miss->to) {
    --miss->to;
  } else {
    const Miss tail{sequence + 1, miss->to, miss->due};
    miss->to = sequence - 1;
    misses_.insert(miss + 1, tail);
  }
  return Arrival::fresh;
}

bool GapDetector::published(Sequence last, Instant due) {
  if (last < next_) return true;
  if (last - next_ > jump_max) return false;
  misses_.push_back({next_, last, due});
  next_ = last + 1;
  return true;
}

void GapDetector::settle(Sequence from, Sequence to) {
  next_ = std::max(next_, to + 1);
  std::vector<Miss> kept;
  for (const Miss& m : misses_) {
    if (m.to < from || m.from > to) {
      kept.push_back(m);
      continue;
    }
    if (m.from < from) kept.push_back({m.from, from - 1, m.due});
    if (m.to > to) kept.push_back({to + 1, m.to, m.due});
  }
  misses_ = std::move(kept);
}

std::optional<GapDetector::Miss> GapDetector::lost(Instant now) const {
  if (misses_.size() > misses_max) return misses_.front();
  for (const Miss& m : misses_)
    if (m.due <= now) return m;
  return std::nullopt;
}

Instant GapDetector::deadline() const noexcept {
  Instant first = Instant::max();
  for (const Miss& m : misses_) first = std::min(first, m.due);
  return first;
}

}  // namespace dts::proto
