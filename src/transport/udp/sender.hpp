// Sender: packets out of the one unicast socket in as few system calls as possible. Packets of one
// size to one place leave as one (UDP_SEGMENT: the kernel, or the network card, splits them
// again); all that a send() has leaves by one sendmmsg. Nothing waits, nothing is tried twice:
// what the kernel refuses is counted. Under the Domain's lock; allocates nothing.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include <dts/transport.hpp>

#include "transport/udp/link_table.hpp"

namespace dts::transport {

// How many of `packets`, from the first on, may leave as one UDP_SEGMENT send: to one place, of
// one size but for the last, which may be shorter. At least 1.
std::size_t run_length(std::span<const OutgoingPacket> packets);

class Sender {
 public:
  explicit Sender(LinkTable& links) : links_(links) {}
  // `segments`: the kernel knows UDP_SEGMENT.
  void configure(int fd, std::uint8_t domain_octet, std::uint16_t port, bool segments);
  void send(std::span<const OutgoingPacket> packets);
  const TransportCounters& counters() const { return counters_; }

  // Where the firewall refused a packet since this was last called; empty: nowhere.
  std::string take_refused();
  // An interface was not what we took it for: look at the interfaces again.
  bool take_interfaces_suspect() { return std::exchange(interfaces_suspect_, false); }

 private:
  static constexpr std::size_t kSends = 64;    // of one sendmmsg
  static constexpr std::size_t kPieces = 512;  // of all its sends
  struct Ancillary {                           // room for IP_PKTINFO and UDP_SEGMENT
    alignas(cmsghdr)
        std::array<char, CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(std::uint16_t))> bytes;
  };
  struct Pending {
    std::span<const OutgoingPacket> packets;
    ActiveLink* link;
  };
  bool address(const OutgoingPacket& packet, sockaddr_in& to, ActiveLink*& link);
  bool add(std::span<const OutgoingPacket> run);
  void flush();
  void send_singly(std::size_t which);
  void refused(int error, std::size_t packets, const sockaddr_in& to);

  LinkTable& links_;
  int fd_ = -1;
  std::uint8_t domain_octet_ = 0;
  std::uint16_t port_ = 0;
  bool segments_ = false;
  std::array<mmsghdr, kSends> sends_;
  std::array<sockaddr_in, kSends> targets_;
  std::array<Ancillary, kSends> ancillary_;
  std::array<Pending, kSends> pending_;
  std::array<iovec, kPieces> pieces_;
  std::size_t sends_used_ = 0, pieces_used_ = 0;
  TransportCounters counters_;
  sockaddr_in refused_at_{};
  bool refused_new_ = false, interfaces_suspect_ = false;
};

}  // namespace dts::transport
