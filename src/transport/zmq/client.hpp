// The BrokerClient of ZeroMQ: an XPUB to publish and a SUB to hear, connected to the two ends of a
// forwarder, ours (forwarder.hpp) or any other that joins an XSUB and an XPUB.
#pragma once

#include <optional>
#include <string>

#include "transport/broker/broker.hpp"
#include "transport/endpoint.hpp"
#include "transport/zmq/forwarder.hpp"

namespace dts::transport::zmq {

struct ClientSettings {
  std::string prefix;  // of all topics of the domain (topic_prefix)
  Member self = 0;
  std::optional<Endpoint> endpoint{};  // tcp: the port to publish to; to hear, the next one
  std::string path{};                  // ipc: path.in and path.out
  std::optional<ClientKeys> keys{};
  std::unique_ptr<Forwarder> forwarder{};  // in this process: then it is connected to that one
  Context context{};                       // its; else one is made
};

Result<std::unique_ptr<BrokerClient>> make_client(ClientSettings settings, BrokerEvents& events);

}  // namespace dts::transport::zmq
