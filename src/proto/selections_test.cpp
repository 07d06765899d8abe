// What subscribers do not take is kept from their paths, and named.
#include <gtest/gtest.h>

#include <proto/engine_harness.hpp>
#include <proto/run_list.hpp>

namespace dts::proto {
namespace {

using namespace testing;
using std::chrono::milliseconds;

// The selection "ab" takes what begins with a or b. By the version it knows them again.
class ByFirstLetter : public Judge {
 public:
  std::string text;
  std::vector<StreamSelection> last;  // that it was asked about
  std::uint32_t takers(std::uint64_t version,
                       std::span<const StreamSelection> selections) override {
    last.assign(selections.begin(), selections.end());
    std::vector<std::string>& letters = known_[version];
    if (letters.empty())
      for (const StreamSelection& s : selections) letters.push_back(s.selection.where);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < letters.size(); ++i)
      if (letters[i].find(text[0]) != std::string::npos) bits |= 1u << i;
    return bits;
  }

 private:
  std::map<std::uint64_t, std::vector<std::string>> known_;
};

Interest taking(std::string name, std::vector<std::string> letters) {
  Interest interest = interest_in(std::move(name));
  for (std::string& each : letters) interest.selections.push_back({{}, std::move(each), 0, {}});
  return interest;
}

class Selections : public ::testing::Test {
 protected:
  Network net;
  Network::Node& pub = net.add();
  StreamId stream = 0;
  ByFirstLetter judge;

