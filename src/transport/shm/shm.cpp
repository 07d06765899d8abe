// shm://[/directory]: DTS between the processes of one user on one machine, by shared memory. Each
// node has a file with what it sends, and reads those of the others. This file is the Transport
// around the parts: Ring (packets in memory), Segment (files), Neighbours (who is there).
// docs/reference/transports/shm.md is its manual.
//
// Threads: who the neighbours are is known under a lock; reading needs none.
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>

#include <dts/transport.hpp>

#include "base/hex.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "transport/shm/neighbours.hpp"
#include "transport/url.hpp"

namespace dts::transport {
namespace {

constexpr LinkIndex kLink = 1;  // the only one
constexpr const char* kDirectory = "/dev/shm";
constexpr std::size_t kBatchBytes = 512u << 10;
// What goes by the small ring: so much of a call, to the control group and to single nodes; and to
// these so much in all, since they may be sent as much as a group.
constexpr std::size_t kSmallTalkBytes = 16u << 10, kUnicastBytes = 64u << 10;
constexpr std::size_t kPublishBytes = 64u << 10;  // after so much, readers may begin
constexpr std::size_t kFewPackets = 8;
constexpr int kRoundsMax = 4;
constexpr std::int64_t kDataAgainNs = 1'000'000'000;
constexpr std::int64_t kSilenceNs = 10'000'000'000;

std::int64_t coarse_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
  return t.tv_sec * 1'000'000'000ll + t.tv_nsec;
}

// Who meets: a domain's nodes, and, where no directory is named, only those of one network: what
// a network keeps apart, memory does not join by itself.
std::string scope_of(const std::string& domain, bool one_network) {
  using namespace std::string_view_literals;
  std::string network = "any";
  struct stat status {};
  if (one_network && ::stat("/proc/thread-self/ns/net", &status) == 0)
    network = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  const auto hash = base::sha256(
      {as_bytes("dts-shm\0"sv), as_bytes(network), as_bytes("\0"sv), as_bytes(domain)});
  return base::to_hex(ByteView(hash).first(8));
}

class Shm final : public Transport {
 public:
  Shm(const TransportOptions& options, std::string path, bool named)
      : options_(options), path_(std::move(path)), named_(named) {}
  ~Shm() override { close(); }

  Result<void> open();

  std::string_view name() const override { return "shm"; }
  Capabilities capabilities() const override {
    return {.groups = true, .same_host = true, .bulk = true, .mtu_bytes = kShmPacketBytesMax};
  }
  std::vector<Link> links() const override {
    if (!own_) return {};
    return {Link{.index = kLink,
                 .name = "shm",
                 .address = path_,
                 .same_host = true,
                 .mtu_bytes = kShmPacketBytesMax}};
  }
  bool links_changed() override {
    const std::lock_guard lock(mutex_);
    return own_ && (!notices_.empty() || neighbours_->has_notices());
  }
  Result<void> join(Group group) override { return set_joined(group, true); }
  Result<void> leave(Group group) override { return set_joined(group, false); }
  Result<void> send(std::span<const OutgoingPacket> packets) override;
  Result<std::size_t> receive(ReceiveBatch& batch) override;
  int poll_handle() const override { return own_ ? own_->bell() : -1; }
  std::string local_address() const override { return own_ ? to_text(address_) : "shm:"; }
  Result<Address> resolve(std::string_view peer) const override;
  std::string to_text(const Address& address) const override;
  TransportCounters counters() const override;
  std::uint32_t receive_buffer_bytes() const override {
    return static_cast<std::uint32_t>(data_bytes());
  }
  std::vector<TransportNotice> take_notices() override;
  void close() override;

