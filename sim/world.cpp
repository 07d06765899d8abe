#include <sim/world.hpp>

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace dts::sim {

namespace {

constexpr Duration strike_period = std::chrono::milliseconds(100);
constexpr Duration act_period = std::chrono::milliseconds(10);
// After healing: four missed announcements, the slowest of them 2.5 s apart, and a little.
constexpr Duration forget_time = std::chrono::milliseconds(13'000);
// After healing everybody is heard again within one announcement, and has the lists soon after.
constexpr Duration reunion_time = std::chrono::milliseconds(4'000);
constexpr Duration standstill_time = std::chrono::milliseconds(2'000);  // more, see anybody_waits()
constexpr Duration hubs_time = std::chrono::milliseconds(2'000);  // more, when they pass things on

double per(Duration period, double per_s) {
  return per_s * std::chrono::duration<double>(period).count();
}

bool same_record(const proto::StreamRecord& a, const proto::StreamRecord& b) {
  return a.family == b.family && a.family_name == b.family_name && a.type == b.type &&
         a.format == b.format && a.delivery == b.delivery && a.labels == b.labels &&
         a.source == b.source;
}

}  // namespace

World::World(RunOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      plan_random_(random_.next()),
      fault_random_(random_.next()),
      traffic_random_(random_.next()),
      network_(clock_, trace_, random_.next(),
               [this](NodeIndex node, LinkIndex link, const Address& from, bool multicast,
                      ByteView packet) { receive(node, link, from, multicast, packet); }),
      oracle_(clock_) {
  trace_.lines = options_.lines;
}

Node& World::add_node(MachineIndex machine, const std::vector<LanIndex>& lans) {
  const NodeIndex index = network_.add_node(machine, lans);
  nodes_.push_back(
      std::make_unique<Node>(Node::Surroundings{clock_, network_, oracle_, trace_, delivered},
                             index, engine_options_, random_.next()));
  sockets_.push_back({nodes_.back().get()});
  return *nodes_.back();
}

HubNode& World::add_hub(const std::vector<LanIndex>& lans) {
  std::vector<HubNode::Place> places;
  for (const LanIndex lan : lans)
    places.push_back({network_.add_node(network_.machines(), {lan}), lan});
  hubs_.push_back(
      std::make_unique<HubNode>(Node::Surroundings{clock_, network_, oracle_, trace_, delivered},
                                places, engine_options_, random_.next()));
  for (hub::SideIndex side = 0; side < places.size(); ++side)
    sockets_.push_back({nullptr, hubs_.back().get(), side});
  return *hubs_.back();
}

void World::receive(NodeIndex to, LinkIndex link, const Address& from, bool multicast,
                    ByteView packet) {
  const Socket& socket = sockets_[to];
  if (socket.node)
    socket.node->receive(link, from, multicast, packet);
  else
    socket.hub->receive(socket.side, link, from, multicast, packet);
}

StreamPlan World::random_plan() {
  StreamPlan plan;
  plan.family_name = families_[plan_random_.below(families_.size())];
  plan.delivery = static_cast<proto::Delivery>(plan_random_.below(3));
  plan.history =
      static_cast<std::uint32_t>(plan.delivery == proto::Delivery::stream
                                     ? 0
                                     : 1 + plan_random_.below(plan_random_.chance(0.2) ? 20 : 1));
  if (plan_random_.chance(0.5)) plan.labels = {{"tank", std::to_string(plan_random_.below(20))}};
  plan.waits = plan_random_.chance(0.25);
  plan.document_bytes = static_cast<std::uint32_t>(
      plan_random_.chance(0.1) ? 2000 + plan_random_.below(20000) : 60 + plan_random_.below(500));
  return plan;
}

std::string World::random_pattern() {
  switch (plan_random_.below(4)) {
    case 0:
      return "*";
    case 1:
      return "brewery.*";
    default:
      return "lab.*";
  }
}

void World::populate(std::size_t nodes, std::size_t families, std::size_t streams_per_node,
                     std::uint32_t mtu_bytes, bool wireless) {
  for (std::size_t i = 0; i < families; ++i)
    families_.push_back((i % 2 != 0 ? "lab.T" : "brewery.T") + std::to_string(i));
  const LanIndex lan = network_.add_lan(mtu_bytes, wireless);
  MachineIndex machine = 0;
  for (std::size_t i = 0; i < nodes; ++i) {
    Node& node = add_node(machine, {lan});
    if (!plan_random_.chance(0.2)) ++machine;
    equip(node, streams_per_node);
  }
  start_all();
}

void World::populate_on(std::size_t lans, std::size_t nodes, std::size_t families,
                        std::size_t streams_per_node) {
  for (std::size_t i = 0; i < families; ++i)
    families_.push_back((i % 2 != 0 ? "lab.T" : "brewery.T") + std::to_string(i));
  for (std::size_t i = 0; i < nodes; ++i) {
    std::vector<LanIndex> on{static_cast<LanIndex>(i % lans)};
    if (plan_random_.chance(0.15)) on.push_back(static_cast<LanIndex>((i + 1) % lans));
    equip(add_node(static_cast<MachineIndex>(i), on), streams_per_node);
  }
  start_all();
}

void World::equip(Node& node, std::size_t streams_per_node) {
  for (std::size_t s = plan_random_.below(2 * streams_per_node + 1); s > 0; --s)
    node.open_stream(random_plan());
  for (std::size_t s = plan_random_.below(4); s > 0; --s) {
    const std::string& name = families_[plan_random_.below(families_.size())];
    node.subscribe({family_id(name), name, true, plan_random_.chance(0.8)});
  }
  if (plan_random_.chance(0.2)) node.subscribe_pattern(random_pattern());
}

// Nobody starts at quite the same time.
void World::start_all() {
  for (const auto& node : nodes_)
    clock_.after(std::chrono::microseconds(plan_random_.below(50'000)),
                 [n = node.get()] { n->start(); });
}

bool World::without(std::string_view part) const {
  return std::find(options_.without.begin(), options_.without.end(), part) !=
         options_.without.end();
}

void World::unleash(const Faults& faults) {
  network_.faults = faults;
  for (const std::string& part : options_.without) network_.faults.remove(part);
  trace_.add(Trace::Event::fault, clock_.now(), 0, 0);
  trace_.say(clock_.now(), [&] { return "faults: " + network_.faults.text(); });
  clock_.after(strike_period, [this, turn = ++faults_turn_] {
    if (turn == faults_turn_) strike();
  });
}

Duration World::upto(Duration most) {
  return Duration(
      fault_random_.below(static_cast<std::uint64_t>(std::max<std::int64_t>(1, most.count()))));
}

void World::later(Duration delay, std::function<void()> end) {
  clock_.after(delay, [this, turn = faults_turn_, end = std::move(end)] {
    if (turn == faults_turn_) end();
  });
}

template <class Process>
void World::crash(Process& process, Duration back_after) {
  process.stop(false);
  clock_.after(back_after, [&process] {
    if (!process.running()) process.start();
  });
}

void World::plug(MachineIndex machine, bool plugged) {
  trace_.say(clock_.now(), [&] {
    return "machine " + std::to_string(machine) + (plugged ? " is plugged in" : " is unplugged");
  });
  std::erase(unplugged_, machine);
  if (!plugged) unplugged_.push_back(machine);
  for (LanIndex lan = 0; lan < network_.lans(); ++lan) network_.set_plugged(machine, lan, plugged);
  for (const auto& node : nodes_)
    if (network_.machine_of(node->index()) == machine) node->links_changed();
}

void World::suspend(MachineIndex machine, bool suspended) {
  for (const auto& node : nodes_)
    if (network_.machine_of(node->index()) == machine) node->suspend(suspended);
}

void World::strike() {
  const Faults& f = network_.faults;
  if (fault_random_.chance(per(strike_period, f.partition))) {
    trace_.say(clock_.now(), [] { return std::string("the network falls in two"); });
    for (MachineIndex m = 0; m < network_.machines(); ++m)
      network_.set_side(m, static_cast<std::uint8_t>(fault_random_.below(2)));
    later(upto(f.partition_max), [this] {
      for (MachineIndex m = 0; m < network_.machines(); ++m) network_.set_side(m, 0);
    });
  }
  for (const auto& node : nodes_)
    if (node->running()) strike(*node);
  for (const auto& hub : hubs_)
    if (hub->running()) strike(*hub);
  clock_.after(strike_period, [this, turn = faults_turn_] {
    if (turn == faults_turn_) strike();
  });
}

void World::strike(Node& node) {
  const Faults& f = network_.faults;
  const NodeIndex i = node.index();
  const MachineIndex machine = network_.machine_of(i);
  const auto happens = [&](double per_s) {
    return per_s > 0 && fault_random_.chance(per(strike_period, per_s));
  };
  if (happens(f.clog)) network_.clog(i, clock_.now() + upto(f.clog_max));
  if (happens(f.one_way)) {
    const bool deaf = fault_random_.chance(0.5);
    trace_.say(clock_.now(), [&] { return node.name() + (deaf ? " is deaf" : " is mute"); });
    deaf ? network_.set_deaf(i, true) : network_.set_mute(i, true);
    later(upto(f.partition_max),
          [this, i, deaf] { deaf ? network_.set_deaf(i, false) : network_.set_mute(i, false); });
  }
  if (happens(f.unplug)) {
    plug(machine, false);
    later(upto(f.unplug_max), [this, machine] { plug(machine, true); });
  }
  if (happens(f.pause)) {
    node.pause(true);
    later(upto(f.pause_max), [&node] { node.pause(false); });
  }
  if (happens(f.suspend)) {
    suspend(machine, true);
    later(upto(f.suspend_max), [this, machine] { suspend(machine, false); });
  }
  if (happens(f.wall_jump))
    node.jump_wall(fault_random_.chance(0.5) ? upto(f.wall_jump_max) : -upto(f.wall_jump_max));
  if (happens(f.crash)) {
    crash(node, upto(f.crash_max));
  } else if (happens(f.restart) && !node.paused()) {
    node.stop(true);
    node.start();
  }
}

void World::strike(HubNode& hub) {
  const Faults& f = network_.faults;
  const auto happens = [&](double per_s) {
    return per_s > 0 && fault_random_.chance(per(strike_period, per_s));
  };
  for (const HubNode::Place& place : hub.places())
    if (happens(f.clog)) network_.clog(place.index, clock_.now() + upto(f.clog_max));
  if (happens(f.pause)) {
    hub.pause(true);
    later(upto(f.pause_max), [&hub] { hub.pause(false); });
  }
  if (happens(f.crash)) {
    crash(hub, upto(f.crash_max));
  } else if (happens(f.restart) && !hub.paused()) {
    hub.stop(true);
    hub.start();
  }
}

void World::set_traffic(const Traffic& traffic) {
  traffic_ = traffic;
  if (without("churn")) traffic_.churn = 0;
  if (without("large")) traffic_.large = 0;
  if (without("burst")) traffic_.burst = 1;
  clock_.after(act_period, [this, turn = ++traffic_turn_] {
    if (turn == traffic_turn_) act();
  });
}

void World::act() {
  if (traffic_.publish == 0 && traffic_.churn == 0) return;
  for (const auto& node : nodes_)
    if (node->running() && !node->paused()) act(*node);
  clock_.after(act_period, [this, turn = traffic_turn_] {
    if (turn == traffic_turn_) act();
  });
}

void World::act(Node& node) {
  if (traffic_.churn > 0 && traffic_random_.chance(per(act_period, traffic_.churn))) churn(node);
  if (node.streams().empty() || !traffic_random_.chance(per(act_period, traffic_.publish))) return;
  if (published_++ >= options_.publish_max) return;
  const std::size_t slot = traffic_random_.below(node.streams().size());
  std::size_t size = traffic_random_.below(200);
  if (traffic_random_.chance(0.2)) size = traffic_random_.below(1500);
  if (traffic_random_.chance(0.05) && !without("large")) size = traffic_random_.below(20'000);
  if (traffic_.large_bytes > 0 && traffic_random_.chance(traffic_.large))
    size = traffic_random_.below(traffic_.large_bytes);
  node.publish(slot, size, size > 20'000 ? 1 : 1 + traffic_random_.below(traffic_.burst));
}

void World::churn(Node& node) {
  switch (traffic_random_.below(4)) {
    case 0:
      node.open_stream(random_plan());
      break;
    case 1:
      if (!node.streams().empty()) node.close_stream(traffic_random_.below(node.streams().size()));
      break;
    case 2:
      if (traffic_random_.chance(0.8))
        node.subscribe_family(families_[traffic_random_.below(families_.size())]);
      else
        node.subscribe_pattern(random_pattern());
      break;
    default:
      if (!node.subscriptions().empty())
        node.unsubscribe(traffic_random_.below(node.subscriptions().size()));
  }
}

void World::heal() {
  ++faults_turn_;
  trace_.say(clock_.now(), [] { return std::string("healed"); });
  network_.heal();
  for (MachineIndex machine : std::vector<MachineIndex>(unplugged_)) plug(machine, true);
  for (const auto& node : nodes_) {
    node->suspend(false);
    node->pause(false);
    if (!node->running()) node->start();
  }
  for (const auto& hub : hubs_) {
    hub->pause(false);
    if (!hub->running()) hub->start();
  }
}

bool World::reaches(const Node& from, const Node& to) const {
  if (network_.same_lan(from.index(), to.index())) return true;
  std::vector<bool> lans(network_.lans());
  const auto is_on = [&](NodeIndex index) {
    for (LanIndex lan = 0; lan < lans.size(); ++lan)
      if (lans[lan] && network_.is_on(index, lan)) return true;
    return false;
  };
  for (LanIndex lan = 0; lan < lans.size(); ++lan) lans[lan] = network_.is_on(from.index(), lan);
  for (std::size_t round = 0; round < hubs_.size() && !is_on(to.index()); ++round)
    for (const auto& hub : hubs_) {
      const auto& places = hub->places();
      const bool near = std::any_of(places.begin(), places.end(),
                                    [&](const HubNode::Place& place) { return lans[place.lan]; });
      for (const HubNode::Place& place : places) lans[place.lan] = lans[place.lan] || near;
    }
  return is_on(to.index());
}

void World::for_each_pair(const std::function<void(const Pair&)>& visit) {
  for (const auto& subscriber : nodes_) {
    if (!subscriber->running()) continue;
    for (const auto& publisher : nodes_) {
      if (publisher == subscriber || !publisher->running() || !reaches(*publisher, *subscriber))
        continue;
      for (const Node::Stream& stream : publisher->streams())
        if (stream.open && subscriber->wants(stream.record))
          visit({*subscriber, *publisher, stream});
    }
  }
}

// A publisher that waits does so for the dead as well, until they have stood still for 5 s.
void World::run_for(Duration time) {
  constexpr std::uint64_t events_max = 1'000'000, of_each_node = 2'000;
  const Duration until = clock_.now() + time;
  const auto bound = events_max + of_each_node * (nodes_.size() + hubs_.size());
  while (clock_.step(until)) {
    if (clock_.now() >= second_ + std::chrono::seconds(1)) {
      second_ = clock_.now();
      events_then_ = clock_.events();
    } else if (clock_.events() - events_then_ > bound) {
      oracle_.violation("a storm: more than " + std::to_string(bound) + " events in a second");
      clock_.clear();
    }
  }
}

bool World::anybody_waits() const {
  return std::any_of(nodes_.begin(), nodes_.end(), [](const auto& node) {
    return std::any_of(node->streams().begin(), node->streams().end(),
                       [](const Node::Stream& stream) { return stream.plan.waits; });
  });
}

void World::expect_liveness() {
  set_traffic({});
  const Duration reunion = reunion_time + (anybody_waits() ? standstill_time : Duration(0)) +
                           (hubs_.empty() ? Duration(0) : hubs_time);
  run_for(reunion);
  expect_new_messages(std::chrono::seconds(1));
  expect_acquainted();
  expect_covered();
  run_for(forget_time - reunion);
  expect_documents();
  // By now the dead are forgotten as well.
  std::unordered_set<NodeId> running;
  for (const auto& node : nodes_)
    if (node->running()) running.insert(node->id());
  for (const auto& hub : hubs_)
    if (hub->running()) running.insert(hub->ids().begin(), hub->ids().end());
  for (const auto& node : nodes_) {
    if (!node->running()) continue;
    node->engine().for_each_peer([&](const proto::PeerRecord& peer) {
      if (!running.contains(peer.node))
        oracle_.violation(node->name() + " still knows " + oracle_.name_of(peer.node));
    });
  }
  // What is kept for repair may be 64 MiB (EngineOptions), and more is needed to find it.
  expect_bounds(96ull << 20);
  for (const auto& node : nodes_) trace_.say(clock_.now(), [&] { return node->counters_text(); });
}

namespace {
// What each believes of the other, for people.
std::string lists_text(const World::Pair& pair) {
  const proto::PeerRecord* publisher = pair.subscriber.engine().find_peer(pair.publisher.id());
  const proto::PeerRecord* subscriber = pair.publisher.engine().find_peer(pair.subscriber.id());
  std::string text = " (it believes its list ";
  text += publisher != nullptr && publisher->streams_complete ? "complete" : "incomplete";
  text += ", is believed to want";
  if (subscriber != nullptr)
    for (const proto::Interest& want : subscriber->wants) text += " " + want.name;
  return text + ")";
}
}  // namespace

void World::expect_acquainted() {
  for (const auto& node : nodes_) {
    if (!node->running()) continue;
    for (const auto& other : nodes_) {
      if (other == node || !other->running() || !network_.same_lan(node->index(), other->index()))
        continue;
      const proto::PeerRecord* peer = node->engine().find_peer(other->id());
      if (peer == nullptr || !peer->announced) {
        oracle_.violation(node->name() + " does not know " + other->name());
        continue;
      }
      for (const proto::StreamRecord& record : peer->streams)
        if (std::none_of(other->streams().begin(), other->streams().end(),
                         [&](const auto& s) { return s.open && s.id == record.stream; }))
          oracle_.violation(node->name() + " believes in the closed stream " + other->name() + "/" +
                            std::to_string(record.stream));
    }
  }
  for_each_pair([&](const Pair& pair) {
    const proto::StreamRecord* record =
        pair.subscriber.engine().find_stream(pair.publisher.id(), pair.stream.id);
    if (record == nullptr)
      record = pair.subscriber.engine().find_relay(pair.publisher.id(), pair.stream.id);
    if (record == nullptr)
      oracle_.violation(pair.subscriber.name() + " wants but does not know " +
                        pair.publisher.name() + "/" + std::to_string(pair.stream.id) +
                        lists_text(pair));
    else if (!same_record(*record, pair.stream.record))
      oracle_.violation(pair.subscriber.name() + " has a wrong record of " + pair.publisher.name() +
                        "/" + std::to_string(pair.stream.id));
    if (pair.publisher.engine().subscribers_of(pair.stream.id) == 0)
      oracle_.violation(pair.publisher.name() + "/" + std::to_string(pair.stream.id) +
                        " does not know that " + pair.subscriber.name() + " wants it");
  });
}

void World::expect_covered() {
  for_each_pair([&](const Pair& pair) {
    if (oracle_.cursor(pair.subscriber.id(), pair.publisher.id(), pair.stream.id) != nullptr)
      oracle_.expect_covered(pair.subscriber.id(), pair.publisher.id(), pair.stream.id);
  });
}

void World::expect_documents() {
  for_each_pair([&](const Pair& pair) {
    if (pair.subscriber.engine().document_of(pair.stream.record.type).empty())
      oracle_.violation(pair.subscriber.name() + " has no document of " +
                        pair.stream.record.family_name);
  });
}

void World::expect_new_messages(Duration within) {
  for (const auto& node : nodes_)
    for (std::size_t slot = 0; slot < node->streams().size(); ++slot) node->publish(slot, 20, 2);
  run_for(within);
  for_each_pair([&](const Pair& pair) {
    oracle_.expect_delivered(pair.subscriber.id(), pair.publisher.id(), pair.stream.id,
                             pair.stream.last);
  });
}

void World::expect_bounds(std::uint64_t memory_bytes_max) {
  for (const auto& node : nodes_) node->count_memory();
  for (const auto& node : nodes_)
    oracle_.expect_below("memory of " + node->name(), node->memory_bytes_max(), memory_bytes_max);
  for (const auto& hub : hubs_)
    oracle_.expect_below("memory of " + hub->name(), hub->memory_bytes(), memory_bytes_max);
}

std::uint64_t World::control_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& node : nodes_)
    if (node->running()) sum += node->engine().counters().control_bytes_out;
  return sum;
}

std::uint64_t World::control_packets() const {
  std::uint64_t sum = 0;
  for (const auto& node : nodes_)
    if (node->running()) sum += node->engine().counters().control_packets_out;
  return sum;
}

}  // namespace dts::sim