  Network::Node& subscribe(std::vector<std::string> letters) {
    Network::Node& node = net.add();
    node.engine.add_interest(net.now, taking("lab.T", std::move(letters)), node.out);
    return node;
  }
  void start(std::uint32_t history = 1) {
    stream = *pub.engine.open_stream(net.now, record_of("lab.T", Delivery::event, history),
                                     Bytes{1}, pub.out);
    for (Network::Node& node : net.nodes) net.start(node);
    net.run(milliseconds(300));
  }
  void publish(std::string text) {
    judge.text = text;
    MessageView message{as_bytes(text), net.wall()};
    message.judge = &judge;
    ASSERT_TRUE(pub.engine.publish(net.now, stream, message, pub.out).ok());
    pub.engine.flush(net.now, pub.out);
    net.collect(pub);
  }
  static std::string first_letters(const Network::Node& node) {
    std::string all;
    for (const Delivered& m : node.messages) all += m.bytes[0];
    return all;
  }
  // Sequences that a gap notice with this reason names.
  static std::uint64_t named(const Network::Node& node, Notice::GapReason reason) {
    std::uint64_t count = 0;
    for (const Notice& n : node.notices)
      if (n.kind == Notice::Kind::gap && n.reason == reason) count += n.to - n.from + 1;
    return count;
  }
};

TEST_F(Selections, what_nobody_takes_is_not_sent_and_is_named) {
  Network::Node& sub = subscribe({"a"});
  start();
  const std::size_t before = pub.packets_sent;
  for (int i = 0; i < 100; ++i) publish("b");
  EXPECT_EQ(pub.packets_sent, before);
  publish("a");
  EXPECT_EQ(pub.packets_sent, before + 1);
  net.run(milliseconds(50));
  EXPECT_EQ(first_letters(sub), "a");
  EXPECT_EQ(named(sub, Notice::GapReason::withheld), 100u);
  EXPECT_EQ(sub.engine.counters().sequences_withheld, 100u);
  EXPECT_EQ(sub.engine.counters().gap_packets, 0u);
  EXPECT_EQ(sub.engine.counters().nacks_out, 0u);
  EXPECT_EQ(pub.engine.counters().messages_withheld, 100u);
}

TEST_F(Selections, a_withheld_tail_is_named_with_the_digest) {
  Network::Node& sub = subscribe({"a"});
  start();
  publish("a");
  publish("b");
  publish("b");
  net.run(milliseconds(100));
  EXPECT_EQ(first_letters(sub), "a");
  EXPECT_EQ(named(sub, Notice::GapReason::withheld), 2u);
  EXPECT_EQ(sub.engine.counters().nacks_out, 0u);
}

TEST_F(Selections, a_group_is_spared_only_what_all_of_it_leave_out) {
  Network::Node& one = subscribe({"ax"});
  Network::Node& two = subscribe({"bx"});
  start();
  const std::size_t before = pub.packets_sent;
  publish("c");
  EXPECT_EQ(pub.packets_sent, before);
  for (const char* text : {"a", "b", "x", "c"}) publish(text);
  net.run(milliseconds(100));
  // Whose it is not applies its own selection.
  EXPECT_EQ(first_letters(one), "abx");
  EXPECT_EQ(first_letters(two), "abx");
  EXPECT_EQ(named(one, Notice::GapReason::withheld), 2u);
}

TEST_F(Selections, who_takes_everything_gets_everything_and_so_does_its_group) {
  subscribe({"a"});
  Network::Node& all = subscribe({});
  start();
  for (const char* text : {"a", "b", "c"}) publish(text);
  net.run(milliseconds(100));
  EXPECT_EQ(first_letters(all), "abc");
  EXPECT_EQ(named(all, Notice::GapReason::withheld), 0u);
}

TEST_F(Selections, a_path_of_its_own_is_spared_alone) {
  Network::Node& all = subscribe({});
  Network::Node& some = net.add();
  Interest pattern = interest_matching("lab.*");
  pattern.selections.push_back({{}, "a", 0, {}});
  some.engine.add_interest(net.now, pattern, some.out);
  start();
  for (const char* text : {"a", "b", "c", "a"}) publish(text);
  net.run(milliseconds(100));
  EXPECT_EQ(first_letters(all), "abca");
  EXPECT_EQ(first_letters(some), "aa");
  EXPECT_EQ(named(some, Notice::GapReason::withheld), 2u);
}

TEST_F(Selections, a_lost_gap_is_asked_for_and_named_again) {
  Network::Node& sub = subscribe({"a"});
  start();
  publish("a");
  for (int i = 0; i < 50; ++i) publish("b");
  bool lose = true;
  net.drop = [&](const Network::Flight& f) { return lose && f.from == 0; };
  publish("a");
  lose = false;
  for (int i = 0; i < 20; ++i) publish("b");
  publish("a");
  net.run(milliseconds(100));
  EXPECT_EQ(first_letters(sub), "aaa");
  EXPECT_EQ(named(sub, Notice::GapReason::withheld), 70u);
  EXPECT_EQ(named(sub, Notice::GapReason::lost), 0u);
  EXPECT_EQ(pub.engine.counters().repairs_out, 1u);  // the values are not sent again
}

// What is lost on the way to one is not taken for withheld because others do not take it.
TEST_F(Selections, who_takes_something_else_does_not_believe_it) {
  Network::Node& a = subscribe({"a"});
  Network::Node& b = net.add();
  Interest pattern = interest_matching("lab.*");
  pattern.selections.push_back({{}, "b", 0, {}});
  b.engine.add_interest(net.now, pattern, b.out);
  start();
  // The wire carries everything that goes to one to the other as well, but not its own.
  publish("a");
  net.drop = [&](const Network::Flight& f) {
    return f.from == 0 && f.to == 2 && !f.path.multicast;
  };
  publish("b");
  net.drop = [](const Network::Flight&) { return false; };
  publish("a");
  net.run(milliseconds(100));
  EXPECT_EQ(first_letters(a), "aa");
  EXPECT_EQ(first_letters(b), "b");
  EXPECT_EQ(named(b, Notice::GapReason::withheld), 2u);
}

// Nobody selects for a while in between.
TEST_F(Selections, who_comes_after_the_last_has_left_is_judged_by_its_own) {
  Network::Node& first = net.add();
  const InterestId interest = first.engine.add_interest(net.now, taking("lab.T", {"a"}), first.out);
  start();
  publish("a");
  net.run(milliseconds(50));
  first.engine.remove_interest(net.now, interest, first.out);
  net.collect(first);
  net.run(milliseconds(100));
  publish("a");
  Network::Node& second = subscribe({"b"});
  net.start(second);
  net.run(milliseconds(300));
  for (const char* text : {"b", "a", "b"}) publish(text);
  net.run(milliseconds(100));
  EXPECT_EQ(first_letters(first), "a");
  EXPECT_EQ(first_letters(second), "abb");  // with the last value from before
}

// What it took last, of the two together, is not known to the publisher.
TEST_F(Selections, who_takes_less_than_before_is_judged_by_its_filter_alone) {
  Network::Node& sub = net.add();
  Interest rated = taking("lab.T", {"a"});
  rated.selections[0].interval_ns = 1000;
  sub.engine.add_interest(net.now, rated, sub.out);
  start();
  publish("a");
  ASSERT_EQ(judge.last.size(), 1u);
  EXPECT_EQ(judge.last[0].selection.interval_ns, 1000u);
  const InterestId other = sub.engine.add_interest(net.now, interest_matching("lab.*"), sub.out);
  net.collect(sub);
  net.run(milliseconds(100));
  sub.engine.remove_interest(net.now, other, sub.out);
  net.collect(sub);
  net.run(milliseconds(100));
  publish("a");
  EXPECT_EQ(judge.last[0].selection.interval_ns, 0u);
  EXPECT_EQ(judge.last[0].selection.where, "a");
}

// The news that it takes something else was lost.
TEST_F(Selections, who_is_judged_by_what_it_took_before_says_again_what_it_takes) {
  Network::Node& sub = subscribe({"a"});
  start();
  publish("a");
  net.run(milliseconds(50));
  net.drop = [](const Network::Flight& f) { return f.from == 1; };
  sub.engine.add_interest(net.now, taking("lab.T", {"b"}), sub.out);
  net.collect(sub);
  net.run(milliseconds(20));
  net.drop = [](const Network::Flight&) { return false; };
  publish("b");
  publish("a");
  net.run(milliseconds(20));
  publish("b");
  net.run(milliseconds(20));
  EXPECT_EQ(first_letters(sub), "abab");
}

TEST_F(Selections, a_large_message_goes_to_those_who_take_it) {
  Network::Node& sub = subscribe({"a"});
  start();
  publish("b" + std::string(100'000, '.'));
  publish("b");
  publish("a" + std::string(100'000, '.'));
  publish("b");
  publish("a");
  net.run(milliseconds(400));
  ASSERT_EQ(first_letters(sub), "aa");
  EXPECT_EQ(sub.messages[0].bytes.size(), 100'001u);
  EXPECT_LT(pub.bytes_sent, 150'000u);
  EXPECT_EQ(named(sub, Notice::GapReason::lost), 0u);
  EXPECT_EQ(named(sub, Notice::GapReason::unavailable), 0u);
}

TEST_F(Selections, a_second_subscription_that_takes_more_gets_the_last_value) {
  Network::Node& sub = subscribe({"a"});
  start();
  publish("a");
  publish("b");
  publish("c");
  net.run(milliseconds(100));
  EXPECT_EQ(first_letters(sub), "a");
  sub.engine.add_interest(net.now, interest_in("lab.T"), sub.out);
  net.collect(sub);
  net.run(milliseconds(100));
  EXPECT_EQ(first_letters(sub), "ac");
  EXPECT_TRUE(sub.messages.back().historic);
  publish("d");
  net.run(milliseconds(20));
  EXPECT_EQ(first_letters(sub), "acd");
}

TEST_F(Selections, the_last_value_comes_though_its_packet_is_lost_at_first) {
  Network::Node& sub = subscribe({"a"});
  start();
  publish("b" + std::string(20'000, '.'));
  net.run(milliseconds(200));
  bool lost = false;
  net.drop = [&](const Network::Flight& f) {
    const bool lose = f.from == 0 && !lost && f.bytes.size() > 1000;
    lost |= lose;
    return lose;
  };
  sub.engine.add_interest(net.now, interest_in("lab.T"), sub.out);
  net.collect(sub);
  net.run(milliseconds(300));
  EXPECT_TRUE(lost);
  EXPECT_EQ(first_letters(sub), "b");
}

TEST_F(Selections, more_than_a_few_are_everything) {
  Network::Node& sub = subscribe({"a", "b", "c", "d", "e"});
  start();
  publish("z");
  net.run(milliseconds(20));
  EXPECT_EQ(first_letters(sub), "z");
}

TEST_F(Selections, of_two_subscriptions_what_either_takes_is_sent) {
  Network::Node& sub = subscribe({"a"});
  sub.engine.add_interest(net.now, taking("lab.T", {"b"}), sub.out);
  start();
  for (const char* text : {"a", "b", "c", "b"}) publish(text);
  net.run(milliseconds(100));
  EXPECT_EQ(first_letters(sub), "abb");
  EXPECT_EQ(named(sub, Notice::GapReason::withheld), 1u);
}

// What is published while the publisher does not know of it yet is not believed to be withheld.
TEST_F(Selections, a_subscription_that_has_just_come_misses_nothing) {
  Network::Node& sub = subscribe({"a"});
  start();
  sub.engine.add_interest(net.now, taking("lab.T", {"b"}), sub.out);
  net.collect(sub);
  for (const char* text : {"b", "c", "b", "a"}) publish(text);
  net.run(milliseconds(300));
  EXPECT_EQ(named(sub, Notice::GapReason::lost), 0u);
  EXPECT_EQ(named(sub, Notice::GapReason::withheld), 0u);
  EXPECT_EQ(first_letters(sub), "bcba");
}

TEST(SelectionUnion, keeps_of_several_only_what_depends_on_the_value_alone) {
  SelectionUnion both;
  both.add({{{}, "a", 1000, {}}});
  EXPECT_EQ(both.take(false).front().interval_ns, 1000u);
  EXPECT_EQ(both.take(true).front().interval_ns, 0u);
  both.add({{{}, "b", 0, {}}});
  EXPECT_EQ(both.take(false), (std::vector<Selection>{{{}, "a", 0, {}}, {{}, "b", 0, {}}}));
  both.add({{{}, "", 1000, {}}});
  EXPECT_TRUE(both.take(false).empty());
}

TEST(SelectionUnion, takes_everything_as_soon_as_one_does) {
  SelectionUnion both;
  both.add({{{}, "a", 0, {}}});
  both.add({});
  EXPECT_TRUE(both.take(false).empty());
}

TEST(RunList, forgets_the_oldest_and_gives_back_what_lies_in_one_run) {
  RunList list(2);
  list.append(1, 2);
  list.append(5, 9);
  list.append(10, 12);
  list.append(20, 20);
  EXPECT_FALSE(list.contains(1) && list.runs().size() > 2);
  EXPECT_TRUE(list.contains(12));
  list.remove(7, 8);
  EXPECT_TRUE(list.contains(6) && !list.contains(7) && !list.contains(8) && list.contains(9));
  std::uint64_t seen = 0;
  list.visit(6, 20, [&](const wire::Run& run) { seen += run.to - run.from + 1; });
  EXPECT_EQ(seen, 6u);
}

}  // namespace
}  // namespace dts::proto
