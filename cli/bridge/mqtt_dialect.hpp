// What the parts of the bridge to MQTT know of each other: a dialect understands the messages of
// some kind of device (Tasmota, Zigbee2MQTT ...); the desk is what it does its work with: the
// broker on one side, the domain on the other. All on the session's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <cli/bridge/foreign_payload.hpp>
#include <dts/sample.hpp>
#include <dts/value.hpp>

namespace dts::cli {

// A message of the broker. Valid during the call.
struct MqttPost {
  std::string_view topic, payload;
  bool retained = false;
};

// Of whom a value is. `device` and `part` (a sensor of it, or nothing) tell sources apart.
struct MqttOrigin {
  std::string device, part;
  Labels labels;
};

// What happens to messages and values, each counted; the bad ones are told once for each topic.
enum class MqttCount : std::uint8_t {
  received,        // messages of the broker
  own,             // of these: sent by a bridge of this domain
  repeated,        // kept by the broker, and the same as before
  overflow,        // more than the bridge could take
  too_large,       // payloads
  not_understood,  // payloads: no JSON, or not what the device should say
  without_value,   // payloads with nothing for the domain
  misfits,         // single fields that could not be taken
  too_many,        // devices, topics or sources beyond what is kept
  not_published,   // the domain refused it
  to_domain,       // values
  commands,        // values of the domain that were sent to devices
  refused,         // commands that could not be
  from_bridge,     // values of the domain that a bridge took from a broker: not sent back
  announced,       // entities, to Home Assistant
  to_broker,       // messages
  not_sent,        // messages: no connection, or its queue was full
  last_,
};

class MqttDesk {  // interface: no fields
 public:
  virtual ~MqttDesk() = default;
  // Topics or patterns of them, from now on.
  virtual void listen(const std::string& filter) = 0;
  virtual void ignore(const std::string& filter) = 0;
  virtual bool send(const std::string& topic, const std::string& payload, bool retained) = 0;

  virtual void publish(const MqttOrigin& origin, const Value& value) = 0;
  // The device is gone, or a part of it: so are its sources, until they publish again.
  virtual void end(const std::string& device) = 0;
  virtual void end(const std::string& device, const std::string& part) = 0;
  // Values of this type that others publish, from now on.
  using Order = std::function<Result<void>(const Value&)>;
  virtual void accept(const Type& type, Order order) = 0;
  virtual void refuse(const Type& type) = 0;

  // The payload as JSON, valid until the next call; where it is none that is told and counted.
  virtual std::optional<Json> json(const MqttPost& post) = 0;
  // Told once for each topic and `what`.
  virtual void tell(MqttCount what, std::string_view topic, const Error& error) = 0;
  virtual void count(MqttCount what) = 0;
};

class MqttDialect {  // interface: no fields
 public:
  virtual ~MqttDialect() = default;
  // Connected, the first time or again.
  virtual void begin() = 0;
  // False: not for this one.
  virtual bool take(const MqttPost& post) = 0;
  // Are the values in this topic this dialect's?
  virtual bool speaks_in(std::string_view topic) const = 0;
};

constexpr std::size_t kMqttDevicesMax = 1024;

// Parts of a topic between its slashes.
std::vector<std::string_view> topic_levels(std::string_view topic);
// Does a filter ("tele/+/SENSOR", "brewery/#") match the topic, or all that another one matches?
bool topic_matches(std::string_view filter, std::string_view topic);
// May this stand in a topic one publishes to?
bool is_topic(std::string_view topic);

}  // namespace dts::cli
