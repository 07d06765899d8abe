// tcp://host[:port], tcps://host[:port]: the other end of a connection to a node that listens
// (tcp-listen://), by which all who connect there are one network. The connection is made anew for
// as long as it takes. docs/reference/transports/tcp.md is its manual.
//
// Threads: connection_ and phase_ are changed by the receiving thread only, under the lock; the
// receiving thread reads the socket without it.
#include "transport/tcp/dialer.hpp"

#include <netinet/in.h>

#include <bitset>
#include <cerrno>
#include <charconv>
#include <mutex>

#include <dts/transport.hpp>

#include "base/text.hpp"
#include "transport/back_off.hpp"
#include "transport/endpoint.hpp"
#include "transport/news.hpp"
#include "transport/poller.hpp"
#include "transport/stream/member_address.hpp"
#include "transport/tcp/connection.hpp"
#include "transport/url.hpp"

namespace dts::transport {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kPatience{10'000};  // with one attempt to connect, or with a greeting
constexpr int kEventsPerCall = 16;
constexpr std::uint64_t kSocketTag = 0, kResolverTag = 1;

class Dialer final : public Transport {
 public:
  Dialer(const TransportOptions& options, Layers layers, OpenChannel open_channel)
      : options_(options),
        layers_(std::move(layers)),
        open_channel_(std::move(open_channel)),
        endpoint_(layers_.endpoint),
        place_(endpoint_text(endpoint_)) {}
  ~Dialer() override { close(); }

  Result<void> open() {
    DTS_TRY(poller_.open());
    DTS_TRY(resolver_.open());
    DTS_TRY(poller_.follow(resolver_.handle(), kResolverTag, false));
    dial();
    return {};
  }

