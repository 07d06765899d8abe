// Interfaces: which network interfaces this machine has and which of them DTS uses, and a watch
// that tells when that may have changed. It owns no socket that carries packets. The choice is a
// pure function; the rest is one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <dts/result.hpp>

#include "transport/udp/socket.hpp"

namespace dts::transport {

struct Interface {
  std::uint32_t index = 0;  // the kernel's
  std::string name;
  std::uint32_t address = 0;  // first IPv4 address, in network byte order; 0: none
  std::uint8_t prefix = 0;
  std::uint32_t mtu_bytes = 0;
  bool up = false, running = false, loopback = false, multicast = false, point_to_point = false;
  bool wireless = false;
  friend bool operator==(const Interface&, const Interface&) = default;
};

// "192.168.1.20/24", or "no address".
std::string address_text(const Interface& interface);

// Every interface of this network namespace, by index.
Result<std::vector<Interface>> list_interfaces();

// What the user wants: "eth0" only this (and lo), "+docker0" this too, "-wlan0" not this.
struct InterfaceWish {
  std::vector<std::string> only, also, never;
};
InterfaceWish parse_wish(const std::vector<std::string>& names);

// Why the interface is not used, for people ("is down"); empty: it is used.
std::string_view why_unused(const Interface& interface, const InterfaceWish& wish);

// Readable when an interface or an IPv4 address came, went or changed.
class InterfaceWatch {
 public:
  Result<void> open();
  int handle() const { return netlink_.get(); }
  // Takes all that is waiting, so that the handle is no longer readable.
  void drain();

 private:
  Descriptor netlink_;
};

}  // namespace dts::transport
