// WebSocket (RFC 6455) as a channel above another: the handshake, then bytes in binary messages.
// Whose page a browser's script comes from is checked: its own host's, or one that is named.
#pragma once

#include <string>
#include <vector>

#include "transport/stream/channel.hpp"

namespace dts::transport {

struct WebSocketOptions {
  bool client = false;
  std::string host{};  // that a client asks for: "tank3.local:25556"
  std::string path = "/";
  std::vector<std::string> origins{};  // whose pages may connect besides the host's own
};

std::unique_ptr<Channel> websocket_channel(std::unique_ptr<Channel> below,
                                           WebSocketOptions options);

// What a server answers to a request: 101 and the agreement, or why not. `accepted` says which.
std::string websocket_answer(std::string_view request, const WebSocketOptions& options,
                             bool& accepted);
// The answer that a key has to get.
std::string websocket_accept(std::string_view key);

}  // namespace dts::transport
