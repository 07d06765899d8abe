#include <sim/curves.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace dts::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t small_group = 16;  // up to here repairs go by unicast

std::uint64_t messages_for(std::size_t subscribers) {
  return std::clamp<std::uint64_t>(1'000'000 / std::max<std::size_t>(1, subscribers), 200, 5000);
}

// Which deliveries were recoveries: later than the way takes, and not merely held up by one.
struct Recoveries {
  Duration one_way;
  std::vector<double> ms{};
  NodeIndex last_node = ~NodeIndex{0};
  Duration last_at{-1};

  void delivered(Duration now, NodeIndex node, Duration published) {
    const bool behind_another = node == last_node && now == last_at;
    last_node = node;
    last_at = now;
    const Duration late = now - published;
    if (!behind_another && late > one_way + std::chrono::microseconds(100))
      ms.push_back(static_cast<double>(late.count()) / 1e6);
  }
  double at(double fraction) const {
    if (ms.empty()) return 0;
    return ms[std::min(ms.size() - 1,
                       static_cast<std::size_t>(fraction * static_cast<double>(ms.size())))];
  }
};

std::string text(const char* format, auto... values) {
  char line[300];
  std::snprintf(line, sizeof line, format, values...);
  return line;
}

}  // namespace

double repairs_in_theory(std::size_t subscribers, double loss) {
  const auto n = static_cast<double>(subscribers);
  if (subscribers <= small_group) return n * loss / (1 - loss);
  double sum = 0;
  for (double lost = loss; lost * n > 1e-9; lost *= loss) sum += 1 - std::pow(1 - lost, n);
  return sum;
}

