// udp://[?port=25555]: DTS on the local network, by IPv4 multicast on every usable interface and on
// lo, and by unicast from and to one port of its own. This file is the Transport around the parts,
// which do not know each other: LinkTable (which interfaces), GroupSockets (who hears what),
// Sender, Receiver, InterfaceWatch. docs/reference/transports/udp.md is its manual.
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bitset>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <dts/transport.hpp>

#include "base/text.hpp"
#include "transport/udp/group_sockets.hpp"
#include "transport/udp/interfaces.hpp"
#include "transport/udp/link_table.hpp"
#include "transport/udp/receiver.hpp"
#include "transport/udp/sender.hpp"
#include "transport/udp/socket.hpp"
#include "transport/url.hpp"

namespace dts::transport {
namespace {

constexpr std::uint16_t kPort = 25555;
constexpr std::uint32_t kBufferBytesWanted = 2u << 20;  // less than this is worth a word
constexpr std::size_t kNoticesMax = 32;
constexpr int kHotReads = 16;        // of one socket before the others are looked at
constexpr int kEmptyReadsMax = 256;  // reads of nothing but echoes before receive() returns

class Udp final : public Transport {
 public:
  Udp(const TransportOptions& options, std::uint16_t port, int ttl)
      : options_(options), wish_(parse_wish(options.interfaces)), group_port_(port), ttl_(ttl) {}
  ~Udp() override { close(); }

  Result<void> open();

  std::string_view name() const override { return "udp"; }
  Capabilities capabilities() const override {
    return {.groups = true, .mtu_bytes = kDatagramBytesMax};
  }
  std::vector<Link> links() const override;
  bool links_changed() override;
  Result<void> join(Group group) override;
  Result<void> leave(Group group) override;
  Result<void> send(std::span<const OutgoingPacket> packets) override;
  Result<std::size_t> receive(ReceiveBatch& batch) override;
  int poll_handle() const override { return epoll_.get(); }
  std::string local_address() const override;
  Result<Address> resolve(std::string_view peer) const override;
  std::string to_text(const Address& address) const override;
  TransportCounters counters() const override;
  std::uint32_t receive_buffer_bytes() const override { return buffer_bytes_; }
  std::vector<TransportNotice> take_notices() override { return std::exchange(notices_, {}); }
  void close() override;

 private:
  Result<void> watch(int fd, void* mark);
  void open_groups();
  void follow_interfaces(bool first);
  Result<void> join_all(const Interface& interface);
  void tell(ErrorCode code, std::string text);
  void tell_refused(const std::string& where);
  std::uint64_t overflow() const;
  static Error closed() {
    return Error(ErrorCode::closed, "the transport is closed", "udp", "close() was called");
  }

