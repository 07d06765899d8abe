// History: what one own stream has published lately. It holds two suffixes of the stream and
// stores once what is in both: the last values, for late joiners, and the window from which lost
// packets are repaired. Each has bounds of its own and a share of what all streams may take
// together. Small values lie one after the other in a ring of bytes that is used again and again:
// in a steady state nothing is allocated. Large ones are shared with whoever sends them.
// Knows no network; the engine's thread.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <proto/engine.hpp>

namespace dts::proto {

// What the histories of all streams of an engine may take and do take, together.
struct HistoryBudget {
  std::uint64_t history_max = 0, repair_max = 0;
  std::uint64_t history_used = 0, repair_used = 0;
  std::uint64_t memory = 0;  // allocated, or kept alive by sharing it
};

class History {
 public:
  struct Limits {
    std::uint32_t values = 0;         // for late joiners
    std::uint64_t history_bytes = 0;  // of them
    std::uint64_t repair_bytes = 0;   // of the repair window, kEntryBytes more for each value
    Duration repair_age = std::chrono::seconds(10);
  };

  // The bytes are valid until the next call that is not const.
  struct Value {
    Sequence first = 0, last = 0;
    std::int64_t published_ns = 0;
    Cut cut;  // piece 0: it was one packet
    ByteView small;
    std::shared_ptr<const Bytes> large;
    ByteView bytes() const { return large ? ByteView(*large) : small; }
  };

  // What a value costs besides its bytes, so that empty values are bounded too.
  static constexpr std::uint64_t kEntryBytes = 32;

  History(Limits limits, HistoryBudget& budget);
  History(const History&) = delete;
  History& operator=(const History&) = delete;
  ~History() { clear(); }

  // Whether a value of this size would be kept for anything.
  bool keeps(std::uint64_t bytes) const noexcept {
    return (limits_.values && bytes <= limits_.history_bytes) ||
           bytes + kEntryBytes <= limits_.repair_bytes;
  }
  // The stream has published packets first..last, which follow those of the call before. `large`
  // when the bytes are already in shared memory. What does not fit ends the suffix it does not fit.
  void keep(Instant now, Sequence first, Sequence last, std::int64_t published_ns, Cut cut,
            ByteView bytes, std::shared_ptr<const Bytes> large) {
    if (limits_.values || limits_.repair_bytes)
      append(now, first, last, published_ns, cut, bytes, std::move(large));
    else
      next_ = last + 1;
  }
  // The stream goes on at `next`: what was kept goes, as what is kept has no holes.
  void restart(Sequence next) {
    clear();
    next_ = next;
  }
  // Lets go of what is too old for repair, and of memory that stays unused.
  void expire(Instant now);

  // The values for late joiners, oldest first, and their bytes.
  std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - history_begin_); }
  Value at(std::size_t i) const { return value(history_begin_ + i); }
  std::uint64_t bytes() const noexcept { return history_bytes_; }

  // The value that went in this packet, if it is still here for either purpose.
  std::optional<Value> find(Sequence sequence) const;
  // The oldest packet that find() finds; the next one to be published when there is none.
  Sequence first_kept() const noexcept { return begin_ == end_ ? next_ : index_[begin_].first; }

 private:
  static constexpr std::uint32_t kShared = 1u << 31;
  struct Entry {
    Sequence first;
    std::int64_t published_ns;
    Instant kept;
    std::uint32_t offset;  // in the ring; of a shared value: where it would have been
    std::uint32_t size;    // of a shared value: kShared and its number
    bool is_shared() const { return size & kShared; }
  };
  static_assert(sizeof(Entry) == kEntryBytes);
  struct Shared {
    std::shared_ptr<const Bytes> bytes;
    Cut cut;
  };
  // Things numbered without end, of which a run is held.
  template <class T>
  struct Numbered {
    std::vector<T> slots;  // a power of two
    T& operator[](std::uint64_t number) { return slots[number & (slots.size() - 1)]; }
    const T& operator[](std::uint64_t number) const { return slots[number & (slots.size() - 1)]; }
  };

  void append(Instant now, Sequence first, Sequence last, std::int64_t published_ns, Cut cut,
              ByteView bytes, std::shared_ptr<const Bytes>&& large);
  bool admit_to_history(std::uint64_t size);
  bool admit_to_repair(Instant now, std::uint64_t size);
  void drop_from_history();
  void drop_from_repair();
  void drop_aged(Instant now);
  void release();
  void clear();
  Value value(std::uint64_t number) const;
  std::uint64_t size_of(const Entry& e) const {
    return e.is_shared() ? shared_[e.size].bytes->size() : e.size;
  }
  std::uint32_t place(std::uint32_t size);
  void move_ring(std::uint64_t capacity);
  template <class T>
  void resize(Numbered<T>& numbered, std::uint64_t begin, std::uint64_t end, std::size_t slots);

  Limits limits_;
  HistoryBudget& budget_;
  Sequence next_ = 1;
  // Values are numbered as they are kept: [begin_, end_) are here, and of them those from
  // history_begin_ are for late joiners, those from repair_begin_ for repair; begin_ is the lesser.
  std::uint64_t begin_ = 0, history_begin_ = 0, repair_begin_ = 0, end_ = 0;
  std::uint64_t history_bytes_ = 0, repair_bytes_ = 0;
  Numbered<Entry> index_;
  Numbered<Shared> shared_;
  std::uint64_t shared_begin_ = 0, shared_end_ = 0;
  std::unique_ptr<std::uint8_t[]> ring_;
  std::uint64_t ring_capacity_ = 0, ring_capacity_max_;
  std::uint32_t ring_end_ = 0;
};

}  // namespace dts::proto
