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
  static bool holds(const Network::Flight& f, wire::FrameType type) {
    ByteView frames = ByteView(f.bytes).subspan(wire::kHeaderBytes);
    frames = frames.first(frames.size() - wire::kTrailerBytes);
    for (wire::Frame frame; wire::next_frame(frames, frame);)
      if (frame.type == type) return true;
    return false;
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

// A subscriber that the publisher counts misses nothing from then on, though it has not heard so.
TEST_F(Repair, begins_where_the_first_lost_answer_said) {
  for (int i = 0; i < 2; ++i) net.add();
  auto &a = net.nodes[0], &b = net.nodes[1];
  const StreamId s =
      *a.engine.open_stream(net.now, record_of("t.A", Delivery::event, 1), {}, a.out);
  net.start(a);
  net.run(2s);
  net.publish(a, s, "before");
  b.engine.add_interest(net.now, interest_in("t.A"), b.out);
  net.drop = [](const Network::Flight& f) {
    const auto frame = first_frame(f);
    return f.from == 0 && (frame == wire::FrameType::history || frame == wire::FrameType::data);
  };
  net.start(b);
  for (int i = 0; i < 1000 && a.engine.subscribers_of(s) == 0; ++i) net.run(100us);
  ASSERT_EQ(a.engine.subscribers_of(s), 1u);
  net.run(1ms);
  for (int i = 2; i <= 5; ++i) net.publish(a, s, std::to_string(i));
  net.drop = lossless;
  net.run(1s);
  expect_all(b, 5);
}

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

// Its wants are known and its address has not proven itself: nothing may be sent there yet.
TEST_F(Repair, brings_what_was_published_while_the_only_address_was_unproven) {
  for (const std::size_t size : {3u, 50'000u}) {
    Network fresh;
    fresh.add();
    fresh.add();
    auto &a = fresh.nodes[0], &b = fresh.nodes[1];
    b.engine.add_interest(fresh.now, testing::interest_matching("t.*"), b.out);
    fresh.drop = [](const Network::Flight& f) {
      return f.from == 1 && holds(f, wire::FrameType::response);
    };
    fresh.start(a);
    fresh.start(b);
    fresh.run(300ms);
    const StreamId s = *a.engine.open_stream(fresh.now, record_of("t.A"), {}, a.out);
    ASSERT_EQ(fresh.publish(a, s, std::string(size, 'x')), ErrorCode::ok);
    fresh.run(300ms);
    ASSERT_EQ(b.messages.size(), 0u);
    fresh.drop = lossless;
    fresh.run(2s);
    ASSERT_EQ(b.messages.size(), 1u);
    EXPECT_EQ(b.messages[0].bytes.size(), size);
    EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
  }
}

TEST_F(Repair, asks_for_a_beginning_again_when_its_publisher_is_heard_again) {
  for (int i = 0; i < 2; ++i) net.add();
  auto &a = net.nodes[0], &b = net.nodes[1];
  b.engine.add_interest(net.now, interest_in("t.A"), b.out);
  net.drop = [](const Network::Flight& f) { return holds(f, wire::FrameType::history_request); };
  net.start(a);
  net.start(b);
  net.run(1s);
  const StreamId s = *a.engine.open_stream(net.now, record_of("t.A"), {}, a.out);
  net.drop = [](const Network::Flight& f) {
    return holds(f, wire::FrameType::history_request) || holds(f, wire::FrameType::history) ||
           holds(f, wire::FrameType::data);
  };
  net.publish(a, s, "1");
  net.run(3s);
  ASSERT_EQ(b.messages.size(), 0u);
  net.drop = lossless;
  net.run(4s);
  expect_all(b, 1);
}

// Multicast goes silent one way; the last value is not followed by another one.
TEST_F(Repair, brings_the_last_value_when_unicast_takes_over) {
  const StreamId s = meet(1);
  auto &a = net.nodes[0], &b = net.nodes[1];
  net.publish(a, s, "1");
  net.run(1s);
  net.drop = [](const Network::Flight& f) { return f.path.multicast; };
  net.publish(a, s, "2");
  net.run(20s);
  expect_all(b, 2);
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
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

// More is missing at times than a receiver keeps account of, if the publisher goes on regardless.
TEST_F(Repair, brings_a_large_message_through_a_quarter_of_loss) {
  const StreamId s = meet(1);
  auto &a = net.nodes[0], &b = net.nodes[1];
  net.drop = [this](const Network::Flight&) { return random.chance(0.25); };
  const std::string large(12'000'000, 'x');
  net.publish(a, s, large);
  net.run(20s);
  ASSERT_EQ(b.messages.size(), 1u);
  EXPECT_TRUE(b.messages[0].bytes == large);
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

// A thousand holes that are noticed one by one are not asked for one by one.
TEST_F(Repair, asks_for_many_misses_together) {
  const StreamId s = meet(1);
  auto &a = net.nodes[0], &b = net.nodes[1];
  int nth = 0;
  net.drop = [&](const Network::Flight& f) {
    return first_frame(f) == wire::FrameType::data && ++nth % 3 == 0;
  };
  const Instant begin = net.now;
  const auto asked = [&] { return b.engine.counters().nacks_out; };
  for (int i = 1; i <= 3000; ++i) {
    net.publish(a, s, std::to_string(i));
    net.run(10us);
  }
  EXPECT_LE(asked(), (net.now - begin) / NackTimer::together + 1);
  net.drop = lossless;
  net.run(1s);
  expect_all(b, 3000);
}

// What is confirmed is not asked for again and again while it waits for its turn.
TEST_F(Repair, a_long_repair_is_waited_for) {
  const StreamId s = meet(1);
  auto &a = net.nodes[0], &b = net.nodes[1];
  std::uint64_t asked = 0;
  net.drop = [](const Network::Flight& f) { return f.from == 0; };
  net.publish(a, s, std::string(3'000'000, 'x'));
  net.run(1ms);
  net.drop = lossless;
  net.tap = [&](const Network::Flight& f) { asked += holds(f, wire::FrameType::nack); };
  net.run(3s);
  ASSERT_EQ(b.messages.size(), 1u);
  EXPECT_GT(asked, 0u);
  EXPECT_LE(asked, 40u) << "it takes more than 100 ms at the repair share";
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

TEST_F(Repair, waits_for_a_publisher_that_stands_still_for_a_while) {
  const StreamId s = meet(1);
  auto &a = net.nodes[0], &b = net.nodes[1];
  net.drop = [](const Network::Flight&) { return true; };
  net.publish(a, s, "1");
  net.run(1ms);
  net.drop = lossless;
  net.publish(a, s, "2");
  net.run(150us);
  const auto before = b.engine.counters().nacks_out;
  net.drop = [](const Network::Flight&) { return true; };
  net.run(2s);
  EXPECT_GE(b.engine.counters().nacks_out - before, 20u);
  EXPECT_LE(b.engine.counters().nacks_out - before, 34u) << "ever more rarely";
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
  net.drop = lossless;
  net.run(1500ms);
  expect_all(b, 2);
}

TEST_F(Repair, what_waited_while_the_publisher_stood_still_was_not_long_under_way) {
  const StreamId s = meet(1);
  auto &a = net.nodes[0], &b = net.nodes[1];
  net.publish(a, s, "1");
  net.run(30ms);  // a DIGEST: NACKs carry its stamp
  net.drop = [](const Network::Flight&) { return true; };
  net.publish(a, s, "2");
  net.run(1ms);
  net.drop = lossless;
  net.publish(a, s, "3");
  std::uint32_t advertised = 0;
  net.tap = [&](const Network::Flight& f) {
    if (f.from != 0 || first_frame(f) != wire::FrameType::digest) return;
    wire::Digest digest;
    const auto body = ByteView(f.bytes).subspan(wire::kHeaderBytes + wire::kFrameHeaderBytes);
    if (read(body, digest)) advertised = digest.audience.round_trip_us;
  };
  a.stopped_until = net.now + 1s;
  net.run(3s);
  expect_all(b, 3);
  ASSERT_GT(advertised, 0u);
  EXPECT_LT(advertised, 2000u);
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

TEST_F(Repair, a_large_group_hears_that_it_is_one_with_the_first_data) {
  // Each of them joined when the group was smaller, and nothing has been published since.
  const StreamId s = meet(40);
  auto& a = net.nodes[0];
  std::size_t nacks = 0;
  net.tap = [&](const Network::Flight& f) {
    if (!f.path.multicast && f.to == 0 && first_frame(f) == wire::FrameType::nack) ++nacks;
  };
  net.publish(a, s, "1");
  net.run(1ms);
  net.drop = [](const Network::Flight&) { return true; };
  net.publish(a, s, "2");
  net.drop = lossless;
  net.publish(a, s, "3");
  net.run(100ms);
  for (std::size_t i = 1; i <= 40; ++i) expect_all(net.nodes[i], 3);
  EXPECT_LE(nacks, 8u);
  EXPECT_GE(nacks, 1u);
}

TEST_F(Repair, a_nack_of_a_node_that_is_not_known_yet_hushes) {
  const StreamId s = meet(1);
  auto &a = net.nodes[0], &b = net.nodes[1];
  std::vector<Duration> asked;
  Instant missed{};
  net.tap = [&](const Network::Flight& f) {
    if (f.from == 1 && first_frame(f) == wire::FrameType::nack) asked.push_back(net.now - missed);
  };
  net.publish(a, s, "1");
  net.run(1ms);
  net.drop = [](const Network::Flight&) { return true; };
  net.publish(a, s, "2");
  net.drop = lossless;
  net.publish(a, s, "3");
  net.run(100us);
  missed = net.now;
  Bytes body, packet(wire::kHeaderBytes);
  wire::Writer writer(body), tail(packet);
  write(writer, wire::Nack{a.engine.node(), s, 0, 0, 0, {{2, 2}}}, 1300);
  NodeId stranger{};
  stranger.bytes[0] = 99;
  wire::write_header(packet.data(), {wire::kVersion, 0, domain_hash("default"), stranger, 1});
  tail.number(static_cast<std::uint8_t>(wire::FrameType::nack));
  tail.number(static_cast<std::uint16_t>(body.size()));
  tail.bytes(body);
  tail.number(base::crc32c(packet));
  b.engine.receive(net.now, net.wall(), Path{0, 1, Network::address_of(99), true}, packet, b.out);
  net.collect(b);
  net.run(20ms);
  ASSERT_EQ(asked.size(), 1u) << "nobody has repaired it: it asks after all";
  EXPECT_GE(asked[0], NackTimer::round_trip({}) + NackTimer::hold_off({})) << "but not at once";
  expect_all(b, 3);
}

TEST_F(Repair, who_loses_far_more_than_others_is_served_apart_until_it_does_not) {
  const StreamId s = meet(3);
  auto &a = net.nodes[0], &bad = net.nodes[3];
  double loss = 0.5;
  net.drop = [&](const Network::Flight& f) {
    return f.to == 3 && first_frame(f) == wire::FrameType::data && random.chance(loss);
  };
  std::uint64_t published = 0;
  const auto publish_for = [&](Duration time) {
    for (const Instant end = net.now + time; net.now < end; ++published) {
      net.publish(a, s, "x");
      net.run(5ms);
    }
  };
  publish_for(9s);
  EXPECT_EQ(a.count(Notice::Kind::receiver_isolated), 0u);
  EXPECT_EQ(bad.count(Notice::Kind::gap), 0u);
  publish_for(4s);
  ASSERT_EQ(a.count(Notice::Kind::receiver_isolated), 1u);
  EXPECT_TRUE(a.engine.find_peer(bad.engine.node())->isolated);
  EXPECT_GT(a.engine.counters().repairs_isolated, 0u);
  EXPECT_GT(bad.count(Notice::Kind::gap), 0u) << "what is not repaired is named";
  const auto repairs = a.engine.counters().repairs_out;
  publish_for(2s);
  EXPECT_LT(a.engine.counters().repairs_out - repairs, 60u) << "of some 200 that it lost";
  EXPECT_GT(net.nodes[1].engine.find_peer(bad.engine.node())->health.loss, 0.3f)
      << "everybody hears of it";
  loss = 0.02;
  publish_for(5s);
  EXPECT_EQ(a.count(Notice::Kind::receiver_restored), 1u);
  EXPECT_FALSE(a.engine.find_peer(bad.engine.node())->isolated);
  loss = 0;
  publish_for(1s);
  Sequence named = 0;
  for (const Notice& n : bad.notices)
    if (n.kind == Notice::Kind::gap) named += n.to - n.from + 1;
  net.run(1s);
  expect_all(bad, published, named);
  for (std::size_t i = 1; i <= 2; ++i) expect_all(net.nodes[i], published);
  net.run(30s);
  EXPECT_LT(net.nodes[1].engine.find_peer(bad.engine.node())->health.loss, 0.02f);
}

TEST_F(Repair, a_node_whose_own_buffer_overflows_says_so) {
  const StreamId s = meet(2);
  auto &a = net.nodes[0], &b = net.nodes[1];
  b.engine.receive_overflowed(net.now, 212'992);
  net.publish(a, s, "1");
  net.run(5s);
  const Health& health = net.nodes[2].engine.find_peer(b.engine.node())->health;
  EXPECT_TRUE(health.overflows);
  EXPECT_EQ(health.receive_buffer_bytes, 212'992u);
  net.run(20s);
  EXPECT_FALSE(net.nodes[2].engine.find_peer(b.engine.node())->health.overflows) << "it is over";
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
