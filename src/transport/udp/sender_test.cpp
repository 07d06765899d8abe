// Which packets may leave as one. What the kernel does with them: tests/conformance/transport.
#include "transport/udp/sender.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace dts::transport {
namespace {

const Bytes memory(65536);

OutgoingPacket packet(std::size_t size, Group group = 1, LinkIndex link = 1) {
  return {.bytes = ByteView(memory).first(size), .link = link, .group = group};
}

std::size_t run(const std::vector<OutgoingPacket>& packets) { return run_length(packets); }

TEST(SendRun, is_packets_of_one_size_to_one_place) {
  EXPECT_EQ(run({packet(100)}), 1u);
  EXPECT_EQ(run({packet(100), packet(100), packet(100)}), 3u);
  EXPECT_EQ(run({packet(100), packet(100), packet(100, 2)}), 2u);
  EXPECT_EQ(run({packet(100), packet(100, 1, 2)}), 1u);
  OutgoingPacket unicast = packet(100);
  unicast.to = Address{};
  EXPECT_EQ(run({packet(100), unicast}), 1u);
  EXPECT_EQ(run({unicast, unicast}), 2u);
  OutgoingPacket elsewhere = unicast;
  elsewhere.to->bytes[4] = 1;
  EXPECT_EQ(run({unicast, elsewhere}), 1u);
}

TEST(SendRun, may_end_with_a_shorter_packet_but_not_a_longer_or_empty_one) {
  EXPECT_EQ(run({packet(100), packet(100), packet(40), packet(40)}), 3u);
  EXPECT_EQ(run({packet(100), packet(101)}), 1u);
  EXPECT_EQ(run({packet(100), packet(0)}), 1u);
  EXPECT_EQ(run({packet(0), packet(0)}), 1u);
}

TEST(SendRun, holds_at_most_64_packets_and_one_datagram_of_bytes) {
  EXPECT_EQ(run(std::vector<OutgoingPacket>(200, packet(10))), 64u);
  EXPECT_EQ(run(std::vector<OutgoingPacket>(200, packet(1400))), 46u);
  EXPECT_EQ(run(std::vector<OutgoingPacket>(200, packet(40000))), 1u);
  EXPECT_EQ(run(std::vector<OutgoingPacket>(2, packet(65536))), 1u);
}

}  // namespace
}  // namespace dts::transport
