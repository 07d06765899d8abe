#include <sim/network.hpp>

#include <gtest/gtest.h>

namespace dts::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Nodes without an engine: they note what they hear.
struct Heard {
  NodeIndex node;
  LinkIndex link;
  Address from;
  bool multicast;
  Bytes packet;
  Duration at;
};

struct NetworkTest : testing::Test {
  Clock clock;
  Trace trace;
  std::vector<Heard> heard;
  Network network{
      clock, trace, 7,
      [this](NodeIndex node, LinkIndex link, const Address& from, bool multicast, ByteView packet) {
        heard.push_back(
            {node, link, from, multicast, Bytes(packet.begin(), packet.end()), clock.now()});
      }};

  NodeIndex node(MachineIndex machine, const std::vector<LanIndex>& lans) {
    const NodeIndex index = network.add_node(machine, lans);
    network.open(index);
    return index;
  }
  LinkIndex link_of(NodeIndex index, const std::string& name) {
    for (const Link& link : network.links_of(index))
      if (link.name == name) return link.index;
    return 0;
  }
  void send(NodeIndex from, Group group, std::size_t size = 100, std::uint8_t fill = 1) {
    network.send(from, link_of(from, "eth0"), group, nullptr, Bytes(size, fill));
  }
  std::size_t count(NodeIndex index) {
    return static_cast<std::size_t>(
        std::count_if(heard.begin(), heard.end(), [&](const Heard& h) { return h.node == index; }));
  }
  void run(Duration d = seconds(10)) { clock.run_until(clock.now() + d); }
};

TEST_F(NetworkTest, a_group_is_heard_by_those_who_joined_it_and_comes_back_to_the_sender) {
  const LanIndex lan = network.add_lan();
  const NodeIndex a = node(0, {lan}), b = node(1, {lan}), c = node(2, {lan});
  network.join(b, {9});
  network.join(a, {9});
  send(a, 9);
  run();
  EXPECT_EQ(count(a), 1u);
  EXPECT_EQ(count(b), 1u);
  EXPECT_EQ(count(c), 0u);
  EXPECT_TRUE(heard.back().multicast);
  EXPECT_EQ(heard.back().link, link_of(b, "eth0"));
}

TEST_F(NetworkTest, everybody_hears_the_control_group) {
  const LanIndex lan = network.add_lan();
  const NodeIndex a = node(0, {lan}), b = node(1, {lan});
  send(a, 0);
  run();
  EXPECT_EQ(count(b), 1u);
}

TEST_F(NetworkTest, the_machines_own_link_stays_in_the_machine) {
  const LanIndex lan = network.add_lan();
  const NodeIndex a = node(0, {lan}), same = node(0, {lan}), other = node(1, {lan});
  network.send(a, link_of(a, "lo"), 0, nullptr, Bytes(10));
  run();
  EXPECT_EQ(count(same), 1u);
  EXPECT_EQ(count(other), 0u);
}

TEST_F(NetworkTest, lans_do_not_reach_each_other) {
  const LanIndex one = network.add_lan(), two = network.add_lan();
  const NodeIndex a = node(0, {one}), both = node(1, {one, two}), b = node(2, {two});
  send(a, 0);
  run();
  EXPECT_EQ(count(both), 1u);
  EXPECT_EQ(count(b), 0u);
  EXPECT_FALSE(network.same_lan(a, b));
  EXPECT_TRUE(network.same_lan(a, both));
}

TEST_F(NetworkTest, an_answer_reaches_the_address_a_packet_came_from) {
  const LanIndex lan = network.add_lan();
  const NodeIndex a = node(0, {lan}), b = node(1, {lan}), c = node(0, {lan});
  send(a, 0);
  run();
  const Address from = heard.back().from;
  heard.clear();
  network.send(b, link_of(b, "eth0"), 0, &from, Bytes(10));
  run();
  EXPECT_EQ(count(a), 1u);
  EXPECT_EQ(count(c), 0u);
  EXPECT_FALSE(heard.back().multicast);
}

TEST_F(NetworkTest, a_restarted_process_does_not_get_what_was_sent_to_the_old_one) {
  const LanIndex lan = network.add_lan();
  const NodeIndex a = node(0, {lan}), b = node(1, {lan});
  send(a, 0);
  run();
  const Address from = heard.back().from;
  heard.clear();
  network.close(a);
  network.open(a);
  network.send(b, link_of(b, "eth0"), 0, &from, Bytes(10));
  run();
  EXPECT_EQ(count(a), 0u);
  EXPECT_EQ(network.counters().gone, 1u);
}

TEST_F(NetworkTest, loss_is_as_often_as_asked) {
  const LanIndex lan = network.add_lan();
  const NodeIndex a = node(0, {lan}), b = node(1, {lan});
  network.faults.loss = 0.2;
  network.faults.receive_queue = 100000;
  for (int i = 0; i < 10000; ++i) send(a, 0);
  run();
  EXPECT_NEAR(static_cast<double>(count(b)), 8000, 200);
  EXPECT_EQ(network.counters().lost + count(b), 10000u);
}

TEST_F(NetworkTest, losses_come_in_bursts_of_the_asked_length) {
  const LanIndex lan = network.add_lan();
  const NodeIndex a = node(0, {lan}), b = node(1, {lan});
  network.faults.burst_begin = 0.01;
  network.faults.burst_end = 0.1;
  network.faults.receive_queue = 100000;
  for (int i = 0; i < 20000; ++i) send(a, 0, 4, static_cast<std::uint8_t>(i));
  run();
  int bursts = 0;
  std::uint8_t due = 0;
  for (const Heard& h : heard) {
    if (h.node != b) continue;
    bursts += h.packet[0] != due;
    due = static_cast<std::uint8_t>(h.packet[0] + 1);
  }
  const double lost = static_cast<double>(network.counters().burst_lost);
  EXPECT_NEAR(lost / bursts, 10, 2.5);
  EXPECT_NEAR(lost / 20000, 0.01 / 0.11, 0.03);
}

