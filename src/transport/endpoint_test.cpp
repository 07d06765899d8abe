#include "transport/endpoint.hpp"

#include <gtest/gtest.h>
#include <poll.h>

namespace dts::transport {
namespace {

std::string read_back(std::string_view text) {
  const auto endpoint = parse_endpoint(text, 25555, text);
  return endpoint ? endpoint_text(*endpoint) : "refused";
}

TEST(Endpoint, is_a_host_and_a_port) {
  EXPECT_EQ(read_back("tank3.local"), "tank3.local:25555");
  EXPECT_EQ(read_back("10.0.0.1:4000"), "10.0.0.1:4000");
  EXPECT_EQ(read_back("[fd00::1]:4000"), "[fd00::1]:4000");
  EXPECT_EQ(read_back("[::1]"), "[::1]:25555");
  EXPECT_EQ(read_back(":4000"), ":4000");
  EXPECT_EQ(read_back(""), ":25555");
}

TEST(Endpoint, is_nothing_else) {
  for (const std::string& bad :
       {std::string("a:"), std::string("a:x"), std::string("a:65536"), std::string("a:-1"),
        std::string("::1"), std::string("[::1"), std::string("[::1]x"), std::string("a b"),
        std::string("a/b"), std::string("a\0b", 3), std::string(256, 'a')}) {
    const auto endpoint = parse_endpoint(bad, 1, bad);
    ASSERT_FALSE(endpoint) << bad;
    EXPECT_EQ(endpoint.error().code(), ErrorCode::invalid_url);
    EXPECT_FALSE(endpoint.error().hint().empty());
  }
}

TEST(Resolver, finds_numbers_and_says_what_it_does_not_find) {
  Resolver resolver;
  ASSERT_TRUE(resolver.open());
  const auto ask = [&](const Endpoint& endpoint) {
    resolver.ask(endpoint);
    pollfd wait{resolver.handle(), POLLIN, 0};
    EXPECT_EQ(::poll(&wait, 1, 30'000), 1);
    return resolver.take();
  };
  const auto found = ask({"127.0.0.1", 4000});
  ASSERT_TRUE(found);
  ASSERT_FALSE(found->empty());
  EXPECT_EQ(address_text(found->front()), "127.0.0.1:4000");
  const auto missing = ask({"no such host", 4000});
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().text().find("no such host"), std::string::npos);
}

}  // namespace
}  // namespace dts::transport
