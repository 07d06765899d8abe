// CURVE: the keys of ZeroMQ, as files. They are read once, when the transport is opened. Any
// thread.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "transport/url.hpp"
#include "transport/zmq/socket.hpp"

namespace dts::transport::zmq {

// Keys as text of 40 characters (Z85).
struct Pair {
  std::string secret, open;
};

struct ClientKeys {
  std::string server;  // whom we speak to: its public key
  std::string server_file;
  Pair own;
  bool own_given = false;  // else made for this one time
};

struct ServerKeys {
  Pair own;
  std::optional<std::set<std::string>> clients;  // who may connect; nothing: whoever knows us
};

// `server-key=FILE&key=FILE`; nothing where none is given.
Result<std::optional<ClientKeys>> client_keys(const Url& url);
// `key=FILE&clients=FILE`.
Result<std::optional<ServerKeys>> server_keys(const Url& url);

}  // namespace dts::transport::zmq
