#include <proto/repair_queue.hpp>

#include <algorithm>
#include <utility>

#include <base/canary.hpp>

namespace dts::proto {

void RepairQueue::note(Run& run, const NodeId& asker, bool all) {
  if (std::find(run.askers.begin(), run.askers.end(), asker) == run.askers.end() &&
      run.askers.size() < askers_for_all)
    run.askers.push_back(asker);
  run.all |= all || run.askers.size() >= askers_for_all;
}

RepairQueue::Outcome RepairQueue::add(StreamId stream, Sequence from, Sequence to,
                                      const NodeId& asker, bool all) {
  if (runs_ >= runs_max) return Outcome::full;
  ++runs_;
  Run& run = streams_[stream][from];
  run.to = to;
  sequences_ += to - from + 1;
  note(run, asker, all);
  waiting_.push_back({stream, from});
  return Outcome::queued;
}

// Sent runs whose hold-off is over are forgotten.
void RepairQueue::forget_sent(Instant now) {
  for (; !quiet_.empty() && quiet_.front().until <= now; quiet_.pop_front()) {
    const Place place = quiet_.front().place;
    const auto stream = streams_.find(place.stream);
    if (stream == streams_.end()) continue;
    const auto run = stream->second.find(place.from);
    if (run == stream->second.end() || run->second.waiting || run->second.quiet_until > now)
      continue;
    erase(stream->second, run);
    if (stream->second.empty()) streams_.erase(stream);
  }
}

RepairQueue::Outcome RepairQueue::ask(Instant now, StreamId stream, Sequence from, Sequence to,
                                      const NodeId& asker, bool all) {
  forget_sent(now);
  Runs& runs = streams_[stream];
  Outcome outcome = Outcome::held_off;
  auto at = runs.upper_bound(from);
  if (at != runs.begin() && std::prev(at)->second.to >= from) --at;
  // The parts that nobody has asked for yet are added; what is known is joined.
  std::vector<std::pair<Sequence, Sequence>> fresh;
  Sequence next = from;
  for (; at != runs.end() && at->first <= to; ++at) {
    if (next < at->first) fresh.emplace_back(next, at->first - 1);
    next = at->second.to + 1;
    Run& run = at->second;
    const bool had =
        run.all || std::find(run.askers.begin(), run.askers.end(), asker) != run.askers.end();
    if (!run.waiting && had) continue;  // it is on its way to this asker
    if (!run.waiting) {
      run.waiting = true;
      run.all = false;
      run.askers.clear();
      sequences_ += run.to - at->first + 1;
      waiting_.push_back({stream, at->first});
    }
    note(run, asker, all);
    outcome = Outcome::queued;
  }
  if (next <= to) fresh.emplace_back(next, to);
  for (const auto& [first, last] : fresh) {
    const Outcome added = add(stream, first, last, asker, all);
    if (added == Outcome::full) return added;
    outcome = added;
  }
  return outcome;
}

const RepairQueue::Job* RepairQueue::front() {
  for (; !waiting_.empty(); waiting_.pop_front()) {
    const Place place = waiting_.front();
    const auto stream = streams_.find(place.stream);
    if (stream == streams_.end()) continue;
    const auto run = stream->second.find(place.from);
    if (run == stream->second.end() || !run->second.waiting) continue;
    job_ = {place.stream, place.from, run->second.to, run->second.all, run->second.askers};
    return &job_;
  }
  return nullptr;
}

void RepairQueue::sent(Instant now, Sequence to, Duration hold_off) {
  const Place place = waiting_.front();
  waiting_.pop_front();
  Runs& runs = streams_[place.stream];
  const auto at = runs.find(place.from);
  Run& run = at->second;
  if (to < run.to) {  // the rest stays in front
    Run rest = run;
    runs.emplace(to + 1, std::move(rest));
    ++runs_;
    waiting_.push_front({place.stream, to + 1});
    run.to = to;
  }
  const std::uint64_t count = to - place.from + 1;
  sequences_ -= count;
  if (spent_ > 0) {
    const auto each = static_cast<std::int64_t>(std::exchange(spent_, 0) / count);
    sequence_bytes_ += (each - sequence_bytes_) / 8;
  }
  run.waiting = false;
  run.quiet_until = DTS_CANARY(55) ? now + std::chrono::seconds(20) : now + hold_off;
  quiet_.push_back({run.quiet_until, place});
}

void RepairQueue::drop_stream(StreamId stream) {
  const auto at = streams_.find(stream);
  if (at == streams_.end()) return;
  for (auto run = at->second.begin(); run != at->second.end();) run = erase(at->second, run);
  streams_.erase(at);
}

RepairQueue::Runs::iterator RepairQueue::erase(Runs& runs, Runs::iterator run) {
  if (run->second.waiting) sequences_ -= run->second.to - run->first + 1;
  --runs_;
  return runs.erase(run);
}

void RepairQueue::forget(const NodeId& node) {
  for (auto& [id, runs] : streams_) {
    for (auto at = runs.begin(); at != runs.end();) {
      Run& run = at->second;
      const bool asked = std::erase(run.askers, node) > 0;
      const bool idle = asked && run.waiting && !run.all && run.askers.empty();
      at = idle ? erase(runs, at) : std::next(at);
    }
  }
}

bool RepairQueue::affordable(Instant now) {
  const auto elapsed = std::min<Duration>(now - counted_, std::chrono::milliseconds(100));
  const auto floor = static_cast<std::int64_t>(elapsed.count()) * floor_bytes_per_s / 1'000'000'000;
  if (floor > 0) counted_ = now;  // else the time is counted the next time
  const auto earned = static_cast<std::int64_t>(std::min(std::exchange(earned_, 0), saved_bytes));
  credit_ = std::max({credit_, std::min(credit_ + floor, burst_bytes),
                      std::min<std::int64_t>(credit_ + earned, saved_bytes)});
  return credit_ > 0;
}

Instant RepairQueue::deadline() const noexcept {
  if (waiting_.empty()) return Instant::max();
  const std::int64_t lacking = std::max<std::int64_t>(1 - credit_, 0);
  return counted_ + Duration(lacking * 1'000'000'000 / floor_bytes_per_s) +
         std::chrono::microseconds(1);
}

Duration RepairQueue::time_to_send() const noexcept {
  constexpr std::uint64_t most = 1u << 20;  // sequences: more need not be told apart
  const auto bytes = static_cast<std::int64_t>(std::min(sequences_, most)) * sequence_bytes_;
  const std::int64_t lacking = std::max<std::int64_t>(bytes - std::max(credit_, burst_bytes), 0);
  return Duration(lacking * 1'000 / (floor_bytes_per_s / 1'000'000));
}

}  // namespace dts::proto
