// The loopback transport where it differs from the others: bounds, hubs, ?fail=. What all
// transports have in common is tested by tests/conformance/transport.
#include <gtest/gtest.h>

#include <dts/transport.hpp>

namespace dts::transport {
extern const TransportPlugin loopback_transport;

namespace {

std::unique_ptr<Transport> open(const std::string& url, std::uint32_t buffer_bytes = 1 << 20) {
  auto opened = loopback_transport.open({.url = url, .receive_buffer_bytes = buffer_bytes});
  EXPECT_TRUE(opened) << opened.error().text();
  return opened ? std::move(*opened) : nullptr;
}

OutgoingPacket to_group(Group group, const Bytes& bytes) {
  return {.bytes = bytes, .link = 1, .group = group};
}

TEST(Loopback, hubs_of_other_names_are_other_networks) {
  const auto here = open("loopback://here"), there = open("loopback://there");
  ASSERT_TRUE(there->join(1));
  const Bytes bytes{1, 2, 3};
  const OutgoingPacket packet = to_group(1, bytes);
  ASSERT_TRUE(here->send({&packet, 1}));
  ReceiveBatch batch;
  EXPECT_EQ(there->receive(batch).value(), 0u);
}

TEST(Loopback, a_full_inbox_drops_and_counts) {
  const auto sender = open("loopback://full"), slow = open("loopback://full", 1000);
  ASSERT_TRUE(slow->join(7));
  const Bytes bytes(300, 9);
  const OutgoingPacket packet = to_group(7, bytes);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(sender->send({&packet, 1}));
  ReceiveBatch batch;
  EXPECT_EQ(slow->receive(batch).value(), 3u);
  EXPECT_EQ(slow->counters().receive_overflow, 2u);
  EXPECT_EQ(sender->counters().packets_sent, 5u);
  // There is room again, and memory does not grow with what went through.
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(sender->send({&packet, 1}));
    ASSERT_EQ(slow->receive(batch).value(), 1u);
  }
  EXPECT_EQ(slow->counters().receive_overflow, 2u);
}

TEST(Loopback, keeps_order_while_it_is_read_slower_than_written) {
  const auto sender = open("loopback://order"), reader = open("loopback://order", 64u << 20);
  ASSERT_TRUE(reader->join(1));
  std::uint32_t written = 0, read = 0;
  ReceiveBatch batch;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 1500; ++i, ++written) {
      Bytes bytes(1 + written % 50);
      bytes[0] = static_cast<std::uint8_t>(written);
      const OutgoingPacket packet = to_group(1, bytes);
      ASSERT_TRUE(sender->send({&packet, 1}));
    }
    ASSERT_GT(reader->receive(batch).value(), 0u);
    for (const ReceivedPacket& packet : batch.packets) {
      ASSERT_EQ(packet.bytes.size(), 1 + read % 50);
      ASSERT_EQ(packet.bytes[0], static_cast<std::uint8_t>(read));
      ++read;
    }
  }
  while (reader->receive(batch).value() > 0)
    read += static_cast<std::uint32_t>(batch.packets.size());
  EXPECT_EQ(read, written);
  EXPECT_EQ(reader->counters().receive_overflow, 0u);
}

TEST(Loopback, the_told_step_fails_and_only_that_one) {
  const auto transport = open("loopback://failing?fail=4");  // two steps are opening
  EXPECT_TRUE(transport->join(1));
  const auto second = transport->join(2);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::system);
  EXPECT_TRUE(transport->join(2));
  EXPECT_TRUE(transport->leave(2));
}

TEST(Loopback, what_it_does_not_know_is_refused) {
  for (const char* url : {"loopback://?fial=1", "loopback://?fail=-1", "loopback://?mtu=1"}) {
    const auto opened = loopback_transport.open({.url = url});
    ASSERT_FALSE(opened) << url;
    EXPECT_EQ(opened.error().code(), ErrorCode::invalid_url);
  }
}

}  // namespace
}  // namespace dts::transport
