#include <proto/path_table.hpp>

#include <algorithm>
#include <utility>

namespace dts::proto {

TransportIndex PathTable::add_transport(Capabilities capabilities) {
  DTS_ASSERT(transports_.size() < 255);
  transports_.push_back(capabilities);
  return static_cast<TransportIndex>(transports_.size() - 1);
}

void PathTable::set_links(TransportIndex transport, std::vector<Link> links) {
  DTS_ASSERT(transport < transports_.size());
  std::erase_if(links_, [&](const LinkState& l) { return l.transport == transport; });
  const Capabilities& able = transports_[transport];
  for (Link& link : links) {
    LinkState state{transport, std::move(link), able.groups};
    state.link.same_host |= able.same_host;
    if (able.mtu_bytes) state.link.mtu_bytes = std::min(state.link.mtu_bytes, able.mtu_bytes);
    links_.push_back(std::move(state));
  }
  std::stable_sort(links_.begin(), links_.end(), [](const LinkState& a, const LinkState& b) {
    return a.link.same_host > b.link.same_host;
  });
}

const PathTable::LinkState* PathTable::find(TransportIndex transport, LinkIndex link) const {
  for (const LinkState& l : links_)
    if (l.transport == transport && l.link.index == link) return &l;
  return nullptr;
}

std::size_t PathTable::packet_bytes(std::size_t bytes) const {
  constexpr std::size_t least = 512;  // a transport that cannot carry this is not usable
  for (const LinkState& l : links_) bytes = std::min<std::size_t>(bytes, l.link.mtu_bytes);
  return std::clamp<std::size_t>(bytes, least, 65'000);
}

std::size_t PathTable::bulk_packet_bytes(const Destinations& to) const {
  std::size_t bytes = wire::kBulkPacketBytesMax;
  for (const Destination& d : to) {
    const LinkState* const l = find(d.transport, d.link);
    if (!l || !transports_[d.transport].bulk || l->link.mtu_bytes < 4096) return 0;
    bytes = std::min<std::size_t>(bytes, l->link.mtu_bytes);
  }
  return to.empty() ? 0 : bytes;
}

Destinations PathTable::control_groups() const {
  Destinations all;
  for (const LinkState& l : links_)
    if (l.groups) all.push_back({l.transport, l.link.index, 0, std::nullopt});
  return all;
}

bool PathTable::heard(std::vector<Reach>& reaches, Instant now, Duration period, const Path& from) {
  for (Reach& r : reaches) {
    if (r.link != from.link || r.transport != from.transport || r.address != from.address) continue;
    bool changed = now - r.heard > 3 * period;  // it had been given up
    r.heard = now;
    if (!from.multicast) return changed;
    changed |= now - r.multicast_heard > 3 * period;
    r.multicast_heard = now;
    return !std::exchange(r.multicast, true) || changed;
  }
  if (reaches.size() >= reaches_max) {
    reaches.erase(std::min_element(reaches.begin(), reaches.end(),
                                   [](const auto& a, const auto& b) { return a.heard < b.heard; }));
  }
  Reach& fresh = reaches.emplace_back();
  fresh.transport = from.transport;
  fresh.link = from.link;
  fresh.address = from.address;
  fresh.heard = now;
  fresh.multicast = from.multicast;
  if (from.multicast) fresh.multicast_heard = now;
  return true;
}

bool PathTable::unheard(std::vector<Reach>& reaches, Instant now, Duration period,
                        const Path& from) {
  for (Reach& r : reaches) {
    if (r.link != from.link || r.transport != from.transport || r.address != from.address) continue;
    return now - std::exchange(r.unheard, now) > 3 * period;
  }
  return false;
}

const Reach* PathTable::choose(const std::vector<Reach>& reaches, Instant now,
                               Duration period) const {
  const Reach* best = nullptr;
  int best_cost = 0;
  for (const Reach& r : reaches) {
    const LinkState* link = find(r.transport, r.link);
    if (!link) continue;
    const Capabilities& able = transports_[r.transport];
    int cost = able.same_host ? 0 : link->link.same_host ? 1 : link->link.wireless ? 3 : 2;
    if (able.relayed) cost += 2;
    if (is_silent(r, now, period)) cost += 10;  // only when nothing else is left
    if (!best || cost < best_cost || (cost == best_cost && r.heard > best->heard)) {
      best = &r;
      best_cost = cost;
    }
  }
  return best;
}

bool PathTable::by_multicast(const Reach& reach, Instant now, Duration period) const {
  const LinkState* link = find(reach.transport, reach.link);
  const bool unheard = reach.unheard != Instant{} && now - reach.unheard <= 3 * period;
  return link && link->groups && reach.multicast && !unheard && !multicast_lost(reach, now, period);
}

bool PathTable::multicast_lost(const Reach& r, Instant now, Duration period) {
  return r.multicast && now - r.multicast_heard > 3 * period && now - r.heard < 2 * period;
}

}  // namespace dts::proto
