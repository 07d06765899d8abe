// Lists of streams and of wants, when what one node believes of another is out of date.
#include <proto/engine_harness.hpp>

#include <gtest/gtest.h>

namespace dts::proto {
namespace {

using std::chrono::milliseconds;
using testing::Network;

TEST(Lists, a_peer_believed_to_want_nothing_is_not_told_that_there_is_nothing) {
  Network net;
  Network::Node &publisher = net.add(), &subscriber = net.add();
  ASSERT_TRUE(
      publisher.engine.open_stream(net.now, testing::record_of("lab.T"), {}, publisher.out).ok());
  net.start(publisher);
  net.start(subscriber);
  net.run(milliseconds(2500));
  const auto* peer = subscriber.engine.find_peer(publisher.engine.node());
  ASSERT_NE(peer, nullptr);
  ASSERT_TRUE(peer->streams.empty());
  // Nobody hears what it wants from now on; it asks the publisher by unicast.
  net.drop = [&](const Network::Flight& f) { return f.from == 1 && f.path.multicast; };
  subscriber.engine.add_interest(net.now, testing::interest_in("lab.T"), subscriber.out);
  net.collect(subscriber);
  net.run(milliseconds(1800));
  EXPECT_FALSE(peer->streams.empty() && peer->streams_complete);
  net.drop = [](const Network::Flight&) { return false; };
  net.run(milliseconds(3000));
  EXPECT_EQ(peer->streams.size(), 1u);
}

}  // namespace
}  // namespace dts::proto
