#include <proto/history.hpp>

#include <cstring>

#include <base/assert.hpp>

namespace dts::proto {

namespace {
// What is larger lies outside the ring: no packet is.
constexpr std::uint64_t kRingValueMax = 64u << 10;
// Offsets in the ring have 32 bits.
constexpr std::uint64_t kBytesMax = (std::uint64_t{4} << 30) - 2 * kRingValueMax;
constexpr std::uint64_t kRingCapacityMin = 256;
constexpr std::size_t kSlotsMin = 8;
// Memory is given back from this size on.
constexpr std::uint64_t kRingShrinks = 8192;
constexpr std::size_t kSlotsShrink = 128;
}  // namespace

// A value is never cut by the end of the ring, so up to one value's bytes stay unused there.
History::History(Limits limits, HistoryBudget& budget) : limits_(limits), budget_(budget) {
  limits_.history_bytes = limits_.values ? std::min(limits_.history_bytes, kBytesMax) : 0;
  limits_.repair_bytes = std::min(limits_.repair_bytes, kBytesMax);
  ring_capacity_max_ = std::max(limits_.history_bytes, limits_.repair_bytes) + kRingValueMax;
}

void History::append(Instant now, Sequence first, Sequence last, std::int64_t published_ns, Cut cut,
                     ByteView bytes, std::shared_ptr<const Bytes>&& large) {
  if (first != next_) clear();  // what is kept has no holes
  next_ = last + 1;
  const bool for_history = admit_to_history(bytes.size());
  const bool for_repair = admit_to_repair(now, bytes.size());
  release();
  if (!for_history && !for_repair) return;
  if (end_ - begin_ == index_.slots.size())
    resize(index_, begin_, end_, std::max(kSlotsMin, index_.slots.size() * 2));
  if (!large && (cut.piece || bytes.size() > kRingValueMax))
    large = std::make_shared<const Bytes>(bytes.begin(), bytes.end());
  Entry& e = index_[end_];
  e.first = first;
  e.published_ns = published_ns;
  e.kept = now;
  if (large) {
    DTS_ASSERT(large->size() == bytes.size());
    if (shared_end_ - shared_begin_ == shared_.slots.size())
      resize(shared_, shared_begin_, shared_end_, std::max(kSlotsMin, shared_.slots.size() * 2));
    budget_.memory += large->size();
    e.offset = ring_end_;
    e.size = kShared | static_cast<std::uint32_t>(shared_end_);
    shared_[shared_end_++] = {std::move(large), cut};
  } else {
    e.size = static_cast<std::uint32_t>(bytes.size());
    e.offset = place(e.size);
    if (!bytes.empty()) std::memcpy(ring_.get() + e.offset, bytes.data(), bytes.size());
  }
  ++end_;
  if (!for_history) history_begin_ = end_;
  if (!for_repair) repair_begin_ = end_;
}

// Both admit_ make room by the oldest of their own and count the value as theirs; if it does not
// fit even so, theirs is empty.
bool History::admit_to_history(std::uint64_t size) {
  const bool fits = limits_.values && size <= limits_.history_bytes;
  while (history_begin_ != end_ && (!fits || end_ - history_begin_ == limits_.values ||
                                    history_bytes_ + size > limits_.history_bytes ||
                                    budget_.history_used + size > budget_.history_max))
    drop_from_history();
  if (!fits || budget_.history_used + size > budget_.history_max) return false;
  history_bytes_ += size;
  budget_.history_used += size;
  return true;
}

bool History::admit_to_repair(Instant now, std::uint64_t size) {
  if (!limits_.repair_bytes) return false;
  const std::uint64_t cost = size + kEntryBytes;
  drop_aged(now);
  while (repair_begin_ != end_ && (repair_bytes_ + cost > limits_.repair_bytes ||
                                   budget_.repair_used + cost > budget_.repair_max))
    drop_from_repair();
  if (cost > limits_.repair_bytes || budget_.repair_used + cost > budget_.repair_max) return false;
  repair_bytes_ += cost;
  budget_.repair_used += cost;
  return true;
}

void History::drop_from_history() {
  const std::uint64_t size = size_of(index_[history_begin_++]);
  history_bytes_ -= size;
  budget_.history_used -= size;
}

void History::drop_from_repair() {
  const std::uint64_t cost = size_of(index_[repair_begin_++]) + kEntryBytes;
  repair_bytes_ -= cost;
  budget_.repair_used -= cost;
}

void History::drop_aged(Instant now) {
  while (repair_begin_ != end_ && now - index_[repair_begin_].kept > limits_.repair_age)
    drop_from_repair();
}

// Lets go of what neither of the two suffixes has any more.
void History::release() {
  const std::uint64_t begin = std::min(history_begin_, repair_begin_);
  if (shared_begin_ != shared_end_)
    for (std::uint64_t i = begin_; i != begin; ++i) {
      if (!index_[i].is_shared()) continue;
      Shared& s = shared_[shared_begin_++];
      budget_.memory -= s.bytes->size();
      s.bytes.reset();
    }
  begin_ = begin;
}

void History::clear() {
  budget_.history_used -= history_bytes_;
  budget_.repair_used -= repair_bytes_;
  history_bytes_ = repair_bytes_ = 0;
  history_begin_ = repair_begin_ = end_;
  release();
  move_ring(0);
  resize(index_, end_, end_, 0);
  resize(shared_, shared_end_, shared_end_, 0);
}

void History::expire(Instant now) {
  drop_aged(now);
  release();
  if (begin_ == end_) return clear();
  // Less than a quarter in use: half of it goes. What the suffixes count is not less.
  const std::uint64_t in_use = std::max(history_bytes_, repair_bytes_);
  if (ring_capacity_ > kRingShrinks && in_use < ring_capacity_ / 4) move_ring(ring_capacity_ / 2);
  const std::size_t slots = index_.slots.size(), shared_slots = shared_.slots.size();
  if (slots > kSlotsShrink && end_ - begin_ < slots / 4) resize(index_, begin_, end_, slots / 2);
  if (shared_slots > kSlotsShrink && shared_end_ - shared_begin_ < shared_slots / 4)
    resize(shared_, shared_begin_, shared_end_, shared_slots / 2);
}

std::optional<History::Value> History::find(Sequence sequence) const {
  if (sequence < first_kept() || sequence >= next_) return std::nullopt;
  // The last value that begins at or before it. If all went in one packet each, that is counting.
  std::uint64_t low = begin_, high = end_;
  if (next_ - first_kept() == end_ - begin_) return value(begin_ + (sequence - first_kept()));
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (index_[middle].first <= sequence ? low : high) = middle;
  }
  return value(low);
}

