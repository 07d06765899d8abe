// Queries between engines: asked once, answered once by each, repeated when lost, bounded when
// hostile. The tables of their own first.
#include <proto/queries.hpp>

#include <gtest/gtest.h>

#include <base/crc32c.hpp>
#include <proto/engine_harness.hpp>

namespace dts::proto {
namespace {

using namespace std::chrono_literals;
using testing::family_of;
using testing::interest_in;
using testing::interest_matching;
using testing::Network;
using testing::record_of;

NodeId node_of(std::uint8_t number) {
  NodeId node;
  node.bytes[0] = number;
  return node;
}

TEST(Parts, are_complete_when_each_was_said_once) {
  Parts parts;
  EXPECT_FALSE(parts.complete());
  EXPECT_EQ(parts.add(1, 2), Parts::Said::fresh);
  EXPECT_EQ(parts.add(1, 2), Parts::Said::again);
  EXPECT_FALSE(parts.complete());
  EXPECT_EQ(parts.add(0, 3), Parts::Said::absurd) << "they were two";
  EXPECT_EQ(parts.add(0, 2), Parts::Said::fresh);
  EXPECT_TRUE(parts.complete());
  EXPECT_EQ(Parts().add(0, 60'000), Parts::Said::absurd);
}

TEST(AskedQueries, are_repeated_with_growing_distance) {
  AskedQueries asked(2);
  const Instant start{};
  asked.open(start, 7, {}, {});
  std::vector<Duration> at;
  for (Instant now = start; now < start + 3s; now += 50ms)
    if (!asked.take_due(now).empty()) at.push_back(now - start);
  EXPECT_EQ(at, (std::vector<Duration>{100ms, 300ms, 700ms, 1700ms, 2700ms}));
  EXPECT_FALSE(asked.full());
  asked.open(start, 8, {}, {});
  EXPECT_TRUE(asked.full());
}

struct Heard : ::testing::Test {
  HeardQueries heard{4, 2, 10s};
  Instant now{};
  std::vector<StreamId> lost;
  HeardQueries::Outcome hear(std::uint8_t node, QueryToken token) {
    Question q;
    q.name = "t.A";
    return heard.hear(now, node_of(node), token, q, 0s, lost);
  }
  void say(std::uint8_t node, QueryToken token, StreamId stream) {
    heard.take_due(now);
    EXPECT_TRUE(heard.say(*heard.find(node_of(node), token), 0, 1, {}, stream));
  }
};

TEST_F(Heard, a_token_is_fresh_once_and_told_once) {
  EXPECT_EQ(hear(1, 5), HeardQueries::Outcome::fresh);
  EXPECT_EQ(heard.take_due(now).size(), 1u);
  EXPECT_EQ(hear(1, 5), HeardQueries::Outcome::again);
  EXPECT_TRUE(heard.take_due(now).empty());
  EXPECT_EQ(hear(2, 5), HeardQueries::Outcome::fresh) << "of another node";
}

TEST_F(Heard, more_than_may_wait_are_refused_until_one_is_answered) {
  EXPECT_EQ(hear(1, 1), HeardQueries::Outcome::fresh);
  EXPECT_EQ(hear(1, 2), HeardQueries::Outcome::fresh);
  EXPECT_EQ(hear(1, 3), HeardQueries::Outcome::refused);
  say(1, 2, 77);
  EXPECT_EQ(hear(1, 3), HeardQueries::Outcome::fresh);
  EXPECT_EQ(lost, std::vector<StreamId>{77}) << "the answered one made room";
}

TEST_F(Heard, the_table_is_bounded_over_all_nodes) {
  for (std::uint8_t node = 1; node <= 4; ++node)
    EXPECT_EQ(hear(node, 1), HeardQueries::Outcome::fresh);
  EXPECT_EQ(hear(5, 1), HeardQueries::Outcome::refused);
  EXPECT_EQ(heard.size(), 4u);
}

TEST_F(Heard, is_forgotten_ten_seconds_after_it_was_last_heard) {
  hear(1, 1);
  say(1, 1, 9);
  now += 9s;
  EXPECT_TRUE(heard.expire(now).empty());
  hear(1, 1);
  now += 9s;
  EXPECT_TRUE(heard.expire(now).empty());
  now += 1s;
  EXPECT_EQ(heard.expire(now), std::vector<StreamId>{9});
  EXPECT_EQ(heard.size(), 0u);
  EXPECT_EQ(heard.memory_bytes(), 0u);
}

TEST_F(Heard, of_a_node_that_is_gone_are_forgotten) {
  hear(1, 1);
  say(1, 1, 9);
  hear(2, 1);
  EXPECT_EQ(heard.forget(node_of(1)), std::vector<StreamId>{9});
  EXPECT_EQ(heard.size(), 1u);
}

// Publishers that answer with the values they are given here.
struct Asking : ::testing::Test {
  Network net;
  Network::Node& asker = net.add();
  QueryToken token = 0;

  static Question question_of(std::string name) {
    Question q;
    q.family = family_of(name);
    q.name = std::move(name);
    return q;
  }
  std::pair<Network::Node*, StreamId> publisher(const std::string& family) {
    Network::Node& node = net.add();
    const auto stream = node.engine.open_stream(net.now, record_of(family), Bytes{1}, node.out);
    EXPECT_TRUE(stream.ok());
    return {&node, *stream};
  }
  void ask(const std::string& family) {
    asker.engine.add_interest(net.now, {family_of(family), family, false, false}, asker.out);
    const auto asked = asker.engine.ask(net.now, question_of(family), asker.out);
    ASSERT_TRUE(asked.ok());
    token = *asked;
    net.collect(asker);
  }
  // Answers every question not answered yet, as a Domain would.
  void answer(Network::Node& node, StreamId of, const std::vector<std::string>& values,
              std::string error = {}) {
    std::vector<Notice> notices;
    notices.swap(node.notices);
    for (const Notice& n : notices) {
      if (n.kind != Notice::Kind::query) continue;
      Reply reply;
      reply.of = of;
      reply.error = error;
      std::int64_t time = 100;
      for (const std::string& value : values)
        reply.values.push_back({time++, std::make_shared<const Bytes>(as_bytes(value).begin(),
                                                                      as_bytes(value).end())});
      node.engine.answer(net.now, n.node, n.token, std::move(reply), node.out);
      net.collect(node);
    }
  }
  std::size_t answers() const { return asker.count(Notice::Kind::answer); }
};

TEST_F(Asking, gets_the_values_of_every_publisher_in_order) {
  auto [a, a_stream] = publisher("t.A");
  auto [b, b_stream] = publisher("t.A");
  net.start(*a);
  net.start(*b);
  net.start(asker);
  net.run(100ms);
  ask("t.A");
  net.run(20ms);
  answer(*a, a_stream, {"one", "two", std::string(50'000, 'L'), "four"});
  answer(*b, b_stream, {});
  net.run(50ms);
  EXPECT_EQ(answers(), 2u);
  ASSERT_EQ(asker.messages.size(), 4u);
  EXPECT_EQ(asker.messages[0].bytes, "one");
  EXPECT_EQ(asker.messages[1].bytes, "two");
  EXPECT_EQ(asker.messages[2].bytes.size(), 50'000u);
  EXPECT_EQ(asker.messages[3].bytes, "four");
  EXPECT_EQ(asker.messages[3].published_ns, 103);
  EXPECT_TRUE(is_answer(asker.messages[0].stream));
  EXPECT_EQ(asker.messages[0].family, "t.A");
  // Nobody else is any the wiser, and nothing is repeated.
  net.run(5s);
  EXPECT_EQ(b->messages.size(), 0u);
  EXPECT_EQ(asker.messages.size(), 4u);
  EXPECT_EQ(a->engine.counters().answers_out, 1u);
}

TEST_F(Asking, repeats_the_question_until_it_is_answered_and_nothing_comes_twice) {
  auto [a, stream] = publisher("t.A");
  net.start(*a);
  net.start(asker);
  net.run(1s);
  // The question is lost, then the answer, then half of its values.
  int question = 0, reply = 0;
  net.drop = [&](const Network::Flight& f) {
    wire::Frame frame;
    ByteView rest(f.bytes);
    rest = rest.subspan(wire::kHeaderBytes, rest.size() - wire::kPacketBytesMin);
    while (!rest.empty() && wire::next_frame(rest, frame)) {
      if (frame.type == wire::FrameType::query && question++ == 0) return true;
      if (frame.type == wire::FrameType::answer && reply++ == 0) return true;
      if (frame.type == wire::FrameType::fragment && f.bytes.back() % 2 && reply < 3) return true;
    }
    return false;
  };
  ask("t.A");
  for (int i = 0; i < 100; ++i) {
    net.run(10ms);
    answer(*a, stream, {"first", std::string(20'000, 'L'), "last"});
  }
  EXPECT_EQ(answers(), 1u);
  EXPECT_EQ(a->engine.counters().queries_in, 1u);
  EXPECT_GE(a->engine.counters().answers_out, 2u);
  ASSERT_EQ(asker.messages.size(), 3u);
  EXPECT_EQ(asker.messages[1].bytes.size(), 20'000u);
}

TEST_F(Asking, an_answer_that_does_not_come_whole_is_named) {
  auto [a, stream] = publisher("t.A");
  net.start(*a);
  net.start(asker);
  net.run(1s);
  net.drop = [&](const Network::Flight& f) {
    return f.bytes[wire::kHeaderBytes] == static_cast<std::uint8_t>(wire::FrameType::data);
  };
  ask("t.A");
  net.run(20ms);
  answer(*a, stream, {"one", "two"});
  net.run(30s);
  EXPECT_EQ(answers(), 1u);
  EXPECT_TRUE(asker.messages.empty());
  Sequence named = 0;
  for (const Notice& n : asker.notices)
    if (n.kind == Notice::Kind::gap && is_answer(n.stream)) named += n.to - n.from + 1;
  EXPECT_EQ(named, 2u);
}

TEST_F(Asking, hears_why_a_source_cannot_answer) {
  auto [a, stream] = publisher("t.A");
  net.start(*a);
  net.start(asker);
  net.run(100ms);
  ask("t.A");
  net.run(20ms);
  answer(*a, stream, {}, "no such field");
  net.run(20ms);
  ASSERT_EQ(answers(), 1u);
  for (const Notice& n : asker.notices)
    if (n.kind == Notice::Kind::answer) {
      EXPECT_TRUE(n.answered.error);
      EXPECT_EQ(n.text, "no such field");
      EXPECT_EQ(n.answered.of, stream);
    }
}

TEST_F(Asking, by_a_pattern_reaches_every_family_that_matches) {
  auto [a, a_stream] = publisher("t.A");
  auto [b, b_stream] = publisher("t.B");
  net.start(*a);
  net.start(*b);
  net.start(asker);
  net.run(100ms);
  Question q;
  q.name = "t.*";
  ASSERT_TRUE(asker.engine.ask(net.now, q, asker.out).ok());
  net.collect(asker);
  net.run(20ms);
  answer(*a, a_stream, {"a"});
  answer(*b, b_stream, {"b"});
  net.run(50ms);
  EXPECT_EQ(asker.messages.size(), 2u);
}

TEST_F(Asking, answers_are_held_ten_seconds_and_no_longer) {
  auto [a, stream] = publisher("t.A");
  net.start(*a);
  net.start(asker);
  net.run(100ms);
  const std::uint64_t before = a->engine.memory_bytes();
  ask("t.A");
  net.run(20ms);
  answer(*a, stream, {std::string(100'000, 'x')});
  EXPECT_GT(a->engine.memory_bytes(), before + 100'000);
  net.run(11s);
  EXPECT_LT(a->engine.memory_bytes(), before + 5'000);
}

TEST_F(Asking, what_is_too_much_for_one_answer_is_left_out_and_told) {
  EngineOptions few = Network::options_of(2);
  few.answer_values_max = 3;
  Network::Node& a = net.add(few);
  const auto stream = a.engine.open_stream(net.now, record_of("t.A"), Bytes{1}, a.out);
  net.start(a);
  net.start(asker);
  net.run(100ms);
  ask("t.A");
  net.run(20ms);
  answer(a, *stream, {"1", "2", "3", "4", "5"});
  net.run(50ms);
  ASSERT_EQ(asker.messages.size(), 3u);
  EXPECT_EQ(asker.messages[0].bytes, "3") << "the newest";
  for (const Notice& n : asker.notices)
    EXPECT_TRUE(n.kind != Notice::Kind::answer || n.answered.left_out == 2);
}

TEST_F(Asking, ends_and_leaves_nothing_behind) {
  auto [a, stream] = publisher("t.A");
  net.start(*a);
  net.start(asker);
  net.run(100ms);
  const std::uint64_t before = asker.engine.memory_bytes();
  ask("t.A");
  net.run(20ms);
  answer(*a, stream, {"one"});
  net.run(20ms);
  const StreamId answer_stream = asker.messages.at(0).stream;
  EXPECT_NE(asker.engine.find_stream(a->engine.node(), answer_stream), nullptr);
  asker.engine.end_query(net.now, token, asker.out);
  EXPECT_EQ(asker.engine.find_stream(a->engine.node(), answer_stream), nullptr);
  net.run(200ms);
  EXPECT_LE(asker.engine.memory_bytes(), before + 2048);
}

TEST_F(Asking, a_question_that_fits_no_packet_is_refused) {
  Question q = question_of("t.A");
  q.text = std::string(2000, 'x');
  const auto asked = asker.engine.ask(net.now, q, asker.out);
  ASSERT_FALSE(asked.ok());
  EXPECT_EQ(asked.error().code(), ErrorCode::too_large);
}

TEST_F(Asking, answers_of_many_nodes_come_spread_over_a_tenth_of_a_second) {
  std::vector<std::pair<Network::Node*, StreamId>> all;
  for (int i = 0; i < 100; ++i) all.push_back(publisher("t.A"));
  for (auto& [node, stream] : all) net.start(*node);
  net.start(asker);
  net.run(3s);
  const Instant asked_at = net.now;
  ask("t.A");
  std::vector<std::size_t> told;  // in each 10 ms
  for (int i = 0; i < 12; ++i) {
    net.run(10ms);
    std::size_t count = 0;
    for (auto& [node, stream] : all) {
      count += node->count(Notice::Kind::query);
      answer(*node, stream, {"value"});
    }
    told.push_back(count);
  }
  net.run(20ms);
  EXPECT_EQ(answers(), 100u);
  EXPECT_EQ(asker.messages.size(), 100u);
  for (const std::size_t count : told) EXPECT_LE(count, 30u);
  EXPECT_LE(net.now - asked_at, 150ms);
}

}  // namespace
}  // namespace dts::proto
