// The node that listens by HTTP, as a visitor sees it who writes requests by hand: what is repeated
// is there once, what is wrong is refused, and nobody holds up the others.
#include "streams.hpp"

namespace dts::test {
namespace {

constexpr std::string_view kGreeting = "DTS/1 \r\n";

class Http : public Streams {
 protected:
  Peer host_ = open_peer({.url = "http-listen://127.0.0.1:0/bus"});

  static std::string request(const std::string& line, const std::string& body = {},
                             const std::string& headers = {}) {
    return line + " HTTP/1.1\r\nHost: here\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  // Everything it is answered, until that holds `expected`.
  std::string answered(const Plain& visitor, const std::string& expected) {
    std::string all;
    EXPECT_TRUE(until({&host_},
                      [&] {
                        all += visitor.rest();
                        return all.find(expected) != std::string::npos;
                      }))
        << "no '" << expected << "' in: " << all;
    return all;
  }
  std::string ask(const std::string& text, const std::string& expected) {
    const Plain visitor(port(host_));
    visitor.say(text);
    return answered(visitor, expected);
  }
  std::string open_session() {
    const std::string answer = ask(request("POST /bus/open"), "DTS/1 ");
    const auto at = answer.find("\r\n\r\nDTS/1 ");
    EXPECT_NE(at, std::string::npos);
    EXPECT_EQ(answer.size(), at + 10 + 33);
    return "/bus/" + answer.substr(at + 10, 32);
  }
  static std::string hello() {
    using namespace std::string_literals;
    return std::string(kGreeting) + "\x11\0\0\0\x01\0\0\0\0\0\0\0\0\0"s + "default";
  }
};

TEST_F(Http, what_is_repeated_is_there_once) {
  const std::string session = open_session();
  const std::string all = hello(), half = all.substr(0, 5);
  ask(request("POST " + session + "/up?from=0", half), "HTTP/1.1 204");
  ask(request("POST " + session + "/up?from=0", half), "HTTP/1.1 204");  // its answer was lost
  ask(request("POST " + session + "/up?from=0", all), "HTTP/1.1 204");   // and then there was more
  const std::string first = ask(request("GET " + session + "/down?from=0"), std::string(kGreeting));
  EXPECT_NE(first.find("Content-Type: application/x-dts"), std::string::npos);
  const std::string again = ask(request("GET " + session + "/down?from=0"), std::string(kGreeting));
  EXPECT_EQ(again.substr(again.find("\r\n\r\n")).substr(0, 12),
            "\r\n\r\n" + std::string(kGreeting));
  const std::string rest = ask(request("GET " + session + "/down?from=8"), "\r\n\r\n");
  EXPECT_EQ(rest.find(kGreeting), std::string::npos);
  EXPECT_EQ(rest.substr(rest.find("\r\n\r\n") + 8, 1), "\x02") << "a welcome";
  EXPECT_EQ(host_.transport->counters().receive_failed, 0u);
  EXPECT_EQ(host_.transport->counters().receive_ignored, 0u);
}

TEST_F(Http, bytes_that_cannot_be_are_refused) {
  const std::string session = open_session();
  ask(request("POST " + session + "/up?from=5", "x"), "HTTP/1.1 409");
  ask(request("GET " + session + "/down?from=9999"), "HTTP/1.1 409");
  ask(request("GET " + session + "/down?from=-1"), "HTTP/1.1 400");
  ask(request("GET " + session + "/down"), "HTTP/1.1 400");
  EXPECT_EQ(host_.transport->counters().receive_failed, 4u);
  ask(request("POST " + session + "/up?from=0", hello()), "HTTP/1.1 204");
  ask(request("GET " + session + "/down?from=0"), std::string(kGreeting));
}

TEST_F(Http, of_two_that_wait_the_later_one_is_answered) {
  const std::string session = open_session();
  const Plain first(port(host_)), second(port(host_));
  first.say(request("GET " + session + "/down?from=0"));
  std::string got = answered(first, std::string(kGreeting));
  first.say(request("GET " + session + "/down?from=8"));
  ASSERT_TRUE(until({&host_}, [&] { return !host_.readable(0); }));
  second.say(request("GET " + session + "/down?from=8"));
  answered(first, "HTTP/1.1 409");
  ask(request("POST " + session + "/up?from=0", hello()), "HTTP/1.1 204");
  answered(second, "HTTP/1.1 200");
}

TEST_F(Http, who_does_not_wait_his_turn_goes) {
  const std::string session = open_session();
  const Plain visitor(port(host_));
  visitor.say(request("GET " + session + "/down?from=0"));
  answered(visitor, std::string(kGreeting));
  visitor.say(request("GET " + session + "/down?from=8"));
  ASSERT_TRUE(until({&host_}, [&] { return !host_.readable(0); }));
  visitor.say(request("GET " + session + "/down?from=8"));
  ASSERT_TRUE(until({&host_}, [&] { return visitor.closed(); }));
}

TEST_F(Http, a_session_ends_when_its_visitor_says_so_or_its_stream_does) {
  const std::string session = open_session();
  const Plain waiting(port(host_));
  waiting.say(request("GET " + session + "/down?from=0"));
  answered(waiting, std::string(kGreeting));
  waiting.say(request("GET " + session + "/down?from=8"));
  ASSERT_TRUE(until({&host_}, [&] { return !host_.readable(0); }));
  ask(request("POST " + session + "/end"), "HTTP/1.1 204");
  answered(waiting, "HTTP/1.1 410");
  ask(request("GET " + session + "/down?from=8"), "there is no such session");
  // One that is no node is told so on its stream, which is then over.
  const std::string other = open_session();
  ask(request("POST " + other + "/up?from=0", "hello, world"), "HTTP/1.1 204");
  const std::string why = ask(request("GET " + other + "/down?from=0"), "no node of DTS");
  const auto size = why.size() - why.find("\r\n\r\n") - 4;
  ask(request("GET " + other + "/down?from=" + std::to_string(size)), "HTTP/1.1 410");
}

TEST_F(Http, requests_that_are_wrong_are_refused_before_their_body) {
  const std::string session = open_session();
  const std::string up = "POST " + session + "/up?from=0 HTTP/1.1\r\n";
  const std::pair<std::string, std::string> wrong[] = {
      {"\r\n\r\n", "400"},
      {"DTS/1 ", "400"},
      {"\x16\x03\x01", "400"},
      {"HEAD ", "400"},
      {"GET /bus/open HTTP/2.0\r\n\r\n", "400"},
      {"POST bus/open HTTP/1.1\r\n\r\n", "400"},
      {"POST /bus/open HTTP/1.1\r\n folded: line\r\n\r\n", "400"},
      {"POST /bus/open HTTP/1.1\r\nno header\r\n\r\n", "400"},
      {"POST /bus/open HTTP/1.1\r\nContent-Length : 0\r\n\r\n", "400"},
      {"POST /bus/open HTTP/1.1\r\nA: b\nContent-Length: 0\r\n\r\n", "400"},
      {up + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", "400"},
      {up + "Content-Length: 0x10\r\n\r\n", "400"},
      {up + "Content-Length: -1\r\n\r\n", "400"},
      {up + "Content-Length: 99999999999999999999999\r\n\r\n", "400"},
      {up + "Content-Length: 1048577\r\n\r\n", "413"},
      {up + "Transfer-Encoding: chunked\r\n\r\n", "411"},
      {up + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n", "417"},
      {request("POST /bus/open", "", "Origin: https://evil.example\r\n"), "403"},
      {request("GET /bus/open"), "405"},
      {request("GET " + session + "/up?from=0"), "405"},
      {request("POST /bus/open", "body"), "413"},
      {request("GET /"), "404"},
      {request("GET /bus/"), "404"},
      {request("GET /bus/0123/down?from=0"), "404"},
      {request("GET " + session.substr(0, session.size() - 1) + "/down?from=0"), "404"},
      {request("GET " + session + "/sideways?from=0"), "404"},
      {"GET /" + std::string(9000, 'a'), "431"},
      {"GET / HTTP/1.1\r\nA: " + std::string(9000, 'a'), "431"}};
  for (const auto& [text, status] : wrong)
    EXPECT_TRUE(ask(text, "HTTP/1.1 ").starts_with("HTTP/1.1 " + status)) << text.substr(0, 99);
  EXPECT_EQ(host_.transport->counters().receive_failed, std::size(wrong));
  // As proxies write them.
  ask(request("GET http://here" + session + "/down?from=0"), std::string(kGreeting));
  const std::string old = ask("GET " + session + "/down?from=0 HTTP/1.0\r\n\r\n", "\r\n\r\n");
  EXPECT_NE(old.find("Connection: close"), std::string::npos);
}

TEST_F(Http, a_request_may_come_in_pieces_and_end_early) {
  const std::string session = open_session();
  const std::string text = request("POST " + session + "/up?from=0", hello());
  for (const std::size_t cut : {std::size_t{1}, std::size_t{20}, text.size() - 3}) {
    const Plain visitor(port(host_));
    visitor.say(text.substr(0, cut));
    ASSERT_TRUE(until({&host_}, [&] { return !host_.readable(0); }));
  }
  const Plain slow(port(host_));
  for (const char each : text) {
    slow.say(std::string(1, each));
    host_.drain();
  }
  answered(slow, "HTTP/1.1 204");
  ask(request("GET " + session + "/down?from=8"), "\r\n\r\n\x0a");  // a welcome
}

TEST_F(Http, sessions_of_nobody_make_room_for_others) {
  std::vector<std::string> sessions;
  for (int i = 0; i < 1200; ++i) sessions.push_back(open_session());
  ask(request("GET " + sessions.front() + "/down?from=0"), "HTTP/1.1 404");
  const std::string& ended = sessions[sessions.size() - 100];  // which has not been told yet
  ask(request("GET " + ended + "/down?from=0"), std::string(kGreeting));
  ask(request("GET " + ended + "/down?from=8"), "HTTP/1.1 410");
  ask(request("GET " + sessions.back() + "/down?from=0"), std::string(kGreeting));
}

}  // namespace
}  // namespace dts::test
