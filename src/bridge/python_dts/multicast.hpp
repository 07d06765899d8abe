// Multicast: the sockets of one UDP port on one interface, and the groups they have joined. It
// sends and receives whole datagrams; IP may put large ones together, as the Python package expects
// of it. One thread at a time.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <dts/bytes.hpp>
#include <dts/result.hpp>

#include <transport/descriptor.hpp>

namespace dts::bridge::python_dts {

class Multicast {
 public:
  // `interface`: its name; empty: where the machine's routes lead for the control group, else the
  // first that can multicast, else lo.
  static Result<Multicast> open(const std::string& interface, std::uint16_t port);

  // Groups are in host byte order. Joining what is joined and leaving what is not is fine.
  Result<void> join(std::uint32_t group);
  void leave(std::uint32_t group);
  // Members on this machine hear it too, we among them.
  Result<void> send(std::uint32_t group, ByteView datagram);
  // The next datagram that is here, into `buffer`; its size, or nothing when there is none.
  struct Received {
    std::size_t bytes = 0;
    std::string from;  // "10.1.0.2"
  };
  std::optional<Received> receive(MutableByteView buffer);
  int poll_handle() const { return epoll_.get(); }

  const std::string& interface_name() const { return name_; }
  std::string address() const;

 private:
  struct Membership {
    std::uint32_t group = 0;
    std::size_t socket = 0;
  };
  Multicast() = default;
  Result<void> add_socket();
  int change(std::size_t socket, int option, std::uint32_t group) const;

  std::string name_;
  std::uint32_t index_ = 0, address_ = 0;  // network byte order
  std::uint16_t port_ = 0;
  transport::Descriptor epoll_, sender_;
  std::vector<transport::Descriptor> sockets_;  // a socket joins only so many groups
  std::vector<Membership> memberships_;
};

}  // namespace dts::bridge::python_dts
