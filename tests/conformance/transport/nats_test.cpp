// NATS where it differs from the others: a real nats-server that refuses, limits, ends and comes
// back, another one in its place, and what is no server. All on a private lo.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include <dts/transport.hpp>

#include "certificates.hpp"
#include "server.hpp"
#include "streams.hpp"

namespace dts::test {
namespace {

class Nats : public Streams {};

TEST_F(Nats, who_is_not_let_in_is_told_why_and_the_password_is_not_shown) {
  const auto server =
      nats_server("authorization { user: tank, password: \"s@cret\" }\n", free_port());
  const std::string stranger = told("nats://" + server->place());
  EXPECT_TRUE(has(stranger, "it wants to know who we are")) << stranger;
  const std::string wrong = told("nats://tank:wr0ng@" + server->place());
  EXPECT_TRUE(has(wrong, "the user, the password or the token is wrong")) << wrong;
  EXPECT_FALSE(has(wrong, "wr0ng"));
  Peer right = open_peer({.url = "nats://tank:s%40cret@" + server->place()});
  EXPECT_EQ(notices(right), "");
  ::setenv("DTS_NATS_USER", "tank", 1);
  ::setenv("DTS_NATS_PASSWORD", "s@cret", 1);
  const Peer by_environment = open_peer({.url = "nats://" + server->place()});
  ::unsetenv("DTS_NATS_USER");
  ::unsetenv("DTS_NATS_PASSWORD");
  const auto with_token = nats_server("authorization { token: t0ken }\n", free_port());
  const Peer by_token = open_peer({.url = "nats://t0ken@" + with_token->place()});
}

TEST_F(Nats, who_may_not_read_or_write_is_told_which_subjects) {
  for (const char* rights :
       {"{ publish: \"dts.>\", subscribe: \"nothing\" }", "{ publish: \"nothing\" }"}) {
    const auto server =
        nats_server(std::string("authorization { users: [ { user: tank, password: p, "
                                "permissions: ") +
                        rights + " } ] }\n",
                    free_port());
    Peer peer = opening("nats://tank:p@" + server->place());
    std::string text;
    ASSERT_TRUE(until({&peer}, [&] {
      for (const Link& link : peer.transport->links()) {
        const Bytes bytes{1};
        const OutgoingPacket packet{.bytes = bytes, .link = link.index, .group = 1};
        EXPECT_TRUE(peer.transport->send({&packet, 1}));
      }
      return !(text += notices(peer)).empty();
    })) << rights;
    EXPECT_TRUE(has(text, "the server does not let us read or write")) << text;
    EXPECT_TRUE(has(text, "dts.default.>")) << text;
  }
}

TEST_F(Nats, a_port_without_a_server_is_named) {
  const std::string nobody = Plain::nobodys_place();
  const std::string text = told("nats://" + nobody);
  EXPECT_TRUE(has(text, "nobody listens there, at " + nobody)) << text;
}

TEST_F(Nats, another_server_is_known_as_none) {
  Plain server;
  Peer guest = opening("nats://" + server.place());
  ASSERT_TRUE(until({&guest}, [&] { return server.readable(); }));
  server.accept_and_say("HTTP/1.1 400 Bad Request\r\n\r\n");
  const std::string text = told(guest);
  EXPECT_TRUE(has(text, "what is there is no NATS server")) << text;
}

TEST_F(Nats, what_the_other_side_has_of_tls_is_said) {
  const Certificates& all = certificates();
  const std::string ca = "?ca=" + all.file("ca.pem");
  const auto secure = [&](const std::string& who) {
    return nats_server("tls { cert_file: \"" + all.file(who + ".pem") + "\", key_file: \"" +
                           all.file(who + ".key") + "\" }\n",
                       free_port());
  };
  const auto server = secure("here");
  const std::string text = told("nats://" + server->place());
  EXPECT_TRUE(has(text, "the server wants TLS")) << text;
  const auto row = std::find_if(built_in_transports().begin(), built_in_transports().end(),
                                [](const auto& each) { return each.scheme == "natss"; });
  if (!row->needs.empty()) {  // with an old libnats
    const auto opened = open("natss://" + server->place());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), ErrorCode::unsupported);
    return;
  }
  for (const char* who : {"stranger", "elsewhere", "expired"}) {
    const auto wrong = secure(who);
    const std::string why = told("natss://" + wrong->place() + ca);
    EXPECT_TRUE(has(why, "no agreement on TLS with the server")) << who << ": " << why;
  }
  const auto plain = nats_server("", free_port());
  EXPECT_TRUE(has(told("natss://" + plain->place() + ca), "the server has no TLS"));
}

