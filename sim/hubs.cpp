// Scenarios of hubs between networks: what is wanted arrives everywhere once, in order, or is
// named; nothing else is passed on; and hubs beside each other, in rings and in rows do no harm.
#include <sim/scenario.hpp>

#include <algorithm>

namespace dts::sim {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const StreamPlan wanted_beyond{"lab.Beyond", proto::Delivery::event, 1, {}, 200};
const StreamPlan wanted_at_home{"lab.Home", proto::Delivery::event, 1, {}, 200};

void add_lans(World& world, std::size_t count) {
  while (world.network().lans() < count) world.network().add_lan();
}

// On the first LAN, with a stream that is wanted everywhere and one that is wanted there only.
Node& add_publisher(World& world, std::vector<LanIndex> lans = {0}) {
  Node& node = world.add_node(world.network().machines(), lans);
  node.open_stream(wanted_beyond);
  node.open_stream(wanted_at_home);
  node.start();
  return node;
}

Node& add_subscriber(World& world, LanIndex lan) {
  Node& node = world.add_node(world.network().machines(), {lan});
  if (world.random().chance(0.3))
    node.subscribe_pattern(lan == 0 ? "*" : wanted_beyond.family_name);
  else
    node.subscribe_family(wanted_beyond.family_name);
  if (lan == 0) node.subscribe_family(wanted_at_home.family_name);
  node.start();
  return node;
}

void publish_for(World& world, Node& publisher, Duration time, Duration every) {
  for (const Duration end = world.clock().now() + time; world.clock().now() < end;) {
    publisher.publish(0, world.random().chance(0.05) ? 4000 : 50);
    publisher.publish(1, 50);
    world.run_for(every);
  }
}

// Only what somebody beyond wants; never to where the origin itself is heard.
void expect_modest(World& world) {
  for (std::size_t i = 0; i < world.hubs(); ++i) {
    const HubNode& hub = world.hub(i);
    if (!hub.running()) continue;
    hub.hub().for_each_passage([&](const hub::Hub::Passage& p) {
      if (p.record->family_name == wanted_at_home.family_name && p.messages != 0)
        world.oracle().violation(hub.name() + " passes on what nobody beyond wants");
      if (hub.hub().engine(p.to).find_peer(p.node) != nullptr)
        world.oracle().violation(hub.name() + " passes a stream on to where its origin is");
    });
  }
}

// When nobody wants anything any more hubs do not want it for each other.
void expect_forgotten(World& world) {
  for (std::size_t i = 0; i < world.nodes(); ++i)
    for (std::size_t slot = 0; slot < world.node(i).subscriptions().size(); ++slot)
      world.node(i).unsubscribe(slot);
  world.run_for(seconds(4));
  for (std::size_t i = 0; i < world.hubs(); ++i)
    world.hub(i).hub().for_each_passage([&](const hub::Hub::Passage& p) {
      if (p.wanted) world.oracle().violation(world.hub(i).name() + " wants what nobody wants");
    });
}

std::uint64_t came_again(World& world) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < world.nodes(); ++i)
    if (world.node(i).running())
      sum += world.node(i).engine().counters().relay_duplicate +
             world.node(i).engine().counters().data_duplicate;
  return sum;
}

void expect_no_gaps(World& world) {
  world.oracle().expect_below("messages of events that were only named",
                              world.oracle().counters().event_gap_sequences, 0);
}

}  // namespace

// One hub under losses on both networks: every message of an event arrives beyond it as well.
void hub(World& world) {
  base::Random& random = world.random();
  add_lans(world, 2 + random.below(2));
  const bool on_both = random.chance(0.3);
  Node& publisher =
      add_publisher(world, on_both ? std::vector<LanIndex>{0, 1} : std::vector<LanIndex>{0});
  for (LanIndex lan = 0; lan < world.network().lans(); ++lan)
    for (std::size_t i = 1 + random.below(2); i > 0; --i) add_subscriber(world, lan);
  std::vector<LanIndex> lans;
  for (LanIndex lan = 0; lan < world.network().lans(); ++lan) lans.push_back(lan);
  world.add_hub(lans).start();
  world.run_for(seconds(2));
  Faults faults;
  faults.loss = 0.01 + 0.1 * random.fraction();
  faults.duplicate = random.chance(0.5) ? random.fraction() * 0.2 : 0;
  faults.reorder = random.chance(0.5) ? random.fraction() * 0.2 : 0;
  faults.delay = microseconds(10 + random.below(1000));
  world.unleash(faults);
  publish_for(world, publisher, seconds(2), milliseconds(1 + random.below(10)));
  world.run_for(seconds(3));  // the last is repaired under the same losses
  expect_no_gaps(world);
  expect_modest(world);
  world.heal();
  world.expect_liveness();
  expect_forgotten(world);
}

