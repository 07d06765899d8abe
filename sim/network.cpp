#include <sim/network.hpp>

#include <algorithm>
#include <utility>

#include <base/assert.hpp>

namespace dts::sim {

namespace {
constexpr std::size_t packets_at_once = 64;  // a node takes this many, then time passes
constexpr std::uint16_t first_port = 20000;
constexpr Duration held_back_max = std::chrono::milliseconds(100);  // beyond the healing
constexpr std::size_t receivers_apart_max = 16;  // with more, some hear at the same instant
}  // namespace

Network::Network(Clock& clock, Trace& trace, std::uint64_t seed, Receive receive)
    : clock_(clock), trace_(trace), random_(seed), receive_(std::move(receive)) {}

LanIndex Network::add_lan(std::uint32_t mtu_bytes, bool wireless) {
  lans_.push_back({mtu_bytes, wireless, {}});
  DTS_ASSERT(lans_.size() < own_link);
  return static_cast<LanIndex>(lans_.size() - 1);
}

void Network::set_lan_mtu(LanIndex lan, std::uint32_t mtu_bytes) {
  lans_[lan].mtu_bytes = mtu_bytes;
}

NodeIndex Network::add_node(MachineIndex machine, const std::vector<LanIndex>& lans) {
  const NodeIndex node = static_cast<NodeIndex>(sockets_.size());
  sockets_.emplace_back().machine = machine;
  if (machines_.size() <= machine) machines_.resize(machine + 1u);
  Machine& m = machines_[machine];
  m.nodes.push_back(node);
  for (LanIndex lan : lans) {
    if (std::find(m.lans.begin(), m.lans.end(), lan) != m.lans.end()) continue;
    m.lans.push_back(lan);
    m.plugs.push_back(static_cast<std::uint32_t>(lans_[lan].plugs.size()));
    lans_[lan].plugs.emplace_back().machine = machine;
  }
  for (LanIndex lan : m.lans) plug_of(lan, machine)->nodes = m.nodes;
  return node;
}

bool Network::same_lan(NodeIndex a, NodeIndex b) const {
  if (sockets_[a].machine == sockets_[b].machine) return true;
  const auto& theirs = machines_[sockets_[b].machine].lans;
  for (LanIndex lan : machines_[sockets_[a].machine].lans)
    if (std::find(theirs.begin(), theirs.end(), lan) != theirs.end()) return true;
  return false;
}

bool Network::is_on(NodeIndex node, LanIndex lan) const {
  const auto& lans = machines_[sockets_[node].machine].lans;
  return std::find(lans.begin(), lans.end(), lan) != lans.end();
}

// 1 is the machine's own link; LANs follow, with a stride that depends on the machine.
LinkIndex Network::link_index(MachineIndex machine, LanIndex lan) const {
  if (lan == own_link) return 1;
  return static_cast<LinkIndex>(2 + machine % 3 + lan);
}

LanIndex Network::lan_of(MachineIndex machine, LinkIndex link) const {
  for (LanIndex lan : machines_[machine].lans)
    if (link_index(machine, lan) == link) return lan;
  return own_link;
}

Network::Plug* Network::plug_of(LanIndex lan, MachineIndex machine) {
  const Machine& m = machines_[machine];
  for (std::size_t i = 0; i < m.lans.size(); ++i)
    if (m.lans[i] == lan) return &lans_[lan].plugs[m.plugs[i]];
  return nullptr;
}

std::vector<Link> Network::links_of(NodeIndex node) const {
  const MachineIndex machine = sockets_[node].machine;
  std::vector<Link> links;
  links.push_back({link_index(machine, own_link), "lo", "127.0.0.1/8", true, false, 1400});
  const Machine& m = machines_[machine];
  for (std::size_t i = 0; i < m.lans.size(); ++i) {
    const LanIndex lan = m.lans[i];
    if (!lans_[lan].plugs[m.plugs[i]].plugged) continue;
    links.push_back({link_index(machine, lan), "eth" + std::to_string(lan),
                     "10." + std::to_string(lan) + "." + std::to_string(machine / 250) + "." +
                         std::to_string(1 + machine % 250) + "/16",
                     false, lans_[lan].wireless, lans_[lan].mtu_bytes});
  }
  return links;
}

std::uint32_t Network::mtu_of(NodeIndex node, LinkIndex link) const {
  const LanIndex lan = lan_of(sockets_[node].machine, link);
  return lan == own_link ? 1400 : lans_[lan].mtu_bytes;
}

void Network::open(NodeIndex node) {
  Socket& s = sockets_[node];
  s.open = true;
  s.paused = false;
  s.port = next_port_++;
  DTS_ASSERT(next_port_ > first_port);
  by_port_.push_back(node);
  s.joined.reset();
  s.joined.set(0);
  s.queue.clear();
  s.busy_until = clock_.now();
}

void Network::close(NodeIndex node) {
  sockets_[node].open = false;
  sockets_[node].queue.clear();
}

void Network::join(NodeIndex node, const std::vector<Group>& groups) {
  Socket& s = sockets_[node];
  s.joined.reset();
  s.joined.set(0);
  for (Group group : groups) s.joined.set(group);
}

// | lan | machine, 2 | port, 2 |
Address Network::address_of(NodeIndex node, LanIndex lan) const {
  const Socket& s = sockets_[node];
  Address address;
  address.size = 5;
  address.bytes[0] = lan;
  address.bytes[1] = static_cast<std::uint8_t>(s.machine >> 8);
  address.bytes[2] = static_cast<std::uint8_t>(s.machine);
  address.bytes[3] = static_cast<std::uint8_t>(s.port >> 8);
  address.bytes[4] = static_cast<std::uint8_t>(s.port);
  return address;
}

NodeIndex Network::node_at(const Address& address, LanIndex& lan) const {
  const NodeIndex nobody = static_cast<NodeIndex>(sockets_.size());
  if (address.size != 5) return nobody;
  lan = address.bytes[0];
  const auto machine = static_cast<MachineIndex>(address.bytes[1] << 8 | address.bytes[2]);
  const auto port = static_cast<std::uint16_t>(address.bytes[3] << 8 | address.bytes[4]);
  if (port < first_port || port - first_port >= static_cast<int>(by_port_.size())) return nobody;
  const NodeIndex node = by_port_[port - first_port];
  const Socket& s = sockets_[node];
  return s.open && s.port == port && s.machine == machine ? node : nobody;
}

void Network::send(NodeIndex from, LinkIndex link, Group group, const Address* to,
                   ByteView packet) {
  Socket& s = sockets_[from];
  ++s.sent;
  ++counters_.sent;
  counters_.sent_bytes += packet.size();
  const LanIndex lan = lan_of(s.machine, link);
  const FlightPointer flight = new_flight(packet);
  flight->group = group;
  flight->multicast = to == nullptr;
  flight->from = address_of(from, to != nullptr && to->size > 0 ? to->bytes[0] : lan);
  // A packet ends with its checksum: that says enough of what is in it.
  const ByteView end = packet.last(std::min<std::size_t>(packet.size(), 4));
  trace_.add(Trace::Event::sent, clock_.now(), from,
             hash_of(end, packet.size() << 24 | std::uint64_t{link} << 8 | group));
  if (to == nullptr)
    send_to_group(from, lan, flight);
  else
    send_to_address(from, *to, flight);
  launch(flight);
}

void Network::send_to_group(NodeIndex from, LanIndex lan, const FlightPointer& flight) {
  const MachineIndex machine = sockets_[from].machine;
  const bool lost = faults.uplink_loss > 0 && random_.chance(faults.uplink_loss);
  counters_.lost += lost;
  if (lan != own_link && !lost) {
    if (!plug_of(lan, machine)->plugged) return;
    const bool prominent = sockets_[from].prominent || flight->group != 0;
    for (Plug& plug : lans_[lan].plugs) {
      if (plug.machine == machine || !plug.plugged) continue;
      for (NodeIndex node : plug.nodes) {
        const Socket& s = sockets_[node];
        if (!s.open || !(prominent || s.prominent)) continue;
        if (!s.joined.test(flight->group)) {
          if (faults.overheard == 0 || !random_.chance(faults.overheard)) continue;
          ++counters_.overheard;
        }
        cross(from, node, lan, plug, flight);
      }
    }
  }
  // The machine's own copies: never lost but by a full queue.
  const Duration when = clock_.now() + std::chrono::microseconds(5);
  const LinkIndex link = link_index(machine, lan);
  for (NodeIndex node : machines_[machine].nodes)
    if (sockets_[node].open && sockets_[node].joined.test(flight->group))
      planned_.push_back({when, {node, link, sockets_[node].port}});
}

void Network::send_to_address(NodeIndex from, const Address& to, const FlightPointer& flight) {
  LanIndex lan = own_link;
  const NodeIndex node = node_at(to, lan);
  if (node == nodes()) {
    ++counters_.gone;
    return;
  }
  const MachineIndex mine = sockets_[from].machine, theirs = sockets_[node].machine;
  if (mine == theirs) {
    planned_.push_back({clock_.now() + std::chrono::microseconds(5),
                        {node, link_index(theirs, lan), sockets_[node].port}});
    return;
  }
  Plug* here = lan == own_link ? nullptr : plug_of(lan, mine);
  Plug* there = lan == own_link ? nullptr : plug_of(lan, theirs);
  if (here == nullptr || there == nullptr || !here->plugged || !there->plugged) {
    ++counters_.cut_off;
    return;
  }
  cross(from, node, lan, *there, flight);
}

bool Network::lost(Plug& plug) {
  if (faults.loss > 0 && random_.chance(faults.loss)) {
    ++counters_.lost;
    return true;
  }
  if (faults.burst_begin > 0) {
    plug.bad_state =
        plug.bad_state ? !random_.chance(faults.burst_end) : random_.chance(faults.burst_begin);
    if (plug.bad_state && random_.chance(faults.burst_loss)) {
      ++counters_.burst_lost;
      return true;
    }
  } else {
    plug.bad_state = false;
  }
  return false;
}

void Network::cross(NodeIndex from, NodeIndex to, LanIndex lan, Plug& plug,
                    const FlightPointer& flight) {
  const Socket& sender = sockets_[from];
  const Socket& receiver = sockets_[to];
  if (machines_[sender.machine].side != machines_[receiver.machine].side || sender.mute ||
      receiver.deaf) {
    ++counters_.cut_off;
    return;
  }
  if (faults.mtu_bytes != 0 && flight->bytes.size() > faults.mtu_bytes) {
    ++counters_.too_long;
    return;
  }
  if (lost(plug)) return;
  if (receiver.loss > 0 && random_.chance(receiver.loss)) {
    ++counters_.lost;
    return;
  }
  const Hop hop{to, link_index(receiver.machine, lan), receiver.port};
  const bool many = flight->multicast && lans_[lan].plugs.size() > receivers_apart_max;
  const int copies = faults.duplicate > 0 && random_.chance(faults.duplicate) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    Duration when = clock_.now() + faults.delay + jitter_of(faults.jitter, many);
    if (copy > 0 || (faults.reorder > 0 && random_.chance(faults.reorder))) {
      when += jitter_of(faults.reorder_max, many);
      ++(copy > 0 ? counters_.duplicated : counters_.reordered);
    } else {
      when = std::max(when, plug.last_arrival);
      plug.last_arrival = when;
    }
    when = std::max(when, receiver.clogged_until);
    if (faults.corrupt > 0 && random_.chance(faults.corrupt) && !flight->bytes.empty()) {
      const FlightPointer changed = std::make_shared<Flight>(*flight);
      for (std::uint64_t flips = 1 + random_.below(8); flips > 0; --flips)
        changed->bytes[random_.below(changed->bytes.size())] ^=
            static_cast<std::uint8_t>(1u << random_.below(8));
      ++counters_.corrupted;
      const Planned alone{when, hop};
      launch(when, changed, {&alone, 1});
      continue;
    }
    planned_.push_back({when, hop});
  }
}

