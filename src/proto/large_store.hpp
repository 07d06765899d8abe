// LargeStore: the large messages of all own streams that were published lately, so that lost
// fragments can be repaired. It shares their bytes with backlog and history; bounded in bytes and
// age, but the newest is always kept, whatever its size.
#pragma once

#include <deque>
#include <memory>

#include <proto/engine.hpp>

namespace dts::proto {

class LargeStore {
 public:
  struct Value {
    StreamId stream = 0;
    Sequence first = 0, last = 0;
    Cut cut;
    std::int64_t published_ns = 0;
    std::shared_ptr<const Bytes> bytes;
    Instant kept{};
  };
  LargeStore(std::uint64_t bytes_max, Duration age_max)
      : bytes_max_(bytes_max), age_max_(age_max) {}

  void keep(Instant now, Value value) {
    value.kept = now;
    bytes_ += value.bytes->size();
    values_.push_back(std::move(value));
  }
  // Lets go of what is too old or too much. `unsent`: bytes that wait to be sent for the first
  // time; they do not count, and while there are any nothing is too old.
  void expire(Instant now, std::uint64_t unsent) {
    while (!values_.empty()) {
      const bool aged = now - values_.front().kept >= age_max_;
      if (aged && unsent) values_.front().kept = now;
      const bool surplus = values_.size() > 1 && bytes_ > bytes_max_ + unsent;
      if (!surplus && (!aged || unsent)) return;
      pop();
    }
  }
  const Value* find(StreamId stream, Sequence sequence) const {
    for (auto v = values_.rbegin(); v != values_.rend(); ++v)
      if (v->stream == stream && v->first <= sequence && sequence <= v->last) return &*v;
    return nullptr;
  }
  // The oldest sequence of the stream held here; `otherwise` when there is none.
  Sequence first(StreamId stream, Sequence otherwise) const {
    for (const Value& v : values_)
      if (v.stream == stream) return v.first;
    return otherwise;
  }
  Instant deadline() const {
    return values_.empty() ? Instant::max() : values_.front().kept + age_max_;
  }
  void drop_stream(StreamId stream) {
    std::erase_if(values_, [&](const Value& v) {
      const bool gone = v.stream == stream;
      if (gone) bytes_ -= v.bytes->size();
      return gone;
    });
  }
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  void pop() {
    bytes_ -= values_.front().bytes->size();
    values_.pop_front();
  }
  std::uint64_t bytes_max_, bytes_ = 0;
  Duration age_max_;
  std::deque<Value> values_;
};

}  // namespace dts::proto
