#include <cli/bridge/tasmota.hpp>

#include <algorithm>
#include <array>

#include <base/text.hpp>
#include <cli/bridge/availability.hpp>

namespace dts::cli {

namespace {

constexpr std::string_view kDiscovery = "tasmota/discovery/";
constexpr std::size_t kShapesMax = 4096;
constexpr int kNestingMax = 2;

// The units of a message, as it says them itself.
struct Units {
  std::string temperature = "Cel", pressure = "hPa", speed;
};

Units units_of(const Json& json) {
  Units units;
  if (text_of(json, "TempUnit") == "F") units.temperature = "[degF]";
  const std::string pressure = text_of(json, "PressureUnit");
  if (pressure == "mmHg") units.pressure = "mm[Hg]";
  if (pressure == "inHg") units.pressure = "[in_i'Hg]";
  const std::string speed = text_of(json, "SpeedUnit");
  if (speed == "km/h" || speed == "m/s") units.speed = speed;
  if (speed == "mph") units.speed = "[mi_i]/h";
  if (speed == "kn") units.speed = "[kn_i]";
  return units;
}

// What Tasmota's names stand for wherever they are.
std::string unit_of(std::string_view name, const Units& units) {
  while (!name.empty() && name.back() >= '0' && name.back() <= '9' && name != "eCO2" &&
         name != "PM10")
    name.remove_suffix(1);
  if (name == "Temperature" || name == "DewPoint" || name == "HeatIndex") return units.temperature;
  if (name == "Pressure" || name == "SeaPressure" || name == "SeaLevelPressure")
    return units.pressure;
  struct Row {
    std::string_view name, unit;
  };
  static constexpr Row rows[] = {
      {"Humidity", "%"},     {"Illuminance", "lx"}, {"CarbonDioxide", "[ppm]"},
      {"eCO2", "[ppm]"},     {"TVOC", "[ppb]"},     {"Total", "kW.h"},
      {"Yesterday", "kW.h"}, {"Today", "kW.h"},     {"ExportActive", "kW.h"},
      {"Period", "W.h"},     {"Power", "W"},        {"ApparentPower", "V.A"},
      {"Frequency", "Hz"},   {"Voltage", "V"},      {"Current", "A"},
      {"Weight", "kg"},      {"UptimeSec", "s"},    {"Vcc", "V"},
      {"Wifi_RSSI", "%"},    {"Dimmer", "%"}};
  for (const Row& row : rows)
    if (row.name == name) return std::string(row.unit);
  return name == "Speed" || name == "WindSpeed" ? units.speed : "";
}

bool is_about(std::string_view key) {
  return key == "Time" || key == "TempUnit" || key == "PressureUnit" || key == "SpeedUnit" ||
         key == "Epoch";
}

bool is_power(std::string_view key) {
  return key.starts_with("POWER") && key.size() <= 7 &&
         key.substr(5).find_first_not_of("0123456789") == std::string_view::npos;
}

// The scalars of an object, those of objects in it as Wifi_RSSI.
void fields_of(const Json& json, const std::string& name, const JsonPath& path, const Units& units,
               int depth, std::vector<ForeignField>& fields) {
  simdjson::dom::object object;
  if (json.get(object) != simdjson::SUCCESS) return;
  for (const auto [key, member] : object) {
    if (depth == 0 && path.empty() && (is_about(key) || is_power(key))) continue;
    ForeignField field{.name = name.empty() ? std::string(key) : name + "_" + std::string(key),
                       .path = path};
    field.path.emplace_back(key);
    simdjson::dom::array items;
    Json sample = member;
    if (member.is_object()) {
      // At the head of a message an object is a sensor with a type of its own.
      if (depth > 0 && depth <= kNestingMax)
        fields_of(member, field.name, field.path, units, depth + 1, fields);
      continue;
    }
    if (member.get(items) == simdjson::SUCCESS) {
      if (items.at(0).get(sample) != simdjson::SUCCESS) continue;
      field.list = true;
    }
    if (sample.is_null() || sample.is_object() || sample.is_array()) continue;  // no kind yet
    if (sample.is_bool()) {
      field.kind = Kind::boolean;
    } else if (sample.is_string()) {
      field.kind = key == "TotalStartTime" ? Kind::time : Kind::text;
    } else {
      field.unit = unit_of(field.name.starts_with("Wifi_") ? field.name : std::string(key), units);
      if (key == "ReactivePower") {
        field.unit = "V.A";
        field.quantity = "reactive";
      }
    }
    fields.push_back(std::move(field));
  }
}

// "DS18B20-1" and "DS18B20-0316A2" are of one kind.
std::string kind_of_sensor(std::string_view key) { return word_of(key.substr(0, key.find('-'))); }

}  // namespace

void Tasmota::begin() {
  desk_.listen(std::string(kDiscovery) + "+/config");
  for (const char* what : {"SENSOR", "STATE", "LWT"}) desk_.listen(std::string("tele/+/") + what);
  desk_.listen("stat/+/+");
  if (std::exchange(accepting_, true)) return;
  const auto command = Type::parse(
      "// A command for a device: it goes to cmnd/DEVICE/COMMAND.\n"
      "tasmota.Command{device:text, command:text, argument:text=\"\"}");
  if (command) desk_.accept(*command, [this](const Value& value) { return order(value); });
}

bool Tasmota::speaks_in(std::string_view topic) const {
  return topic.starts_with(kDiscovery) || place_of(topic).has_value();
}

// A full topic has %prefix% and %topic% once each, and what else one likes.
std::optional<Tasmota::Place> Tasmota::place_of(std::string_view topic) const {
  const std::size_t last = topic.rfind('/');
  if (last == topic.npos) return {};
  const std::string what(topic.substr(last + 1));
  for (const auto& [name, device] : devices_)
    for (const Prefix prefix : {Prefix::state, Prefix::telemetry})
      if (device.topics_of_its_own && topic == topic_of(name, prefix, what))
        return Place{prefix, name, what};
  const auto levels = topic_levels(topic);
  if (levels.size() != 3) return {};
  if (levels[0] == "tele" && (what == "SENSOR" || what == "STATE" || what == "LWT"))
    return Place{Prefix::telemetry, std::string(levels[1]), what};
  if (levels[0] == "stat" && (what == "RESULT" || is_power(what) || what.starts_with("STATUS")))
    return Place{Prefix::state, std::string(levels[1]), what};
  return {};
}

std::string Tasmota::topic_of(const std::string& name, Prefix prefix, std::string_view what) const {
  const auto known = devices_.find(name);
  const Device device = known == devices_.end() ? Device() : known->second;
  std::string topic = device.full_topic;
  const auto replace = [&](std::string_view placeholder, const std::string& by) {
    const std::size_t at = topic.find(placeholder);
    if (at != topic.npos) topic.replace(at, placeholder.size(), by);
  };
  replace("%prefix%", prefix == Prefix::command ? device.command
                      : prefix == Prefix::state ? device.state
                                                : device.telemetry);
  replace("%topic%", name);
  if (!topic.ends_with('/')) topic += '/';
  return topic + std::string(what);
}

Tasmota::Device* Tasmota::device(const std::string& name, std::string_view topic) {
  const auto known = devices_.find(name);
  if (known != devices_.end()) return &known->second;
  if (devices_.size() < kMqttDevicesMax) return &devices_[name];
  desk_.tell(MqttCount::too_many, topic,
             Error(ErrorCode::limit_reached, "more than " + std::to_string(kMqttDevicesMax) +
                                                 " devices: this one is left out"));
  return nullptr;
}

bool Tasmota::take(const MqttPost& post) {
  if (post.topic.starts_with(kDiscovery)) {
    take_discovery(post);
    return true;
  }
  const auto place = place_of(post.topic);
  if (!place) return false;
  const auto& [prefix, name, what] = *place;
  const Device* known = device(name, post.topic);
  if (known == nullptr) return true;
  if (post.payload.empty()) {
    desk_.count(MqttCount::without_value);
  } else if (prefix == Prefix::telemetry && what == "LWT") {
    const bool on = post.payload == known->online, off = post.payload == known->offline;
    take_presence(desk_, "tasmota", {"tasmota/" + name, {}, {{"device", name}}}, post,
                  on || off ? std::optional(on) : truth_of(post.payload));
  } else if (is_power(what) && post.payload[0] != '{') {
    take_power(name, what, post.payload, post, false);
  } else if (const auto json = desk_.json(post)) {
    const bool status = what.starts_with("STATUS");
    const auto sensors = status ? find(*json, "StatusSNS") : std::nullopt;
    const auto state = status ? find(*json, "StatusSTS") : std::nullopt;
    if (what == "SENSOR" || sensors) {
      take_sensors(name, post, sensors.value_or(*json));
    } else if (what == "STATE" || state) {
      take_state(name, post, state.value_or(*json), true);
    } else {
      take_state(name, post, *json, false);
    }
  }
  return true;
}

void Tasmota::take_discovery(const MqttPost& post) {
  if (post.payload.empty()) {
    const auto known = discovered_.find(std::string(post.topic));
    if (known == discovered_.end()) return;
    desk_.end("tasmota/" + known->second);
    devices_.erase(known->second);
    discovered_.erase(known);
    return;
  }
  const auto json = desk_.json(post);
  if (!json) return;
  const std::string name = text_of(*json, "t");
  const std::string full = text_of(*json, "ft");
  const bool good = is_topic(name) && name.find('/') == name.npos && is_topic(full) &&
                    full.find("%prefix%") != full.npos && full.find("%topic%") != full.npos;
  if (!good)
    return desk_.tell(MqttCount::not_understood, post.topic,
                      Error(ErrorCode::decode, "no topic in the announcement (t, ft)"));
  Device* const known = device(name, post.topic);
  if (known == nullptr) return;
  Device& device = *known;
  device.full_topic = full;
  const auto take_text = [](std::string& to, const std::optional<Json>& from) {
    if (from && from->is_string() && !plain_text(*from).empty()) to = plain_text(*from);
  };
  const auto at = [&](std::string_view list, const char* index) {
    return find(*json, JsonPath{std::string(list), index});
  };
  take_text(device.command, at("tp", "0"));
  take_text(device.state, at("tp", "1"));
  take_text(device.telemetry, at("tp", "2"));
  take_text(device.online, find(*json, "onln"));
  take_text(device.offline, find(*json, "ofln"));
  take_text(device.off, at("state", "0"));
  take_text(device.on, at("state", "1"));
  device.topics_of_its_own = full != Device().full_topic || device.command != "cmnd" ||
                             device.state != "stat" || device.telemetry != "tele";
  discovered_[std::string(post.topic)] = name;
  if (!device.topics_of_its_own) return;
  for (const char* what : {"SENSOR", "STATE", "LWT"})
    desk_.listen(topic_of(name, Prefix::telemetry, what));
  desk_.listen(topic_of(name, Prefix::state, "+"));
}

void Tasmota::take_sensors(const std::string& name, const MqttPost& post, const Json& json) {
  simdjson::dom::object object;
  if (json.get(object) != simdjson::SUCCESS)
    return desk_.tell(MqttCount::not_understood, post.topic,
                      Error(ErrorCode::decode, "sensors are an object"));
  const Units units = units_of(json);
  for (const auto [key, member] : object) {
    if (!member.is_object()) continue;
    std::vector<ForeignField> fields;
    fields_of(member, {}, {std::string(key)}, units, 1, fields);
    take_part(name, std::string(key), "tasmota." + kind_of_sensor(key), json, fields, post);
  }
  std::vector<ForeignField> others;
  fields_of(json, {}, {}, units, 0, others);
  if (!others.empty()) take_part(name, {}, "tasmota.Sensor", json, others, post);
}

void Tasmota::take_state(const std::string& name, const MqttPost& post, const Json& json,
                         bool whole) {
  simdjson::dom::object object;
  if (json.get(object) != simdjson::SUCCESS)
    return desk_.tell(MqttCount::not_understood, post.topic,
                      Error(ErrorCode::decode, "a state is an object"));
  for (const auto [key, member] : object)
    if (is_power(key)) take_power(name, std::string(key), plain_text(member), post, whole);
  if (!whole) return;
  std::vector<ForeignField> fields;
  fields_of(json, {}, {}, {}, 0, fields);
  if (const auto wifi = find(json, "Wifi")) fields_of(*wifi, "Wifi", {"Wifi"}, {}, 1, fields);
  take_part(name, {}, "tasmota.State", json, fields, post);
}

// A switch says what it does twice, as RESULT and as POWER, and once more with its state.
void Tasmota::take_power(const std::string& name, const std::string& output, std::string_view said,
                         const MqttPost& post, bool always) {
  const Device& device = devices_[name];
  const auto on = said == device.on    ? std::optional(true)
                  : said == device.off ? std::optional(false)
                                       : truth_of(said);
  if (!on)
    return desk_.tell(MqttCount::misfits, post.topic,
                      Error(ErrorCode::wrong_value, output + " is neither on nor off", {},
                            "it is \"" + first_bytes(said) + "\""));
  const auto [power, first] = powers_.try_emplace(name + "/" + output, *on);
  if (!first && !always && power->second == *on) return;
  power->second = *on;
  const auto type =
      ForeignType::make("tasmota.Power", {{.name = "on", .kind = Kind::boolean, .required = true}});
  if (!type) return;
  auto value = Value::of(type->type());
  if (!value || !value->set("on", *on)) return;
  desk_.publish({"tasmota/" + name, output, {{"device", name}, {"output", output}}}, *value);
}

void Tasmota::take_part(const std::string& name, const std::string& part, const std::string& type,
                        const Json& whole, const std::vector<ForeignField>& fields,
                        const MqttPost& post) {
  std::string key = name + "/" + part + "/" + type;
  if (shapes_.size() >= kShapesMax && !shapes_.contains(key))
    return desk_.tell(MqttCount::too_many, post.topic,
                      Error(ErrorCode::limit_reached, "too many kinds of sensors"));
  Shape& shape = shapes_[key];
  bool changed = !shape.type;
  for (const ForeignField& field : fields) {
    const auto known =
        std::find_if(shape.fields.begin(), shape.fields.end(),
                     [&](const ForeignField& each) { return each.path == field.path; });
    if (known == shape.fields.end()) {
      if (shape.fields.size() >= ForeignType::fields_max) continue;
      shape.fields.push_back(field);
    } else if (known->unit != field.unit && field.kind == Kind::f64) {
      known->unit = field.unit;  // TempUnit was changed
    } else {
      continue;
    }
    changed = true;
  }
  if (changed) {
    std::vector<ForeignField> all = shape.fields;
    all.push_back({.name = "Time", .path = {"Time"}, .kind = Kind::time});
    auto made = ForeignType::make(type, std::move(all));
    if (!made) return desk_.tell(MqttCount::not_understood, post.topic, made.error());
    shape.type = std::move(*made);
  }
  const ForeignType::Read read = shape.type->read(whole);
  for (const Error& error : read.misfit) desk_.tell(MqttCount::misfits, post.topic, error);
  const bool only_time = read.found == (read.value.integer("Time") ? 1u : 0u);
  if (only_time) return desk_.count(MqttCount::without_value);
  MqttOrigin origin{"tasmota/" + name, part, {{"device", name}}};
  if (!part.empty()) origin.labels["sensor"] = part;
  desk_.publish(origin, read.value);
}

Result<void> Tasmota::order(const Value& value) {
  DTS_ASSIGN(const std::string name, value.text("device"));
  DTS_ASSIGN(const std::string command, value.text("command"));
  DTS_ASSIGN(const std::string argument, value.text("argument"));
  if (!devices_.contains(name)) {
    std::vector<std::string> names;
    for (const auto& [each, device] : devices_) names.push_back(each);
    return Error(ErrorCode::wrong_value, "there is no device \"" + base::printable(name) + "\"",
                 "tasmota.Command", {}, base::suggestion(name, names, "there is"));
  }
  if (command.empty() ||
      command.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos)
    return Error(ErrorCode::wrong_value, "\"" + base::printable(command) + "\" is no command",
                 "tasmota.Command", "it has letters and digits", "POWER, Dimmer, Backlog ...");
  if (!desk_.send(topic_of(name, Prefix::command, command), argument, false))
    return Error(ErrorCode::system, "there is no connection to the broker");
  return {};
}

}  // namespace dts::cli
