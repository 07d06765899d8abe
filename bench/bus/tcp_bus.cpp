// Bare TCP as a system under measurement: one connection, 8 bytes of size before each message, one
// sendmsg for each and as much read at once as is there. The publisher listens.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "method.hpp"

namespace {

class Tcp final : public bus::System {
 public:
  const char* name() const override { return "tcp"; }

  void open(const bus::Options& options, const std::string& out, const std::string& in,
            bus::Receive receive) override {
    receive_ = std::move(receive);
    words_.resize(options.size / 8 + 8);
    received_.resize(2 * options.size + (1u << 18));
    if (!out.empty()) listen(address_of(options.from, out));
    if (!in.empty()) connect(address_of(options.to, in));
  }
  std::uint64_t* claim(std::size_t size) override {
    size_ = size;
    return words_.data();
  }
  void publish() override {
    if (out_ < 0) out_ = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (out_ < 0) return;
    tune(out_);
    iovec parts[] = {{&size_, sizeof size_}, {words_.data(), size_}};
    std::size_t left = sizeof size_ + size_;
    for (iovec* part = parts; left > 0;) {
      msghdr message{};
      message.msg_iov = part;
      message.msg_iovlen = static_cast<std::size_t>(parts + 2 - part);
      const ssize_t sent = ::sendmsg(out_, &message, MSG_NOSIGNAL);
      if (sent < 0) return;  // the subscriber has seen enough
      left -= static_cast<std::size_t>(sent);
      for (auto gone = static_cast<std::size_t>(sent); gone > 0;) {
        const std::size_t step = std::min(gone, part->iov_len);
        part->iov_base = static_cast<char*>(part->iov_base) + step;
        part->iov_len -= step;
        gone -= step;
        if (part->iov_len == 0) ++part;
      }
    }
  }
  bool threaded() const override { return false; }
  void spin(int timeout_ms) override {
    if (in_ < 0) return;
    pollfd wait{in_, POLLIN, 0};
    if (::poll(&wait, 1, timeout_ms) <= 0) return;
    const ssize_t got = ::recv(in_, received_.data() + end_, received_.size() - end_, MSG_DONTWAIT);
    if (got <= 0) return;
    end_ += static_cast<std::size_t>(got);
    std::size_t at = 0;
    for (std::uint64_t size = 0; end_ - at >= sizeof size; at += sizeof size + size) {
      std::memcpy(&size, received_.data() + at, sizeof size);
      if (end_ - at < sizeof size + size) break;
      receive_(received_.data() + at + sizeof size, size);
    }
    std::memmove(received_.data(), received_.data() + at, end_ - at);
    end_ -= at;
  }

 private:
  static void check(int result, const char* what) {
    if (result >= 0) return;
    std::perror(what);
    std::exit(1);
  }
  static void tune(int socket) {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  static sockaddr_in address_of(const std::string& host, const std::string& way) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(way == "back" ? 7722 : 7721);
    ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    return address;
  }
  void listen(const sockaddr_in& at) {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listening_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    check(::bind(listening_, reinterpret_cast<const sockaddr*>(&at), sizeof at), "bind");
    check(::listen(listening_, 1), "listen");
  }
  void connect(const sockaddr_in& to) {
    for (int attempt = 0; attempt < 1000; ++attempt) {  // until the other process listens
      in_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      tune(in_);
      if (::connect(in_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return;
      ::close(in_);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    check(-1, "connect");
  }

  int listening_ = -1, out_ = -1, in_ = -1;
  std::uint64_t size_ = 0;
  std::vector<std::uint64_t> words_;
  std::vector<char> received_;
  std::size_t end_ = 0;
  bus::Receive receive_;
};

}  // namespace

int main(int argc, char** argv) {
  Tcp system;
  return bus::run(argc, argv, system);
}
