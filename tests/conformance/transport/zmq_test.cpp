// ZeroMQ: who listens is one of the members; keys; what is there may be something else.
#include <fstream>

#include "streams.hpp"

namespace dts::test {
namespace {

// The pairs of the library's own documentation (zmq_curve).
constexpr const char* kServer = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
constexpr const char* kServerSecret = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
constexpr const char* kClient = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
constexpr const char* kClientSecret = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

class Zmq : public Streams {
 protected:
  Zmq() {
    char path[] = "/tmp/dts-keys-XXXXXX";
    directory_ = ::mkdtemp(path);
    write("server", std::string(kServer) + "\n");
    write("server.secret", std::string("    secret-key = \"") + kServerSecret + "\"\n");
    write("client.secret", std::string(kClientSecret) + "\n");
    write("known", std::string("# tank3, the key of 2024:\n") + kClient + "\n");
    write("nobody", std::string(kServer) + "\n");
    write("empty", "no key\n");
  }
  ~Zmq() override {
    for (const std::string& file : files_) ::unlink(file.c_str());
    ::rmdir(directory_.c_str());
  }
  std::string file(const std::string& name) const { return directory_ + "/" + name; }
  static Peer listening(const std::string& parameters = {}, const std::string& port = "0") {
    return opening("zmq+tcp-listen://127.0.0.1:" + port + parameters);
  }
  static Peer connecting(const Peer& host, const std::string& parameters = {}) {
    return opening("zmq+tcp://" + address(host) + parameters);
  }
  void write(const std::string& name, const std::string& text) {
    files_.push_back(file(name));
    std::ofstream(files_.back()) << text;
  }

