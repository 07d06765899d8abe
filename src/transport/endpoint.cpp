#include "transport/endpoint.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/text.hpp"

namespace dts::transport {

Result<Endpoint> parse_endpoint(std::string_view text, std::uint16_t port, std::string_view url) {
  const auto bad = [&](std::string why) {
    return Error(ErrorCode::invalid_url, "this is no place to connect",
                 base::printable(url.substr(0, 80)), std::move(why),
                 "a name or an address, such as tank3.local:25555 or [::1]:25555");
  };
  Endpoint endpoint;
  endpoint.port = port;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return bad("the [ has no ]");
    endpoint.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    const auto colon = text.find(':');
    endpoint.host = text.substr(0, colon);
    if (colon != std::string_view::npos) rest = text.substr(colon);
    if (rest.find(':', 1) != std::string_view::npos)
      return bad("an IPv6 address is written in brackets");
  }
  if (endpoint.host.size() > 255 ||
      endpoint.host.find_first_of(std::string_view(" /\0", 3)) != std::string::npos)
    return bad("'" + base::printable(endpoint.host.substr(0, 40)) + "' is no host");
  if (rest.empty()) return endpoint;
  const auto digits = rest.substr(1);
  const auto end = digits.data() + digits.size();
  const auto [stop, status] = std::from_chars(digits.data(), end, endpoint.port);
  if (rest[0] != ':' || status != std::errc{} || stop != end)
    return bad("after the host comes a colon and a port, 1 to 65535");
  return endpoint;
}

std::string endpoint_text(const Endpoint& endpoint) {
  const bool six = endpoint.host.find(':') != std::string::npos;
  return (six ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

std::string address_text(const SocketAddress& address) {
  char host[NI_MAXHOST], port[NI_MAXSERV];
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address.storage), address.size, host,
                    sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return "?";
  return std::strchr(host, ':') ? "[" + std::string(host) + "]:" + port
                                : std::string(host) + ":" + port;
}

Result<std::vector<SocketAddress>> addresses_of(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed =
      ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (failed != 0)
    return Error(ErrorCode::system, "no address is known of " + base::printable(endpoint.host), {},
                 ::gai_strerror(failed), "look for a slip in the name, or write the number");
  std::vector<SocketAddress> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    SocketAddress& address = addresses.emplace_back();
    address.size = at->ai_addrlen;
    std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
  }
  ::freeaddrinfo(found);
  return addresses;
}

struct Resolver::Answer {
  std::mutex mutex;
  Descriptor wake;
  std::uint64_t question = 0;
  Result<std::vector<SocketAddress>> addresses{std::vector<SocketAddress>()};
};

Result<void> Resolver::open() {
  answer_ = std::make_shared<Answer>();
  answer_->wake = Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!answer_->wake) return system_error("open a wake handle", "name resolver", errno);
  return {};
}

int Resolver::handle() const noexcept { return answer_->wake.get(); }

void Resolver::ask(const Endpoint& endpoint) {
  const std::lock_guard asking(answer_->mutex);
  std::thread([answer = answer_, endpoint, question = ++answer_->question] {
    auto addresses = addresses_of(endpoint);
    const std::lock_guard lock(answer->mutex);
    if (answer->question != question) return;
    answer->addresses = std::move(addresses);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(answer->wake.get(), &one, sizeof one);
  }).detach();
}

Result<std::vector<SocketAddress>> Resolver::take() {
  const std::lock_guard lock(answer_->mutex);
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(answer_->wake.get(), &count, sizeof count);
  return answer_->addresses;
}

}  // namespace dts::transport
