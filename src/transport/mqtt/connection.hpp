// MqttConnection: one client of an MQTT broker, by libmosquitto: topics and messages, and nothing
// of what is in them. It speaks MQTT 5, and 3.1.1 where the broker knows no other. All is of QoS 0.
//
// Threads: one of its own waits for the socket and connects. All calls of the library are made
// under one lock, from that thread or from the caller's, whose message so leaves on its own thread.
// Events come under that lock, from either: who is told must not call the connection.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <dts/bytes.hpp>
#include <dts/result.hpp>

#include "transport/endpoint.hpp"
#include "transport/stream/tls.hpp"
#include "transport/url.hpp"

namespace dts::transport {

struct MqttOptions {
  Endpoint endpoint;
  std::string prefix;  // of topics: what follows the host; empty: nothing
  Credentials account;
  std::optional<Tls> tls;
  std::string client;  // how the broker knows us
  std::size_t message_bytes_max = 0;
  std::size_t queue_bytes_max = 0;  // of what waits to be sent
  // What the broker says when we are gone without a word; no topic: nothing.
  std::string will_topic, will;
  // Goes with all that is published, where MQTT 5 is spoken, so that it is known again.
  std::string mark;
};

constexpr std::size_t kMqttMessageBytesLeast = 2048;

// The broker, the account and TLS, from a URL: mqtt://user:password@host:port/prefix, parameters
// password_file and, of mqtts, ca, cert, key and name.
Result<MqttOptions> mqtt_options(Url& url);

struct MqttMessage {  // valid during the call
  std::string_view topic;
  ByteView payload;
  bool retained = false;
  std::string_view mark;
  bool perhaps_own = false;  // MQTT 3.1.1 knows neither marks nor others' messages only
};

class MqttEvents {  // interface: no fields
 public:
  virtual ~MqttEvents() = default;
  // The connection is usable, the first time or again. Nothing is listened to on it yet.
  virtual void connected() = 0;
  // It could not be made, or is lost; connect() may be called again.
  virtual void lost(Error why) = 0;
  // All that was asked of listen() and ignore() up to `number` is in effect.
  virtual void settled(std::uint64_t number) = 0;
  // The broker refuses what was asked for by `number`. With an error the connection ends with that.
  virtual std::optional<Error> refused(std::uint64_t number) = 0;
  virtual void message(const MqttMessage& message) = 0;
};

class MqttConnection {
 public:
  enum class Listening : std::uint8_t {
    to_others,  // what is published here does not come back, where MQTT 5 is spoken
    to_all,
    // As to_all, and it settles only when a message of our own has come back: brokers that do not
    // let one read or write a topic need not say so.
    proven,
  };
  static Result<std::unique_ptr<MqttConnection>> open(MqttOptions options, MqttEvents& events);
  // Sends on what was published, for at most a second; no event comes afterwards.
  ~MqttConnection();
  // Begins to connect and returns at once; connected() or lost() follows within 10 s.
  void connect();
  // Only while connected; `number` rises.
  void listen(const std::string& topic, std::uint64_t number, Listening how);
  void ignore(const std::string& topic, std::uint64_t number);
  // Hands a message over, never blocks. False: its queue is full, or there is no connection.
  bool publish(const std::string& topic, ByteView payload, bool retained = false);
  // What the broker takes, once connected() has told.
  std::size_t message_bytes_max() const;

 private:
  class Client;
  explicit MqttConnection(std::unique_ptr<Client> client);
  std::unique_ptr<Client> client_;
};

}  // namespace dts::transport