  std::string_view name() const override { return layers_.scheme; }
  Capabilities capabilities() const override {
    return {.reliable = true,
            .ordered = true,
            .groups = true,
            .bulk = true,
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
  std::string local_address() const override {
    const std::lock_guard lock(mutex_);
    return member_text(self_);
  }
  Result<Address> resolve(std::string_view peer) const override { return member_address(peer); }
  std::string to_text(const Address& address) const override {
    return member_text(member_of(address));
  }
  TransportCounters counters() const override {
    const std::lock_guard lock(mutex_);
    return counters_;
  }
  std::uint32_t receive_buffer_bytes() const override { return options_.receive_buffer_bytes; }
  std::vector<TransportNotice> take_notices() override {
    const std::lock_guard lock(mutex_);
    return news_.take();
  }
  void close() override {
    const std::lock_guard lock(mutex_);
    connection_.reset();
    poller_.close();
  }

 private:
  enum class Phase { pausing, resolving, connecting, greeting, up };

  static Error closed() {
    return Error(ErrorCode::closed, "the transport is closed", "tcp", "close() was called");
  }
  Result<void> set_joined(Group group, bool joined);
  void ask(Group group, bool joined);
  void dial();
  void connect_next();
  void resolved();
  Error unconnected(int error) const;
  void connected();
  void open_channel();
  void greet(std::unique_ptr<Channel> channel, milliseconds patience);
  void failed(const Error& error);
  void read(ReceiveBatch& batch);
  Result<void> take(const Frame& frame, ReceiveBatch& batch);
  void welcomed(Member self);
  void watch_room();

  const TransportOptions options_;
  const Layers layers_;
  const OpenChannel open_channel_;
  const Endpoint& endpoint_;
  const std::string place_;  // as people write it
  Poller poller_;
  Resolver resolver_;
  std::vector<SocketAddress> addresses_;  // not tried yet
  SocketAddress tried_;
  BackOff back_off_;

  mutable std::mutex mutex_;  // all that follows
  Phase phase_ = Phase::pausing;
  Descriptor connecting_;
  std::unique_ptr<Connection> connection_;
  Member self_ = 0;
  LinkIndex link_ = 0;  // of this connection; the next has the next
  std::bitset<256> joined_;
  std::uint64_t asked_ = 0, confirmed_ = 0;  // the last change of joined_, and the last in effect
  bool changed_ = false, watched_room_ = false;
  News news_;
  TransportCounters counters_;
  std::vector<OutFrame> frames_;  // of one send(), kept for its memory
};

std::vector<Link> Dialer::links() const {
  const std::lock_guard lock(mutex_);
  if (phase_ != Phase::up || !poller_) return {};
  return {Link{.index = link_,
               .name = std::string(name()),
               .address = place_,
               .mtu_bytes = kStreamPacketBytesMax}};
}

Result<void> Dialer::set_joined(Group group, bool joined) {
  const std::lock_guard lock(mutex_);
  if (!poller_) return closed();
  if (joined_.test(group) == joined) return {};
  joined_.set(group, joined);
  if (phase_ == Phase::up) ask(group, joined);
  return {};
}

void Dialer::ask(Group group, bool joined) {
  // Without room the other side does not read at all, and the connection will not last.
  connection_->send(joined ? FrameKind::join : FrameKind::leave, group, ++asked_);
  watch_room();
}

Result<void> Dialer::send(std::span<const OutgoingPacket> packets) {
  const std::lock_guard lock(mutex_);
  if (!poller_) return closed();
  frames_.clear();
  for (const OutgoingPacket& packet : packets) {
    const Member to = packet.to ? member_of(*packet.to) : 0;
    if (phase_ != Phase::up || (packet.to ? to == 0 : packet.link != link_)) {
      ++counters_.send_failed;
    } else if (packet.size() > kStreamPacketBytesMax) {
      ++counters_.send_too_large;
    } else {
      const auto kind = packet.to ? FrameKind::unicast : FrameKind::group;
      frames_.emplace_back(kind, packet.group, to, packet.bytes, packet.body, packet.tail);
      ++counters_.packets_sent;
      counters_.bytes_sent += packet.size();
    }
  }
  if (frames_.empty()) return {};
  const std::size_t left_out = connection_->send(frames_);
  counters_.packets_sent -= left_out;
  counters_.send_blocked += left_out;
  watch_room();
  return {};
}

// Room is waited for only while something is queued.
void Dialer::watch_room() {
  if (connection_->waiting() == watched_room_) return;
  watched_room_ = !watched_room_;
  poller_.want(connection_->handle(), kSocketTag, watched_room_);
}

Result<std::size_t> Dialer::receive(ReceiveBatch& batch) {
  batch.packets.clear();
  if (!poller_) return closed();
  for (int round = 0; round < kEventsPerCall && batch.packets.empty(); ++round) {
    const auto event = poller_.next();
    if (!event) break;
    if (event->tag == kResolverTag) {
      resolved();
    } else if (event->tag == Poller::timer_tag) {
      if (phase_ == Phase::pausing)
        dial();
      else if (phase_ == Phase::connecting)
        connect_next();
      else if (phase_ == Phase::greeting)
        failed(Error(ErrorCode::timeout, "what is there says nothing", {},
                     "it has accepted the connection 10 s ago", "look at the port"));
    } else if (phase_ == Phase::connecting) {
      connected();
    } else if (connection_) {
      if (event->writable) {
        const std::lock_guard lock(mutex_);
        connection_->flush();
        watch_room();
      }
      if (event->readable) read(batch);
    }
  }
  return batch.packets.size();
}

void Dialer::dial() {
  if (open_channel_) return open_channel();
  const std::lock_guard lock(mutex_);
  phase_ = Phase::resolving;
  resolver_.ask(endpoint_);
}

void Dialer::resolved() {
  auto answer = resolver_.take();
  if (phase_ != Phase::resolving) return;
  if (!answer) return failed(answer.error());
  addresses_ = std::move(*answer);
  connect_next();
}

// One address after the other, as the resolver prefers them.
void Dialer::connect_next() {
  std::unique_lock lock(mutex_);
  phase_ = Phase::connecting;
  connecting_.reset();
  int error = ETIMEDOUT;
  while (!addresses_.empty()) {
    tried_ = addresses_.front();
    addresses_.erase(addresses_.begin());
    connecting_ = Descriptor(
        ::socket(tried_.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const bool begun =
        connecting_ &&
        (::connect(connecting_.get(), reinterpret_cast<const sockaddr*>(&tried_.storage),
                   tried_.size) == 0 ||
         errno == EINPROGRESS) &&
        poller_.follow(connecting_.get(), kSocketTag, true);
    if (begun) return poller_.arm(kPatience);
    error = errno;
    connecting_.reset();
  }
  lock.unlock();
  failed(unconnected(error));
}

Error Dialer::unconnected(int error) const {
  if (error != ECONNREFUSED) return system_error("connect", {}, error);
  return Error(ErrorCode::system, "nobody listens there", {}, "the connection was refused",
               "start a node there with DTS_TRANSPORTS=" + std::string(name()) +
                   "-listen://:" + std::to_string(endpoint_.port));
}

void Dialer::connected() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(connecting_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0 && !addresses_.empty()) return connect_next();
  if (error != 0) return failed(unconnected(error));
  greet(layers_.channel(std::move(connecting_)), kPatience);
}

// It connects by itself, and then there is a greeting.
void Dialer::open_channel() {
  auto channel = open_channel_();
  if (!channel) return failed(channel.error());
  if (auto followed = poller_.follow((*channel)->handle(), kSocketTag, true); !followed)
    return failed(followed.error());
  greet(std::move(*channel), 2 * kPatience);
}

void Dialer::greet(std::unique_ptr<Channel> channel, milliseconds patience) {
  const std::lock_guard lock(mutex_);
  phase_ = Phase::greeting;
  poller_.arm(patience);
  connection_ = std::make_unique<Connection>(std::move(channel), options_.receive_buffer_bytes);
  connection_->send(FrameKind::hello, 0, 0, as_bytes(options_.domain));
  watched_room_ = true;  // since connecting
  watch_room();
}

// Whatever it was: it is told, once, and tried again, ever more rarely.
void Dialer::failed(const Error& error) {
  const std::lock_guard lock(mutex_);
  const bool was_up = phase_ == Phase::up;
  changed_ = changed_ || was_up;
  connection_.reset();
  connecting_.reset();
  phase_ = Phase::pausing;
  news_.failing(error.at(place_), "; trying again");
  poller_.arm(back_off_.next());
}

void Dialer::read(ReceiveBatch& batch) {
  auto bytes = connection_->read(batch);
  if (!bytes) return failed(bytes.error());
  {
    const std::lock_guard lock(mutex_);
    connection_->flush();
    watch_room();
  }
  while (true) {
    auto frame = connection_->next(*bytes);
    if (!frame) return failed(frame.error());
    if (!*frame) break;
    if (auto taken = take(**frame, batch); !taken) return failed(taken.error());
  }
  connection_->keep(*bytes);
}

Result<void> Dialer::take(const Frame& frame, ReceiveBatch& batch) {
  const std::lock_guard lock(mutex_);
  switch (frame.kind) {
    case FrameKind::welcome:
      if (phase_ == Phase::greeting && frame.member != 0) welcomed(frame.member);
      return {};
    case FrameKind::refused:
      return Error(ErrorCode::limit_reached, "it does not let us in", {},
                   base::printable({reinterpret_cast<const char*>(frame.body.data()),
                                    std::min<std::size_t>(frame.body.size(), 200)}));
    case FrameKind::done:
      confirmed_ = frame.member;
      return {};
    case FrameKind::dropped:
      counters_.receive_overflow += frame.member;
      return {};
    case FrameKind::group:
    case FrameKind::unicast:
      if (phase_ != Phase::up) break;
      batch.packets.push_back(
          {frame.body, link_, address_of(frame.member), frame.kind == FrameKind::group});
      ++counters_.packets_received;
      counters_.bytes_received += frame.body.size();
      return {};
    default:
      break;
  }
  ++counters_.receive_ignored;  // of a version to come
  return {};
}

void Dialer::welcomed(Member self) {
  phase_ = Phase::up;
  back_off_.reset();
  poller_.arm({});
  self_ = self;
  ++link_;
  changed_ = true;
  news_.works("connected to " + place_);
  confirmed_ = asked_;
  for (unsigned group = 0; group < joined_.size(); ++group)
    if (joined_.test(group)) ask(static_cast<Group>(group), true);
}

Result<std::unique_ptr<Transport>> open_on_sockets(const TransportOptions& options) {
  DTS_ASSIGN(const Url url, parse_url(options.url));
  DTS_ASSIGN(Layers layers, Layers::client(url));
  return open_dialer(options, std::move(layers));
}

}  // namespace

Result<std::unique_ptr<Transport>> open_dialer(const TransportOptions& options, Layers layers,
                                               OpenChannel open) {
  auto dialer = std::make_unique<Dialer>(options, std::move(layers), std::move(open));
  DTS_TRY(dialer->open());
  return std::unique_ptr<Transport>(std::move(dialer));
}

extern const TransportPlugin tcp_transport, tcps_transport, ws_transport, wss_transport;
constinit const TransportPlugin tcp_transport{"tcp", &open_on_sockets};
constinit const TransportPlugin tcps_transport{"tcps", &open_on_sockets};
constinit const TransportPlugin ws_transport{"ws", &open_on_sockets};
constinit const TransportPlugin wss_transport{"wss", &open_on_sockets};

}  // namespace dts::transport
