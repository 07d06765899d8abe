// http://host[:port][/path], https://...: as tcp://, over requests of HTTP, through whatever proxy
// the environment names. docs/reference/transports/http.md is its manual.
#include "transport/http_dial/tunnel.hpp"
#include "transport/tcp/dialer.hpp"
#include "transport/url.hpp"

namespace dts::transport {
namespace {

Result<std::unique_ptr<Transport>> open_http(const TransportOptions& options) {
  DTS_ASSIGN(const Url url, parse_url(options.url));
  DTS_ASSIGN(const Layers layers, Layers::client(url));
  return open_dialer(options, layers, [layers] { return tunnel_channel(layers); });
}

}  // namespace

extern const TransportPlugin http_transport, https_transport;
constinit const TransportPlugin http_transport{"http", &open_http};
constinit const TransportPlugin https_transport{"https", &open_http};

}  // namespace dts::transport
