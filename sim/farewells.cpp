// Scenarios of endings: what was published last is lost, and its publisher leaves or closes the
// stream at once.
#include <sim/scenario.hpp>

namespace dts::sim {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// One publisher, node 0, of one stream, and up to thirty who want it.
Node& set_up(World& world) {
  base::Random& random = world.random();
  const LanIndex lan = world.network().add_lan();
  const StreamPlan plan{"lab.Value", proto::Delivery::event, 1, {}, 200};
  Node& publisher = world.add_node(0, {lan});
  publisher.open_stream(plan);
  publisher.start();
  const std::size_t nodes =
      world.options().nodes != 0 ? world.options().nodes : 2 + random.below(30);
  for (MachineIndex m = 1; m < nodes; ++m) {
    Node& node = world.add_node(m, {lan});
    node.subscribe_family(plan.family_name);
    node.start();
  }
  world.network().faults.delay = microseconds(10 + random.below(500));
  world.run_for(seconds(1));
  publisher.publish(0, 50, random.below(5));
  return publisher;
}

// Nobody hears the last values when they are published.
void publish_last(World& world, Node& publisher) {
  world.network().set_mute(publisher.index(), true);
  publisher.publish(0, 50, 1 + world.random().below(20));
  if (world.random().chance(0.3)) publisher.publish(0, 20'000);
}

void expect_all(World& world, const Node& publisher) {
  const Node::Stream& stream = publisher.streams()[0];
  for (std::size_t i = 1; i < world.nodes(); ++i) {
    const Node& node = world.node(i);
    const Oracle::Cursor* c = world.oracle().cursor(node.id(), publisher.id(), stream.id);
    if (c == nullptr || c->next != stream.last + 1)
      world.oracle().violation(node.name() + " does not know how far " + publisher.name() +
                               " had come");
  }
  world.oracle().expect_below("values only named though their publisher took its leave",
                              world.oracle().counters().event_gap_sequences, 0);
}

}  // namespace

void farewell(World& world) {
  Node& publisher = set_up(world);
  world.run_for(milliseconds(world.random().below(2000)));
  publish_last(world, publisher);
  world.run_for(milliseconds(1));
  world.network().set_mute(publisher.index(), false);
  publisher.stop(true);
  world.run_for(milliseconds(500));
  expect_all(world, publisher);
}

// The process goes on, on a network that loses packets or that hears nothing of it for some
// seconds.
void stream_ends(World& world) {
  base::Random& random = world.random();
  Node& publisher = set_up(world);
  const bool lossy = random.chance(0.7);
  if (lossy) world.network().faults.loss = random.fraction() * 0.25;
  world.run_for(milliseconds(random.below(2000)));
  publish_last(world, publisher);
  publisher.close_stream(0);
  world.run_for(milliseconds(lossy ? 1 : random.below(4000)));
  world.network().set_mute(publisher.index(), false);
  world.run_for(seconds(8));  // three announcements
  expect_all(world, publisher);
  world.run_for(seconds(10));
  for (std::size_t i = 1; i < world.nodes(); ++i)
    if (world.node(i).engine().find_stream(publisher.id(), publisher.streams()[0].id))
      world.oracle().violation(world.node(i).name() + " believes in a stream that was closed");
  world.heal();
  world.expect_liveness();
}

}  // namespace dts::sim
