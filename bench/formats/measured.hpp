// What is measured, by name, and the clock over it. compare.py decides what is run when: it asks
// for one name at a time, so that what is compared runs in turn. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace bench {

// `for (auto _ : run)` runs the body over and over, for as long as was asked for: first until a
// batch of them is long enough to be timed, then batch after batch. Time is the thread's own on a
// processor: what others run meanwhile does not count.
class Run {
 public:
  // `times`: exactly so often instead, for a tool that counts instructions.
  explicit Run(double milliseconds, std::uint64_t times = 0);

  class [[maybe_unused]] Turn {};
  struct End {};
  class Iterator {
   public:
    explicit Iterator(Run& run) : run_(run) {}
    bool operator!=(End) { return left_ != 0 || (left_ = run_.next_batch()) != 0; }
    void operator++() { --left_; }
    Turn operator*() const { return {}; }

   private:
    Run& run_;
    std::uint64_t left_ = 0;
  };
  Iterator begin() { return Iterator(*this); }
  End end() const { return {}; }

  double nanoseconds() const;  // of one turn: the median of the batches
  double note = 0;             // a number to be handed on: bytes of a message, for example

 private:
  std::uint64_t next_batch();

  double slice_ns_;
  std::uint64_t times_;
  std::uint64_t batch_ = 0;
  bool is_warm_ = false;
  double batch_began_ns_ = 0, measured_ns_ = 0;
  std::vector<double> turns_ns_;
};

using Function = std::function<void(Run&)>;
std::map<std::string, Function>& functions();
inline int add(std::string name, Function function) {
  functions().insert_or_assign(std::move(name), std::move(function));
  return 0;
}

// The compiler may not leave out what makes this value.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

}  // namespace bench
