// Large messages between engines in virtual time: turns, limits, progress, compression.
#include <gtest/gtest.h>

#include <map>

#include <proto/engine_harness.hpp>

namespace dts::proto {
namespace {

using namespace std::chrono_literals;
using testing::Network;

class Large : public ::testing::Test {
 protected:
  Network net;
  Network::Node& a = net.add(narrow());
  Network::Node& b = net.add();

  static EngineOptions narrow() {
    EngineOptions options = Network::options_of(1);
    options.send_window_bytes = 256 << 10;
    return options;
  }

  StreamId open(std::string name) {
    return *a.engine.open_stream(net.now, testing::record_of(std::move(name)), {}, a.out);
  }
  void begin(std::uint64_t bytes_max = ~std::uint64_t{0}) {
    net.start(a);
    Interest all = testing::interest_matching("*");
    all.bytes_max = bytes_max;
    b.engine.add_interest(net.now, all, b.out);
    net.start(b);
    net.run(1s);
    b.messages.clear();
    b.notices.clear();
    a.notices.clear();
  }
  std::size_t arrived(const std::string& family) const {
    std::size_t n = 0;
    for (const auto& m : b.messages) n += m.family == family;
    return n;
  }
};

TEST_F(Large, a_small_message_leaves_in_the_same_tick_as_64_MiB_are_on_their_way) {
  const StreamId film = open("film"), valve = open("valve");
  begin();
  ASSERT_EQ(net.publish(a, film, std::string(64 << 20, 'f')), ErrorCode::ok);
  for (int i = 0; i < 10; ++i) {
    net.run(300us);
    const Instant then = net.now;
    Instant due = Instant::max();
    net.tap = [&](const Network::Flight& f) { due = std::min(due, f.due); };
    ASSERT_EQ(net.publish(a, valve, "open"), ErrorCode::ok);
    EXPECT_EQ(due, then + net.delay);
    net.tap = [](const auto&) {};
    net.run(net.delay);
    EXPECT_EQ(arrived("valve"), static_cast<std::size_t>(i + 1));
  }
  EXPECT_EQ(arrived("film"), 0u);
  EXPECT_GT(a.engine.unsent(film).total, a.engine.unsent(film).sent);
}

TEST_F(Large, a_shorter_message_of_another_stream_is_there_long_before_a_long_one) {
  const StreamId film = open("film"), picture = open("picture");
  begin();
  ASSERT_EQ(net.publish(a, film, std::string(12 << 20, 'f')), ErrorCode::ok);
  ASSERT_EQ(net.publish(a, picture, std::string(400 << 10, 'p')), ErrorCode::ok);
  const Instant began = net.now;
  while (arrived("picture") == 0) net.run(100us);
  const Duration picture_took = net.now - began;
  while (arrived("film") == 0) net.run(100us);
  EXPECT_GT(net.now - began, 8 * picture_took);
}

TEST_F(Large, what_is_larger_than_a_receiver_takes_is_refused_and_both_are_told) {
  const StreamId film = open("film");
  begin(1 << 20);
  ASSERT_EQ(net.publish(a, film, std::string(1 << 20, 's')), ErrorCode::ok);
  net.run(100ms);
  EXPECT_EQ(arrived("film"), 1u);
  const std::size_t sent = a.bytes_sent;
  ASSERT_EQ(net.publish(a, film, std::string(64 << 20, 'l')), ErrorCode::ok);
  ASSERT_EQ(net.publish(a, film, "small"), ErrorCode::ok);
  net.run(1s);
  ASSERT_EQ(arrived("film"), 2u);
  EXPECT_EQ(b.messages.back().bytes, "small");
  EXPECT_LT(a.bytes_sent - sent, 5u << 20);  // the rest of it stays at home
  EXPECT_EQ(b.engine.counters().message_too_large, 1u);
  EXPECT_EQ(a.engine.counters().messages_refused, 1u);
  ASSERT_EQ(b.count(Notice::Kind::too_large), 1u);
  ASSERT_EQ(b.count(Notice::Kind::gap), 1u);
  for (const Notice& n : b.notices) {
    if (n.kind == Notice::Kind::gap) {
      EXPECT_EQ(n.reason, Notice::GapReason::too_large);
    }
    if (n.kind != Notice::Kind::too_large) continue;
    EXPECT_EQ(n.bytes, 64u << 20);
    EXPECT_EQ(n.bytes_max, 1u << 20);
  }
  ASSERT_EQ(a.count(Notice::Kind::refused), 1u);
}

TEST_F(Large, a_compressed_message_is_refused_for_what_it_would_become) {
  const StreamId film = open("film");
  begin(1 << 20);
  const std::size_t sent = a.bytes_sent;
  const auto publish = [&](std::uint32_t size) {
    Bytes packed(600 << 10);
    base::store(packed.data(), size);
    ASSERT_TRUE(a.engine.publish(net.now, film, {packed, net.wall(), {}, Compression::lz4}, a.out));
    a.engine.flush(net.now, a.out);
    net.collect(a);
    net.run(1s);
  };
  publish(1 << 20);
  EXPECT_EQ(b.messages.size(), 1u);
  publish((1 << 20) + 1);
  EXPECT_EQ(b.messages.size(), 1u);
  EXPECT_EQ(b.engine.counters().message_too_large, 1u);
  EXPECT_EQ(a.engine.counters().messages_refused, 1u);
  EXPECT_LT(a.bytes_sent - sent, 1100u << 10);
  ASSERT_EQ(b.count(Notice::Kind::too_large), 1u);
  for (const Notice& n : b.notices) {
    if (n.kind != Notice::Kind::too_large) continue;
    EXPECT_EQ(n.bytes, (1u << 20) + 1);
    EXPECT_GT(n.to - n.from, (600u << 10) / 1400);
  }
}

TEST_F(Large, a_limit_of_a_subscription_is_none_for_answers) {
  Network::Node& asker = net.add();
  const StreamId film = open("film");
  Interest small = testing::interest_in("other");
  small.bytes_max = 1000;
  asker.engine.add_interest(net.now, small, asker.out);
  begin();
  net.start(asker);
  net.run(1s);
  Question question;
  question.family = testing::family_of("film");
  question.name = "film";
  const auto token = asker.engine.ask(net.now, question, asker.out);
  ASSERT_TRUE(token);
  net.collect(asker);
  net.run(10ms);
  ASSERT_EQ(a.count(Notice::Kind::query), 1u);
  Reply reply;
  reply.of = film;
  reply.values.push_back({net.wall(), std::make_shared<const Bytes>(100'000), {}});
  a.engine.answer(net.now, asker.engine.node(), *token, reply, a.out);
  net.collect(a);
  net.run(1s);
  ASSERT_EQ(asker.messages.size(), 1u);
  EXPECT_EQ(asker.messages[0].bytes.size(), 100'000u);
}

TEST_F(Large, a_message_that_takes_long_says_ten_times_a_second_how_much_has_arrived) {
  const StreamId film = open("film");
  begin();
  net.delay = 9ms;  // the window makes it slow
  ASSERT_EQ(net.publish(a, film, std::string(12 << 20, 'f')), ErrorCode::ok);
  const Instant began = net.now;
  while (arrived("film") == 0 && net.now < began + 5s) net.run(10ms);

  const auto tenths = static_cast<std::size_t>((net.now - began) / 100ms);
  std::vector<std::uint64_t> told;
  for (const Notice& n : b.notices)
    if (n.kind == Notice::Kind::arriving) {
      EXPECT_EQ(n.bytes_max, 12u << 20);
      told.push_back(n.bytes);
    }
  ASSERT_GE(tenths, 3u);
  EXPECT_LE(told.size(), tenths + 2);
  EXPECT_GE(told.size(), tenths / 2);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_EQ(told.back(), 12u << 20);
}

TEST_F(Large, what_is_still_to_be_sent_is_not_missing_whatever_is_announced_meanwhile) {
  const StreamId film = open("film");
  begin();
  net.delay = 9ms;
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(net.publish(a, film, std::string(12 << 20, 'f')), ErrorCode::ok);
    net.run(3s);  // longer than the period of announcements
    EXPECT_EQ(arrived("film"), static_cast<std::size_t>(i + 1));
  }
  EXPECT_EQ(b.engine.counters().nacks_out, 0u);
  EXPECT_EQ(b.engine.counters().gap_packets, 0u);
}

TEST_F(Large, a_quick_message_says_nothing_of_its_progress) {
  const StreamId film = open("film");
  begin();
  ASSERT_EQ(net.publish(a, film, std::string(2 << 20, 'f')), ErrorCode::ok);
  net.run(1s);
  EXPECT_EQ(arrived("film"), 1u);
  EXPECT_EQ(b.count(Notice::Kind::arriving), 0u);
}

TEST_F(Large, a_compressed_message_travels_as_fragments_and_says_so_live_and_late) {
  const StreamId film = open("film");
  begin();
  std::vector<Compression> seen;
  const auto publish = [&](Compression compression) {
    const std::string text("\x09\0\0\0 packed", 11);  // 9 bytes, it says
    MessageView message{as_bytes(text), net.wall(), {}, compression};
    ASSERT_TRUE(a.engine.publish(net.now, film, message, a.out));
    a.engine.flush(net.now, a.out);
    net.collect(a);
  };
  // What the engine hands out, before the harness copies it.
  const auto watch = [&](const Network::Flight& f) {
    wire::Frame frame;
    ByteView rest = ByteView(f.bytes).subspan(wire::kHeaderBytes);
    rest = rest.first(rest.size() - wire::kTrailerBytes);
    while (!rest.empty() && wire::next_frame(rest, frame)) {
      wire::Fragment fragment;
      if (frame.type == wire::FrameType::fragment && read(frame.body, fragment))
        seen.push_back(fragment.compression());
    }
  };
  net.tap = watch;
  publish(Compression::zstd);
  publish(Compression::lz4);
  net.run(100ms);
  EXPECT_EQ(seen, (std::vector{Compression::zstd, Compression::lz4}));
  ASSERT_EQ(b.messages.size(), 2u);
  EXPECT_EQ(b.messages[1].compression, Compression::lz4);
  seen.clear();
  Network::Node& late = net.add();
  late.engine.add_interest(net.now, testing::interest_in("film"), late.out);
  net.start(late);
  net.run(1s);
  ASSERT_EQ(late.messages.size(), 1u);
  EXPECT_EQ(late.messages[0].compression, Compression::lz4);
  EXPECT_EQ(seen, std::vector{Compression::lz4});
}

// Who holds a part of a message knows that the rest of it exists.
TEST_F(Large, the_rest_of_half_a_message_is_asked_for_and_not_only_named) {
  const StreamId s = open("t.Film");
  begin();
  int fragments = 0;
  net.drop = [&](const Network::Flight& f) { return f.from == 0 && ++fragments > 2; };
  net.publish(a, s, std::string(20'000, 'x'));
  net.run(3s);  // all DIGESTs are lost as well
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
  net.drop = [](const Network::Flight& f) {  // and it says nothing of itself
    const auto type = static_cast<wire::FrameType>(f.bytes[wire::kHeaderBytes]);
    return f.from == 0 && (type == wire::FrameType::digest || type == wire::FrameType::announce);
  };
  net.run(1600ms);
  ASSERT_EQ(b.messages.size(), 1u);
  EXPECT_EQ(b.messages[0].bytes.size(), 20'000u);
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
}

TEST_F(Large, half_a_message_that_is_not_repaired_is_named_after_two_seconds) {
  const StreamId s =
      *a.engine.open_stream(net.now, testing::record_of("t.Film", Delivery::stream), {}, a.out);
  begin();
  int fragments = 0;
  net.drop = [&](const Network::Flight& f) { return f.from == 0 && ++fragments > 2; };
  net.publish(a, s, std::string(20'000, 'x'));
  net.run(2100ms);
  EXPECT_EQ(b.count(Notice::Kind::gap), 1u);
  EXPECT_EQ(b.engine.counters().join_expired, 1u);
}

TEST_F(Large, an_unknown_compression_is_malformed) {
  wire::Fragment f;
  f.total = 4;
  f.piece = 100;
  f.sequence = 1;
  const Bytes four(4);
  for (const int flags : {0, 4, 8, 12}) {
    Bytes body(wire::kFragmentHeadBytes);
    f.flags = static_cast<std::uint8_t>(flags);
    wire::write_fragment_head(body.data(), f);
    body.insert(body.end(), four.begin(), four.end());
    wire::Fragment back;
    EXPECT_EQ(read(body, back), flags != 12) << flags;
  }
}

}  // namespace
}  // namespace dts::proto
