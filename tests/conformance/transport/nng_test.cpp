// nng: who listens is one of the members; what is there may be something else.
#include "streams.hpp"

namespace dts::test {
namespace {

class Nng : public Streams {
 protected:
  static Peer listening(const std::string& port = "0") {
    return opening("nng+tcp-listen://127.0.0.1:" + port);
  }
  static Peer connecting(const Peer& host) { return opening("nng+tcp://" + address(host)); }
};

TEST_F(Nng, who_listens_is_a_member_like_the_others) {
  Peer host = listening();
  ASSERT_TRUE(settled({&host}));
  Peer a = connecting(host), b = connecting(host);
  for (Peer* peer : {&host, &a, &b}) ASSERT_TRUE(peer->transport->join(1));
  ASSERT_TRUE(settled({&host, &a, &b}));
  a.send(1, {1});
  ASSERT_TRUE(until({&host, &a, &b}, [&] { return host.heard.size() + b.heard.size() == 2; }));
  host.send_to(host.heard[0].from, {2});
  ASSERT_TRUE(until({&host, &a, &b}, [&] { return a.heard.size() == 1; }));
  EXPECT_FALSE(a.heard[0].multicast);
}

TEST_F(Nng, comes_back_to_a_node_that_was_started_anew) {
  auto host = std::make_unique<Peer>(listening());
  ASSERT_TRUE(settled({host.get()}));
  const std::string place = address(*host);
  Peer guest = connecting(*host);
  ASSERT_TRUE(guest.transport->join(5));
  ASSERT_TRUE(settled({host.get(), &guest}));
  host.reset();
  ASSERT_TRUE(until({&guest}, [&] { return guest.transport->links().empty(); }));
  EXPECT_NE(notices(guest).find("the connection is lost"), std::string::npos);
  Peer fresh = listening(place.substr(place.find(':') + 1));
  ASSERT_TRUE(settled({&fresh, &guest}));
  EXPECT_NE(notices(guest).find("connected to " + place), std::string::npos);
  fresh.send(5, {2});
  ASSERT_TRUE(until({&fresh, &guest}, [&] { return guest.heard.size() == 1; }));
}

TEST_F(Nng, what_was_said_before_the_end_arrives) {
  Peer host = listening();
  ASSERT_TRUE(host.transport->join(1));
  ASSERT_TRUE(settled({&host}));
  auto guest = std::make_unique<Peer>(connecting(host));
  ASSERT_TRUE(settled({&host, guest.get()}));
  for (int i = 0; i < 100; ++i) guest->send(1, Bytes(10'000));
  guest.reset();
  EXPECT_TRUE(until({&host}, [&] { return host.heard.size() == 100; })) << host.heard.size();
}

// libnng 1.5.2, which did this before, now and then waited for ever.
TEST_F(Nng, closes_while_messages_come_in) {
  Peer host = listening();
  ASSERT_TRUE(settled({&host}));
  for (int i = 0; i < 50; ++i) {
    auto guest = std::make_unique<Peer>(connecting(host));
    ASSERT_TRUE(guest->transport->join(1));
    ASSERT_TRUE(settled({&host, guest.get()}));
    for (int sent = 0; sent < 100; ++sent) host.send(1, Bytes(50'000));
    ASSERT_TRUE(until({&host, guest.get()}, [&] { return !guest->heard.empty(); }));
    guest.reset();
  }
}

TEST_F(Nng, says_what_is_there_instead) {
  {
    Plain web;
    Peer guest = opening("nng+tcp://" + web.place());
    web.accept_and_say("HTTP/1.1 400 Bad Request\r\n\r\n");
    const std::string told = refusal(guest);
    EXPECT_NE(told.find("what is there does not speak the protocols of nng"), std::string::npos)
        << told;
    EXPECT_NE(told.find("'HTTP/1.1 400"), std::string::npos) << told;
  }
  const std::string nobody = Plain::nobodys_place();
  Peer guest = opening("nng+tcp://" + nobody);
  const std::string told = refusal(guest);
  EXPECT_NE(told.find("nobody listens there, at " + nobody), std::string::npos) << told;
}

TEST_F(Nng, two_cannot_listen_at_one_place) {
  char path[] = "/tmp/dts-nng-XXXXXX";
  const std::string directory = ::mkdtemp(path);
  {
    Peer host = listening(), local = opening("nng+ipc-listen://" + directory + "/bus");
    ASSERT_TRUE(settled({&host, &local}));
    for (const std::string& url :
         {"nng+tcp-listen://" + address(host), "nng+ipc-listen://" + directory + "/bus"}) {
      const auto second = open(url);
      ASSERT_FALSE(second) << url;
      EXPECT_EQ(second.error().code(), ErrorCode::address_in_use);
    }
    Peer guest = opening("nng+ipc://" + directory + "/bus");
    EXPECT_TRUE(settled({&guest})) << "the first still has it";
  }
  EXPECT_EQ(::rmdir(directory.c_str()), 0) << "nothing is left there";
}

}  // namespace

}  // namespace dts::test
