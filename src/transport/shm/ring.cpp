#include "transport/shm/ring.hpp"

#include <time.h>

#include <algorithm>
#include <cstring>

namespace dts::transport {
namespace {

constexpr std::uint64_t kChunkBytes = 512u << 10;
// A writer that needs longer for the last half of a chunk does with the memory it has.
constexpr std::int64_t kEndNsMin = 10'000'000'000;
constexpr int kTriesMax = 8;  // of a reader that is overtaken while it reads

constexpr std::uint64_t up_to_unit(std::uint64_t bytes) {
  return (bytes + kRecordUnit - 1) / kRecordUnit * kRecordUnit;
}

std::int64_t coarse_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
  return t.tv_sec * 1'000'000'000ll + t.tv_nsec;
}

}  // namespace

bool RingWriter::begin() { return committed_ > 0 || extend(std::min(kChunkBytes, bytes_)); }

bool RingWriter::extend(std::uint64_t bytes) {
  if (bytes > bytes_ || !commit_(bytes)) return false;
  committed_ = bytes;
  end_ns_ = 0;
  return true;
}

// Behind a record there is always room for one that says `skip`.
void RingWriter::put(std::uint16_t target, ShmId to, const OutgoingPacket& packet) {
  const std::uint64_t need = up_to_unit(kRecordHeadBytes + packet.size());
  const std::uint64_t end = next_ % bytes_ + need + kRecordUnit;
  if (end_ns_ == 0 && end > committed_ - kChunkBytes / 2) end_ns_ = coarse_ns();
  if (end > committed_ && (coarse_ns() - end_ns_ > kEndNsMin || !extend(committed_ + kChunkBytes)))
    turn();
  const std::uint32_t number = state_->sent[target].load(std::memory_order_relaxed) + 1;
  const std::uint64_t mark = next_ / (bytes_ / kMarks);
  if (mark != last_mark_) {
    last_mark_ = mark;
    state_->marks[mark % kMarks].store(next_, std::memory_order_relaxed);
  }
  write(next_ + need,
        {static_cast<std::uint32_t>(packet.size()), target, RecordHead::packet, number, 0, to},
        packet);
  // Who sees this sees at least that `reserved`, and who sees the record sees this.
  state_->sent[target].store(number, std::memory_order_relaxed);
  next_ += need;
}

void RingWriter::turn() {
  write(next_ + kRecordUnit, {.kind = RecordHead::skip}, {});
  next_ = (next_ / bytes_ + 1) * bytes_;
  end_ns_ = 0;
}

void RingWriter::write(std::uint64_t end, const RecordHead& head, const OutgoingPacket& packet) {
  state_->reserved.store(end, std::memory_order_relaxed);
  fence_release();
  std::uint8_t* const at = memory_ + next_ % bytes_;
  std::memcpy(at, &head, sizeof head);
  std::uint8_t* next = at + kRecordHeadBytes;
  for (const ByteView part : {packet.bytes, packet.body, packet.tail}) {
    if (!part.empty()) std::memcpy(next, part.data(), part.size());
    next += part.size();
  }
}

void RingReader::start(const Ears& ears, bool at_the_end) {
  if (!at_the_end) {
    known_.set();
    return;
  }
  position_ = state_->written.load(std::memory_order_acquire);
  for (std::uint16_t target = 0; target < kTargets; ++target)
    if (ears.hears(target)) joined(target);
}

void RingReader::joined(std::uint16_t target) {
  last_[target] = 0;
  known_.reset(target);
  expect(target);
}

void RingReader::expect(std::uint16_t target) {
  const std::uint32_t number = state_->sent[target].load(std::memory_order_relaxed);
  fence_acquire();
  due_.push_back({target, number, state_->reserved.load(std::memory_order_relaxed)});
}

// What should have been seen by now and was not has been overwritten.
void RingReader::settle_due() {
  if (due_.empty()) return;
  std::erase_if(due_, [&](const Due& due) {
    if (due.position > position_) return false;
    std::uint32_t& last = last_[due.target];
    const auto ahead = static_cast<std::int32_t>(due.number - last);
    if (known_.test(due.target) && ahead > 0) missed_ += static_cast<std::uint32_t>(ahead);
    if (!known_.test(due.target) || ahead > 0) last = due.number;
    known_.set(due.target);
    return true;
  });
}

bool RingReader::is_overwritten(std::uint64_t position) const noexcept {
  fence_acquire();
  const std::uint64_t reserved = state_->reserved.load(std::memory_order_relaxed);
  return reserved > position && reserved - position > bytes_;
}

