// Who may ask what: by which name, from which page, with which token.
#include <gtest/gtest.h>

#include <cli/gateway/access.hpp>

namespace dts::cli {
namespace {

constexpr const char* kToken = "0123456789abcdef";

HttpRequest request(std::string method, std::string host,
                    std::multimap<std::string, std::string> headers = {}) {
  headers.emplace("host", std::move(host));
  return {std::move(method), "/types", {}, std::move(headers)};
}

int status(const Access& access, const HttpRequest& asked) {
  const auto refusal = access.refusal(asked);
  return refusal ? refusal->status : 200;
}

std::multimap<std::string, std::string> bearer(const std::string& token) {
  return {{"authorization", "Bearer " + token}};
}

TEST(Access, of_this_machine_reading_is_free_and_writing_needs_the_token) {
  const Access access({.address = "127.0.0.1", .token = kToken});
  for (const char* host : {"localhost", "LOCALHOST:25580", "127.0.0.1:1", "[::1]:8080"})
    EXPECT_EQ(status(access, request("GET", host)), 200) << host;
  EXPECT_EQ(status(access, request("POST", "localhost")), 401);
  EXPECT_EQ(status(access, request("POST", "localhost", bearer("0123456789abcdee"))), 401);
  EXPECT_EQ(status(access, request("POST", "localhost", bearer("0123456789abcde"))), 401);
  EXPECT_EQ(status(access, request("POST", "localhost", {{"authorization", kToken}})), 401);
  EXPECT_EQ(status(access, request("POST", "localhost", bearer(kToken))), 200);
  EXPECT_EQ(status(access, request("DELETE", "localhost")), 401);
}

TEST(Access, a_name_that_somebody_made_lead_here_is_not_ours) {
  const Access access({.address = "127.0.0.1", .token = kToken});
  for (const char* host :
       {"evil.example", "localhost.evil.example", "10.0.0.1", "", "[::1", "127.1"})
    EXPECT_EQ(status(access, request("GET", host)), 421) << host;
  const Access named({.address = "127.0.0.1", .names = {"Tank3.local"}, .token = kToken});
  EXPECT_EQ(status(named, request("GET", "tank3.local:8080")), 200);
}

TEST(Access, other_machines_need_the_token_to_read_too_unless_it_is_open) {
  const Access access({.address = "0.0.0.0", .token = kToken});
  EXPECT_EQ(status(access, request("GET", "10.0.0.1:8080")), 401);
  EXPECT_EQ(status(access, request("GET", "10.0.0.1:8080", bearer(kToken))), 200);
  EXPECT_EQ(status(access, request("GET", "evil.example", bearer(kToken))), 421);
  const Access open({.address = "::", .token = kToken, .open_reading = true});
  EXPECT_EQ(status(open, request("GET", "[fd00::1]:8080")), 200);
  EXPECT_EQ(status(open, request("POST", "[fd00::1]:8080")), 401);
}

TEST(Access, pages_of_other_origins_are_refused_unless_named) {
  const Access access(
      {.address = "127.0.0.1", .origins = {"https://page.example"}, .token = kToken});
  const auto from = [](std::string origin) {
    return request("GET", "localhost:25580", {{"origin", std::move(origin)}});
  };
  EXPECT_EQ(status(access, from("http://localhost:25580")), 200);
  EXPECT_EQ(status(access, from("http://localhost:80")), 403) << "another server of this machine";
  EXPECT_EQ(status(access, from("https://page.example")), 200);
  EXPECT_EQ(status(access, from("https://page.example.evil")), 403);
  EXPECT_EQ(status(access, from("null")), 403);
  HttpResponse response;
  access.allow_origin(from("https://evil.example"), response);
  EXPECT_TRUE(response.headers.empty());
  access.allow_origin(from("https://page.example"), response);
  EXPECT_EQ(response.headers.at("Access-Control-Allow-Origin"), "https://page.example");
}

TEST(Access, a_browser_that_asks_before_it_asks_is_answered) {
  const Access access(
      {.address = "127.0.0.1", .origins = {"https://page.example"}, .token = kToken});
  EXPECT_EQ(status(access, request("OPTIONS", "localhost", {{"origin", "https://page.example"}})),
            204);
  EXPECT_EQ(status(access, request("OPTIONS", "localhost", {{"origin", "https://evil.example"}})),
            403);
}

}  // namespace
}  // namespace dts::cli
