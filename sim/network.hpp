// Network: machines, the LANs between them, and what goes wrong on the way. Each node (a process)
// has one socket; it hears the groups it joined on the machine's own link and on every LAN its
// machine is plugged into, and what is sent to its address. As with IP multicast, a packet to a
// group also comes back to its sender and to the other nodes of the sender's machine.
// A packet is copied once when sent and shared by all receivers; those it reaches at the same time
// share one event as well. One thread.
#pragma once

#include <bitset>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <base/random.hpp>
#include <dts/bytes.hpp>
#include <dts/path.hpp>
#include <sim/clock.hpp>
#include <sim/faults.hpp>
#include <sim/trace.hpp>

namespace dts::sim {

using NodeIndex = std::uint32_t;
using MachineIndex = std::uint16_t;
using LanIndex = std::uint8_t;

struct NetworkCounters {
  std::uint64_t sent = 0, sent_bytes = 0, arrived = 0;
  // not arrived, per receiver
  std::uint64_t lost = 0, burst_lost = 0, cut_off = 0, too_long = 0, queue_full = 0, gone = 0;
  std::uint64_t duplicated = 0, reordered = 0, corrupted = 0, overheard = 0;
};

class Network {
 public:
  // A packet is taken from the node's queue. `link` is the receiver's index.
  using Receive = std::function<void(NodeIndex, LinkIndex, const Address& from, bool multicast,
                                     ByteView packet)>;

  Network(Clock& clock, Trace& trace, std::uint64_t seed, Receive receive);

  LanIndex add_lan(std::uint32_t mtu_bytes = 1400, bool wireless = false);
  void set_lan_mtu(LanIndex lan, std::uint32_t mtu_bytes);
  // The machine is made when it is first named. A node is plugged into the same LANs as its
  // machine.
  NodeIndex add_node(MachineIndex machine, const std::vector<LanIndex>& lans);
  std::size_t nodes() const { return sockets_.size(); }
  MachineIndex machines() const { return static_cast<MachineIndex>(machines_.size()); }
  LanIndex lans() const { return static_cast<LanIndex>(lans_.size()); }
  MachineIndex machine_of(NodeIndex node) const { return sockets_[node].machine; }
  bool same_lan(NodeIndex a, NodeIndex b) const;
  bool is_on(NodeIndex node, LanIndex lan) const;

  // What the node's transport would tell the engine. The machine's own link is always there; the
  // indexes differ from machine to machine, as they do on real ones.
  std::vector<Link> links_of(NodeIndex node) const;
  // A socket opens with a new port, and forgets what was in its queue.
  void open(NodeIndex node);
  void close(NodeIndex node);
  std::uint16_t port_of(NodeIndex node) const { return sockets_[node].port; }
  void join(NodeIndex node, const std::vector<Group>& groups);  // these and no others, and control

  // To the group, or, when `to` is set, to one address.
  void send(NodeIndex from, LinkIndex link, Group group, const Address* to, ByteView packet);

  Faults faults;
  void pause(NodeIndex node, bool paused);
  void clog(NodeIndex node, Duration until);
  // Nodes whose machines have different sides do not hear each other.
  void set_side(MachineIndex machine, std::uint8_t side);
  void set_deaf(NodeIndex node, bool deaf);     // hears nobody
  void set_mute(NodeIndex node, bool mute);     // is heard by nobody
  void set_loss(NodeIndex node, double share);  // of what comes to it, besides `faults`
  // For domains too large to simulate whole: on the control group a node that is not prominent
  // hears only the prominent ones, and is heard only by them. All are, unless told.
  void set_prominent(NodeIndex node, bool prominent) { sockets_[node].prominent = prominent; }
  void set_plugged(MachineIndex machine, LanIndex lan, bool plugged);
  // No faults, no partition, nothing paused or clogged; cables plugged in again. What was held
  // back for longer is gone.
  void heal();

