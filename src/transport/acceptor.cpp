#include "transport/acceptor.hpp"

#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.hpp"

namespace dts::transport {
namespace {

constexpr int kWaitingMax = 256;

// An IPv6 socket takes IPv4 too; where there is no IPv6, one of IPv4.
Result<std::vector<SocketAddress>> addresses_at(const Endpoint& endpoint) {
  if (!endpoint.host.empty()) return addresses_of(endpoint);
  std::vector<SocketAddress> every(2);
  auto& six = reinterpret_cast<sockaddr_in6&>(every[0].storage);
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(endpoint.port);
  every[0].size = sizeof six;
  auto& four = reinterpret_cast<sockaddr_in&>(every[1].storage);
  four.sin_family = AF_INET;
  four.sin_port = htons(endpoint.port);
  every[1].size = sizeof four;
  return every;
}

Descriptor listen_at(const SocketAddress& address) {
  Descriptor socket(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return socket;
  const int on = 1, off = 0;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.storage.ss_family == AF_INET6)
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  const auto* at = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::bind(socket.get(), at, address.size) != 0 || ::listen(socket.get(), kWaitingMax) != 0)
    return Descriptor();
  return socket;
}

std::uint16_t port_of(const SocketAddress& address) {
  return ntohs(address.storage.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address.storage).sin_port);
}

Error taken(const std::string& place, std::string cure) {
  return Error(ErrorCode::address_in_use, "cannot listen", base::printable(place),
               "another program listens there already", std::move(cure));
}

// A socket's file that nobody listens at: its process was killed.
bool left_behind(const SocketAddress& address, const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto* at = reinterpret_cast<const sockaddr*>(&address.storage);
  return probe && ::connect(probe.get(), at, address.size) != 0 && errno == ECONNREFUSED;
}

}  // namespace

Result<Acceptor> Acceptor::at(const Endpoint& endpoint, const std::string& scheme) {
  const auto place = endpoint_text(endpoint);
  DTS_ASSIGN(const auto addresses, addresses_at(endpoint));
  int error = EADDRNOTAVAIL;
  for (const SocketAddress& address : addresses) {
    Acceptor made;
    made.socket_ = listen_at(address);
    error = errno;
    if (made.socket_) {
      SocketAddress bound;
      bound.size = sizeof bound.storage;
      ::getsockname(made.socket_.get(), reinterpret_cast<sockaddr*>(&bound.storage), &bound.size);
      made.place_ = address_text(bound);
      made.port_ = port_of(bound);
      made.spare_ = Descriptor(::eventfd(0, EFD_CLOEXEC));
      return made;
    }
    if (error == EADDRINUSE) break;
  }
  if (error == EADDRINUSE)
    return taken(place, "find it: ss -tlpn 'sport = :" + std::to_string(endpoint.port) +
                            "', or take another port: " + scheme + "://:" +
                            std::to_string(endpoint.port == 65535 ? 25555 : endpoint.port + 1));
  return system_error("listen", place, error);
}

Result<Acceptor> Acceptor::at(const std::string& path) {
  SocketAddress address;
  auto& local = reinterpret_cast<sockaddr_un&>(address.storage);
  if (path.size() >= sizeof local.sun_path) return system_error("listen", path, ENAMETOOLONG);
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.c_str(), path.size());
  address.size = sizeof local;
  Acceptor made;
  made.socket_ = listen_at(address);
  if (!made.socket_ && errno == EADDRINUSE && left_behind(address, path)) {
    ::unlink(path.c_str());
    made.socket_ = listen_at(address);
  }
  if (!made.socket_)
    return errno == EADDRINUSE ? taken(path, "take another path")
                               : system_error("listen", base::printable(path), errno);
  made.place_ = made.file_ = path;
  made.spare_ = Descriptor(::eventfd(0, EFD_CLOEXEC));
  return made;
}

std::optional<Descriptor> Acceptor::next() {
  while (true) {
    Descriptor came(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (came) return came;
    if ((errno != EMFILE && errno != ENFILE) || !turn_away()) return std::nullopt;
  }
}

// No descriptor is left for the next one that waits, and it would wake this node for ever: it is
// let in with the one that is put by for this, and closed.
bool Acceptor::turn_away() {
  spare_.reset();
  const bool came(Descriptor(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  turned_away_ += came ? 1 : 0;
  spare_ = Descriptor(::eventfd(0, EFD_CLOEXEC));
  return came;
}

void Acceptor::close() {
  if (socket_ && !file_.empty()) ::unlink(file_.c_str());
  socket_.reset();
  spare_.reset();
}

}  // namespace dts::transport
