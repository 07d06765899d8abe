#include "transport/udp/interfaces.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "transport/udp/group_sockets.hpp"

namespace dts::transport {
namespace {

Interface interface(const std::string& name) {
  Interface result;
  result.index = 2;
  result.name = name;
  result.address = htonl(0xc0a80114);
  result.prefix = 24;
  result.up = result.running = result.multicast = true;
  return result;
}

bool used(const Interface& each, const std::vector<std::string>& wish = {}) {
  return why_unused(each, parse_wish(wish)).empty();
}

TEST(InterfaceChoice, takes_what_is_up_and_can_multicast) {
  EXPECT_TRUE(used(interface("eth0")));
  Interface down = interface("eth0"), dark = down, bare = down, deaf = down, tunnel = down;
  down.up = false;
  dark.running = false;
  bare.address = 0;
  deaf.multicast = false;
  tunnel.point_to_point = true;
  EXPECT_EQ(why_unused(down, {}), "is down");
  EXPECT_EQ(why_unused(dark, {}), "has no carrier");
  EXPECT_EQ(why_unused(bare, {}), "has no IPv4 address");
  EXPECT_EQ(why_unused(deaf, {}), "cannot multicast");
  EXPECT_EQ(why_unused(tunnel, {}), "is point to point");
}

TEST(InterfaceChoice, lo_is_used_though_it_says_it_cannot_multicast) {
  Interface lo = interface("lo");
  lo.loopback = true;
  lo.multicast = false;
  EXPECT_TRUE(used(lo));
  EXPECT_TRUE(used(lo, {"eth0"})) << "others on this machine are reached by it";
  EXPECT_FALSE(used(lo, {"-lo"}));
}

TEST(InterfaceChoice, bridges_to_containers_wait_to_be_named) {
  for (const char* name : {"docker0", "br-0123456789ab", "virbr0", "podman0", "lxcbr0", "cni0"}) {
    EXPECT_EQ(why_unused(interface(name), {}), "is a bridge to containers") << name;
    EXPECT_TRUE(used(interface(name), {std::string("+") + name})) << name;
    EXPECT_TRUE(used(interface(name), {name})) << name;
  }
  EXPECT_TRUE(used(interface("br0"))) << "a bridge that somebody made is a network";
}

TEST(InterfaceChoice, names_decide) {
  EXPECT_TRUE(used(interface("eth0"), {"eth0"}));
  EXPECT_EQ(why_unused(interface("eth1"), parse_wish({"eth0"})), "was not named");
  EXPECT_TRUE(used(interface("eth1"), {"+docker0"}));
  EXPECT_EQ(why_unused(interface("wlan0"), parse_wish({"-wlan0"})), "was ruled out");
  EXPECT_TRUE(used(interface("eth0"), {"-wlan0", ""}));
  Interface tunnel = interface("tun0");
  tunnel.multicast = false;
  tunnel.point_to_point = true;
  EXPECT_TRUE(used(tunnel, {"tun0"}));
}

TEST(InterfaceChoice, an_address_is_shown_with_its_network) {
  EXPECT_EQ(address_text(interface("eth0")), "192.168.1.20/24");
  EXPECT_EQ(address_text(Interface{}), "no address");
}

// Computed by: printf 'dts-domain\0default' | sha256sum | head -c 8
TEST(GroupAddress, is_239_255_domain_group) {
  EXPECT_EQ(domain_octet("default"), 128 + 0xcd70d866 % 64);
  EXPECT_EQ(ntohl(group_address(150, 7)), 0xefff9607u);
  for (const char* domain : {"", "default", "brewery", "laboratory"}) {
    EXPECT_GE(domain_octet(domain), 128);
    EXPECT_LT(domain_octet(domain), 192);
  }
}

}  // namespace
}  // namespace dts::transport
