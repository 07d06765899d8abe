#include "measured.hpp"

#include <time.h>

#include <algorithm>

namespace bench {

namespace {

double now_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

}  // namespace

Run::Run(double milliseconds, std::uint64_t times) : slice_ns_(milliseconds * 1e6), times_(times) {}

std::uint64_t Run::next_batch() {
  if (times_ != 0) return std::exchange(times_, 0);
  const double spent_ns = batch_ == 0 ? 0 : now_ns() - batch_began_ns_;
  if (batch_ == 0) {
    batch_ = 1;
  } else if (is_warm_) {
    turns_ns_.push_back(spent_ns / static_cast<double>(batch_));
    measured_ns_ += spent_ns;
    if (measured_ns_ >= slice_ns_) return 0;
  } else if (spent_ns >= slice_ns_ / 16) {
    is_warm_ = true;
  } else {
    batch_ *= 2;
  }
  batch_began_ns_ = now_ns();
  return batch_;
}

double Run::nanoseconds() const {
  if (turns_ns_.empty()) return 0;
  std::vector<double> sorted = turns_ns_;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

std::map<std::string, Function>& functions() {
  static std::map<std::string, Function> all;
  return all;
}

}  // namespace bench
