// What every transport does, run over the table of built-in transports: a new row is tested
// without a new test. Where a promise depends on a capability, the capability is asked.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include <dts/transport.hpp>

#include "network.hpp"
#include "peer.hpp"

namespace dts::test {
namespace {

class TransportConformance : public ::testing::TestWithParam<TransportPlugin> {
 protected:
  static void SetUpTestSuite() { enter_private_network(); }
  const Meeting meeting_{GetParam().scheme};
  Peer open(const std::string& domain = "default", std::uint32_t buffer_bytes = 8u << 20) const {
    const bool lo_only = std::getenv("DTS_TEST_LO_ONLY") != nullptr;
    return open_peer(
        {.url = meeting_.url(),
         .domain = domain,
         .interfaces = lo_only ? std::vector<std::string>{"lo"} : std::vector<std::string>{},
         .receive_buffer_bytes = buffer_bytes});
  }
  // A peer that hears groups 0 and 1.
  Peer listener(const std::string& domain = "default") const {
    Peer peer = open(domain);
    peer.join(0);
    peer.join(1);
    return peer;
  }
};

Bytes numbered(std::size_t size, std::uint32_t number) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<std::uint8_t>((number >> (8 * (i % 4))) + i / 4);
  return bytes;
}

TEST_P(TransportConformance, says_what_it_is) {
  const Peer peer = open();
  EXPECT_EQ(peer.transport->name(), GetParam().scheme);
  EXPECT_GE(peer.transport->capabilities().mtu_bytes, 1400u);
  EXPECT_FALSE(peer.transport->local_address().empty());
  std::set<LinkIndex> indices;
  for (const Link& link : peer.transport->links()) {
    EXPECT_NE(link.index, 0);
    EXPECT_TRUE(indices.insert(link.index).second);
    EXPECT_FALSE(link.name.empty());
    EXPECT_GE(link.mtu_bytes, 576u);
  }
  EXPECT_FALSE(indices.empty());
  EXPECT_GE(peer.transport->poll_handle(), 0);
}

TEST_P(TransportConformance, a_group_packet_reaches_all_who_joined_and_nobody_else) {
  Peer sender = open(), first = listener(), second = listener(), outsider = open();
  outsider.join(0);
  sender.send(1, {1, 2, 3});
  sender.send(0, {4});
  for (Peer* peer : {&first, &second}) {
    ASSERT_TRUE(peer->hears(2));
    std::set<Bytes> all;
    for (const Heard& heard : peer->heard) {
      all.insert(heard.bytes);
      EXPECT_TRUE(heard.multicast);
      EXPECT_EQ(heard.link, sender.transport->links().front().index);
    }
    EXPECT_EQ(all, (std::set<Bytes>{{1, 2, 3}, {4}}));
  }
  ASSERT_TRUE(outsider.hears(1));
  EXPECT_EQ(outsider.heard[0].bytes, Bytes{4});
}

TEST_P(TransportConformance, nobody_hears_himself) {
  Peer self = listener(), other = listener();
  self.send(1, {1});
  ASSERT_TRUE(other.hears(1));
  EXPECT_EQ(self.drain(), 0u);
}

TEST_P(TransportConformance, who_left_hears_no_more_and_may_come_back) {
  Peer sender = open(), peer = listener();
  peer.leave(1);
  sender.send(1, {1});
  sender.send(0, {2});
  ASSERT_TRUE(peer.hears(1));
  EXPECT_EQ(peer.heard[0].bytes, Bytes{2});
  peer.join(1);
  sender.send(1, {3});
  ASSERT_TRUE(peer.hears(2));
  EXPECT_EQ(peer.heard[1].bytes, Bytes{3});
}

TEST_P(TransportConformance, joining_and_leaving_twice_is_as_good_as_once) {
  Peer sender = open(), peer = open();
  for (int i = 0; i < 2; ++i) peer.join(5);
  sender.send(5, {1});
  ASSERT_TRUE(peer.hears(1));
  for (int i = 0; i < 2; ++i) peer.leave(5);
  peer.leave(6);
  peer.join(7);
  sender.send(5, {2});
  sender.send(7, {3});
  ASSERT_TRUE(peer.hears(2));
  EXPECT_EQ(peer.heard[1].bytes, Bytes{3});
}

TEST_P(TransportConformance, domains_do_not_hear_each_other) {
  Peer sender = open("brewery"), same = listener("brewery"), other = listener("laboratory");
  Peer companion = open("laboratory");
  sender.send(1, {1});
  companion.send(1, {2});
  ASSERT_TRUE(same.hears(1));
  EXPECT_EQ(same.heard[0].bytes, Bytes{1});
  ASSERT_TRUE(other.hears(1));
  EXPECT_EQ(other.heard[0].bytes, Bytes{2});
}

TEST_P(TransportConformance, an_answer_goes_to_where_the_packet_came_from) {
  Peer asker = open(), answerer = listener(), bystander = listener();
  asker.send(1, {1});
  ASSERT_TRUE(answerer.hears(1));
  answerer.send_to(answerer.heard[0].from, {2});
  ASSERT_TRUE(asker.hears(1));
  EXPECT_EQ(asker.heard[0].bytes, Bytes{2});
  EXPECT_FALSE(asker.heard[0].multicast);
  asker.send_to(asker.heard[0].from, {3});
  ASSERT_TRUE(answerer.hears(2));
  EXPECT_EQ(answerer.heard[1].bytes, Bytes{3});
  asker.send(1, {4});
  ASSERT_TRUE(bystander.hears(2));
  EXPECT_EQ(bystander.heard[1].bytes, Bytes{4}) << "and not what was for others";
}

TEST_P(TransportConformance, a_peer_is_found_by_the_address_it_shows) {
  Peer sender = open(), peer = open();
  const auto text = peer.transport->local_address();
  const auto address = sender.transport->resolve(text);
  ASSERT_TRUE(address) << address.error().text();
  EXPECT_EQ(sender.transport->to_text(*address), text);
  sender.send_to(*address, {9});
  ASSERT_TRUE(peer.hears(1));
  EXPECT_EQ(peer.heard[0].bytes, Bytes{9});
}

TEST_P(TransportConformance, what_is_no_address_is_refused) {
  const Peer peer = open();
  for (const std::string& text :
       {std::string(), std::string(":"), std::string("host:"), std::string("1.2.3.4:0"),
        std::string("1.2.3.4:65536"), std::string("1.2.3.4:5x"), std::string("a\0b", 3),
        std::string(5000, 'a'), std::string("no such host"), std::string("\xff\xfe")}) {
    const auto address = peer.transport->resolve(text);
    ASSERT_FALSE(address) << text;
    EXPECT_FALSE(address.error().text().empty());
  }
  EXPECT_FALSE(peer.transport->to_text(Address{}).empty());
}

TEST_P(TransportConformance, packets_of_every_size_arrive_whole) {
  Peer sender = open(), peer = listener();
  const auto link = sender.transport->links().front();
  const auto most = std::min(link.mtu_bytes, sender.transport->capabilities().mtu_bytes);
  std::set<Bytes> expected;
  for (const std::uint32_t size : std::set<std::uint32_t>{1, 2, 63, 1399, 1400, most - 1, most}) {
    expected.insert(numbered(size, size));
    sender.send(1, numbered(size, size));
  }
  ASSERT_TRUE(peer.hears(expected.size()));
  std::set<Bytes> heard;
  for (const Heard& each : peer.heard) heard.insert(each.bytes);
  EXPECT_EQ(heard, expected);
}

TEST_P(TransportConformance, packets_in_parts_arrive_whole) {
  Peer sender = open(), receiver = open();
  if (!sender.transport->capabilities().bulk) return;  // it takes them in one piece only
  receiver.join(1);
  Bytes all(40'000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i * 7);
  const LinkIndex link = sender.transport->links().at(0).index;
  std::vector<OutgoingPacket> packets;
  for (const std::size_t cut : {0u, 1u, 62u, 20'000u, 39'996u}) {
    const ByteView bytes(all);
    packets.push_back({.bytes = bytes.first(cut),
                       .link = link,
                       .group = 1,
                       .body = bytes.subspan(cut, 39'996 - cut),
                       .tail = bytes.subspan(39'996)});
  }
  ASSERT_TRUE(sender.transport->send(packets));
  ASSERT_TRUE(receiver.hears(packets.size(), &sender));
  for (const Heard& heard : receiver.heard) EXPECT_EQ(heard.bytes, all);
}

TEST_P(TransportConformance, what_is_too_large_is_counted) {
  Peer sender = open(), peer = listener();
  const auto most = sender.transport->capabilities().mtu_bytes;
  sender.send(1, Bytes(most + 1));
  sender.send(1, {1});
  ASSERT_TRUE(peer.hears(1));
  EXPECT_EQ(peer.heard[0].bytes, Bytes{1});
  EXPECT_EQ(sender.transport->counters().send_too_large, 1u);
  EXPECT_EQ(sender.transport->counters().packets_sent, 1u);
}

TEST_P(TransportConformance, bursts_of_all_shapes_arrive_whole) {
  Peer sender = open(), peer = listener();
  const auto link = sender.transport->links().front().index;
  std::uint32_t number = 0, seed = 1;
  std::multiset<Bytes> expected, heard;
  for (int burst = 0; burst < 60; ++burst) {
    std::vector<Bytes> memory;
    while (memory.size() < 150) {  // runs of one size, some with a shorter end, some alone
      seed = seed * 1664525 + 1013904223;
      const std::size_t size = 4 + (seed >> 8) % 1300, run = 1 + (seed >> 20) % 100;
      for (std::size_t i = 0; i < run; ++i) memory.push_back(numbered(size, number++));
      if (seed & 1) memory.push_back(numbered(size / 2 + 2, number++));
    }
    std::vector<OutgoingPacket> packets;
    for (std::size_t i = 0; i < memory.size(); ++i)
      packets.push_back({.bytes = memory[i],
                         .link = link,
                         .group = static_cast<Group>(i * 7 / memory.size() % 2)});
    ASSERT_TRUE(sender.transport->send(packets));
    expected.insert(memory.begin(), memory.end());
    ASSERT_TRUE(peer.hears(memory.size(), &sender)) << burst;
    for (const Heard& each : peer.heard) heard.insert(each.bytes);
    peer.heard.clear();
  }
  EXPECT_TRUE(heard == expected);
  const auto sent = sender.transport->counters(), got = peer.transport->counters();
  EXPECT_EQ(sent.packets_sent, expected.size());
  EXPECT_EQ(got.packets_received, expected.size());
  EXPECT_EQ(sent.bytes_sent, got.bytes_received);
}

TEST_P(TransportConformance, packets_of_one_piece_of_memory_arrive_apart) {
  Peer sender = open(), peer = listener();
  const Bytes memory = numbered(64 * 100 + 30, 1);
  std::vector<OutgoingPacket> packets;
  for (std::size_t at = 0; at < memory.size(); at += 100)
    packets.push_back(
        {.bytes = ByteView(memory).subspan(at, std::min<std::size_t>(100, memory.size() - at)),
         .link = sender.transport->links().front().index,
         .group = 1});
  ASSERT_TRUE(sender.transport->send(packets));
  ASSERT_TRUE(peer.hears(65));
  Bytes all;
  for (const Heard& heard : peer.heard)
    all.insert(all.end(), heard.bytes.begin(), heard.bytes.end());
  EXPECT_EQ(all, memory);
}

TEST_P(TransportConformance, sending_never_waits_for_a_reader) {
  Peer sender = open(), idle = listener();
  const Bytes bytes(1400, 1);
  std::vector<OutgoingPacket> packets(
      1000, {.bytes = bytes, .link = sender.transport->links().front().index, .group = 1});
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(sender.transport->send(packets));  // 56 MB
  const auto counters = sender.transport->counters();
  EXPECT_EQ(counters.packets_sent + counters.send_blocked, 40000u);
  // What fitted nowhere is counted; what comes afterwards arrives, as soon as there is room.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (idle.heard.empty() || idle.heard.back().bytes != Bytes{1}) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "nothing arrives after an overflow";
    sender.drain();
    idle.drain();
    sender.send(0, {1});
  }
  const auto whole = std::count_if(idle.heard.begin(), idle.heard.end(),
                                   [&](const Heard& heard) { return heard.bytes == bytes; });
  EXPECT_LT(whole, 40000);
  EXPECT_GT(counters.send_blocked + idle.transport->counters().receive_overflow, 0u);
}

TEST_P(TransportConformance, the_poll_handle_tells_when_there_is_something) {
  Peer sender = open(), peer = listener();
  peer.drain();
  EXPECT_FALSE(peer.readable(0));
  sender.send(1, {1});
  EXPECT_TRUE(peer.readable(10000));
  EXPECT_TRUE(peer.readable(0)) << "it stays readable until received";
  ASSERT_TRUE(peer.hears(1));
  EXPECT_FALSE(peer.readable(0));
  const int before = peer.transport->poll_handle();
  for (unsigned group = 0; group < 256; ++group)
    ASSERT_TRUE(peer.transport->join(static_cast<Group>(group)));
  peer.settle();
  EXPECT_EQ(peer.transport->poll_handle(), before);
  sender.send(255, {2});
  EXPECT_TRUE(peer.readable(10000));
}

TEST_P(TransportConformance, all_256_groups_can_be_joined) {
  Peer sender = open(), peer = open();
  for (unsigned group = 0; group < 256; ++group)
    ASSERT_TRUE(peer.transport->join(static_cast<Group>(group))) << group;
  peer.settle();
  for (unsigned group = 0; group < 256; ++group)
    sender.send(static_cast<Group>(group), {static_cast<std::uint8_t>(group)});
  ASSERT_TRUE(peer.hears(256));
  std::set<Bytes> heard;
  for (const Heard& each : peer.heard) heard.insert(each.bytes);
  EXPECT_EQ(heard.size(), 256u);
}

TEST_P(TransportConformance, sending_to_nowhere_is_counted) {
  Peer peer = open();
  const Bytes bytes{1};
  Address nonsense;
  nonsense.size = 3;
  const OutgoingPacket packets[] = {{.bytes = bytes, .link = 999, .group = 1},
                                    {.bytes = bytes, .link = 0, .group = 1},
                                    {.bytes = bytes, .to = nonsense}};
  ASSERT_TRUE(peer.transport->send(packets));
  ASSERT_TRUE(peer.transport->send({}));
  EXPECT_EQ(peer.transport->counters().send_failed, 3u);
  EXPECT_EQ(peer.transport->counters().packets_sent, 0u);
}

TEST_P(TransportConformance, closing_twice_is_closing_once_and_then_everything_says_so) {
  Peer peer = listener(), other = listener();
  peer.send(1, {1});
  ASSERT_TRUE(other.hears(1));
  peer.transport->close();
  peer.transport->close();
  const Bytes bytes{2};
  const OutgoingPacket packet{.bytes = bytes, .link = 1, .group = 1};
  const ErrorCode codes[] = {peer.transport->join(2).error().code(),
                             peer.transport->leave(2).error().code(),
                             peer.transport->send({&packet, 1}).error().code()};
  for (const ErrorCode code : codes) EXPECT_EQ(code, ErrorCode::closed);
  const auto received = peer.transport->receive(peer.batch);
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code(), ErrorCode::closed);
  EXPECT_TRUE(peer.transport->links().empty());
  EXPECT_FALSE(peer.transport->links_changed());
  EXPECT_EQ(peer.transport->counters().packets_sent, 1u);
  Peer late = open();
  late.send(1, {3});
  EXPECT_TRUE(other.hears(2));
}

TEST_P(TransportConformance, an_unknown_parameter_is_refused) {
  const auto opened = GetParam().open({.url = meeting_.url() + "?no_such_thing=1"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::invalid_url);
}

TEST_P(TransportConformance, one_thread_may_receive_while_another_does_the_rest) {
  Peer sender = open(), peer = listener();
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> heard{0};
  std::thread receiving([&] {
    while (!stop) {
      const auto count = peer.transport->receive(peer.batch);
      heard += count ? *count : 0;
      if (count && *count == 0) peer.readable(1);
    }
  });
  for (unsigned i = 0; i < 500; ++i) {
    sender.send(1, {1});
    const auto group = static_cast<Group>(2 + i % 250);
    EXPECT_TRUE(peer.transport->join(group));
    peer.send(group, {2});
    if (i % 3 == 0) {
      EXPECT_TRUE(peer.transport->leave(group));
    }
    peer.transport->links_changed();
    peer.transport->counters();
  }
  while (heard < 500) sender.drain();  // which sends on what was queued
  stop = true;
  receiving.join();
  EXPECT_EQ(heard, 500u);
}

// Those that listen are the meetings of the others; those that were not built cannot be tested.
std::vector<TransportPlugin> all_transports() {
  const auto table = built_in_transports();
  std::vector<TransportPlugin> rows(table.begin(), table.end());
  std::erase_if(
      rows, [](const auto& row) { return row.scheme.ends_with("-listen") || !row.needs.empty(); });
  return rows;
}

INSTANTIATE_TEST_SUITE_P(All, TransportConformance, ::testing::ValuesIn(all_transports()),
                         [](const auto& row) {
                           std::string name(row.param.scheme);
                           std::replace(name.begin(), name.end(), '+', '_');
                           return name;
                         });

// A transport that can be told to fail (?fail=K) is made to fail at every step in turn: the step
// says so, everything before and after it works, nothing is lost but what that step was to do.
TEST(TransportFailure, every_step_may_fail_alone) {
  bool went_through = false;
  for (int k = 1; !went_through; ++k) {
    ASSERT_LT(k, 100) << "the steps do not end";
    const std::string url = "loopback://steps?fail=" + std::to_string(k);
    int failures = 0;
    const auto check = [&](const auto& result) {
      if (result.ok()) return true;
      EXPECT_EQ(result.error().code(), ErrorCode::system) << k;
      EXPECT_FALSE(result.error().text().empty());
      ++failures;
      return false;
    };
    Peer other = open_peer({.url = "loopback://steps"});
    ASSERT_TRUE(other.transport->join(1));
    for (const TransportPlugin& plugin : built_in_transports()) {
      if (plugin.scheme != "loopback") continue;
      auto opened = plugin.open({.url = url});
      if (!check(opened)) break;
      Transport& transport = **opened;
      const bool joined = check(transport.join(1)), left = check(transport.leave(2));
      const Bytes bytes{7};
      const OutgoingPacket packet{.bytes = bytes, .link = 1, .group = 1};
      const bool sent = check(transport.send({&packet, 1}));
      EXPECT_EQ(other.drain(), sent ? 1u : 0u);
      EXPECT_EQ(transport.counters().send_failed, sent ? 0u : 1u);
      other.send(1, {8});
      ReceiveBatch batch;
      auto received = transport.receive(batch);
      if (!check(received)) received = transport.receive(batch);
      EXPECT_EQ(received.value(), joined ? 1u : 0u);
      EXPECT_TRUE(left || failures == 1);
      went_through = failures == 0;
    }
    EXPECT_LE(failures, 1) << k;
  }
}

}  // namespace
}  // namespace dts::test
