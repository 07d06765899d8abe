// History: the last values of one own stream, for late joiners. The number of values is the
// stream's, the bytes are bounded per stream and over all streams. In a steady state it copies
// into memory it already has.
#pragma once

#include <memory>
#include <vector>

#include <proto/engine.hpp>

namespace dts::proto {

// Shared by the histories of all streams of an engine.
struct HistoryBudget {
  std::uint64_t used = 0, max = 0;
};

class History {
 public:
  struct Value {
    Sequence first = 0, last = 0;
    std::int64_t published_ns = 0;
    std::uint16_t piece = 0;  // the size it was split by; 0: it was one packet
    Bytes small;
    std::shared_ptr<const Bytes> large;
    ByteView bytes() const { return large ? ByteView(*large) : ByteView(small); }
  };

  History(std::uint32_t values, std::uint64_t bytes_max, HistoryBudget& budget)
      : values_max_(values), bytes_max_(bytes_max), budget_(budget) {}
  History(const History&) = delete;
  History& operator=(const History&) = delete;
  ~History() { clear(); }

  bool keeps(std::uint64_t bytes) const noexcept { return values_max_ && bytes <= bytes_max_; }
  // `large` when the bytes are already in shared memory.
  void keep(Sequence first, Sequence last, std::int64_t published_ns, std::uint16_t piece,
            ByteView bytes, std::shared_ptr<const Bytes> large);
  void clear();

  std::size_t size() const noexcept { return count_; }
  const Value& at(std::size_t i) const { return ring_[(head_ + i) % ring_.size()]; }
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  void drop_oldest();
  std::uint32_t values_max_;
  std::uint64_t bytes_max_, bytes_ = 0;
  HistoryBudget& budget_;
  std::vector<Value> ring_;  // grows to values_max_, then is reused
  std::size_t head_ = 0, count_ = 0;
};

}  // namespace dts::proto
