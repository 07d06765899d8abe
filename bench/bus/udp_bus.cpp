// Bare UDP multicast as a system under measurement, one sendto and one recvfrom per message: the
// floor of a round trip. For messages of one datagram.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "method.hpp"

namespace {

class Udp final : public bus::System {
 public:
  const char* name() const override { return "udp"; }

  void open(const bus::Options& options, const std::string& out, const std::string& in,
            bus::Receive receive) override {
    ::inet_pton(AF_INET, options.from.c_str(), &interface_);
    receive_ = std::move(receive);
    if (!out.empty()) open_out(address_of(out));
    if (!in.empty()) open_in(address_of(in));
  }
  std::uint64_t* claim(std::size_t size) override {
    size_ = size;
    return words_.data();
  }
  void publish() override {
    ::sendto(out_, words_.data(), size_, 0, reinterpret_cast<const sockaddr*>(&to_), sizeof to_);
  }
  bool threaded() const override { return false; }
  void spin(int timeout_ms) override {
    pollfd wait{in_, POLLIN, 0};
    ::poll(&wait, 1, timeout_ms);
    for (;;) {
      const ssize_t size =
          ::recvfrom(in_, received_.data(), sizeof received_, MSG_DONTWAIT, nullptr, nullptr);
      if (size < 0) return;
      receive_(received_.data(), static_cast<std::size_t>(size));
    }
  }

 private:
  static void check(int result, const char* what) {
    if (result >= 0) return;
    std::perror(what);
    std::exit(1);
  }
  static sockaddr_in address_of(const std::string& way) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(way == "back" ? 7712 : 7711);
    ::inet_pton(AF_INET, way == "back" ? "239.255.76.72" : "239.255.76.71", &address.sin_addr);
    return address;
  }
  void open_out(const sockaddr_in& to) {
    to_ = to;
    out_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    check(::setsockopt(out_, IPPROTO_IP, IP_MULTICAST_IF, &interface_, sizeof interface_),
          "--from");
  }
  void open_in(const sockaddr_in& group) {
    in_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int buffer = 4 << 20;
    check(::setsockopt(in_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer), "buffer");
    check(::bind(in_, reinterpret_cast<const sockaddr*>(&group), sizeof group), "bind");
    const ip_mreq join{group.sin_addr, interface_};
    check(::setsockopt(in_, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join), "join");
  }

  int out_ = -1, in_ = -1;
  in_addr interface_{};
  sockaddr_in to_{};
  std::size_t size_ = 0;
  std::array<std::uint64_t, 8192> words_{}, received_{};
  bus::Receive receive_;
};

}  // namespace

int main(int argc, char** argv) {
  Udp system;
  return bus::run(argc, argv, system);
}
