// Large messages over ways that take large packets: many pieces in one, without a copy, and without
// a checksum where nothing leaves the machine.
#include <gtest/gtest.h>

#include <base/crc32c.hpp>
#include <base/endian.hpp>
#include <proto/engine_harness.hpp>

namespace dts::proto {
namespace {

using namespace std::chrono_literals;
using testing::Network;

class Bulk : public ::testing::Test {
 protected:
  Network net;
  Network::Node* a = nullptr;
  Network::Node* b = nullptr;
  StreamId film = 0;

  void begin(Capabilities able) {
    net.able = able;
    net.links[0].mtu_bytes = able.mtu_bytes;
    a = &net.add();
    b = &net.add();
    film = *a->engine.open_stream(net.now, testing::record_of("film"), {}, a->out);
    net.start(*a);
    b->engine.add_interest(net.now, testing::interest_in("film"), b->out);
    net.start(*b);
    net.run(1s);
    b->messages.clear();
    a->packets_sent = 0;
  }
  static std::string text(std::size_t bytes) {
    std::string all(bytes, 'f');
    for (std::size_t i = 0; i < bytes; ++i) all[i] = static_cast<char>('a' + i / 1000 % 26);
    return all;
  }
  static Capabilities memory() {
    return {.groups = true, .same_host = true, .bulk = true, .mtu_bytes = 65507};
  }
  static Capabilities stream() { return {.groups = true, .bulk = true, .mtu_bytes = 65507}; }
};

TEST_F(Bulk, many_pieces_share_a_packet) {
  begin(memory());
  ASSERT_EQ(net.publish(*a, film, text(1 << 20)), ErrorCode::ok);
  EXPECT_LE(a->packets_sent, 18u);
  net.run(100ms);
  ASSERT_EQ(b->messages.size(), 1u);
  EXPECT_EQ(b->messages[0].bytes, text(1 << 20));
  EXPECT_EQ(b->messages[0].last - b->messages[0].first + 1, 787u) << "each has a sequence";
}

TEST_F(Bulk, a_lost_packet_is_repaired_piece_by_piece_and_nothing_else_is_sent_again) {
  begin(stream());
  std::size_t seen = 0;
  net.drop = [&](const Network::Flight& f) {
    return f.from == 0 && f.bytes.size() > 60'000 && ++seen == 5;
  };
  ASSERT_EQ(net.publish(*a, film, text(1 << 20)), ErrorCode::ok);
  net.run(2s);
  ASSERT_EQ(b->messages.size(), 1u);
  EXPECT_EQ(b->messages[0].bytes, text(1 << 20));
  EXPECT_EQ(a->engine.counters().repairs_out, 49u) << "what one packet held";
  EXPECT_EQ(b->engine.counters().data_duplicate, 0u);
}

TEST_F(Bulk, who_is_reached_by_small_packets_gets_small_ones) {
  begin({.groups = true, .mtu_bytes = 65507});
  ASSERT_EQ(net.publish(*a, film, text(100'000)), ErrorCode::ok);
  EXPECT_EQ(a->packets_sent, 75u);
  net.run(100ms);
  ASSERT_EQ(b->messages.size(), 1u);
}

TEST_F(Bulk, pieces_that_are_here_already_are_not_taken_again) {
  begin(stream());
  // The packet comes once more, with a number of its own.
  Bytes again;
  net.tap = [&](const Network::Flight& f) {
    if (f.from == 0 && f.bytes.size() > 60'000 && again.empty()) again = f.bytes;
  };
  ASSERT_EQ(net.publish(*a, film, text(200'000)), ErrorCode::ok);
  ASSERT_FALSE(again.empty());
  net.run(50us);
  EXPECT_TRUE(b->messages.empty());
  net.run(100ms);
  ASSERT_EQ(b->messages.size(), 1u);
  const std::uint64_t before = b->engine.counters().data_duplicate;
  base::store(again.data() + 20, std::uint64_t{1'000'000});
  const ByteView covered = ByteView(again).first(again.size() - 4);
  base::store(again.data() + covered.size(), base::crc32c(covered));
  b->engine.receive(net.now, net.wall(), {0, 1, Network::address_of(1), true}, again, b->out);
  net.collect(*b);
  EXPECT_EQ(b->messages.size(), 1u);
  EXPECT_EQ(b->engine.counters().data_duplicate, before + 49);
}

TEST_F(Bulk, only_what_never_leaves_the_machine_goes_without_a_checksum) {
  begin(memory());
  Bytes packet;
  net.tap = [&](const Network::Flight& f) {
    if (f.bytes.size() > 60'000) packet = f.bytes;
  };
  ASSERT_EQ(net.publish(*a, film, text(100'000)), ErrorCode::ok);
  ASSERT_FALSE(packet.empty());
  EXPECT_EQ(packet[3], wire::kPacketUnchecked);
  EXPECT_EQ(base::load<std::uint32_t>(packet.data() + packet.size() - 4), 0u);
  net.run(100ms);
  EXPECT_EQ(b->messages.size(), 1u);

  Network other;
  other.able = stream();
  Network::Node& far = other.add();
  other.start(far);
  far.engine.receive(other.now, other.wall(), {0, 1, Network::address_of(9), false}, packet,
                     far.out);
  EXPECT_EQ(far.engine.counters().packet_bad_checksum, 1u);
}

TEST_F(Bulk, a_publisher_that_waits_loses_nothing_and_is_not_held_up_by_large_packets) {
  net.able = memory();
  net.links[0].mtu_bytes = 65507;
  a = &net.add();
  b = &net.add();
  StreamRecord record = testing::record_of("film");
  record.waits = true;
  film = *a->engine.open_stream(net.now, record, {}, a->out);
  net.start(*a);
  b->engine.add_interest(net.now, testing::interest_in("film"), b->out);
  net.start(*b);
  net.run(1s);
  b->messages.clear();
  for (int i = 0; i < 50;) {
    const ErrorCode said = net.publish(*a, film, text(1 << 20));
    if (said == ErrorCode::ok) ++i;
    net.run(1ms);
  }
  net.run(100ms);
  EXPECT_EQ(b->messages.size(), 50u);
  EXPECT_EQ(b->engine.counters().data_duplicate, 0u);
}

}  // namespace
}  // namespace dts::proto