TEST_F(NetworkTest, order_is_kept_under_jitter_unless_reordering_is_asked_for) {
  const LanIndex lan = network.add_lan();
  const NodeIndex a = node(0, {lan}), b = node(1, {lan});
  const auto in_order = [&] {
    std::uint8_t due = 0;
    for (const Heard& h : heard)
      if (h.node == b && h.packet[0] != due++) return false;
    return true;
  };
  network.faults.jitter = milliseconds(5);
  for (int i = 0; i < 200; ++i) send(a, 0, 4, static_cast<std::uint8_t>(i));
  run();
  EXPECT_TRUE(in_order());
  heard.clear();
  network.faults.reorder = 0.1;
  for (int i = 0; i < 200; ++i) send(a, 0, 4, static_cast<std::uint8_t>(i));
  run();
  EXPECT_EQ(count(b), 200u);
  EXPECT_FALSE(in_order());
}

TEST_F(NetworkTest, duplicates_arrive_twice_and_corruption_flips_bits) {
  const LanIndex lan = network.add_lan();
  const NodeIndex a = node(0, {lan}), b = node(1, {lan});
  network.faults.duplicate = 1;
  send(a, 0);
  run();
  EXPECT_EQ(count(b), 2u);
  heard.clear();
  network.faults.duplicate = 0;
  network.faults.corrupt = 1;
  send(a, 0);
  run();
  ASSERT_EQ(count(b), 1u);
  EXPECT_NE(heard.back().packet, Bytes(100, 1));
  EXPECT_EQ(heard.back().packet.size(), 100u);
}

TEST_F(NetworkTest, a_partition_cuts_both_ways_and_deafness_one) {
  const LanIndex lan = network.add_lan();
  const NodeIndex a = node(0, {lan}), b = node(1, {lan});
  network.set_side(1, 1);
  send(a, 0);
  send(b, 0);
  run();
  EXPECT_EQ(heard.size(), 2u);  // the senders' own copies
  network.heal();
  heard.clear();
  network.set_deaf(b, true);
  send(a, 0);
  send(b, 0);
  run();
  EXPECT_EQ(count(a), 2u);
  EXPECT_EQ(count(b), 1u);
  network.heal();
  heard.clear();
  network.set_mute(b, true);
  send(a, 0);
  send(b, 0);
  run();
  EXPECT_EQ(count(a), 1u);
  EXPECT_EQ(count(b), 2u);
}

TEST_F(NetworkTest, a_clog_holds_packets_back_and_lets_them_go_in_order) {
  const LanIndex lan = network.add_lan();
  const NodeIndex a = node(0, {lan}), b = node(1, {lan});
  network.clog(b, seconds(2));
  for (std::uint8_t i = 0; i < 10; ++i) send(a, 0, 4, i);
  run();
  std::uint8_t due = 0;
  for (const Heard& h : heard) {
    if (h.node != b) continue;
    EXPECT_GE(h.at, seconds(2));
    EXPECT_EQ(h.packet[0], due++);
  }
  EXPECT_EQ(due, 10);
}

TEST_F(NetworkTest, a_paused_node_takes_its_queue_later_and_the_queue_has_an_end) {
  const LanIndex lan = network.add_lan();
  const NodeIndex a = node(0, {lan}), b = node(1, {lan});
  network.faults.receive_queue = 5;
  network.pause(b, true);
  for (int i = 0; i < 8; ++i) send(a, 0);
  run();
  EXPECT_EQ(count(b), 0u);
  EXPECT_EQ(network.counters().queue_full,
            3u + 2u);  // and the sender's own, all but the first taken
  network.pause(b, false);
  run();
  EXPECT_EQ(count(b), 5u);
}

TEST_F(NetworkTest, packets_longer_than_the_path_vanish) {
  const LanIndex lan = network.add_lan();
  const NodeIndex a = node(0, {lan}), b = node(1, {lan});
  network.faults.mtu_bytes = 500;
  send(a, 0, 501);
  send(a, 0, 500);
  run();
  EXPECT_EQ(count(b), 1u);
  EXPECT_EQ(network.counters().too_long, 1u);
}

TEST_F(NetworkTest, an_unplugged_machine_has_no_such_link) {
  const LanIndex lan = network.add_lan();
  const NodeIndex a = node(0, {lan}), b = node(1, {lan});
  network.set_plugged(1, lan, false);
  EXPECT_EQ(network.links_of(b).size(), 1u);
  send(a, 0);
  run();
  EXPECT_EQ(count(b), 0u);
}

TEST_F(NetworkTest, the_same_seed_gives_the_same_trace_and_another_seed_another) {
  const auto hash_with = [](std::uint64_t seed) {
    Clock c;
    Trace t;
    Network n(c, t, seed, [](NodeIndex, LinkIndex, const Address&, bool, ByteView) {});
    const LanIndex lan = n.add_lan();
    for (MachineIndex i = 0; i < 3; ++i) n.open(n.add_node(i, {lan}));
    base::Random random(3);
    n.faults = Faults::chaos(random);
    n.faults.loss = 0.3;
    for (int i = 0; i < 100; ++i) n.send(0, 2, 0, nullptr, Bytes(10, 1));
    c.run_until(seconds(1));
    return t.hash();
  };
  EXPECT_EQ(hash_with(1), hash_with(1));
  EXPECT_NE(hash_with(1), hash_with(2));
}

}  // namespace
}  // namespace dts::sim
