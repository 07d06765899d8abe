#include <proto/window.hpp>

#include <algorithm>

#include <base/canary.hpp>

namespace dts::proto {

namespace {
constexpr std::size_t kMarksMax = 64;
}

Window::Receiver& Window::receiver(const NodeId& node) {
  for (Receiver& r : shared_)
    if (r.node == node) return r;
  shared_.emplace_back().node = node;
  return shared_.back();
}

// What is larger than the room goes alone.
bool Window::room_for(const Receiver& r, std::uint64_t bytes_max, std::uint64_t bytes) const {
  const std::uint64_t in_flight = r.sent - r.reported;
  return in_flight == 0 || in_flight + bytes <= bytes_max;
}

bool Window::is_silent(Instant now, Receiver& r, Duration patience) {
  if (!r.marks.empty() && now - r.waiting_since < patience) {
    deadline_ = std::min(deadline_, r.waiting_since + patience);
    return false;
  }
  ++r.silences;
  r.reported = r.sent;
  r.marks.clear();
  r.waiting_since = now;
  return true;
}

bool Window::open(Instant now, std::span<const NodeId> receivers, std::uint64_t bytes) {
  deadline_ = Instant::max();
  if (receivers.size() > receivers_max) return open_paced(now, bytes);
  bool unheard = false;  // a receiver that is not waited for any more: it must not be flooded
  for (const NodeId& node : receivers) {
    Receiver& r = receiver(node);
    unheard |= r.silences >= silences_max;
    const std::uint64_t limit = r.room ? std::min(bytes_, r.room) : bytes_;
    if (r.silences >= silences_max || room_for(r, limit, bytes)) continue;
    const std::uint64_t in_flight = r.sent - r.reported;
    if (!is_silent(now, r, silence_max)) return false;
    r.reported =
        r.sent - std::min(in_flight, limit - limit / 4);  // a little more, to be asked about
  }
  return !unheard || open_paced(now, bytes);
}

bool Window::open_paced(Instant now, std::uint64_t bytes) {
  const auto cost = Duration(bytes * 1'000'000'000 / paced_bytes_per_s);
  const auto burst = Duration(paced_burst_bytes * 1'000'000'000 / paced_bytes_per_s);
  if (paced_until_ > now + burst) {
    deadline_ = now + burst / 2;
    return false;
  }
  paced_until_ = std::max(paced_until_, now) + cost;
  return true;
}

bool Window::sent(std::span<const NodeId> receivers, std::uint64_t bytes) {
  if (receivers.size() > receivers_max) return false;
  std::uint64_t most = 0;
  for (const NodeId& node : receivers) {
    Receiver& r = receiver(node);
    r.sent += bytes;
    r.since_mark += bytes;
    most = std::max(most, r.since_mark);
  }
  return most >= std::min(report_bytes, bytes_ / 4);
}

void Window::put_mark(Instant since, Receiver& r, StreamId stream, Sequence sequence) {
  if (r.marks.empty()) r.waiting_since = since;
  r.since_mark = 0;
  r.marks.push_back({stream, sequence, r.sent});
  if (r.marks.size() > kMarksMax) r.marks.pop_front();
}

void Window::mark(Instant now, std::span<const NodeId> receivers, StreamId stream,
                  Sequence sequence) {
  for (const NodeId& node : receivers) put_mark(now, receiver(node), stream, sequence);
}

void Window::follow(StreamId stream, std::span<const NodeId> receivers, std::uint64_t bytes_max) {
  Flow& flow = flows_[stream];
  flow.bytes_max = bytes_max;
  std::vector<Receiver> before = std::exchange(flow.receivers, {});
  for (const NodeId& node : receivers.first(std::min(receivers.size(), cohort_max))) {
    const auto known = std::find_if(before.begin(), before.end(),
                                    [&](const Receiver& r) { return r.node == node; });
    if (known != before.end())
      flow.receivers.push_back(std::move(*known));
    else
      flow.receivers.emplace_back().node = node;
  }
}

std::uint64_t Window::limit_of(const Flow& flow, const Receiver& r) {
  return std::min<std::uint64_t>(flow.bytes_max, r.room ? r.room : room_at_first);
}

bool Window::open(Instant now, StreamId stream, std::uint64_t bytes) {
  deadline_ = Instant::max();
  const auto at = flows_.find(stream);
  if (at == flows_.end() || DTS_CANARY(60)) return true;
  bool all = true;
  for (Receiver& r : at->second.receivers) {
    if (r.silences >= still || room_for(r, limit_of(at->second, r), bytes)) continue;
    if (r.marks.empty() || DTS_CANARY(61) || !is_silent(now, r, stillness_max))
      all = false;
    else
      evicted_.push_back({r.node, stream});
  }
  return all;
}

bool Window::sent(StreamId stream, std::uint64_t bytes, std::span<const NodeId> to) {
  const auto at = flows_.find(stream);
  if (at == flows_.end()) return false;
  bool due = false;
  for (Receiver& r : at->second.receivers) {
    if (!to.empty() && std::find(to.begin(), to.end(), r.node) == to.end()) continue;
    r.sent += bytes;
    r.since_mark += bytes;
    due = due ||
          r.since_mark >= std::min<std::uint64_t>(report_bytes * 4, limit_of(at->second, r) / 4);
  }
  return due;
}

void Window::mark(Instant now, StreamId stream, Sequence sequence,
                  const std::function<Instant(const NodeId&)>& heard) {
  const auto at = flows_.find(stream);
  if (at == flows_.end()) return;
  for (Receiver& r : at->second.receivers)
    if (r.since_mark > 0)
      put_mark(std::max(heard(r.node), now - stillness_max + answer_max), r, stream, sequence);
}

std::uint64_t Window::in_flight(StreamId stream) const {
  std::uint64_t most = 0;
  if (const auto at = flows_.find(stream); at != flows_.end())
    for (const Receiver& r : at->second.receivers)
      if (r.silences < still) most = std::max(most, r.sent - r.reported);
  return most;
}

std::vector<NodeId> Window::owing(StreamId stream) const {
  std::vector<NodeId> nodes;
  if (const auto at = flows_.find(stream); at != flows_.end())
    for (const Receiver& r : at->second.receivers)
      if (!r.marks.empty() && r.silences < still) nodes.push_back(r.node);
  return nodes;
}

std::vector<NodeId> Window::full(StreamId stream, std::uint64_t bytes) const {
  std::vector<NodeId> nodes;
  if (const auto at = flows_.find(stream); at != flows_.end())
    for (const Receiver& r : at->second.receivers)
      if (r.silences < still && !room_for(r, limit_of(at->second, r), bytes))
        nodes.push_back(r.node);
  return nodes;
}

bool Window::reported(Instant now, const NodeId& node, StreamId stream, Sequence sequence,
                      std::uint32_t room, bool waits) {
  const auto flow = flows_.find(stream);
  if (waits && flow == flows_.end()) return false;
  bool any = false;
  for (Receiver& r : waits ? flow->second.receivers : shared_) {
    if (r.node != node) continue;
    r.room = room;
    bool moved = false;
    std::size_t done = 0;
    for (std::size_t i = 0; i < r.marks.size(); ++i) {
      const Mark& mark = r.marks[i];
      if (waits ? mark.sequence > sequence : mark.stream != stream || mark.sequence != sequence)
        continue;
      r.reported = std::max(r.reported, mark.sent);
      done = i + 1;
      moved = true;
      if (!waits) break;
    }
    r.marks.erase(r.marks.begin(), r.marks.begin() + static_cast<std::ptrdiff_t>(done));
    if (waits && !moved) continue;  // it lives, but it stands still
    any = true;
    r.silences = 0;
    r.waiting_since = now;
  }
  return any;
}

bool Window::owed() const {
  return std::any_of(shared_.begin(), shared_.end(),
                     [](const Receiver& r) { return !r.marks.empty() || r.silences > 0; });
}

void Window::forget(const NodeId& node) {
  const auto is_node = [&](const Receiver& r) { return r.node == node; };
  std::erase_if(shared_, is_node);
  for (auto& [stream, flow] : flows_) std::erase_if(flow.receivers, is_node);
}

}  // namespace dts::proto
