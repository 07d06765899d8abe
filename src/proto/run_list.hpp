// RunList: sequences, as rising runs that do not touch, at most so many: beyond that the oldest are
// forgotten. Plain state.
#pragma once

#include <algorithm>
#include <deque>

#include <proto/engine.hpp>
#include <proto/wire.hpp>

namespace dts::proto {

class RunList {
 public:
  explicit RunList(std::size_t runs_max) : runs_max_(runs_max) {}

  bool empty() const noexcept { return runs_.empty(); }
  const std::deque<wire::Run>& runs() const noexcept { return runs_; }
  void clear() noexcept { runs_.clear(); }
  // Behind all that is in it.
  void append(Sequence from, Sequence to) {
    if (!runs_.empty() && runs_.back().to + 1 == from) {
      runs_.back().to = to;
      return;
    }
    runs_.push_back({from, to});
    if (runs_.size() > runs_max_) runs_.pop_front();
  }
  bool contains(Sequence sequence) const {
    const auto at = find(sequence);
    return at != runs_.end() && at->from <= sequence;
  }
  // What of from..to is in it.
  template <class Visit>
  void visit(Sequence from, Sequence to, const Visit& each) const {
    for (auto at = find(from); at != runs_.end() && at->from <= to; ++at)
      each(wire::Run{std::max(at->from, from), std::min(at->to, to)});
  }
  // All of from..to lies in one run, or nothing is done.
  void remove(Sequence from, Sequence to) {
    const auto at = runs_.begin() + (find(from) - runs_.begin());
    if (at == runs_.end() || at->from > from || at->to < to) return;
    const wire::Run rest{to + 1, at->to};
    at->to = from - 1;
    const bool gone = at->to < at->from;
    if (rest.from > rest.to) {
      if (gone) runs_.erase(at);
    } else if (gone) {
      *at = rest;
    } else {
      runs_.insert(at + 1, rest);
    }
  }

 private:
  // The first run that ends at or behind it.
  std::deque<wire::Run>::const_iterator find(Sequence sequence) const {
    return std::lower_bound(runs_.begin(), runs_.end(), sequence,
                            [](const wire::Run& run, Sequence s) { return run.to < s; });
  }
  std::size_t runs_max_;
  std::deque<wire::Run> runs_;
};

}  // namespace dts::proto
