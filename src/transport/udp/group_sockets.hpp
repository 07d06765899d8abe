// GroupSockets: who hears which group on which interface. The kernel lets a socket join only so
// many (net.ipv4.igmp_max_memberships, 20 unless changed), so there are as many sockets as the
// memberships need. It owns these sockets; reading them is the Receiver's. Under the Domain's lock.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <dts/path.hpp>
#include <dts/result.hpp>

#include "transport/udp/socket.hpp"

namespace dts::transport {

// A socket to receive from. Its address is stable: an epoll instance refers to it.
struct ReceiveSocket {
  Descriptor fd;
  std::uint32_t memberships = 0;
  bool full = false;  // the kernel said no to one more
};

// 239.255.<domain octet>.<group>, in network byte order (docs/wire.md).
std::uint32_t group_address(std::uint8_t domain_octet, Group group);
// 128 + u32be(SHA-256("dts-domain\0" domain)[0..4)) mod 64.
std::uint8_t domain_octet(std::string_view domain);

class GroupSockets {
 public:
  // Every socket opened is added to `epoll`, its events' data.ptr being the ReceiveSocket.
  void configure(std::uint8_t domain_octet, std::uint16_t port, std::uint32_t buffer_bytes,
                 int epoll);
  // Opens the first socket, to learn whether the port is free. The others come when needed.
  Result<void> open_first();
  // Joining what is joined, or leaving what is not, is fine. Fails with no_interface when it went.
  Result<void> join(Group group, std::uint32_t interface_index);
  void leave(Group group, std::uint32_t interface_index);
  // The interface is gone: forget its memberships.
  void leave_all(std::uint32_t interface_index);
  const std::vector<std::unique_ptr<ReceiveSocket>>& sockets() const { return sockets_; }
  void close();

 private:
  struct Membership {
    Group group;
    std::uint32_t interface_index;
    ReceiveSocket* socket;
  };
  Result<ReceiveSocket*> open_socket();
  int change(int option, const Membership& membership) const;

  std::uint8_t domain_octet_ = 0;
  std::uint16_t port_ = 0;
  std::uint32_t buffer_bytes_ = 0;
  int epoll_ = -1;
  std::uint32_t memberships_max_ = 0;  // of one socket
  std::vector<Membership> memberships_;
  std::vector<std::unique_ptr<ReceiveSocket>> sockets_;
};

}  // namespace dts::transport
