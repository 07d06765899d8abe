#include <proto/window.hpp>

#include <algorithm>

namespace dts::proto {

Window::Receiver& Window::receiver(const NodeId& node) {
  for (Receiver& r : receivers_)
    if (r.node == node) return r;
  receivers_.emplace_back().node = node;
  return receivers_.back();
}

bool Window::open(Instant now, std::span<const NodeId> receivers, std::uint64_t bytes) {
  deadline_ = Instant::max();
  if (receivers.size() > receivers_max) return open_paced(now, bytes);
  for (const NodeId& node : receivers) {
    Receiver& r = receiver(node);
    if (r.silences >= silences_max || r.sent - r.reported + bytes <= bytes_) continue;
    if (!r.marks.empty() && now - r.waiting_since < silence_max) {
      deadline_ = r.waiting_since + silence_max;
      return false;
    }
    ++r.silences;
    r.reported = r.sent;
    r.marks.clear();
    r.waiting_since = now;
  }
  return true;
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

void Window::mark(Instant now, std::span<const NodeId> receivers, StreamId stream,
                  Sequence sequence) {
  for (const NodeId& node : receivers) {
    Receiver& r = receiver(node);
    if (r.marks.empty()) r.waiting_since = now;
    r.since_mark = 0;
    r.marks.push_back({stream, sequence, r.sent});
    if (r.marks.size() > 64) r.marks.pop_front();
  }
}

void Window::reported(Instant now, const NodeId& node, StreamId stream, Sequence sequence) {
  for (Receiver& r : receivers_) {
    if (r.node != node) continue;
    for (std::size_t i = 0; i < r.marks.size(); ++i) {
      if (r.marks[i].stream != stream || r.marks[i].sequence != sequence) continue;
      r.reported = std::max(r.reported, r.marks[i].sent);
      r.marks.erase(r.marks.begin(), r.marks.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      break;
    }
    r.silences = 0;
    r.waiting_since = now;
  }
}

void Window::forget(const NodeId& node) {
  std::erase_if(receivers_, [&](const Receiver& r) { return r.node == node; });
}

}  // namespace dts::proto
