// What is UDP's own, against the real kernel: hosts are network namespaces, cables are veth pairs,
// firewalls are nftables. Nothing leaves them.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>

#include <dts/transport.hpp>

#include "base/random.hpp"
#include "network.hpp"
#include "peer.hpp"

namespace dts::test {
namespace {

constexpr std::uint16_t kPort = 25555;

TransportOptions udp(std::vector<std::string> interfaces = {},
                     std::uint32_t buffer_bytes = 8u << 20) {
  return {
      .url = "udp://", .interfaces = std::move(interfaces), .receive_buffer_bytes = buffer_bytes};
}

// A peer on `host` that hears group 1.
Peer peer_on(const Host& host, const TransportOptions& options = udp()) {
  const On on(host);
  Peer peer = open_peer(options);
  EXPECT_TRUE(peer.transport->join(1));
  return peer;
}

// Has `peer`, which is on `host`, follow its interfaces until `done`, at most 10 s.
template <class Done>
bool follow(const Host& host, Peer& peer, Done done) {
  const On on(host);
  for (int i = 0; i < 100 && !done(); ++i) {
    peer.readable(100);
    peer.drain();
    peer.transport->links_changed();
  }
  return done();
}

int raw_socket() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  EXPECT_GE(fd, 0);
  return fd;
}

sockaddr_in to(const char* address, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  EXPECT_EQ(::inet_pton(AF_INET, address, &result.sin_addr), 1);
  return result;
}

TEST(Udp, two_hosts_hear_each_other_once) {
  DTS_NEEDS_HOSTS();
  const Host a, b;
  ASSERT_TRUE(connect(a, "va", b, "vb", 1));
  Peer here = peer_on(a), there = peer_on(b);
  here.send(1, {1}, "va");
  ASSERT_TRUE(there.hears(1));
  EXPECT_EQ(there.heard[0].link, there.link("vb"));
  EXPECT_TRUE(there.heard[0].multicast);
  there.send_to(there.heard[0].from, {2});
  ASSERT_TRUE(here.hears(1));
  EXPECT_EQ(here.transport->to_text(here.heard[0].from).rfind("10.1.0.2:", 0), 0u);
  there.send(1, {3}, "vb");
  ASSERT_TRUE(here.hears(2));
  EXPECT_EQ(there.drain(), 1u);
}

TEST(Udp, a_burst_crosses_whole_and_in_few_reads) {
  DTS_NEEDS_HOSTS();
  const Host a, b;
  ASSERT_TRUE(connect(a, "va", b, "vb", 1));
  Peer here = peer_on(a), there = peer_on(b);
  std::vector<Bytes> memory;
  for (std::uint32_t i = 0; i < 1000; ++i) memory.emplace_back(1400, static_cast<std::uint8_t>(i));
  std::vector<OutgoingPacket> packets;
  for (const Bytes& bytes : memory)
    packets.push_back({.bytes = bytes, .link = here.link("va"), .group = 1});
  ASSERT_TRUE(here.transport->send(packets));
  ASSERT_TRUE(there.hears(1000));
  for (std::size_t i = 0; i < 1000; ++i) ASSERT_EQ(there.heard[i].bytes, memory[i]) << i;
}

TEST(Udp, a_neighbour_on_this_host_hears_by_lo_and_by_nothing_else) {
  DTS_NEEDS_HOSTS();
  const Host a, b;
  ASSERT_TRUE(connect(a, "va", b, "vb", 1));
  Peer here = peer_on(a), neighbour = peer_on(a), there = peer_on(b);
  here.send(1, {1}, "va");
  here.send(1, {2}, "lo");
  ASSERT_TRUE(there.hears(1));
  ASSERT_TRUE(neighbour.hears(1));
  EXPECT_EQ(neighbour.heard[0].bytes, Bytes{2});
  EXPECT_EQ(neighbour.heard[0].link, neighbour.link("lo"));
  neighbour.send_to(neighbour.heard[0].from, {3});
  EXPECT_TRUE(here.hears(1));
}

TEST(Udp, two_interfaces_are_two_links_and_each_reaches_its_network) {
  DTS_NEEDS_HOSTS();
  const Host a, b, c;
  ASSERT_TRUE(connect(a, "to_b", b, "vb", 1));
  ASSERT_TRUE(connect(a, "to_c", c, "vc", 2));
  Peer here = peer_on(a), at_b = peer_on(b), at_c = peer_on(c);
  EXPECT_EQ(here.transport->links().size(), 3u);
  here.send(1, {1}, "to_b");
  here.send(1, {2}, "to_c");
  ASSERT_TRUE(at_b.hears(1));
  ASSERT_TRUE(at_c.hears(1));
  EXPECT_EQ(at_b.heard[0].bytes, Bytes{1});
  EXPECT_EQ(at_c.heard[0].bytes, Bytes{2});
  at_c.send(1, {3}, "vc");
  ASSERT_TRUE(here.hears(1));
  EXPECT_EQ(here.heard[0].link, here.link("to_c"));
}

TEST(Udp, an_interface_that_comes_later_is_used_and_one_that_goes_is_let_go) {
  DTS_NEEDS_HOSTS();
  const Host a, b;
  Peer here = peer_on(a);
  EXPECT_TRUE(here.has_notice(ErrorCode::no_interface)) << "alone on this machine: must be said";
  ASSERT_TRUE(connect(a, "va", b, "vb", 1));
  EXPECT_TRUE(here.readable(10000)) << "the poll handle must wake for a new interface";
  ASSERT_TRUE(follow(a, here, [&] { return here.link("va") != 0; }));
  const LinkIndex first = here.link("va");
  Peer there = peer_on(b);
  there.send(1, {1}, "vb");
  ASSERT_TRUE(here.hears(1)) << "groups joined before must be joined on the new interface";
  EXPECT_EQ(here.heard[0].link, first);
  here.send(1, {2}, "va");
  ASSERT_TRUE(there.hears(1));
  const LinkIndex other = there.link("vb");
  here.transport->take_notices();
  ASSERT_TRUE(a.run("ip link del va"));
  ASSERT_TRUE(follow(a, here, [&] { return here.link("va") == 0; }));
  const auto notices = here.transport->take_notices();
  EXPECT_TRUE(std::any_of(notices.begin(), notices.end(), [](const TransportNotice& notice) {
    return notice.text.find("va is no longer used") != std::string::npos;
  }));
  const Bytes bytes{3};
  const OutgoingPacket packet{.bytes = bytes, .link = first, .group = 1};
  ASSERT_TRUE(here.transport->send({&packet, 1}));
  EXPECT_EQ(here.transport->counters().send_failed, 1u);
  // It comes back as another link, and is joined again.
  ASSERT_TRUE(connect(a, "va", b, "vb", 1));
  ASSERT_TRUE(follow(a, here, [&] { return here.link("va") != 0; }));
  ASSERT_TRUE(follow(b, there, [&] { return there.link("vb") > other; }));
  EXPECT_NE(here.link("va"), first);
  there.send(1, {4}, "vb");
  EXPECT_TRUE(here.hears(2));
}

TEST(Udp, an_interface_taken_down_and_up_is_heard_again) {
  DTS_NEEDS_HOSTS();
  const Host a, b;
  ASSERT_TRUE(connect(a, "va", b, "vb", 1));
  Peer here = peer_on(a), there = peer_on(b);
  ASSERT_TRUE(a.run("ip link set va down"));
  ASSERT_TRUE(follow(a, here, [&] { return here.link("va") == 0; }));
  ASSERT_TRUE(follow(b, there, [&] { return there.link("vb") == 0; })) << "no carrier";
  ASSERT_TRUE(a.run("ip link set va up"));
  ASSERT_TRUE(follow(a, here, [&] { return here.link("va") != 0; }));
  ASSERT_TRUE(follow(b, there, [&] { return there.link("vb") != 0; }));
  there.send(1, {1}, "vb");
  EXPECT_TRUE(here.hears(1));
}

TEST(Udp, a_changed_address_is_followed) {
  DTS_NEEDS_HOSTS();
  const Host a, b;
  ASSERT_TRUE(connect(a, "va", b, "vb", 1));
  Peer here = peer_on(a), there = peer_on(b);
  ASSERT_TRUE(a.run("ip addr del 10.1.0.1/24 dev va && ip addr add 10.1.0.77/24 dev va"));
  ASSERT_TRUE(follow(a, here, [&] {
    const auto links = here.transport->links();
    return std::any_of(links.begin(), links.end(),
                       [](const Link& link) { return link.address == "10.1.0.77/24"; });
  }));
  here.send(1, {1}, "va");
  ASSERT_TRUE(there.hears(1));
  EXPECT_EQ(there.transport->to_text(there.heard[0].from).rfind("10.1.0.77:", 0), 0u);
}

TEST(Udp, more_memberships_than_a_socket_may_have) {
  DTS_NEEDS_HOSTS();
  const Host a, b, c;
  ASSERT_TRUE(connect(a, "to_b", b, "vb", 1));
  ASSERT_TRUE(connect(a, "to_c", c, "vc", 2));
  ASSERT_TRUE(a.run("echo 7 > /proc/sys/net/ipv4/igmp_max_memberships"));
  Peer here = peer_on(a), at_b = peer_on(b), at_c = peer_on(c);
  for (unsigned group = 0; group < 256; ++group) {  // 768 with lo
    const On on(a);
    ASSERT_TRUE(here.transport->join(static_cast<Group>(group))) << group;
  }
  for (unsigned group = 0; group < 256; ++group) {
    at_b.send(static_cast<Group>(group), {static_cast<std::uint8_t>(group), 1}, "vb");
    at_c.send(static_cast<Group>(group), {static_cast<std::uint8_t>(group), 2}, "vc");
  }
  ASSERT_TRUE(here.hears(512));
  std::set<Bytes> heard;
  for (const Heard& each : here.heard) heard.insert(each.bytes);
  EXPECT_EQ(heard.size(), 512u) << "each once";
}

TEST(Udp, a_limit_lowered_meanwhile_is_met) {
  DTS_NEEDS_HOSTS();
  const Host a;
  const On on(a);
  Peer here = peer_on(a), sender = peer_on(a);
  ASSERT_TRUE(a.run("echo 3 > /proc/sys/net/ipv4/igmp_max_memberships"));
  for (unsigned group = 0; group < 12; ++group)
    ASSERT_TRUE(here.transport->join(static_cast<Group>(group))) << group;
  for (unsigned group = 0; group < 12; ++group) sender.send(static_cast<Group>(group), {1});
  EXPECT_TRUE(here.hears(12));
}

TEST(Udp, groups_that_other_programs_joined_are_not_heard) {
  DTS_NEEDS_HOSTS();
  const Host a;
  Peer here = peer_on(a), other = peer_on(a), sender = peer_on(a);
  ASSERT_TRUE(other.transport->join(9));
  sender.send(9, {1});
  ASSERT_TRUE(other.hears(1));
  EXPECT_EQ(here.drain(), 0u);
}

TEST(Udp, a_firewall_that_refuses_is_counted_and_named_once) {
  DTS_NEEDS_HOSTS();
  const Host a, b;
  ASSERT_TRUE(connect(a, "va", b, "vb", 1));
  Peer here = peer_on(a), there = peer_on(b);
  here.transport->take_notices();
  ASSERT_TRUE(
      a.run("nft 'table inet f { chain o { type filter hook output priority 0; "
            "oifname va udp dport 25555 drop; }; }'"));
  const Bytes bytes(100);
  const std::vector<OutgoingPacket> packets(10,
                                            {.bytes = bytes, .link = here.link("va"), .group = 1});
  ASSERT_TRUE(here.transport->send(packets));
  here.send(1, {1}, "va");
  EXPECT_EQ(here.transport->counters().send_refused, 11u);
  EXPECT_EQ(here.transport->counters().packets_sent, 0u);
  const auto notices = here.transport->take_notices();
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_EQ(notices[0].code, ErrorCode::permission);
  EXPECT_NE(notices[0].text.find("firewall"), std::string::npos);
  EXPECT_NE(notices[0].text.find(":25555"), std::string::npos);
  ASSERT_TRUE(a.run("nft flush ruleset"));
  here.send(1, {2}, "va");
  EXPECT_TRUE(there.hears(1));
}

TEST(Udp, a_full_receive_buffer_is_counted) {
  DTS_NEEDS_HOSTS();
  const Host a;
  Peer slow = peer_on(a, udp({}, 16384)), sender = peer_on(a);
  EXPECT_TRUE(slow.has_notice(ErrorCode::no_interface));
  const auto address = sender.transport->resolve(slow.transport->local_address());
  ASSERT_TRUE(address);
  // Of different sizes, so that each is a datagram of its own in the kernel.
  for (std::size_t i = 0; i < 500; ++i) sender.send_to(*address, Bytes(1400 - i));
  const std::size_t heard = slow.drain();
  EXPECT_LT(heard, 500u);
  EXPECT_EQ(heard + slow.transport->counters().receive_overflow, 500u);
  slow.transport->close();
  EXPECT_EQ(heard + slow.transport->counters().receive_overflow, 500u) << "after closing too";
}

TEST(Udp, a_packet_too_large_for_the_interface_is_counted_not_fragmented) {
  DTS_NEEDS_HOSTS();
  const Host a, b;
  ASSERT_TRUE(connect(a, "va", b, "vb", 1));
  ASSERT_TRUE(a.run("ip link set va mtu 1300"));
  Peer here = peer_on(a), there = peer_on(b);
  const auto links = here.transport->links();
  const auto link =
      std::find_if(links.begin(), links.end(), [](const Link& each) { return each.name == "va"; });
  ASSERT_NE(link, links.end());
  EXPECT_EQ(link->mtu_bytes, 1272u);
  const Bytes large(1400), fits(1272);
  std::vector<OutgoingPacket> packets(5, {.bytes = large, .link = link->index, .group = 1});
  packets.resize(9, {.bytes = fits, .link = link->index, .group = 1});
  ASSERT_TRUE(here.transport->send(packets));
  ASSERT_TRUE(there.hears(4));
  EXPECT_EQ(here.transport->counters().send_too_large, 5u);
  EXPECT_EQ(here.transport->counters().packets_sent, 4u);
}

TEST(Udp, random_datagrams_to_both_ports_pass_through_and_hurt_nothing) {
  DTS_NEEDS_HOSTS();
  const Host a;
  const On on(a);
  // Unicast to the shared port reaches whoever bound it last.
  Peer friendly = open_peer(udp()), here = open_peer(udp());
  ASSERT_TRUE(here.transport->join(1));
  const auto text = here.transport->local_address();
  const auto own_port = static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)));
  const int fd = raw_socket();
  const sockaddr_in targets[] = {to("127.0.0.1", own_port), to("127.0.0.1", kPort)};
  base::Random random(7);
  std::size_t sent = 0;
  for (int i = 0; i < 20000; ++i) {
    Bytes bytes(random.below(i % 100 == 0 ? 60000 : 1500));
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
    const auto& target = targets[random.below(2)];
    if (::sendto(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&target),
                 sizeof target) >= 0)
      ++sent;
    if (i % 100 == 0) here.drain();
  }
  ::close(fd);
  here.drain();
  EXPECT_EQ(sent, 20000u);
  EXPECT_EQ(here.transport->counters().packets_received, sent);
  EXPECT_EQ(here.heard.size(), sent) << "an empty datagram is one too";
  here.heard.clear();
  friendly.send(1, {1});
  EXPECT_TRUE(here.hears(1));
}

