// Layers: what the scheme of a URL puts between a socket and the frames: nothing (tcp), TLS (tcps),
// WebSocket (ws), or both (wss); of http, which is requests instead of a stream, where they go. Its
// channels may outlive it.
#pragma once

#include <optional>

#include "transport/endpoint.hpp"
#include "transport/stream/tls.hpp"
#include "transport/stream/websocket.hpp"

namespace dts::transport {

struct Layers {
  std::string scheme;
  Endpoint endpoint;
  std::optional<Tls> tls;
  std::optional<WebSocketOptions> web;
  std::string http{};  // what the paths of requests begin with: "/dts"

  // Checks the URL and reads what it names. Whoever connects needs a host and a port.
  static Result<Layers> client(const Url& url);
  static Result<Layers> server(const Url& url);
  std::unique_ptr<Channel> channel(Descriptor socket) const;
};

}  // namespace dts::transport
