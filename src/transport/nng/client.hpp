// The BrokerClient of nng: a PUSH to publish and a SUB to hear, connected to the two doors of a
// forwarder (forwarder.hpp).
#pragma once

#include "transport/broker/broker.hpp"
#include "transport/nng/forwarder.hpp"

namespace dts::transport::nng {

struct ClientSettings {
  std::string prefix;  // of all topics of the domain (topic_prefix)
  Member self = 0;
  MeetingPlace place{};
  std::unique_ptr<Forwarder> forwarder{};  // in this process: then it is connected to that one
};

Result<std::unique_ptr<BrokerClient>> make_client(ClientSettings settings, BrokerEvents& events);

}  // namespace dts::transport::nng