  const TransportOptions options_;
  const InterfaceWish wish_;
  const std::uint16_t group_port_;
  const int ttl_;  // of multicast
  std::uint16_t own_port_ = 0;
  Descriptor epoll_;
  InterfaceWatch interface_watch_;
  ReceiveSocket unicast_;
  GroupSockets groups_;
  LinkTable links_;
  Sender sender_{links_};
  Receiver receiver_{links_, own_port_};
  std::bitset<256> joined_;
  std::atomic<bool> interfaces_suspect_{false};
  bool groups_open_ = false, told_refused_ = false;
  std::uint32_t buffer_bytes_ = 0;
  std::vector<TransportNotice> notices_;
  TransportCounters counters_at_close_;
  // Of the receiving thread: the socket that had something last, and how often it is read before
  // epoll is asked again.
  const ReceiveSocket* hot_ = nullptr;
  int hot_reads_ = 0;
};

Result<void> Udp::open() {
  epoll_ = Descriptor(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return system_error("wait for packets (epoll)", "UDP", errno);
  const auto octet = domain_octet(options_.domain);
  groups_.configure(octet, group_port_, options_.receive_buffer_bytes, epoll_.get());
  open_groups();  // before the unicast socket, which might be given this very port
  DTS_ASSIGN(unicast_.fd, open_unicast_socket(options_.receive_buffer_bytes, ttl_));
  DTS_TRY(watch(unicast_.fd.get(), &unicast_));
  own_port_ = port_of(unicast_.fd.get());
  sender_.configure(unicast_.fd.get(), octet, group_port_, can_segment(unicast_.fd.get()));
  buffer_bytes_ = granted_buffer_bytes(unicast_.fd.get());
  if (buffer_bytes_ < std::min(options_.receive_buffer_bytes, kBufferBytesWanted))
    tell(ErrorCode::limit_reached,
         "the receive buffer is " + std::to_string(buffer_bytes_ / 1024) + " KiB instead of " +
             std::to_string(options_.receive_buffer_bytes / 1024) +
             " KiB: bursts may be lost here (try: sudo sysctl -w net.core.rmem_max=" +
             std::to_string(options_.receive_buffer_bytes) + ")");
  if (auto watching = interface_watch_.open(); !watching)
    tell(watching.error().code(),
         watching.error().text() + "; interfaces that come later are not used");
  else
    DTS_TRY(watch(interface_watch_.handle(), &interface_watch_));
  follow_interfaces(true);
  return {};
}

Result<void> Udp::watch(int fd, void* mark) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = mark;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    return system_error("wait for packets (epoll)", "UDP", errno);
  return {};
}

// Without the port of DTS we go on: what is sent to our own port still arrives.
void Udp::open_groups() {
  if (groups_open_) return;
  const auto opened = groups_.open_first();
  groups_open_ = opened.ok();
  if (!opened)
    tell(opened.error().code(), opened.error().text() + "; nothing sent to groups is heard here");
}

void Udp::follow_interfaces(bool first) {
  auto all = list_interfaces();
  if (!all) return tell(all.error().code(), all.error().text());
  std::vector<Interface> usable;
  for (const Interface& interface : *all)
    if (why_unused(interface, wish_).empty()) usable.push_back(interface);
  const auto changes = links_.update(usable);
  for (const Interface& gone : changes.removed) {
    groups_.leave_all(gone.index);
    tell(ErrorCode::ok, gone.name + " is no longer used: it is gone, down or has no address");
  }
  for (const Interface& fresh : changes.added) {
    if (auto joined = join_all(fresh); !joined) tell(joined.error().code(), joined.error().text());
    if (!first) tell(ErrorCode::ok, fresh.name + " (" + address_text(fresh) + ") is used now");
  }
  if (changes.full)
    tell(ErrorCode::limit_reached,
         "more than " + std::to_string(kLinksMax) + " interfaces: the others are not used");
  if (!first && !changes.any) return;
  for (const std::string& name : wish_.only)
    if (std::none_of(usable.begin(), usable.end(),
                     [&](const Interface& each) { return each.name == name; }))
      tell(ErrorCode::no_interface, "the interface " + base::printable(name) +
                                        " cannot be used now (see: ip address show); it is used "
                                        "as soon as it can be");
  const bool only_lo = std::all_of(usable.begin(), usable.end(),
                                   [](const Interface& each) { return each.loopback; });
  if (usable.empty())
    tell(ErrorCode::no_interface,
         "no network interface is up, not even lo: nothing can be sent (try: sudo ip link set lo "
         "up)");
  else if (only_lo && wish_.only != std::vector<std::string>{usable.front().name})
    tell(ErrorCode::no_interface,
         "no network interface is usable: this domain is on this machine only (see: dts doctor)");
}

Result<void> Udp::join_all(const Interface& interface) {
  if (!groups_open_) return {};
  for (unsigned group = 0; group < joined_.size(); ++group) {
    if (!joined_.test(group)) continue;
    if (auto joined = groups_.join(static_cast<Group>(group), interface.index); !joined)
      return joined.error().at(interface.name);
  }
  return {};
}

std::vector<Link> Udp::links() const {
  std::vector<Link> result;
  if (!epoll_) return result;
  for (const ActiveLink& link : links_.active()) result.push_back(to_link(link));
  return result;
}

bool Udp::links_changed() {
  const bool suspect = sender_.take_interfaces_suspect();
  if (!epoll_ || (!interfaces_suspect_.exchange(false) && !suspect)) return false;
  const auto before = links();
  follow_interfaces(false);
  const auto now = links();
  return !std::equal(
      before.begin(), before.end(), now.begin(), now.end(), [](const Link& a, const Link& b) {
        return a.index == b.index && a.address == b.address && a.mtu_bytes == b.mtu_bytes;
      });
}

Result<void> Udp::join(Group group) {
  if (!epoll_) return closed();
  joined_.set(group);
  open_groups();
  if (!groups_open_) return {};
  Result<void> result;
  for (const ActiveLink& link : links_.active()) {
    auto joined = groups_.join(group, link.interface.index);
    if (joined) continue;
    if (joined.error().code() == ErrorCode::no_interface)
      interfaces_suspect_ = true;  // it has just gone, which is no error
    else
      result = joined.error().at(link.interface.name);
  }
  return result;
}

Result<void> Udp::leave(Group group) {
  if (!epoll_) return closed();
  joined_.reset(group);
  for (const ActiveLink& link : links_.active()) groups_.leave(group, link.interface.index);
  return {};
}

Result<void> Udp::send(std::span<const OutgoingPacket> packets) {
  if (!epoll_) return closed();
  sender_.send(packets);
  if (!told_refused_)
    if (const auto where = sender_.take_refused(); !where.empty()) tell_refused(where);
  return {};
}

void Udp::tell_refused(const std::string& where) {
  told_refused_ = true;
  std::string cure = "see: sudo nft list ruleset";
  if (::access("/usr/sbin/ufw", X_OK) == 0)
    cure = "try: sudo ufw allow out proto udp to 239.255.0.0/16";
  else if (::access("/usr/bin/firewall-cmd", X_OK) == 0)
    cure = "see: sudo firewall-cmd --list-all";
  tell(ErrorCode::permission,
       "the firewall of this machine refuses what is sent to " + where + " (" + cure + ")");
}

// Most packets come where the last ones came, so that socket is read first, without asking epoll;
// after a read that took all, or many in a row, epoll says which is next and serves all in turn.
Result<std::size_t> Udp::receive(ReceiveBatch& batch) {
  batch.packets.clear();
  if (!epoll_) return closed();
  for (int round = 0; round < kEmptyReadsMax && batch.packets.empty(); ++round) {
    if (hot_ != nullptr && hot_reads_ > 0) {
      hot_reads_ = receiver_.receive(hot_->fd.get(), batch) ? hot_reads_ - 1 : 0;
      continue;
    }
    epoll_event event{};
    hot_reads_ = kHotReads;  // the next read after a wake-up goes to the same socket
    if (::epoll_wait(epoll_.get(), &event, 1, 0) <= 0) break;
    if (event.data.ptr == &interface_watch_) {
      interface_watch_.drain();
      interfaces_suspect_ = true;
      hot_reads_ = 0;
    } else {
      hot_ = static_cast<const ReceiveSocket*>(event.data.ptr);
    }
  }
  return batch.packets.size();
}

std::string Udp::local_address() const {
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_port = htons(own_port_);
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (const ActiveLink& link : links_.active())
    if (!link.interface.loopback) {
      own.sin_addr.s_addr = link.interface.address;
      break;
    }
  return address_text(own);
}

Result<Address> Udp::resolve(std::string_view peer) const {
  const auto bad = [&](std::string why) {
    return Error(ErrorCode::invalid_argument, "this is no peer's address",
                 base::printable(peer.substr(0, 80)), std::move(why),
                 "a name or an address, such as tank3.local or 192.168.1.20:25555");
  };
  std::uint16_t port = group_port_;
  std::string_view host = peer;
  if (const auto colon = peer.rfind(':'); colon != std::string_view::npos) {
    const auto digits = peer.substr(colon + 1);
    host = peer.substr(0, colon);
    if (host.find(':') != std::string_view::npos) return bad("IPv6 is not spoken here, only IPv4");
    const auto [stop, status] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (status != std::errc{} || stop != digits.data() + digits.size() || port == 0)
      return bad("after the colon comes a port, 1 to 65535");
  }
  if (host.empty() || host.size() > 255 || host.find('\0') != std::string_view::npos)
    return bad("the host's name is missing or too long");
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(std::string(host).c_str(), nullptr, &hints, &found);
  if (failed != 0) return bad(::gai_strerror(failed));
  sockaddr_in address{};
  std::memcpy(&address, found->ai_addr, sizeof address);
  ::freeaddrinfo(found);
  address.sin_port = htons(port);
  return to_address(address);
}

std::string Udp::to_text(const Address& address) const {
  sockaddr_in socket_address{};
  return from_address(address, socket_address) ? address_text(socket_address) : "?";
}

std::uint64_t Udp::overflow() const {
  std::uint64_t dropped = dropped_datagrams(unicast_.fd.get());
  for (const auto& socket : groups_.sockets()) dropped += dropped_datagrams(socket->fd.get());
  return dropped;
}

TransportCounters Udp::counters() const {
  if (!epoll_) return counters_at_close_;
  TransportCounters counters = sender_.counters();
  receiver_.add_counters(counters);
  counters.receive_overflow = overflow();
  return counters;
}

void Udp::tell(ErrorCode code, std::string text) {
  if (notices_.size() < kNoticesMax) notices_.push_back({code, std::move(text)});
}

void Udp::close() {
  if (!epoll_) return;
  counters_at_close_ = counters();
  hot_ = nullptr;
  groups_.close();
  unicast_.fd.reset();
  interface_watch_ = InterfaceWatch();
  epoll_.reset();
}

Result<std::unique_ptr<Transport>> open_udp(const TransportOptions& options) {
  DTS_ASSIGN(const Url url, parse_url(options.url));
  DTS_TRY(check_parameters(url, {"port", "ttl"}));
  if (!url.host.empty())
    return Error(ErrorCode::invalid_url, "this transport has no host", base::printable(url.text),
                 "udp reaches everybody on the network",
                 "udp://, and name peers beyond it with DTS_PEERS=host");
  DTS_ASSIGN(const auto port, number_parameter(url, "port", 1, 65535));
  DTS_ASSIGN(const auto ttl, number_parameter(url, "ttl", 1, 255));
  auto udp = std::make_unique<Udp>(options, static_cast<std::uint16_t>(port.value_or(kPort)),
                                   static_cast<int>(ttl.value_or(1)));
  DTS_TRY(udp->open());
  return std::unique_ptr<Transport>(std::move(udp));
}

}  // namespace

extern const TransportPlugin udp_transport;
constinit const TransportPlugin udp_transport{"udp", &open_udp};

}  // namespace dts::transport
