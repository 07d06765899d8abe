// The socket options of the UDP transport: opening and binding, nothing of groups
// or packets. One thread at a time.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>

#include <dts/path.hpp>
#include <dts/result.hpp>

#include "transport/descriptor.hpp"

namespace dts::transport {

// The socket everything is sent from, on a port of its own, which it does not share: its address
// is where answers reach us. Multicast passes ttl - 1 routers and does not return to this machine.
Result<Descriptor> open_unicast_socket(std::uint32_t buffer_bytes, int ttl);
// One that hears the groups it joins, and no others, on a port it shares with other processes.
// Fails with address_in_use when somebody holds the port for himself.
Result<Descriptor> open_group_socket(std::uint16_t port, std::uint32_t buffer_bytes);

// What a socket's receive buffer was granted.
std::uint32_t granted_buffer_bytes(int fd);
// Datagrams the kernel dropped because the buffer was full, since the socket was opened.
std::uint32_t dropped_datagrams(int fd);
// Does the kernel split and merge datagrams (UDP_SEGMENT)?
bool can_segment(int fd);

std::uint16_t port_of(int fd);
Address to_address(const sockaddr_in& socket_address);
// False when the address is none of this transport's.
bool from_address(const Address& address, sockaddr_in& socket_address);
// "192.168.1.20:41234"
std::string address_text(const sockaddr_in& socket_address);

}  // namespace dts::transport
