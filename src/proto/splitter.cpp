#include <proto/splitter.hpp>

#include <algorithm>

namespace dts::proto {

void Splitter::push(Job job) {
  bytes_ += job.bytes->size();
  ++waiting_[job.stream];
  jobs_.push_back(std::move(job));
}

wire::Fragment Splitter::fragment() const {
  const Job& job = jobs_.front();
  wire::Fragment f;
  f.flags = job.historic ? wire::kFragmentHistoric : 0;
  f.stream = job.stream;
  f.sequence = job.first + job.index;
  f.total = static_cast<std::uint32_t>(job.bytes->size());
  f.piece = job.piece;
  f.index = job.index;
  f.published_ns = job.published_ns;
  const std::size_t offset = std::size_t{job.index} * job.piece;
  f.bytes = ByteView(*job.bytes)
                .subspan(offset, std::min<std::size_t>(job.piece, job.bytes->size() - offset));
  return f;
}

void Splitter::advance() {
  Job& job = jobs_.front();
  if (++job.index < count(job.bytes->size(), job.piece)) return;
  released(job);
  jobs_.pop_front();
}

void Splitter::released(const Job& job) {
  bytes_ -= job.bytes->size();
  const auto at = waiting_.find(job.stream);
  if (--at->second == 0) waiting_.erase(at);
}

void Splitter::drop_stream(StreamId stream) {
  std::erase_if(jobs_, [&](const Job& job) {
    if (job.stream != stream) return false;
    released(job);
    return true;
  });
}

void Splitter::forget(const NodeId& node) {
  std::erase_if(jobs_, [&](Job& job) {
    if (std::erase(job.receivers, node) == 0 || !job.receivers.empty()) return false;
    released(job);
    return true;
  });
}

}  // namespace dts::proto
