#include "transport/stream/layers.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace dts::transport {
namespace {

constexpr std::uint16_t kTcpPort = 25555, kWebPort = 80, kSecureWebPort = 443;

WebSocketOptions web_socket(const Url& url, const std::string& path, bool client) {
  WebSocketOptions options;
  options.client = client;
  if (!path.empty()) options.path = path;
  for (const auto& [name, value] : url.parameters)
    if (name == "origin") options.origins.push_back(value);
  return options;
}

Result<Layers> layers_of(const Url& url, bool client) {
  Layers layers;
  layers.scheme = url.scheme;
  const bool socket = url.scheme.starts_with("ws"), http = url.scheme.starts_with("http");
  const bool web = socket || http;
  const std::string_view bare = std::string_view(url.scheme).substr(0, url.scheme.find('-'));
  const bool secure = bare.ends_with('s') && bare != "ws";
  std::string_view place = url.host;
  if (web) {
    const auto slash = std::min(place.find('/'), place.size());
    const std::string path(place.substr(slash));
    if (path.find_first_of(std::string_view(" \r\n\t\0", 5)) != std::string::npos)
      return Error(ErrorCode::invalid_url, "this is no path", base::printable(url.text));
    place = place.substr(0, slash);
    if (socket)
      layers.web = web_socket(url, path, client);
    else
      layers.http =
          path.empty() || path == "/" ? "/dts" : path.substr(0, path.find_last_not_of('/') + 1);
  }
  const std::uint16_t port = !web ? kTcpPort : secure ? kSecureWebPort : kWebPort;
  DTS_ASSIGN(layers.endpoint, parse_endpoint(place, port, url.text));
  if (layers.web) {
    std::string& host = layers.web->host = endpoint_text(layers.endpoint);
    if (layers.endpoint.port == port) host.resize(host.rfind(':'));
  }
  if (secure && client) {
    DTS_ASSIGN(layers.tls, Tls::client(url, layers.endpoint.host));
  } else if (secure) {
    DTS_ASSIGN(layers.tls, Tls::server(url));
  }
  return layers;
}

}  // namespace

Result<Layers> Layers::client(const Url& url) {
  const bool secure = url.scheme == "tcps" || url.scheme == "wss" || url.scheme == "https";
  DTS_TRY(secure ? check_parameters(url, {"ca", "cert", "key", "name"})
                 : check_parameters(url, {}));
  DTS_ASSIGN(Layers layers, layers_of(url, true));
  if (layers.endpoint.host.empty() || layers.endpoint.port == 0)
    return Error(
        ErrorCode::invalid_url, "this is no place to connect", base::printable(url.text),
        "it names no host, or no port",
        url.scheme + "://tank3.local:25555, or " + url.scheme + "-listen:// to be connected to");
  return layers;
}

Result<Layers> Layers::server(const Url& url) {
  if (url.scheme == "tcp-listen" || url.scheme == "http-listen") DTS_TRY(check_parameters(url, {}));
  if (url.scheme == "tcps-listen" || url.scheme == "https-listen")
    DTS_TRY(check_parameters(url, {"ca", "cert", "key"}));
  if (url.scheme == "ws-listen") DTS_TRY(check_parameters(url, {"origin"}));
  if (url.scheme == "wss-listen") DTS_TRY(check_parameters(url, {"ca", "cert", "key", "origin"}));
  return layers_of(url, false);
}

std::unique_ptr<Channel> Layers::channel(Descriptor socket) const {
  auto channel = tls ? tls->channel(std::move(socket)) : plain_channel(std::move(socket));
  return web ? websocket_channel(std::move(channel), *web) : std::move(channel);
}

}  // namespace dts::transport
