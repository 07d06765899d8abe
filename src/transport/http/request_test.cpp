#include "transport/http/request.hpp"

#include <gtest/gtest.h>

namespace dts::transport {
namespace {

TEST(HttpRequest, says_what_it_is) {
  const auto request = parse_http_request(
      "POST /bus/0123/up?from=18446744073709551615&x=1 HTTP/1.1\r\nHOST: a\r\n"
      "content-LENGTH:  42\t\r\nConnection: Keep-Alive, Close\r\n\r\n");
  EXPECT_EQ(request.status, 0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/bus/0123/up");
  EXPECT_EQ(request.number("from"), 18446744073709551615u);
  EXPECT_EQ(request.number("x"), 1u);
  EXPECT_FALSE(request.number("fro"));
  EXPECT_FALSE(request.number("y"));
  EXPECT_EQ(request.body_bytes, 42u);
  EXPECT_FALSE(request.persistent);
}

TEST(HttpRequest, numbers_are_digits_that_fit) {
  for (const char* query : {"from=", "from=+1", "from=1x", "from=18446744073709551616", "from"})
    EXPECT_FALSE(
        parse_http_request("GET /?" + std::string(query) + " HTTP/1.1\r\n\r\n").number("from"))
        << query;
}

TEST(HttpRequest, a_path_may_stand_behind_its_host) {
  EXPECT_EQ(parse_http_request("GET http://a:80/b?c HTTP/1.1\r\n\r\n").path, "/b");
  for (const char* target : {"http://a", "a", "*", "a:443", "/a b", "/a#b", "/\x7f"})
    EXPECT_EQ(parse_http_request("GET " + std::string(target) + " HTTP/1.1\r\n\r\n").status, 400)
        << target;
}

}  // namespace
}  // namespace dts::transport
