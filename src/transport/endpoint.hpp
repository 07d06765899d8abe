// Endpoint: "host:port" as people write it, and what the resolver makes of it.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <dts/result.hpp>

#include "transport/descriptor.hpp"

namespace dts::transport {

struct Endpoint {
  std::string host;  // a name or a number; of IPv6 without the brackets; "": every interface
  std::uint16_t port = 0;
};

// "host", "host:port", "[::1]:port", ":port"; `port` where none is written. Fails with invalid_url,
// `url` being the whole for the message.
Result<Endpoint> parse_endpoint(std::string_view text, std::uint16_t port, std::string_view url);
std::string endpoint_text(const Endpoint& endpoint);

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};
std::string address_text(const SocketAddress& address);  // "192.168.1.20:25555", "[::1]:25555"
// What the system knows of the name; may take seconds.
Result<std::vector<SocketAddress>> addresses_of(const Endpoint& endpoint);

// Asks the system for the addresses of a name, on a thread of its own, because that may take
// seconds. One thread at a time uses it; letting go of it forgets the answer.
class Resolver {
 public:
  // `wake` becomes readable (eventfd) when result() has an answer. It is kept open until then.
  Result<void> open();
  int handle() const noexcept;
  void ask(const Endpoint& endpoint);
  // The answer to the last question. Quiets the handle.
  Result<std::vector<SocketAddress>> take();

 private:
  struct Answer;
  std::shared_ptr<Answer> answer_;
};

}  // namespace dts::transport
