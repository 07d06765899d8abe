// MQTT where it differs from the others: a real mosquitto that refuses, limits, ends and comes
// back, and what is no broker. All on a private lo.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include <dts/transport.hpp>

#include "certificates.hpp"
#include "server.hpp"
#include "streams.hpp"

namespace dts::test {
namespace {

class Mqtt : public Streams {
 protected:
  // A mosquitto that knows the user tank by the password "s@cret", and who may do what.
  static std::unique_ptr<Server> guarded(const std::string& rights) {
    const std::string users = written(""), access = written(rights);
    EXPECT_EQ(std::system(("mosquitto_passwd -b " + users + " tank s@cret 2>/dev/null").c_str()),
              0);
    auto server =
        mosquitto("allow_anonymous false\npassword_file " + users + "\nacl_file " + access + "\n",
                  free_port());
    ::unlink(users.c_str());
    ::unlink(access.c_str());
    return server;
  }
};

TEST_F(Mqtt, who_is_not_let_in_is_told_why_and_the_password_is_not_shown) {
  const auto broker = guarded("user tank\ntopic readwrite #\n");
  const std::string at = "@" + broker->place();
  EXPECT_NE(told("mqtt://" + broker->place()).find("it wants a user and a password"),
            std::string::npos);
  const std::string wrong = told("mqtt://tank:wr0ng" + at);
  EXPECT_NE(wrong.find("the user or the password is wrong"), std::string::npos) << wrong;
  EXPECT_EQ(wrong.find("wr0ng"), std::string::npos);
  Peer right = open_peer({.url = "mqtt://tank:s%40cret" + at});
  EXPECT_EQ(notices(right), "");
  ::setenv("DTS_MQTT_USER", "tank", 1);
  ::setenv("DTS_MQTT_PASSWORD", "s@cret", 1);
  const Peer by_environment = open_peer({.url = "mqtt://" + broker->place()});
  ::unsetenv("DTS_MQTT_PASSWORD");
  const std::string file = written("s@cret\n");
  const Peer by_file = open_peer({.url = "mqtt://" + broker->place() + "?password_file=" + file});
  ::unlink(file.c_str());
  ::unsetenv("DTS_MQTT_USER");
}

TEST_F(Mqtt, who_may_not_read_or_write_is_told) {
  const auto writes = guarded("user tank\ntopic write #\n"),
             reads = guarded("user tank\ntopic read #\n");
  Peer writer = opening("mqtt://tank:s%40cret@" + writes->place()),
       reader = opening("mqtt://tank:s%40cret@" + reads->place());
  std::string of_writer, of_reader;
  EXPECT_TRUE(until({&writer, &reader}, [&] {
    of_writer += notices(writer);
    of_reader += notices(reader);
    return !of_writer.empty() && !of_reader.empty();
  }));
  EXPECT_NE(of_writer.find("may we read and write there?"), std::string::npos) << of_writer;
  EXPECT_NE(of_reader.find("may we read and write there?"), std::string::npos) << of_reader;
}

TEST_F(Mqtt, a_port_without_a_broker_is_named) {
  const std::string nobody = Plain::nobodys_place();
  const std::string text = told("mqtt://" + nobody);
  EXPECT_NE(text.find("nobody listens there, at " + nobody), std::string::npos) << text;
}

TEST_F(Mqtt, another_server_is_known_as_none) {
  for (const char* scheme : {"mqtt://", "mqtts://"}) {
    Plain server;
    Peer guest = opening(scheme + server.place());
    ASSERT_TRUE(until({&guest}, [&] { return server.readable(); }));
    server.accept_and_say("HTTP/1.1 400 Bad Request\r\n\r\n" + std::string(200, ' '));
    const std::string text = told(guest);
    const bool tls = std::string_view(scheme) == "mqtts://";
    EXPECT_NE(text.find(tls ? "no agreement on TLS" : "no MQTT broker"), std::string::npos) << text;
  }
}

TEST_F(Mqtt, a_broker_of_another_ca_is_not_trusted) {
  const Certificates& all = certificates();
  for (const char* who : {"stranger", "elsewhere", "expired"}) {
    const auto broker = mosquitto(std::string("allow_anonymous true\ncertfile ") +
                                      all.file(std::string(who) + ".pem") + "\nkeyfile " +
                                      all.file(std::string(who) + ".key") + "\n",
                                  free_port());
    const std::string text = told("mqtts://" + broker->place() + "?ca=" + all.file("ca.pem"));
    EXPECT_NE(text.find("certificate verify failed"), std::string::npos) << who << ": " << text;
  }
}

TEST_F(Mqtt, comes_back_to_a_broker_that_was_killed_and_hears_again) {
  const std::uint16_t port = free_port();
  auto broker = mosquitto("allow_anonymous true\n", port);
  const std::string url = "mqtt://" + broker->place();
  Peer here = joined(url), there = joined(url);
  const LinkIndex before = here.transport->links().at(0).index;
  broker.reset();
  ASSERT_TRUE(until({&here, &there}, [&] {
    return here.transport->links().empty() && there.transport->links().empty();
  }));
  EXPECT_NE(notices(here).find("the broker closed the connection"), std::string::npos);
  here.send(1, {1});  // nowhere
  EXPECT_EQ(here.transport->counters().send_failed, 1u);
  broker = mosquitto("allow_anonymous true\n", port);
  ASSERT_TRUE(settled({&here, &there}));
  EXPECT_NE(notices(here).find("connected to "), std::string::npos);
  EXPECT_GT(here.transport->links().at(0).index, before);
  here.send(1, {2});
  EXPECT_TRUE(there.hears(1)) << "its groups are asked for again";
}

TEST_F(Mqtt, a_broker_that_knows_3_1_1_only_will_do) {
  const auto broker = mosquitto("allow_anonymous true\n", free_port());
  const std::uint16_t port = free_port();
  const Server older({"python3", DTS_ROOT "/tests/support/mqtt_311.py", std::to_string(port),
                      std::to_string(broker->port())},
                     port);
  Peer here = joined("mqtt://" + older.place()), there = joined("mqtt://" + broker->place());
  here.send(1, {1});
  ASSERT_TRUE(there.hears(1));
  there.send_to(there.heard[0].from, {2});
  ASSERT_TRUE(here.hears(1));
  EXPECT_GT(here.transport->counters().receive_ignored, 0u) << "3.1.1 echoes";
  EXPECT_NE(broker->output().find("(p2, c1"), std::string::npos) << "it speaks 3.1.1";
  EXPECT_NE(broker->output().find("(p5, c1"), std::string::npos) << "and the other one 5";
}

TEST_F(Mqtt, packets_are_no_larger_than_the_broker_takes) {
  const auto broker = mosquitto("allow_anonymous true\nmax_packet_size 8192\n", free_port());
  Peer here = joined("mqtt://" + broker->place()), there = joined("mqtt://" + broker->place());
  const auto most = here.transport->links().at(0).mtu_bytes;
  EXPECT_LT(most, 8192u);
  EXPECT_GT(most, 7000u);
  here.send(1, Bytes(most + 1));
  here.send(1, Bytes(most, 7));
  ASSERT_TRUE(there.hears(1));
  EXPECT_EQ(there.heard[0].bytes, Bytes(most, 7));
  EXPECT_EQ(here.transport->counters().send_too_large, 1u);
  const auto small = mosquitto("allow_anonymous true\nmax_packet_size 1000\n", free_port());
  const std::string text = told("mqtt://" + small->place());
  EXPECT_NE(text.find("its largest packet has 1000 bytes"), std::string::npos) << text;
}

TEST_F(Mqtt, prefixes_are_networks_of_their_own) {
  const auto broker = mosquitto("allow_anonymous true\n", free_port());
  Peer one = joined("mqtt://" + broker->place() + "/site/one"),
       same = joined("mqtt://" + broker->place() + "/site/one/"),
       other = joined("mqtt://" + broker->place());
  other.send(1, {1});
  one.send(1, {2});
  ASSERT_TRUE(same.hears(1));
  EXPECT_EQ(same.heard[0].bytes, Bytes{2});
  for (const char* prefix : {"/a+b", "/#", "/$SYS"})
    EXPECT_FALSE(open("mqtt://" + broker->place() + prefix)) << prefix;
}

}  // namespace
}  // namespace dts::test
