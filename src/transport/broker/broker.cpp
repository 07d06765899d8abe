// Broker: phases, groups, messages out and in, and what people are told.
//
// Threads: phase_ and link_ are changed by the receiving thread only, under the lock; the client's
// threads put what they have into the inbox and touch nothing else. The client is called under the
// lock.
#include "transport/broker/broker.hpp"

#include <bitset>
#include <mutex>

#include "base/endian.hpp"
#include "base/hex.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "transport/back_off.hpp"
#include "transport/broker/inbox.hpp"
#include "transport/news.hpp"
#include "transport/poller.hpp"
#include "transport/stream/member_address.hpp"

namespace dts::transport {
namespace {

constexpr std::chrono::seconds kPatience{5};       // with confirming what we listen to
constexpr std::size_t kPortionBytes = 512u << 10;  // of one receive()
constexpr std::size_t kPacketsPerCall = 1024;      // about
constexpr int kEventsPerCall = 4;
constexpr std::uint64_t kInboxTag = 0;
constexpr std::size_t kOverheadBytes = kEnvelopeHeadBytes + kEnvelopeBytesPerPacket;

class Broker final : public Transport {
 public:
  Broker(const TransportOptions& options, BrokerDescription description)
      : description_(std::move(description)),
        receive_buffer_bytes_(options.receive_buffer_bytes),
        inbox_(options.receive_buffer_bytes) {}
  ~Broker() override { close(); }

  Result<void> open(const MakeBrokerClient& make) {
    DTS_TRY(inbox_.open());
    DTS_TRY(poller_.open());
    DTS_TRY(poller_.follow(inbox_.handle(), kInboxTag, false));
    DTS_ASSIGN(client_, make(inbox_));
    phase_ = Phase::connecting;
    client_->connect();
    return {};
  }

  std::string_view name() const override { return description_.scheme; }
  Capabilities capabilities() const override {
    return {.reliable = false,
            .ordered = true,
            .groups = true,
            .same_host = description_.same_host,
            .relayed = true,
            .mtu_bytes = kStreamPacketBytesMax};
  }
  std::vector<Link> links() const override;
  bool links_changed() override {
    const std::lock_guard lock(mutex_);
    return poller_ && (std::exchange(changed_, false) || !news_.empty());
  }
  Result<void> join(Group group) override { return set_joined(group, true); }
  Result<void> leave(Group group) override { return set_joined(group, false); }
  bool settled() const override {
    const std::lock_guard lock(mutex_);
    return phase_ == Phase::up && confirmed_ == asked_;
  }
  Result<void> send(std::span<const OutgoingPacket> packets) override;
  Result<std::size_t> receive(ReceiveBatch& batch) override;
  int poll_handle() const override { return poller_.handle(); }
  std::string local_address() const override { return text_of(description_.self); }
  Result<Address> resolve(std::string_view peer) const override;
  std::string to_text(const Address& address) const override { return text_of(member_of(address)); }
  TransportCounters counters() const override {
    const std::lock_guard lock(mutex_);
    TransportCounters all = counters_;
    all.receive_overflow += inbox_.overflow();
    return all;
  }
  std::uint32_t receive_buffer_bytes() const override { return receive_buffer_bytes_; }
  std::vector<TransportNotice> take_notices() override {
    const std::lock_guard lock(mutex_);
    return news_.take();
  }
  void close() override;

 private:
  // entering: connected, and what we listen to is not yet in effect: answers would be missed.
  enum class Phase { pausing, connecting, entering, up };

  static Error closed() {
    return Error(ErrorCode::closed, "the transport is closed", "broker", "close() was called");
  }
  // Who listens is called as those who connect to it: "zmq+tcp:".
  std::string prefix() const {
    return std::string(description_.scheme.substr(0, description_.scheme.rfind("-listen"))) + ":";
  }
  std::string text_of(Member member) const {
    return prefix() + place_name({.member = member}).substr(1);
  }
  std::size_t message_bytes_max() const {
    return std::min(client_->message_bytes_max(), kBrokerMessageBytesMax);
  }
  std::uint32_t mtu_bytes() const {
    return static_cast<std::uint32_t>(
        std::min<std::size_t>(kStreamPacketBytesMax, message_bytes_max() - kOverheadBytes));
  }
  bool connected() const { return phase_ == Phase::entering || phase_ == Phase::up; }
  Result<void> set_joined(Group group, bool joined);
  void publish(const Place& to, std::uint64_t packets, std::uint64_t bytes);
  void take_in(ReceiveBatch& batch);
  void take(ByteView message, const std::bitset<256>& joined, ReceiveBatch& batch,
            TransportCounters& counts) const;
  void follow(const Inbox::Change& change);
  void enter();
  void failed(const Error& error);
  void time_is_up();

