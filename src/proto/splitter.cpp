#include <proto/splitter.hpp>

#include <algorithm>

#include <base/canary.hpp>

namespace dts::proto {

void Splitter::push(Job job) {
  bytes_ += job.bytes->size();
  const auto [at, fresh] = waiting_.try_emplace(job.stream);
  if (fresh) {
    turns_.push_back({job.stream, {}});
    at->second = std::prev(turns_.end());
  }
  at->second->jobs.push_back(std::move(job));
}

wire::Fragment Splitter::fragment_of(const Job& job, std::size_t bytes_max) {
  wire::Fragment f;
  f.flags = static_cast<std::uint8_t>(static_cast<unsigned>(job.cut.compression)
                                      << wire::kFragmentCompressionShift);
  if (job.historic) f.flags |= wire::kFragmentHistoric;
  f.stream = job.stream;
  f.sequence = job.first + job.index;
  f.total = static_cast<std::uint32_t>(job.bytes->size());
  f.piece = job.cut.piece;
  f.index = DTS_CANARY(31) && job.index ? job.index - 1 : job.index;
  f.published_ns = job.published_ns;
  const std::size_t offset = std::size_t{job.index} * job.cut.piece;
  const std::size_t whole = std::max<std::size_t>(1, bytes_max / job.cut.piece) * job.cut.piece;
  f.bytes = ByteView(*job.bytes).subspan(offset, std::min(whole, job.bytes->size() - offset));
  return f;
}

void Splitter::advance(std::uint32_t pieces) {
  Turn& turn = turns_.front();
  Job& job = turn.jobs.front();
  if ((job.index += pieces) < count(job.bytes->size(), job.cut.piece)) {
    turn_left_ -= std::min(turn_left_, pieces);
    if (turn_left_ == 0) pass();
    return;
  }
  bytes_ -= job.bytes->size();
  turn.jobs.pop_front();
  if (!turn.jobs.empty()) return pass();
  waiting_.erase(turn.stream);
  turns_.pop_front();
  turn_left_ = turn_fragments;
}

void Splitter::pass() {
  turn_left_ = turn_fragments;
  if (turns_.size() < 2) return;
  const auto behind = std::next(turns_.begin(), static_cast<std::ptrdiff_t>(in_turn()));
  turns_.splice(behind, turns_, turns_.begin());
}

template <class Which>
void Splitter::erase_jobs(Which which) {
  for (auto turn = turns_.begin(); turn != turns_.end();) {
    std::erase_if(turn->jobs, [&](Job& job) {
      if (!which(job)) return false;
      bytes_ -= job.bytes->size();
      return true;
    });
    if (!turn->jobs.empty()) {
      ++turn;
      continue;
    }
    waiting_.erase(turn->stream);
    turn = turns_.erase(turn);
  }
}

void Splitter::drop_stream(StreamId stream) {
  erase_jobs([&](const Job& job) { return job.stream == stream; });
}

void Splitter::forget(const NodeId& node) {
  erase_jobs([&](Job& job) { return std::erase(job.receivers, node) && job.receivers.empty(); });
}

void Splitter::forget(const NodeId& node, StreamId stream, Sequence first) {
  erase_jobs([&](Job& job) {
    return job.stream == stream && job.first == first && std::erase(job.receivers, node) &&
           job.receivers.empty();
  });
}

Splitter::Unsent Splitter::unsent(StreamId stream) const {
  Unsent sum;
  const auto at = waiting_.find(stream);
  if (at == waiting_.end()) return sum;
  for (const Job& job : at->second->jobs) {
    if (job.historic) continue;
    sum.total += job.bytes->size();
    sum.sent += std::size_t{job.index} * job.cut.piece;
  }
  return sum;
}

Sequence Splitter::first_unsent(StreamId stream, Sequence otherwise) const {
  const auto at = waiting_.find(stream);
  if (at == waiting_.end()) return otherwise;
  for (const Job& job : at->second->jobs)
    if (!job.historic) return job.first + job.index;
  return otherwise;
}

}  // namespace dts::proto