// Is there anything for us among what has come? Whoever wants one small thing of a writer need not
// go through all it writes for others.
bool RingReader::wants(const Ears& ears) const noexcept {
  const auto differs = [&](std::size_t target) {
    return state_->sent[target].load(std::memory_order_relaxed) != last_[target];
  };
  for (std::size_t word = 0; word < ears.groups.size(); ++word)
    for (std::uint64_t bits = ears.groups[word]; bits != 0; bits &= bits - 1)
      if (differs(word * 64 + static_cast<std::size_t>(__builtin_ctzll(bits)))) return true;
  return differs(slot_of(ears.self));
}

bool RingReader::read(const Ears& ears, const Address& from, ReceiveBatch& batch,
                      std::size_t& used) {
  more_ = false;
  settle_due();
  const std::uint64_t written = state_->written.load(std::memory_order_acquire);
  if (written == position_) return true;
  if (written < position_ || written > state_->reserved.load(std::memory_order_relaxed))
    return false;
  if (!wants(ears)) {
    position_ = written;
    settle_due();
    return true;
  }
  int tries = 0;
  while (position_ < written) {
    const std::uint64_t before = position_;
    const std::size_t packets = batch.packets.size(), bytes = used;
    seen_count_ = 0;
    const Step step = read_some(ears, from, written, batch, used);
    if (step == Step::broken && !is_overwritten(before)) return false;
    if (is_overwritten(before)) {
      batch.packets.resize(packets);
      used = bytes;
      position_ = before;
      skip_lost(ears);
      if (++tries < kTriesMax) continue;
      position_ = std::max(position_, written);  // it is much faster than we are
      return true;
    }
    count_missed(ears);
    more_ = step == Step::full;
    if (more_) break;
  }
  settle_due();
  return true;
}

// A run of records, of which nothing is believed before it is certain that none was overwritten.
RingReader::Step RingReader::read_some(const Ears& ears, const Address& from, std::uint64_t written,
                                       ReceiveBatch& batch, std::size_t& used) {
  while (position_ < written && seen_count_ < seen_max) {
    const std::uint64_t at = position_ % bytes_;
    RecordHead head;
    if (position_ % kRecordUnit != 0) return Step::broken;
    std::memcpy(&head, memory_ + at, sizeof head);
    if (head.kind == RecordHead::skip) {
      position_ += bytes_ - at;
      if (position_ > written) return Step::broken;
      continue;
    }
    const std::uint64_t need = up_to_unit(kRecordHeadBytes + std::uint64_t{head.size});
    if (head.kind != RecordHead::packet || head.size > kShmPacketBytesMax ||
        head.target >= kTargets || need > written - position_ || need > bytes_ - at)
      return Step::broken;
    const bool ours = ears.hears(head.target) && (head.target < 256 || head.to == ears.self);
    if (ours) {
      if (used + head.size > batch.memory_bytes) return Step::full;
      std::uint8_t* const to = batch.memory.get() + used;
      std::memcpy(to, memory_ + at + kRecordHeadBytes, head.size);
      batch.packets.push_back({ByteView(to, head.size), 1, from, head.target < 256});
      used += up_to_unit(head.size);
    }
    seen_[seen_count_++] = {head.target, head.number};
    position_ += need;
  }
  return Step::ended;
}

void RingReader::count_missed(const Ears& ears) {
  for (std::size_t i = 0; i < seen_count_; ++i) {
    const auto [target, number] = seen_[i];
    if (!ears.hears(target)) continue;
    std::uint32_t& last = last_[target];
    const auto ahead = static_cast<std::int32_t>(number - last);
    if (known_.test(target) && ahead > 1) missed_ += static_cast<std::uint32_t>(ahead - 1);
    if (!known_.test(target) || ahead > 0) last = number;
    known_.set(target);
  }
}

// On to the oldest place that a record begins at and that the writer does not reach soon.
void RingReader::skip_lost(const Ears& ears) {
  due_.clear();
  for (std::uint16_t target = 0; target < kTargets; ++target)
    if (ears.hears(target)) expect(target);
  const std::uint64_t written = state_->written.load(std::memory_order_acquire);
  const std::uint64_t reserved = state_->reserved.load(std::memory_order_relaxed);
  std::uint64_t best = std::max(position_, written);
  for (const auto& mark : state_->marks) {
    const std::uint64_t at = mark.load(std::memory_order_relaxed);
    if (at > position_ && at < best && (reserved <= at || reserved - at <= bytes_ / 4 * 3))
      best = at;
  }
  position_ = best;
}

}  // namespace dts::transport
