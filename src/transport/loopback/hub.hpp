// Hub: where the loopback transports of one process meet. It owns the inboxes and who is in which
// group; it knows nothing of files, sockets or URLs. Any thread: one mutex per hub, because the
// Domains that meet here each have their own lock.
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <dts/transport.hpp>

namespace dts::transport {

using Seat = std::uint32_t;        // a transport's place in the hub; never reused, 0 is none
constexpr LinkIndex kHubLink = 1;  // the only one

// What became of the packets of one Hub::send.
struct HubSent {
  std::uint64_t packets = 0, bytes = 0, failed = 0, too_large = 0;
};

class Hub {
 public:
  // The hub of this name, shared by all who hold it; gone when the last lets go.
  static std::shared_ptr<Hub> named(const std::string& name);

  // `wake` is an eventfd that is readable while the seat's inbox holds something.
  Seat enter(std::string domain, int wake, std::size_t inbox_bytes_max);
  void leave(Seat seat);
  void set_member(Seat seat, Group group, bool member);
  HubSent send(Seat from, std::span<const OutgoingPacket> packets, std::uint32_t mtu_bytes);
  // Moves a portion of the inbox into `batch`.
  void receive(Seat seat, ReceiveBatch& batch);
  std::uint64_t overflow(Seat seat) const;

 private:
  struct Entry {
    std::uint32_t offset, length;
    Seat from;
    bool multicast;
  };
  struct Place {
    Seat seat = 0;
    std::string domain;
    int wake = -1;
    std::bitset<256> groups;
    Bytes bytes;  // of the entries, one after the other
    std::vector<Entry> entries;
    std::size_t taken = 0;  // entries already received
    std::size_t bytes_max = 0;
    std::uint64_t overflow = 0;
  };
  Place* find(Seat seat);
  const Place* find(Seat seat) const;
  static bool put(Place& place, Seat from, bool multicast, ByteView packet);

  mutable std::mutex mutex_;
  std::vector<Place> places_;
  Seat last_ = 0;
};

Address address_of(Seat seat);
Seat seat_of(const Address& address);  // 0: not one of ours

}  // namespace dts::transport
