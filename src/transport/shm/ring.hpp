// Ring: a piece of shared memory in which one process writes packets and many read them. The writer
// never waits and knows nothing of readers. A reader that is too slow finds what it was to read
// overwritten: it goes on with what is left, and counts what it missed.
//
//   position   counts bytes from the ring's birth and never turns back; it lies at `position`
//   modulo
//              the ring's size. Records begin at multiples of 32, and none is cut by the end of the
//              ring: a record of the kind `skip` says that the next one is at its beginning.
//
//   0      4        6      8        12       16        24
//   +------+--------+------+--------+--------+---------+------------------------+
//   | size | target | kind | number |   0    |   to    | packet: size bytes     |  up to 32 * n
//   | u32  |  u16   | u16  |  u32   |        |   u64   |                        |
//   +------+--------+------+--------+--------+---------+------------------------+
//
// The writer raises `reserved` to where a record will end before it touches its bytes, and
// `written` when it is whole. What a reader has copied from a position is what was written there if
// `reserved` is afterwards not more than the ring's size ahead of it.
//
// A reader trusts nothing it reads: the memory belongs to another process, which may be broken.
// One thread writes; each reader is one thread's.
#pragma once

#include <array>
#include <atomic>
#include <bitset>
#include <cstdint>
#include <functional>
#include <vector>

#include <dts/bytes.hpp>
#include <dts/path.hpp>
#include <dts/transport.hpp>

namespace dts::transport {

using ShmId = std::uint64_t;  // of a node's shared memory; random, never 0

constexpr std::uint32_t kShmPacketBytesMax = 65507;
constexpr std::size_t kRecordHeadBytes = 24, kRecordUnit = 32;
constexpr std::size_t kSlots = 64;              // single nodes share them, by their ids
constexpr std::size_t kTargets = 256 + kSlots;  // the groups, then the slots
constexpr std::size_t kMarks = 16;              // where a record begins, in each part of the ring
constexpr std::uint64_t kRingBytesMin = 1u << 18, kRingBytesMax = 1u << 26;  // powers of two

constexpr std::uint16_t slot_of(ShmId id) { return static_cast<std::uint16_t>(256 + id % kSlots); }

// In shared memory; the writer's.
struct alignas(64) RingState {
  std::atomic<std::uint64_t> reserved, written;
  std::atomic<std::uint64_t> marks[kMarks];
  alignas(64) std::atomic<std::uint32_t> sent[kTargets];  // the number of the last record of each
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

struct RecordHead {
  std::uint32_t size = 0;
  std::uint16_t target = 0;
  enum Kind : std::uint16_t { packet = 1, skip = 2 };
  std::uint16_t kind = 0;
  std::uint32_t number = 0;  // of its target, from 1
  std::uint32_t unused = 0;
  ShmId to = 0;  // 0: to the group
};
static_assert(sizeof(RecordHead) == kRecordHeadBytes);

// A fence between what two processes do. ThreadSanitizer, which sees one of them, does not know
// any.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wtsan"
#endif
inline void fence_acquire() noexcept { __atomic_thread_fence(__ATOMIC_ACQUIRE); }
inline void fence_release() noexcept { __atomic_thread_fence(__ATOMIC_RELEASE); }
inline void fence_both() noexcept { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

class RingWriter {
 public:
  // Makes the ring's first bytes usable; false: there is no memory for them.
  using Commit = std::function<bool(std::uint64_t bytes)>;
  RingWriter(RingState& state, std::uint8_t* memory, std::uint64_t bytes, Commit commit)
      : state_(&state), memory_(memory), bytes_(bytes), commit_(std::move(commit)) {}

  // Any memory at all? A writer starts with little, and takes more when it is fast.
  bool begin();
  std::uint64_t memory_bytes() const noexcept { return committed_; }
  // Only after begin(); what has been put is seen after publish().
  void put(std::uint16_t target, ShmId to, const OutgoingPacket& packet);
  void publish() noexcept { state_->written.store(next_, std::memory_order_release); }

 private:
  bool extend(std::uint64_t bytes);
  void write(std::uint64_t end, const RecordHead& head, const OutgoingPacket& packet);
  void turn();

  RingState* state_;
  std::uint8_t* memory_;
  std::uint64_t bytes_, committed_ = 0, next_ = 0, last_mark_ = ~std::uint64_t{0};
  std::int64_t end_ns_ = 0;  // when the end of the memory came near; 0: it has not
  Commit commit_;
};

// Whom a reader reads for.
struct Ears {
  ShmId self = 0;
  std::array<std::uint64_t, 4> groups{};
  bool hears(std::uint16_t target) const {
    return target < 256 ? (groups[target / 64] >> (target % 64) & 1) != 0 : target == slot_of(self);
  }
};

class RingReader {
 public:
  RingReader(const RingState& state, const std::uint8_t* memory, std::uint64_t bytes)
      : state_(&state), memory_(memory), bytes_(bytes) {}

  // Begins with all that is there, or, with `at_the_end`, with what is written next.
  void start(const Ears& ears, bool at_the_end);
  // A group that has just been joined: what was sent before is not missed.
  void joined(std::uint16_t target);
  bool waiting(const Ears& ears) const noexcept {
    return state_->written.load(std::memory_order_acquire) != position_ && wants(ears);
  }

  // Copies what is for `ears` behind `used` bytes of the batch's memory. False: what is there was
  // written by no RingWriter, and nothing more is to be read here.
  bool read(const Ears& ears, const Address& from, ReceiveBatch& batch, std::size_t& used);
  // The batch was full: there may be more.
  bool more() const noexcept { return more_; }
  std::uint64_t missed() const noexcept { return missed_; }  // since the start

 private:
  enum class Step { ended, full, lapped, broken };
  struct Seen {
    std::uint16_t target = 0;
    std::uint32_t number = 0;
  };
  static constexpr std::size_t seen_max = 32;
  // When `position` is passed, all up to `number` has been.
  struct Due {
    std::uint16_t target = 0;
    std::uint32_t number = 0;
    std::uint64_t position = 0;
  };

  bool is_overwritten(std::uint64_t position) const noexcept;
  bool wants(const Ears& ears) const noexcept;
  Step read_some(const Ears& ears, const Address& from, std::uint64_t written, ReceiveBatch& batch,
                 std::size_t& used);
  void count_missed(const Ears& ears);
  void skip_lost(const Ears& ears);
  void expect(std::uint16_t target);
  void settle_due();

  const RingState* state_;
  const std::uint8_t* memory_;
  std::uint64_t bytes_, position_ = 0, missed_ = 0;
  bool more_ = false;
  std::array<Seen, seen_max> seen_{};
  std::size_t seen_count_ = 0;
  std::array<std::uint32_t, kTargets> last_{};  // number passed last, where that is
  std::bitset<kTargets> known_;                 // certain
  std::vector<Due> due_;
};

}  // namespace dts::transport
