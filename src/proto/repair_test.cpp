// Repair by itself: the queue of a publisher, the timers of a receiver, and runs on the wire.
#include <gtest/gtest.h>

#include <proto/nack_timer.hpp>
#include <proto/repair_queue.hpp>

namespace dts::proto {
namespace {

using namespace std::chrono_literals;
using Outcome = RepairQueue::Outcome;

const Instant t0{1000s};
NodeId node(std::uint8_t n) {
  NodeId id;
  id.bytes[0] = n;
  return id;
}

TEST(RepairQueue, gives_what_was_asked_for_oldest_first_and_once) {
  RepairQueue queue;
  EXPECT_EQ(queue.ask(t0, 1, 10, 12, node(1), false), Outcome::queued);
  EXPECT_EQ(queue.ask(t0, 1, 3, 4, node(1), false), Outcome::queued);
  ASSERT_TRUE(queue.front());
  EXPECT_EQ(queue.front()->from, 10u);
  EXPECT_EQ(queue.front()->to, 12u);
  queue.sent(t0, 11, 1ms);
  ASSERT_TRUE(queue.front());
  EXPECT_EQ(queue.front()->from, 12u) << "the rest of it waits in front";
  queue.sent(t0, 12, 1ms);
  ASSERT_TRUE(queue.front());
  EXPECT_EQ(queue.front()->from, 3u);
  queue.sent(t0, 4, 1ms);
  EXPECT_FALSE(queue.front());
}

TEST(RepairQueue, does_not_send_the_same_to_the_same_again_within_the_hold_off) {
  RepairQueue queue;
  queue.ask(t0, 1, 5, 5, node(1), false);
  ASSERT_TRUE(queue.front());
  queue.sent(t0, 5, 2ms);
  EXPECT_EQ(queue.ask(t0 + 1ms, 1, 5, 5, node(1), false), Outcome::held_off);
  EXPECT_FALSE(queue.front());
  EXPECT_EQ(queue.ask(t0 + 1ms, 1, 5, 5, node(2), false), Outcome::queued) << "another asker";
  ASSERT_TRUE(queue.front());
  EXPECT_EQ(queue.front()->askers, std::vector<NodeId>{node(2)});
  queue.sent(t0 + 1ms, 5, 2ms);
  EXPECT_EQ(queue.ask(t0 + 4ms, 1, 5, 5, node(1), false), Outcome::queued);
}

TEST(RepairQueue, sends_to_all_what_three_have_asked_for) {
  RepairQueue queue;
  queue.ask(t0, 1, 5, 5, node(1), false);
  queue.ask(t0, 1, 5, 5, node(2), false);
  queue.ask(t0, 1, 5, 5, node(2), false);
  ASSERT_TRUE(queue.front());
  EXPECT_FALSE(queue.front()->all);
  EXPECT_EQ(queue.front()->askers.size(), 2u);
  queue.ask(t0, 1, 5, 5, node(3), false);
  EXPECT_TRUE(queue.front()->all);
  queue.sent(t0, 5, 1ms);
  EXPECT_EQ(queue.ask(t0, 1, 5, 5, node(4), false), Outcome::held_off);
}

TEST(RepairQueue, adds_only_what_is_new_of_an_overlapping_wish) {
  RepairQueue queue;
  queue.ask(t0, 1, 5, 7, node(1), false);
  queue.ask(t0, 1, 3, 9, node(1), false);
  std::vector<std::pair<Sequence, Sequence>> sent;
  while (const RepairQueue::Job* job = queue.front()) {
    sent.emplace_back(job->from, job->to);
    queue.sent(t0, job->to, 1ms);
  }
  EXPECT_EQ(sent, (std::vector<std::pair<Sequence, Sequence>>{{5, 7}, {3, 4}, {8, 9}}));
}

TEST(RepairQueue, forgets_nodes_and_streams) {
  RepairQueue queue;
  queue.ask(t0, 1, 5, 7, node(1), false);
  queue.ask(t0, 2, 5, 7, node(1), false);
  queue.ask(t0, 2, 5, 7, node(2), false);
  queue.forget(node(1));
  ASSERT_TRUE(queue.front());
  EXPECT_EQ(queue.front()->stream, 2u);
  EXPECT_EQ(queue.front()->askers, std::vector<NodeId>{node(2)});
  queue.drop_stream(2);
  EXPECT_FALSE(queue.front());
  EXPECT_EQ(queue.memory_bytes(), 0u);
}

TEST(RepairQueue, is_bounded) {
  RepairQueue queue;
  Outcome last = Outcome::queued;
  for (Sequence s = 1; last != Outcome::full && s < 1'000'000; s += 2)
    last = queue.ask(t0, 1, s, s, node(1), false);
  EXPECT_EQ(last, Outcome::full);
  EXPECT_LE(queue.memory_bytes(), RepairQueue::runs_max * 128);
}

TEST(RepairQueue, repairs_take_a_quarter_of_what_is_sent_and_never_less_than_the_floor) {
  RepairQueue queue;
  EXPECT_TRUE(queue.affordable(t0));
  queue.spend(RepairQueue::burst_bytes);
  EXPECT_FALSE(queue.affordable(t0));
  queue.ask(t0, 1, 5, 7, node(1), false);
  const Instant due = queue.deadline();
  EXPECT_GT(due, t0);
  EXPECT_FALSE(queue.affordable(t0 + 10ns));
  EXPECT_TRUE(queue.affordable(due)) << "the deadline is when it can be afforded";
  // A second of a full link: a third of the new data is a quarter of everything.
  std::int64_t repaired = 0;
  Instant now = t0 + 1s;
  for (int i = 0; i < 1000; ++i) {
    now += 1ms;
    queue.data_sent(125'000);
    for (; queue.affordable(now); repaired += 1400) queue.spend(1400);
  }
  EXPECT_NEAR(static_cast<double>(repaired), 125'000'000 / 3.0, 2'000'000);
  repaired = 0;
  for (int i = 0; i < 1000; ++i) {
    now += 1ms;
    for (; queue.affordable(now); repaired += 1400) queue.spend(1400);
  }
  EXPECT_NEAR(static_cast<double>(repaired), double{RepairQueue::floor_bytes_per_s}, 1'000'000);
}

TEST(RepairQueue, the_share_of_a_window_is_saved_until_it_is_asked_for_and_not_more) {
  RepairQueue queue;
  queue.data_sent(3u << 20);
  std::uint64_t repaired = 0;
  for (; queue.affordable(t0); repaired += 1400) queue.spend(1400);
  EXPECT_NEAR(static_cast<double>(repaired), double{RepairQueue::saved_bytes}, 1400);
  for (int i = 0; i < 100; ++i) queue.data_sent(3u << 20);
  for (repaired = 0; queue.affordable(t0); repaired += 1400) queue.spend(1400);
  EXPECT_NEAR(static_cast<double>(repaired), double{RepairQueue::saved_bytes}, 1400);
}

TEST(NackTimer, few_ask_at_once_and_many_draw) {
  base::Random random(1);
  const auto few = wire::Audience::of(16, 1000), many = wire::Audience::of(10'000, 1000);
  EXPECT_EQ(many.size(), 16384u);
  Duration earliest = 1h, sum{};
  for (int i = 0; i < 10'000; ++i) {
    const Duration small = NackTimer::first(few, random), large = NackTimer::first(many, random);
    EXPECT_GE(small, 200us);
    EXPECT_LE(small, 500us);
    EXPECT_LE(large, 6ms);
    earliest = std::min(earliest, large);
    sum += large;
  }
  EXPECT_LT(earliest, 2ms) << "of ten thousand somebody asks early";
  EXPECT_GT(sum / 10'000, 4ms) << "and most of them late";
}

TEST(NackTimer, asks_quickly_at_first_and_ever_more_rarely_when_nobody_answers) {
  base::Random random(1);
  for (const std::uint64_t receivers : {1, 10'000}) {
    const auto audience = wire::Audience::of(receivers, 500);
    Duration all{};
    for (unsigned tries = 1; tries <= 32; ++tries) {
      const Duration gap = NackTimer::again(audience, tries, random);
      EXPECT_LE(gap, 1500ms);
      all += gap;
      EXPECT_TRUE(tries != 16 || all < 160ms);
    }
    EXPECT_GT(all, 4s);
  }
}

TEST(NackTimer, keeps_within_bounds_whatever_is_advertised) {
  base::Random random(1);
  const wire::Audience absurd{255, 0xffffffff};
  EXPECT_EQ(NackTimer::round_trip(absurd), NackTimer::round_trip_max);
  EXPECT_LE(NackTimer::first(absurd, random), 6 * NackTimer::round_trip_max);
  EXPECT_GE(NackTimer::again({0, 0}, 1, random), 1ms);
}

TEST(Runs, come_back_as_they_were_written) {
  const std::vector<wire::Run> runs{{5, 5}, {7, 300}, {1000, 1001}, {1ull << 40, (1ull << 40) + 9}};
  Bytes bytes;
  wire::Writer writer(bytes);
  EXPECT_EQ(wire::write_runs(writer, runs, 1000), 4u);
  wire::Reader reader(bytes);
  std::vector<wire::Run> back;
  ASSERT_TRUE(wire::read_runs(reader, back));
  EXPECT_EQ(back, runs);
  bytes.clear();
  EXPECT_EQ(wire::write_runs(writer, runs, 8 + 2 + 3), 2u) << "as many as fit";
  EXPECT_LE(bytes.size(), 13u);
}

TEST(Runs, that_are_empty_touch_or_pass_the_end_are_refused) {
  const auto refused = [](std::uint64_t first, std::initializer_list<std::uint64_t> numbers) {
    Bytes bytes;
    wire::Writer writer(bytes);
    writer.number(first);
    for (std::uint64_t n : numbers) writer.varint(n);
    wire::Reader reader(bytes);
    std::vector<wire::Run> runs;
    return !wire::read_runs(reader, runs);
  };
  EXPECT_FALSE(refused(1, {0, 1}));
  EXPECT_TRUE(refused(0, {0, 1}));
  EXPECT_TRUE(refused(1, {}));
  EXPECT_TRUE(refused(1, {0, 0}));
  EXPECT_TRUE(refused(1, {1, 1}));
  EXPECT_TRUE(refused(1, {0, 1, 0, 1}));
  EXPECT_TRUE(refused(1, {0, 1, 1}));
  EXPECT_TRUE(refused(1, {0, 1ull << 62}));
  EXPECT_TRUE(refused((1ull << 62) - 1, {0, 2}));
  EXPECT_TRUE(refused(1ull << 63, {0, ~0ull}));
}

}  // namespace
}  // namespace dts::proto
