// Those who connect by HTTP: they come back, and say what is there when it is no node of DTS, or
// what on the way does not let them through.
#include <cstdlib>

#include "certificates.hpp"
#include "streams.hpp"

namespace dts::test {
namespace {

class HttpDial : public Streams {
 protected:
  static Peer listening(const std::string& place = "0/bus", const std::string& scheme = "http",
                        const std::string& more = {}) {
    return open_peer({.url = scheme + "-listen://127.0.0.1:" + place + more});
  }
  // A server that says this to everybody, for as long as `guest` has not been told anything.
  static std::string told_by(const std::string& text, const std::string& scheme = "http") {
    Plain server;
    Peer guest = opening(scheme + "://" + server.place());
    std::string all;
    EXPECT_TRUE(until({&guest}, [&] { return server.readable(); }));
    server.accept_and_say(text);
    server.hang_up();
    EXPECT_TRUE(until({&guest}, [&] { return !(all += notices(guest)).empty(); }));
    return all;
  }
  static std::string answer(const std::string& status, const std::string& type,
                            const std::string& body) {
    return "HTTP/1.1 " + status + "\r\nContent-Type: " + type +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
};

TEST_F(HttpDial, all_are_members_of_one_network) {
  Peer host = listening(), a = opening("http://" + address(host) + "/bus"),
       b = opening("http://" + address(host) + "/bus/");
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

TEST_F(HttpDial, comes_back_to_a_node_that_was_started_anew) {
  auto host = std::make_unique<Peer>(listening());
  const std::string same = port(*host);
  Peer guest = opening("http://" + address(*host) + "/bus");
  ASSERT_TRUE(guest.transport->join(5));
  ASSERT_TRUE(settled({host.get(), &guest}));
  host.reset();
  Peer fresh = listening(same + "/bus");
  ASSERT_TRUE(until({&fresh, &guest}, [&] { return guest.transport->links().empty(); }));
  EXPECT_NE(notices(guest).find("no such session"), std::string::npos);
  ASSERT_TRUE(settled({&fresh, &guest}));
  EXPECT_NE(notices(guest).find("connected to 127.0.0.1:" + same), std::string::npos);
  fresh.send(5, {2});
  ASSERT_TRUE(until({&fresh, &guest}, [&] { return guest.heard.size() == 1; }));
}

TEST_F(HttpDial, what_is_no_node_is_named) {
  const auto holds = [](const std::string& all, const std::string& text) {
    EXPECT_NE(all.find(text), std::string::npos) << all;
  };
  holds(told_by(answer("200 OK", "text/html", "<p>Log in to this hotel")),
        "no node of DTS, at 127.0.0.1:");
  holds(told_by(answer("200 OK", "text/html", "<p>Log in")),
        "it answered 'HTTP 200' with text/html");
  holds(told_by(answer("404 Not Found", "text/html", "<p>No")), "it answered 'HTTP 404'");
  holds(told_by(answer("401 Unauthorized", "text/plain", "who are you\nreally")),
        "it does not let us in, at 127.0.0.1:");
  holds(told_by(answer("403 Forbidden", "text/plain", "not you\nor me")),
        "'HTTP 403', 'not you' (try: ask who keeps");
  holds(told_by(answer("502 Bad Gateway", "text/html", "")), "it cannot answer now");
  holds(told_by(answer("302 Found\r\nLocation: /login", "text/html", "")), "'HTTP 302'");
  holds(told_by("SSH-2.0-OpenSSH_9.2\r\n"), "what is there does not speak HTTP");
  holds(told_by("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"), "the request failed");
  holds(told_by(answer("400 Bad Request", "text/html", ""), "https"),
        "no encryption could be agreed on");
  Peer host = listening(), lost = opening("http://" + address(host) + "/elsewhere");
  holds(refusal(host, lost), "'HTTP 404', 'DTS is at another path'");
  Peer web = open_peer({.url = "ws-listen://127.0.0.1:0"});
  Peer wrong = opening("http://" + address(web));
  holds(refusal(web, wrong), "'HTTP 400'");
  Peer naked = opening("tcp://" + address(host));
  holds(refusal(host, naked), "it began with 'HTTP/1.1 400");
}

TEST_F(HttpDial, says_once_why_it_cannot_connect) {
  std::string nobody;
  {
    const Plain taken;
    nobody = taken.place();
  }
  Peer guest = opening("http://" + nobody);
  ASSERT_TRUE(until({&guest}, [&] { return guest.transport->links_changed(); }));
  EXPECT_NE(notices(guest).find("nobody listens there, at " + nobody), std::string::npos);
  const auto later = std::chrono::steady_clock::now() + std::chrono::milliseconds(1200);
  ASSERT_TRUE(until({&guest}, [&] { return std::chrono::steady_clock::now() > later; }));
  EXPECT_EQ(notices(guest), "");
}

TEST_F(HttpDial, a_proxy_that_refuses_is_named) {
  Plain proxy;
  ::setenv("http_proxy", ("http://" + proxy.place()).c_str(), 1);
  Peer guest = opening("http://tank3.example/bus");
  std::string all;
  EXPECT_TRUE(until({&guest}, [&] { return proxy.readable(); }));
  proxy.accept_and_say(answer("407 Proxy Authentication Required", "text/html", ""));
  EXPECT_TRUE(until({&guest}, [&] { return !(all += notices(guest)).empty(); }));
  ::unsetenv("http_proxy");
  EXPECT_NE(all.find("the proxy does not let us through, at tank3.example:80"), std::string::npos)
      << all;
  EXPECT_TRUE(proxy.heard().starts_with("POST http://tank3.example/bus/open HTTP/1.1\r\n"));
}

TEST_F(HttpDial, certificates_are_looked_at) {
  const std::string ca = "?ca=" + certificates().file("ca.pem");
  const auto listens = [](const std::string& name, const std::string& more = {}) {
    return listening("0", "https", "?" + certificates().parameters(name) + more);
  };
  const auto refused = [](Peer& host, const std::string& more) {
    Peer guest = opening("https://" + address(host) + more);
    const std::string all = refusal(host, guest);
    EXPECT_NE(all.find("its certificate is not accepted"), std::string::npos) << all;
  };
  Peer stranger = listens("stranger"), expired = listens("expired"), other = listens("elsewhere");
  refused(stranger, ca);
  refused(stranger, "");
  refused(expired, ca);
  refused(other, ca);
  Peer knowing = opening("https://" + address(other) + ca + "&name=elsewhere.example");
  EXPECT_TRUE(settled({&other, &knowing})) << notices(knowing);
  Peer strict = listens("here", "&ca=" + certificates().file("ca.pem"));
  Peer nameless = opening("https://" + address(strict) + ca);
  const std::string told = refusal(strict, nameless);
  EXPECT_NE(told.find("it wants a certificate of who connects"), std::string::npos) << told;
  Peer known = opening("https://" + address(strict) + ca + "&" + certificates().parameters("here"));
  EXPECT_TRUE(settled({&strict, &known})) << notices(known);
  Peer plain = opening("http://" + address(strict));
  EXPECT_FALSE(refusal(strict, plain).empty());
}

}  // namespace
}  // namespace dts::test
