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
    const std::string text = "as packed";
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
