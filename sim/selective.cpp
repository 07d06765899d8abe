// Scenario of selections: subscribers who take a part of what is published, by filters, rates and
// dead bands; they come and go, and so does one who wants everything.
#include <sim/scenario.hpp>

namespace dts::sim {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

proto::Selection random_selection(base::Random& random) {
  proto::Selection selection;
  if (random.chance(0.6)) selection.where = std::to_string(random.below(256));
  if (random.chance(0.3)) selection.interval_ns = 1'000'000 * (1 + random.below(200));
  if (random.chance(0.3)) selection.dead_bands = {{"", std::to_string(1 + random.below(200))}};
  if (selection.where.empty() && !selection.stateful()) selection.where = "8";
  return selection;
}

// By name, or by a pattern: that has a path of its own.
std::size_t subscribe(Node& node, const std::string& family, base::Random& random) {
  proto::Interest interest;
  interest.name = random.chance(0.7) ? family : "lab.*";
  if (interest.name == family) interest.family = family_id(family);
  if (random.chance(0.85)) interest.selections = {random_selection(random)};
  return node.subscribe(std::move(interest));
}

struct Taker {
  Node* node = nullptr;
  std::vector<std::size_t> slots;  // of its subscriptions, one at most beside another
};

void change(Taker& taker, const std::string& family, base::Random& random) {
  if (taker.slots.empty() || (taker.slots.size() == 1 && random.chance(0.3))) {
    taker.slots.push_back(subscribe(*taker.node, family, random));
  } else {
    taker.node->unsubscribe(taker.slots.back());
    taker.slots.pop_back();
  }
}

void publish_for(World& world, Node& publisher, Duration time) {
  base::Random& random = world.random();
  for (const Duration end = world.clock().now() + time; world.clock().now() < end;) {
    publisher.publish(0, 20 + random.below(50), 1 + random.below(3));
    world.run_for(microseconds(500 + random.below(10'000)));
  }
}

// One who takes a tenth: hardly more than that is sent.
void expect_spared(World& world, Node& publisher, std::vector<Taker>& takers,
                   const std::string& family) {
  for (Taker& taker : takers)
    for (; !taker.slots.empty(); taker.slots.pop_back())
      taker.node->unsubscribe(taker.slots.back());
  world.run_for(milliseconds(500));
  proto::Interest interest;
  interest.name = family;
  interest.family = family_id(family);
  interest.selections = {{{}, "26", 0, {}}};
  takers.front().node->subscribe(std::move(interest));
  world.run_for(milliseconds(500));
  const std::uint64_t before = publisher.engine().counters().packets_out;
  publish_for(world, publisher, seconds(2));  // about 350 steps
  world.oracle().expect_below("packets for one who takes a tenth",
                              publisher.engine().counters().packets_out - before, 150);
}

}  // namespace

void selective(World& world) {
  base::Random& random = world.random();
  const LanIndex lan = world.network().add_lan();
  const StreamPlan plan{"lab.Value",
                        proto::Delivery::event,
                        1 + static_cast<std::uint32_t>(random.below(3)),
                        {},
                        200};
  Node& publisher = world.add_node(0, {lan});
  publisher.open_stream(plan);
  publisher.start();
  std::vector<Taker> takers(1 + random.below(4));
  for (std::size_t i = 0; i < takers.size(); ++i) {
    takers[i].node = &world.add_node(static_cast<MachineIndex>(i + 1), {lan});
    takers[i].node->start();
  }
  Faults faults;
  const bool lossy = random.chance(0.5);
  faults.loss = lossy ? random.fraction() * 0.1 : 0;
  faults.reorder = lossy && random.chance(0.3) ? random.fraction() * 0.1 : 0;
  faults.duplicate = lossy && random.chance(0.3) ? random.fraction() * 0.1 : 0;
  faults.delay = microseconds(20 + random.below(500));
  world.unleash(faults);
  for (int turn = 0; turn < 12; ++turn) {
    change(takers[random.below(takers.size())], plan.family_name, random);
    publish_for(world, publisher, milliseconds(50 + random.below(500)));
  }
  world.run_for(seconds(3));
  world.oracle().expect_below("events lost", world.oracle().counters().lost_sequences, 0);
  world.heal();
  world.expect_covered();
  expect_spared(world, publisher, takers, plan.family_name);
}

}  // namespace dts::sim
