#include <sim/clock.hpp>

#include <algorithm>
#include <utility>

namespace dts::sim {

void Clock::at(Duration when, Action action) {
  heap_.push_back({std::max(when, now_), order_++, std::move(action)});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

bool Clock::step(Duration until) {
  if (heap_.empty() || heap_.front().when > until) {
    now_ = std::max(now_, until);
    return false;
  }
  std::pop_heap(heap_.begin(), heap_.end(), later);
  Event event = std::move(heap_.back());
  heap_.pop_back();
  now_ = event.when;
  ++events_;
  event.action();
  return true;
}

}  // namespace dts::sim
