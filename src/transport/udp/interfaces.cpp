// Interfaces: listing, choosing, watching.
#include "transport/udp/interfaces.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

namespace dts::transport {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Bridges that container and virtual machine software makes for itself: multicast does not cross
// them to the network, and who lives behind them has the other end as its own interface.
bool is_container_bridge(std::string_view name) {
  constexpr std::array<std::string_view, 7> prefixes{"docker", "br-",   "virbr", "podman",
                                                     "lxcbr",  "lxdbr", "cni"};
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

std::uint32_t mtu_of(int fd, const std::string& name) {
  ifreq request{};
  std::strncpy(request.ifr_name, name.c_str(), sizeof request.ifr_name - 1);
  if (::ioctl(fd, SIOCGIFMTU, &request) != 0 || request.ifr_mtu <= 0) return 0;
  return static_cast<std::uint32_t>(request.ifr_mtu);
}

bool is_wireless(const std::string& name) {
  const std::string path = "/sys/class/net/" + name;
  return ::access((path + "/wireless").c_str(), F_OK) == 0 ||
         ::access((path + "/phy80211").c_str(), F_OK) == 0;
}

}  // namespace

std::string address_text(const Interface& interface) {
  if (interface.address == 0) return "no address";
  char text[INET_ADDRSTRLEN] = {};
  const in_addr address{interface.address};
  if (::inet_ntop(AF_INET, &address, text, sizeof text) == nullptr) return "no address";
  return std::string(text) + "/" + std::to_string(interface.prefix);
}

Result<std::vector<Interface>> list_interfaces() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0)
    return system_error("list the network interfaces", "this machine", errno);
  const Descriptor any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  std::vector<Interface> result;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    // A label such as "eth0:1" is a second address of eth0.
    const std::string_view label = entry->ifa_name;
    const std::string name(label.substr(0, label.find(':')));
    auto known = std::find_if(result.begin(), result.end(),
                              [&](const Interface& each) { return each.name == name; });
    if (known == result.end()) {
      Interface fresh;
      fresh.name = name;
      fresh.index = ::if_nametoindex(name.c_str());
      if (fresh.index == 0) continue;  // it went meanwhile
      fresh.mtu_bytes = mtu_of(any.get(), name);
      fresh.up = (entry->ifa_flags & IFF_UP) != 0;
      fresh.running = (entry->ifa_flags & IFF_RUNNING) != 0;
      fresh.loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0;
      fresh.multicast = (entry->ifa_flags & IFF_MULTICAST) != 0;
      fresh.point_to_point = (entry->ifa_flags & IFF_POINTOPOINT) != 0;
      fresh.wireless = is_wireless(name);
      known = result.insert(result.end(), std::move(fresh));
    }
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
    if (known->address != 0) continue;
    known->address = reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr.s_addr;
    if (entry->ifa_netmask != nullptr)
      known->prefix = static_cast<std::uint8_t>(
          std::popcount(reinterpret_cast<const sockaddr_in*>(entry->ifa_netmask)->sin_addr.s_addr));
  }
  ::freeifaddrs(list);
  std::sort(result.begin(), result.end(),
            [](const Interface& a, const Interface& b) { return a.index < b.index; });
  return result;
}

InterfaceWish parse_wish(const std::vector<std::string>& names) {
  InterfaceWish wish;
  for (const std::string& name : names) {
    if (name.starts_with('+'))
      wish.also.push_back(name.substr(1));
    else if (name.starts_with('-'))
      wish.never.push_back(name.substr(1));
    else if (!name.empty())
      wish.only.push_back(name);
  }
  return wish;
}

std::string_view why_unused(const Interface& interface, const InterfaceWish& wish) {
  if (!interface.up) return "is down";
  if (interface.address == 0) return "has no IPv4 address";
  if (contains(wish.never, interface.name)) return "was ruled out";
  // lo lacks the multicast flag and carries multicast all the same; others on this machine are
  // reached by it, whatever else was named.
  if (interface.loopback) return {};
  if (!interface.running) return "has no carrier";
  if (contains(wish.only, interface.name) || contains(wish.also, interface.name)) return {};
  if (!wish.only.empty()) return "was not named";
  if (!interface.multicast) return "cannot multicast";
  if (interface.point_to_point) return "is point to point";
  if (is_container_bridge(interface.name)) return "is a bridge to containers";
  return {};
}

Result<void> InterfaceWatch::open() {
  netlink_ =
      Descriptor(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!netlink_) return system_error("watch the network interfaces", "netlink", errno);
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  own.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR;
  if (::bind(netlink_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0)
    return system_error("watch the network interfaces", "netlink", errno);
  return {};
}

void InterfaceWatch::drain() {
  // What the messages say does not matter: whoever is told lists the interfaces anew. An overrun
  // (ENOBUFS) is one more change.
  std::array<char, 8192> ignored;
  while (true) {
    const auto got = ::recv(netlink_.get(), ignored.data(), ignored.size(), MSG_DONTWAIT);
    if (got <= 0 && errno != EINTR && errno != ENOBUFS) return;
    if (got == 0) return;
  }
}

}  // namespace dts::transport
