// GroupSockets: memberships, spread over sockets.
#include "transport/udp/group_sockets.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/sha256.hpp"

namespace dts::transport {
namespace {

constexpr std::uint32_t kMembershipsUsual = 20;

std::uint32_t read_memberships_max() {
  unsigned limit = 0;
  if (FILE* file = std::fopen("/proc/sys/net/ipv4/igmp_max_memberships", "re")) {
    if (std::fscanf(file, "%u", &limit) != 1) limit = 0;
    std::fclose(file);
  }
  return limit == 0 ? kMembershipsUsual : limit;
}

}  // namespace

std::uint32_t group_address(std::uint8_t octet, Group group) {
  return htonl(239u << 24 | 255u << 16 | std::uint32_t{octet} << 8 | group);
}

std::uint8_t domain_octet(std::string_view domain) {
  using namespace std::string_view_literals;
  const auto hash = base::sha256({as_bytes("dts-domain\0"sv), as_bytes(domain)});
  const std::uint32_t number = std::uint32_t{hash[0]} << 24 | std::uint32_t{hash[1]} << 16 |
                               std::uint32_t{hash[2]} << 8 | hash[3];
  return static_cast<std::uint8_t>(128 + number % 64);
}

void GroupSockets::configure(std::uint8_t octet, std::uint16_t port, std::uint32_t buffer_bytes,
                             int epoll) {
  domain_octet_ = octet;
  port_ = port;
  buffer_bytes_ = buffer_bytes;
  epoll_ = epoll;
  memberships_max_ = read_memberships_max();
}

Result<void> GroupSockets::open_first() {
  if (!sockets_.empty()) return {};
  DTS_ASSIGN([[maybe_unused]] const ReceiveSocket* first, open_socket());
  return {};
}

Result<ReceiveSocket*> GroupSockets::open_socket() {
  DTS_ASSIGN(Descriptor fd, open_group_socket(port_, buffer_bytes_));
  auto socket = std::make_unique<ReceiveSocket>();
  socket->fd = std::move(fd);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = socket.get();
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket->fd.get(), &event) != 0)
    return system_error("wait for a socket", "UDP", errno);
  sockets_.push_back(std::move(socket));
  return sockets_.back().get();
}

int GroupSockets::change(int option, const Membership& membership) const {
  ip_mreqn request{};
  request.imr_multiaddr.s_addr = group_address(domain_octet_, membership.group);
  request.imr_ifindex = static_cast<int>(membership.interface_index);
  const int fd = membership.socket->fd.get();
  return ::setsockopt(fd, IPPROTO_IP, option, &request, sizeof request) == 0 ? 0 : errno;
}

Result<void> GroupSockets::join(Group group, std::uint32_t interface_index) {
  for (const Membership& each : memberships_)
    if (each.group == group && each.interface_index == interface_index) return {};
  std::size_t next = 0;
  while (true) {
    while (next < sockets_.size() &&
           (sockets_[next]->full || sockets_[next]->memberships >= memberships_max_))
      ++next;
    const bool fresh = next == sockets_.size();
    if (fresh) DTS_TRY(open_socket());
    ReceiveSocket* socket = sockets_[next].get();
    const Membership membership{group, interface_index, socket};
    const int error = change(IP_ADD_MEMBERSHIP, membership);
    if (error == 0 || error == EADDRINUSE) {
      ++socket->memberships;
      memberships_.push_back(membership);
      return {};
    }
    // ENOBUFS: the limit was lowered since we read it. A new socket that may not join even one
    // group is beyond help.
    if (error == ENODEV)
      return Error(ErrorCode::no_interface, "cannot join group " + std::to_string(group),
                   "interface " + std::to_string(interface_index), "it is gone");
    if (error != ENOBUFS || fresh)
      return system_error("join group " + std::to_string(group),
                          "interface " + std::to_string(interface_index), error);
    socket->full = true;
  }
}

void GroupSockets::leave(Group group, std::uint32_t interface_index) {
  std::erase_if(memberships_, [&](const Membership& each) {
    if (each.group != group || each.interface_index != interface_index) return false;
    change(IP_DROP_MEMBERSHIP, each);  // fails only when the interface is gone: left all the same
    --each.socket->memberships;
    each.socket->full = false;
    return true;
  });
}

void GroupSockets::leave_all(std::uint32_t interface_index) {
  for (unsigned group = 0; group < 256; ++group) leave(static_cast<Group>(group), interface_index);
}

void GroupSockets::close() {
  memberships_.clear();
  sockets_.clear();
}

}  // namespace dts::transport
