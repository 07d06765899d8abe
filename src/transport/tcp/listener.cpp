// tcp-listen://[host][:port], tcps-listen://..., and those of ws and http: the place where those
// meet who connect with tcp://, or tcps://. This node is one of them, and passes on what they send
// to each other, as a switch does. docs/reference/transports/tcp.md is its manual.
//
// Threads: connections come and go in the receiving thread only, under the lock; it reads the
// sockets without it.
#include <mutex>

#include <dts/transport.hpp>

#include "base/random.hpp"
#include "base/text.hpp"
#include "transport/http/front.hpp"
#include "transport/poller.hpp"
#include "transport/stream/entrance.hpp"
#include "transport/stream/exchange.hpp"
#include "transport/stream/layers.hpp"
#include "transport/stream/member_address.hpp"
#include "transport/tcp/connection.hpp"
#include "transport/url.hpp"

namespace dts::transport {
namespace {

using Clock = std::chrono::steady_clock;
constexpr LinkIndex kLink = 1;                 // the only one
constexpr std::chrono::seconds kPatience{10};  // with one that connects and says nothing
constexpr int kEventsPerCall = 16;
constexpr std::size_t kUnknownMax = 64;  // connected and not yet members
constexpr std::uint64_t kListenTag = 0;  // connections have numbers from 1 on

Member random_member() {
  Member member = 0;
  base::fill_random({reinterpret_cast<std::uint8_t*>(&member), sizeof member});
  return member & ~Member{0xffffffff};
}

class Listener final : public Transport {
 public:
  Listener(const TransportOptions& options, Layers layers)
      : options_(options), layers_(std::move(layers)) {}
  ~Listener() override { close(); }

  Result<void> open();

  std::string_view name() const override { return layers_.scheme; }
  Capabilities capabilities() const override {
    return {.reliable = true,
            .ordered = true,
            .groups = true,
            .bulk = true,
            .relayed = true,
            .mtu_bytes = kStreamPacketBytesMax};
  }
  std::vector<Link> links() const override {
    if (!poller_) return {};
    return {Link{.index = kLink,
                 .name = std::string(name()),
                 .address = place_,
                 .mtu_bytes = kStreamPacketBytesMax}};
  }
  bool links_changed() override { return false; }
  Result<void> join(Group group) override { return set_joined(group, true); }
  Result<void> leave(Group group) override { return set_joined(group, false); }
  Result<void> send(std::span<const OutgoingPacket> packets) override;
  Result<std::size_t> receive(ReceiveBatch& batch) override;
  int poll_handle() const override { return poller_.handle(); }
  std::string local_address() const override { return member_text(self_); }
  Result<Address> resolve(std::string_view peer) const override { return member_address(peer); }
  std::string to_text(const Address& address) const override {
    return member_text(member_of(address));
  }
  TransportCounters counters() const override {
    const std::lock_guard lock(mutex_);
    return counters_;
  }
  std::uint32_t receive_buffer_bytes() const override { return options_.receive_buffer_bytes; }
  std::vector<TransportNotice> take_notices() override { return {}; }
  void close() override;

 private:
  // One who has connected. A member once it has said hello.
  struct Guest {
    Guest(std::unique_ptr<Channel> channel, std::size_t queue_bytes_max)
        : connection(std::move(channel), queue_bytes_max) {}
    Connection connection;
    std::uint64_t tag = 0;
    Member member = 0;
    Clock::time_point since = Clock::now();
    bool watched_room = false;
    bool over = false;             // it has been told why, and may go
    std::uint64_t dropped = 0;     // packets for it that did not fit, and it has not been told
    std::vector<OutFrame> frames;  // on their way to it, within one call
  };
  using Guests = std::map<std::uint64_t, Guest>;  // by tag

  static Error closed() {
    return Error(ErrorCode::closed, "the transport is closed", "tcp-listen", "close() was called");
  }
  Result<void> set_joined(Group group, bool joined);
  void accept_waiting();
  void give_up_silent();
  void read(Guests::iterator guest, ReceiveBatch& batch);
  Result<void> take(Guest& guest, const Frame& frame, ReceiveBatch& batch);
  void choose(FrameKind kind, Group group, Member to, Member from);
  void pass_on(const Frame& frame, Member from, ReceiveBatch& batch);
  void put(Member to, const OutFrame& frame);
  void send_out();
  void watch_room(Guest& guest);
  void end(Guests::iterator guest, const Error& error);

  const TransportOptions options_;
  const Layers layers_;
  Poller poller_;
  std::unique_ptr<Entrance> entrance_;  // of the receiving thread
  std::string place_;
  std::vector<Member> receivers_;  // of one packet, kept for its memory
  Member self_ = 0;

