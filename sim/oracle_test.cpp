// An oracle that cannot fail is worthless: nearly every test here feeds it a wrong history.
#include <sim/oracle.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dts::sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

NodeId node_id(std::uint8_t n) {
  NodeId id;
  id.bytes.fill(n);
  return id;
}

struct OracleTest : testing::Test {
  Clock clock;
  Oracle oracle{clock};
  const NodeId publisher = node_id(1), subscriber = node_id(2);
  proto::StreamRecord record;
  std::vector<Bytes> sent;
  proto::Sequence next = 1;

  void SetUp() override {
    oracle.node_started(publisher, "p");
    oracle.node_started(subscriber, "s");
    record.stream = 1;
    record.family.bytes.fill(7);
    record.family_name = "brewery.Temperature";
    record.type.bytes.fill(8);
    oracle.stream_opened(publisher, record, as_bytes("document"));
    oracle.subscribed(subscriber, 1, {record.family, record.family_name, true, true});
  }
  // Publishes one message of so many packets.
  void publish(proto::Sequence packets = 1) {
    sent.push_back(Bytes(10, static_cast<std::uint8_t>(sent.size())));
    oracle.published(publisher, 1, next, next + packets - 1, sent.back(), 1000);
    next += packets;
  }
  proto::Message message(proto::Sequence first, proto::Sequence last, std::size_t index) {
    proto::Message m;
    m.node = publisher;
    m.stream = 1;
    m.first = first;
    m.last = last;
    m.published_ns = 1000;
    m.bytes = sent[index];
    m.record = &record;
    return m;
  }
  void deliver(proto::Sequence sequence) {
    oracle.delivered(subscriber, message(sequence, sequence, sequence - 1));
  }
  void gap(proto::Sequence from, proto::Sequence to) {
    proto::Notice n;
    n.kind = proto::Notice::Kind::gap;
    n.node = publisher;
    n.stream = 1;
    n.from = from;
    n.to = to;
    oracle.noticed(subscriber, n);
  }
  void expect_violation(const std::string& text) {
    EXPECT_THAT(oracle.violations(), ElementsAre(HasSubstr(text)));
  }
};

TEST_F(OracleTest, accepts_messages_and_gaps_that_add_up) {
  for (int i = 0; i < 6; ++i) publish();
  deliver(2);  // joined late
  deliver(3);
  gap(4, 5);
  deliver(6);
  oracle.expect_covered(subscriber, publisher, 1);
  oracle.expect_delivered(subscriber, publisher, 1, 6);
  oracle.expect_joined_by(subscriber, publisher, 1, 2);
  EXPECT_THAT(oracle.violations(), IsEmpty());
  EXPECT_EQ(oracle.counters().delivered, 3u);
  EXPECT_EQ(oracle.counters().gap_sequences, 2u);
}

TEST_F(OracleTest, catches_a_silent_hole) {
  for (int i = 0; i < 3; ++i) publish();
  deliver(1);
  deliver(3);
  expect_violation("s <- p/1 silently missed: message 3 came where 2 was due");
}

TEST_F(OracleTest, catches_a_message_delivered_twice) {
  publish();
  deliver(1);
  deliver(1);
  expect_violation("twice or out of order");
}

TEST_F(OracleTest, catches_messages_out_of_order) {
  for (int i = 0; i < 2; ++i) publish();
  deliver(2);
  deliver(1);
  expect_violation("twice or out of order");
}

TEST_F(OracleTest, catches_a_message_delivered_after_its_gap) {
  for (int i = 0; i < 2; ++i) publish();
  deliver(1);
  gap(2, 2);
  deliver(2);
  expect_violation("twice or out of order");
}

TEST_F(OracleTest, catches_a_gap_that_does_not_begin_where_it_should) {
  for (int i = 0; i < 4; ++i) publish();
  deliver(1);
  gap(3, 4);
  expect_violation("silently missed: gap 3..4 came where 2 was due");
}

TEST_F(OracleTest, catches_a_gap_beyond_what_was_published) {
  publish();
  gap(1, 2);
  expect_violation("beyond what was published");
}

TEST_F(OracleTest, catches_other_bytes) {
  publish();
  proto::Message m = message(1, 1, 0);
  Bytes wrong(10, 99);
  m.bytes = wrong;
  oracle.delivered(subscriber, m);
  expect_violation("other bytes");
}

TEST_F(OracleTest, catches_cut_bytes) {
  publish();
  proto::Message m = message(1, 1, 0);
  m.bytes = m.bytes.first(9);
  oracle.delivered(subscriber, m);
  expect_violation("other bytes");
}

TEST_F(OracleTest, catches_half_of_a_message_and_two_in_one) {
  publish(3);
  oracle.delivered(subscriber, message(1, 2, 0));
  expect_violation("not published as one message");
}

TEST_F(OracleTest, catches_an_invented_message) {
  publish();
  oracle.delivered(subscriber, message(5, 5, 0));
  expect_violation("not published as one message");
}

