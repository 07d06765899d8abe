// Scenarios of flow control: a publisher as fast as it may be, receivers whose applications are
// slow, stop for a while, or stand still.
#include <sim/scenario.hpp>

namespace dts::sim {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration pace = milliseconds(1);

struct Bus {
  Node* publisher = nullptr;
  std::vector<Node*> receivers;
  std::uint64_t published = 0;
  bool publishing = false;
  int at_once_max = 400;  // and millisecond
};

// A publisher of one stream that waits, and one to four that want it.
void set_up(World& world, Bus& bus, Duration handling_max) {
  base::Random& random = world.random();
  const LanIndex lan = world.network().add_lan();
  StreamPlan plan;
  plan.family_name = "lab.Waits";
  plan.waits = true;
  bus.publisher = &world.add_node(0, {lan});
  bus.publisher->open_stream(plan);
  bus.publisher->start();
  for (std::size_t i = 1 + random.below(4); i > 0; --i) {
    Node& node = world.add_node(static_cast<MachineIndex>(i), {lan});
    node.subscribe_family(plan.family_name);
    node.set_handling(microseconds(20) + Duration(random.below(handling_max.count())));
    node.start();
    bus.receivers.push_back(&node);
  }
  world.run_for(seconds(1));
}

// As fast as the window lets it, from now until `publishing` is false.
void publish(World& world, Bus& bus, std::size_t bytes) {
  if (!bus.publishing) return;
  for (int i = 0; i < bus.at_once_max && bus.publisher->publish(0, bytes); ++i) ++bus.published;
  world.clock().after(pace, [&world, &bus, bytes] { publish(world, bus, bytes); });
}

void begin(World& world, Bus& bus) {
  bus.publishing = true;
  publish(world, bus, world.random().chance(0.2) ? 3000 : 20 + world.random().below(200));
}

// What was on its way when the application said stop, beside what it had then.
void expect_small_queues(World& world, const Bus& bus) {
  for (const Node* node : bus.receivers)
    world.oracle().expect_below("what waits for the application of " + node->name(),
                                node->application_backlog_max(),
                                Node::application_holds_at + (256u << 10) / 64);
}

void expect_all_delivered(World& world, const Bus& bus) {
  const Node::Stream& stream = bus.publisher->streams()[0];
  for (const Node* node : bus.receivers)
    world.oracle().expect_covered(node->id(), bus.publisher->id(), stream.id);
  world.oracle().expect_below("messages of a stream that waits that were only named",
                              world.oracle().counters().event_gap_sequences, 0);
}

}  // namespace

// Bad networks, applications that are slow and stop for less than 5 s: nothing is even named, no
// queue grows, and it goes on.
void slow_application(World& world) {
  base::Random& random = world.random();
  Bus bus;
  set_up(world, bus, microseconds(400));
  Faults faults;
  faults.loss = random.chance(0.5) ? random.fraction() * 0.1 : 0;
  faults.duplicate = random.chance(0.3) ? random.fraction() * 0.1 : 0;
  faults.reorder = random.chance(0.3) ? random.fraction() * 0.1 : 0;
  faults.delay = microseconds(20 + random.below(500));
  world.unleash(faults);
  begin(world, bus);
  world.storm_for(milliseconds(500));
  Node& stopped = *bus.receivers[random.below(bus.receivers.size())];
  stopped.stop_application(milliseconds(200 + random.below(1800)));
  world.storm_for(seconds(3));
  bus.publishing = false;
  world.run_for(seconds(4));
  expect_small_queues(world, bus);
  expect_all_delivered(world, bus);
  world.oracle().expect_below("evictions of who was only slow", bus.publisher->counters().evicted,
                              0);
  // The slowest takes one in 420 us, for a second at least.
  if (world.options().storm_max == Duration::max() && bus.published < 1000)
    world.oracle().violation("a stream that waits has stalled: " + std::to_string(bus.published) +
                             " messages");
}

void standstill(World& world) {
  Bus bus;
  bus.at_once_max = 30;
  set_up(world, bus, microseconds(20));
  begin(world, bus);
  world.run_for(seconds(1));
  Node& stopped = *bus.receivers[world.random().below(bus.receivers.size())];
  stopped.stop_application(seconds(9));
  world.run_for(seconds(2));
  const std::uint64_t before = bus.published;
  world.run_for(seconds(2));
  world.oracle().expect_below("published while one stands still", bus.published, before);
  world.run_for(seconds(3));
  if (bus.published <= before)
    world.oracle().violation("a stream waits for who has stood still for 7 s");
  world.oracle().expect_below("evictions", bus.publisher->counters().evicted, 1);
  world.run_for(seconds(4));
  bus.publishing = false;
  world.run_for(seconds(4));
  world.expect_covered();
}

}  // namespace dts::sim
