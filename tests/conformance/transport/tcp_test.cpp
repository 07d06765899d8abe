// TCP where it differs from the others: the node that listens is a member and a switch; connections
// come, go and come back; what is there may be no node of DTS. All on a private lo.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <deque>

#include <dts/transport.hpp>

#include "network.hpp"
#include "streams.hpp"

namespace dts::test {
namespace {

using std::chrono::steady_clock;

class Tcp : public Streams {
 protected:
  static Peer listening(const std::string& port = "0", std::uint32_t buffer_bytes = 8u << 20) {
    return open_peer(
        {.url = "tcp-listen://127.0.0.1:" + port, .receive_buffer_bytes = buffer_bytes});
  }
  static Peer dialing(const std::string& place, std::uint32_t buffer_bytes = 8u << 20) {
    return opening("tcp://" + place, buffer_bytes);
  }
};

TEST_F(Tcp, who_listens_is_a_member_like_the_others) {
  Peer host = listening(), a = dialing(address(host)), b = dialing(address(host));
  for (Peer* peer : {&host, &a, &b}) ASSERT_TRUE(peer->transport->join(1));
  ASSERT_TRUE(settled({&host, &a, &b}));
  host.send(1, {1});
  a.send(1, {2});
  ASSERT_TRUE(until({&host, &a, &b}, [&] { return b.heard.size() >= 2 && !host.heard.empty(); }));
  ASSERT_EQ(host.heard.size(), 1u);
  EXPECT_EQ(host.heard[0].bytes, Bytes{2});
  EXPECT_TRUE(host.heard[0].multicast);
  host.send_to(host.heard[0].from, {3});
  ASSERT_TRUE(until({&host, &a, &b}, [&] { return a.heard.size() == 2; }));
  EXPECT_EQ(a.heard[1].bytes, Bytes{3});
  EXPECT_FALSE(a.heard[1].multicast);
  a.send_to(a.heard[1].from, {4});
  ASSERT_TRUE(until({&host, &a, &b}, [&] { return host.heard.size() == 2; }));
  EXPECT_EQ(host.heard[1].bytes, Bytes{4});
  EXPECT_EQ(b.heard.size(), 2u);
}

TEST_F(Tcp, comes_back_to_a_node_that_was_started_anew) {
  auto host = std::make_unique<Peer>(listening());
  const std::string same = port(*host);
  Peer guest = dialing(address(*host));
  ASSERT_TRUE(guest.transport->join(5));
  ASSERT_TRUE(settled({host.get(), &guest}));
  const LinkIndex before = guest.transport->links().at(0).index;
  host.reset();
  ASSERT_TRUE(until({&guest}, [&] { return guest.transport->links().empty(); }));
  EXPECT_TRUE(guest.transport->links_changed());
  EXPECT_NE(notices(guest).find("closed the connection"), std::string::npos);
  guest.send(5, {1});  // nowhere
  EXPECT_EQ(guest.transport->counters().send_failed, 1u);
  Peer fresh = listening(same);
  ASSERT_TRUE(settled({&fresh, &guest}));
  EXPECT_GT(guest.transport->links().at(0).index, before);
  EXPECT_NE(notices(guest).find("connected to 127.0.0.1:" + same), std::string::npos);
  fresh.send(5, {2});
  ASSERT_TRUE(until({&fresh, &guest}, [&] { return guest.heard.size() == 1; }))
      << "its groups are asked for again";
}

TEST_F(Tcp, says_once_why_it_cannot_connect) {
  const std::string nobody = Plain::nobodys_place();
  Peer guest = dialing(nobody);
  ASSERT_TRUE(until({&guest}, [&] { return guest.transport->links_changed(); }));
  EXPECT_NE(notices(guest).find("nobody listens there, at " + nobody), std::string::npos);
  const auto later = steady_clock::now() + std::chrono::milliseconds(1200);  // some attempts more
  ASSERT_TRUE(until({&guest}, [&] { return steady_clock::now() > later; }));
  EXPECT_EQ(notices(guest), "");
}

TEST_F(Tcp, knows_a_server_that_is_none_of_ours) {
  Plain server;
  Peer guest = dialing(server.place());
  ASSERT_TRUE(until({&guest}, [&] { return server.readable(); }));
  server.accept_and_say("HTTP/1.1 400 Bad Request\r\n\r\n");
  ASSERT_TRUE(until({&guest}, [&] { return guest.transport->links_changed(); }));
  EXPECT_NE(notices(guest).find("no node of DTS, at " + server.place() +
                                ": it began with 'HTTP/1.1 400 Bad Request"),
            std::string::npos);
}

TEST_F(Tcp, refuses_who_is_no_member_and_stays_well) {
  Peer host = listening();
  for (const std::string& text :
       {std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        std::string("DTS/1 \r\n\0\0\0\0", 12),                             // no frame
        std::string("DTS/1 \r\n\x0a\0\0\0\x01\0\0\0\0\0\0\0\0\0", 22)}) {  // no name
    const Plain stranger(port(host));
    stranger.say(text);
    std::string all;
    ASSERT_TRUE(until({&host}, [&] {
      all += stranger.rest();
      return all.size() > 30;
    })) << text;
    EXPECT_TRUE(all.starts_with("DTS/1 \r\n"));
    EXPECT_NE(all.find("E1"), std::string::npos) << "it is told why";
  }
  {
    const Plain impatient(port(host));  // sends a packet before it is let in
    impatient.say(std::string("DTS/1 \r\n\x0b\0\0\0\x07\x01\0\0\0\0\0\0\0\0!", 23));
    ASSERT_TRUE(until({&host}, [&] { return host.transport->counters().receive_ignored >= 4; }));
  }
  EXPECT_EQ(host.transport->counters().packets_received, 0u);
  Peer guest = dialing(address(host));
  EXPECT_TRUE(settled({&host, &guest}));
}

TEST_F(Tcp, a_member_that_does_not_read_costs_the_others_nothing) {
  Peer host = listening("0", 1u << 20), slow = dialing(address(host)),
       quick = dialing(address(host));
  for (Peer* peer : {&slow, &quick}) ASSERT_TRUE(peer->transport->join(1));
  ASSERT_TRUE(settled({&host, &slow, &quick}));
  const Bytes bytes(60'000, 7);
  std::size_t sent = 0;
  // Far beyond what the system takes for one that does not read (6 MB at most) and our queue.
  for (; sent < 400; ++sent) {
    host.send(1, bytes);
    ASSERT_TRUE(until({&host, &quick}, [&] { return quick.heard.size() > sent; }));
  }
  EXPECT_EQ(quick.transport->counters().receive_overflow, 0u);
  const auto dropped = host.transport->counters().send_blocked;
  EXPECT_GT(dropped, 0u);
  ASSERT_TRUE(until({&host, &slow}, [&] {
    return slow.heard.size() + slow.transport->counters().receive_overflow >= sent;
  }));
  EXPECT_EQ(slow.heard.size() + dropped, sent);
  EXPECT_EQ(slow.transport->counters().receive_overflow, dropped) << "it is told";
}

TEST_F(Tcp, turns_away_whom_it_has_no_file_descriptor_for) {
  Peer host = listening();
  std::deque<Plain> strangers;
  for (int i = 0; i < 3; ++i) strangers.emplace_back(port(host));
  const int lowest = ::dup(0);
  ::close(lowest);
  rlimit before{}, none{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  none = before;
  none.rlim_cur = static_cast<rlim_t>(lowest);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  // Whom it cannot take must not keep it busy for ever.
  const bool calm = until({&host}, [&] {
    pollfd wait{host.transport->poll_handle(), POLLIN, 0};
    return ::poll(&wait, 1, 0) == 0;
  });
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(calm);
  EXPECT_EQ(host.transport->counters().receive_failed, 3u);
  for (const Plain& stranger : strangers) EXPECT_TRUE(stranger.readable()) << "it is closed";
  Peer guest = dialing(address(host));
  EXPECT_TRUE(settled({&host, &guest})) << "and who comes later is let in";
}

TEST_F(Tcp, a_port_that_is_taken_is_named) {
  const Peer host = listening();
  for (const TransportPlugin& plugin : built_in_transports()) {
    if (plugin.scheme != "tcp-listen") continue;
    const auto second = plugin.open({.url = "tcp-listen://" + address(host)});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::address_in_use);
  }
}

TEST_F(Tcp, ipv6_is_spoken_and_names_are_looked_up) {
  if (std::getenv("DTS_TEST_LO_ONLY") != nullptr) return count_skipped();
  Peer host = open_peer({.url = "tcp-listen://[::1]:0"});
  Peer guest = dialing(address(host));
  EXPECT_TRUE(settled({&host, &guest})) << notices(guest);
  Peer any = open_peer({.url = "tcp-listen://:0"});
  const auto all = address(any);
  Peer by_name = dialing("localhost" + all.substr(all.rfind(':')));
  EXPECT_TRUE(settled({&any, &by_name})) << notices(by_name);
}

}  // namespace
}  // namespace dts::test