  const BrokerDescription description_;
  const std::uint32_t receive_buffer_bytes_;
  Poller poller_;
  Inbox inbox_;                   // outlives the client
  std::optional<ByteView> next_;  // taken off the inbox, not handed out yet
  BackOff back_off_;

  mutable std::mutex mutex_;  // all that follows
  std::unique_ptr<BrokerClient> client_;
  Phase phase_ = Phase::pausing;
  LinkIndex link_ = 0;  // of this connection; the next has the next
  std::bitset<256> joined_;
  std::uint64_t asked_ = 0, confirmed_ = 0;  // the last change of what we listen to; and in effect
  std::uint64_t entry_ = 0;                  // what has to be in effect to be up
  bool changed_ = false;
  News news_;
  TransportCounters counters_;
  Bytes message_;  // of one send(), kept for its memory
};

std::vector<Link> Broker::links() const {
  const std::lock_guard lock(mutex_);
  if (phase_ != Phase::up || !poller_) return {};
  return {Link{.index = link_,
               .name = std::string(name()),
               .address = description_.place,
               .same_host = description_.same_host,
               .mtu_bytes = mtu_bytes()}};
}

Result<void> Broker::set_joined(Group group, bool joined) {
  const std::lock_guard lock(mutex_);
  if (!poller_) return closed();
  if (joined_.test(group) == joined) return {};
  joined_.set(group, joined);
  if (!connected()) return {};
  if (joined)
    client_->listen({.group = group}, ++asked_);
  else
    client_->ignore({.group = group}, ++asked_);
  return {};
}

Result<void> Broker::send(std::span<const OutgoingPacket> packets) {
  const std::lock_guard lock(mutex_);
  if (!poller_) return closed();
  const std::size_t most = message_bytes_max(), packet_most = mtu_bytes();
  Place to;
  std::uint64_t count = 0, bytes = 0;  // in message_
  for (const OutgoingPacket& packet : packets) {
    const Member member = packet.to ? member_of(*packet.to) : 0;
    if (phase_ != Phase::up || (packet.to ? member == 0 : packet.link != link_)) {
      ++counters_.send_failed;
      continue;
    }
    if (packet.bytes.size() > packet_most) {
      ++counters_.send_too_large;
      continue;
    }
    const Place place{.group = packet.to ? Group{0} : packet.group, .member = member};
    const bool fits = message_.size() + kEnvelopeBytesPerPacket + packet.bytes.size() <= most;
    if (count > 0 && (place != to || !fits)) {
      publish(to, count, bytes);
      count = bytes = 0;
    }
    if (count == 0) begin_envelope(message_, description_.self, to = place);
    add_packet(message_, packet.bytes);
    ++count;
    bytes += packet.bytes.size();
  }
  if (count > 0) publish(to, count, bytes);
  return {};
}

void Broker::publish(const Place& to, std::uint64_t packets, std::uint64_t bytes) {
  if (!client_->publish(to, message_)) {
    counters_.send_blocked += packets;
    return;
  }
  counters_.packets_sent += packets;
  counters_.bytes_sent += bytes;
}

Result<std::size_t> Broker::receive(ReceiveBatch& batch) {
  batch.packets.clear();
  if (!poller_) return closed();
  for (int round = 0; round < kEventsPerCall && batch.packets.empty(); ++round) {
    const auto event = poller_.next();
    if (!event) break;
    if (event->tag == Poller::timer_tag)
      time_is_up();
    else
      take_in(batch);
  }
  return batch.packets.size();
}

// A portion of the messages; when none is left, what happened after them.
void Broker::take_in(ReceiveBatch& batch) {
  std::bitset<256> joined;
  {
    const std::lock_guard lock(mutex_);
    joined = joined_;
  }
  TransportCounters counts;
  std::size_t used = 0;
  while (batch.packets.size() < kPacketsPerCall) {
    if (!next_) next_ = inbox_.next_message();
    if (!next_) break;
    const std::size_t size = next_->size();
    if (used > 0 && size > batch.memory_bytes - used) break;
    if (used == 0 && batch.memory_bytes < std::max(size, kPortionBytes)) {
      batch.memory_bytes = std::max(size, kPortionBytes);
      batch.memory = std::make_unique_for_overwrite<std::uint8_t[]>(batch.memory_bytes);
    }
    std::copy(next_->begin(), next_->end(), batch.memory.get() + used);
    next_.reset();
    take({batch.memory.get() + used, size}, joined, batch, counts);
    used += size;
  }
  {
    const std::lock_guard lock(mutex_);
    counters_.packets_received += counts.packets_received;
    counters_.bytes_received += counts.bytes_received;
    counters_.receive_ignored += counts.receive_ignored;
  }
  if (!batch.packets.empty() || next_) return;
  while (const auto change = inbox_.next_change()) follow(*change);
}

void Broker::take(ByteView message, const std::bitset<256>& joined, ReceiveBatch& batch,
                  TransportCounters& counts) const {
  const auto envelope = open_envelope(message);
  const Member self = description_.self;
  const bool ours =
      envelope && envelope->sender != self &&
      (envelope->to.member != 0 ? envelope->to.member == self : joined.test(envelope->to.group));
  if (!ours || phase_ != Phase::up) {
    ++counts.receive_ignored;
    return;
  }
  const Address from = address_of(envelope->sender);
  ByteView rest = envelope->packets, packet;
  while (take_packet(rest, packet)) {
    batch.packets.push_back({packet, link_, from, envelope->to.member == 0});
    ++counts.packets_received;
    counts.bytes_received += packet.size();
  }
}

void Broker::follow(const Inbox::Change& change) {
  if (change.lost) return failed(*change.lost);
  const std::lock_guard lock(mutex_);
  if (!change.settled) return enter();
  confirmed_ = *change.settled;
  if (phase_ != Phase::entering || confirmed_ < entry_) return;
  phase_ = Phase::up;
  back_off_.reset();
  poller_.arm({});
  ++link_;
  changed_ = true;
  news_.works("connected to " + description_.place);
}

void Broker::enter() {
  if (phase_ != Phase::connecting) return;
  phase_ = Phase::entering;
  poller_.arm(kPatience);
  client_->listen({.member = description_.self}, ++asked_);
  for (unsigned group = 0; group < joined_.size(); ++group)
    if (joined_.test(group)) client_->listen({.group = static_cast<Group>(group)}, ++asked_);
  entry_ = asked_;
}

// Whatever it was: it is told, once, and tried again, ever more rarely.
void Broker::failed(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::up) changed_ = true;
  phase_ = Phase::pausing;
  news_.failing(error.at(description_.place), "; trying again");
  poller_.arm(back_off_.next());
}

void Broker::time_is_up() {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::pausing) {
    phase_ = Phase::connecting;
    client_->connect();
  } else if (phase_ == Phase::entering) {
    news_.failing(Error(ErrorCode::timeout, "the broker does not confirm what is listened to",
                        description_.place, "it was asked 5 s ago",
                        "may we read and write there? look at its log"));
  }
}