  mutable std::mutex mutex_;  // all that follows
  Exchange exchange_{random_member()};
  Guests guests_;
  std::map<Member, Guest*> members_;  // without this node itself
  std::vector<Guest*> addressed_;     // whose `frames` are not empty
  std::uint64_t last_tag_ = kListenTag, turned_away_ = 0;
  TransportCounters counters_;
};

Result<void> Listener::open() {
  DTS_TRY(poller_.open());
  DTS_ASSIGN(entrance_, layers_.http.empty() ? socket_entrance(layers_) : http_entrance(layers_));
  place_ = entrance_->place();
  DTS_TRY(poller_.follow(entrance_->handle(), kListenTag, false));
  DTS_ASSIGN(self_, exchange_.enter(options_.domain));
  return {};
}

Result<void> Listener::set_joined(Group group, bool joined) {
  const std::lock_guard lock(mutex_);
  if (!poller_) return closed();
  exchange_.set_joined(self_, group, joined);
  return {};
}

Result<void> Listener::send(std::span<const OutgoingPacket> packets) {
  const std::lock_guard lock(mutex_);
  if (!poller_) return closed();
  for (const OutgoingPacket& packet : packets) {
    const Member to = packet.to ? member_of(*packet.to) : 0;
    if (packet.to ? to == 0 : packet.link != kLink) {
      ++counters_.send_failed;
    } else if (packet.size() > kStreamPacketBytesMax) {
      ++counters_.send_too_large;
    } else {
      ++counters_.packets_sent;
      counters_.bytes_sent += packet.size();
      const auto kind = packet.to ? FrameKind::unicast : FrameKind::group;
      choose(kind, packet.group, to, self_);
      const OutFrame out(kind, packet.group, self_, packet.bytes, packet.body, packet.tail);
      for (const Member each : receivers_) put(each, out);
    }
  }
  send_out();
  return {};
}

// Whom it is for.
void Listener::choose(FrameKind kind, Group group, Member to, Member from) {
  if (kind == FrameKind::group)
    exchange_.receivers(from, group, receivers_);
  else if (exchange_.reaches(from, to))
    receivers_.assign(1, to);
  else
    receivers_.clear();
}

// What a member sends, to all it is for; to this node itself by `batch`.
void Listener::pass_on(const Frame& frame, Member from, ReceiveBatch& batch) {
  choose(frame.kind, frame.group, frame.member, from);
  const OutFrame out(frame.kind, frame.group, from, frame.body);
  for (const Member to : receivers_) {
    if (to != self_) {
      put(to, out);
    } else {
      batch.packets.push_back(
          {frame.body, kLink, address_of(from), frame.kind == FrameKind::group});
      ++counters_.packets_received;
      counters_.bytes_received += frame.body.size();
    }
  }
}

void Listener::put(Member to, const OutFrame& frame) {
  const auto at = members_.find(to);
  if (at == members_.end()) return;
  if (at->second->frames.empty()) addressed_.push_back(at->second);
  at->second->frames.push_back(frame);
}

void Listener::send_out() {
  for (Guest* const guest : addressed_) {
    const std::size_t left_out = guest->connection.send(guest->frames);
    guest->frames.clear();
    guest->dropped += left_out;
    counters_.send_blocked += left_out;
    watch_room(*guest);
  }
  addressed_.clear();
}

// Room is waited for only while something is queued; when all is sent, what did not fit is told.
void Listener::watch_room(Guest& guest) {
  if (guest.dropped > 0 && !guest.connection.waiting())
    guest.connection.send(FrameKind::dropped, 0, std::exchange(guest.dropped, 0));
  if (guest.connection.waiting() == guest.watched_room) return;
  guest.watched_room = !guest.watched_room;
  poller_.want(guest.connection.handle(), guest.tag, guest.watched_room);
}

Result<std::size_t> Listener::receive(ReceiveBatch& batch) {
  batch.packets.clear();
  if (!poller_) return closed();
  for (int round = 0; round < kEventsPerCall && batch.packets.empty(); ++round) {
    const auto event = poller_.next();
    if (!event) break;
    if (event->tag == kListenTag) {
      accept_waiting();
      continue;
    }
    if (event->tag == Poller::timer_tag) {
      give_up_silent();
      continue;
    }
    const auto guest = guests_.find(event->tag);
    if (guest == guests_.end()) continue;
    if (event->writable && !guest->second.over) {
      const std::lock_guard lock(mutex_);
      guest->second.connection.flush();
      watch_room(guest->second);
    }
    if (event->readable) read(guest, batch);
  }
  return batch.packets.size();
}

void Listener::accept_waiting() {
  for (int i = 0; i < kEventsPerCall; ++i) {
    auto channel = entrance_->next();
    const std::lock_guard lock(mutex_);
    counters_.receive_failed += entrance_->turned_away() - turned_away_;
    turned_away_ = entrance_->turned_away();
    if (!channel) return;
    if (guests_.size() - members_.size() >= kUnknownMax) {  // the one that is silent longest goes
      for (auto at = guests_.begin(); at != guests_.end(); ++at)
        if (at->second.member == 0) {
          guests_.erase(at);
          break;
        }
    }
    const std::uint64_t tag = ++last_tag_;
    if (!poller_.follow(channel->handle(), tag, true)) continue;
    Guest& guest =
        guests_.try_emplace(tag, std::move(channel), options_.receive_buffer_bytes).first->second;
    guest.tag = tag;
    guest.watched_room = true;  // for the greeting
    poller_.arm(kPatience);
  }
}

void Listener::give_up_silent() {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  bool more = false;
  for (auto at = guests_.begin(); at != guests_.end();) {
    const bool unknown = at->second.member == 0;
    const bool over = unknown && now - at->second.since >= kPatience;
    more = more || (unknown && !over);
    if (over && !at->second.over) ++counters_.receive_ignored;
    at = over ? guests_.erase(at) : std::next(at);
  }
  if (more) poller_.arm(kPatience / 10);
}

void Listener::read(Guests::iterator at, ReceiveBatch& batch) {
  Guest& guest = at->second;
  if (guest.over) {
    if (!guest.connection.drained()) return;
    const std::lock_guard lock(mutex_);
    guests_.erase(at);
    return;
  }
  auto bytes = guest.connection.read(batch);
  const std::lock_guard lock(mutex_);
  if (!bytes) return end(at, bytes.error());
  guest.connection.flush();
  watch_room(guest);
  while (true) {
    auto frame = guest.connection.next(*bytes);
    Result<void> taken;
    if (!frame)
      taken = frame.error();
    else if (!*frame)
      break;
    else
      taken = take(guest, **frame, batch);
    if (!taken) {
      send_out();
      return end(at, taken.error());
    }
  }
  send_out();
  guest.connection.keep(*bytes);
}

Result<void> Listener::take(Guest& guest, const Frame& frame, ReceiveBatch& batch) {
  const bool member = guest.member != 0;
  if (frame.kind == FrameKind::hello && !member) {
    DTS_ASSIGN(guest.member, exchange_.enter({reinterpret_cast<const char*>(frame.body.data()),
                                              frame.body.size()}));
    members_.emplace(guest.member, &guest);
    guest.connection.send(FrameKind::welcome, 0, guest.member);
    watch_room(guest);
  } else if (member && (frame.kind == FrameKind::group || frame.kind == FrameKind::unicast)) {
    pass_on(frame, guest.member, batch);
  } else if (member && (frame.kind == FrameKind::join || frame.kind == FrameKind::leave)) {
    exchange_.set_joined(guest.member, frame.group, frame.kind == FrameKind::join);
    const OutFrame done(FrameKind::done, 0, frame.member, {});
    put(guest.member, done);  // behind what was sent to it before
  } else {
    ++counters_.receive_ignored;  // of a version to come, or not its turn
  }
  return {};
}

// It is gone, or has to go: then it is told why, and stays until it has had time to hear it. What
// it has sent meanwhile has to be read for that: a system that closes a socket with something
// unread takes back what was sent.
void Listener::end(Guests::iterator at, const Error& error) {
  Guest& guest = at->second;
  exchange_.leave(guest.member);
  members_.erase(guest.member);
  guest.member = 0;
  if (error.code() == ErrorCode::system) {
    guests_.erase(at);
    return;
  }
  ++counters_.receive_ignored;
  guest.connection.send(FrameKind::refused, 0, 0, as_bytes(error.text()));
  guest.connection.finish();
  guest.over = true;
  guest.since = Clock::now();
  poller_.want(guest.connection.handle(), guest.tag, guest.watched_room = false);
  poller_.arm(kPatience);
}

void Listener::close() {
  const std::lock_guard lock(mutex_);
  members_.clear();
  guests_.clear();
  entrance_.reset();
  poller_.close();
}

Result<std::unique_ptr<Transport>> open_listener(const TransportOptions& options) {
  DTS_ASSIGN(const Url url, parse_url(options.url));
  DTS_ASSIGN(Layers layers, Layers::server(url));
  auto listener = std::make_unique<Listener>(options, std::move(layers));
  DTS_TRY(listener->open());
  return std::unique_ptr<Transport>(std::move(listener));
}

}  // namespace

extern const TransportPlugin tcp_listen_transport, tcps_listen_transport, ws_listen_transport,
    wss_listen_transport, http_listen_transport, https_listen_transport;
constinit const TransportPlugin tcp_listen_transport{"tcp-listen", &open_listener};
constinit const TransportPlugin tcps_listen_transport{"tcps-listen", &open_listener};
constinit const TransportPlugin ws_listen_transport{"ws-listen", &open_listener};
constinit const TransportPlugin wss_listen_transport{"wss-listen", &open_listener};
constinit const TransportPlugin http_listen_transport{"http-listen", &open_listener};
constinit const TransportPlugin https_listen_transport{"https-listen", &open_listener};

}  // namespace dts::transport
