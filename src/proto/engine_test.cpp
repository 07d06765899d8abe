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

}  // namespace
}  // namespace dts::proto