Result<Address> Broker::resolve(std::string_view peer) const {
  const std::string prefix = this->prefix();
  const auto bytes = peer.starts_with(prefix) ? base::from_hex(peer.substr(prefix.size()))
                                              : std::optional<Bytes>();
  const Member member =
      bytes && bytes->size() == sizeof(Member) ? base::load_big<Member>(bytes->data()) : 0;
  if (member == 0)
    return Error(ErrorCode::invalid_argument, "this is no member's address",
                 base::printable(peer.substr(0, 80)),
                 "members at a broker are told apart by a number they drew",
                 prefix + "00c0ffee00000001, as `dts nodes` shows it");
  return address_of(member);
}

void Broker::close() {
  std::unique_ptr<BrokerClient> client;
  {
    const std::lock_guard lock(mutex_);
    client = std::move(client_);
    poller_.close();
  }
  client.reset();
}

}  // namespace

Member random_member() {
  Member member = 0;
  while (member == 0) base::fill_random({reinterpret_cast<std::uint8_t*>(&member), sizeof member});
  return member;
}

Result<std::unique_ptr<Transport>> open_broker(const TransportOptions& options,
                                               BrokerDescription description,
                                               const MakeBrokerClient& make) {
  auto broker = std::make_unique<Broker>(options, std::move(description));
  DTS_TRY(broker->open(make));
  return std::unique_ptr<Transport>(std::move(broker));
}

}  // namespace dts::transport
