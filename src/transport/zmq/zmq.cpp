// zmq+tcp://host[:port], zmq+ipc://path: a member at a forwarder of ZeroMQ; zmq+tcp-listen://,
// zmq+ipc-listen:// are one, and run the forwarder. docs/reference/transports/zmq.md is the manual.
#include <cerrno>

#include <dts/transport.hpp>

#include "base/text.hpp"
#include "transport/broker/topic.hpp"
#include "transport/knock.hpp"
#include "transport/meeting_place.hpp"
#include "transport/url.hpp"
#include "transport/zmq/client.hpp"

namespace dts::transport {
namespace {

using namespace zmq;
constexpr std::uint16_t kZmqPort = 25557;  // and the next one
constexpr int kAttempts = 20;              // to find two free ports side by side

struct Listening {
  std::string name;  // as people write it
  Context context;
  std::unique_ptr<Forwarder> forwarder;
};

std::string shown(const Ends& ends) { return ends.in.substr(std::string_view("tcp://").size()); }

// Port 0: any two.
Result<Listening> listen_tcp(const Endpoint& endpoint, const std::optional<ServerKeys>& keys) {
  const std::string port = endpoint.port == 0 ? "*" : std::to_string(endpoint.port);
  std::string in = "tcp://" + endpoint_text({endpoint.host.empty() ? "*" : endpoint.host, 0});
  in.replace(in.size() - 1, 1, port);
  for (int attempt = 1;; ++attempt) {
    DTS_ASSIGN(const Context context, make_context());
    auto forwarder = Forwarder::open(context, {in, {}}, keys);
    if (!forwarder && (endpoint.port != 0 || attempt == kAttempts)) return forwarder.error();
    if (forwarder) return Listening{shown((*forwarder)->ends()), context, std::move(*forwarder)};
  }
}

// The library would take the path from whoever has it.
Result<Listening> listen_ipc(const std::string& path, const std::optional<ServerKeys>& keys) {
  if (knock(path + ".in", {.what = "ZeroMQ", .greeting = std::string(kZmtpGreeting)}))
    return Error(ErrorCode::address_in_use, "cannot listen", base::printable(path),
                 "another program listens there already", "take another path");
  DTS_ASSIGN(const Context context, make_context());
  DTS_ASSIGN(auto forwarder,
             Forwarder::open(context, {"ipc://" + path + ".in", "ipc://" + path + ".out"}, keys));
  return Listening{path, context, std::move(forwarder)};
}

Result<std::unique_ptr<Transport>> open_member(const TransportOptions& options) {
  DTS_ASSIGN(const Url url, parse_url(options.url));
  DTS_TRY(check_parameters(url, {"key", "server-key"}));
  DTS_ASSIGN(const MeetingPlace place, meeting_place(url, kZmqPort));
  ClientSettings settings{.prefix = topic_prefix(options.domain),
                          .self = random_member(),
                          .endpoint = place.endpoint,
                          .path = place.path};
  DTS_ASSIGN(settings.keys, client_keys(url));
  const Member self = settings.self;
  return open_broker(
      options,
      {.scheme = place.endpoint ? "zmq+tcp" : "zmq+ipc",
       .place = place.text,
       .self = self,
       .same_host = !place.endpoint},
      [&](BrokerEvents& events) { return make_client(std::move(settings), events); });
}

Result<std::unique_ptr<Transport>> open_place(const TransportOptions& options) {
  DTS_ASSIGN(const Url url, parse_url(options.url));
  DTS_TRY(check_parameters(url, {"clients", "key"}));
  DTS_ASSIGN(const MeetingPlace place, meeting_place(url, kZmqPort));
  DTS_ASSIGN(const auto keys, server_keys(url));
  DTS_ASSIGN(Listening listening,
             place.endpoint ? listen_tcp(*place.endpoint, keys) : listen_ipc(place.path, keys));
  const Member self = random_member();
  ClientSettings settings{.prefix = topic_prefix(options.domain), .self = self};
  settings.context = std::move(listening.context);
  settings.forwarder = std::move(listening.forwarder);
  return open_broker(
      options,
      {.scheme = place.endpoint ? "zmq+tcp-listen" : "zmq+ipc-listen",
       .place = listening.name,
       .self = self,
       .same_host = !place.endpoint},
      [&](BrokerEvents& events) { return make_client(std::move(settings), events); });
}

}  // namespace

extern const TransportPlugin zmq_tcp_transport, zmq_tcp_listen_transport, zmq_ipc_transport,
    zmq_ipc_listen_transport;
constinit const TransportPlugin zmq_tcp_transport{"zmq+tcp", &open_member};
constinit const TransportPlugin zmq_tcp_listen_transport{"zmq+tcp-listen", &open_place};
constinit const TransportPlugin zmq_ipc_transport{"zmq+ipc", &open_member};
constinit const TransportPlugin zmq_ipc_listen_transport{"zmq+ipc-listen", &open_place};

}  // namespace dts::transport
