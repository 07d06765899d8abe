// Tasmota: nothing describes its sensors, so the types are made from what they say: one for each
// kind of sensor (tasmota.DS18B20, tasmota.ENERGY), with the units that Tasmota's names stand for.
// A device that announces itself (tasmota/discovery) may have topics of its own.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <cli/bridge/foreign_type.hpp>
#include <cli/bridge/mqtt_dialect.hpp>

namespace dts::cli {

class Tasmota final : public MqttDialect {
 public:
  explicit Tasmota(MqttDesk& desk) : desk_(desk) {}

  void begin() override;
  bool take(const MqttPost& post) override;
  bool speaks_in(std::string_view topic) const override;

 private:
  // Where a device's topics are, and how it says on and off.
  struct Device {
    std::string full_topic = "%prefix%/%topic%/";
    std::string command = "cmnd", state = "stat", telemetry = "tele";
    std::string online = "Online", offline = "Offline", on = "ON", off = "OFF";
    bool topics_of_its_own = false;
  };
  struct Shape {
    std::vector<ForeignField> fields;
    std::optional<ForeignType> type;
  };
  enum class Prefix : std::uint8_t { command, state, telemetry };
  struct Place {
    Prefix prefix;
    std::string device, what;  // "RESULT"
  };

  std::optional<Place> place_of(std::string_view topic) const;
  std::string topic_of(const std::string& name, Prefix prefix, std::string_view what) const;
  Device* device(const std::string& name, std::string_view topic);
  void take_discovery(const MqttPost& post);
  void take_sensors(const std::string& name, const MqttPost& post, const Json& json);
  void take_state(const std::string& name, const MqttPost& post, const Json& json, bool whole);
  void take_power(const std::string& name, const std::string& output, std::string_view said,
                  const MqttPost& post, bool always);
  void take_part(const std::string& name, const std::string& part, const std::string& type,
                 const Json& whole, const std::vector<ForeignField>& fields, const MqttPost& post);
  Result<void> order(const Value& value);

  MqttDesk& desk_;
  bool accepting_ = false;
  std::map<std::string, Device, std::less<>> devices_;  // by %topic%
  std::map<std::string, std::string> discovered_;       // %topic% by topic of discovery
  std::map<std::string, Shape> shapes_;                 // by device, part and type
  std::map<std::string, bool> powers_;                  // by device and output
};

}  // namespace dts::cli