  const NetworkCounters& counters() const { return counters_; }
  // Of one node's sends, by which the oracle judges.
  std::uint64_t sent_by(NodeIndex node) const { return sockets_[node].sent; }
  std::uint32_t mtu_of(NodeIndex node, LinkIndex link) const;

 private:
  struct Flight {  // one packet on its way, shared by its receivers
    Bytes bytes;
    Address from;
    Group group = 0;
    bool multicast = false;
  };
  using FlightPointer = std::shared_ptr<Flight>;  // not changed once it flies
  struct Hop {
    NodeIndex to;
    LinkIndex link;
    // Says for whom it is: a process started later has another one. What was sent to a group is
    // for whoever is there.
    std::uint16_t port;
  };
  struct Batch {  // arrives everywhere at once
    FlightPointer flight;
    Duration sent{0};
    std::vector<Hop> hops;
  };
  struct Planned {
    Duration when;
    Hop hop;
  };
  struct Arrived {
    FlightPointer flight;
    LinkIndex link;
  };
  struct Socket {
    MachineIndex machine = 0;
    std::uint16_t port = 0;
    bool open = false, paused = false, deaf = false, mute = false, waking = false;
    double loss = 0;
    bool prominent = true;
    std::bitset<256> joined;
    std::deque<Arrived> queue;
    Duration busy_until{0}, clogged_until{0};
    std::uint64_t sent = 0;
  };
  struct Plug {  // a machine's place on a LAN
    MachineIndex machine = 0;
    bool plugged = true, bad_state = false;
    Duration last_arrival{0};
    std::vector<NodeIndex> nodes;
  };
  struct Lan {
    std::uint32_t mtu_bytes = 1400;
    bool wireless = false;
    std::vector<Plug> plugs;
  };
  struct Machine {
    std::uint8_t side = 0;
    std::vector<LanIndex> lans;
    std::vector<std::uint32_t> plugs;  // on each of them
    std::vector<NodeIndex> nodes;
  };

  static constexpr LanIndex own_link = 0xff;
  LinkIndex link_index(MachineIndex machine, LanIndex lan) const;
  LanIndex lan_of(MachineIndex machine, LinkIndex link) const;  // own_link also when unknown
  Plug* plug_of(LanIndex lan, MachineIndex machine);
  Address address_of(NodeIndex node, LanIndex lan) const;
  NodeIndex node_at(const Address& address, LanIndex& lan) const;  // nodes() when nobody is there

  void send_to_group(NodeIndex from, LanIndex lan, const FlightPointer& flight);
  void send_to_address(NodeIndex from, const Address& to, const FlightPointer& flight);
  bool lost(Plug& plug);
  // Over the wire to one node of another machine: planned, or lost.
  void cross(NodeIndex from, NodeIndex to, LanIndex lan, Plug& plug, const FlightPointer& flight);
  // A random time up to this; in steps when the packet has many receivers, so that they share
  // events.
  Duration jitter_of(Duration most, bool many);
  FlightPointer new_flight(ByteView packet);
  // What has been planned for this packet goes on its way.
  void launch(const FlightPointer& flight);
  void launch(Duration when, const FlightPointer& flight, std::span<const Planned> hops);
  void land(Batch& batch);
  void arrive(const Hop& hop, const FlightPointer& flight);
  void hand_over(NodeIndex node, const Arrived& arrived);
  void wake(NodeIndex node);
  void take(NodeIndex node);

  Clock& clock_;
  Trace& trace_;
  base::Random random_;
  Receive receive_;
  std::vector<Lan> lans_;
  std::vector<Machine> machines_;
  std::vector<Socket> sockets_;
  std::uint16_t next_port_ = 20000;
  std::vector<NodeIndex> by_port_;  // of port 20000 + i
  std::vector<Planned> planned_;
  std::vector<std::unique_ptr<Batch>> batches_;
  std::vector<Batch*> free_batches_;
  std::vector<FlightPointer> free_flights_;
  NetworkCounters counters_;
  Duration healed_{-1};
};

}  // namespace dts::sim
