// nats://host[:port][/prefix], natss://...: a domain over NATS servers, by libnats.
// docs/reference/transports/nats.md is its manual; what all brokers share is in broker/, what waits
// for the server in session.hpp.
#include <nats/nats.h>

#include "transport/broker/broker.hpp"
#include "transport/nats/session.hpp"

namespace dts::transport {
namespace {

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

Result<std::unique_ptr<Transport>> open_nats(const TransportOptions& options) {
  DTS_ASSIGN(Url url, parse_url(options.url));
  NatsOptions nats;
  DTS_ASSIGN(nats.access, nats_access(std::move(url)));
  const NatsAccess& access = nats.access;
  nats.subjects = access.prefix + "." + domain_name(options.domain) + ".";
  nats.queue_bytes_max = options.receive_buffer_bytes;
  BrokerDescription description{
      .scheme = access.tls ? "natss" : "nats", .place = access.place, .self = random_member()};
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
constinit const TransportPlugin natss_transport{"natss", &open_nats, kNatsTlsNeeds};

}  // namespace dts::transport