TEST_F(OracleTest, catches_a_message_nobody_asked_for) {
  publish();
  oracle.unsubscribed(subscriber, 1);
  deliver(1);
  expect_violation("nobody asked for brewery.Temperature");
}

TEST_F(OracleTest, catches_a_wrong_time_and_a_missing_record) {
  publish();
  proto::Message m = message(1, 1, 0);
  m.published_ns = 5;
  m.record = nullptr;
  oracle.delivered(subscriber, m);
  EXPECT_THAT(oracle.violations(), ElementsAre(HasSubstr("another time"), HasSubstr("record")));
}

TEST_F(OracleTest, catches_history_after_live) {
  for (int i = 0; i < 2; ++i) publish();
  deliver(1);
  proto::Message m = message(2, 2, 1);
  m.historic = true;
  oracle.delivered(subscriber, m);
  expect_violation("history after a live message");
}

TEST_F(OracleTest, catches_a_missing_tail_and_a_stream_that_never_came) {
  for (int i = 0; i < 3; ++i) publish();
  EXPECT_FALSE(oracle.expect_covered(subscriber, publisher, 1));
  deliver(1);
  EXPECT_FALSE(oracle.expect_covered(subscriber, publisher, 1));
  EXPECT_THAT(oracle.violations(),
              ElementsAre(HasSubstr("1..3 (nothing ever came)"), HasSubstr("2..3")));
}

TEST_F(OracleTest, a_gap_covers_but_does_not_deliver) {
  publish();
  gap(1, 1);
  EXPECT_TRUE(oracle.expect_covered(subscriber, publisher, 1));
  EXPECT_FALSE(oracle.expect_delivered(subscriber, publisher, 1, 1));
}

TEST_F(OracleTest, catches_a_late_join) {
  for (int i = 0; i < 3; ++i) publish();
  deliver(3);
  EXPECT_FALSE(oracle.expect_joined_by(subscriber, publisher, 1, 2));
}

TEST_F(OracleTest, begins_anew_when_somebody_subscribes_again) {
  for (int i = 0; i < 3; ++i) publish();
  deliver(1);
  oracle.unsubscribed(subscriber, 1);
  oracle.subscribed(subscriber, 2, {{}, "brewery.*", true, true});
  deliver(3);
  EXPECT_THAT(oracle.violations(), IsEmpty());
}

TEST_F(OracleTest, catches_wrong_numbers_and_wrong_documents_and_bounds) {
  publish();
  oracle.published(publisher, 1, 3, 3, sent[0], 1000);
  oracle.document(subscriber, record.type, as_bytes("another"));
  oracle.expect_below("memory", 11, 10);
  EXPECT_THAT(oracle.violations(),
              ElementsAre(HasSubstr("where 2 is next"), HasSubstr("wrong document"),
                          HasSubstr("memory is 11, allowed are 10")));
}

TEST_F(OracleTest, keeps_a_hundred_violations_and_counts_all) {
  for (int i = 0; i < 150; ++i) oracle.violation("x");
  EXPECT_EQ(oracle.violations().size(), 100u);
  EXPECT_EQ(oracle.violations_in_all(), 150u);
}

TEST(Pattern, matches_as_subscriptions_do) {
  EXPECT_TRUE(pattern_matches("*", "a.B"));
  EXPECT_TRUE(pattern_matches("a.*", "a.B"));
  EXPECT_FALSE(pattern_matches("a.*", "ab.B"));
  EXPECT_TRUE(pattern_matches("a.B", "a.B"));
  EXPECT_FALSE(pattern_matches("a.B", "a.Bc"));
}

struct Withheld : OracleTest {
  void take(proto::Selection selection) {
    oracle.unsubscribed(subscriber, 1);
    proto::Interest interest{record.family, record.family_name, true, true};
    interest.selections = {std::move(selection)};
    oracle.subscribed(subscriber, 1, interest);
    clock.run_until(std::chrono::seconds(1));
  }
  void withhold(proto::Sequence from, proto::Sequence to) {
    proto::Notice n;
    n.kind = proto::Notice::Kind::gap;
    n.reason = proto::Notice::GapReason::withheld;
    n.node = publisher;
    n.stream = 1;
    n.from = from;
    n.to = to;
    oracle.noticed(subscriber, n);
  }
};

// The value of message n is n - 1.
TEST_F(Withheld, what_the_filter_takes_is_a_violation) {
  take({{}, "2", 0, {}});
  for (int i = 0; i < 4; ++i) publish();
  deliver(1);
  withhold(3, 4);
  EXPECT_EQ(oracle.violations_in_all(), 1u);  // 2 is missing
  withhold(2, 2);
  EXPECT_GE(oracle.violations_in_all(), 2u);
}

TEST_F(Withheld, what_has_left_the_dead_band_is_a_violation) {
  take({{}, "", 0, {{"", "3"}}});
  for (int i = 0; i < 4; ++i) publish();
  deliver(1);
  withhold(2, 3);
  EXPECT_EQ(oracle.violations_in_all(), 0u);
  withhold(4, 4);
  EXPECT_EQ(oracle.violations_in_all(), 1u);
}

}  // namespace
}  // namespace dts::sim