// Two hubs beside each other, or three in a ring: one passes a stream on, and when it dies another
// one does. A network that loses nothing loses nothing then either.
void hubs_beside(World& world) {
  base::Random& random = world.random();
  const bool ring = random.chance(0.5);
  add_lans(world, ring ? 3 : 2);
  Node& publisher = add_publisher(world);
  for (LanIndex lan = 0; lan < world.network().lans(); ++lan) add_subscriber(world, lan);
  const std::vector<std::vector<LanIndex>> places =
      ring ? std::vector<std::vector<LanIndex>>{{0, 1}, {1, 2}, {2, 0}}
           : std::vector<std::vector<LanIndex>>{{0, 1}, {0, 1}};
  for (const auto& lans : places) {
    world.add_hub(lans).start();
    world.run_for(milliseconds(random.chance(0.5) ? 0 : random.below(2000)));
  }
  publish_for(world, publisher, seconds(3), milliseconds(20));
  const std::uint64_t again = came_again(world);
  publish_for(world, publisher, seconds(1), milliseconds(5));
  world.oracle().expect_below("what came twice", came_again(world) - again, 0);
  expect_modest(world);
  HubNode& dies = world.hub(random.below(world.hubs()));
  dies.stop(random.chance(0.3));
  publish_for(world, publisher, seconds(5), milliseconds(20));
  expect_no_gaps(world);
  dies.start();
  publish_for(world, publisher, seconds(3), milliseconds(20));
  expect_no_gaps(world);
  world.expect_liveness();
  expect_forgotten(world);
}

// As far as eight hubs in a row, and no further.
void hubs_in_a_row(World& world) {
  constexpr std::size_t hubs = proto::kHopsMax + 1;
  add_lans(world, hubs + 1);
  Node& publisher = add_publisher(world);
  const Node& last = add_subscriber(world, proto::kHopsMax);
  const Node& beyond = add_subscriber(world, hubs);
  for (LanIndex lan = 0; lan < hubs; ++lan)
    world.add_hub({lan, static_cast<LanIndex>(lan + 1)}).start();
  world.run_for(seconds(8));
  publisher.publish(0, 50, 3);
  world.run_for(seconds(1));
  const Node::Stream& stream = publisher.streams()[0];
  world.oracle().expect_delivered(last.id(), publisher.id(), stream.id, stream.last);
  const Oracle::Cursor* const too_far =
      world.oracle().cursor(beyond.id(), publisher.id(), stream.id);
  if (too_far != nullptr && too_far->delivered != 0)
    world.oracle().violation(beyond.name() + " is beyond nine hubs and hears it all the same");
  world.expect_covered();
}

// Two or three networks, hubs between them in any way, and everything at random.
void hub_chaos(World& world) {
  base::Random& random = world.random();
  const std::size_t lans = 2 + random.below(2);
  add_lans(world, lans);
  world.populate_on(lans, 3 + random.below(3), 4, 2);
  for (LanIndex lan = 1; lan < lans; ++lan)  // all of them are joined
    world.add_hub({static_cast<LanIndex>(random.below(lan)), lan}).start();
  if (random.chance(0.7)) {
    const auto one = static_cast<LanIndex>(random.below(lans));
    world.add_hub({one, static_cast<LanIndex>((one + 1) % lans)}).start();
  }
  Traffic traffic;
  traffic.publish = static_cast<double>(2 + random.below(20));
  traffic.churn = random.chance(0.5) ? random.fraction() * 4 : 0;
  traffic.burst = 1 + random.below(4);
  traffic.large_bytes = 50'000;
  traffic.large = random.chance(0.5) ? random.fraction() * 0.05 : 0;
  const Faults faults = Faults::chaos(random);
  world.run_for(seconds(1));
  world.set_traffic(traffic);
  world.unleash(faults);
  world.storm_for(milliseconds(1000 + random.below(8000)));
  world.heal();
  world.expect_liveness();
}

}  // namespace dts::sim
