#include <sim/scenario.hpp>

#include <algorithm>
#include <map>
#include <string_view>

namespace dts::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Traffic usual{
    .publish = 20, .churn = 0, .burst = 4, .large_bytes = 100'000, .large = 0.01};

std::size_t nodes_or(World& world, std::size_t usual_nodes) {
  return world.options().nodes != 0 ? world.options().nodes : usual_nodes;
}
// Three to eight nodes, unless told.
void populate(World& world) { world.populate(nodes_or(world, 3 + world.random().below(6)), 6, 3); }

// Traffic under these faults for so long, then everything must work again.
void storm(World& world, const Faults& faults, const Traffic& traffic, Duration time) {
  if (world.nodes() == 0) populate(world);
  world.run_for(milliseconds(500));
  world.set_traffic(traffic);
  world.unleash(faults);
  world.storm_for(time);
  world.heal();
  world.expect_liveness();
}

void calm(World& world) {
  populate(world);
  world.run_for(seconds(1));
  // Whatever is published from now on must reach everybody.
  std::map<std::pair<NodeId, proto::StreamId>, proto::Sequence> published;
  world.for_each_pair([&](const World::Pair& pair) {
    published[{pair.publisher.id(), pair.stream.id}] = pair.stream.last;
  });
  world.set_traffic(usual);
  world.run_for(seconds(20));
  world.expect_liveness();
  world.for_each_pair([&](const World::Pair& pair) {
    world.oracle().expect_joined_by(pair.subscriber.id(), pair.publisher.id(), pair.stream.id,
                                    published[{pair.publisher.id(), pair.stream.id}] + 1);
  });
  world.oracle().expect_below("gaps in a calm network", world.oracle().counters().gaps, 0);
  for (std::size_t i = 0; i < world.nodes(); ++i)
    world.oracle().expect_below("nodes gone in a calm network", world.node(i).counters().gone, 0);
}

void lossy(World& world) {
  Faults faults;
  faults.loss = 0.01 + world.random().fraction() * 0.3;
  faults.duplicate = world.random().fraction() * 0.2;
  faults.reorder = world.random().fraction() * 0.2;
  faults.corrupt = world.random().fraction() * 0.02;
  faults.jitter = std::chrono::microseconds(world.random().below(3000));
  storm(world, faults, usual, seconds(20));
}

// The network is bad and nothing else is: every message of an event is repaired, none only named.
void repair(World& world) {
  base::Random& random = world.random();
  Faults faults;
  faults.loss = 0.01 + random.fraction() * 0.2;
  if (random.chance(0.5)) faults.burst_begin = random.fraction() * 0.02;
  faults.burst_end = 1.0 / static_cast<double>(1 + random.below(8));
  faults.duplicate = random.chance(0.5) ? random.fraction() * 0.3 : 0;
  faults.reorder = random.chance(0.5) ? random.fraction() * 0.2 : 0;
  faults.corrupt = random.chance(0.3) ? random.fraction() * 0.02 : 0;
  faults.delay = std::chrono::microseconds(10 + random.below(1000));
  Traffic traffic = usual;
  traffic.publish = static_cast<double>(2 + random.below(30));
  traffic.large = random.fraction() * 0.02;
  populate(world);
  world.run_for(seconds(3));
  world.set_traffic(traffic);
  world.unleash(faults);
  world.storm_for(seconds(2 + random.below(6)));
  world.set_traffic({});
  // The last is repaired under the same faults, but for bursts: they end after so many packets, and
  // where it is quiet one would swallow every digest there is.
  faults.burst_begin = 0;
  world.unleash(faults);
  world.run_for(seconds(2));
  world.oracle().expect_below("messages of events that were only named",
                              world.oracle().counters().event_gap_sequences, 0);
  world.heal();
  world.expect_liveness();
}

void bursts(World& world) {
  Faults faults;
  faults.burst_begin = 0.001 + world.random().fraction() * 0.05;
  faults.burst_end = 1.0 / static_cast<double>(2 + world.random().below(60));
  faults.clog = 0.05;
  storm(world, faults, usual, seconds(20));
}

void partition_heal(World& world) {
  populate(world);
  world.run_for(seconds(1));
  world.set_traffic(usual);
  // A short one, and one long enough that everybody is given up.
  for (const Duration length : {Duration(seconds(3)), Duration(seconds(30))}) {
    for (MachineIndex m = 0; m < world.network().machines(); ++m)
      world.network().set_side(m, m % 2);
    world.run_for(length);
    world.heal();
    world.run_for(seconds(4));
    world.expect_acquainted();
  }
  world.expect_liveness();
}

void one_way(World& world) {
  populate(world);
  world.run_for(seconds(1));
  world.set_traffic(usual);
  const auto unlucky = static_cast<NodeIndex>(world.random().below(world.nodes()));
  world.network().set_deaf(unlucky, true);
  world.run_for(seconds(3 + world.random().below(20)));
  world.network().set_deaf(unlucky, false);
  world.network().set_mute(unlucky, true);
  world.run_for(seconds(3 + world.random().below(20)));
  world.heal();
  world.expect_liveness();
}

void crash_restart(World& world) {
  Faults faults;
  faults.crash = 0.1;
  faults.crash_max = world.random().chance(0.5) ? Duration(milliseconds(50)) : seconds(12);
  storm(world, faults, usual, seconds(30));
}

// Who publishes one value as soon as it has heard of a subscriber: on a bad network that is before
// the subscriber's address has proven itself. It arrives, without another one behind it.
void hasty(World& world) {
  base::Random& random = world.random();
  const LanIndex lan = world.network().add_lan();
  const StreamPlan plan{"lab.Value", proto::Delivery::event, 1, {}, 200};
  Node& publisher = world.add_node(0, {lan});
  publisher.start();
  for (MachineIndex m = 1; m < nodes_or(world, 2 + random.below(3)); ++m) {
    Node& node = world.add_node(m, {lan});
    node.subscribe_pattern("lab.*");
    node.start();
  }
  world.network().faults.loss = 0.05 + 0.3 * random.fraction();
  world.network().faults.delay = std::chrono::microseconds(10 + random.below(500));
  world.run_for(std::chrono::microseconds(random.below(200'000)));
  publisher.open_stream(plan);
  publisher.publish(0, random.chance(0.3) ? 20'000 : 50);
  world.run_for(seconds(2));
  world.network().faults.loss = 0;
  world.run_for(seconds(6));
  const proto::Sequence last = publisher.streams()[0].last;
  for (std::size_t i = 1; i < world.nodes(); ++i) {
    const Oracle::Cursor* c =
        world.oracle().cursor(world.node(i).id(), publisher.id(), publisher.streams()[0].id);
    if (c == nullptr || c->next != last + 1)
      world.oracle().violation(world.node(i).name() + " was not told of the only value");
  }
}

// One receiver loses far more than the others: it is served apart until it does not.
void crybaby(World& world) {
  base::Random& random = world.random();
  const LanIndex lan = world.network().add_lan();
  const StreamPlan plan{"lab.Value", proto::Delivery::event, 1, {}, 200};
  Node& publisher = world.add_node(0, {lan});
  publisher.open_stream(plan);
  publisher.start();
  const auto subscribers = static_cast<MachineIndex>(3 + random.below(20));
  for (MachineIndex m = 1; m <= subscribers; ++m) {
    Node& node = world.add_node(m, {lan});
    node.subscribe_family(plan.family_name);
    node.start();
  }
  world.run_for(seconds(1));
  const Node& bad = world.node(1 + random.below(subscribers));
  const auto publish_for = [&](unsigned s) {
    for (unsigned i = 0; i < 200 * s; ++i) {
      publisher.publish(0, 50);
      world.run_for(milliseconds(5));
    }
  };
  const auto expect_isolated = [&](bool wanted) {
    const proto::PeerRecord* const peer = publisher.engine().find_peer(bad.id());
    if (peer == nullptr || peer->isolated != wanted)
      world.oracle().violation(bad.name() + (wanted ? " is not" : " is still") + " served apart");
  };
  world.network().set_loss(bad.index(), 0.45 + 0.2 * random.fraction());
  publish_for(15);
  expect_isolated(true);
  const Oracle::Cursor* const cursor =
      world.oracle().cursor(bad.id(), publisher.id(), publisher.streams()[0].id);
  world.oracle().expect_below("gaps of those that lose nothing", world.oracle().counters().gaps,
                              cursor == nullptr ? 0 : cursor->gaps);
  world.network().set_loss(bad.index(), 0);
  // It asks for the last time after 1.5 s at most, is silent for 10 s, and that is seen at the next
  // announcement.
  publish_for(17);
  expect_isolated(false);
  world.expect_liveness();
}

struct LateCase {
  StreamPlan plan;
  std::size_t messages, bytes;
  std::uint64_t expected;
};
const std::vector<LateCase> late_cases = {
    {{"lab.State", proto::Delivery::state, 1, {}, 200}, 7, 50, 1},
    {{"lab.Event", proto::Delivery::event, 1, {}, 200}, 7, 50, 1},
    {{"lab.Sixteen", proto::Delivery::event, 16, {}, 200}, 40, 50, 16},
    {{"lab.Few", proto::Delivery::event, 16, {}, 200}, 3, 50, 3},
    {{"lab.Large", proto::Delivery::state, 1, {}, 200}, 2, 100'000, 1},
    {{"lab.Empty", proto::Delivery::state, 1, {}, 200}, 2, 0, 1},
    {{"lab.Stream", proto::Delivery::stream, 0, {}, 200}, 7, 50, 0},
    {{"lab.Never", proto::Delivery::state, 1, {}, 200}, 0, 50, 0},
};

// Each got exactly the last values it should.
void expect_last_values(World& world, const Node& publisher, const Node& joiner) {
  for (std::size_t i = 0; i < late_cases.size(); ++i) {
    const LateCase& c = late_cases[i];
    const Oracle::Cursor* cursor =
        world.oracle().cursor(joiner.id(), publisher.id(), publisher.streams()[i].id);
    const std::uint64_t got = cursor == nullptr ? 0 : cursor->delivered;
    if (got != c.expected)
      world.oracle().violation(joiner.name() + " joined late and got " + std::to_string(got) +
                               " of " + c.plan.family_name + ", not " + std::to_string(c.expected));
  }
  if (world.oracle().counters().historic != world.oracle().counters().delivered)
    world.oracle().violation("old values came without being marked as history");
}

// The newest `history` messages come at once, marked as history; of a `stream` nothing comes.
// One joins for good, one only asks for the last values and gets nothing afterwards.
void late_joiner(World& world) {
  const LanIndex lan = world.network().add_lan();
  Node& publisher = world.add_node(0, {lan});
  Node& joiner = world.add_node(world.random().chance(0.3) ? 0 : 1, {lan});
  Node& asker = world.add_node(2, {lan});
  for (const LateCase& c : late_cases) {
    publisher.open_stream(c.plan);
    joiner.subscribe_family(c.plan.family_name);
    asker.subscribe({family_id(c.plan.family_name), c.plan.family_name, false, true});
  }
  publisher.start();
  world.run_for(milliseconds(100 + world.random().below(3000)));
  for (std::size_t i = 0; i < late_cases.size(); ++i)
    for (std::size_t n = 0; n < late_cases[i].messages; ++n)
      publisher.publish(i, late_cases[i].bytes);
  world.run_for(milliseconds(world.random().below(3000)));
  for (Node* late : {&joiner, &asker}) {
    late->start();
    world.run_for(milliseconds(300));
    expect_last_values(world, publisher, *late);
  }
  const std::uint64_t historic = world.oracle().counters().historic;
  world.expect_liveness();
  world.oracle().expect_below("historic values", world.oracle().counters().historic, historic);
  for (std::size_t i = 0; i < late_cases.size(); ++i)
    if (const Oracle::Cursor* cursor =
            world.oracle().cursor(asker.id(), publisher.id(), publisher.streams()[i].id))
      world.oracle().expect_below("what only the last values were asked of",
                                  cursor->delivered + cursor->gaps, late_cases[i].expected);
}

// The numbers of the first milestone: 1,000 types between two processes.
void many_types(World& world) {
  constexpr std::size_t types = 1000;
  const LanIndex lan = world.network().add_lan();
  Node& publisher = world.add_node(0, {lan});
  Node& subscriber = world.add_node(1, {lan});
  for (std::size_t i = 0; i < types; ++i) {
    const StreamPlan plan{"lab.Type" + std::to_string(i), proto::Delivery::state, 1, {}, 300};
    publisher.open_stream(plan);
    subscriber.subscribe_family(plan.family_name);
    subscriber.offer(plan);
  }
  publisher.start();
  world.run_for(milliseconds(10 + world.random().below(3000)));
  for (std::size_t i = 0; i < types; ++i) publisher.publish(i, 100);
  subscriber.start();
  world.run_for(milliseconds(250));
  std::uint64_t here = 0;
  for (const Node::Stream& stream : publisher.streams())
    here += world.oracle().cursor(subscriber.id(), publisher.id(), stream.id) != nullptr;
  if (here != types)
    world.oracle().violation("only " + std::to_string(here) +
                             " of 1000 types have arrived after 250 ms");
  world.oracle().expect_below("control bytes for 1000 types", world.control_bytes(), 200'000);
  world.expect_liveness();
  world.expect_bounds(20u << 20);
}

void large_messages(World& world) {
  const LanIndex lan = world.network().add_lan();
  for (MachineIndex m = 0; m < nodes_or(world, 4); ++m) {
    Node& node = world.add_node(m, {lan});
    node.open_stream({"lab.Large" + std::to_string(m % 2), proto::Delivery::event, 1, {}, 200});
    if (m != 0) node.subscribe_pattern("lab.*");
    node.start();
  }
  world.run_for(seconds(1));
  for (const std::size_t size : {1300u, 1400u, 2800u, 65'536u, 1'000'000u, 8'000'000u})
    for (std::size_t i = 0; i < world.nodes(); ++i) world.node(i).publish(0, size);
  world.run_for(seconds(10));
  world.expect_covered();
  world.oracle().expect_below("gaps between large messages", world.oracle().counters().gaps, 0);
  Faults faults;
  faults.loss = 0.002;
  faults.crash = 0.02;
  world.unleash(faults);
  world.set_traffic({.publish = 2, .churn = 0, .burst = 2, .large_bytes = 2'000'000, .large = 0.5});
  world.run_for(seconds(10));
  world.heal();
  world.run_for(seconds(5));
  world.expect_liveness();
}

// While large messages are on their way, small ones of another stream come hardly later than alone:
// what is ahead of them is at most what the receiver's socket holds of the window.
void beside_large(World& world) {
  base::Random& random = world.random();
  const LanIndex lan = world.network().add_lan();
  const std::size_t nodes = nodes_or(world, 2 + random.below(3));
  for (MachineIndex m = 0; m < nodes; ++m) {
    Node& node = world.add_node(m, {lan});
    if (m == 0) node.open_stream({"lab.Film", proto::Delivery::event, 1, {}, 200});
    if (m == 0) node.open_stream({"lab.Valve", proto::Delivery::event, 1, {}, 200});
    if (m != 0) node.subscribe_pattern("lab.*");
    node.start();
  }
  world.run_for(seconds(1));
  Faults faults;
  faults.delay = milliseconds(1 + random.below(12));
  world.unleash(faults);
  Duration slowest{0};
  std::size_t large = 0, small = 0;
  world.delivered = [&](const Node&, const proto::Message& message) {
    if (message.bytes.size() > 1000) {
      ++large;
      return;
    }
    ++small;
    slowest = std::max(slowest, world.clock().now() - Node::published_at(message));
  };
  for (std::size_t i = 0; i < 2; ++i) world.node(0).publish(0, 4'000'000 + random.below(4'000'000));
  std::size_t published = 0;
  for (; large < 2 * (nodes - 1) && published < 2000; ++published) {
    world.node(0).publish(1, 40);
    world.run_for(std::chrono::microseconds(500 + random.below(1000)));
  }
  world.run_for(milliseconds(100));
  if (large != 2 * (nodes - 1) || small != published * (nodes - 1))
    world.oracle().violation("of the large ones " + std::to_string(large) + " came, of the small " +
                             std::to_string(small) + " of " + std::to_string(published));
  if (slowest > faults.delay + milliseconds(5))
    world.oracle().violation("a small message came " +
                             std::to_string((slowest - faults.delay) / milliseconds(1)) +
                             " ms late beside large ones");
  world.delivered = nullptr;
  world.heal();
}

void clock_jumps(World& world) {
  Faults faults;
  faults.wall_jump = 0.5;
  storm(world, faults, usual, seconds(20));
  world.oracle().expect_below("gaps because of a clock", world.oracle().counters().gaps, 0);
  for (std::size_t i = 0; i < world.nodes(); ++i)
    world.oracle().expect_below("nodes gone because of a clock", world.node(i).counters().gone, 0);
}

void churn(World& world) {
  Faults faults;
  faults.loss = world.random().chance(0.5) ? 0.05 : 0;
  Traffic traffic = usual;
  traffic.churn = 5;
  storm(world, faults, traffic, seconds(20));
}

// Everything at random: few or many messages, a short or a long storm, wired or wireless.
void chaos(World& world) {
  base::Random& random = world.random();
  const Faults faults = Faults::chaos(random);
  Traffic traffic;
  traffic.publish = static_cast<double>(1 + random.below(random.chance(0.2) ? 60 : 10));
  traffic.churn = random.chance(0.5) ? random.fraction() * 4 : 0;
  traffic.burst = 1 + random.below(random.chance(0.05) ? 200 : 4);
  traffic.large_bytes = random.chance(0.1) ? 500'000 : 50'000;
  traffic.large = random.chance(0.5) ? random.fraction() * 0.02 : 0;
  const Duration time = seconds(4 + random.below(random.chance(0.1) ? 56 : 14));
  const bool narrow = random.chance(0.2);
  const auto mtu = static_cast<std::uint32_t>(narrow ? 600 + random.below(800) : 1400);
  const bool wireless = random.chance(0.15);
  world.populate(nodes_or(world, 3 + random.below(6)), 6, 3, mtu, wireless);
  storm(world, faults, traffic, time);
}

// Small and short, so that many seeds can be run: two to four nodes under everything at random.
void quick(World& world) {
  base::Random& random = world.random();
  const Faults faults = Faults::chaos(random);
  Traffic traffic;
  traffic.publish = static_cast<double>(2 + random.below(30));
  traffic.churn = random.chance(0.5) ? random.fraction() * 6 : 0;
  traffic.burst = 1 + random.below(4);
  traffic.large_bytes = 50'000;
  traffic.large = random.chance(0.5) ? random.fraction() * 0.05 : 0;
  const bool wireless = random.chance(0.15);
  world.populate(nodes_or(world, 2 + random.below(3)), 4, 2, 1400, wireless);
  storm(world, faults, traffic, milliseconds(500 + random.below(5500)));
}

// The whole domain keeps to its share of the network however many there are.
void many_nodes(World& world) {
  const std::size_t nodes = nodes_or(world, 250);
  const LanIndex lan = world.network().add_lan();
  for (std::size_t i = 0; i < nodes; ++i) {
    Node& node = world.add_node(static_cast<MachineIndex>(i), {lan});
    node.open_stream({"lab.T" + std::to_string(i % 50),
                      proto::Delivery::state,
                      1,
                      {{"n", std::to_string(i)}},
                      200});
    node.subscribe_family("lab.T" + std::to_string((i + 7) % 50));
    world.clock().after(milliseconds(world.random().below(10'000)), [&node] { node.start(); });
  }
  world.run_for(seconds(30));
  const std::uint64_t before = world.control_packets();
  world.run_for(seconds(10));
  world.oracle().expect_below("control packets in 10 s", world.control_packets() - before, 2400);
  world.expect_acquainted();
  world.expect_new_messages(seconds(1));
  world.expect_covered();
  world.expect_documents();
  world.expect_bounds(64u << 20);
}

constexpr Scenario table[] = {
    {"calm", "no faults: nothing may be missing", calm, true},
    {"lossy", "loss, duplicates, reordering, corruption", lossy, true},
    {"repair", "losses of every kind: all events are repaired", repair, true},
    {"interrupted", "losses, and nobody answers for a while: all is repaired", interrupted, true},
    {"half_message", "a cable is out in the middle of a large message", half_message, true},
    {"bursts", "losses in bursts, clogged receivers", bursts, true},
    {"partition_heal", "two halves for 3 s and for 30 s", partition_heal, true},
    {"one_way", "one node deaf, then mute", one_way, true},
    {"slow_application", "a publisher waits for the slowest and loses nothing", slow_application,
     true},
    {"standstill", "who stands still is evicted, and comes back", standstill, true},
    {"selective", "filters, rates and dead bands come and go: nobody misses what it takes",
     selective, true},
    {"crash_restart", "nodes crash and come back as new ones", crash_restart, true},
    {"farewell", "a publisher leaves with its last values lost", farewell, true},
    {"stream_ends", "a stream is closed with its last values lost", stream_ends, true},
    {"hasty", "one value as soon as a subscriber is heard of", hasty, true},
    {"crybaby", "one receiver loses far more than the others", crybaby, true},
    {"late_joiner", "the last values at once", late_joiner, true},
    {"many_types", "1,000 types: 250 ms, 200 kB of control", many_types, false},
    {"large_messages", "up to 8 MB, then under loss and crashes", large_messages, false},
    {"beside_large", "small messages do not wait for large ones", beside_large, true},
    {"clock_jumps", "wall clocks jump by up to a year", clock_jumps, true},
    {"churn", "streams and subscriptions come and go", churn, true},
    {"hub", "a hub between lossy networks: all events cross it", hub, true},
    {"hubs_beside", "hubs in parallel and in rings; one dies", hubs_beside, true},
    {"hubs_in_a_row", "eight hubs in a row, and no further", hubs_in_a_row, true},
    {"quick", "everything at random, small and short", quick, true},
    {"chaos", "everything at random", chaos, true},
    {"hub_chaos", "networks joined by hubs, everything at random", hub_chaos, true},
    {"many_nodes", "250 nodes share 200 control packets/s (--nodes for more)", many_nodes, false},
};

}  // namespace

std::span<const Scenario> scenarios() { return table; }

const Scenario* find_scenario(std::string_view name) {
  const auto it = std::find_if(std::begin(table), std::end(table),
                               [&](const Scenario& s) { return s.name == name; });
  return it == std::end(table) ? nullptr : it;
}

RunResult run(const Scenario& scenario, const RunOptions& options) {
  World world(options);
  scenario.run(world);
  return {options.seed,
          world.trace().hash(),
          world.clock().events(),
          world.clock().now(),
          world.oracle().violations(),
          world.oracle().violations_in_all(),
          world.oracle().counters(),
          world.network().counters(),
          static_cast<std::uint32_t>(world.nodes())};
}

}  // namespace dts::sim
