// What a broker that is dead or stands still costs those who do not need it: nothing. Real servers,
// on a private lo.
#include <gtest/gtest.h>

#include <dts/transport.hpp>

#include "server.hpp"
#include "streams.hpp"

namespace dts::test {
namespace {

class DeadBroker : public Streams, public ::testing::WithParamInterface<std::string> {
 protected:
  // All that a domain's loop and its publishers call.
  static void do_everything(Peer& peer) {
    const Bytes bytes(1000, 1);
    for (int i = 0; i < 200; ++i) {
      const auto group = static_cast<Group>(i % 250);
      EXPECT_TRUE(peer.transport->join(group));
      const OutgoingPacket packets[] = {
          {.bytes = bytes, .link = 1, .group = group},
          {.bytes = bytes, .to = peer.transport->resolve(peer.transport->local_address()).value()}};
      EXPECT_TRUE(peer.transport->send(packets));
      peer.drain();
      peer.transport->links_changed();
      peer.transport->links();
      peer.transport->counters();
      peer.transport->settled();
      EXPECT_TRUE(peer.transport->leave(group));
    }
  }
};

// What listens and never answers is given up after 10 s, which is told: whoever waited for it
// would hear that before all is done.
TEST_P(DeadBroker, nothing_waits_for_one_that_never_answers) {
  const Plain silent;
  Peer peer = opening(GetParam() + "://" + silent.place());
  do_everything(peer);
  EXPECT_EQ(notices(peer), "");
  EXPECT_EQ(peer.transport->counters().packets_sent, 0u);
  EXPECT_EQ(peer.transport->counters().send_failed, 400u);
}

// One that stands still takes what the sockets hold, and then the queue; the rest is counted.
TEST_P(DeadBroker, nothing_waits_for_one_that_stands_still) {
  std::string url = GetParam() + "://";
  const auto server = broker_of(GetParam(), url);
  Peer peer = open_peer({.url = url, .receive_buffer_bytes = 1u << 20});
  server->stop();
  const Bytes bytes(1400, 1);
  const std::vector<OutgoingPacket> packets(
      1000, {.bytes = bytes, .link = peer.transport->links().at(0).index, .group = 1});
  std::uint64_t calls = 0;
  for (; peer.transport->counters().send_blocked == 0 && calls < 100; ++calls)
    ASSERT_TRUE(peer.transport->send(packets));
  const auto counters = peer.transport->counters();
  EXPECT_GT(counters.send_blocked, 0u);
  EXPECT_EQ(counters.packets_sent + counters.send_blocked, calls * 1000);
  EXPECT_EQ(notices(peer), "") << "all this was before anybody gave it up";
  server->go_on();
  peer.join(7);
  Peer other = open_peer({.url = url});
  other.send(7, {1});
  EXPECT_TRUE(peer.hears(1));
}

std::vector<std::string> brokers() {
  std::vector<std::string> schemes;
  for (const TransportPlugin& row : built_in_transports())
    if (row.needs.empty() && (row.scheme == "mqtt" || row.scheme == "nats"))
      schemes.emplace_back(row.scheme);
  return schemes;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DeadBroker);
INSTANTIATE_TEST_SUITE_P(All, DeadBroker, ::testing::ValuesIn(brokers()),
                         [](const auto& row) { return row.param; });

}  // namespace
}  // namespace dts::test