Duration Network::jitter_of(Duration most, bool many) {
  constexpr std::uint64_t steps = 8;
  const auto count = static_cast<std::uint64_t>(most.count());
  return many ? Duration(count * random_.below(steps) / steps) : Duration(random_.below(count + 1));
}

Network::FlightPointer Network::new_flight(ByteView packet) {
  FlightPointer flight;
  if (free_flights_.empty()) {
    flight = std::make_shared<Flight>();
  } else {
    flight = std::move(free_flights_.back());
    free_flights_.pop_back();
  }
  flight->bytes.assign(packet.begin(), packet.end());
  return flight;
}

void Network::launch(const FlightPointer& flight) {
  const auto earlier = [](const Planned& a, const Planned& b) { return a.when < b.when; };
  if (planned_.size() > 1 && !std::is_sorted(planned_.begin(), planned_.end(), earlier))
    std::stable_sort(planned_.begin(), planned_.end(), earlier);
  for (std::size_t first = 0; first < planned_.size();) {
    std::size_t end = first + 1;
    while (end < planned_.size() && planned_[end].when == planned_[first].when) ++end;
    launch(planned_[first].when, flight, std::span(planned_).subspan(first, end - first));
    first = end;
  }
  planned_.clear();
}

void Network::launch(Duration when, const FlightPointer& flight, std::span<const Planned> hops) {
  Batch* batch;
  if (free_batches_.empty()) {
    batch = batches_.emplace_back(std::make_unique<Batch>()).get();
  } else {
    batch = free_batches_.back();
    free_batches_.pop_back();
  }
  batch->flight = flight;
  batch->sent = clock_.now();
  for (const Planned& planned : hops) batch->hops.push_back(planned.hop);
  clock_.at(when, [this, batch] { land(*batch); });
}

