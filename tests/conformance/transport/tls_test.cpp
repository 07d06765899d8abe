// TLS on streams: who is let in, who is not, and what he is told; what is there may not speak it.
#include <cstdio>

#include "certificates.hpp"
#include "streams.hpp"

namespace dts::test {
namespace {

class Tls : public Streams {
 protected:
  // One who is `name`, and wants certificates of others when `ca` is the file of who signs them.
  static Peer listening(const std::string& name, const std::string& ca = {}) {
    return open_peer({.url = "tcps-listen://127.0.0.1:0?" + certificates().parameters(name) +
                             (ca.empty() ? "" : "&ca=" + certificates().file(ca))});
  }
  static Peer dialing(const Peer& host, const std::string& more = {},
                      const std::string& ca = "ca.pem") {
    return opening("tcps://" + address(host) + "?ca=" + certificates().file(ca) + more);
  }
};

TEST_F(Tls, who_is_known_is_spoken_to) {
  Peer host = listening("here"), a = dialing(host), b = dialing(host);
  for (Peer* peer : {&host, &a, &b}) ASSERT_TRUE(peer->transport->join(1));
  ASSERT_TRUE(settled({&host, &a, &b})) << notices(a);
  const Bytes large(60'000, 7);
  for (int i = 0; i < 100; ++i) a.send(1, large);
  ASSERT_TRUE(
      until({&host, &a, &b}, [&] { return host.heard.size() == 100 && b.heard.size() == 100; }));
  EXPECT_EQ(b.heard.back().bytes, large);
  b.send_to(b.heard[0].from, {1});
  ASSERT_TRUE(until({&host, &a, &b}, [&] { return a.heard.size() == 1; }));
}

TEST_F(Tls, a_signature_of_nobody_known_is_none) {
  Peer host = listening("stranger"), guest = dialing(host);
  EXPECT_NE(refusal(host, guest).find("its certificate is signed by nobody we know"),
            std::string::npos);
  Peer by_system = opening("tcps://" + address(host));
  EXPECT_NE(refusal(host, by_system).find("?ca=FILE"), std::string::npos);
  Peer knowing = dialing(host, {}, "other_ca.pem");
  EXPECT_TRUE(settled({&host, &knowing}));
}

TEST_F(Tls, a_certificate_of_another_name_is_anothers) {
  Peer host = listening("elsewhere"), guest = dialing(host);
  const std::string told = refusal(host, guest);
  EXPECT_NE(told.find("it is for elsewhere.example, not 127.0.0.1"), std::string::npos) << told;
  Peer knowing = dialing(host, "&name=elsewhere.example");
  EXPECT_TRUE(settled({&host, &knowing}));
}

TEST_F(Tls, an_old_certificate_is_none) {
  Peer host = listening("expired"), guest = dialing(host);
  EXPECT_NE(refusal(host, guest).find("its certificate has expired"), std::string::npos);
}

TEST_F(Tls, one_side_without_it_is_told_to_both) {
  Peer plain = open_peer({.url = "tcp-listen://127.0.0.1:0"});
  Peer guest = opening("tcps://" + address(plain));
  EXPECT_NE(refusal(plain, guest).find("it is a node without TLS"), std::string::npos);
  Peer host = listening("here");
  Peer naked = opening("tcp://" + address(host));
  EXPECT_NE(refusal(host, naked).find("what is there speaks TLS"), std::string::npos);
  EXPECT_EQ(host.transport->counters().packets_received, 0u);
}

TEST_F(Tls, a_server_of_something_else_is_named) {
  Plain server;
  Peer guest = opening("tcps://" + server.place());
  ASSERT_TRUE(until({&guest}, [&] { return server.readable(); }));
  server.accept_and_say("SSH-2.0-OpenSSH_9.2\r\n");
  ASSERT_TRUE(until({&guest}, [&] { return guest.transport->links_changed(); }));
  EXPECT_NE(notices(guest).find("it began with 'SSH-2.0-OpenSSH_9.2"), std::string::npos);
}

TEST_F(Tls, with_a_ca_who_listens_wants_certificates_too) {
  Peer host = listening("here", "ca.pem"), nameless = dialing(host);
  const std::string told = refusal(host, nameless);
  EXPECT_NE(told.find("it wants a certificate of who connects"), std::string::npos) << told;
  Peer stranger = dialing(host, "&" + certificates().parameters("stranger"));
  const std::string other = refusal(host, stranger);
  EXPECT_NE(other.find("it does not know who signed it"), std::string::npos) << other;
  Peer expired = dialing(host, "&" + certificates().parameters("expired"));
  const std::string old = refusal(host, expired);
  EXPECT_NE(old.find("it has expired"), std::string::npos) << old;
  Peer known = dialing(host, "&" + certificates().parameters("elsewhere"));
  EXPECT_TRUE(settled({&host, &known})) << "whose it is does not matter, who signed it does";
}

TEST_F(Tls, nothing_older_than_1_3_is_spoken) {
  certificates().set_environment();
  const Meeting meeting("tcps");
  Certificates::clear_environment();
  const std::string place = meeting.url().substr(meeting.url().find("://") + 3);
  const auto session = [&](const std::string& version) {
    const std::string command = "openssl s_client -connect " + place + " -CAfile " +
                                certificates().file("ca.pem") + " " + version +
                                " -brief </dev/null 2>&1";
    std::string all;
    char line[256];
    FILE* const out = ::popen(command.c_str(), "r");
    while (out && std::fgets(line, sizeof line, out)) all += line;
    if (out) ::pclose(out);
    return all;
  };
  EXPECT_NE(session("-tls1_3").find("Protocol version: TLSv1.3"), std::string::npos);
  const std::string old = session("-tls1_2");
  EXPECT_NE(old.find("alert protocol version"), std::string::npos) << old;
}

TEST_F(Tls, files_that_are_wrong_are_named) {
  const Certificates& all = certificates();
  const auto refused = [](const std::string& url, ErrorCode code, const std::string& text) {
    const auto opened = open(url);
    ASSERT_FALSE(opened) << url;
    EXPECT_EQ(opened.error().code(), code) << opened.error().text();
    EXPECT_NE(opened.error().text().find(text), std::string::npos) << opened.error().text();
  };
  refused("tcps-listen://:0", ErrorCode::invalid_url, "?cert=FILE&key=FILE");
  refused("tcps-listen://:0?cert=" + all.file("here.pem"), ErrorCode::invalid_url, "no key");
  refused("tcps-listen://:0?cert=/nowhere.pem&key=" + all.file("here.key"), ErrorCode::file,
          "/nowhere.pem");
  refused("tcps-listen://:0?cert=" + all.file("here.pem") + "&key=" + all.file("stranger.key"),
          ErrorCode::file, "stranger.key");
  refused("tcps://localhost?ca=" + all.file("here.key"), ErrorCode::file, "here.key");
  refused("tcp://localhost?ca=" + all.file("ca.pem"), ErrorCode::invalid_url, "no parameter");
}

}  // namespace
}  // namespace dts::test
