// Flow control between engines in virtual time: streams that wait for the slowest, who is evicted
// and comes back, and commands that are confirmed.
#include <gtest/gtest.h>

#include <base/random.hpp>
#include <proto/engine_harness.hpp>
#include <proto/window.hpp>

namespace dts::proto {
namespace {

using namespace std::chrono_literals;
using testing::Network;

class Flow : public ::testing::Test {
 protected:
  Network net;
  Network::Node& a = net.add();
  Network::Node& b = net.add();
  StreamId stream = 0;

  static StreamRecord waiting() {
    StreamRecord record = testing::record_of("t.Value");
    record.waits = true;
    return record;
  }
  void begin(StreamRecord record = waiting()) {
    stream = *a.engine.open_stream(net.now, std::move(record), {}, a.out);
    net.start(a);
    for (Network::Node& node : net.nodes) {
      if (&node == &a) continue;
      node.engine.add_interest(net.now, testing::interest_in("t.Value"), node.out);
      net.start(node);
    }
    net.run(1s);
    for (Network::Node& node : net.nodes) {
      node.messages.clear();
      node.notices.clear();
    }
  }
  // As many as go at once, at most `most`.
  std::size_t fill(std::size_t bytes, std::size_t most = 1'000'000) {
    std::size_t n = 0;
    while (n < most && net.publish(a, stream, std::string(bytes, 'x'), false) == ErrorCode::ok) ++n;
    a.engine.flush(net.now, a.out);
    net.collect(a);
    return n;
  }
  // Publishes so many, waiting whenever it has to; the time it took.
  Duration publish_all(std::size_t count, std::size_t bytes, Duration step = 100us) {
    const Instant began = net.now;
    for (std::size_t sent = 0; sent < count;) {
      sent += fill(bytes, count - sent);
      net.run(step);
      if (net.now - began > 60s) break;
    }
    return net.now - began;
  }
};

// Each quarter of the window is reported when it is whole, lost reports are asked for soon, and the
// repairs of a window have been earned by sending it. Ten thousand packets each time.
TEST_F(Flow, at_twenty_percent_loss_the_window_moves_on_while_its_end_is_being_repaired) {
  begin();
  base::Random random(7);
  net.drop = [&](const Network::Flight&) { return random.chance(0.2); };
  Duration took{};
  for (int n = 0; n < 5; ++n) {
    took += publish_all(200'000, 64);
    net.run(1s);
  }
  EXPECT_LT(took, 900ms);
  EXPECT_EQ(b.messages.size(), 1'000'000u);
}

TEST_F(Flow, messages_larger_than_the_window_follow_each_other_at_once) {
  begin();
  const std::string large(4'000'000, 'x');
  for (std::size_t i = 0; i < 5; ++i) {
    const std::size_t told = a.count(Notice::Kind::writable);
    if (net.publish(a, stream, large) == ErrorCode::ok) continue;
    net.run(200ms);
    ASSERT_GT(a.count(Notice::Kind::writable), told) << "and it is not asked again";
    ASSERT_EQ(net.publish(a, stream, large), ErrorCode::ok);
  }
  net.run(1s);
  EXPECT_EQ(b.messages.size(), 5u);
  EXPECT_EQ(a.count(Notice::Kind::evicted), 0u);
}

TEST_F(Flow, a_lost_tail_that_is_not_repaired_holds_nobody_up) {
  StreamRecord record = waiting();
  record.delivery = Delivery::stream;
  begin(record);
  fill(100, 10);
  net.run(1s);
  net.drop = [](const Network::Flight& f) { return f.from == 0; };
  ASSERT_GT(fill(100), 100u);  // until the window is full, and nobody hears of it
  net.run(5ms);
  net.drop = [](const Network::Flight&) { return false; };
  net.run(300ms);
  EXPECT_EQ(a.count(Notice::Kind::writable), 1u);
  EXPECT_EQ(b.count(Notice::Kind::gap), 1u);
  EXPECT_EQ(net.publish(a, stream, "goes on"), ErrorCode::ok);
}

TEST_F(Flow, a_stream_that_waits_is_refused_when_its_receiver_is_silent_and_told_when_it_goes_on) {
  begin();
  bool silent = true;
  net.drop = [&](const Network::Flight& f) { return silent && f.from == 1; };
  EXPECT_LT(fill(64), 100'000u);
  EXPECT_EQ(net.publish(a, stream, "one more"), ErrorCode::would_block);
  EXPECT_EQ(a.engine.waiting_for(stream), std::vector<NodeId>{b.engine.node()});
  EXPECT_EQ(a.count(Notice::Kind::writable), 0u);
  silent = false;
  net.run(2s);
  EXPECT_EQ(a.count(Notice::Kind::writable), 1u);
  EXPECT_EQ(net.publish(a, stream, "one more"), ErrorCode::ok);
  net.run(2s);
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
  EXPECT_EQ(b.messages.back().bytes, "one more");
}

TEST_F(Flow, nothing_is_lost_on_the_way_to_a_receiver_that_loses_a_tenth_of_everything) {
  begin();
  std::uint64_t n = 0;
  net.drop = [&](const Network::Flight&) { return ++n % 10 == 0; };
  publish_all(30'000, 64);
  publish_all(40, 100'000);
  net.drop = [](const auto&) { return false; };
  net.run(2s);
  EXPECT_EQ(b.messages.size(), 30'040u);
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
  EXPECT_EQ(a.engine.counters().receivers_evicted, 0u);
}

TEST_F(Flow, the_receiver_says_how_much_may_be_on_its_way_and_no_more_is) {
  EngineOptions small = Network::options_of(3);
  Network::Node& c = net.nodes.emplace_back(std::move(small), std::uint64_t{3});
  c.number = 3;
  Capabilities able;
  able.groups = true;
  able.mtu_bytes = 1400;
  c.engine.add_transport(able, 64 << 10);
  c.engine.set_links(net.now, 0, net.links, c.out);
  begin();
  const std::size_t sent = a.bytes_sent;
  c.up = false;
  fill(1000);
  EXPECT_LE(a.bytes_sent - sent, 48u << 10);
  EXPECT_GE(a.bytes_sent - sent, 24u << 10);
}

TEST_F(Flow, while_the_application_holds_nothing_is_reported_and_release_lets_the_publisher_go_on) {
  begin();
  b.engine.hold(a.engine.node(), stream);
  fill(64);
  net.run(1s);
  EXPECT_EQ(net.publish(a, stream, "one more"), ErrorCode::would_block);
  EXPECT_EQ(a.count(Notice::Kind::writable), 0u);
  b.engine.release(net.now, a.engine.node(), stream, b.out);
  net.collect(b);
  net.run(10ms);
  EXPECT_EQ(a.count(Notice::Kind::writable), 1u);
  EXPECT_EQ(net.publish(a, stream, "one more"), ErrorCode::ok);
}

TEST_F(Flow, who_stands_still_for_five_seconds_is_evicted_with_a_notice_and_comes_back) {
  begin();
  b.engine.hold(a.engine.node(), stream);
  fill(64);
  net.run(4s);
  EXPECT_EQ(net.publish(a, stream, "x"), ErrorCode::would_block);
  EXPECT_EQ(a.count(Notice::Kind::evicted), 0u);
  net.run(2s);
  EXPECT_EQ(a.count(Notice::Kind::evicted), 1u);
  EXPECT_EQ(a.engine.counters().receivers_evicted, 1u);
  EXPECT_EQ(fill(64, 50'000), 50'000u);  // nobody is waited for
  net.run(1s);
  b.engine.release(net.now, a.engine.node(), stream, b.out);
  net.collect(b);
  fill(64, 30'000);  // it reports again
  net.run(1s);
  b.up = false;
  fill(64);
  EXPECT_EQ(net.publish(a, stream, "x"), ErrorCode::would_block);
}

TEST_F(Flow, who_has_died_while_another_was_waited_for_is_not_waited_for_as_long_again) {
  Network::Node& c = net.add();
  begin();
  b.engine.hold(a.engine.node(), stream);
  fill(64);
  net.run(100ms);  // c has reported all
  c.up = false;
  net.run(5s);
  EXPECT_EQ(a.count(Notice::Kind::evicted), 1u);
  fill(64);
  EXPECT_EQ(a.engine.waiting_for(stream), std::vector<NodeId>{c.engine.node()});
  net.run(900ms);
  EXPECT_EQ(a.count(Notice::Kind::evicted), 1u);  // it may only have had nothing to say
  net.run(200ms);
  EXPECT_EQ(a.count(Notice::Kind::evicted), 2u);
}

TEST_F(Flow, who_says_nothing_new_is_asked_more_and_more_rarely) {
  begin();
  b.engine.hold(a.engine.node(), stream);
  fill(64);
  const std::size_t sent = a.packets_sent;
  net.run(2s);
  EXPECT_LT(a.packets_sent - sent, 40u);
}

TEST_F(Flow, the_slowest_of_several_sets_the_pace) {
  Network::Node& c = net.add();
  begin();
  c.engine.hold(a.engine.node(), stream);
  fill(64);
  net.run(100ms);
  EXPECT_EQ(net.publish(a, stream, "x"), ErrorCode::would_block);
  EXPECT_EQ(a.engine.waiting_for(stream), std::vector<NodeId>{c.engine.node()});
}

TEST_F(Flow, a_receiver_that_leaves_is_waited_for_no_more) {
  begin();
  b.engine.hold(a.engine.node(), stream);
  fill(64);
  net.run(100ms);
  b.engine.stop(net.now, b.out);
  net.collect(b);
  b.up = false;
  net.run(1s);
  EXPECT_EQ(a.count(Notice::Kind::writable), 1u);
  EXPECT_EQ(net.publish(a, stream, "x"), ErrorCode::ok);
  EXPECT_EQ(a.engine.counters().receivers_evicted, 0u);
}

TEST_F(Flow, large_messages_wait_too_and_a_message_larger_than_the_window_goes_through) {
  begin();
  publish_all(20, 1 << 20, 1ms);
  net.run(1s);
  publish_all(1, 12 << 20, 1ms);
  net.run(5s);
  EXPECT_EQ(b.messages.size(), 21u);
  b.engine.hold(a.engine.node(), stream);
  const std::size_t sent = a.bytes_sent;
  EXPECT_LT(fill(1 << 20), 9u);
  net.run(1s);
  EXPECT_LT(a.bytes_sent - sent, 4u << 20);
  EXPECT_EQ(net.publish(a, stream, std::string(1 << 20, 'x')), ErrorCode::would_block);
  b.engine.release(net.now, a.engine.node(), stream, b.out);
  net.collect(b);
  net.run(1s);
  EXPECT_EQ(net.publish(a, stream, std::string(1 << 20, 'x')), ErrorCode::ok);
  net.run(1s);
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
}

// It was cut for those who were there.
TEST_F(Flow, who_comes_while_a_message_is_under_way_does_not_hold_it_up) {
  begin();
  bool deaf = true;
  std::size_t asked = 0;
  net.drop = [&](const Network::Flight& f) {
    const auto frame = static_cast<wire::FrameType>(f.bytes[wire::kHeaderBytes]);
    asked += f.from == 0 && f.to == 2 && frame == wire::FrameType::report;
    if (frame == wire::FrameType::fragment) return f.to == 2;
    return deaf && f.from == 1 && frame == wire::FrameType::progress;
  };
  ASSERT_EQ(net.publish(a, stream, std::string(12 << 20, 'x')), ErrorCode::ok);
  Network::Node& c = net.add();
  c.engine.add_interest(net.now, testing::interest_in("t.Value"), c.out);
  net.start(c);
  net.run(1s);
  ASSERT_EQ(b.messages.size(), 0u);
  deaf = false;
  net.run(2s);
  EXPECT_EQ(b.messages.size(), 1u);
  EXPECT_EQ(asked, 0u) << "it has been sent nothing";
}

TEST_F(Flow, reports_that_are_lost_are_asked_for) {
  begin();
  bool deaf = true;
  net.drop = [&](const Network::Flight& f) { return deaf && f.from == 1; };  // all that b says
  fill(64);
  net.run(500ms);
  EXPECT_EQ(net.publish(a, stream, "x"), ErrorCode::would_block);
  deaf = false;
  net.run(300ms);
  EXPECT_EQ(net.publish(a, stream, "x"), ErrorCode::ok);
}

TEST_F(Flow, a_command_is_confirmed_when_the_application_says_so_and_again_when_asked) {
  begin(testing::record_of("t.Value", Delivery::command));
  ASSERT_EQ(net.publish(a, stream, "open"), ErrorCode::ok);
  net.run(10ms);
  ASSERT_EQ(b.messages.size(), 1u);
  EXPECT_EQ(a.count(Notice::Kind::confirmed), 0u);
  a.engine.ask_again(net.now, stream, 1, a.out);
  net.collect(a);
  net.run(10ms);
  EXPECT_EQ(a.count(Notice::Kind::confirmed), 0u);
  net.drop = [](const auto&) { return true; };
  b.engine.confirm(net.now, a.engine.node(), stream, 1, b.out);
  net.collect(b);
  net.drop = [](const auto&) { return false; };
  net.run(10ms);
  EXPECT_EQ(a.count(Notice::Kind::confirmed), 0u);
  a.engine.ask_again(net.now, stream, 1, a.out);
  net.collect(a);
  net.run(10ms);
  ASSERT_EQ(a.count(Notice::Kind::confirmed), 1u);
  EXPECT_EQ(a.notices.back().from, 1u);
  EXPECT_EQ(a.notices.back().node, b.engine.node());
}

TEST_F(Flow, a_command_of_many_packets_is_not_confirmed_by_a_report_of_how_far_it_came) {
  StreamRecord record = testing::record_of("t.Value", Delivery::command);
  record.waits = true;  // means nothing for a command
  begin(record);
  for (std::size_t i = 0; i < 300; ++i) {  // a report is due every 128 KiB, here or there in one
    ASSERT_EQ(net.publish(a, stream, std::string(2900 + i, 'x')), ErrorCode::ok);
    net.run(10ms);
    ASSERT_EQ(b.messages.size(), i + 1);
    for (const Notice& notice : a.notices)
      EXPECT_FALSE(notice.kind == Notice::Kind::confirmed && notice.from == b.messages[i].last);
  }
}

TEST_F(Flow, a_command_is_never_replayed_and_one_that_was_withdrawn_is_named) {
  begin(testing::record_of("t.Value", Delivery::command));
  ASSERT_EQ(net.publish(a, stream, "one"), ErrorCode::ok);
  net.run(10ms);
  Network::Node& late = net.add();
  late.engine.add_interest(net.now, testing::interest_in("t.Value"), late.out);
  net.start(late);
  net.run(1s);
  EXPECT_EQ(late.messages.size(), 0u);
  net.drop = [](const auto&) { return true; };
  ASSERT_EQ(net.publish(a, stream, "two"), ErrorCode::ok);
  a.engine.withdraw(stream, 2);
  net.drop = [](const auto&) { return false; };
  ASSERT_EQ(net.publish(a, stream, "three"), ErrorCode::ok);
  net.run(1s);
  ASSERT_EQ(b.messages.size(), 2u);
  EXPECT_EQ(b.messages.back().bytes, "three");
  EXPECT_EQ(b.count(Notice::Kind::gap), 1u);
}

}  // namespace
}  // namespace dts::proto
