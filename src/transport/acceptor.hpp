// Acceptor: where connections come in: a listening socket, at a port or at a path in the file
// system, that stays usable when the process has no descriptor left. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "transport/endpoint.hpp"

namespace dts::transport {

class Acceptor {
 public:
  Acceptor() = default;
  Acceptor(Acceptor&&) noexcept = default;
  Acceptor& operator=(Acceptor&&) noexcept = default;
  ~Acceptor() { close(); }

  // Listens on one interface, or with no host on all of them, IPv6 and IPv4; port 0: one that is
  // free. Fails with `address_in_use` where somebody else listens; `scheme` is for what to try.
  static Result<Acceptor> at(const Endpoint& endpoint, const std::string& scheme);
  // Makes the file, in the place of one that nobody listens at any more; close() removes it.
  static Result<Acceptor> at(const std::string& path);

  int handle() const noexcept { return socket_.get(); }
  const std::string& place() const noexcept { return place_; }  // "0.0.0.0:4000", or the path
  std::uint16_t port() const noexcept { return port_; }
  // The next one who waits, not blocking; nothing: nobody does. One for whom there is no descriptor
  // is closed at once and counted in turned_away().
  std::optional<Descriptor> next();
  std::uint64_t turned_away() const noexcept { return turned_away_; }
  void close();

 private:
  bool turn_away();

  Descriptor socket_;
  Descriptor spare_;  // means nothing; closed to have one to accept with
  std::string place_, file_;
  std::uint16_t port_ = 0;
  std::uint64_t turned_away_ = 0;
};

}  // namespace dts::transport
