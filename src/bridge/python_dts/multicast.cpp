// Multicast: options, each with its reason.
#include <bridge/python_dts/multicast.hpp>

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <bridge/python_dts/directory.hpp>
#include <transport/udp/interfaces.hpp>

namespace dts::bridge::python_dts {

namespace {

using transport::Descriptor;
using transport::Interface;
using transport::system_error;

constexpr int kBufferBytes = 4 << 20;

bool set(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

sockaddr_in address_of(std::uint32_t group, std::uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(group);
  return to;
}

std::string text_of(std::uint32_t address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  const in_addr in{address};
  return ::inet_ntop(AF_INET, &in, text.data(), text.size()) == nullptr ? "?" : text.data();
}

// The address that the kernel would send to the control group from; 0: no route leads there.
std::uint32_t routed_address() {
  const Descriptor fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_in to = address_of(kControlGroup, kPort);
  sockaddr_in own{};
  socklen_t length = sizeof own;
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return 0;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&own), &length) != 0) return 0;
  return own.sin_addr.s_addr;
}

Result<Interface> choose_interface(const std::string& wanted) {
  DTS_ASSIGN(const std::vector<Interface> all, transport::list_interfaces());
  const transport::InterfaceWish none;
  const auto first = [&](auto matches) {
    return std::find_if(all.begin(), all.end(), [&](const Interface& each) {
      return each.up && each.address != 0 && matches(each);
    });
  };
  auto found = all.end();
  if (!wanted.empty()) {
    found = first([&](const Interface& each) { return each.name == wanted; });
    if (found == all.end())
      return Error(ErrorCode::no_interface, "no interface to reach the Python nodes by", wanted,
                   "there is none of this name that is up and has an IPv4 address", "ip addr");
    return *found;
  }
  if (const std::uint32_t routed = routed_address(); routed != 0)
    found = first([&](const Interface& each) { return each.address == routed; });
  if (found == all.end())
    found = first([&](const Interface& each) {
      return !each.loopback && transport::why_unused(each, none).empty();
    });
  if (found == all.end()) found = first([](const Interface& each) { return each.loopback; });
  if (found == all.end())
    return Error(ErrorCode::no_interface, "no interface to reach the Python nodes by",
                 "this machine", "none is up and has an IPv4 address", "ip link set lo up");
  return *found;
}

}  // namespace

Result<Multicast> Multicast::open(const std::string& interface, std::uint16_t port) {
  Multicast opened;
  opened.port_ = port;
  DTS_ASSIGN(const Interface chosen, choose_interface(interface));
  opened.name_ = chosen.name;
  opened.index_ = chosen.index;
  opened.address_ = chosen.address;
  opened.epoll_ = Descriptor(::epoll_create1(EPOLL_CLOEXEC));
  if (!opened.epoll_) return system_error("wait for datagrams", "epoll", errno);
  opened.sender_ = Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!opened.sender_) return system_error("open a UDP socket", "IPv4", errno);
  ip_mreqn by{};
  by.imr_ifindex = static_cast<int>(opened.index_);
  if (::setsockopt(opened.sender_.get(), IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof by) != 0)
    return system_error("send by interface", opened.name_, errno);
  DTS_TRY(opened.add_socket());
  return opened;
}

std::string Multicast::address() const { return text_of(address_); }

Result<void> Multicast::add_socket() {
  Descriptor fd(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return system_error("open a UDP socket", "IPv4", errno);
  // Python nodes of this machine hold the port as well; and without the second the socket would
  // hear every group that any of them joined.
  if (!set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1) ||
      !set(fd.get(), IPPROTO_IP, IP_MULTICAST_ALL, 0))
    return system_error("share a port", "UDP", errno);
  if (!set(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, kBufferBytes))
    set(fd.get(), SOL_SOCKET, SO_RCVBUF, kBufferBytes);
  const sockaddr_in any = address_of(INADDR_ANY, port_);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) {
    const std::string where = "UDP port " + std::to_string(port_);
    if (errno == EADDRINUSE)
      return Error(ErrorCode::address_in_use, "cannot listen where Python nodes send", where,
                   "another program holds it for itself alone",
                   "find it: ss -ulpn 'sport = :" + std::to_string(port_) + "'");
    return system_error("listen", where, errno);
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = sockets_.size();
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0)
    return system_error("wait for datagrams", "epoll", errno);
  sockets_.push_back(std::move(fd));
  return {};
}

int Multicast::change(std::size_t socket, int option, std::uint32_t group) const {
  ip_mreqn request{};
  request.imr_multiaddr.s_addr = htonl(group);
  request.imr_ifindex = static_cast<int>(index_);
  const int fd = sockets_[socket].get();
  return ::setsockopt(fd, IPPROTO_IP, option, &request, sizeof request) == 0 ? 0 : errno;
}

Result<void> Multicast::join(std::uint32_t group) {
  for (const Membership& each : memberships_)
    if (each.group == group) return {};
  // ENOBUFS: this socket is in as many groups as the kernel lets it (igmp_max_memberships).
  for (std::size_t socket = 0;; ++socket) {
    const bool fresh = socket == sockets_.size();
    if (fresh) DTS_TRY(add_socket());
    const int error = change(socket, IP_ADD_MEMBERSHIP, group);
    if (error == 0) {
      memberships_.push_back({group, socket});
      return {};
    }
    if (error != ENOBUFS || fresh)
      return system_error("join group " + group_text(group), name_, error);
  }
}

void Multicast::leave(std::uint32_t group) {
  std::erase_if(memberships_, [&](const Membership& each) {
    if (each.group != group) return false;
    change(each.socket, IP_DROP_MEMBERSHIP, group);  // fails only with the interface gone
    return true;
  });
}

Result<void> Multicast::send(std::uint32_t group, ByteView datagram) {
  const sockaddr_in to = address_of(group, port_);
  if (::sendto(sender_.get(), datagram.data(), datagram.size(), 0,
               reinterpret_cast<const sockaddr*>(&to), sizeof to) >= 0)
    return {};
  return system_error("send to " + group_text(group), name_, errno);
}

std::optional<Multicast::Received> Multicast::receive(MutableByteView buffer) {
  for (const Descriptor& socket : sockets_) {
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const auto got = ::recvfrom(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                reinterpret_cast<sockaddr*>(&from), &length);
    if (got >= 0) return Received{static_cast<std::size_t>(got), text_of(from.sin_addr.s_addr)};
  }
  return {};
}

}  // namespace dts::bridge::python_dts
