#include "transport/stream/channel.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace dts::transport {
namespace {

constexpr int kSilenceMs = 10'000;  // of an other side that ought to acknowledge

class PlainChannel final : public Channel {
 public:
  explicit PlainChannel(Descriptor socket) : socket_(std::move(socket)) {}
  int handle() const noexcept override { return socket_.get(); }

  std::optional<std::size_t> write(std::span<const iovec> parts) override {
    if (parts.empty()) return 0;
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());
    message.msg_iovlen = parts.size();
    while (true) {
      const auto sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
      if (sent >= 0) return static_cast<std::size_t>(sent);
      if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
      if (errno != EINTR) return std::nullopt;
    }
  }

  Result<std::size_t> read(std::span<std::uint8_t> to) override {
    const auto got = ::recv(socket_.get(), to.data(), to.size(), 0);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) return Error(ErrorCode::closed, "the other side closed the connection");
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return std::size_t{0};
    return connection_lost(errno);
  }

 private:
  Descriptor socket_;
};

}  // namespace

std::unique_ptr<Channel> plain_channel(Descriptor socket) {
  return std::make_unique<PlainChannel>(std::move(socket));
}

void tune_socket(int fd) {
  const auto set = [&](int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof value);  // without it all works, only worse
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 4);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 2);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, kSilenceMs);
}

bool drained(int fd) {
  char nowhere[4096];
  for (int i = 0; i < 64; ++i) {
    const auto got = ::recv(fd, nowhere, sizeof nowhere, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
      return true;
    if (got < 0) return false;
  }
  return false;  // it does not end: the owner's patience will
}

Error connection_lost(int error) {
  return Error(
      ErrorCode::system, "the connection is lost", {},
      error == ETIMEDOUT ? "the other side has not answered for 10 s" : std::strerror(error));
}

}  // namespace dts::transport
