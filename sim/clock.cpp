#include <sim/clock.hpp>

#include <algorithm>
#include <utility>

namespace dts::sim {

void Clock::at(Duration when, Action action) {
  std::uint32_t place;
  if (free_.empty()) {
    place = static_cast<std::uint32_t>(actions_.size());
    actions_.push_back(std::move(action));
  } else {
    place = free_.back();
    free_.pop_back();
    actions_[place] = std::move(action);
  }
  heap_.push_back({std::max(when, now_), order_++, place});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

bool Clock::step(Duration until) {
  if (heap_.empty() || heap_.front().when > until) {
    now_ = std::max(now_, until);
    return false;
  }
  std::pop_heap(heap_.begin(), heap_.end(), later);
  const Event event = heap_.back();
  heap_.pop_back();
  now_ = event.when;
  ++events_;
  const Action action = std::exchange(actions_[event.action], nullptr);
  free_.push_back(event.action);
  action();
  return true;
}

void Clock::clear() {
  heap_.clear();
  actions_.clear();
  free_.clear();
}

}  // namespace dts::sim
