// Zigbee2MQTT: its bridge describes every device (bridge/devices, "exposes"), so that there is a
// type with fields, units and choices before the first value comes, and one to set what can be set.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <cli/bridge/foreign_type.hpp>
#include <cli/bridge/mqtt_dialect.hpp>

namespace dts::cli {

class Zigbee2Mqtt final : public MqttDialect {
 public:
  // `base`: what its topics begin with, "zigbee2mqtt" unless the user has changed it.
  Zigbee2Mqtt(MqttDesk& desk, std::string base) : desk_(desk), base_(std::move(base)) {}

  void begin() override { desk_.listen(base_ + "/bridge/devices"); }
  bool take(const MqttPost& post) override;
  bool speaks_in(std::string_view topic) const override;

 private:
  // What devices of one description share.
  struct Model {
    ForeignType state, set;
    bool settable = false;
    std::size_t devices = 0;
  };
  struct Device {
    std::string address;
    std::shared_ptr<Model> model;
    std::string description;  // as the bridge gave it
  };

  void take_devices(const MqttPost& post);
  void add(const std::string& name, const Json& described);
  void remove(const std::string& name);
  Result<std::shared_ptr<Model>> model_of(const Json& definition);
  void take_state(const std::string& name, const Device& device, const MqttPost& post);
  void take_availability(const std::string& name, const Device& device, const MqttPost& post);
  Result<void> order(const Value& value);
  MqttOrigin origin(const std::string& name, const Device& device) const;

  MqttDesk& desk_;
  const std::string base_;
  std::map<std::string, Device, std::less<>> devices_;               // by friendly name
  std::map<std::string, std::weak_ptr<Model>, std::less<>> models_;  // by definition
};

// The fields that "exposes" describes; `settable`: those one may set.
std::vector<ForeignField> fields_of_exposes(const Json& exposes, bool settable);

}  // namespace dts::cli
