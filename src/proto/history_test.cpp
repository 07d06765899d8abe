// History: two suffixes of one stream, their bounds, their common memory.
#include <gtest/gtest.h>

#include <deque>

#include <base/random.hpp>
#include <proto/history.hpp>

namespace dts::proto {
namespace {

using namespace std::chrono_literals;
constexpr Instant t0{std::chrono::seconds(100)};
constexpr std::uint64_t kEntry = History::kEntryBytes;
constexpr std::uint64_t kPlenty = 1u << 30;

// A value says by its bytes which it is.
Bytes value_of(Sequence sequence, std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(sequence * 31 + i);
  return bytes;
}

struct Kept {
  HistoryBudget budget{kPlenty, kPlenty};
  History history;
  Sequence next = 1;
  explicit Kept(History::Limits limits) : history(limits, budget) {}

  void keep(std::size_t size, Instant now = t0) {
    history.keep(now, next, next, static_cast<std::int64_t>(next * 10), 0, value_of(next, size),
                 nullptr);
    ++next;
  }
  void keep_large(std::size_t size, Sequence packets, Instant now = t0) {
    auto bytes = std::make_shared<const Bytes>(value_of(next, size));
    history.keep(now, next, next + packets - 1, static_cast<std::int64_t>(next * 10), 1000, *bytes,
                 bytes);
    next += packets;
  }
  std::size_t repairable() const { return static_cast<std::size_t>(next - history.first_kept()); }
  bool is_whole(Sequence sequence) const {
    const auto v = history.find(sequence);
    if (!v || v->first != sequence) return false;
    const Bytes expected = value_of(sequence, v->bytes().size());
    return std::equal(expected.begin(), expected.end(), v->bytes().begin()) &&
           v->published_ns == static_cast<std::int64_t>(sequence * 10);
  }
};

TEST(History, costs_nothing_when_nothing_is_to_be_kept) {
  Kept k({0, 1000, 0});
  EXPECT_FALSE(k.history.keeps(0));
  for (int i = 0; i < 100; ++i) k.keep(64);
  EXPECT_EQ(k.history.size(), 0u);
  EXPECT_EQ(k.history.first_kept(), 101u);
  EXPECT_EQ(k.history.find(100), std::nullopt);
  EXPECT_EQ(k.budget.memory, 0u);
}

TEST(History, takes_no_memory_before_the_first_value) {
  Kept k({10, 1000, 1000});
  EXPECT_EQ(k.history.first_kept(), 1u);
  EXPECT_EQ(k.history.find(0), std::nullopt);
  EXPECT_EQ(k.history.find(1), std::nullopt);
  k.history.expire(t0);
  EXPECT_EQ(k.budget.memory, 0u);
}

TEST(History, gives_late_joiners_the_last_values_within_their_number) {
  Kept k({3, 1000, 0});
  for (int i = 0; i < 5; ++i) k.keep(100);
  ASSERT_EQ(k.history.size(), 3u);
  EXPECT_EQ(k.history.at(0).first, 3u);
  EXPECT_EQ(k.history.at(2).last, 5u);
  EXPECT_EQ(k.history.at(2).published_ns, 50);
  EXPECT_EQ(k.history.bytes(), 300u);
  EXPECT_EQ(k.history.first_kept(), 3u);
}

TEST(History, gives_late_joiners_the_last_values_within_their_bytes) {
  Kept k({3, 500, 0});
  for (int i = 0; i < 5; ++i) k.keep(100);
  k.keep(450);
  ASSERT_EQ(k.history.size(), 1u);
  EXPECT_EQ(k.history.at(0).first, 6u);
  EXPECT_EQ(k.budget.history_used, 450u);
  k.keep(501);  // cannot be kept, and the others are no longer the last
  EXPECT_EQ(k.history.size(), 0u);
  EXPECT_EQ(k.budget.history_used, 0u);
  k.keep(500);
  EXPECT_EQ(k.history.size(), 1u);
}

TEST(History, repairs_from_the_last_bytes_and_counts_each_value_besides) {
  Kept k({0, 0, 10 * (100 + kEntry)});
  for (int i = 0; i < 25; ++i) k.keep(100);
  EXPECT_EQ(k.history.size(), 0u);
  EXPECT_EQ(k.repairable(), 10u);
  EXPECT_EQ(k.budget.repair_used, 10 * (100 + kEntry));
  k.keep(10 * 100 + 9 * kEntry);  // all of it
  EXPECT_EQ(k.repairable(), 1u);
  EXPECT_TRUE(k.is_whole(26));
  k.keep(10 * 100 + 9 * kEntry + 1);
  EXPECT_EQ(k.repairable(), 0u);
  EXPECT_EQ(k.history.first_kept(), 28u);
}

TEST(History, bounds_values_without_bytes) {
  Kept k({0, 0, 100 * kEntry});
  for (int i = 0; i < 1000; ++i) k.keep(0);
  EXPECT_EQ(k.repairable(), 100u);
  EXPECT_TRUE(k.is_whole(1000));
}

TEST(History, keeps_the_longer_of_the_two_suffixes) {
  Kept longer_history({8, 1000, 3 * (10 + kEntry)}), longer_repair({3, 1000, 8 * (10 + kEntry)});
  for (int i = 0; i < 20; ++i) {
    longer_history.keep(10);
    longer_repair.keep(10);
  }
  for (Kept* k : {&longer_history, &longer_repair}) {
    EXPECT_EQ(k->repairable(), 8u);
    for (Sequence s = 13; s <= 20; ++s) EXPECT_TRUE(k->is_whole(s));
  }
  EXPECT_EQ(longer_history.history.size(), 8u);
  EXPECT_EQ(longer_repair.history.size(), 3u);
  EXPECT_EQ(longer_repair.history.at(0).first, 18u);
}

TEST(History, stores_once_what_is_in_both) {
  Kept one({100, 100'000, 0}), both({100, 100'000, 100 * (1000 + kEntry)});
  for (int i = 0; i < 300; ++i) {
    one.keep(1000);
    both.keep(1000);
  }
  EXPECT_EQ(both.history.size(), 100u);
  EXPECT_EQ(both.repairable(), 100u);
  EXPECT_EQ(both.budget.memory, one.budget.memory);
}

TEST(History, keeps_for_repair_what_is_too_large_for_late_joiners_and_the_other_way_round) {
  Kept repair({10, 100, 1000}), history({10, 1000, 100 + kEntry});
  for (Kept* k : {&repair, &history}) {
    for (int i = 0; i < 2; ++i) k->keep(50);
    k->keep(500);
    EXPECT_TRUE(k->history.keeps(500));
    EXPECT_FALSE(k->history.keeps(1001));
    EXPECT_TRUE(k->is_whole(3));
    EXPECT_EQ(k->history.first_kept(), 1u);
  }
  EXPECT_EQ(repair.history.size(), 0u);
  EXPECT_EQ(repair.budget.history_used, 0u);
  EXPECT_EQ(history.history.size(), 3u);
  EXPECT_EQ(history.budget.repair_used, 0u);
  for (Kept* k : {&repair, &history}) k->keep(60);
  EXPECT_EQ(repair.history.size(), 1u);
  EXPECT_EQ(history.budget.repair_used, 60 + kEntry);
}

TEST(History, finds_any_packet_of_a_value_and_nothing_beyond_the_edges) {
  Kept k({100, 1 << 20, 1 << 20});
  k.keep(10);                // 1
  k.keep_large(3500, 4);     // 2..5
  k.keep(10);                // 6
  k.keep_large(70'000, 70);  // 7..76
  EXPECT_EQ(k.history.find(0), std::nullopt);
  EXPECT_EQ(k.history.find(77), std::nullopt);
  EXPECT_EQ(k.history.find(~Sequence{0}), std::nullopt);
  EXPECT_TRUE(k.is_whole(1));
  EXPECT_TRUE(k.is_whole(6));
  for (Sequence s : {2, 3, 5}) {
    const auto v = k.history.find(s);
    ASSERT_TRUE(v);
    EXPECT_EQ(v->first, 2u);
    EXPECT_EQ(v->last, 5u);
    EXPECT_EQ(v->cut.piece, 1000u);
    EXPECT_EQ(v->bytes().size(), 3500u);
  }
  EXPECT_EQ(k.history.find(7)->last, 76u);
  EXPECT_EQ(k.history.find(76)->first, 7u);
  EXPECT_EQ(k.history.at(3).large, k.history.find(50)->large);
}

TEST(History, shares_large_values_and_lets_go_of_them) {
  Kept k({2, 1 << 20, 0});
  const auto bytes = std::make_shared<const Bytes>(value_of(1, 10'000));
  k.history.keep(t0, 1, 10, 0, 1000, *bytes, bytes);
  EXPECT_EQ(bytes.use_count(), 2);
  EXPECT_EQ(k.history.at(0).bytes().data(), bytes->data());
  EXPECT_GE(k.budget.memory, 10'000u);
  k.next = 11;
  k.keep(1);
  EXPECT_EQ(bytes.use_count(), 2);
  k.keep(1);
  EXPECT_EQ(bytes.use_count(), 1);
  EXPECT_LT(k.budget.memory, 10'000u);
}

TEST(History, goes_round_its_ring_without_harm_to_any_value) {
  Kept k({0, 0, 5000});
  base::Random random(7);
  for (int i = 0; i < 20'000; ++i) {
    if (random.below(10) == 0)
      k.keep_large(random.below(400), 1);
    else
      k.keep(random.below(4) ? random.below(100) : random.below(1500));
    for (Sequence s = k.history.first_kept(); s < k.next; ++s) ASSERT_TRUE(k.is_whole(s)) << i;
    ASSERT_LE(k.budget.repair_used, 5000u);
  }
}

TEST(History, keeps_all_that_its_bounds_allow_wherever_the_ring_ends) {
  base::Random random(8);
  for (std::uint64_t bound : {3000u, 4096u, 100'000u}) {
    Kept k({4096, bound, 0});
    std::deque<std::uint64_t> expected;
    std::uint64_t sum = 0;
    for (int i = 0; i < 5000; ++i) {
      const std::uint64_t size = random.below(2900);
      k.keep(size);
      expected.push_back(size);
      sum += size;
      while (sum > bound) {
        sum -= expected.front();
        expected.pop_front();
      }
      ASSERT_EQ(k.history.size(), expected.size());
      ASSERT_EQ(k.history.bytes(), sum);
    }
  }
}

TEST(History, keeps_a_value_larger_than_its_ring) {
  Kept k({0, 0, 1 << 20});
  for (int i = 0; i < 3; ++i) k.keep(10);  // a small ring
  k.keep(60'000);
  k.keep(400'000);  // larger than any ring: by itself
  k.keep(10);
  for (Sequence s = 1; s <= 6; ++s) EXPECT_TRUE(k.is_whole(s));
  EXPECT_EQ(k.history.find(5)->bytes().size(), 400'000u);
}

TEST(History, allocates_nothing_in_a_steady_state) {
  Kept k({16, 1 << 20, 1 << 16});
  base::Random random(9);
  const auto run = [&](int values) {
    for (int i = 0; i < values; ++i) k.keep(32 + random.below(64));
  };
  run(5000);
  const std::uint64_t memory = k.budget.memory;
  std::vector<const std::uint8_t*> seen;  // the ring stays where it is
  for (int i = 0; i < 50; ++i) {
    run(1000);
    k.history.expire(t0);
    ASSERT_EQ(k.budget.memory, memory);
    for (std::size_t v = 0; v < k.history.size(); ++v)
      seen.push_back(k.history.at(v).bytes().data());
  }
  const auto [low, high] = std::minmax_element(seen.begin(), seen.end());
  EXPECT_LT(static_cast<std::uint64_t>(*high - *low), memory);
}

TEST(History, takes_at_most_about_twice_its_bounds) {
  Kept k({16, 1 << 20, 4u << 20});
  for (int i = 0; i < 200'000; ++i) k.keep(64);
  EXPECT_LT(k.budget.memory, 2 * (4u << 20));
  k.history.keep(t0, k.next + 5, k.next + 5, 0, 0, value_of(1, 64), nullptr);
  EXPECT_LT(k.budget.memory, 4096u);
}

TEST(History, two_streams_share_the_budgets) {
  HistoryBudget budget{1000, 10 * (100 + kEntry)};
  History a({100, 800, 1 << 20}, budget);
  History b({100, 800, 1 << 20}, budget);
  const auto keep = [](History& h, Sequence s) {
    h.keep(t0, s, s, 0, 0, value_of(s, 100), nullptr);
  };
  for (Sequence s = 1; s <= 20; ++s) keep(a, s);
  EXPECT_EQ(a.size(), 8u);
  EXPECT_EQ(a.first_kept(), 11u);
  for (Sequence s = 1; s <= 3; ++s) keep(b, s);
  EXPECT_EQ(b.size(), 2u);        // what is left for late joiners, its own oldest went
  EXPECT_EQ(b.first_kept(), 2u);  // nothing is left for repair
  EXPECT_EQ(budget.history_used, 1000u);
  EXPECT_EQ(budget.repair_used, 10 * (100 + kEntry));
  EXPECT_EQ(a.first_kept(), 11u);
  a.expire(t0 + 11s);
  EXPECT_EQ(a.first_kept(), 13u);  // its history stays
  for (Sequence s = 4; s <= 6; ++s) keep(b, s);
  EXPECT_EQ(b.size(), 2u);
  EXPECT_EQ(b.first_kept(), 4u);
  EXPECT_EQ(budget.repair_used, 3 * (100 + kEntry));
}

TEST(History, gives_its_share_of_the_budgets_back) {
  HistoryBudget budget{1 << 20, 1 << 20};
  {
    History h({100, 1 << 20, 1 << 20}, budget);
    const auto large = std::make_shared<const Bytes>(Bytes(5000));
    h.keep(t0, 1, 1, 0, 0, value_of(1, 100), nullptr);
    h.keep(t0, 2, 6, 0, 1000, *large, large);
    EXPECT_EQ(budget.history_used, 5100u);
    EXPECT_EQ(budget.repair_used, 5100 + 2 * kEntry);
    EXPECT_GT(budget.memory, 5100u);
  }
  EXPECT_EQ(budget.history_used, 0u);
  EXPECT_EQ(budget.repair_used, 0u);
  EXPECT_EQ(budget.memory, 0u);
}

TEST(History, lets_go_of_what_is_too_old_for_repair_when_the_next_is_kept) {
  Kept k({1, 1000, 1 << 20, 10s});
  for (int i = 0; i < 5; ++i) k.keep(10, t0 + i * 1s);
  k.keep(10, t0 + 12s);
  EXPECT_EQ(k.history.first_kept(), 3u);  // kept 10 s ago: not older
  k.keep(10, t0 + 60s);
  EXPECT_EQ(k.history.first_kept(), 7u);
}

TEST(History, expires_what_is_too_old_for_repair_and_no_last_value) {
  Kept k({2, 1000, 1 << 20, 10s});
  for (int i = 0; i < 5; ++i) k.keep(10);
  k.history.expire(t0 + 10s);
  EXPECT_EQ(k.repairable(), 5u);
  k.history.expire(t0 + 11s);
  EXPECT_EQ(k.repairable(), 2u);
  EXPECT_EQ(k.history.size(), 2u);
  EXPECT_EQ(k.budget.repair_used, 0u);
  EXPECT_TRUE(k.is_whole(4));
  EXPECT_EQ(k.history.find(3), std::nullopt);
}

TEST(History, gives_back_its_memory_when_all_has_expired) {
  Kept k({0, 0, 1 << 20});
  for (int i = 0; i < 1000; ++i) k.keep(100);
  k.keep_large(50'000, 50);
  EXPECT_GT(k.budget.memory, 150'000u);
  k.history.expire(t0 + 11s);
  EXPECT_EQ(k.budget.memory, 0u);
  EXPECT_EQ(k.history.first_kept(), k.next);
  k.keep(100, t0 + 12s);
  EXPECT_TRUE(k.is_whole(k.next - 1));
}

TEST(History, gives_back_what_a_burst_took_little_by_little) {
  Kept k({4, 1000, 1 << 20});
  for (int i = 0; i < 5000; ++i) k.keep(100);
  const std::uint64_t burst = k.budget.memory;
  Instant now = t0;
  for (int i = 0; i < 100; ++i) {
    now += 1s;
    k.keep(100, now);
    k.history.expire(now);
    for (Sequence s = k.history.first_kept(); s < k.next; ++s) ASSERT_TRUE(k.is_whole(s));
  }
  EXPECT_LT(k.budget.memory, burst / 16);
  EXPECT_EQ(k.repairable(), 11u);
}

TEST(History, begins_anew_behind_a_hole) {
  Kept k({10, 1000, 1000});
  for (int i = 0; i < 3; ++i) k.keep(10);
  k.next = 6;
  k.keep(10);
  EXPECT_EQ(k.history.size(), 1u);
  EXPECT_EQ(k.history.first_kept(), 6u);
  EXPECT_EQ(k.history.find(5), std::nullopt);
  EXPECT_TRUE(k.is_whole(6));
}

}  // namespace
}  // namespace dts::proto
