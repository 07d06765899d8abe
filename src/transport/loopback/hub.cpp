// Hub: inboxes and groups of the loopback transport.
#include "transport/loopback/hub.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "base/endian.hpp"

namespace dts::transport {
namespace {

constexpr std::size_t kInboxPacketsMax = 65536;
constexpr std::size_t kPortionPacketsMax = 1024;
constexpr std::size_t kPortionBytes = 1u << 20;

void signal(int wake) {
  const std::uint64_t one = 1;
  // An eventfd takes the write unless its count is at the limit, and then it is readable anyway.
  [[maybe_unused]] const auto written = ::write(wake, &one, sizeof one);
}

void quiet(int wake) {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(wake, &count, sizeof count);
}

}  // namespace

// The one table in the process that outlives its users' names: it is what "in one process" means.
std::shared_ptr<Hub> Hub::named(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<Hub>> hubs;
  const std::lock_guard lock(mutex);
  std::erase_if(hubs, [](const auto& entry) { return entry.second.expired(); });
  auto& known = hubs[name];
  auto hub = known.lock();
  if (!hub) known = hub = std::make_shared<Hub>();
  return hub;
}

Seat Hub::enter(std::string domain, int wake, std::size_t inbox_bytes_max) {
  const std::lock_guard lock(mutex_);
  Place place;
  place.seat = ++last_;
  place.domain = std::move(domain);
  place.wake = wake;
  place.bytes_max = inbox_bytes_max;
  places_.push_back(std::move(place));
  return last_;
}

void Hub::leave(Seat seat) {
  const std::lock_guard lock(mutex_);
  std::erase_if(places_, [&](const Place& place) { return place.seat == seat; });
}

Hub::Place* Hub::find(Seat seat) {
  const auto place = std::find_if(places_.begin(), places_.end(),
                                  [&](const Place& each) { return each.seat == seat; });
  return place == places_.end() ? nullptr : &*place;
}

const Hub::Place* Hub::find(Seat seat) const { return const_cast<Hub*>(this)->find(seat); }

void Hub::set_member(Seat seat, Group group, bool member) {
  const std::lock_guard lock(mutex_);
  if (Place* place = find(seat)) place->groups.set(group, member);
}

bool Hub::put(Place& place, Seat from, bool multicast, ByteView packet) {
  const std::size_t waiting = place.entries.size() - place.taken;
  const std::size_t start = waiting == 0 ? place.bytes.size() : place.entries[place.taken].offset;
  if (waiting >= kInboxPacketsMax || place.bytes.size() - start + packet.size() > place.bytes_max) {
    ++place.overflow;
    return false;
  }
  if (place.taken > 0 && start > place.bytes.size() / 2) {  // what was received makes room
    place.entries.erase(place.entries.begin(),
                        place.entries.begin() + static_cast<std::ptrdiff_t>(place.taken));
    place.bytes.erase(place.bytes.begin(),
                      place.bytes.begin() + static_cast<std::ptrdiff_t>(start));
    for (Entry& entry : place.entries) entry.offset -= static_cast<std::uint32_t>(start);
    place.taken = 0;
  }
  place.entries.push_back({static_cast<std::uint32_t>(place.bytes.size()),
                           static_cast<std::uint32_t>(packet.size()), from, multicast});
  place.bytes.insert(place.bytes.end(), packet.begin(), packet.end());
  if (waiting == 0) signal(place.wake);
  return true;
}

HubSent Hub::send(Seat from, std::span<const OutgoingPacket> packets, std::uint32_t mtu_bytes) {
  HubSent result;
  const std::lock_guard lock(mutex_);
  const Place* self = find(from);
  for (const OutgoingPacket& packet : packets) {
    if (packet.bytes.size() > mtu_bytes) {
      ++result.too_large;
      continue;
    }
    const bool nowhere = packet.to ? seat_of(*packet.to) == 0 : packet.link != kHubLink;
    if (self == nullptr || nowhere) {
      ++result.failed;
      continue;
    }
    ++result.packets;
    result.bytes += packet.bytes.size();
    if (packet.to) {  // to somebody who has left: lost on the way, as on any network
      if (Place* place = find(seat_of(*packet.to))) put(*place, from, false, packet.bytes);
      continue;
    }
    for (Place& place : places_)
      if (place.seat != from && place.groups.test(packet.group) && place.domain == self->domain)
        put(place, from, true, packet.bytes);
  }
  return result;
}

void Hub::receive(Seat seat, ReceiveBatch& batch) {
  batch.packets.clear();
  const std::lock_guard lock(mutex_);
  Place* place = find(seat);
  if (place == nullptr || place->taken == place->entries.size()) return;
  const std::size_t first = place->entries[place->taken].offset;
  std::size_t end = first;
  auto next = place->taken;
  for (; next < place->entries.size() && next - place->taken < kPortionPacketsMax; ++next) {
    const Entry& entry = place->entries[next];
    if (next > place->taken && entry.offset + entry.length - first > kPortionBytes) break;
    end = entry.offset + entry.length;
  }
  if (batch.memory_bytes < end - first) {
    batch.memory_bytes = std::max(end - first, kPortionBytes);
    batch.memory = std::make_unique_for_overwrite<std::uint8_t[]>(batch.memory_bytes);
  }
  if (end > first) std::memcpy(batch.memory.get(), place->bytes.data() + first, end - first);
  for (; place->taken < next; ++place->taken) {
    const Entry& entry = place->entries[place->taken];
    batch.packets.push_back({ByteView(batch.memory.get() + (entry.offset - first), entry.length),
                             kHubLink, address_of(entry.from), entry.multicast});
  }
  if (place->taken == place->entries.size()) {
    place->entries.clear();
    place->bytes.clear();
    place->taken = 0;
    quiet(place->wake);
  }
}

std::uint64_t Hub::overflow(Seat seat) const {
  const std::lock_guard lock(mutex_);
  const Place* place = find(seat);
  return place == nullptr ? 0 : place->overflow;
}

Address address_of(Seat seat) {
  Address address;
  base::store(address.bytes.data(), seat);
  address.size = sizeof seat;
  return address;
}

Seat seat_of(const Address& address) {
  return address.size == sizeof(Seat) ? base::load<Seat>(address.bytes.data()) : 0;
}

}  // namespace dts::transport
