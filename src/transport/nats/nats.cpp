// nats://host[:port][/prefix], natss://...: a domain over NATS servers, by libnats.
// docs/reference/transports/nats.md is its manual; what all brokers share is in broker/, what waits
// for the server in session.hpp.
#include <nats/nats.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"
#include "transport/broker/account.hpp"
#include "transport/broker/broker.hpp"
#include "transport/endpoint.hpp"
#include "transport/left_out.hpp"
#include "transport/nats/session.hpp"

namespace dts::transport {
namespace {

constexpr std::uint16_t kPort = 4222;
// Older ones read and write one TLS connection from two threads at once, which OpenSSL forbids
// (https://github.com/nats-io/nats.c/pull/913).
constexpr std::string_view kTlsNeeds =
    NATS_VERSION_NUMBER >= 0x030B00 ? "" : "libnats-dev 3.11 or later";

class NatsClient final : public BrokerClient {
 public:
  explicit NatsClient(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  ~NatsClient() override { session_->finish(std::chrono::seconds(1)); }
  void connect() override { session_->connect(); }
  void listen(const Place& place, std::uint64_t number) override {
    session_->listen(place, number);
  }
  void ignore(const Place& place, std::uint64_t number) override {
    session_->ignore(place, number);
  }
  bool publish(const Place& place, ByteView envelope) override {
    return session_->publish(place, envelope);
  }
  std::size_t message_bytes_max() const override { return session_->message_bytes_max(); }

 private:
  const std::shared_ptr<Session> session_;
};

// The option of the URL, else the variable.
std::string option(const Url& url, std::string_view name, const char* variable) {
  for (const auto& [key, value] : url.parameters)
    if (key == name) return value;
  const char* const text = variable ? std::getenv(variable) : nullptr;
  return text ? text : "";
}

// What follows the host is where the subjects begin.
Result<std::string> take_prefix(Url& url) {
  std::string prefix = "dts";
  const auto slash = url.host.find('/');
  if (slash == std::string::npos) return prefix;
  prefix = url.host.substr(slash + 1);
  url.host.erase(slash);
  if (prefix.ends_with('/')) prefix.pop_back();
  if (prefix.empty()) return std::string("dts");
  const bool plain = std::all_of(prefix.begin(), prefix.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
  if (!plain || prefix.size() > 200 || prefix.front() == '.' || prefix.back() == '.' ||
      prefix.find("..") != std::string::npos)
    return Error(ErrorCode::invalid_url, "this is no prefix for subjects",
                 base::printable(url.text),
                 "it is made of letters, digits, -, _ and dots between them, 200 at most",
                 "nats://host/brewery.cellar");
  return prefix;
}

Result<std::string> server_of(const std::string& text, const Url& url) {
  DTS_ASSIGN(const Endpoint endpoint, parse_endpoint(text, kPort, url.text));
  if (endpoint.host.empty() || endpoint.port == 0)
    return Error(ErrorCode::invalid_url, "this is no place to connect", base::printable(url.text),
                 "it names no host, or no port", "nats://server.local");
  return "nats://" + endpoint_text(endpoint);
}

Result<std::unique_ptr<Transport>> open_nats(const TransportOptions& options) {
  DTS_ASSIGN(Url url, parse_url(options.url));
  NatsOptions nats;
  nats.tls = url.scheme == "natss";
  if (nats.tls && !kTlsNeeds.empty()) return left_out("natss", kTlsNeeds);
  DTS_TRY(nats.tls ? check_parameters(
                         url, {"also", "creds", "password_file", "ca", "cert", "key", "name"})
                   : check_parameters(url, {"also", "creds", "password_file"}));
  DTS_ASSIGN(nats.account, account_of(url, "DTS_NATS"));
  DTS_ASSIGN(const std::string prefix, take_prefix(url));
  DTS_ASSIGN(std::string first, server_of(url.host, url));
  nats.servers.push_back(std::move(first));
  for (const auto& [key, value] : url.parameters) {
    if (key != "also") continue;
    DTS_ASSIGN(std::string server, server_of(value, url));
    if (nats.servers.size() < 8) nats.servers.push_back(std::move(server));
  }
  DTS_ASSIGN(const Endpoint endpoint, parse_endpoint(url.host, kPort, url.text));
  nats.subjects = prefix + "." + domain_name(options.domain) + ".";
  nats.credentials_file = option(url, "creds", "DTS_NATS_CREDS");
  if (nats.tls) {
    nats.ca = option(url, "ca", "DTS_TLS_CA");
    nats.certificate = option(url, "cert", "DTS_TLS_CERT");
    nats.key = option(url, "key", "DTS_TLS_KEY");
    nats.host = option(url, "name", nullptr);
    if (nats.host.empty()) nats.host = endpoint.host;
  }
  nats.queue_bytes_max = options.receive_buffer_bytes;
  BrokerDescription description{.scheme = nats.tls ? "natss" : "nats",
                                .place = endpoint_text(endpoint),
                                .self = random_member()};
  nats.name = "dts-" + place_name({.member = description.self}).substr(1);
  return open_broker(
      options, std::move(description),
      [&](BrokerEvents& events) -> Result<std::unique_ptr<BrokerClient>> {
        auto session = std::make_shared<Session>(std::move(nats), events);
        DTS_TRY(session->open());
        Session::start(session);
        return std::unique_ptr<BrokerClient>(std::make_unique<NatsClient>(std::move(session)));
      });
}

}  // namespace

extern const TransportPlugin nats_transport, natss_transport;
constinit const TransportPlugin nats_transport{"nats", &open_nats};
constinit const TransportPlugin natss_transport{"natss", &open_nats, kTlsNeeds};

}  // namespace dts::transport
