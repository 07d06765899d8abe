// The Transport common to all brokers, over a broker that is a table in memory.
#include "transport/broker/broker.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <map>
#include <set>

#include "transport/broker/inbox.hpp"

namespace dts::transport {
namespace {

// A client that does at once what it is asked, unless told otherwise.
class FakeClient;
struct FakeBroker {
  std::set<FakeClient*> clients;
  std::size_t message_bytes_max = 64u << 10;
  std::size_t messages = 0;
  bool refuses = false, full = false, answers = true;
};

class FakeClient final : public BrokerClient {
 public:
  FakeClient(FakeBroker& broker, BrokerEvents& events) : broker_(broker), events_(events) {
    broker_.clients.insert(this);
  }
  ~FakeClient() override { broker_.clients.erase(this); }
  void connect() override {
    places_.clear();
    if (broker_.refuses)
      events_.lost(Error(ErrorCode::system, "nobody listens there", {}, "refused", "start it"));
    else
      events_.connected();
  }
  void listen(const Place& place, std::uint64_t number) override {
    places_.insert(place);
    if (broker_.answers) events_.settled(number);
  }
  void ignore(const Place& place, std::uint64_t number) override {
    places_.erase(place);
    if (broker_.answers) events_.settled(number);
  }
  bool publish(const Place& place, ByteView envelope) override {
    if (broker_.full) return false;
    ++broker_.messages;
    for (FakeClient* client : broker_.clients)
      if (client->places_.contains(place)) client->events_.message(envelope);
    return true;
  }
  std::size_t message_bytes_max() const override { return broker_.message_bytes_max; }
  void break_down() { events_.lost(Error(ErrorCode::system, "the connection is lost")); }
  BrokerEvents& events() { return events_; }

 private:
  FakeBroker& broker_;
  BrokerEvents& events_;
  std::set<Place> places_;
};

class Node {
 public:
  explicit Node(FakeBroker& broker, std::uint32_t buffer_bytes = 1u << 20) {
    auto opened = open_broker({.url = "fake://", .receive_buffer_bytes = buffer_bytes},
                              {.scheme = "fake", .place = "here:1", .self = self},
                              [&](BrokerEvents& events) -> Result<std::unique_ptr<BrokerClient>> {
                                auto made = std::make_unique<FakeClient>(broker, events);
                                client = made.get();
                                return std::unique_ptr<BrokerClient>(std::move(made));
                              });
    transport = std::move(*opened);
    take();
  }
  std::vector<std::pair<Bytes, bool>> take() {
    std::vector<std::pair<Bytes, bool>> all;
    while (transport->receive(batch).value() > 0)
      for (const ReceivedPacket& packet : batch.packets) {
        all.emplace_back(Bytes(packet.bytes.begin(), packet.bytes.end()), packet.multicast);
        from = packet.from;
      }
    return all;
  }
  bool send(Group group, const Bytes& bytes) {
    const auto links = transport->links();
    const OutgoingPacket packet{
        .bytes = bytes, .link = links.empty() ? LinkIndex{0} : links[0].index, .group = group};
    const auto before = transport->counters().packets_sent;
    return transport->send({&packet, 1}).ok() && transport->counters().packets_sent == before + 1;
  }
  bool readable() const { return readable(0); }
  bool readable(int timeout_ms) const {
    pollfd wait{transport->poll_handle(), POLLIN, 0};
    return ::poll(&wait, 1, timeout_ms) == 1;
  }
  std::string notices() const {
    std::string all;
    for (const auto& notice : transport->take_notices()) all += notice.text + "\n";
    return all;
  }