TEST(Udp, a_port_held_by_another_program_is_said_and_unicast_goes_on) {
  DTS_NEEDS_HOSTS();
  const Host a;
  const On on(a);
  const int fd = raw_socket();
  const sockaddr_in port = to("0.0.0.0", kPort);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&port), sizeof port), 0);
  Peer here = open_peer(udp());
  EXPECT_TRUE(here.has_notice(ErrorCode::address_in_use));
  ASSERT_TRUE(here.transport->join(1));
  Peer other = open_peer(udp());
  const auto address = other.transport->resolve(here.transport->local_address());
  ASSERT_TRUE(address);
  other.send_to(*address, {1});
  ASSERT_TRUE(here.hears(1));
  ::close(fd);
  ASSERT_TRUE(here.transport->join(2)) << "the port is free now: groups are heard";
  other.send(2, {2});
  EXPECT_TRUE(here.hears(2));
}

TEST(Udp, no_interface_at_all_is_no_error_and_lo_is_used_when_it_comes) {
  DTS_NEEDS_HOSTS();
  const Host a;
  ASSERT_TRUE(a.run("ip link set lo down"));
  Peer here = peer_on(a);
  EXPECT_TRUE(here.transport->links().empty());
  EXPECT_TRUE(here.has_notice(ErrorCode::no_interface));
  const Bytes bytes{1};
  const OutgoingPacket packet{.bytes = bytes, .link = 1, .group = 1};
  ASSERT_TRUE(here.transport->send({&packet, 1}));
  EXPECT_EQ(here.transport->counters().send_failed, 1u);
  ASSERT_TRUE(a.run("ip link set lo up"));
  ASSERT_TRUE(follow(a, here, [&] { return here.link("lo") != 0; }));
  Peer other = peer_on(a);
  other.send(1, {2}, "lo");
  EXPECT_TRUE(here.hears(1));
}

