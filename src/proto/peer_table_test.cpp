#include <proto/peer_table.hpp>

#include <gtest/gtest.h>

namespace dts::proto {
namespace {

using std::chrono::seconds;

NodeId id(std::uint8_t number) {
  NodeId node{};
  node.bytes[0] = number;
  return node;
}
Instant at(int s) { return Instant(seconds(s)); }

struct PeerTableTest : testing::Test {
  EngineOptions options;
  PeerTable peers{options};
  Peer& add(std::uint8_t number, const char* host = "", const char* name = "") {
    Peer& peer = *peers.add(id(number), at(0));
    if (*host) peers.rename(peer, host, name);
    return peer;
  }
};

TEST_F(PeerTableTest, debts_come_due_in_the_order_of_their_times) {
  Peer &a = add(1), &b = add(2), &c = add(3);
  peers.owe(a, at(30));
  peers.owe(b, at(10));
  peers.owe(c, at(20));
  EXPECT_EQ(peers.owed_due(), at(10));
  EXPECT_EQ(peers.take_owed(at(5)), nullptr);
  EXPECT_EQ(peers.take_owed(at(20)), &b);
  EXPECT_EQ(peers.take_owed(at(20)), &c);
  EXPECT_EQ(peers.take_owed(at(20)), nullptr);
  EXPECT_EQ(peers.owed_due(), at(30));
}

TEST_F(PeerTableTest, the_earliest_of_a_peers_debts_counts) {
  Peer& a = add(1);
  peers.owe(a, at(10));
  peers.owe(a, at(30));
  peers.owe(a, at(5));
  EXPECT_EQ(peers.take_owed(at(5)), &a);
  EXPECT_EQ(peers.take_owed(at(100)), nullptr);
  EXPECT_EQ(peers.owed_due(), Instant::max());
}

TEST_F(PeerTableTest, who_is_removed_is_owed_nothing_and_is_nobodys_namesake) {
  Peer &a = add(1, "kettle", "brew"), &b = add(2, "kettle", "brew");
  peers.owe(a, at(10));
  ASSERT_EQ(peers.namesakes(b).size(), 1u);
  peers.remove(id(1));
  EXPECT_EQ(peers.owed_due(), Instant::max());
  EXPECT_TRUE(peers.namesakes(b).empty());
}

TEST_F(PeerTableTest, namesakes_have_the_same_host_and_name_and_come_by_id) {
  add(3, "kettle", "brew");
  add(2, "kettle", "brew");
  add(4, "kettle", "other");
  add(5, "tank", "brew");
  Peer& fresh = add(1, "kettle", "brew");
  const auto found = peers.namesakes(fresh);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0]->record.node, id(2));
  EXPECT_EQ(found[1]->record.node, id(3));
}

TEST_F(PeerTableTest, a_peer_that_changes_its_name_is_found_by_the_new_one) {
  Peer& a = add(1, "kettle", "brew");
  Peer& b = add(2, "tank", "brew");
  peers.rename(b, "kettle", "brew");
  EXPECT_EQ(peers.namesakes(a).size(), 1u);
  peers.rename(a, "tank", "brew");
  EXPECT_TRUE(peers.namesakes(a).empty());
}

}  // namespace
}  // namespace dts::proto