 private:
  using Tally = std::atomic<std::uint64_t>;
  // Written by the one receiving thread only, so no read-modify-write is needed.
  static void add(Tally& tally, std::uint64_t count) {
    tally.store(tally.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  static Error closed() {
    return Error(ErrorCode::closed, "the transport is closed", "shm", "close() was called");
  }
  std::uint64_t data_bytes() const {
    return std::bit_ceil(std::min<std::uint64_t>(
        std::max<std::uint64_t>(options_.receive_buffer_bytes, kRingBytesMin), kRingBytesMax));
  }
  Result<void> set_joined(Group group, bool joined);
  void put(const OutgoingPacket& packet, bool small_talk);
  void publish();
  bool begin_data();
  bool collect(ReceiveBatch& batch);
  bool is_waiting();
  bool has_arrivals() const {
    return neighbours_->any_found() || own_->doorstep().arrivals.load(std::memory_order_acquire) !=
                                           arrivals_.load(std::memory_order_relaxed);
  }
  void meet_arrivals();
  void look_after();

  const TransportOptions options_;
  const std::string path_;
  const bool named_;
  Descriptor directory_;
  std::unique_ptr<OwnSegment> own_;
  std::unique_ptr<Neighbours> neighbours_;
  Address address_;

  mutable std::mutex mutex_;  // who the neighbours are, and what follows
  TransportCounters counters_;
  std::vector<TransportNotice> notices_;
  // The groups that others want; those of what has been put and not published.
  std::array<std::uint64_t, 4> wanted_{}, touched_{};
  std::size_t unpublished_ = 0;
  std::uint64_t unicast_bytes_ = 0;
  std::int64_t data_again_ns_ = 0;
  std::atomic<std::uint32_t> arrivals_{0};  // that we have looked round for
  bool told_full_ = false;

  // Of the receiving thread.
  Ears ears_;
  bool asleep_ = false, rung_ = false;  // rung_: the bell is, or is about to be
  std::uint32_t sleeps_ = 0;
  std::size_t first_ = 0;
  std::atomic<std::int64_t> look_after_ns_{0};
  Tally packets_received_{0}, bytes_received_{0}, receive_overflow_{0}, receive_failed_{0};
};

Result<void> Shm::open() {
  directory_ = Descriptor(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory_)
    return Error(errno == EACCES ? ErrorCode::permission : ErrorCode::unsupported,
                 "cannot share memory", path_, std::strerror(errno),
                 "mount a tmpfs there, or name a directory of one: shm:///run/dts");
  const std::string scope = scope_of(options_.domain, !named_);
  DTS_ASSIGN(own_, OwnSegment::create(path_, directory_.get(), scope, data_bytes()));
  ears_.self = own_->id();
  address_ = shm_address(own_->id());
  neighbours_ = std::make_unique<Neighbours>(path_, directory_.get(), scope, *own_);
  neighbours_->look_round(true);
  look_after_ns_ = coarse_ns() + kSilenceNs;
  own_->ring_own();  // to the first receive(), which may fall asleep
  rung_ = true;
  return {};
}

Result<void> Shm::set_joined(Group group, bool joined) {
  if (!own_) return closed();
  auto& word = own_->pages().groups[group / 64];
  const std::uint64_t bit = std::uint64_t{1} << (group % 64);
  if (joined)
    word.fetch_or(bit, std::memory_order_seq_cst);
  else
    word.fetch_and(~bit, std::memory_order_seq_cst);
  return {};
}

Result<void> Shm::send(std::span<const OutgoingPacket> packets) {
  const std::lock_guard lock(mutex_);
  if (!own_) return closed();
  meet_arrivals();
  wanted_ = {};
  neighbours_->for_each([&](const Neighbour& each) {
    for (std::size_t word = 0; word < wanted_.size(); ++word)
      wanted_[word] |= each.segment->pages().groups[word].load(std::memory_order_relaxed);
  });
  std::size_t talk = 0;
  for (const OutgoingPacket& packet : packets)
    if (packet.to || packet.group == 0) talk += packet.size();
  for (const OutgoingPacket& packet : packets) put(packet, talk <= kSmallTalkBytes);
  publish();
  if (coarse_ns() > look_after_ns_) own_->ring_own();  // the receiving thread does it
  return {};
}

void Shm::put(const OutgoingPacket& packet, bool small_talk) {
  const ShmId id = packet.to ? shm_id(*packet.to) : 0;
  Neighbour* to = nullptr;
  if (id != 0)
    neighbours_->for_each([&](Neighbour& each) {
      if (each.segment->identity().id == id) to = &each;
    });
  if (packet.to ? to == nullptr : packet.link != kLink) {
    ++counters_.send_failed;
    return;
  }
  if (packet.size() > kShmPacketBytesMax) {
    ++counters_.send_too_large;
    return;
  }
  ++counters_.packets_sent;
  counters_.bytes_sent += packet.size();
  if (to == nullptr && (wanted_[packet.group / 64] >> (packet.group % 64) & 1) == 0) return;
  bool small = small_talk && packet.group == 0;
  if (to != nullptr) {
    unicast_bytes_ += packet.size();
    small = small_talk && unicast_bytes_ <= kUnicastBytes;
  }
  RingWriter& ring = small || !begin_data() ? own_->control() : own_->data();
  if (to == nullptr) {
    ring.put(packet.group, 0, packet);
    touched_[packet.group / 64] |= std::uint64_t{1} << (packet.group % 64);
  } else {
    ring.put(slot_of(id), id, packet);
    to->addressed = true;
  }
  unpublished_ += packet.size();
  if (unpublished_ >= kPublishBytes) publish();
}

// What has been put is there for all; those are woken that want it and sleep.
void Shm::publish() {
  unpublished_ = 0;
  own_->control().publish();
  own_->data().publish();
  fence_both();
  neighbours_->for_each([&](Neighbour& each) {
    bool wake = std::exchange(each.addressed, false);
    if (each.segment->doorstep().asleep.load(std::memory_order_relaxed) == 0) return;
    for (std::size_t word = 0; word < touched_.size(); ++word)
      wake |= (touched_[word] &
               each.segment->pages().groups[word].load(std::memory_order_relaxed)) != 0;
    if (wake) each.segment->wake(directory_.get());
  });
  touched_ = {};
}

// The large ring takes memory when it is first needed. Where there is none left, the small one has
// to do.
bool Shm::begin_data() {
  RingWriter& data = own_->data();
  if (data.memory_bytes() > 0) return true;
  if (const std::int64_t now = coarse_ns(); now > data_again_ns_) {
    if (data.begin()) return true;
    data_again_ns_ = now + kDataAgainNs;
    if (!std::exchange(told_full_, true))
      notices_.push_back({ErrorCode::limit_reached,
                          path_ + " is full: large values are slow (see: df -h " + path_ + ")"});
  }
  return false;
}

Result<std::size_t> Shm::receive(ReceiveBatch& batch) {
  batch.packets.clear();
  if (!own_) return closed();
  if (batch.memory_bytes < kBatchBytes) {
    batch.memory.reset(new std::uint8_t[kBatchBytes]);
    batch.memory_bytes = kBatchBytes;
  }
  Doorstep& door = own_->doorstep();
  if (std::exchange(asleep_, false)) {
    door.asleep.store(0, std::memory_order_relaxed);
    rung_ = true;  // why else are we called
  }
  for (int round = 0; round < kRoundsMax; ++round) {
    look_after();
    const bool more = collect(batch);
    // While much comes, the bell is left as it is: the next call follows at once.
    if (more || batch.packets.size() >= kFewPackets) {
      if (!std::exchange(rung_, true)) own_->ring_own();
      break;
    }
    if (std::exchange(rung_, false)) own_->quiet();
    if (++sleeps_ == 0) ++sleeps_;
    door.asleep.store(sleeps_, std::memory_order_seq_cst);
    fence_both();
    asleep_ = true;
    if (!is_waiting()) break;
    if (!batch.packets.empty() || round + 1 == kRoundsMax) {
      own_->ring_own();
      break;
    }
    door.asleep.store(0, std::memory_order_relaxed);
    rung_ = std::exchange(asleep_, false);
  }
  std::uint64_t bytes = 0;
  for (const ReceivedPacket& packet : batch.packets) bytes += packet.bytes.size();
  add(packets_received_, batch.packets.size());
  add(bytes_received_, bytes);
  return batch.packets.size();
}

// All in turn, and another one first each time. True: there was no room for all.
bool Shm::collect(ReceiveBatch& batch) {
  const auto& all = neighbours_->all();
  std::size_t used = 0;
  std::uint64_t missed = 0;
  bool more = false;
  Neighbour* broken = nullptr;
  ++first_;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Neighbour& each = *all[(first_ + i) % all.size()];
    if (!neighbours_->is_proven(each)) continue;
    for (RingReader* reader : {&each.control, &each.data}) {
      const std::uint64_t before = reader->missed();
      if (!reader->read(ears_, each.address, batch, used)) broken = &each;
      missed += reader->missed() - before;
      more |= reader->more();
    }
  }
  add(receive_overflow_, missed);
  if (broken != nullptr) {
    add(receive_failed_, 1);
    const std::lock_guard lock(mutex_);
    neighbours_->break_with(*broken);
  }
  return more;
}

bool Shm::is_waiting() {
  if (has_arrivals()) return true;
  const auto& all = neighbours_->all();
  return std::any_of(all.begin(), all.end(), [&](const auto& each) {
    return neighbours_->is_proven(*each) &&
           (each->control.waiting(ears_) || each->data.waiting(ears_));
  });
}

void Shm::meet_arrivals() {
  const std::uint32_t arrivals = own_->doorstep().arrivals.load(std::memory_order_acquire);
  if (arrivals_.exchange(arrivals, std::memory_order_relaxed) != arrivals)
    neighbours_->look_round(false);
}

// Who came, who went, and what we want by now.
void Shm::look_after() {
  for (std::size_t word = 0; word < ears_.groups.size(); ++word) {
    const std::uint64_t now = own_->pages().groups[word].load(std::memory_order_relaxed);
    const std::uint64_t fresh = now & ~std::exchange(ears_.groups[word], now);
    for (std::uint64_t bits = fresh; bits != 0; bits &= bits - 1)
      for (const auto& each : neighbours_->all())
        each->joined(static_cast<std::uint16_t>(word * 64 + std::countr_zero(bits)));
  }
  const std::int64_t now = coarse_ns();
  const bool due = now > look_after_ns_;
  if (!has_arrivals() && !due && !neighbours_->any_gone()) return;
  const std::lock_guard lock(mutex_);
  meet_arrivals();
  neighbours_->take_in_found();
  if (due) {
    neighbours_->look_after_silent();
    look_after_ns_ = now + kSilenceNs;
  }
  neighbours_->forget_gone(ears_);
}

Result<Address> Shm::resolve(std::string_view peer) const {
  const auto bad = [&] {
    return Error(ErrorCode::invalid_argument, "this is no address in shared memory",
                 base::printable(peer.substr(0, 80)), "it is shm: and 16 hexadecimal digits",
                 "shm:00c0ffee00000001");
  };
  if (!peer.starts_with("shm:") || peer.size() != 20) return bad();
  ShmId id = 0;
  for (const char digit : peer.substr(4)) {
    const int value = base::hex_digit(digit);
    if (value < 0) return bad();
    id = id << 4 | static_cast<ShmId>(value);
  }
  if (id == 0) return bad();
  return shm_address(id);
}

std::string Shm::to_text(const Address& address) const {
  char text[24];
  std::snprintf(text, sizeof text, "shm:%016llx", static_cast<unsigned long long>(shm_id(address)));
  return text;
}

TransportCounters Shm::counters() const {
  const std::lock_guard lock(mutex_);
  TransportCounters result = counters_;
  result.packets_received = packets_received_.load(std::memory_order_relaxed);
  result.bytes_received = bytes_received_.load(std::memory_order_relaxed);
  result.receive_overflow = receive_overflow_.load(std::memory_order_relaxed);
  result.receive_failed = receive_failed_.load(std::memory_order_relaxed);
  return result;
}

std::vector<TransportNotice> Shm::take_notices() {
  const std::lock_guard lock(mutex_);
  std::vector<TransportNotice> all = std::exchange(notices_, {});
  if (neighbours_)
    for (TransportNotice& notice : neighbours_->take_notices()) all.push_back(std::move(notice));
  return all;
}

void Shm::close() {
  const std::lock_guard lock(mutex_);
  if (!own_) return;
  neighbours_->say_farewell();
  neighbours_.reset();
  own_.reset();
  directory_.reset();
}

Result<std::unique_ptr<Transport>> open_shm(const TransportOptions& options) {
  DTS_ASSIGN(const Url url, parse_url(options.url));
  DTS_TRY(check_parameters(url, {}));
  if (!url.host.empty() && !url.host.starts_with('/'))
    return Error(ErrorCode::invalid_url, "this is no directory", base::printable(url.text),
                 "it does not begin with /", "shm://, or shm:///run/dts");
  auto shm =
      std::make_unique<Shm>(options, url.host.empty() ? kDirectory : url.host, !url.host.empty());
  DTS_TRY(shm->open());
  return std::unique_ptr<Transport>(std::move(shm));
}

}  // namespace

extern const TransportPlugin shm_transport;
constinit const TransportPlugin shm_transport{"shm", &open_shm};

}  // namespace dts::transport
