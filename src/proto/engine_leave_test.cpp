// Leaving the domain: the last values are not lost with who published them.
#include <gtest/gtest.h>

#include <proto/engine_harness.hpp>

namespace dts::proto {
namespace {

using namespace std::chrono_literals;
using testing::interest_in;
using testing::Network;
using testing::record_of;

struct Leave : ::testing::Test {
  Network net;
  Network::Node &a = net.add(), &b = net.add();
  StreamId s = *a.engine.open_stream(net.now, record_of("t.A"), {}, a.out);
  Leave() {
    b.engine.add_interest(net.now, interest_in("t.A"), b.out);
    net.start(a);
    net.start(b);
    net.run(2s);
  }
  void stop(Network::Node& node) {
    node.engine.stop(net.now, node.out);
    net.collect(node);
  }
  static bool everything(const Network::Flight&) { return true; }
  static bool nothing(const Network::Flight&) { return false; }
};

TEST_F(Leave, a_lost_last_value_comes_though_its_publisher_leaves_at_once) {
  net.publish(a, s, "1");
  net.run(1ms);
  net.drop = everything;
  net.publish(a, s, "2");
  net.drop = nothing;
  stop(a);
  EXPECT_TRUE(a.engine.leaving());
  net.run(50ms);
  EXPECT_FALSE(a.engine.leaving());
  ASSERT_EQ(b.messages.size(), 2u);
  EXPECT_EQ(b.messages[1].bytes, "2");
  net.run(1s);
  EXPECT_EQ(b.count(Notice::Kind::node_left), 1u) << "the last that is heard is a goodbye";
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
}

TEST_F(Leave, what_cannot_be_repaired_any_more_is_named) {
  net.publish(a, s, "1");
  net.run(1ms);
  net.drop = everything;
  net.publish(a, s, "2");
  net.publish(a, s, std::string(9000, 'x'));
  net.drop = nothing;
  stop(a);
  a.up = false;
  net.run(200ms);
  ASSERT_EQ(b.messages.size(), 1u);
  ASSERT_EQ(b.count(Notice::Kind::gap), 1u);
  for (const Notice& n : b.notices) {
    if (n.kind != Notice::Kind::gap) continue;
    EXPECT_EQ(n.from, 2u);
    EXPECT_EQ(n.to, 9u) << "also of what had not been sent yet";
  }
  EXPECT_EQ(b.count(Notice::Kind::node_left), 1u);
}

TEST_F(Leave, a_goodbye_is_believed_though_the_first_is_lost) {
  net.drop = everything;
  net.publish(a, s, "1");
  stop(a);
  net.run(1ms);
  net.drop = nothing;
  net.run(200ms);
  ASSERT_EQ(b.messages.size(), 1u);
  EXPECT_EQ(b.count(Notice::Kind::node_left), 1u);
}

TEST_F(Leave, who_has_published_nothing_lately_leaves_at_once) {
  net.publish(a, s, "1");
  net.run(2s);
  stop(a);
  EXPECT_FALSE(a.engine.leaving());
  stop(b);
  EXPECT_FALSE(b.engine.leaving());
  net.run(200ms);
  EXPECT_EQ(b.count(Notice::Kind::node_left), 1u);
}

TEST_F(Leave, nobody_is_kept_by_those_who_go_on_asking) {
  net.drop = [](const Network::Flight& f) { return f.from == 0; };  // no repair ever comes
  net.publish(a, s, "1");
  net.run(1ms);
  net.drop = [](const Network::Flight& f) {
    return f.from == 0 &&
           static_cast<wire::FrameType>(f.bytes[wire::kHeaderBytes]) == wire::FrameType::data;
  };
  stop(a);
  net.run(101ms);
  EXPECT_FALSE(a.engine.leaving());
  net.run(200ms);
  EXPECT_EQ(b.count(Notice::Kind::gap), 1u);
  EXPECT_EQ(b.count(Notice::Kind::node_left), 1u);
}

// Whoever takes it is on a busy machine: for a while nothing is heard of it.
TEST_F(Leave, a_large_value_is_whole_before_its_publisher_leaves) {
  int packets = 0;
  bool mute = false;
  net.drop = [&](const Network::Flight& f) { return (mute && f.from == 1) || ++packets % 5 == 0; };
  net.publish(a, s, std::string(4u << 20, 'x'));
  net.run(2ms);
  mute = true;
  stop(a);
  net.run(250ms);
  mute = false;
  EXPECT_TRUE(a.engine.leaving());
  net.run(9s);
  EXPECT_FALSE(a.engine.leaving());
  ASSERT_EQ(b.messages.size(), 1u);
  EXPECT_EQ(b.messages[0].bytes.size(), 4u << 20);
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
  EXPECT_EQ(b.count(Notice::Kind::node_left), 1u);
}

TEST_F(Leave, nobody_is_kept_by_who_is_dead) {
  net.publish(a, s, std::string(4u << 20, 'x'));
  net.run(2ms);
  b.up = false;
  stop(a);
  net.run(3s);
  EXPECT_FALSE(a.engine.leaving());
}

}  // namespace
}  // namespace dts::proto