RepairCurve measure_repair(RepairCurve curve, std::uint64_t seed) {
  const std::size_t subscribers = curve.subscribers;
  World world({.seed = seed, .lines = {}});
  const LanIndex lan = world.network().add_lan();
  const StreamPlan plan{"lab.Value", proto::Delivery::event, 1, {}, 200};
  Node& publisher = world.add_node(0, {lan});
  publisher.open_stream(plan);
  publisher.start();
  for (std::size_t i = 0; i < subscribers; ++i) {
    Node& node = world.add_node(static_cast<MachineIndex>(i + 1), {lan});
    node.subscribe_family(plan.family_name);
    node.offer(plan);
    // What subscribers announce concerns the publisher alone; their NACKs are heard by all.
    world.network().set_prominent(node.index(), false);
    world.clock().after(Duration(world.random().below(2'000'000'000)), [&node] { node.start(); });
  }
  world.network().faults.delay = curve.one_way;
  world.network().faults.jitter = Duration(0);
  world.run_for(seconds(6));
  Recoveries recoveries{curve.one_way};
  world.delivered = [&](const Node& node, const proto::Message& message) {
    recoveries.delivered(world.clock().now(), node.index(), Node::published_at(message));
  };
  const auto repairs_before = publisher.engine().counters().repairs_out;
  const std::uint64_t delivered_before = world.oracle().counters().delivered;
  (curve.uplink ? world.network().faults.uplink_loss : world.network().faults.loss) = curve.loss;
  curve.messages = messages_for(subscribers);
  for (std::uint64_t i = 0; i < curve.messages; ++i) {
    publisher.publish(0, 100);
    world.run_for(milliseconds(1));
  }
  world.run_for(seconds(curve.loss < 0.5 ? 3 : 12));  // all has come then, or is named
  std::uint64_t nacks = 0;
  for (std::size_t i = 1; i < world.nodes(); ++i) {
    const Node& node = world.node(i);
    nacks += node.engine().counters().nacks_out;
    const Oracle::Cursor* c =
        world.oracle().cursor(node.id(), publisher.id(), publisher.streams()[0].id);
    const proto::Sequence next = c == nullptr ? 1 : c->next;
    curve.missing += publisher.streams()[0].last + 1 - next;
  }
  const std::uint64_t repairs = publisher.engine().counters().repairs_out - repairs_before;
  curve.expected = curve.messages * subscribers;
  curve.delivered = world.oracle().counters().delivered - delivered_before;
  curve.named = world.oracle().counters().gap_sequences;
  const auto messages = static_cast<double>(curve.messages);
  curve.nacks_per_repair =
      repairs == 0 ? 0 : static_cast<double>(nacks) / static_cast<double>(repairs);
  curve.repairs_per_message = static_cast<double>(repairs) / messages;
  curve.theory =
      curve.uplink ? curve.loss / (1 - curve.loss) : repairs_in_theory(subscribers, curve.loss);
  std::sort(recoveries.ms.begin(), recoveries.ms.end());
  curve.p50_ms = recoveries.at(0.5);
  curve.p99_ms = recoveries.at(0.99);
  curve.p9999_ms = recoveries.at(0.9999);
  return curve;
}

namespace {

constexpr std::size_t whole_max = 2000;  // beyond, memory lets only some nodes hear all
constexpr std::size_t hearing_all = 20;

// Node i publishes types 3i to 3i + 2; each type is wanted by one other node.
void add_types(Node& node, std::size_t i, std::size_t nodes) {
  for (std::size_t k = 0; k < 3; ++k) {
    node.open_stream({"lab.T" + std::to_string(3 * i + k), proto::Delivery::state, 1, {}, 200});
    const std::size_t other = (i + 1 + k * 7) % nodes;
    node.subscribe_family("lab.T" + std::to_string(3 * other + k));
  }
}

bool knows_what_it_wants(World& world, const Node& node) {
  for (std::size_t k = 0; k < 3; ++k) {
    const std::size_t other = (node.index() + 1 + k * 7) % world.nodes();
    const Node& publisher = world.node(other);
    if (&publisher == &node || !publisher.running()) continue;
    if (node.engine().find_stream(publisher.id(), publisher.streams()[k].id) == nullptr)
      return false;
  }
  return true;
}

}  // namespace

DomainCurve measure_domain(std::size_t nodes, std::uint64_t seed) {
  World world({.seed = seed, .lines = {}});
  const LanIndex lan = world.network().add_lan();
  DomainCurve curve;
  curve.nodes = nodes;
  curve.hearing_all = nodes <= whole_max ? nodes : hearing_all;
  // Who does not hear all of them cannot count them: it is told the period it would come to.
  const std::uint32_t period_ms =
      static_cast<std::uint32_t>(std::max<std::size_t>(2000, (nodes + 1) * 2 * 1000 / 200));
  for (std::size_t i = 0; i < nodes; ++i) {
    const bool hears_all = i < curve.hearing_all;
    if (!hears_all) world.engine_options().announce_period_ms = period_ms;
    Node& node = world.add_node(static_cast<MachineIndex>(i), {lan});
    world.network().set_prominent(node.index(), hears_all);
    add_types(node, i, nodes);
    // The last one joins later.
    const Duration when = i == 0 ? seconds(0) : Duration(world.random().below(1'000'000'000));
    if (i != 0) world.clock().after(when, [&node] { node.start(); });
  }
  world.run_for(seconds(1));
  const auto settled = [&] {
    for (std::size_t i = 1; i < curve.hearing_all; ++i)
      if (!knows_what_it_wants(world, world.node(i))) return false;
    return true;
  };
  const Duration begun = world.clock().now();
  while (!settled() && world.clock().now() < seconds(120)) world.run_for(milliseconds(100));
  curve.settled_s = static_cast<double>((world.clock().now() - begun).count()) / 1e9;
  const Duration period = milliseconds(period_ms);
  world.run_for(period);
  const std::uint64_t packets = world.control_packets(), bytes = world.control_bytes();
  const Duration window = std::max<Duration>(seconds(20), period);
  world.run_for(window);
  const double window_s = static_cast<double>(window.count()) / 1e9;
  curve.control_per_s = static_cast<double>(world.control_packets() - packets) / window_s;
  curve.control_bytes_per_s = static_cast<double>(world.control_bytes() - bytes) / window_s;
  Node& late = world.node(0);
  late.start();
  const Duration joined = world.clock().now();
  while (!knows_what_it_wants(world, late) && world.clock().now() - joined < seconds(60))
    world.run_for(milliseconds(1));
  curve.join_ms = static_cast<double>((world.clock().now() - joined).count()) / 1e6;
  for (std::size_t i = 0; i < curve.hearing_all; ++i) {
    world.node(i).count_memory();
    curve.memory_kib =
        std::max(curve.memory_kib, static_cast<double>(world.node(i).memory_bytes_max()) / 1024);
  }
  return curve;
}

namespace {
void print_repair(std::span<const RepairCurve> rows,
                  const std::function<void(const std::string&)>& line) {
  line(
      "| subscribers | round trip, ms | loss | NACKs per repair | repairs per message (theory) | "
      "late by p50 / p99 / p99.99 ms | delivered | named | missing |");
  line("|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
  for (const RepairCurve& row : rows) {
    const RepairCurve c = measure_repair(row, 1);
    line(text(
        "| %zu | %g | %g %%%s | %.2f | %.2f (%.2f) | %.1f / %.1f / %.1f | %llu of %llu | %llu | "
        "%llu |",
        c.subscribers, static_cast<double>(2 * c.one_way.count()) / 1e6, c.loss * 100,
        c.uplink ? ", for all at once" : "", c.nacks_per_repair, c.repairs_per_message, c.theory,
        c.p50_ms, c.p99_ms, c.p9999_ms, static_cast<unsigned long long>(c.delivered),
        static_cast<unsigned long long>(c.expected), static_cast<unsigned long long>(c.named),
        static_cast<unsigned long long>(c.missing)));
  }
  line("");
}
}  // namespace

void print_curves(std::size_t nodes_max, const std::function<void(const std::string&)>& line) {
  std::vector<RepairCurve> rows;
  for (std::size_t n = 10; n <= nodes_max; n *= 10) {
    for (const double loss : {0.01, 0.05, 0.2, 0.5})
      if (loss < 0.5 || n < 10'000) rows.push_back({.subscribers = n, .loss = loss});
    rows.push_back({.subscribers = n, .loss = 0.05, .uplink = true});
  }
  // The same farther apart, as over a wireless link or between sites.
  for (RepairCurve far :
       {RepairCurve{.subscribers = 100, .loss = 0.05}, RepairCurve{.subscribers = 50, .loss = 0.3},
        RepairCurve{.subscribers = 20, .loss = 0.5}}) {
    far.one_way = milliseconds(5);
    rows.push_back(far);
  }
  print_repair(rows, line);
  line(
      "| nodes | settled after a common start, s | control packets/s, all | control kB/s, all | "
      "one more joins, ms | memory of an engine, KiB |");
  line("|---:|---:|---:|---:|---:|---:|");
  for (std::size_t n = 10; n <= nodes_max; n *= 10) {
    const DomainCurve c = measure_domain(n, 1);
    line(text("| %zu | %.1f | %.0f | %.1f | %.0f | %.0f |", c.nodes, c.settled_s, c.control_per_s,
              c.control_bytes_per_s / 1000, c.join_ms, c.memory_kib));
  }
}

}  // namespace dts::sim