TEST_F(Nats, comes_back_to_a_server_that_was_killed_and_hears_again) {
  const std::uint16_t port = free_port();
  auto server = nats_server("", port);
  const std::string url = "nats://" + server->place();
  Peer here = joined(url), there = joined(url);
  const LinkIndex before = here.transport->links().at(0).index;
  server.reset();
  ASSERT_TRUE(until({&here, &there}, [&] {
    return here.transport->links().empty() && there.transport->links().empty();
  }));
  const std::string text = notices(here);
  EXPECT_TRUE(has(text, "the connection is lost")) << text;
  here.send(1, {1});  // nowhere
  EXPECT_EQ(here.transport->counters().send_failed, 1u);
  server = nats_server("", port);
  ASSERT_TRUE(settled({&here, &there}));
  EXPECT_TRUE(has(notices(here), "connected to "));
  EXPECT_GT(here.transport->links().at(0).index, before);
  here.send(1, {2});
  EXPECT_TRUE(there.hears(1)) << "its groups are asked for again";
}

TEST_F(Nats, where_one_server_is_gone_another_is_asked) {
  auto first = nats_server("", free_port());
  const auto second = nats_server("", free_port());
  Peer here = joined("nats://" + first->place() + "?also=" + second->place());
  first.reset();
  ASSERT_TRUE(until({&here}, [&] { return here.transport->links().empty(); }));
  ASSERT_TRUE(settled({&here})) << notices(here);
  Peer there = joined("nats://" + second->place());
  there.send(1, {1});
  EXPECT_TRUE(here.hears(1));
}

TEST_F(Nats, packets_are_no_larger_than_the_server_takes) {
  const auto server = nats_server("max_payload: 8192\n", free_port());
  Peer here = joined("nats://" + server->place()), there = joined("nats://" + server->place());
  const auto most = here.transport->links().at(0).mtu_bytes;
  EXPECT_EQ(most, 8192u - 28);
  here.send(1, Bytes(most + 1));
  here.send(1, Bytes(most, 7));
  ASSERT_TRUE(there.hears(1));
  EXPECT_EQ(there.heard[0].bytes, Bytes(most, 7));
  EXPECT_EQ(here.transport->counters().send_too_large, 1u);
  const auto small = nats_server("max_payload: 1000\n", free_port());
  const std::string text = told("nats://" + small->place());
  EXPECT_TRUE(has(text, "its max_payload is 1000")) << text;
}

TEST_F(Nats, prefixes_are_networks_of_their_own) {
  const auto server = nats_server("", free_port());
  Peer one = joined("nats://" + server->place() + "/site.one"),
       same = joined("nats://" + server->place() + "/site.one/"),
       other = joined("nats://" + server->place());
  other.send(1, {1});
  one.send(1, {2});
  ASSERT_TRUE(same.hears(1));
  EXPECT_EQ(same.heard[0].bytes, Bytes{2});
  for (const char* prefix : {"/a*b", "/>", "/.a", "/a..b", "/a b"})
    EXPECT_FALSE(open("nats://" + server->place() + prefix)) << prefix;
}

}  // namespace
}  // namespace dts::test