History::Value History::value(std::uint64_t number) const {
  const Entry& e = index_[number];
  Value v{
      e.first, (number + 1 == end_ ? next_ : index_[number + 1].first) - 1, e.published_ns, 0, {},
      nullptr};
  if (e.is_shared()) {
    v.cut = shared_[e.size].cut;
    v.large = shared_[e.size].bytes;
  } else {
    v.small = ByteView(ring_.get() + e.offset, e.size);
  }
  return v;
}

// Where the next `size` bytes go. In use is either a run, or the run's rest and a new beginning
// that stays short of it, so that end = begin always means nothing:
//   | free | begin ... end | free |        | ... end | free | begin ... | unused |
std::uint32_t History::place(std::uint32_t size) {
  if (begin_ == end_) ring_end_ = 0;
  const std::uint32_t ring_begin = begin_ == end_ ? 0 : index_[begin_].offset;
  const bool is_run = ring_end_ >= ring_begin;
  if (is_run && ring_end_ + std::uint64_t{size} > ring_capacity_ && size < ring_begin)
    ring_end_ = 0;
  else if (is_run ? ring_end_ + std::uint64_t{size} > ring_capacity_
                  : ring_end_ + std::uint64_t{size} >= ring_begin)
    move_ring(std::min(ring_capacity_max_,
                       std::max({kRingCapacityMin, 2 * ring_capacity_, ring_capacity_ + size})));
  const std::uint32_t offset = ring_end_;
  ring_end_ += size;
  DTS_ASSERT(ring_end_ <= ring_capacity_);
  return offset;
}

// Into other memory, from its beginning.
void History::move_ring(std::uint64_t capacity) {
  auto ring = capacity ? std::make_unique_for_overwrite<std::uint8_t[]>(capacity) : nullptr;
  ring_end_ = 0;
  for (std::uint64_t i = begin_; i != end_; ++i) {
    Entry& e = index_[i];
    const std::uint32_t size = e.is_shared() ? 0 : e.size;
    if (size) std::memcpy(ring.get() + ring_end_, ring_.get() + e.offset, size);
    e.offset = ring_end_;
    ring_end_ += size;
  }
  ring_ = std::move(ring);
  budget_.memory += capacity - ring_capacity_;
  ring_capacity_ = capacity;
}

template <class T>
void History::resize(Numbered<T>& numbered, std::uint64_t begin, std::uint64_t end,
                     std::size_t slots) {
  Numbered<T> other{std::vector<T>(slots)};
  for (std::uint64_t i = begin; i != end; ++i) other[i] = std::move(numbered[i]);
  budget_.memory += (slots - numbered.slots.size()) * sizeof(T);
  numbered = std::move(other);
}

}  // namespace dts::proto
