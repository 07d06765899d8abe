// A stream that ends while its process goes on: nothing of it is lost without a word.
#include <gtest/gtest.h>

#include <proto/engine_harness.hpp>

namespace dts::proto {
namespace {

using namespace std::chrono_literals;
using testing::interest_in;
using testing::Network;
using testing::record_of;

struct Closing : ::testing::Test {
  Network net;
  Network::Node &a = net.add(), &b = net.add();
  StreamId s = *a.engine.open_stream(net.now, record_of("t.A"), {}, a.out);
  Closing() {
    b.engine.add_interest(net.now, interest_in("t.A"), b.out);
    net.start(a);
    net.start(b);
    net.run(2s);
  }
  void close() {
    a.engine.close_stream(net.now, s, a.out);
    net.collect(a);
  }
  static bool everything(const Network::Flight&) { return true; }
  static bool nothing(const Network::Flight&) { return false; }
};

TEST_F(Closing, a_lost_last_value_comes_though_its_stream_is_closed_at_once) {
  net.publish(a, s, "1");
  net.run(1ms);
  net.drop = everything;
  net.publish(a, s, "2");
  net.drop = nothing;
  close();
  EXPECT_EQ(net.publish(a, s, "3"), ErrorCode::closed);
  net.run(50ms);
  ASSERT_EQ(b.messages.size(), 2u);
  EXPECT_EQ(b.messages[1].bytes, "2");
  net.run(200ms);
  EXPECT_EQ(b.count(Notice::Kind::stream_closed), 1u);
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
}

TEST_F(Closing, a_large_message_that_is_being_sent_arrives) {
  net.publish(a, s, std::string(8'000'000, 'x'));
  close();
  net.run(1s);
  ASSERT_EQ(b.messages.size(), 1u);
  EXPECT_EQ(b.messages[0].bytes.size(), 8'000'000u);
  EXPECT_EQ(b.count(Notice::Kind::stream_closed), 1u);
}

TEST_F(Closing, who_hears_nothing_for_a_while_is_given_what_was_last) {
  net.publish(a, s, "1");
  net.run(1ms);
  net.drop = everything;
  net.publish(a, s, "2");
  close();
  net.run(4s);
  net.drop = nothing;
  net.run(4s);
  ASSERT_EQ(b.messages.size(), 2u);
  EXPECT_EQ(b.messages[1].bytes, "2");
  EXPECT_EQ(b.count(Notice::Kind::stream_closed), 1u);
}

TEST_F(Closing, it_goes_when_what_is_kept_of_it_is_too_old) {
  const std::uint64_t before = a.engine.memory_bytes();
  net.publish(a, s, std::string(1000, 'x'));
  close();
  net.run(1s);
  EXPECT_GT(a.engine.memory_bytes(), before);
  net.run(10s);
  EXPECT_LT(a.engine.memory_bytes(), before);
}

TEST_F(Closing, what_was_asked_for_too_late_is_named_at_once) {
  net.publish(a, s, "1");
  net.run(1ms);
  net.drop = everything;
  net.publish(a, s, "2");
  net.drop = [](const Network::Flight& f) { return f.from == 1; };  // whoever asks is not heard
  close();
  net.run(9500ms);
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
  EXPECT_EQ(b.count(Notice::Kind::stream_closed), 0u);
  net.run(600ms);
  net.drop = nothing;
  net.run(1600ms);
  EXPECT_EQ(b.count(Notice::Kind::gap), 1u);
  EXPECT_EQ(b.count(Notice::Kind::stream_closed), 1u);
}

TEST_F(Closing, many_closed_streams_are_not_all_kept) {
  for (int i = 0; i < 3000; ++i) {
    const auto id = a.engine.open_stream(net.now, record_of("t.A"), {}, a.out);
    ASSERT_TRUE(id.ok());
    net.publish(a, *id, "1");
    a.engine.close_stream(net.now, *id, a.out);
    net.collect(a);
    if (i % 50 == 0) net.run(1ms);
  }
  EXPECT_LT(a.engine.memory_bytes(), 8u << 20);
  net.run(20s);
  const auto id = a.engine.open_stream(net.now, record_of("t.A"), {}, a.out);
  ASSERT_TRUE(id.ok());
  net.publish(a, *id, "the last");
  net.run(1s);
  ASSERT_FALSE(b.messages.empty());
  EXPECT_EQ(b.messages.back().bytes, "the last");
}

TEST_F(Closing, the_last_values_are_not_lost_when_their_process_ends_as_well) {
  net.publish(a, s, "1");
  net.run(1ms);
  net.drop = everything;
  net.publish(a, s, "2");
  net.drop = nothing;
  close();
  a.engine.stop(net.now, a.out);
  net.collect(a);
  net.run(300ms);
  ASSERT_EQ(b.messages.size(), 2u);
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
  EXPECT_EQ(b.count(Notice::Kind::node_left), 1u);
}

}  // namespace
}  // namespace dts::proto
