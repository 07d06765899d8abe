// Clock: virtual time and the heap of what is to happen. Nothing in the simulator waits; time jumps
// from one event to the next. Events at the same time run in the order they were asked for, so a
// run depends on nothing but its seed. The heap holds times; the actions stay where they are. One
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <dts/time.hpp>

namespace dts::sim {

class Clock {
 public:
  using Action = std::function<void()>;

  // Since the start of the run.
  Duration now() const { return now_; }
  // In the past: as soon as possible, after what is already due now.
  void at(Duration when, Action action);
  void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }
  // Runs the next event; false when there is none up to `until`, then now() is `until`.
  bool step(Duration until);
  void run_until(Duration until) {
    while (step(until)) {
    }
  }
  // Nothing that was asked for happens any more.
  void clear();
  std::uint64_t events() const { return events_; }
  std::size_t waiting() const { return heap_.size(); }

 private:
  struct Event {
    Duration when;
    std::uint64_t order;
    std::uint32_t action;  // in actions_
  };
  static bool later(const Event& a, const Event& b) {
    return a.when != b.when ? a.when > b.when : a.order > b.order;
  }

  Duration now_{0};
  std::uint64_t order_ = 0, events_ = 0;
  std::vector<Event> heap_;
  std::vector<Action> actions_;
  std::vector<std::uint32_t> free_;  // places in actions_
};

}  // namespace dts::sim
