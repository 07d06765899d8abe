// LinkTable: the interfaces in use and the link index each has. Changed by one thread (under the
// Domain's lock); find_interface() may be called by the receiving thread at the same time.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include <dts/path.hpp>

#include "transport/udp/interfaces.hpp"

namespace dts::transport {

constexpr std::size_t kLinksMax = 64;
constexpr std::uint32_t kUdpHeaderBytes = 28;       // IPv4 and UDP
constexpr std::uint32_t kDatagramBytesMax = 65507;  // 65,535 minus those

struct ActiveLink {
  LinkIndex index = 0;  // from 1, never reused
  Interface interface;
  bool segments = true;  // UDP_SEGMENT works here
};

class LinkTable {
 public:
  struct Changes {
    std::vector<Interface> added, removed;
    bool any = false;   // also when only an address or the MTU changed
    bool full = false;  // some could not be added: kLinksMax, or no index left
  };
  // Takes `usable` for what is usable now.
  Changes update(const std::vector<Interface>& usable);
  const std::vector<ActiveLink>& active() const { return active_; }
  ActiveLink* find(LinkIndex link);

  struct Arrival {
    LinkIndex link = 0;         // 0: on an interface that is not in use
    std::uint32_t address = 0;  // ours on that interface, in network byte order
  };
  Arrival find_interface(std::uint32_t interface_index) const noexcept;

 private:
  // What the receiving thread needs, without a lock: interface index << 16 | link, 0 for none.
  struct Slot {
    std::atomic<std::uint64_t> key{0};
    std::atomic<std::uint32_t> address{0};
  };
  void publish();

  std::vector<ActiveLink> active_;
  std::array<Slot, kLinksMax> slots_;
  LinkIndex last_ = 0;
};

// As the Transport interface shows it.
Link to_link(const ActiveLink& active);

}  // namespace dts::transport
