// Where packets go: groups, addresses and links, and a packet on its way there, as both the
// protocol and the transports name them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include <dts/bytes.hpp>

namespace dts {

// 0 is the control group of the domain, 1..255 the groups of families (docs/wire.md).
using Group = std::uint8_t;

struct Capabilities {
  bool reliable = false;        // nothing is lost while connected
  bool ordered = false;         // packets arrive in the order sent
  bool groups = false;          // can send to a group
  bool same_host = false;       // never leaves this machine
  bool bulk = false;            // large packets go as well as small ones, and are taken in parts
  bool relayed = false;         // passes through a third program: an exchange, a broker
  std::uint32_t mtu_bytes = 0;  // largest packet
};

// An address of one transport: opaque to everybody else, at most 28 bytes (a sockaddr_in6).
struct Address {
  std::array<std::uint8_t, 28> bytes{};
  std::uint8_t size = 0;
  friend auto operator<=>(const Address&, const Address&) = default;
};

// A transport may reach the network by several links (one per network interface). Packets to a
// group go out on one link; received packets say on which they came in.
using LinkIndex = std::uint16_t;
struct Link {
  LinkIndex index = 0;     // never reused while the transport is open
  std::string name;        // "eth0", "lo"
  std::string address;     // "192.168.1.20/24", for people
  bool same_host = false;  // only this machine hears it
  bool wireless = false;
  std::uint32_t mtu_bytes = 1400;
};

// One packet to send. `to` empty: to `group` on `link`. The bytes are valid during send() only.
struct OutgoingPacket {
  ByteView bytes;
  LinkIndex link = 0;
  Group group = 0;
  std::optional<Address> to{};
  // What follows `bytes`: a part of a large message, where it lies, and what stands behind it. Only
  // for transports with the capability `bulk`.
  ByteView body{}, tail{};
  std::size_t size() const noexcept { return bytes.size() + body.size() + tail.size(); }
};

}  // namespace dts
