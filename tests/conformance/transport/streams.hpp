// What the tests of transports on streams of bytes share: peers that are not connected yet, and
// plain sockets for what is no node of DTS. All on a private lo.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "network.hpp"
#include "peer.hpp"

namespace dts::test {

class Streams : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { enter_private_network(); }
  static std::string address(const Peer& host) { return host.transport->links().at(0).address; }
  static std::string port(const Peer& host) {
    return address(host).substr(address(host).rfind(':') + 1);
  }
  static Result<std::unique_ptr<Transport>> open(const std::string& url,
                                                 std::uint32_t buffer_bytes = 8u << 20) {
    for (const TransportPlugin& plugin : built_in_transports())
      if (url.starts_with(std::string(plugin.scheme) + "://"))
        return plugin.open({.url = url, .receive_buffer_bytes = buffer_bytes});
    std::abort();
  }
  // Not connected yet: both sides have to do something for that.
  static Peer opening(const std::string& url, std::uint32_t buffer_bytes = 8u << 20) {
    auto opened = open(url, buffer_bytes);
    EXPECT_TRUE(opened) << opened.error().text();
    return {.transport = std::move(*opened), .batch = {}, .heard = {}};
  }
  // All do what their loops would until it holds, at most 20 s.
  template <class Condition>
  static bool until(std::initializer_list<Peer*> peers, Condition holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::vector<pollfd> waits;
      for (Peer* peer : peers) waits.push_back({peer->transport->poll_handle(), POLLIN, 0});
      ::poll(waits.data(), waits.size(), 20);
      for (Peer* peer : peers) peer->drain();
    }
    return true;
  }
  static bool settled(std::initializer_list<Peer*> peers) {
    return until(peers, [&] {
      return std::all_of(peers.begin(), peers.end(),
                         [](const Peer* peer) { return peer->transport->settled(); });
    });
  }
  static std::string notices(Peer& peer) {
    std::string all;
    for (const TransportNotice& notice : peer.transport->take_notices()) all += notice.text + "\n";
    return all;
  }
  // What a peer is told first, whose counterparts go on meanwhile.
  static std::string told(Peer& peer, std::initializer_list<Peer*> both) {
    std::string all;
    EXPECT_TRUE(until(both, [&] { return !(all += notices(peer)).empty(); }));
    return all;
  }
  static std::string told(Peer& peer) { return told(peer, {&peer}); }
  static std::string told(const std::string& url) {
    Peer peer = opening(url);
    return told(peer);
  }
  // The same of one that is not let in.
  static std::string refusal(Peer& guest) {
    std::string all = told(guest);
    EXPECT_FALSE(guest.transport->settled());
    return all;
  }
  static std::string refusal(Peer& host, Peer& guest) {
    std::string all = told(guest, {&host, &guest});
    EXPECT_FALSE(guest.transport->settled());
    return all;
  }
  // Let in already, and a member of group 1.
  static Peer joined(const std::string& url) {
    Peer peer = open_peer({.url = url});
    peer.join(1);
    return peer;
  }
  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
};

// A plain socket that listens, or one that is connected to a port of this machine.
class Plain {
 public:
  Plain() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in any = here(0);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
  }
  explicit Plain(const std::string& port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in there = here(static_cast<std::uint16_t>(std::stoi(port)));
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&there), sizeof there), 0);
  }
  Plain(const Plain&) = delete;
  ~Plain() {
    ::close(guest_);
    ::close(fd_);
  }
  std::string place() const {
    sockaddr_in own{};
    socklen_t size = sizeof own;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&own), &size);
    return "127.0.0.1:" + std::to_string(ntohs(own.sin_port));
  }
  bool readable() const {
    pollfd wait{fd_, POLLIN, 0};
    return ::poll(&wait, 1, 0) == 1;
  }
  // A place that was one's a moment ago: nobody listens there.
  static std::string nobodys_place() { return Plain().place(); }
  void accept_and_say(const std::string& text) {
    guest_ = ::accept(fd_, nullptr, nullptr);
    say_on(guest_, text);
  }
  void hang_up() const { ::shutdown(guest_, SHUT_WR); }
  // What the guest has said.
  std::string heard() const { return rest_of(guest_); }
  void say(const std::string& text) const { say_on(fd_, text); }
  bool closed() const {
    char byte = 0;
    return ::recv(fd_, &byte, 1, MSG_DONTWAIT) == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }
  // All that comes until the other side closes.
  std::string rest() const { return rest_of(fd_); }

 private:
  static std::string rest_of(int fd) {
    std::string all;
    char buffer[512];
    for (ssize_t got = 0; (got = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT)) != 0;) {
      if (got < 0) break;
      all.append(buffer, static_cast<std::size_t>(got));
    }
    return all;
  }
  static sockaddr_in here(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }
  static void say_on(int fd, const std::string& text) {
    EXPECT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  int fd_, guest_ = -1;
};

}  // namespace dts::test
