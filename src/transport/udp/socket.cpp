// Sockets of the UDP transport: options, each with its reason.
#include "transport/udp/socket.hpp"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>

namespace dts::transport {
namespace {

constexpr int kSendBufferBytes = 1 << 20;

bool set(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

// What both kinds of socket have in common.
Result<Descriptor> open_socket(std::uint32_t buffer_bytes) {
  Descriptor fd(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return system_error("open a UDP socket", "IPv4", errno);
  // The larger of what the administrator lets everybody have and, with the right to it, all asked.
  const int bytes = static_cast<int>(std::min<std::uint32_t>(buffer_bytes, INT32_MAX / 2));
  if (!set(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, bytes))
    set(fd.get(), SOL_SOCKET, SO_RCVBUF, bytes);
  // Without it a socket bound to a port hears every group any process of this machine joined.
  if (!set(fd.get(), IPPROTO_IP, IP_MULTICAST_ALL, 0))
    return system_error("keep other programs' groups out (IP_MULTICAST_ALL)", "UDP", errno);
  // The interface a packet came in on, and whether it was sent to a group.
  if (!set(fd.get(), IPPROTO_IP, IP_PKTINFO, 1))
    return system_error("learn where packets come from (IP_PKTINFO)", "UDP", errno);
  set(fd.get(), SOL_UDP, UDP_GRO, 1);  // an older kernel hands datagrams over one by one
  return fd;
}

Result<void> bind_to(int fd, std::uint16_t port) {
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0) return {};
  const auto where = "UDP port " + std::to_string(port);
  if (errno == EADDRINUSE)
    return Error(ErrorCode::address_in_use, "cannot listen on the port of DTS", where,
                 "another program holds it for itself alone",
                 "find it: ss -ulpn 'sport = :" + std::to_string(port) + "'");
  return system_error("listen", where, errno);
}

}  // namespace

Result<Descriptor> open_unicast_socket(std::uint32_t buffer_bytes, int ttl) {
  DTS_ASSIGN(Descriptor fd, open_socket(buffer_bytes));
  // More than the default, so that a burst of full packets is not cut short at the interface.
  if (!set(fd.get(), SOL_SOCKET, SO_SNDBUFFORCE, kSendBufferBytes))
    set(fd.get(), SOL_SOCKET, SO_SNDBUF, kSendBufferBytes);
  // Others on this machine are reached by lo, which ignores this; without it they would hear
  // everything once more per interface.
  if (!set(fd.get(), IPPROTO_IP, IP_MULTICAST_LOOP, 0))
    return system_error("keep multicast from looping back", "UDP", errno);
  if (!set(fd.get(), IPPROTO_IP, IP_MULTICAST_TTL, ttl))
    return system_error("keep multicast on this network", "UDP", errno);
  // Lost fragments block the receiver's memory for 30 s: better not to send than to fragment.
  if (!set(fd.get(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO))
    return system_error("forbid IP to fragment", "UDP", errno);
  DTS_TRY(bind_to(fd.get(), 0));
  return fd;
}

Result<Descriptor> open_group_socket(std::uint16_t port, std::uint32_t buffer_bytes) {
  DTS_ASSIGN(Descriptor fd, open_socket(buffer_bytes));
  if (!set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1))
    return system_error("share the port of DTS", "UDP", errno);
  DTS_TRY(bind_to(fd.get(), port));
  return fd;
}

std::uint32_t granted_buffer_bytes(int fd) {
  int granted = 0;
  socklen_t length = sizeof granted;
  if (::getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &length) != 0) return 0;
  return static_cast<std::uint32_t>(granted) / 2;  // the kernel doubles it for its own overhead
}

std::uint32_t dropped_datagrams(int fd) {
  std::uint32_t figures[SK_MEMINFO_VARS] = {};
  socklen_t length = sizeof figures;
  if (::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, figures, &length) != 0) return 0;
  return figures[SK_MEMINFO_DROPS];
}

bool can_segment(int fd) {
  int size = 0;
  socklen_t length = sizeof size;
  return ::getsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, &length) == 0;
}

std::uint16_t port_of(int fd) {
  sockaddr_in own{};
  socklen_t length = sizeof own;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length) != 0) return 0;
  return ntohs(own.sin_port);
}

Address to_address(const sockaddr_in& socket_address) {
  static_assert(sizeof socket_address <= sizeof Address::bytes);
  Address address;
  std::memcpy(address.bytes.data(), &socket_address, sizeof socket_address);
  address.size = sizeof socket_address;
  return address;
}

bool from_address(const Address& address, sockaddr_in& socket_address) {
  if (address.size != sizeof socket_address) return false;
  std::memcpy(&socket_address, address.bytes.data(), sizeof socket_address);
  return socket_address.sin_family == AF_INET;
}

std::string address_text(const sockaddr_in& socket_address) {
  char text[INET_ADDRSTRLEN] = {};
  if (::inet_ntop(AF_INET, &socket_address.sin_addr, text, sizeof text) == nullptr) return "?";
  return std::string(text) + ":" + std::to_string(ntohs(socket_address.sin_port));
}

}  // namespace dts::transport