void Network::land(Batch& batch) {
  if (batch.sent < healed_ && clock_.now() > healed_ + held_back_max)
    counters_.gone += batch.hops.size();
  else
    for (const Hop& hop : batch.hops) arrive(hop, batch.flight);
  if (batch.flight.use_count() == 1) free_flights_.push_back(std::move(batch.flight));
  batch.flight.reset();
  batch.hops.clear();
  free_batches_.push_back(&batch);
}

void Network::arrive(const Hop& hop, const FlightPointer& flight) {
  Socket& s = sockets_[hop.to];
  if (!s.open || (!flight->multicast && s.port != hop.port)) {
    ++counters_.gone;
    return;
  }
  if (s.queue.empty() && !s.waking && !s.paused && s.busy_until <= clock_.now())
    return hand_over(hop.to, {flight, hop.link});
  if (s.queue.size() >= faults.receive_queue) {
    ++counters_.queue_full;
    return;
  }
  s.queue.push_back({flight, hop.link});
  wake(hop.to);
}

void Network::hand_over(NodeIndex node, const Arrived& arrived) {
  Socket& s = sockets_[node];
  s.busy_until = std::max(s.busy_until, clock_.now()) + faults.receive_cost;
  ++counters_.arrived;
  trace_.add(Trace::Event::arrived, clock_.now(), node, arrived.flight->bytes.size());
  receive_(node, arrived.link, arrived.flight->from, arrived.flight->multicast,
           arrived.flight->bytes);
}

