// Data that is read before the control packets that describe it.
#include <proto/engine.hpp>

#include <gtest/gtest.h>

#include <proto/engine_harness.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {
namespace {

using namespace std::chrono_literals;
using testing::interest_in;
using testing::Network;
using testing::record_of;

// The first frame's type is behind the header.
bool is_data(const Network::Flight& f) {
  const auto type = static_cast<wire::FrameType>(f.bytes[wire::kHeaderBytes]);
  return type == wire::FrameType::data || type == wire::FrameType::fragment;
}

struct Early : ::testing::Test {
  Network net;
  Network::Node& publisher = net.add();
  Network::Node& subscriber = net.add();

  StreamId open(StreamRecord record) {
    const auto id = publisher.engine.open_stream(net.now, std::move(record), {}, publisher.out);
    EXPECT_TRUE(id.ok());
    net.collect(publisher);
    return *id;
  }
  void want(std::string name) {
    subscriber.engine.add_interest(net.now, interest_in(std::move(name)), subscriber.out);
    net.collect(subscriber);
  }
  // From now the subscriber reads what the publisher says of itself so much later than its data.
  void read_control_late(Duration time) {
    net.held_back = [time](const Network::Flight& f) {
      return f.from == 0 && !is_data(f) ? time : Duration(0);
    };
  }
  void expect_all(int count) const {
    ASSERT_EQ(subscriber.messages.size(), static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
      EXPECT_EQ(subscriber.messages[static_cast<std::size_t>(i)].bytes, std::to_string(i + 1));
    EXPECT_EQ(subscriber.count(Notice::Kind::gap), 0u);
    EXPECT_EQ(subscriber.engine.counters().data_unknown_stream, 0u);
    EXPECT_EQ(subscriber.engine.counters().data_unwanted, 0u);
  }
  // A packet of one small message, of anybody.
  static Bytes packet_of(const NodeId& node, std::uint64_t number, StreamId stream,
                         std::size_t size) {
    OpenPacket packet(domain_hash("default"), node);
    packet.limit(1400);
    const Bytes body(size, 'x');
    EXPECT_TRUE(packet.add(1, {{0, 1, 1, std::nullopt}}, stream, 1, 0, false, body));
    Outbox out;
    packet.seal(number, out);
    const ByteView bytes = out.bytes_of(out.packets.at(0));
    return Bytes(bytes.begin(), bytes.end());
  }
};

TEST_F(Early, data_read_before_the_first_announcement_of_its_node_is_kept) {
  want("t.A");
  const StreamId s = open(record_of("t.A"));
  read_control_late(40ms);
  net.start(publisher);
  net.start(subscriber);
  net.run(5ms);
  ASSERT_EQ(publisher.engine.subscribers_of(s), 1u);
  ASSERT_EQ(subscriber.engine.find_peer(publisher.engine.node()), nullptr);
  net.publish(publisher, s, "1");
  net.run(10ms);
  net.publish(publisher, s, "2");
  net.run(2s);
  expect_all(2);
}

TEST_F(Early, data_of_a_new_stream_read_before_its_record_is_kept) {
  want("t.A");
  net.start(publisher);
  net.start(subscriber);
  net.run(3s);
  ASSERT_TRUE(subscriber.engine.find_peer(publisher.engine.node())->streams_complete);
  read_control_late(40ms);
  const StreamId s = open(record_of("t.A"));
  net.publish(publisher, s, "1");
  net.run(10ms);
  net.publish(publisher, s, "2");
  net.run(2s);
  expect_all(2);
}

TEST_F(Early, a_stream_opened_just_after_the_start_begins_without_being_asked_for) {
  want("t.A");
  net.start(subscriber);
  net.run(3s);
  net.start(publisher);
  net.run(5ms);
  const StreamId s = open(record_of("t.A"));
  net.publish(publisher, s, "1");
  net.run(net.delay);
  expect_all(1);
}

TEST_F(Early, a_burst_of_a_thousand_messages_before_the_record_arrives_whole) {
  want("t.A");
  net.start(publisher);
  net.start(subscriber);
  net.run(3s);
  read_control_late(100ms);
  const StreamId s = open(record_of("t.A"));
  for (int i = 1; i <= 1000; ++i) net.publish(publisher, s, std::to_string(i));
  net.run(2s);
  expect_all(1000);
}

TEST_F(Early, what_of_a_burst_does_not_fit_is_named) {
  want("t.A");
  net.start(publisher);
  net.start(subscriber);
  net.run(3s);
  read_control_late(100ms);
  const StreamId s = open(record_of("t.A"));
  const int count = 8000;  // more than is kept for repair
  for (int i = 1; i <= count; ++i) net.publish(publisher, s, std::string(1000, 'b'));
  net.run(3s);
  Sequence named = 0;
  for (const Notice& n : subscriber.notices)
    if (n.kind == Notice::Kind::gap) named += n.to - n.from + 1;
  EXPECT_GT(named, 0u);
  EXPECT_GT(subscriber.messages.size(), 1500u);
  EXPECT_EQ(subscriber.messages.size() + named, static_cast<std::size_t>(count));
  EXPECT_GE(subscriber.engine.counters().data_unknown_stream, named);
}

TEST_F(Early, what_was_held_too_long_is_counted_and_named_when_the_stream_turns_out_wanted) {
  want("t.A");
  open(record_of("t.B"));
  net.start(publisher);
  net.start(subscriber);
  net.run(3s);
  net.drop = [](const Network::Flight& f) { return f.from == 0 && !is_data(f); };
  subscriber.engine.refresh(net.now, subscriber.out);  // its list is not complete any more
  net.collect(subscriber);
  const StreamId s = open(record_of("t.A"));
  for (int i = 1; i <= 3; ++i) net.publish(publisher, s, std::to_string(i));
  net.run(700ms);
  EXPECT_EQ(subscriber.engine.counters().data_unknown_stream, 3u);
  net.drop = [](const Network::Flight&) { return false; };
  net.run(4s);
  net.publish(publisher, s, "4");
  net.run(2s);
  Sequence named = 0;
  for (const Notice& n : subscriber.notices)
    if (n.kind == Notice::Kind::gap) named += n.to - n.from + 1;
  ASSERT_FALSE(subscriber.messages.empty());
  EXPECT_EQ(subscriber.messages.back().bytes, "4");
  EXPECT_EQ(subscriber.messages.size() + named, 4u);
}

TEST_F(Early, data_of_a_stream_that_is_not_wanted_is_held_once_and_then_dropped_at_once) {
  want("t.A");
  net.start(publisher);
  net.start(subscriber);
  net.run(3s);
  std::uint64_t number = 1000;
  const auto hear = [&] {
    const Bytes packet = packet_of(publisher.engine.node(), number++, 7, 100);
    subscriber.engine.receive(net.now, net.wall(), Path{0, 1, Network::address_of(1), true}, packet,
                              subscriber.out);
    net.collect(subscriber);
  };
  const std::uint64_t before = subscriber.engine.memory_bytes();
  hear();
  EXPECT_GT(subscriber.engine.memory_bytes(), before);
  net.run(1s);
  EXPECT_EQ(subscriber.engine.counters().data_unwanted, 1u);
  const std::uint64_t after = subscriber.engine.memory_bytes();
  hear();
  EXPECT_EQ(subscriber.engine.counters().data_unwanted, 2u);
  EXPECT_EQ(subscriber.engine.memory_bytes(), after);
}

TEST_F(Early, a_flood_of_strangers_stays_within_bounds_and_every_packet_is_counted) {
  want("t.A");
  net.start(subscriber);
  net.run(1s);
  const std::uint64_t before = subscriber.engine.memory_bytes();
  std::uint64_t heard = 0, most = 0;
  const auto hear = [&](const NodeId& node, std::uint64_t number, StreamId stream) {
    subscriber.engine.receive(net.now, net.wall(), Path{0, 1, Network::address_of(9), true},
                              packet_of(node, number, stream, 1200), subscriber.out);
    subscriber.out.clear();
    ++heard;
    most = std::max(most, subscriber.engine.memory_bytes());
  };
  for (std::uint32_t i = 0; i < 6000; ++i) {
    NodeId node{};
    node.bytes[0] = static_cast<std::uint8_t>(i);
    node.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    node.bytes[5] = 77;
    for (StreamId stream = 1; stream <= 3; ++stream) hear(node, stream, stream);
  }
  NodeId loud{};
  loud.bytes[5] = 78;
  for (std::uint32_t i = 1; i <= 4000; ++i) hear(loud, i, i);
  EXPECT_LT(most - before, 10u << 20);
  net.run(2s);
  EXPECT_EQ(subscriber.engine.counters().data_unknown_stream, heard);
  net.run(20s);
  EXPECT_LT(subscriber.engine.memory_bytes(), before + (1u << 20));
}

TEST_F(Early, a_type_withheld_from_an_unproven_address_follows_when_it_has_answered) {
  Bytes document(20'000);
  for (std::size_t i = 0; i < document.size(); ++i) document[i] = static_cast<std::uint8_t>(i * 7);
  const auto hash = base::sha256(document);
  TypeId type;
  std::copy_n(hash.begin(), 16, type.bytes.begin());
  publisher.engine.offer_document(type, document);
  subscriber.up = false;
  net.start(publisher);
  net.run(20ms);
  net.drop = [](const Network::Flight& f) { return f.from == 1 && !f.path.multicast; };
  subscriber.up = true;
  net.start(subscriber);
  net.run(5ms);  // its answer to the first challenge is lost
  net.drop = [](const Network::Flight&) { return false; };
  subscriber.engine.want_document(net.now, type, subscriber.out);
  net.run(10ms);
  EXPECT_GT(publisher.engine.counters().answers_withheld, 0u);
  EXPECT_EQ(subscriber.count(Notice::Kind::document), 1u);
}

}  // namespace
}  // namespace dts::proto
