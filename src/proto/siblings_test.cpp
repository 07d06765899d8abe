// The engine's siblings, each by itself.
#include <set>

#include <gtest/gtest.h>

#include <base/sha256.hpp>
#include <proto/announcer.hpp>
#include <proto/duplicate_filter.hpp>
#include <proto/gap_detector.hpp>
#include <proto/joiner.hpp>
#include <proto/list_progress.hpp>
#include <proto/packet_writer.hpp>
#include <proto/path_table.hpp>
#include <proto/splitter.hpp>
#include <proto/type_exchange.hpp>
#include <proto/window.hpp>

namespace dts::proto {
namespace {

using namespace std::chrono_literals;
constexpr Instant t0{std::chrono::seconds(100)};

TEST(DuplicateFilter, is_not_moved_by_a_number_absurdly_far_ahead) {
  DuplicateFilter filter(128);
  EXPECT_TRUE(filter.fresh(1));
  EXPECT_FALSE(filter.fresh(std::uint64_t{1} << 63));
  EXPECT_TRUE(filter.fresh(2));
  EXPECT_TRUE(filter.fresh(1'000'000'000));
}

TEST(DuplicateFilter, takes_a_number_once_and_nothing_behind_its_window) {
  DuplicateFilter filter(128);
  EXPECT_TRUE(filter.fresh(1000));
  EXPECT_FALSE(filter.fresh(1000));
  EXPECT_TRUE(filter.fresh(999));
  EXPECT_TRUE(filter.fresh(1100));
  EXPECT_FALSE(filter.fresh(999));
  EXPECT_FALSE(filter.fresh(1100 - 128));
  EXPECT_TRUE(filter.fresh(1100 - 127));
  EXPECT_TRUE(filter.fresh(1'000'000));
  EXPECT_FALSE(filter.fresh(1101));
}

wire::Fragment piece(const Bytes& message, std::uint32_t index, Sequence first = 1) {
  wire::Fragment f;
  f.stream = 1;
  f.total = static_cast<std::uint32_t>(message.size());
  f.piece = 100;
  f.index = index;
  f.sequence = first + index;
  f.bytes = ByteView(message).subspan(index * 100u,
                                      std::min<std::size_t>(100, message.size() - index * 100u));
  return f;
}

TEST(Joiner, joins_fragments_in_any_order) {
  EngineOptions options;
  Joiner joiner(options);
  Bytes message(1234);
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::uint8_t>(i * 3);
  for (std::uint32_t i = 13; i-- > 1;)
    EXPECT_EQ(joiner.add(t0, {}, piece(message, i)).outcome, Joiner::Outcome::stored);
  const auto joined = joiner.add(t0, {}, piece(message, 0));
  ASSERT_EQ(joined.outcome, Joiner::Outcome::completed);
  EXPECT_EQ(*joined.message, message);
  EXPECT_EQ(joiner.memory_bytes(), 0u);
}

TEST(Joiner, drops_a_duplicate_fragment) {
  EngineOptions options;
  Joiner joiner(options);
  const Bytes message(1000);
  (void)joiner.add(t0, {}, piece(message, 3));
  EXPECT_EQ(joiner.add(t0, {}, piece(message, 3)).outcome, Joiner::Outcome::duplicate);
}

TEST(Joiner, makes_room_by_dropping_the_oldest_of_the_same_node) {
  EngineOptions options;
  options.join_messages_per_node_max = 4;
  Joiner joiner(options);
  const Bytes message(1000);
  for (int i = 0; i < 4; ++i)
    EXPECT_FALSE(joiner.add(t0 + i * 1ms, {}, piece(message, 0, 1 + 100 * i)).evicted);
  NodeId other;
  other.bytes[0] = 1;
  EXPECT_FALSE(joiner.add(t0, other, piece(message, 0)).evicted);
  const auto fifth = joiner.add(t0 + 9ms, {}, piece(message, 0, 1000));
  ASSERT_TRUE(fifth.evicted);
  EXPECT_EQ(fifth.evicted->key.first, 1u);
  EXPECT_EQ(fifth.evicted->last, 10u);
}

TEST(Joiner, memory_stays_close_to_what_has_arrived) {
  EngineOptions options;
  Joiner joiner(options);
  const Bytes message(8 << 20);
  std::uint64_t arrived = 0;
  for (std::uint32_t i = 0; i < 80'000; ++i) {
    arrived += 100;
    const auto joined = joiner.add(t0, {}, piece(message, i));
    ASSERT_EQ(joined.outcome, Joiner::Outcome::stored);
    ASSERT_LE(joiner.memory_bytes(), std::max<std::uint64_t>(8 * arrived, 64 << 10));
  }
  EXPECT_LE(joiner.memory_bytes(), message.size());
}

TEST(Joiner, takes_exactly_all_of_the_memory_once_an_eighth_has_arrived) {
  EngineOptions options;
  Joiner joiner(options);
  const Bytes message(1'000'000);
  for (std::uint32_t i = 0; i < 1250; ++i) (void)joiner.add(t0, {}, piece(message, i));
  EXPECT_LT(joiner.memory_bytes(), message.size());
  (void)joiner.add(t0, {}, piece(message, 1250));
  EXPECT_EQ(joiner.memory_bytes(), message.size());
}

TEST(Joiner, expires_what_makes_no_progress) {
  EngineOptions options;
  Joiner joiner(options);
  const Bytes message(1000);
  (void)joiner.add(t0, {}, piece(message, 0));
  EXPECT_FALSE(joiner.expire(t0 + 1s));
  EXPECT_TRUE(joiner.expire(t0 + 2s));
  EXPECT_EQ(joiner.messages(), 0u);
}

TEST(Joiner, tells_once_of_what_stalls_and_keeps_it_when_told_to) {
  EngineOptions options;
  Joiner joiner(options);
  const Bytes message(1000);
  (void)joiner.add(t0, {}, piece(message, 0));
  EXPECT_EQ(joiner.deadline(), t0 + Joiner::stalled_age);
  EXPECT_FALSE(joiner.stalled(t0 + 100ms));
  const auto half = joiner.stalled(t0 + 200ms);
  ASSERT_TRUE(half);
  EXPECT_EQ(half->last, half->key.first + 9);
  EXPECT_FALSE(joiner.stalled(t0 + 1s)) << "once";
  EXPECT_FALSE(joiner.expire(t0 + 1s)) << "not yet";
  EXPECT_EQ(joiner.deadline(), t0 + 2s);
  joiner.keep(half->key);
  EXPECT_FALSE(joiner.expire(t0 + 20s));
  (void)joiner.add(t0 + 20s, {}, piece(message, 1));
  EXPECT_TRUE(joiner.stalled(t0 + 21s)) << "it has moved in between";
}

TEST(Window, closes_when_full_and_opens_on_a_report_or_after_silence) {
  Window window(1 << 20);
  const NodeId node;
  const std::vector<NodeId> all{node};
  std::uint64_t sent = 0;
  Sequence s = 0, marked = 0;
  while (window.open(t0, all, 1000)) {
    ++s;
    sent += 1000;
    if (window.sent(all, 1000)) window.mark(t0, all, 1, marked = s);
  }
  EXPECT_NEAR(static_cast<double>(sent), 1 << 20, 1000);
  EXPECT_EQ(window.deadline(), t0 + Window::silence_max);
  window.reported(t0 + 1ms, node, 1, marked, 0, false);
  EXPECT_TRUE(window.open(t0 + 1ms, all, 1000));
}

TEST(Window, a_silent_receiver_is_not_waited_for_after_five_times_but_not_flooded_either) {
  Window window(1 << 20);
  const std::vector<NodeId> all{NodeId{}};
  Instant now = t0;
  Sequence s = 0;
  const auto send = [&](std::uint64_t bytes) {
    const Instant began = now;
    for (std::uint64_t sent = 0; sent < bytes; sent += 1000) {
      while (!window.open(now, all, 1000)) now = window.deadline();
      if (window.sent(all, 1000)) window.mark(now, all, 1, ++s);
    }
    return now - began;
  };
  send(6u << 20);  // five windows, and what is sent meanwhile
  EXPECT_GE(now - t0, Window::silences_max * Window::silence_max);
  EXPECT_LT(now - t0, 2 * Window::silences_max * Window::silence_max);
  const double seconds = std::chrono::duration<double>(send(50'000'000)).count();
  EXPECT_NEAR(50'000'000 / seconds, Window::paced_bytes_per_s, 5'000'000);
  window.reported(now, NodeId{}, 1, s, 0, false);  // it is heard again
  EXPECT_EQ(send(500'000), Duration(0));
}

TEST(Window, many_receivers_are_paced_by_time) {
  Window window(1 << 20);
  const std::vector<NodeId> many(9);
  std::uint64_t sent = 0;
  for (Instant now = t0; now < t0 + 1s; now += 1ms)
    while (window.open(now, many, 1000)) sent += 1000;
  EXPECT_NEAR(static_cast<double>(sent), Window::paced_bytes_per_s, 300'000);
}

TEST(Splitter, cuts_a_message_into_pieces_and_releases_it) {
  Splitter splitter(1000);
  EXPECT_TRUE(splitter.has_room(5000));
  splitter.push({1, 10, 100, 0, false, std::make_shared<const Bytes>(250), {}, {}, 0});
  EXPECT_FALSE(splitter.has_room(5000));
  EXPECT_TRUE(splitter.holds(1));
  std::vector<std::size_t> sizes;
  while (!splitter.empty()) {
    sizes.push_back(splitter.fragment().bytes.size());
    splitter.advance();
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{100, 100, 50}));
  EXPECT_FALSE(splitter.holds(1));
  EXPECT_EQ(splitter.bytes(), 0u);
}

TEST(TypeExchange, asks_again_with_growing_distance_and_gives_up) {
  TypeExchange types(10, 1000);
  base::Random random(1);
  EXPECT_TRUE(types.want(t0, TypeId{}));
  unsigned asked = 0;
  for (Instant now = t0; types.wanted() && asked < 100; now = types.deadline())
    asked += static_cast<unsigned>(types.take_due(now, random).size());
  EXPECT_EQ(asked, TypeExchange::tries_max);
}

TEST(TypeExchange, refuses_what_does_not_fit_and_what_was_not_asked_for) {
  TypeExchange types(10, 1000);
  EXPECT_FALSE(types.offer(TypeId{}, Bytes(1001)));
  const Bytes bytes(10);
  EXPECT_EQ(types.add(t0, {TypeId{}, 10, 0, bytes}), TypeExchange::Outcome::unasked);
  EXPECT_TRUE(types.want(t0, TypeId{}));
  EXPECT_EQ(types.add(t0, {TypeId{}, 2u << 20, 0, bytes}), TypeExchange::Outcome::refused);
  EXPECT_EQ(types.add(t0, {TypeId{}, 10, 0, bytes}), TypeExchange::Outcome::mismatch);
}

TEST(TypeExchange, believes_a_binding_by_the_eight_bytes_of_its_id) {
  const Bytes document(40, 7);
  const base::Sha256 hash = base::sha256(document);
  BindingId binding;
  std::copy_n(hash.begin(), binding.bytes.size(), binding.bytes.begin());
  TypeExchange types(10, 1000);
  EXPECT_TRUE(types.want(t0, document_id(binding)));
  const Bytes other(40, 8);
  EXPECT_EQ(types.add(t0, {document_id(binding), 40, 0, other}), TypeExchange::Outcome::mismatch);
  EXPECT_EQ(types.add(t0, {document_id(binding), 40, 0, document}), TypeExchange::Outcome::stored);
  // Eight bytes are not enough for a type.
  TypeId type = document_id(binding);
  type.bytes.back() = 1;
  EXPECT_TRUE(types.want(t0, type));
  EXPECT_EQ(types.add(t0, {type, 40, 0, document}), TypeExchange::Outcome::mismatch);
}

TEST(ListProgress, a_change_applies_only_to_the_list_it_names) {
  using Kind = wire::ListHead::Kind;
  ListProgress list;
  bool begun = false;
  EXPECT_EQ(list.add({Kind::change, 1, 2, 0, 1}, begun), ListProgress::Part::ignore);
  EXPECT_EQ(list.add({Kind::complete, 0, 1, 1, 2}, begun), ListProgress::Part::apply);
  EXPECT_TRUE(begun);
  EXPECT_EQ(list.add({Kind::complete, 0, 1, 1, 2}, begun), ListProgress::Part::ignore);
  EXPECT_EQ(list.add({Kind::complete, 0, 1, 0, 2}, begun), ListProgress::Part::finished);
  EXPECT_EQ(list.add({Kind::change, 7, 8, 0, 1}, begun), ListProgress::Part::ignore);
  EXPECT_EQ(list.add({Kind::change, 1, 2, 0, 1}, begun), ListProgress::Part::finished);
  EXPECT_EQ(list.digest(), 2u);
}

TEST(Announcer, the_period_stretches_with_the_domain) {
  EngineOptions options;
  const Announcer announcer(options);
  EXPECT_EQ(announcer.period(9, 2), 2s);
  EXPECT_EQ(announcer.period(29, 2), 2400ms) << "25 packets a second";
  EXPECT_EQ(announcer.period(99, 2), 4s) << "twice as long";
  EXPECT_EQ(announcer.period(999, 2), 10s) << "200 packets a second";
}

TEST(Announcer, processes_of_one_machine_announce_at_the_same_moments) {
  base::Random random(1);
  std::set<Instant> moments;
  for (int i = 0; i < 200; ++i) {
    Announcer announcer(EngineOptions{});
    const Instant now{100s + std::chrono::microseconds(i * 1237)};
    announcer.start(now);
    announcer.announced(now, 0, 1, random);  // early ones
    announcer.announced(now, 0, 1, random);
    announcer.announced(now, 0, 1, random);
    EXPECT_GE(announcer.due(), now + 1750ms);
    EXPECT_LE(announcer.due(), now + 2500ms);
    moments.insert(announcer.due());
  }
  EXPECT_LE(moments.size(), 5u);
  EXPECT_GE(moments.size(), 3u);
}

TEST(OpenPacket, a_run_of_small_messages_costs_a_few_bytes_each) {
  OpenPacket open(1, NodeId{});
  const Destinations to{{0, 1, 5, std::nullopt}};
  Outbox out;
  Sequence s = 1;
  const Bytes value(64);
  while (open.add(1, to, 1, s, 1000 * static_cast<std::int64_t>(s), false, value)) ++s;
  EXPECT_EQ(s - 1, 20u);
  EXPECT_FALSE(open.add(2, to, 1, s, 0, false, value));
  EXPECT_LE(open.seal(1, out), 1400u);
  EXPECT_TRUE(open.empty());
}

}  // namespace
}  // namespace dts::proto
