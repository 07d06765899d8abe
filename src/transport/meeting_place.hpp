// MeetingPlace: where the members of a forwarder meet, from the URL: two ports side by side
// (zmq+tcp://host:25557), or two sockets in the file system (zmq+ipc:///run/dts/bus). Any thread.
#pragma once

#include <optional>
#include <string>

#include "transport/endpoint.hpp"
#include "transport/url.hpp"

namespace dts::transport {

struct MeetingPlace {
  bool listens = false;                // the scheme ends in -listen
  std::optional<Endpoint> endpoint{};  // to publish to; to hear from is the port after it
  std::string path{};                  // path.in and path.out
  std::string text{};                  // as people write it
};

// Fails with invalid_url. Port 0, any, only for one who listens; `port` where none is written.
Result<MeetingPlace> meeting_place(const Url& url, std::uint16_t port);

}  // namespace dts::transport
