#include <proto/engine.hpp>

#include <gtest/gtest.h>

#include <proto/engine_harness.hpp>

namespace dts::proto {
namespace {

using namespace std::chrono_literals;
using testing::family_of;
using testing::interest_in;
using testing::interest_matching;
using testing::Network;
using testing::record_of;

struct Pair : ::testing::Test {
  Network net;
  Network::Node& a = net.add();
  Network::Node& b = net.add();
  StreamId open(Network::Node& node, StreamRecord record) {
    const auto id = node.engine.open_stream(net.now, std::move(record), {}, node.out);
    EXPECT_TRUE(id.ok());
    net.collect(node);
    return *id;
  }
  void want(Network::Node& node, Interest interest) {
    node.engine.add_interest(net.now, std::move(interest), node.out);
    net.collect(node);
  }
};

TEST_F(Pair, delivers_what_is_published_to_who_wants_it) {
  const StreamId s = open(a, record_of("t.A"));
  want(b, interest_in("t.A"));
  net.start(a);
  net.start(b);
  net.run(50ms);
  EXPECT_EQ(a.engine.subscribers_of(s), 1u);
  ASSERT_EQ(net.publish(a, s, "hello"), ErrorCode::ok);
  ASSERT_EQ(net.publish(a, s, ""), ErrorCode::ok);
  net.run(1s);
  ASSERT_EQ(b.messages.size(), 2u);
  EXPECT_EQ(b.messages[0].bytes, "hello");
  EXPECT_EQ(b.messages[0].family, "t.A");
  EXPECT_FALSE(b.messages[0].historic);
  EXPECT_EQ(b.messages[1].first, 2u);
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
}

TEST_F(Pair, gives_a_late_joiner_the_last_value_within_one_round_trip) {
  const StreamId s = open(a, record_of("t.A"));
  net.start(a);
  net.publish(a, s, "old");
  net.publish(a, s, "last");
  net.run(5s);
  want(b, interest_in("t.A"));
  net.start(b);
  net.run(2 * net.delay + 1us);
  ASSERT_EQ(b.messages.size(), 1u);
  EXPECT_EQ(b.messages[0].bytes, "last");
  EXPECT_TRUE(b.messages[0].historic);
  net.publish(a, s, "live");
  net.run(1s);
  ASSERT_EQ(b.messages.size(), 2u);
  EXPECT_EQ(b.messages[1].bytes, "live");
  EXPECT_FALSE(b.messages[1].historic);
}

TEST_F(Pair, sends_nothing_when_nobody_is_interested) {
  const StreamId s = open(a, record_of("t.A"));
  want(b, interest_in("t.B"));
  net.start(a);
  net.start(b);
  net.run(3s);
  const std::size_t before = a.packets_sent;
  net.publish(a, s, "x");
  EXPECT_EQ(a.packets_sent, before);
}

TEST_F(Pair, large_message_crosses_whole) {
  const StreamId s = open(a, record_of("t.A"));
  want(b, interest_in("t.A"));
  net.start(a);
  net.start(b);
  net.run(50ms);
  std::string large(5'000'000, 'x');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7 / 13);
  ASSERT_EQ(net.publish(a, s, large), ErrorCode::ok);
  net.publish(a, s, "after");
  net.run(2s);
  ASSERT_EQ(b.messages.size(), 2u);
  EXPECT_TRUE(b.messages[0].bytes == large);
  EXPECT_EQ(b.messages[1].bytes, "after");
}

TEST_F(Pair, names_exactly_what_a_stream_without_repair_lost) {
  const StreamId s = open(a, record_of("t.A", Delivery::stream));
  want(b, interest_in("t.A"));
  net.start(a);
  net.start(b);
  net.run(50ms);
  for (int i = 1; i <= 10; ++i) {
    net.drop = [&](const Network::Flight&) { return i == 4 || i == 5; };
    net.publish(a, s, std::to_string(i));
    net.run(1ms);
  }
  net.drop = [](const Network::Flight&) { return false; };
  net.run(10ms);
  ASSERT_EQ(b.messages.size(), 8u);
  for (std::size_t i = 1; i < b.messages.size(); ++i)
    EXPECT_LT(b.messages[i - 1].first, b.messages[i].first);
  ASSERT_EQ(b.count(Notice::Kind::gap), 1u);
  const Notice& gap = b.notices.back();
  EXPECT_EQ(gap.from, 4u);
  EXPECT_EQ(gap.to, 5u);
}

TEST_F(Pair, reordered_packets_are_put_in_order_without_a_gap) {
  const StreamId s = open(a, record_of("t.A"));
  want(b, interest_in("t.A"));
  net.start(a);
  net.start(b);
  net.run(50ms);
  net.delay = 2ms;
  net.publish(a, s, "1");
  net.delay = 100us;
  net.publish(a, s, "2");
  net.publish(a, s, "3");
  net.run(1s);
  ASSERT_EQ(b.messages.size(), 3u);
  EXPECT_EQ(b.messages[0].bytes, "1");
  EXPECT_EQ(b.messages[2].bytes, "3");
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
}

TEST_F(Pair, a_large_message_with_a_lost_fragment_is_named_whole_without_repair) {
  const StreamId s = open(a, record_of("t.A", Delivery::stream));
  want(b, interest_in("t.A"));
  net.start(a);
  net.start(b);
  net.run(50ms);
  int n = 0;
  net.drop = [&](const Network::Flight& f) { return f.bytes.size() > 1300 && ++n == 3; };
  net.publish(a, s, std::string(20'000, 'x'));
  net.publish(a, s, "after");
  net.run(1s);
  ASSERT_EQ(b.messages.size(), 1u);
  EXPECT_EQ(b.messages[0].bytes, "after");
  ASSERT_EQ(b.count(Notice::Kind::gap), 1u);
  EXPECT_EQ(b.notices.back().from, 1u);
  EXPECT_EQ(b.notices.back().to, b.messages[0].first - 1);
  EXPECT_EQ(b.engine.counters().gap_packets, b.messages[0].first - 1);
}

TEST_F(Pair, history_comes_first_and_in_order) {
  const StreamId s = open(a, record_of("t.A", Delivery::event, 5));
  net.start(a);
  for (int i = 1; i <= 9; ++i) net.publish(a, s, std::to_string(i));
  want(b, interest_in("t.A"));
  net.start(b);
  net.run(150us);
  net.publish(a, s, "10");
  net.run(1s);
  ASSERT_EQ(b.messages.size(), 6u);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(b.messages[i].bytes, std::to_string(i + 5));
  EXPECT_TRUE(b.messages[4].historic);
  EXPECT_FALSE(b.messages[5].historic);
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
}

TEST_F(Pair, history_larger_than_three_times_the_asking_comes_after_a_challenge) {
  const StreamId s = open(a, record_of("t.A", Delivery::event, 1));
  net.start(a);
  const std::string large(100'000, 'h');
  net.publish(a, s, large);
  want(b, interest_in("t.A"));
  net.start(b);
  net.run(4 * net.delay + 1us);
  ASSERT_EQ(b.messages.size(), 1u);
  EXPECT_TRUE(b.messages[0].bytes == large);
  EXPECT_GT(a.engine.counters().answers_withheld, 0u);
}

TEST_F(Pair, stream_profile_keeps_nothing) {
  const StreamId s = open(a, record_of("t.A", Delivery::stream, 9));
  net.start(a);
  net.publish(a, s, "1");
  want(b, interest_in("t.A"));
  net.start(b);
  net.run(50ms);
  EXPECT_EQ(b.messages.size(), 0u);
  net.publish(a, s, "2");
  net.run(50ms);
  ASSERT_EQ(b.messages.size(), 1u);
  EXPECT_EQ(b.messages[0].first, 2u);
}

TEST_F(Pair, a_stream_opened_later_reaches_who_already_waits) {
  want(b, interest_in("t.A"));
  net.start(a);
  net.start(b);
  net.run(3s);
  const StreamId s = open(a, record_of("t.A"));
  net.publish(a, s, "1");
  net.publish(a, s, "2");
  net.run(20ms);
  ASSERT_EQ(b.messages.size(), 2u);
  EXPECT_EQ(b.messages[0].bytes, "1");
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
  a.engine.close_stream(net.now, s, a.out);
  net.collect(a);
  net.run(1s);
  EXPECT_EQ(b.count(Notice::Kind::stream_closed), 1u);
  EXPECT_EQ(b.engine.find_stream(a.engine.node(), s), nullptr);
}

TEST_F(Pair, an_interest_added_later_gets_last_and_live_and_can_be_taken_back) {
  const StreamId s = open(a, record_of("t.A"));
  net.start(a);
  net.start(b);
  net.publish(a, s, "1");
  net.run(3s);
  const InterestId id = b.engine.add_interest(net.now, interest_in("t.A"), b.out);
  net.collect(b);
  net.run(20ms);
  ASSERT_EQ(b.messages.size(), 1u);
  EXPECT_EQ(a.engine.subscribers_of(s), 1u);
  b.engine.remove_interest(net.now, id, b.out);
  net.collect(b);
  net.run(20ms);
  EXPECT_EQ(a.engine.subscribers_of(s), 0u);
  net.publish(a, s, "2");
  net.run(20ms);
  want(b, interest_in("t.A"));
  net.run(20ms);
  ASSERT_EQ(b.messages.size(), 2u);
  EXPECT_EQ(b.messages[1].bytes, "2");
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
}

TEST_F(Pair, who_only_asks_for_the_last_values_is_no_subscriber) {
  const StreamId s = open(a, record_of("t.A"));
  net.start(a);
  net.publish(a, s, "1");
  Interest last = interest_in("t.A");
  last.live = false;
  want(b, last);
  net.start(b);
  net.run(100ms);
  EXPECT_EQ(b.messages.size(), 1u);
  EXPECT_EQ(a.engine.subscribers_of(s), 0u);
}

TEST_F(Pair, a_pattern_hears_every_family_it_matches) {
  const StreamId s = open(a, record_of("brewery.Temperature"));
  const StreamId t = open(a, record_of("house.Light"));
  want(b, interest_matching("brewery.*"));
  net.start(a);
  net.start(b);
  net.run(20ms);
  net.publish(a, s, "18.4");
  net.publish(a, t, "on");
  net.run(20ms);
  ASSERT_EQ(b.messages.size(), 1u);
  EXPECT_EQ(b.messages[0].family, "brewery.Temperature");
}

TEST_F(Pair, thousand_streams_arrive_within_250_ms_and_200_kB) {
  std::vector<StreamId> ids;
  for (int i = 0; i < 1000; ++i)
    ids.push_back(open(a, record_of("plant.section" + std::to_string(i) + ".Value")));
  net.start(a);
  for (StreamId id : ids) net.publish(a, id, "0123456789", false);
  net.run(3s);
  const auto control = [&] {
    return a.engine.counters().control_bytes_out + b.engine.counters().control_bytes_out;
  };
  const std::uint64_t before = control();
  for (int i = 0; i < 1000; ++i)
    want(b, interest_in("plant.section" + std::to_string(i) + ".Value"));
  net.start(b);
  net.run(250ms);
  EXPECT_EQ(b.messages.size(), 1000u);
  EXPECT_LT(control() - before, 200'000u);
  const PeerRecord* peer = b.engine.find_peer(a.engine.node());
  ASSERT_TRUE(peer);
  EXPECT_TRUE(peer->streams_complete);
  EXPECT_EQ(peer->streams.size(), 1000u);
}

TEST_F(Pair, an_idle_node_sends_at_most_one_packet_a_second_on_two_links) {
  net.links.push_back({2, "lo", "", true, false, 1400});
  for (auto& node : net.nodes) node.engine.set_links(net.now, 0, net.links, node.out);
  open(a, record_of("t.A"));
  want(b, interest_in("t.A"));
  net.start(a);
  net.start(b);
  net.run(10s);
  const std::size_t before = a.packets_sent;
  net.run(100s);
  EXPECT_LE(a.packets_sent - before, 100u);
  EXPECT_EQ(b.count(Notice::Kind::node_gone), 0u);
}

TEST_F(Pair, a_peer_that_says_goodbye_has_left_and_one_that_dies_is_gone) {
  Network::Node& c = net.add();
  net.start(a);
  net.start(b);
  net.start(c);
  net.run(1s);
  EXPECT_EQ(a.count(Notice::Kind::node_joined), 2u);
  b.engine.stop(net.now, b.out);
  net.collect(b);
  b.up = false;
  net.run(200ms);
  EXPECT_EQ(a.count(Notice::Kind::node_left), 1u);
  c.up = false;
  net.run(15s);
  EXPECT_EQ(a.count(Notice::Kind::node_gone), 1u);
  EXPECT_EQ(a.engine.find_peer(c.engine.node()), nullptr);
}

TEST_F(Pair, a_restarted_node_is_recognised) {
  net.start(a);
  net.start(b);
  net.run(1s);
  b.up = false;
  EngineOptions again = Network::options_of(2);
  again.node.bytes[3] = 99;
  Network::Node& c = net.add(again);
  net.start(c);
  net.run(20s);
  EXPECT_EQ(a.count(Notice::Kind::node_restarted), 1u);
  EXPECT_EQ(a.engine.find_peer(b.engine.node()), nullptr);
}

TEST_F(Pair, a_type_document_of_any_size_is_fetched_and_verified) {
  Bytes document(5000);
  for (std::size_t i = 0; i < document.size(); ++i) document[i] = static_cast<std::uint8_t>(i);
  const auto hash = base::sha256(document);
  TypeId type;
  std::copy_n(hash.begin(), 16, type.bytes.begin());
  StreamRecord record = record_of("t.A");
  record.type = type;
  ASSERT_TRUE(a.engine.open_stream(net.now, record, document, a.out).ok());
  want(b, interest_in("t.A"));
  net.start(a);
  net.start(b);
  net.run(20ms);
  b.engine.want_document(net.now, type, b.out);
  int n = 0;
  net.drop = [&](const Network::Flight& f) { return f.bytes.size() > 1000 && ++n == 2; };
  net.run(1s);
  EXPECT_EQ(b.count(Notice::Kind::document), 1u);
  const ByteView have = b.engine.document_of(type);
  EXPECT_TRUE(std::equal(have.begin(), have.end(), document.begin(), document.end()));
}

TEST_F(Pair, a_document_with_another_hash_is_not_believed) {
  TypeId type;
  type.bytes[0] = 1;
  a.engine.offer_document(type, Bytes{1, 2, 3});
  net.start(a);
  net.start(b);
  net.run(20ms);
  b.engine.want_document(net.now, type, b.out);
  net.run(1s);
  EXPECT_GT(b.engine.counters().document_mismatch, 0u);
  EXPECT_TRUE(b.engine.document_of(type).empty());
}

TEST_F(Pair, a_probe_is_answered_by_unicast_and_on_the_group) {
  net.start(a);
  net.start(b);
  net.run(20ms);
  a.engine.probe(net.now, 0, 1, std::nullopt, true, 77, a.out);
  net.collect(a);
  net.run(20ms);
  std::vector<Notice> answers;
  for (const Notice& n : a.notices)
    if (n.kind == Notice::Kind::probe_answer) answers.push_back(n);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].token, 77u);
  EXPECT_TRUE(answers[0].probe_multicast);
  EXPECT_EQ(answers[0].round_trip, 2 * net.delay);
  EXPECT_NE(answers[0].answer_multicast, answers[1].answer_multicast);
}

TEST_F(Pair, a_named_peer_is_reached_where_multicast_is_not) {
  net.drop = [](const Network::Flight& f) { return f.path.multicast; };
  const StreamId s = open(a, record_of("t.A"));
  want(b, interest_in("t.A"));
  net.publish(a, s, "last");
  net.start(a);
  b.engine.add_named_peer(net.now, Path{0, 1, Network::address_of(1), false}, b.out);
  net.start(b);
  net.run(1s);
  ASSERT_EQ(b.messages.size(), 1u);
  net.publish(a, s, "live");
  net.run(60s);
  ASSERT_EQ(b.messages.size(), 2u);
  EXPECT_EQ(b.count(Notice::Kind::node_gone), 0u);
  EXPECT_EQ(a.count(Notice::Kind::node_gone), 0u);
}

TEST_F(Pair, data_goes_by_unicast_when_multicast_falls_silent_and_unicast_lives) {
  const StreamId s = open(a, record_of("t.A"));
  want(b, interest_in("t.A"));
  a.engine.add_named_peer(net.now, Path{0, 1, Network::address_of(2), false}, a.out);
  b.engine.add_named_peer(net.now, Path{0, 1, Network::address_of(1), false}, b.out);
  net.start(a);
  net.start(b);
  net.run(5s);
  net.drop = [](const Network::Flight& f) { return f.path.multicast; };
  net.run(12s);
  EXPECT_EQ(a.count(Notice::Kind::multicast_blocked), 1u);
  net.publish(a, s, "by unicast");
  net.run(50ms);
  ASSERT_EQ(b.messages.size(), 1u);
  net.drop = [](const Network::Flight&) { return false; };
  net.run(5s);
  net.publish(a, s, "by multicast");
  net.run(50ms);
  EXPECT_EQ(b.messages.size(), 2u);
}

// Of the packets that are dropped from now on: those sent to groups, by one node or by all.
std::function<bool(const Network::Flight&)> no_multicast(std::optional<std::size_t> from = {}) {
  return [from](const Network::Flight& f) {
    return f.path.multicast && from.value_or(f.from) == f.from;
  };
}

TEST_F(Pair, multicast_that_stops_both_ways_is_noticed_before_anybody_is_given_up) {
  const StreamId s = open(a, record_of("t.A"));
  want(b, interest_in("t.A"));
  net.start(a);
  net.start(b);
  net.run(5s);
  net.drop = no_multicast();
  net.run(9s);
  net.publish(a, s, "by unicast");
  net.run(50ms);
  EXPECT_EQ(b.messages.size(), 1u);
  net.run(40s);
  EXPECT_EQ(a.count(Notice::Kind::multicast_blocked), 1u);
  EXPECT_EQ(a.count(Notice::Kind::node_gone) + b.count(Notice::Kind::node_gone), 0u);
}

TEST_F(Pair, what_was_published_while_multicast_was_found_to_be_silent_is_repaired) {
  const StreamId s = open(a, record_of("t.A"));
  want(b, interest_in("t.A"));
  net.start(a);
  net.start(b);
  net.run(5s);
  net.drop = no_multicast();
  for (int i = 0; i < 150; ++i) {
    net.publish(a, s, "x");
    net.run(100ms);
  }
  EXPECT_EQ(b.messages.size(), 150u);
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
}

TEST_F(Pair, a_publisher_is_told_that_its_multicast_is_not_heard_though_it_hears_the_other) {
  const StreamId s = open(a, record_of("t.A"));
  want(b, interest_in("t.A"));
  net.start(a);
  net.start(b);
  net.run(5s);
  net.drop = no_multicast(0);
  net.run(9s);
  net.publish(a, s, "by unicast");
  net.run(50ms);
  EXPECT_EQ(b.messages.size(), 1u);
  EXPECT_EQ(b.count(Notice::Kind::node_gone), 0u);
}

TEST_F(Pair, multicast_is_used_again_when_it_is_heard_again) {
  const StreamId s = open(a, record_of("t.A"));
  want(b, interest_in("t.A"));
  net.start(a);
  net.start(b);
  net.run(5s);
  net.drop = no_multicast();
  net.run(20s);
  net.drop = [](const Network::Flight&) { return false; };
  net.run(20s);
  bool multicast = false;
  net.tap = [&](const Network::Flight& f) { multicast |= f.path.multicast; };
  net.publish(a, s, "by multicast");
  EXPECT_TRUE(multicast);
  net.run(50ms);
  EXPECT_EQ(b.messages.size(), 1u);
}

TEST_F(Pair, who_stood_still_gives_nobody_up_before_a_period_has_passed) {
  net.start(a);
  net.start(b);
  net.run(5s);
  b.up = false;
  net.run(60s);
  b.up = true;
  b.engine.woke(net.now, b.out);
  const std::size_t sent = b.packets_sent;
  net.collect(b);
  EXPECT_GT(b.packets_sent, sent) << "announced at once";
  net.run(5s);
  EXPECT_EQ(b.count(Notice::Kind::node_gone), 0u);
  EXPECT_EQ(a.count(Notice::Kind::node_joined), 2u);
  b.engine.woke(net.now, b.out);
  a.up = false;
  net.run(15s);
  EXPECT_EQ(b.count(Notice::Kind::node_gone), 1u);
}

TEST_F(Pair, sixty_four_megabytes_cross_within_the_window) {
  const StreamId s = open(a, record_of("t.A", Delivery::state));
  want(b, interest_in("t.A"));
  net.start(a);
  net.start(b);
  net.run(50ms);
  std::size_t in_flight = 0, most = 0;
  net.tap = [&](const Network::Flight& f) {
    if (f.from == 0 && f.bytes.size() > 1000) most = std::max(most, ++in_flight * f.bytes.size());
    if (f.from == 1) in_flight -= std::min<std::size_t>(in_flight, (128 << 10) / 1331);
  };
  const std::string large(4 << 20, 'y');
  for (int i = 0; i < 4; ++i) EXPECT_EQ(net.publish(a, s, large), ErrorCode::ok);
  net.run(2s);
  EXPECT_EQ(b.messages.size(), 4u);
  EXPECT_LT(most, 5u << 20);
}

TEST_F(Pair, publishing_beyond_the_backlog_would_block_until_writable) {
  EngineOptions small = Network::options_of(3);
  small.backlog_bytes_max = 8 << 20;
  Network::Node& c = net.add(small);
  const StreamId s = open(c, record_of("t.A"));
  want(b, interest_in("t.A"));
  net.start(c);
  net.start(b);
  net.run(50ms);
  const std::string large(5 << 20, 'y');
  EXPECT_EQ(net.publish(c, s, large), ErrorCode::ok);
  EXPECT_EQ(net.publish(c, s, large), ErrorCode::would_block);
  EXPECT_EQ(c.count(Notice::Kind::writable), 0u);
  net.run(1s);
  EXPECT_EQ(c.count(Notice::Kind::writable), 1u);
  EXPECT_EQ(net.publish(c, s, large), ErrorCode::ok);
  net.run(1s);
  EXPECT_EQ(b.messages.size(), 2u);
  EXPECT_EQ(b.messages[1].first, b.messages[0].last + 1);
}

TEST_F(Pair, a_receiver_that_never_reports_holds_up_the_sender_for_a_moment_only) {
  const StreamId s = open(a, record_of("t.A"));
  want(b, interest_in("t.A"));
  net.start(a);
  net.start(b);
  net.run(50ms);
  net.drop = [](const Network::Flight& f) { return f.from == 1; };
  net.publish(a, s, std::string(30 << 20, 'z'));
  net.run(1s);  // from then on 50 MB/s
  EXPECT_EQ(b.messages.size(), 1u);
}

TEST_F(Pair, the_same_calls_and_seed_give_the_same_bytes) {
  const auto run = [] {
    Network world;
    base::Sha256 trace{};
    world.tap = [&](const Network::Flight& f) { trace = base::sha256({trace, f.bytes}); };
    auto& x = world.add();
    auto& y = world.add();
    auto id = x.engine.open_stream(world.now, record_of("t.A"), {}, x.out);
    y.engine.add_interest(world.now, interest_in("t.A"), y.out);
    world.start(x);
    world.start(y);
    for (int i = 0; i < 20; ++i) {
      world.publish(x, *id, std::string(static_cast<std::size_t>(i) * 400, 'a'));
      world.run(100ms);
    }
    return trace;
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace dts::proto
