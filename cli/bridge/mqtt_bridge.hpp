// MqttBridge: joins the domain of a session with the devices behind an MQTT broker. Dialects
// understand the devices; here their values go to the domain, and the domain's to them. Everything
// happens on the session's thread.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <cli/bridge/announcement.hpp>
#include <cli/bridge/mapping.hpp>
#include <cli/bridge/mqtt_dialect.hpp>
#include <cli/bridge/mqtt_session.hpp>
#include <cli/bridge/mqtt_turn.hpp>
#include <cli/session.hpp>

namespace dts::cli {

struct MqttBridgeOptions {
  std::string url;
  bool tasmota = true, zigbee2mqtt = true, home_assistant = true, announce = false;
  std::string zigbee2mqtt_base = "zigbee2mqtt", home_assistant_prefix = "homeassistant";
  Mapping mapping;
};

class MqttBridge final : public MqttDesk {
 public:
  static Result<std::unique_ptr<MqttBridge>> open(Session& session, MqttBridgeOptions options);
  // Until interrupted, or --timeout.
  Session::End run();
  // Says goodbye, and what has been done.
  void finish();

 private:
  struct Source {
    TypeId type;
    ValuePublisher publisher;
  };
  struct Accepted {
    std::string name;
    std::size_t wanted = 0;
    Subscription subscription;
    ValuePublisher description;  // publishes nothing: so others know the type
  };

  MqttBridge(Session& session, MqttBridgeOptions options, std::string name);
  // As one works among the bridges of this domain, or stands by.
  void follow_turn();
  void work();
  void rest();
  void take(const MqttSession::Event& event);
  void connected();
  void lost(const Error& error);
  void take_message(const MqttSession::Event& event);
  void tick(Instant now);
  void publish_mapped(const MapTo& to, const Value& value, const Sample& sample);
  static bool is_from_bridge(const Sample& sample);
  bool is_command(const std::string& type) const;
  void event(std::string_view what, const std::string& text);

  void listen(const std::string& filter) override { mqtt_->listen(filter); }
  void ignore(const std::string& filter) override { mqtt_->ignore(filter); }
  bool send(const std::string& topic, const std::string& payload, bool retained) override;
  void publish(const MqttOrigin& origin, const Value& value) override;
  void end(const std::string& device) override;
  void end(const std::string& device, const std::string& part) override;
  void accept(const Type& type, Order order) override;
  void refuse(const Type& type) override;
  std::optional<Json> json(const MqttPost& post) override;
  void tell(MqttCount what, std::string_view topic, const Error& error) override;
  void count(MqttCount what) override { ++counts_[static_cast<std::size_t>(what)]; }

  Session& session_;
  const MqttBridgeOptions options_;
  const std::string name_, status_;  // of this bridge among those of the domain; their topic
  MqttTurn turn_;
  bool working_ = false, standing_by_ = false, told_alone_ = false;
  std::unique_ptr<MqttSession> mqtt_;
  std::vector<std::unique_ptr<MqttDialect>> dialects_;
  std::unique_ptr<Announcement> announcement_;
  std::map<std::string, Source> sources_;    // by device and part
  std::set<std::string> devices_;            // told of
  std::map<TypeId, Accepted> accepted_;      // commands
  std::vector<Subscription> subscriptions_;  // of the mapping and the announcement
  std::map<std::string, std::pair<std::string, bool>> waiting_;  // messages by topic
  std::set<std::string, std::less<>> told_;
  PayloadReader reader_;
  std::array<std::uint64_t, static_cast<std::size_t>(MqttCount::last_)> counts_{};
  Instant next_tick_{};
  std::string last_loss_;
};

}  // namespace dts::cli
