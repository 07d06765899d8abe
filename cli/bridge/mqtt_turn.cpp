#include <cli/bridge/mqtt_turn.hpp>

#include <cli/bridge/foreign_payload.hpp>
#include <cli/json_object.hpp>

namespace dts::cli {

std::string MqttTurn::said(bool works, std::string_view name) {
  return JsonObject().text("state", works ? "online" : "offline").text("bridge", name).str();
}

void MqttTurn::claim(Instant now) {
  claim_ = true;
  claimed_ = now;
}

// Until it is settled who works, the one that did goes on.
void MqttTurn::connected(Instant now) {
  asked_ = now;
  settled_ = false;
  holder_.clear();
}

void MqttTurn::settled(Instant now) {
  asked_.reset();
  settled_ = true;
  alone_ = false;
  if (holder_.empty() || holder_ == own_) return claim(now);
  works_ = false;
}

void MqttTurn::heard(std::string_view payload, Instant now) {
  PayloadReader reader;
  const auto json = reader.json(payload);
  const std::string name = json ? text_of(*json, "bridge") : std::string();
  if (name.empty()) return;  // what the broker keeps was removed, or somebody else's
  const bool online = text_of(*json, "state") == "online";
  if (online) {
    holder_ = name;
    holder_heard_ = now;
    if (settled_) works_ = name == own_;
    return;
  }
  // A last will that comes late speaks for one who has been followed already.
  if (works_ && settled_) return claim(now);
  if (holder_ == name || holder_.empty()) {
    holder_.clear();
    if (settled_) claim(now);
  }
}

void MqttTurn::tick(Instant now) {
  if (asked_ && now >= *asked_ + kUnsettled) {
    asked_.reset();
    alone_ = works_ = true;
  }
  if (!settled_) return;
  if (works_ ? now >= claimed_ + kRepeated : now >= holder_heard_ + kPatience) {
    // One that says nothing any more is gone, whatever the broker keeps of it.
    if (!works_ && now < claimed_ + kRepeated) return;
    claim(now);
  }
}

}  // namespace dts::cli