TEST(Udp, a_named_peer_is_reached_at_the_port_of_dts) {
  DTS_NEEDS_HOSTS();
  const Host a, b;
  ASSERT_TRUE(connect(a, "va", b, "vb", 1));
  Peer here = peer_on(a), there = peer_on(b);
  ASSERT_TRUE(
      b.run("nft 'table inet f { chain i { type filter hook input priority 0; "
            "ip daddr 224.0.0.0/4 drop; }; }'"));
  const auto named = here.transport->resolve("10.1.0.2");
  ASSERT_TRUE(named);
  EXPECT_EQ(here.transport->to_text(*named), "10.1.0.2:25555");
  here.send(1, {1}, "va");
  here.send_to(*named, {2});
  ASSERT_TRUE(there.hears(1));
  EXPECT_EQ(there.heard[0].bytes, Bytes{2});
  EXPECT_FALSE(there.heard[0].multicast);
  there.send_to(there.heard[0].from, {3});
  EXPECT_TRUE(here.hears(1));
}

TEST(Udp, bridges_to_containers_are_used_only_when_named) {
  DTS_NEEDS_HOSTS();
  const Host a, b;
  ASSERT_TRUE(connect(a, "docker0", b, "vb", 1));
  EXPECT_EQ(peer_on(a).link("docker0"), 0);
  EXPECT_NE(peer_on(a, udp({"+docker0"})).link("docker0"), 0);
  EXPECT_NE(peer_on(a, udp({"docker0"})).link("docker0"), 0);
  EXPECT_EQ(peer_on(b, udp({"-vb"})).link("vb"), 0);
  Peer only_lo = peer_on(b, udp({"lo"}));
  EXPECT_EQ(only_lo.link("vb"), 0);
  EXPECT_FALSE(only_lo.has_notice(ErrorCode::no_interface)) << "it was asked for";
  Peer wrong = peer_on(b, udp({"etho"}));
  EXPECT_TRUE(wrong.has_notice(ErrorCode::no_interface));
}

TEST(Udp, another_port_is_another_network) {
  DTS_NEEDS_HOSTS();
  const Host a;
  Peer here = peer_on(a), elsewhere = peer_on(a, {.url = "udp://?port=25556"});
  Peer sender = peer_on(a, {.url = "udp://?port=25556"});
  sender.send(1, {1});
  ASSERT_TRUE(elsewhere.hears(1));
  EXPECT_EQ(here.drain(), 0u);
}

}  // namespace
}  // namespace dts::test
