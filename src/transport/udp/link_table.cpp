// LinkTable: following which interfaces are in use.
#include "transport/udp/link_table.hpp"

#include <algorithm>

namespace dts::transport {

LinkTable::Changes LinkTable::update(const std::vector<Interface>& usable) {
  Changes changes;
  for (const ActiveLink& link : active_) {
    const bool stays = std::any_of(usable.begin(), usable.end(), [&](const Interface& interface) {
      return interface.index == link.interface.index;
    });
    if (!stays) changes.removed.push_back(link.interface);
  }
  std::erase_if(active_, [&](const ActiveLink& link) {
    return std::find(changes.removed.begin(), changes.removed.end(), link.interface) !=
           changes.removed.end();
  });
  for (const Interface& interface : usable) {
    const auto known = std::find_if(active_.begin(), active_.end(), [&](const ActiveLink& link) {
      return link.interface.index == interface.index;
    });
    if (known != active_.end()) {
      if (known->interface == interface) continue;
      known->interface = interface;
      changes.any = true;
    } else if (active_.size() >= kLinksMax || last_ == UINT16_MAX) {
      changes.full = true;
    } else {
      active_.push_back({.index = ++last_, .interface = interface});
      changes.added.push_back(interface);
    }
  }
  changes.any = changes.any || !changes.added.empty() || !changes.removed.empty();
  if (changes.any) publish();
  return changes;
}

ActiveLink* LinkTable::find(LinkIndex link) {
  const auto found = std::find_if(active_.begin(), active_.end(),
                                  [&](const ActiveLink& each) { return each.index == link; });
  return found == active_.end() ? nullptr : &*found;
}

LinkTable::Arrival LinkTable::find_interface(std::uint32_t interface_index) const noexcept {
  for (const Slot& slot : slots_) {
    const auto key = slot.key.load(std::memory_order_acquire);
    if (key == 0) break;
    if (key >> 16 == interface_index)
      return {static_cast<LinkIndex>(key & 0xffff), slot.address.load(std::memory_order_relaxed)};
  }
  return {};
}

// A packet received in the middle of this may be taken for one of an interface that is not in
// use, once per change of interfaces: it is counted as ignored.
void LinkTable::publish() {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    std::uint64_t key = 0;
    if (i < active_.size()) {
      slots_[i].address.store(active_[i].interface.address, std::memory_order_relaxed);
      key = std::uint64_t{active_[i].interface.index} << 16 | active_[i].index;
    }
    slots_[i].key.store(key, std::memory_order_release);
  }
}

Link to_link(const ActiveLink& active) {
  const auto mtu = active.interface.mtu_bytes;
  return {
      .index = active.index,
      .name = active.interface.name,
      .address = address_text(active.interface),
      .same_host = active.interface.loopback,
      .wireless = active.interface.wireless,
      .mtu_bytes = std::min(mtu > kUdpHeaderBytes ? mtu - kUdpHeaderBytes : 0, kDatagramBytesMax)};
}

}  // namespace dts::transport
