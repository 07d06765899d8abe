// Streams that are passed on: their records on the wire, and what an engine makes of several ways.
#include <gtest/gtest.h>

#include <proto/engine_harness.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {
namespace {

using namespace std::chrono_literals;
using testing::interest_in;
using testing::Network;
using testing::record_of;

StreamRecord relayed(HubId hub) {
  StreamRecord record = record_of("t.A");
  record.relay = {NodeId{}, 9, "far", "away", {hub}};
  record.relay.node.bytes[3] = 77;
  return record;
}

TEST(Relay, travels_in_the_record_of_its_stream) {
  StreamRecord record = relayed(5);
  record.relay.via = {1, 2, 3, 4, 5, 6, 7, 8};
  Bytes bytes;
  wire::Writer writer(bytes);
  write(writer, entry_of(record));
  wire::Reader reader(bytes);
  wire::StreamEntry entry;
  ASSERT_TRUE(read(reader, entry));
  EXPECT_EQ(dts::proto::record_of(entry).relay, record.relay);
}

TEST(Relay, of_more_than_eight_hubs_or_of_nobody_is_malformed) {
  const auto readable = [](const StreamRecord& record) {
    Bytes bytes;
    wire::Writer writer(bytes);
    write(writer, entry_of(record));
    wire::Reader reader(bytes);
    wire::StreamEntry entry;
    return read(reader, entry);
  };
  StreamRecord record = relayed(5);
  EXPECT_TRUE(readable(record));
  record.relay.via.assign(9, 1);
  EXPECT_FALSE(readable(record));
  record = relayed(5);
  record.relay.node = {};
  EXPECT_FALSE(readable(record));
  record = relayed(5);
  record.relay.stream = wire::kAnswerStreams;
  EXPECT_FALSE(readable(record));
}

TEST(Relay, a_want_says_through_which_hubs_it_has_come) {
  wire::WantEntry want;
  want.name = "t.*";
  want.via = {7, 8};
  Bytes bytes;
  wire::Writer writer(bytes);
  write(writer, want);
  wire::Reader reader(bytes);
  wire::WantEntry back;
  ASSERT_TRUE(read(reader, back));
  EXPECT_EQ(back.via, want.via);
  EXPECT_TRUE(reader.done());
}

struct Ways : ::testing::Test {
  Network net;
  // Two that pass on the same stream, and one who wants it.
  StreamId open(Network::Node& node, HubId hub, Sequence next) {
    const StreamRecord record = relayed(hub);
    const StreamId id = *node.engine.open_stream(net.now, record, {}, node.out);
    node.engine.begin_relay(id, next);
    node.engine.give_relay(net.now, id, node.out);
    node.engine.show_relay(net.now, id, true, record.relay.via, node.out);
    net.collect(node);
    return id;
  }
  void pass(Network::Node& node, StreamId id, Sequence first, Sequence last,
            std::size_t bytes = 3) {
    const std::string text(bytes, 'x');
    MessageView view{as_bytes(text), net.wall()};
    view.first = first;
    view.last = last;
    (void)node.engine.publish(net.now, id, view, node.out);
    node.engine.flush(net.now, node.out);
    net.collect(node);
    net.run(5ms);
  }
  Network::Node& add(HubId hub) {
    EngineOptions options = Network::options_of(static_cast<std::uint8_t>(net.nodes.size() + 1));
    options.hub = hub;
    return net.add(options);
  }
  static std::vector<Sequence> firsts(const Network::Node& node) {
    std::vector<Sequence> all;
    for (const auto& m : node.messages) all.push_back(m.first);
    return all;
  }
};

TEST_F(Ways, each_sequence_of_the_origin_is_handed_out_once_under_its_name) {
  auto &one = add(11), &two = add(12), &subscriber = add(0);
  subscriber.engine.add_interest(net.now, interest_in("t.A"), subscriber.out);
  for (auto& node : net.nodes) net.start(node);
  net.run(1s);
  const StreamId first = open(one, 11, 100), second = open(two, 12, 100);
  net.run(1s);
  for (Sequence s = 100; s < 105; ++s) {
    pass(one, first, s, s);
    pass(two, second, s, s);
  }
  net.run(1s);
  EXPECT_EQ(firsts(subscriber), (std::vector<Sequence>{100, 101, 102, 103, 104}));
  for (const auto& m : subscriber.messages) {
    EXPECT_EQ(m.node, relayed(0).relay.node);
    EXPECT_EQ(m.stream, 9u);
  }
  EXPECT_EQ(subscriber.engine.counters().relay_duplicate, 5u);
}

TEST_F(Ways, a_new_way_brings_what_the_last_one_did_not) {
  auto &one = add(11), &two = add(12), &subscriber = add(0);
  subscriber.engine.add_interest(net.now, interest_in("t.A"), subscriber.out);
  for (auto& node : net.nodes) net.start(node);
  net.run(1s);
  const StreamId first = open(one, 11, 100), second = open(two, 12, 100);
  two.engine.show_relay(net.now, second, false, {12}, two.out);
  net.run(1s);
  for (Sequence s = 100; s < 110; ++s) {
    if (s < 105) pass(one, first, s, s);
    pass(two, second, s, s);
  }
  one.engine.close_stream(net.now, first, one.out);
  net.collect(one);
  two.engine.show_relay(net.now, second, true, {12}, two.out);
  net.run(2s);
  EXPECT_EQ(firsts(subscriber),
            (std::vector<Sequence>{100, 101, 102, 103, 104, 105, 106, 107, 108, 109}));
  EXPECT_EQ(subscriber.count(Notice::Kind::gap), 0u);
}

TEST_F(Ways, what_the_hub_has_not_got_is_named_by_the_origins_sequences) {
  auto &hub = add(11), &subscriber = add(0);
  subscriber.engine.add_interest(net.now, interest_in("t.A"), subscriber.out);
  for (auto& node : net.nodes) net.start(node);
  net.run(1s);
  const StreamId id = open(hub, 11, 100);
  net.run(1s);
  pass(hub, id, 100, 100);
  pass(hub, id, 104, 104);         // 101..103 were named to the hub
  pass(hub, id, 105, 111, 9'000);  // seven packets at the origin
  hub.engine.skip_relay(net.now, id, 120, hub.out);
  net.collect(hub);
  net.run(2s);
  EXPECT_EQ(firsts(subscriber), (std::vector<Sequence>{100, 104, 105}));
  std::vector<std::pair<Sequence, Sequence>> gaps;
  for (const Notice& n : subscriber.notices)
    if (n.kind == Notice::Kind::gap) gaps.emplace_back(n.from, n.to);
  EXPECT_EQ(gaps, (std::vector<std::pair<Sequence, Sequence>>{{101, 103}, {112, 119}}));
}

// By one way 101..109 will not come, the other may still bring them.
struct UnwantedWays : Ways, ::testing::WithParamInterface<bool> {};
TEST_P(UnwantedWays, name_nothing_to_who_does_not_want_it_any_more) {
  auto &one = add(11), &two = add(12), &subscriber = add(0);
  const InterestId want =
      subscriber.engine.add_interest(net.now, interest_in("t.A"), subscriber.out);
  for (auto& node : net.nodes) net.start(node);
  net.run(1s);
  const StreamId first = open(one, 11, 100), second = open(two, 12, 100);
  net.run(1s);
  pass(one, first, 100, 100);
  pass(two, second, 100, 100);
  auto& ahead = GetParam() ? one : two;
  ahead.engine.skip_relay(net.now, GetParam() ? first : second, 110, ahead.out);
  net.collect(ahead);
  net.run(1s);
  subscriber.engine.remove_interest(net.now, want, subscriber.out);
  net.collect(subscriber);
  net.run(1s);
  EXPECT_EQ(firsts(subscriber), std::vector<Sequence>{100});
  EXPECT_EQ(subscriber.count(Notice::Kind::gap), 0u);
}
INSTANTIATE_TEST_SUITE_P(EitherAhead, UnwantedWays, ::testing::Bool());

TEST_F(Ways, history_of_a_way_is_none_behind_what_another_brought_live) {
  auto &one = add(11), &two = add(12), &subscriber = add(0);
  const StreamId first = open(one, 11, 100), second = open(two, 12, 100);
  for (Sequence s = 100; s < 105; ++s) pass(one, first, s, s);
  pass(two, second, 100, 100);
  for (auto& node : net.nodes) net.start(node);
  net.run(1s);
  subscriber.engine.add_interest(net.now, interest_in("t.A"), subscriber.out);
  net.run(1s);
  pass(two, second, 106, 106);
  pass(one, first, 105, 105);
  pass(one, first, 107, 107);
  net.run(1s);
  bool live = false;
  for (const auto& m : subscriber.messages) {
    EXPECT_FALSE(live && m.historic) << m.first;
    live |= !m.historic;
  }
  EXPECT_TRUE(live);
}

TEST_F(Ways, our_own_stream_that_comes_back_is_not_ours_to_hear) {
  auto &hub = add(11), &self = add(0);
  self.engine.add_interest(net.now, interest_in("t.A"), self.out);
  for (auto& node : net.nodes) net.start(node);
  net.run(1s);
  StreamRecord record = relayed(11);
  record.relay.node = self.engine.node();
  const StreamId id = *hub.engine.open_stream(net.now, record, {}, hub.out);
  hub.engine.begin_relay(id, 1);
  hub.engine.give_relay(net.now, id, hub.out);
  hub.engine.show_relay(net.now, id, true, {11}, hub.out);
  net.collect(hub);
  net.run(1s);
  pass(hub, id, 1, 1);
  net.run(1s);
  EXPECT_TRUE(self.messages.empty());
}

TEST_F(Ways, a_message_cut_for_larger_packets_is_refused_and_named) {
  auto &hub = add(11), &subscriber = add(0);
  subscriber.engine.add_interest(net.now, interest_in("t.A"), subscriber.out);
  for (auto& node : net.nodes) net.start(node);
  net.run(1s);
  const StreamId id = open(hub, 11, 1);
  net.run(1s);
  const std::string text(5'000, 'x');
  MessageView view{as_bytes(text), net.wall()};
  view.first = 1;
  view.last = 3;  // 1,667 bytes each
  const auto refused = hub.engine.publish(net.now, id, view, hub.out);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::too_large);
  net.collect(hub);
  pass(hub, id, 4, 4);
  net.run(1s);
  EXPECT_EQ(firsts(subscriber), std::vector<Sequence>{4});
}

}  // namespace
}  // namespace dts::proto
