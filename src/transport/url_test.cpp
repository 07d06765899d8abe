#include "transport/url.hpp"

#include <gtest/gtest.h>

namespace dts::transport {
namespace {

TEST(Url, is_taken_apart) {
  const auto url = parse_url("udp://host-1?port=25556&x=a=b");
  ASSERT_TRUE(url) << url.error().text();
  EXPECT_EQ(url->scheme, "udp");
  EXPECT_EQ(url->host, "host-1");
  ASSERT_EQ(url->parameters.size(), 2u);
  EXPECT_EQ(url->parameters[0], (std::pair<std::string, std::string>("port", "25556")));
  EXPECT_EQ(url->parameters[1], (std::pair<std::string, std::string>("x", "a=b")));
}

TEST(Url, may_be_a_scheme_alone) {
  const auto url = parse_url("zmq+tcp://");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "zmq+tcp");
  EXPECT_TRUE(url->host.empty());
  EXPECT_TRUE(url->parameters.empty());
}

TEST(Url, what_is_none_is_refused_with_a_hint) {
  for (const std::string& text :
       {std::string(), std::string("udp"), std::string("://x"), std::string("U DP://"),
        std::string("udp:/x"), std::string("udp://?port"), std::string("udp://?=3"),
        "udp://" + std::string(2000, 'x')}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code(), ErrorCode::invalid_url);
    EXPECT_FALSE(url.error().hint().empty()) << text;
  }
}

TEST(Url, control_characters_never_reach_the_message) {
  const auto url = parse_url("\x1b[31m");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().text().find('\x1b'), std::string::npos);
}

TEST(Url, an_unknown_parameter_names_the_nearest) {
  const auto url = parse_url("udp://?prot=1");
  ASSERT_TRUE(url);
  const auto checked = check_parameters(*url, {"port", "ttl"});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().hint(), "did you mean port?");
  EXPECT_TRUE(check_parameters(*url, {"prot"}));
}

TEST(Url, a_number_outside_its_range_is_refused) {
  const auto good = number_parameter(*parse_url("udp://?port=7"), "port", 1, 65535);
  ASSERT_TRUE(good);
  EXPECT_EQ(**good, 7u);
  EXPECT_FALSE(*number_parameter(*parse_url("udp://"), "port", 1, 65535));
  for (const char* text : {"udp://?port=0", "udp://?port=65536", "udp://?port=7x",
                           "udp://?port=", "udp://?port=-1", "udp://?port=99999999999999999999999"})
    EXPECT_FALSE(number_parameter(*parse_url(text), "port", 1, 65535)) << text;
}

TEST(Url, no_message_shows_a_password) {
  EXPECT_EQ(shown_url("mqtt://tank:se@cret@host:1?a=b@c"), "mqtt://tank:...@host:1?a=b@c");
  EXPECT_EQ(shown_url("mqtt://tank@host"), "mqtt://tank@host");
  EXPECT_EQ(shown_url("udp://?port=1"), "udp://?port=1");
  EXPECT_EQ(shown_url("user:secret@host"), "user:...@host");
  const auto bad = parse_url("mqtt://tank:secret@host?nonsense");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().text().find("secret"), std::string::npos);
  EXPECT_EQ(parse_url("mqtt://tank:secret@host").value().text, "mqtt://tank:...@host");
}

TEST(Url, user_and_password_are_taken_off_the_host) {
  Url url = parse_url("mqtt://t%40nk:a%25:b@c@host:1883").value();
  const auto taken = take_credentials(url);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->user, "t@nk");
  EXPECT_EQ(taken->password, "a%:b@c");
  EXPECT_EQ(url.host, "host:1883");
  url = parse_url("mqtt://host").value();
  EXPECT_EQ(take_credentials(url).value().user, "");
  for (const char* text : {"mqtt://a%4@host", "mqtt://a:%zz@host", "mqtt://%@host"}) {
    url = parse_url(text).value();
    EXPECT_FALSE(take_credentials(url)) << text;
  }
}

}  // namespace
}  // namespace dts::transport
