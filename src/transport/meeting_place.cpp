#include "transport/meeting_place.hpp"

#include "base/text.hpp"

namespace dts::transport {

Result<MeetingPlace> meeting_place(const Url& url, std::uint16_t port) {
  const std::string_view scheme = url.scheme;
  const std::string base(scheme.substr(0, scheme.find("-listen")));
  const auto bad = [&](std::string why, std::string cure) {
    return Error(ErrorCode::invalid_url, "this is no place to meet", base::printable(url.text),
                 std::move(why), std::move(cure));
  };
  MeetingPlace place{.listens = scheme.ends_with("-listen"), .text = url.host};
  if (base.ends_with("+ipc")) {
    constexpr std::size_t most = 107 - std::string_view(".out").size();  // of a socket's name
    if (url.host.empty()) return bad("there is no path", url.scheme + ":///run/dts/bus");
    if (url.host.size() > most) return bad("the path is longer than 103 bytes", "a shorter one");
    place.path = url.host;
    return place;
  }
  DTS_ASSIGN(place.endpoint, parse_endpoint(url.host, port, url.text));
  if (place.endpoint->host == "*") place.endpoint->host.clear();
  if (place.endpoint->port == 65535)
    return bad("it takes the port and the next one", "a port up to 65534");
  if (!place.listens && (place.endpoint->host.empty() || place.endpoint->port == 0))
    return bad("a host and a port that is not 0 are needed", base + "://tank3.local");
  place.text = endpoint_text(*place.endpoint);
  return place;
}

}  // namespace dts::transport