void Network::wake(NodeIndex node) {
  Socket& s = sockets_[node];
  if (s.waking || s.paused || s.queue.empty()) return;
  s.waking = true;
  clock_.at(std::max(clock_.now(), s.busy_until), [this, node] { take(node); });
}

void Network::take(NodeIndex node) {
  sockets_[node].waking = false;
  for (std::size_t n = 0; n < packets_at_once; ++n) {
    Socket& s = sockets_[node];
    if (!s.open || s.paused || s.queue.empty()) break;
    const Arrived arrived = std::move(s.queue.front());
    s.queue.pop_front();
    hand_over(node, arrived);
  }
  wake(node);
}

void Network::pause(NodeIndex node, bool paused) {
  sockets_[node].paused = paused;
  if (!paused) wake(node);
}

void Network::clog(NodeIndex node, Duration until) {
  sockets_[node].clogged_until = std::max(sockets_[node].clogged_until, until);
}

void Network::set_side(MachineIndex machine, std::uint8_t side) { machines_[machine].side = side; }
void Network::set_deaf(NodeIndex node, bool deaf) { sockets_[node].deaf = deaf; }
void Network::set_loss(NodeIndex node, double share) { sockets_[node].loss = share; }
void Network::set_mute(NodeIndex node, bool mute) { sockets_[node].mute = mute; }

void Network::set_plugged(MachineIndex machine, LanIndex lan, bool plugged) {
  if (Plug* plug = plug_of(lan, machine)) plug->plugged = plugged;
}

void Network::heal() {
  faults = Faults{};
  healed_ = clock_.now();
  for (Machine& machine : machines_) machine.side = 0;
  for (Lan& lan : lans_) {
    for (Plug& plug : lan.plugs) {
      plug.plugged = true;
      plug.bad_state = false;
      plug.last_arrival = clock_.now();
    }
  }
  for (NodeIndex node = 0; node < sockets_.size(); ++node) {
    Socket& s = sockets_[node];
    s.deaf = s.mute = false;
    s.clogged_until = clock_.now();
    if (s.paused) pause(node, false);
  }
}

}  // namespace dts::sim
