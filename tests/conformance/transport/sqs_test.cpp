// SQS where it differs from the others: lists of members, large messages, queues that are taken
// along. All on a private lo, with the tests' server.
#include <gtest/gtest.h>

#include <dts/transport.hpp>

#include "network.hpp"
#include "peer.hpp"
#include "server.hpp"

namespace dts::test {
namespace {

class Sqs : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { enter_private_network(); }
  Sqs() : server_(broker_of("sqs", url_)) {}
  // `parameters` instead of a list of members for every message.
  Peer open(const std::string& parameters) const {
    return open_peer({.url = url_.substr(0, url_.find('?')) + "?" + parameters});
  }
  std::string url_ = "sqs://";
  const std::unique_ptr<Server> server_;
};

TEST_F(Sqs, who_is_heard_for_the_first_time_is_sent_to_at_once) {
  Peer sender = open("members_s=3600"), earlier = open("members_s=0");
  sender.join(0);
  earlier.join(1);
  sender.send(1, {1});
  ASSERT_TRUE(earlier.hears(1)) << "the list is made";
  Peer later = open("members_s=0");
  later.join(1);
  later.send(0, {2});
  ASSERT_TRUE(sender.hears(1));
  sender.send(1, {3});
  EXPECT_TRUE(later.hears(1));
}

TEST_F(Sqs, packets_share_a_message_up_to_the_limit_that_is_said) {
  Peer sender = open("members_s=0&limit_kib=8"), peer = open("members_s=0&limit_kib=1024");
  peer.join(1);
  const auto most = sender.transport->links().front().mtu_bytes;
  EXPECT_LT(most, 6144u);
  sender.send(1, Bytes(most, 7));
  sender.send(1, Bytes(most + 1, 8));
  ASSERT_TRUE(peer.hears(1));
  EXPECT_EQ(peer.heard[0].bytes, Bytes(most, 7));
  EXPECT_EQ(sender.transport->counters().send_too_large, 1u);
  sender.join(1);
  peer.send(1, Bytes(65'000, 9));
  EXPECT_TRUE(sender.hears(1)) << "what is taken has no such limit";
}

TEST_F(Sqs, names_that_queues_cannot_have_are_refused) {
  for (const TransportPlugin& plugin : built_in_transports()) {
    if (plugin.scheme != "sqs") continue;
    for (const char* const url : {"sqs://eu-central-1/a b", "sqs://eu-central-1/a/b",
                                  "sqs://eu central", "sqs://eu-central-1?limit_kib=4"}) {
      const auto opened = plugin.open({.url = url});
      ASSERT_FALSE(opened) << url;
      EXPECT_EQ(opened.error().code(), ErrorCode::invalid_url) << url;
    }
    const auto opened = plugin.open({.url = "sqs://eu-central-1/" + std::string(44, 'x')});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), ErrorCode::invalid_url);
  }
}

}  // namespace
}  // namespace dts::test
