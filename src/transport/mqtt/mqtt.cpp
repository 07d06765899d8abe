// mqtt://host[:port][/prefix], mqtts://...: a domain over an MQTT broker. The connection is
// MqttConnection; here are topics and the option of the URL. docs/reference/transports/mqtt.md is
// the manual; what all brokers share is in broker/.
//
// Threads: those of the connection.
#include "base/text.hpp"
#include "transport/broker/broker.hpp"
#include "transport/mqtt/connection.hpp"

namespace dts::transport {
namespace {

class MqttClient final : public BrokerClient, private MqttEvents {
 public:
  MqttClient(std::string topics, BrokerEvents& events)
      : topics_(std::move(topics)), events_(events) {}
  Result<void> open(MqttOptions options) {
    DTS_ASSIGN(connection_, MqttConnection::open(std::move(options), *this));
    return {};
  }

  void connect() override { connection_->connect(); }
  // What goes to oneself alone comes from others only; but it has to be seen to come at all.
  void listen(const Place& place, std::uint64_t number) override {
    using enum MqttConnection::Listening;
    connection_->listen(topic_of(place), number, place.member != 0 ? proven : to_others);
  }
  void ignore(const Place& place, std::uint64_t number) override {
    connection_->ignore(topic_of(place), number);
  }
  bool publish(const Place& place, ByteView envelope) override {
    return connection_->publish(topic_of(place), envelope);
  }
  std::size_t message_bytes_max() const override { return connection_->message_bytes_max(); }

 private:
  std::string topic_of(const Place& place) const { return topics_ + place_name(place); }
  void connected() override { events_.connected(); }
  void lost(Error why) override { events_.lost(std::move(why)); }
  void settled(std::uint64_t number) override { events_.settled(number); }
  std::optional<Error> refused(std::uint64_t) override {
    return Error(ErrorCode::permission, "the broker does not let us listen", {},
                 "it refuses a topic under " + base::printable(topics_),
                 "let the user read and write " + base::printable(topics_) + "#");
  }
  void message(const MqttMessage& message) override { events_.message(message.payload); }

  const std::string topics_;  // "dts/default/"
  BrokerEvents& events_;
  std::unique_ptr<MqttConnection> connection_;  // last: it tells the above
};

Result<std::unique_ptr<Transport>> open_mqtt(const TransportOptions& options) {
  DTS_ASSIGN(Url url, parse_url(options.url));
  DTS_TRY(url.scheme == "mqtts" ? check_parameters(url, {"message_bytes", "password_file", "ca",
                                                         "cert", "key", "name"})
                                : check_parameters(url, {"message_bytes", "password_file"}));
  DTS_ASSIGN(MqttOptions client, mqtt_options(url));
  DTS_ASSIGN(const auto most, number_parameter(url, "message_bytes", kMqttMessageBytesLeast,
                                               kBrokerMessageBytesMax));
  const Member self = random_member();
  client.client = "dts-" + place_name({.member = self}).substr(1);
  client.message_bytes_max = most.value_or(kBrokerMessageBytesMax);
  client.queue_bytes_max = options.receive_buffer_bytes;
  BrokerDescription description{.scheme = client.tls ? "mqtts" : "mqtt",
                                .place = endpoint_text(client.endpoint),
                                .self = self};
  std::string topics =
      (client.prefix.empty() ? "dts" : client.prefix) + "/" + domain_name(options.domain) + "/";
  return open_broker(options, std::move(description),
                     [&](BrokerEvents& events) -> Result<std::unique_ptr<BrokerClient>> {
                       auto made = std::make_unique<MqttClient>(std::move(topics), events);
                       DTS_TRY(made->open(std::move(client)));
                       return std::unique_ptr<BrokerClient>(std::move(made));
                     });
}

}  // namespace

extern const TransportPlugin mqtt_transport, mqtts_transport;
constinit const TransportPlugin mqtt_transport{"mqtt", &open_mqtt};
constinit const TransportPlugin mqtts_transport{"mqtts", &open_mqtt};

}  // namespace dts::transport
