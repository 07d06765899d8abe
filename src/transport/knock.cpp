#include "transport/knock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.hpp"

namespace dts::transport {
namespace {

constexpr int kPatienceMs = 3000;
constexpr int kSilenceMs = 1000;  // then it is asked in another way, to say what it is

Error given_up() { return Error(ErrorCode::closed, "the transport is closed"); }

// False: it is not ready after this time.
Result<bool> wait(int fd, short events, const Knock& how, int patience_ms) {
  pollfd both[] = {{fd, events, 0}, {how.stop, POLLIN, 0}};
  const int ready = ::poll(both, 2, patience_ms);
  if (ready > 0 && both[1].revents != 0) return given_up();
  return ready > 0;
}

Error not_there(int error, const Knock& how) {
  if (error == ECONNREFUSED || error == ENOENT)
    return Error(ErrorCode::system, "nobody listens there", {}, std::strerror(error), how.cure);
  if (error == ETIMEDOUT)
    return Error(ErrorCode::timeout, "nobody answers there", {}, "no answer for 3 s",
                 "look at the address, and at firewalls on the way");
  return system_error("connect", {}, error);
}

Result<void> connect(int fd, const sockaddr* address, socklen_t size, const Knock& how) {
  if (::connect(fd, address, size) == 0) return {};
  if (errno != EINPROGRESS) return not_there(errno, how);
  DTS_ASSIGN(const bool ready, wait(fd, POLLOUT, how, kPatienceMs));
  if (!ready) return not_there(ETIMEDOUT, how);
  int error = 0;
  socklen_t error_size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
  if (error != 0) return not_there(error, how);
  return {};
}

// Both sides begin at once; one that waits to be asked is asked as a web server is.
Result<void> look(int fd, const Knock& how) {
  const auto say = [&](std::string_view text) {
    [[maybe_unused]] const auto sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  };
  const auto other = [&](const std::string& why) {
    return Error(ErrorCode::system, "what is there does not speak " + how.what, {}, why, how.cure);
  };
  say(how.greeting);
  DTS_ASSIGN(const bool greets, wait(fd, POLLIN, how, kSilenceMs));
  if (!greets) {
    say("\r\n\r\n");
    DTS_ASSIGN(const bool answers, wait(fd, POLLIN, how, kPatienceMs));
    if (!answers) return other("it says nothing");
  }
  char begin[16];
  const auto got = ::recv(fd, begin, sizeof begin, MSG_PEEK);
  if (got < 0) return other(std::strerror(errno));
  if (got == 0) return other("it closes the connection");
  const std::string_view text(begin, static_cast<std::size_t>(got));
  const auto same = std::min(how.same, text.size());
  if (text.substr(0, same) != std::string_view(how.greeting).substr(0, same))
    return other("it begins with '" + base::printable(text) + "'");
  if (!greets)
    return Error(ErrorCode::timeout, "it answers too slowly", {},
                 "it said nothing for " + std::to_string(kSilenceMs) + " ms");
  return {};
}

Result<Answered> knock_at(const SocketAddress& there, const Knock& how) {
  Descriptor socket(
      ::socket(there.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return system_error("open a socket", {}, errno);
  DTS_TRY(
      connect(socket.get(), reinterpret_cast<const sockaddr*>(&there.storage), there.size, how));
  DTS_TRY(look(socket.get(), how));
  return Answered{std::move(socket), there};
}

}  // namespace

Result<Answered> knock(const Endpoint& endpoint, const Knock& how) {
  Resolver resolver;
  DTS_TRY(resolver.open());
  resolver.ask(endpoint);
  DTS_ASSIGN(const bool answered, wait(resolver.handle(), POLLIN, how, kPatienceMs));
  if (!answered)
    return Error(ErrorCode::timeout, "no address is found of " + base::printable(endpoint.host), {},
                 "the name service does not answer", "write the number");
  DTS_ASSIGN(const auto addresses, resolver.take());
  Error last(ErrorCode::system, "it has no address");
  for (const SocketAddress& address : addresses) {
    auto done = knock_at(address, how);
    if (done) return done;
    last = done.error();
    if (last.code() == ErrorCode::closed) break;
  }
  return last;
}

Result<Answered> knock(const std::string& path, const Knock& how) {
  SocketAddress address;
  auto& local = reinterpret_cast<sockaddr_un&>(address.storage);
  if (path.size() >= sizeof local.sun_path) return not_there(ENAMETOOLONG, how);
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.data(), path.size());
  address.size = sizeof local;
  return knock_at(address, how);
}

}  // namespace dts::transport
