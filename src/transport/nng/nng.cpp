// nng+tcp://host[:port], nng+ipc://path: a member at a forwarder of nng; nng+tcp-listen://,
// nng+ipc-listen:// are one, and run the forwarder. docs/reference/transports/nng.md is the manual.
#include <dts/transport.hpp>

#include "transport/broker/topic.hpp"
#include "transport/nng/client.hpp"

namespace dts::transport {
namespace {

constexpr std::uint16_t kNngPort = 25559;  // and the next one

Result<std::unique_ptr<Transport>> open_nng(const TransportOptions& options) {
  DTS_ASSIGN(const Url url, parse_url(options.url));
  DTS_TRY(check_parameters(url, {}));
  nng::ClientSettings settings{.prefix = topic_prefix(options.domain), .self = random_member()};
  DTS_ASSIGN(settings.place, meeting_place(url, kNngPort));
  const bool tcp = settings.place.endpoint.has_value();
  BrokerDescription description{.scheme = tcp ? "nng+tcp" : "nng+ipc",
                                .place = settings.place.text,
                                .self = settings.self,
                                .same_host = !tcp};
  if (settings.place.listens) {
    description.scheme = tcp ? "nng+tcp-listen" : "nng+ipc-listen";
    DTS_ASSIGN(settings.forwarder, nng::Forwarder::open(settings.place));
    description.place = settings.forwarder->text();
  }
  return open_broker(options, description, [&](BrokerEvents& events) {
    return nng::make_client(std::move(settings), events);
  });
}

}  // namespace

extern const TransportPlugin nng_tcp_transport, nng_tcp_listen_transport, nng_ipc_transport,
    nng_ipc_listen_transport;
constinit const TransportPlugin nng_tcp_transport{"nng+tcp", &open_nng};
constinit const TransportPlugin nng_tcp_listen_transport{"nng+tcp-listen", &open_nng};
constinit const TransportPlugin nng_ipc_transport{"nng+ipc", &open_nng};
constinit const TransportPlugin nng_ipc_listen_transport{"nng+ipc-listen", &open_nng};

}  // namespace dts::transport
