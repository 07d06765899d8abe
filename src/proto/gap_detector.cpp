#include <proto/gap_detector.hpp>

#include <algorithm>

#include <base/canary.hpp>

namespace dts::proto {

namespace {
// The first miss that ends at or behind `sequence`.
auto find(std::vector<GapDetector::Miss>& misses, Sequence sequence) {
  return std::lower_bound(misses.begin(), misses.end(), sequence,
                          [](const GapDetector::Miss& m, Sequence s) { return m.to < s; });
}
}  // namespace

void GapDetector::begin(Sequence from, Sequence to, Instant now, Instant due) {
  misses_.clear();
  next_ = to + 1;
  if (from <= to) misses_.push_back({from, to, now, due, 0});
}

GapDetector::Arrival GapDetector::arrived(Sequence first, Sequence last, Instant now, Instant due,
                                          std::vector<Range>& fresh) {
  if (first > next_ && first - next_ > jump_max) return Arrival::absurd;
  const std::size_t before = fresh.size();
  if (first < next_) {
    const Sequence to = std::min(last, next_ - 1);
    for (auto m = find(misses_, first); m != misses_.end() && m->from <= to; ++m)
      fresh.push_back({std::max(m->from, first), std::min(m->to, to)});
    if (fresh.size() > before) settle(first, to);
    if (DTS_CANARY(36) && fresh.size() == before) fresh.push_back({first, to});
    if (last < next_) return fresh.size() > before ? Arrival::fresh : Arrival::duplicate;
    first = next_;
  }
  if (first > next_ && !DTS_CANARY(33)) misses_.push_back({next_, first - 1, now, due, 0});
  next_ = last + 1;
  if (fresh.size() > before && fresh.back().to + 1 == first)
    fresh.back().to = last;
  else
    fresh.push_back({first, last});
  return Arrival::fresh;
}

bool GapDetector::published(Sequence last, Instant now, Instant due) {
  if (last < next_) return true;
  if (last - next_ > jump_max) return false;
  if (DTS_CANARY(34)) return true;
  misses_.push_back({next_, last, now, due, 0});
  next_ = last + 1;
  return true;
}

void GapDetector::settle(Sequence from, Sequence to) {
  next_ = std::max(next_, to + 1);
  auto m = find(misses_, from);
  if (m == misses_.end() || m->from > to) return;
  if (m->from < from && m->to > to) {  // a hole in the middle of one
    Miss tail = *m;
    tail.from = to + 1;
    m->to = from - 1;
    if (!DTS_CANARY(35)) misses_.insert(m + 1, tail);
    return;
  }
  if (m->from < from) {
    m->to = from - 1;
    ++m;
  }
  auto end = m;
  while (end != misses_.end() && end->to <= to) ++end;
  if (end != misses_.end() && end->from <= to) end->from = to + 1;
  misses_.erase(m, end);
}

void GapDetector::postpone(Sequence from, Sequence to, Instant due, Because why) {
  auto m = find(misses_, from);
  if (m == misses_.end() || m->from > to) return;
  const auto split = [this](auto at, Sequence begin) {  // `begin` begins a miss of its own
    Miss head = *at;
    head.to = begin - 1;
    at->from = begin;
    return misses_.insert(at, head) + 1;
  };
  if (m->from < from) m = split(m, from);
  for (; m != misses_.end() && m->from <= to; ++m) {
    if (m->to > to) m = split(m, to + 1) - 1;
    m->due = std::max(m->due, due);
    if (why == Because::promised)
      m->tries = std::min(m->tries, 1u);
    else
      m->tries += why == Because::asked;
    tries_ = std::max(tries_, m->tries);
  }
}

void GapDetector::hurry(unsigned tries, Instant due) {
  if (tries_ <= tries) return;
  tries_ = 0;
  for (Miss& m : misses_) {
    if (m.tries > tries) {
      m.tries = 1;
      m.due = std::min(m.due, due);
    }
    tries_ = std::max(tries_, m.tries);
  }
}

const GapDetector::Miss* GapDetector::due(Instant now) const {
  if (crowded()) return &misses_.front();
  for (const Miss& m : misses_)
    if (m.due <= now) return &m;
  return nullptr;
}

Instant GapDetector::deadline() const noexcept {
  Instant first = Instant::max();
  for (const Miss& m : misses_) first = std::min(first, m.due);
  return first;
}

}  // namespace dts::proto
