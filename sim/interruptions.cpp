// Scenarios of repair across a time in which nobody answers.
#include <sim/scenario.hpp>

namespace dts::sim {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {
std::uint64_t nacks_of(World& world) {
  std::uint64_t all = 0;
  for (std::size_t i = 1; i < world.nodes(); ++i)
    all += world.node(i).engine().counters().nacks_out;
  return all;
}
}  // namespace

// The network loses packets, and in between a cable is out or the publisher is stopped, for less
// than what is missing is kept: all of it is asked for until it comes.
void interrupted(World& world) {
  base::Random& random = world.random();
  const LanIndex lan = world.network().add_lan();
  const StreamPlan plan{"lab.Value", proto::Delivery::event, 1, {}, 200};
  Node& publisher = world.add_node(0, {lan});
  publisher.open_stream(plan);
  publisher.start();
  const std::size_t subscribers = 1 + random.below(random.chance(0.3) ? 30 : 4);
  for (std::size_t m = 1; m <= subscribers; ++m) {
    Node& node = world.add_node(static_cast<MachineIndex>(m), {lan});
    node.subscribe_family(plan.family_name);
    node.start();
  }
  world.run_for(seconds(1));
  Faults faults;
  faults.loss = 0.05 + 0.15 * random.fraction();
  faults.delay = microseconds(10 + random.below(1000));
  world.unleash(faults);
  for (int i = 0; i < 3; ++i) {
    for (int n = 0; n < 100; ++n) {
      publisher.publish(0, 50);
      world.run_for(milliseconds(1));
    }
    const Duration length = milliseconds(50 + random.below(1500));
    const std::uint64_t before = nacks_of(world);
    if (random.chance(0.5)) {
      world.network().set_side(0, 1);
      world.run_for(length);
      world.network().set_side(0, 0);
    } else {
      publisher.pause(true);
      world.run_for(length);
      publisher.pause(false);
    }
    world.oracle().expect_below("NACKs that nobody answers", nacks_of(world) - before,
                                150 * subscribers);
  }
  world.run_for(seconds(3));  // what is missing is repaired under the same losses
  world.oracle().expect_below("events only named though their publisher came back in time",
                              world.oracle().counters().event_gap_sequences, 0);
  world.heal();
  world.expect_liveness();
}

// A cable is out from the middle of a large message on, for less than it is kept: half of it is
// there, and the rest is asked for.
void half_message(World& world) {
  base::Random& random = world.random();
  const LanIndex lan = world.network().add_lan();
  const StreamPlan plan{"lab.Film", proto::Delivery::event, 1, {}, 200};
  Node& publisher = world.add_node(0, {lan});
  publisher.open_stream(plan);
  publisher.start();
  const std::size_t subscribers = 1 + random.below(6);
  for (std::size_t m = 1; m <= subscribers; ++m) {
    Node& node = world.add_node(static_cast<MachineIndex>(m), {lan});
    node.subscribe_family(plan.family_name);
    node.start();
  }
  world.run_for(seconds(1));
  Faults faults;
  faults.loss = random.chance(0.5) ? random.fraction() * 0.1 : 0;
  faults.delay = microseconds(50 + random.below(500));
  world.unleash(faults);
  // More than the window, so that it goes in several parts.
  publisher.publish(0, 300'000 + random.below(700'000));
  world.run_for(microseconds(50 + random.below(2000)));
  world.network().set_side(0, 1);
  world.run_for(milliseconds(500 + random.below(4500)));
  world.network().set_side(0, 0);
  world.run_for(seconds(4));
  world.expect_covered();
  world.oracle().expect_below("large events only named though their publisher came back in time",
                              world.oracle().counters().event_gap_sequences, 0);
  world.heal();
  world.expect_liveness();
}

}  // namespace dts::sim