  const Member self = random_member();
  FakeClient* client = nullptr;
  std::unique_ptr<Transport> transport;
  ReceiveBatch batch;
  Address from;
};

TEST(Broker, consecutive_packets_to_one_place_share_a_message) {
  FakeBroker broker;
  Node sender(broker), peer(broker);
  for (const Group group : {Group{1}, Group{2}}) ASSERT_TRUE(peer.transport->join(group));
  const Bytes a{1}, b{2, 2}, c{3}, d;
  const LinkIndex link = sender.transport->links().at(0).index;
  const OutgoingPacket packets[] = {{.bytes = a, .link = link, .group = 1},
                                    {.bytes = b, .link = link, .group = 1},
                                    {.bytes = c, .link = link, .group = 2},
                                    {.bytes = d, .link = link, .group = 1}};
  ASSERT_TRUE(sender.transport->send(packets));
  EXPECT_EQ(broker.messages, 3u);
  const std::vector<std::pair<Bytes, bool>> expected{{a, true}, {b, true}, {c, true}, {d, true}};
  EXPECT_EQ(peer.take(), expected);
  EXPECT_EQ(sender.transport->counters().packets_sent, 4u);
  EXPECT_EQ(peer.transport->counters().bytes_received, 4u);
}

TEST(Broker, a_message_never_exceeds_what_the_broker_takes) {
  FakeBroker broker;
  broker.message_bytes_max = 2048;
  Node sender(broker), peer(broker);
  ASSERT_TRUE(peer.transport->join(1));
  const auto most = sender.transport->links().at(0).mtu_bytes;
  EXPECT_EQ(most, 2048u - 28);
  EXPECT_TRUE(sender.send(1, Bytes(most)));
  EXPECT_FALSE(sender.send(1, Bytes(most + 1)));
  EXPECT_EQ(sender.transport->counters().send_too_large, 1u);
  broker.messages = 0;
  const Bytes bytes(1000);
  const std::vector<OutgoingPacket> packets(
      5, {.bytes = bytes, .link = sender.transport->links().at(0).index, .group = 1});
  ASSERT_TRUE(sender.transport->send(packets));
  EXPECT_EQ(broker.messages, 3u);
  EXPECT_EQ(peer.take().size(), 6u);
}

TEST(Broker, what_is_not_for_us_is_counted_and_goes_no_further) {
  FakeBroker broker;
  Node peer(broker);
  ASSERT_TRUE(peer.transport->join(1));
  peer.take();
  const auto say = [&](Member sender, const Place& to) {
    Bytes message;
    begin_envelope(message, sender, to);
    add_packet(message, Bytes{1});
    peer.client->events().message(message);
    return message;
  };
  say(peer.self, {.group = 1});       // an echo
  say(7, {.group = 2});               // a group not joined
  say(7, {.member = peer.self + 1});  // another member
  say(0, {.group = 1});               // from nobody
  peer.client->events().message({});
  Bytes cut = say(7, {.group = 2});
  cut.pop_back();
  peer.client->events().message(cut);
  EXPECT_TRUE(peer.take().empty());
  EXPECT_EQ(peer.transport->counters().receive_ignored, 7u);
  say(7, {.group = 1});
  say(7, {.member = peer.self});
  const std::vector<std::pair<Bytes, bool>> expected{{Bytes{1}, true}, {Bytes{1}, false}};
  EXPECT_EQ(peer.take(), expected);
}

TEST(Broker, an_answer_finds_the_one_who_asked) {
  FakeBroker broker;
  Node asker(broker), answerer(broker), bystander(broker);
  ASSERT_TRUE(answerer.transport->join(1));
  ASSERT_TRUE(bystander.transport->join(1));
  ASSERT_TRUE(asker.send(1, {1}));
  ASSERT_EQ(answerer.take().size(), 1u);
  EXPECT_EQ(answerer.transport->to_text(answerer.from), asker.transport->local_address());
  EXPECT_EQ(asker.transport->resolve(asker.transport->local_address()).value(), answerer.from);
  const Bytes bytes{2};
  const OutgoingPacket packet{.bytes = bytes, .to = answerer.from};
  ASSERT_TRUE(answerer.transport->send({&packet, 1}));
  const std::vector<std::pair<Bytes, bool>> expected{{Bytes{2}, false}};
  EXPECT_EQ(asker.take(), expected);
  EXPECT_EQ(bystander.take().size(), 1u);
}

TEST(Broker, is_up_only_when_what_it_listens_to_is_in_effect) {
  FakeBroker broker;
  broker.answers = false;
  Node node(broker);
  EXPECT_TRUE(node.transport->links().empty());
  EXPECT_FALSE(node.transport->settled());
  node.client->events().settled(1);
  node.take();
  EXPECT_TRUE(node.transport->links_changed());
  EXPECT_EQ(node.transport->links().size(), 1u);
  EXPECT_TRUE(node.transport->settled());
  ASSERT_TRUE(node.transport->join(3));
  EXPECT_FALSE(node.transport->settled());
  node.client->events().settled(2);
  node.take();
  EXPECT_TRUE(node.transport->settled());
}

TEST(Broker, a_loss_is_told_once_and_what_was_joined_is_joined_again) {
  FakeBroker broker;
  Node node(broker), other(broker);
  ASSERT_TRUE(node.transport->join(5));
  const LinkIndex before = node.transport->links().at(0).index;
  broker.refuses = true;
  node.client->break_down();
  node.take();
  EXPECT_TRUE(node.transport->links().empty());
  EXPECT_TRUE(node.transport->links_changed());
  EXPECT_EQ(node.notices(), "E1302 the connection is lost, at here:1; trying again\n");
  EXPECT_FALSE(node.send(5, {1}));
  EXPECT_EQ(node.transport->counters().send_failed, 1u);
  std::string told;
  for (int attempt = 0; attempt < 2; ++attempt) {
    ASSERT_TRUE(node.readable(10'000)) << "it is tried again after a pause";
    node.take();
    told += node.notices();
  }
  EXPECT_EQ(told, "E1302 nobody listens there, at here:1: refused (try: start it); trying again\n");
  broker.refuses = false;
  while (node.transport->links().empty()) {
    ASSERT_TRUE(node.readable(10'000));
    node.take();
  }
  EXPECT_EQ(node.notices(), "connected to here:1\n");
  EXPECT_GT(node.transport->links().at(0).index, before);
  EXPECT_TRUE(other.send(5, {2}));
  EXPECT_EQ(node.take().size(), 1u);
}

TEST(Broker, what_the_inbox_cannot_hold_is_counted_by_packets) {
  FakeBroker broker;
  Node sender(broker), slow(broker, 10'000);
  ASSERT_TRUE(slow.transport->join(1));
  slow.take();
  const Bytes bytes(1000);
  const std::vector<OutgoingPacket> packets(
      4, {.bytes = bytes, .link = sender.transport->links().at(0).index, .group = 1});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(sender.transport->send(packets));
  EXPECT_EQ(slow.transport->counters().receive_overflow, 32u);
  EXPECT_EQ(slow.take().size(), 8u);
  slow.client->events().dropped(3);
  EXPECT_EQ(slow.transport->counters().receive_overflow, 35u);
  ASSERT_TRUE(sender.transport->send(packets));
  EXPECT_EQ(slow.take().size(), 4u) << "there is room again";
}

TEST(Broker, a_full_queue_of_the_client_is_counted) {
  FakeBroker broker;
  Node node(broker);
  broker.full = true;
  EXPECT_FALSE(node.send(1, {1}));
  EXPECT_EQ(node.transport->counters().send_blocked, 1u);
  EXPECT_EQ(node.transport->counters().packets_sent, 0u);
}

TEST(Broker, the_handle_is_readable_exactly_while_there_is_something) {
  FakeBroker broker;
  Node sender(broker), peer(broker);
  ASSERT_TRUE(peer.transport->join(1));
  peer.take();
  EXPECT_FALSE(peer.readable());
  ASSERT_TRUE(sender.send(1, {1}));
  EXPECT_TRUE(peer.readable());
  ASSERT_EQ(peer.transport->receive(peer.batch).value(), 1u);
  ASSERT_TRUE(sender.send(1, {2}));
  EXPECT_TRUE(peer.readable());
  EXPECT_EQ(peer.take().size(), 1u);
  EXPECT_FALSE(peer.readable());
}

TEST(Broker, one_that_cannot_be_made_is_not_opened) {
  const auto opened = open_broker({.url = "fake://"}, {.scheme = "fake", .place = "x", .self = 1},
                                  [](BrokerEvents&) -> Result<std::unique_ptr<BrokerClient>> {
                                    return Error(ErrorCode::invalid_url, "no");
                                  });
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::invalid_url);
}

TEST(Envelope, names_are_safe_and_tell_all_domains_apart) {
  EXPECT_EQ(place_name({.group = 17}), "g17");
  EXPECT_EQ(place_name({.member = 0xc0ffee00000001}), "m00c0ffee00000001");
  EXPECT_EQ(domain_name("default"), "default");
  EXPECT_EQ(domain_name("brewery_2/+#.*>"), "brewery_5f2_2f_2b_23_2e_2a_3e");
  EXPECT_EQ(domain_name(std::string(48, 'a')), std::string(48, 'a'));
  const auto long_name = domain_name(std::string(49, 'a'));
  EXPECT_EQ(long_name.size(), 34u);
  EXPECT_TRUE(long_name.starts_with("__"));
  EXPECT_NE(long_name, domain_name(std::string(50, 'a')));
}

}  // namespace
}  // namespace dts::transport
