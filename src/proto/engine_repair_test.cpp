// Repair between engines: whatever is lost comes again, or is named exactly.
#include <gtest/gtest.h>

#include <base/crc32c.hpp>
#include <base/random.hpp>
#include <proto/engine_harness.hpp>
#include <proto/engine_state.hpp>
#include <proto/repair_queue.hpp>

namespace dts::proto {
namespace {

using namespace std::chrono_literals;
using testing::interest_in;
using testing::Network;
using testing::record_of;

struct Repair : ::testing::Test {
  Network net;
  base::Random random{7};
  static constexpr auto lossless = [](const Network::Flight&) { return false; };

  static wire::FrameType first_frame(const Network::Flight& f) {
    return static_cast<wire::FrameType>(f.bytes[wire::kHeaderBytes]);
  }
  // A publisher of t.A and `subscribers`, all acquainted.
  StreamId meet(std::size_t subscribers, Delivery delivery = Delivery::event,
                std::uint32_t history = 1) {
    for (std::size_t i = 0; i <= subscribers; ++i) net.add();
    const StreamId s = *net.nodes[0].engine.open_stream(
        net.now, record_of("t.A", delivery, history), {}, net.nodes[0].out);
    for (std::size_t i = 1; i <= subscribers; ++i)
      net.nodes[i].engine.add_interest(net.now, interest_in("t.A"), net.nodes[i].out);
    for (auto& node : net.nodes) net.start(node);
    net.run(2s);
    return s;
  }
  // delivered + named = published, in order, once.
  void expect_all(const Network::Node& node, Sequence published, std::size_t named = 0) {
    std::vector<bool> seen(published + 1);
    Sequence before = 0, sum = 0;
    for (const auto& m : node.messages) {
      EXPECT_GT(m.first, before);
      before = m.last;
      for (Sequence s = m.first; s <= m.last; ++s) seen.at(s) = true;
    }
    for (const Notice& n : node.notices) {
      if (n.kind != Notice::Kind::gap) continue;
      for (Sequence s = n.from; s <= n.to; ++s, ++sum) {
        EXPECT_FALSE(seen.at(s)) << "named, and delivered or named before: " << s;
        seen.at(s) = true;
      }
    }
    EXPECT_EQ(sum, named);
    for (Sequence s = 1; s <= published; ++s)
      EXPECT_TRUE(seen[s]) << "neither came nor named: " << s;
  }
};

TEST_F(Repair, brings_what_was_lost_in_order_and_soon) {
  const StreamId s = meet(1);
  auto &a = net.nodes[0], &b = net.nodes[1];
  for (int i = 1; i <= 10; ++i) {
    if (i == 4) net.drop = [](const Network::Flight&) { return true; };
    if (i == 6) net.drop = lossless;
    net.publish(a, s, std::to_string(i));
    net.run(100us);
  }
  net.run(2ms);
  ASSERT_EQ(b.messages.size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(b.messages[i].bytes, std::to_string(i + 1));
  expect_all(b, 10);
  EXPECT_EQ(a.engine.counters().nacks_in, 1u);
  EXPECT_EQ(a.engine.counters().repairs_out, 2u);
}

TEST_F(Repair, brings_a_lost_tail) {
  const StreamId s = meet(1);
  auto &a = net.nodes[0], &b = net.nodes[1];
  net.publish(a, s, "1");
  net.run(10ms);
  net.drop = [](const Network::Flight&) { return true; };
  net.publish(a, s, "2");
  net.run(1ms);
  net.drop = lossless;
  net.run(25ms);
  ASSERT_EQ(b.messages.size(), 2u);
  EXPECT_EQ(b.messages[1].bytes, "2");
}

TEST_F(Repair, brings_a_lost_fragment_of_a_large_message) {
  const StreamId s = meet(1);
  auto &a = net.nodes[0], &b = net.nodes[1];
  int n = 0;
  net.drop = [&n](const Network::Flight& f) { return f.bytes.size() > 1300 && ++n % 5 == 3; };
  const std::string large(200'000, 'x');
  net.publish(a, s, large);
  net.publish(a, s, "after");
  net.run(200ms);
  ASSERT_EQ(b.messages.size(), 2u);
  EXPECT_TRUE(b.messages[0].bytes == large);
  EXPECT_EQ(b.messages[1].bytes, "after");
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
}

TEST_F(Repair, brings_everything_through_a_fifth_of_loss_both_ways) {
  const StreamId s = meet(3);
  auto& a = net.nodes[0];
  net.drop = [this](const Network::Flight&) { return random.chance(0.2); };
  for (int i = 1; i <= 2000; ++i) {
    net.publish(a, s, std::to_string(i));
    net.run(200us);
  }
  net.run(1s);
  for (std::size_t i = 1; i <= 3; ++i) expect_all(net.nodes[i], 2000);
}

TEST_F(Repair, brings_lost_history) {
  net.add();
  net.add();
  auto &a = net.nodes[0], &b = net.nodes[1];
  const StreamId s =
      *a.engine.open_stream(net.now, record_of("t.A", Delivery::event, 100), {}, a.out);
  net.start(a);
  for (int i = 1; i <= 100; ++i) net.publish(a, s, std::string(200, 'h'));
  b.engine.add_interest(net.now, interest_in("t.A"), b.out);
  int n = 0;
  net.drop = [&n](const Network::Flight& f) {
    return f.to == 1 && f.bytes.size() > 1000 && first_frame(f) == wire::FrameType::data &&
           ++n % 3 == 0;
  };
  net.start(b);
  net.run(1s);
  EXPECT_GT(n, 3);
  expect_all(b, 100);
}

TEST_F(Repair, names_at_once_what_the_publisher_no_longer_has) {
  EngineOptions small = Network::options_of(1);
  small.repair_bytes_per_stream_max = 4096;
  net.add(small);
  net.add();
  auto &a = net.nodes[0], &b = net.nodes[1];
  const StreamId s = *a.engine.open_stream(net.now, record_of("t.A"), {}, a.out);
  b.engine.add_interest(net.now, interest_in("t.A"), b.out);
  net.start(a);
  net.start(b);
  net.run(1s);
  net.publish(a, s, "first");
  net.run(1ms);
  net.drop = [](const Network::Flight&) { return true; };
  for (int i = 0; i < 50; ++i) net.publish(a, s, std::string(400, 'x'));
  net.run(1ms);
  net.drop = lossless;
  net.publish(a, s, "last");
  net.run(50ms);
  Sequence named = 0;
  for (const Notice& n : b.notices)
    if (n.kind == Notice::Kind::gap) {
      EXPECT_EQ(n.reason, Notice::GapReason::unavailable);
      named += n.to - n.from + 1;
    }
  EXPECT_GE(named, 40u);
  EXPECT_LT(named, 50u) << "what it still had came";
  expect_all(b, 52, named);
}

TEST_F(Repair, gives_up_a_dead_publisher_and_names_the_rest) {
  const StreamId s = meet(1);
  auto &a = net.nodes[0], &b = net.nodes[1];
  net.publish(a, s, "1");
  net.run(1ms);
  net.drop = [](const Network::Flight&) { return true; };
  net.publish(a, s, "2");
  net.run(1ms);
  net.drop = lossless;
  net.publish(a, s, "3");
  net.run(150us);
  a.up = false;
  net.run(20s);
  expect_all(b, 3, 1);
}

TEST_F(Repair, in_a_large_group_a_few_ask_and_all_are_answered_at_once) {
  const StreamId s = meet(40);
  auto& a = net.nodes[0];
  std::size_t nacks = 0;
  net.tap = [&](const Network::Flight& f) {
    if (!f.path.multicast && f.to == 0 && first_frame(f) == wire::FrameType::nack) ++nacks;
  };
  net.publish(a, s, "1");
  net.run(300ms);  // a digest has told the group's size
  const auto before = a.engine.counters().repairs_out;
  net.drop = [](const Network::Flight&) { return true; };
  net.publish(a, s, "2");
  net.drop = lossless;
  net.publish(a, s, "3");
  net.run(100ms);
  for (std::size_t i = 1; i <= 40; ++i) expect_all(net.nodes[i], 3);
  EXPECT_LE(nacks, 8u);
  EXPECT_GE(nacks, 1u);
  EXPECT_LE(a.engine.counters().repairs_out - before, 2u);
}

TEST_F(Repair, names_what_was_kept_for_a_wider_link_and_fits_no_packet_now) {
  net.add();
  net.add();
  auto &a = net.nodes[0], &b = net.nodes[1];
  const StreamId s =
      *a.engine.open_stream(net.now, record_of("t.A", Delivery::event, 4), {}, a.out);
  net.start(a);
  net.publish(a, s, std::string(1300, 'w'));
  net.publish(a, s, std::string(5000, 'w'));
  net.links[0].mtu_bytes = 600;
  for (auto* node : {&a, &b}) node->engine.set_links(net.now, 0, net.links, node->out);
  net.publish(a, s, "narrow");
  b.engine.add_interest(net.now, interest_in("t.A"), b.out);
  net.start(b);
  net.drop = [](const Network::Flight& f) { return f.bytes.size() > 600; };
  net.run(15s);
  Sequence named = 0;
  for (const Notice& n : b.notices)
    if (n.kind == Notice::Kind::gap) named += n.to - n.from + 1;
  expect_all(b, 6, named);
  EXPECT_EQ(named, 5u);
}

TEST_F(Repair, takes_no_more_than_its_share_whatever_is_asked) {
  const StreamId s = meet(1);
  auto &a = net.nodes[0], &b = net.nodes[1];
  for (int i = 0; i < 2000; ++i) {
    net.publish(a, s, std::string(1000, 'x'));
    net.run(10us);
  }
  net.run(1s);
  // Everything again, a thousand times, from a forged hand with b's name.
  const auto sent = a.bytes_sent;
  std::uint64_t number = 1'000'000;
  for (int round = 0; round < 1000; ++round) {
    Bytes body;
    wire::Writer writer(body);
    write(writer, wire::Nack{a.engine.node(), s, 0, 0, 0, {{1, 2000}}}, 1300);
    Bytes packet(wire::kHeaderBytes);
    wire::write_header(packet.data(),
                       {wire::kVersion, 0, domain_hash("default"), b.engine.node(), number++});
    wire::Writer tail(packet);
    tail.number(static_cast<std::uint8_t>(wire::FrameType::nack));
    tail.number(static_cast<std::uint16_t>(body.size()));
    tail.bytes(body);
    tail.number(base::crc32c(packet));
    a.engine.receive(net.now, net.wall(), Path{0, 1, Network::address_of(2), false}, packet, a.out);
    net.collect(a);
    net.run(1ms);
  }
  const auto seconds = 1.0;
  EXPECT_LE(static_cast<double>(a.bytes_sent - sent),
            1.1 * static_cast<double>(RepairQueue::floor_bytes_per_s) * seconds + 2e5);
}

}  // namespace
}  // namespace dts::proto
