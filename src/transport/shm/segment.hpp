// Segment: the file in shared memory by which a node is heard, and the bell that wakes it: its own
// (OwnSegment), and those of others (PeerSegment). docs/reference/transports/shm.md draws the file.
// Its owner holds a lock on it for as long as it lives, so whoever gets the lock knows that the
// owner is gone, however it ended. Any thread, one at a time.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include <dts/result.hpp>

#include "transport/descriptor.hpp"
#include "transport/shm/ring.hpp"

namespace dts::transport {

constexpr std::size_t kPeersMax = 256;  // whom one node reads
constexpr std::uint64_t kControlBytes = kRingBytesMin;

// The file's first page: the only one that others write, too.
struct Doorstep {
  // What the owner sleeps by, 0 while it is awake. Whoever has rung the bell sets 0; if it was
  // killed in between, the next one rings once more.
  std::atomic<std::uint32_t> asleep;
  std::atomic<std::uint32_t> arrivals;  // one more for each who has come
};

struct Identity {
  std::uint64_t magic = 0;
  std::uint32_t version = 0, unused = 0;
  ShmId id = 0;
  std::uint64_t nonce = 0;
  std::int64_t born_ns = 0;  // CLOCK_MONOTONIC
  std::uint64_t control_bytes = 0, data_bytes = 0;
};

// The next two pages: the owner's alone.
struct OwnerPages {
  Identity identity;
  alignas(64) std::atomic<std::uint64_t> groups[4];  // joined
  std::atomic<std::uint32_t> closed, followed_changes;
  // Whom it reads: what only a reader of their pages can know. So they know that they are read.
  std::atomic<std::uint64_t> followed[kPeersMax];
  RingState control, data;
};

constexpr std::size_t kPage = 4096, kRingsOffset = 3 * kPage;
static_assert(sizeof(OwnerPages) <= kRingsOffset - kPage);

// What a node writes down that reads this one.
std::uint64_t proof_of(const Identity& identity);

// A mapping, undone with its owner.
class Mapping {
 public:
  Mapping() = default;
  Mapping(void* at, std::size_t bytes) : at_(at), bytes_(bytes) {}
  Mapping(Mapping&& other) noexcept
      : at_(std::exchange(other.at_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(at_, other.at_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping();
  std::uint8_t* at(std::size_t offset) const { return static_cast<std::uint8_t*>(at_) + offset; }

 private:
  void* at_ = nullptr;
  std::size_t bytes_ = 0;
};

// The files of a node: "dts-SCOPE-ID" and "dts-SCOPE-ID.bell".
std::string segment_name(const std::string& scope, ShmId id);
void remove_segment(int directory, const std::string& name);

class OwnSegment {
 public:
  // Made without a name, and given one when it is whole: it never exists half made.
  static Result<std::unique_ptr<OwnSegment>> create(const std::string& path, int directory,
                                                    const std::string& scope,
                                                    std::uint64_t data_bytes);
  ~OwnSegment();

  ShmId id() const noexcept { return pages().identity.id; }
  const std::string& name() const noexcept { return name_; }
  Doorstep& doorstep() const { return *reinterpret_cast<Doorstep*>(map_.at(0)); }
  OwnerPages& pages() const { return *reinterpret_cast<OwnerPages*>(map_.at(kPage)); }
  RingWriter& control() { return *control_; }
  RingWriter& data() { return *data_; }
  int bell() const noexcept { return bell_.get(); }
  void ring_own() const;  // the handle becomes readable
  void quiet() const;     // no longer

 private:
  OwnSegment() = default;
  bool commit(std::uint64_t offset, std::uint64_t bytes) const;

  Descriptor file_, bell_;
  int directory_ = -1;  // the transport's
  pid_t owner_ = 0;     // a forked child lets go of it without a trace
  std::string name_;
  Mapping map_;
  std::unique_ptr<RingWriter> control_, data_;
};

// Why a file is not read.
enum class NotRead { gone, stale, other_user, other_version, broken, no_room };
struct Refusal {
  NotRead why{};
  uid_t user = 0;
  std::uint32_t version = 0;
};

class PeerSegment {
 public:
  using Opened = std::variant<Refusal, std::unique_ptr<PeerSegment>>;
  static Opened open(int directory, const std::string& name);
  // Does its owner live?
  static bool is_alive(int directory, const std::string& name);

  const Identity& identity() const noexcept { return identity_; }
  const std::string& name() const noexcept { return name_; }
  Doorstep& doorstep() const { return *reinterpret_cast<Doorstep*>(door_.at(0)); }
  const OwnerPages& pages() const { return *reinterpret_cast<const OwnerPages*>(rest_.at(0)); }
  const std::uint8_t* control_memory() const { return rest_.at(kRingsOffset - kPage); }
  const std::uint8_t* data_memory() const { return control_memory() + kControlBytes; }
  // Wakes the owner if it sleeps.
  void wake(int directory);

 private:
  Identity identity_;  // as it was read, and checked
  std::string name_;
  Mapping door_, rest_;
  Descriptor bell_;
};

}  // namespace dts::transport