 private:
  std::string directory_;
  std::vector<std::string> files_;
};

TEST_F(Zmq, who_listens_is_a_member_like_the_others) {
  Peer host = listening();
  ASSERT_TRUE(settled({&host}));
  Peer a = connecting(host), b = connecting(host);
  for (Peer* peer : {&host, &a, &b}) ASSERT_TRUE(peer->transport->join(1));
  ASSERT_TRUE(settled({&host, &a, &b}));
  a.send(1, {1});
  ASSERT_TRUE(until({&host, &a, &b}, [&] { return host.heard.size() + b.heard.size() == 2; }));
  host.send_to(host.heard[0].from, {2});
  ASSERT_TRUE(until({&host, &a, &b}, [&] { return a.heard.size() == 1; }));
  EXPECT_EQ(a.heard[0].bytes, Bytes{2});
  EXPECT_FALSE(a.heard[0].multicast);
  EXPECT_EQ(host.transport->local_address().substr(0, 8), "zmq+tcp:");
}

TEST_F(Zmq, comes_back_to_a_node_that_was_started_anew) {
  auto host = std::make_unique<Peer>(listening());
  ASSERT_TRUE(settled({host.get()}));
  const std::string place = address(*host);
  Peer guest = connecting(*host);
  ASSERT_TRUE(guest.transport->join(5));
  ASSERT_TRUE(settled({host.get(), &guest}));
  host.reset();
  ASSERT_TRUE(until({&guest}, [&] { return guest.transport->links().empty(); }));
  EXPECT_NE(notices(guest).find("the connection is lost"), std::string::npos);
  Peer fresh = listening({}, place.substr(place.find(':') + 1));
  ASSERT_TRUE(settled({&fresh, &guest}));
  EXPECT_NE(notices(guest).find("connected to " + place), std::string::npos);
  fresh.send(5, {2});
  ASSERT_TRUE(until({&fresh, &guest}, [&] { return guest.heard.size() == 1; }));
}

TEST_F(Zmq, says_what_is_there_instead) {
  {
    Plain web;
    Peer guest = opening("zmq+tcp://" + web.place());
    web.accept_and_say("HTTP/1.1 400 Bad Request\r\n\r\n");
    const std::string told = refusal(guest);
    EXPECT_NE(told.find("what is there does not speak ZeroMQ"), std::string::npos) << told;
    EXPECT_NE(told.find("'HTTP/1.1 400"), std::string::npos) << told;
  }
  const std::string nobody = Plain::nobodys_place();
  Peer guest = opening("zmq+tcp://" + nobody);
  const std::string told = refusal(guest);
  EXPECT_NE(told.find("nobody listens there, at " + nobody), std::string::npos) << told;
  Peer nowhere = opening("zmq+ipc://" + file("nobody-here"));
  EXPECT_NE(refusal(nowhere).find("nobody listens there"), std::string::npos);
}

TEST_F(Zmq, two_cannot_listen_at_one_place) {
  Peer host = listening();
  ASSERT_TRUE(settled({&host}));
  const auto second = open("zmq+tcp-listen://" + address(host));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::address_in_use);
  Peer local = opening("zmq+ipc-listen://" + file("bus"));
  ASSERT_TRUE(settled({&local}));
  const auto other = open("zmq+ipc-listen://" + file("bus"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::address_in_use);
  Peer guest = opening("zmq+ipc://" + file("bus"));
  EXPECT_TRUE(settled({&guest})) << "the first still has it";
}

TEST_F(Zmq, with_keys_only_those_come_in_who_are_known) {
  Peer host = listening("?key=" + file("server.secret") + "&clients=" + file("known"));
  ASSERT_TRUE(settled({&host}));
  const std::string server = "?server-key=" + file("server");
  Peer guest = connecting(host, server + "&key=" + file("client.secret"));
  ASSERT_TRUE(guest.transport->join(1));
  ASSERT_TRUE(settled({&host, &guest})) << notices(guest);
  host.send(1, {1});
  ASSERT_TRUE(until({&host, &guest}, [&] { return guest.heard.size() == 1; }));
  Peer stranger = connecting(host, server);
  std::string told = refusal(stranger);
  EXPECT_NE(told.find("it does not let us in"), std::string::npos) << told;
  Peer plain = connecting(host);
  told = refusal(plain);
  EXPECT_NE(told.find("it wants keys"), std::string::npos) << told;
  Peer mistaken =
      connecting(host, "?server-key=" + file("known") + "&key=" + file("client.secret"));
  told = refusal(mistaken);
  EXPECT_NE(told.find("it is not the one whose key we have"), std::string::npos) << told;
}

TEST_F(Zmq, without_a_list_all_come_in_who_know_the_key) {
  Peer host = listening("?key=" + file("server.secret"));
  ASSERT_TRUE(settled({&host}));
  Peer guest = connecting(host, "?server-key=" + file("server"));
  EXPECT_TRUE(settled({&host, &guest})) << notices(guest);
  Peer open_host = listening();
  ASSERT_TRUE(settled({&open_host}));
  Peer careful = connecting(open_host, "?server-key=" + file("server"));
  const std::string told = refusal(careful);
  EXPECT_NE(told.find("it has another key than the one in"), std::string::npos) << told;
}

TEST_F(Zmq, a_url_that_cannot_be_meant_is_refused) {
  for (const std::string& url :
       {std::string("zmq+tcp://"), std::string("zmq+tcp://host:0"),
        std::string("zmq+tcp://host:65535"), std::string("zmq+tcp-listen://:65535"),
        std::string("zmq+ipc://"), "zmq+ipc:///" + std::string(200, 'a'),
        "zmq+tcp://host?key=" + file("client.secret"),
        "zmq+tcp-listen://?clients=" + file("known")}) {
    const auto opened = open(url);
    ASSERT_FALSE(opened) << url;
    EXPECT_EQ(opened.error().code(), ErrorCode::invalid_url) << url;
  }
  for (const char* const name : {"empty", "not_there"}) {
    const auto opened = open("zmq+tcp://host?server-key=" + file(name));
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code(), ErrorCode::file) << name;
  }
}

}  // namespace
}  // namespace dts::test
