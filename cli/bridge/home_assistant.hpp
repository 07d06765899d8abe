// Home Assistant's discovery, read: whatever announces itself there (ESPHome, OpenMQTTGateway and
// hundreds more) says in one message where its values are, in which unit and of what kind. What the
// bridge itself announces (announcement.hpp) is passed over, and so is what another dialect reads.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cli/bridge/foreign_type.hpp>
#include <cli/bridge/mqtt_dialect.hpp>
#include <cli/bridge/value_template.hpp>

namespace dts::cli {

// "origin": {"name": ...} of what the bridge announces itself.
constexpr std::string_view kMqttOriginName = "dts bridge mqtt";

class HomeAssistant final : public MqttDialect {
 public:
  using Elsewhere = std::function<bool(std::string_view topic)>;
  // `prefix`: "homeassistant" unless the user has changed it. `elsewhere`: are the values in this
  // topic another dialect's?
  HomeAssistant(MqttDesk& desk, std::string prefix, Elsewhere elsewhere)
      : desk_(desk), prefix_(std::move(prefix)), elsewhere_(std::move(elsewhere)) {}

  void begin() override;
  bool take(const MqttPost& post) override;
  bool speaks_in(std::string_view) const override { return false; }

 private:
  struct Presence {
    std::string topic, online = "online", offline = "offline";
    ValueTemplate where;
  };
  struct Entity {
    std::string config;  // the topic that announced it
    std::string component, object, unique, device, name;
    std::string state_topic, command_topic;
    ValueTemplate where;
    std::optional<ForeignType> type;  // of one field, "value" or "on"
    std::string on, off;              // as it says them
    std::string on_command, off_command;
    std::vector<std::string> options;
    std::optional<double> least, most;
    bool commands_by_template = false, commands_in_json = false;
    std::vector<Presence> presence;
  };
  class Reader;

  void take_config(const MqttPost& post);
  void add(Entity entity);
  void remove(const std::string& config);
  void take_state(const Entity& entity, const MqttPost& post);
  void take_presence_of(const Entity& entity, const Presence& presence, const MqttPost& post);
  Result<void> order(const Value& value);
  static Result<std::string> command_for(const Entity& entity, const std::string& value);
  static MqttOrigin origin(const Entity& entity);

  MqttDesk& desk_;
  const std::string prefix_;
  const Elsewhere elsewhere_;
  bool accepting_ = false;
  std::map<std::string, Entity, std::less<>> entities_;      // by config and, if many, component
  std::map<std::string, std::size_t, std::less<>> configs_;  // their hashes, by topic
  std::multimap<std::string, std::string, std::less<>> topics_;  // entities by what they read
};

}  // namespace dts::cli
