#include <cli/bridge/home_assistant.hpp>

#include <algorithm>
#include <set>

#include <base/text.hpp>
#include <cli/bridge/availability.hpp>
#include <cli/bridge/foreign_unit.hpp>
#include <cli/bridge/home_assistant_config.hpp>
#include <cli/json_object.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr std::size_t kEntitiesMax = 4096;
constexpr std::size_t kComponentsMax = 256;  // of one device
constexpr std::size_t kOptionsMax = 256;

// "carbon_dioxide" -> "CarbonDioxide"
std::string title(std::string_view words) {
  std::string out;
  bool first = true;
  for (const char c : word_of(words)) {
    if (c == '_') {
      first = true;
      continue;
    }
    out += first && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    first = false;
  }
  return word_of(out);
}

bool is_switch(std::string_view component) {
  for (const std::string_view known : {"binary_sensor", "switch", "light", "fan", "siren"})
    if (component == known) return true;
  return false;
}

// Those that have no value, or none that a field could hold.
bool is_without_value(std::string_view component) {
  for (const std::string_view known : {"device_automation", "tag", "scene", "image", "camera",
                                       "update", "notify", "event", "device_tracker"})
    if (component == known) return true;
  return false;
}

}  // namespace

// From a message of discovery to an Entity.
class HomeAssistant::Reader {
 public:
  Reader(const DiscoveryConfig& config, MqttDesk& desk, const MqttPost& post)
      : config_(config), desk_(desk), post_(post) {}

  Result<Entity> read(std::string component, std::string node, std::string object) {
    Entity entity;
    entity.config = std::string(post_.topic);
    entity.component = std::move(component);
    entity.object = std::move(object);
    entity.unique = config_.text("unique_id");
    entity.name = config_.text("name", entity.object);
    name_device(entity, node.empty() ? entity.object : node);
    entity.state_topic = config_.topic("state_topic");
    entity.command_topic = config_.topic("command_topic");
    if (entity.state_topic.empty() && entity.command_topic.empty())
      return Error(ErrorCode::decode, "neither a state_topic nor a command_topic");
    for (const std::string* topic : {&entity.state_topic, &entity.command_topic})
      if (!topic->empty() && !is_topic(*topic))
        return Error(ErrorCode::decode, "\"" + base::printable(*topic) + "\" is no topic");
    read_words(entity);
    DTS_TRY(read_type(entity));
    read_presence(entity);
    return entity;
  }

 private:
  void name_device(Entity& entity, const std::string& otherwise) const {
    entity.device = otherwise;
    const auto device = config_.find("device");
    if (!device) return;
    const DiscoveryConfig about(*device);
    std::string id = about.text("identifiers");
    if (const auto ids = about.find("identifiers"))
      if (const auto first = cli::find(*ids, "0")) id = plain_text(*first);
    entity.device = about.text("name", id.empty() ? otherwise : id);
  }

  void read_words(Entity& entity) const {
    entity.on_command = config_.text("payload_on", "ON");
    entity.off_command = config_.text("payload_off", "OFF");
    if (entity.component == "button") entity.on_command = config_.text("payload_press", "PRESS");
    entity.on = config_.text("state_on", entity.on_command);
    entity.off = config_.text("state_off", entity.off_command);
    entity.commands_in_json = config_.text("schema") == "json";
    entity.commands_by_template = config_.find("command_template").has_value();
    simdjson::dom::array options;
    if (const auto found = config_.find("options");
        found && found->get(options) == simdjson::SUCCESS)
      for (const Json option : options)
        if (entity.options.size() < kOptionsMax) entity.options.push_back(plain_text(option));
    if (const auto least = config_.find("min")) entity.least = number_of(*least);
    if (const auto most = config_.find("max")) entity.most = number_of(*most);
  }

  Result<void> read_type(Entity& entity) const {
    if (entity.state_topic.empty()) return {};
    std::string text = config_.text("value_template");
    if (text.empty()) text = config_.text("state_value_template");
    // Lights of this kind say {"state": "ON"} and no template.
    if (text.empty() && config_.text("schema") == "json") text = "{{ value_json.state }}";
    const std::string device_class = config_.text("device_class");
    ForeignField field{.name = "value", .required = true};
    field.doc = "";
    std::string name = title(device_class.empty() ? entity.component : device_class);
    if (auto where = ValueTemplate::parse(text)) {
      entity.where = std::move(*where);
      take_kind(entity, device_class, field);
    } else {
      desk_.tell(MqttCount::not_understood, post_.topic,
                 where.error().at("its payloads are passed on as they are"));
      DTS_ASSIGN(entity.where, ValueTemplate::parse(""));
      field = {.name = "payload", .kind = Kind::text, .required = true};
      name = "Raw";
    }
    DTS_ASSIGN(entity.type, ForeignType::make("homeassistant." + name, {std::move(field)}));
    return {};
  }

  void take_kind(const Entity& entity, const std::string& device_class, ForeignField& field) const {
    const std::string unit = config_.text("unit_of_measurement");
    field.unit = unit_from_foreign(unit);
    if (!unit.empty() && field.unit.empty()) field.doc = "in " + unit.substr(0, 100);
    if (is_switch(entity.component)) {
      field = {.name = "on", .kind = Kind::boolean, .required = true};
    } else if (device_class == "timestamp") {
      field.kind = Kind::time;
    } else if (entity.component != "number" && unit.empty() && !config_.find("state_class")) {
      field.kind = Kind::text;
    }
  }

  void read_presence(Entity& entity) const {
    const auto add = [&](const DiscoveryConfig& from, std::string_view topic,
                         std::string_view where) {
      Presence presence;
      presence.topic = config_.expanded(from.text(topic));
      presence.online = from.text("payload_available", config_.text("payload_available", "online"));
      presence.offline =
          from.text("payload_not_available", config_.text("payload_not_available", "offline"));
      auto parsed = ValueTemplate::parse(from.text(where));
      if (!parsed) return desk_.tell(MqttCount::not_understood, post_.topic, parsed.error());
      presence.where = std::move(*parsed);
      if (is_topic(presence.topic) && entity.presence.size() < 8)
        entity.presence.push_back(std::move(presence));
    };
    if (config_.find("availability_topic"))
      add(config_, "availability_topic", "availability_template");
    const auto found = config_.find("availability");
    simdjson::dom::array several;
    if (!found) return;
    if (found->get(several) != simdjson::SUCCESS) {
      if (found->is_object()) add(DiscoveryConfig(*found), "topic", "value_template");
      return;
    }
    for (const Json each : several)
      if (each.is_object()) add(DiscoveryConfig(each), "topic", "value_template");
  }

  const DiscoveryConfig& config_;
  MqttDesk& desk_;
  const MqttPost& post_;
};

void HomeAssistant::begin() {
  desk_.listen(prefix_ + "/+/+/config");
  desk_.listen(prefix_ + "/+/+/+/config");
  if (std::exchange(accepting_, true)) return;
  const auto set = Type::parse(
      "// To an entity's command topic; the entity by its unique_id, or its name in the topic.\n"
      "homeassistant.Set{entity:text, value:text}");
  if (set) desk_.accept(*set, [this](const Value& value) { return order(value); });
}

bool HomeAssistant::take(const MqttPost& post) {
  if (post.topic.starts_with(prefix_) && post.topic.substr(prefix_.size()).starts_with('/') &&
      post.topic.ends_with("/config")) {
    take_config(post);
    return true;
  }
  // What it calls may change topics_: the keys first.
  std::vector<std::string> keys;
  for (auto [each, end] = topics_.equal_range(post.topic); each != end; ++each)
    keys.push_back(each->second);
  std::set<std::string> devices;  // whose presence is known by now: its entities share it
  for (const std::string& key : keys) {
    const auto found = entities_.find(key);
    if (found == entities_.end()) continue;
    const Entity& entity = found->second;
    for (const Presence& presence : entity.presence)
      if (presence.topic == post.topic && devices.insert(entity.device).second)
        take_presence_of(entity, presence, post);
    if (entity.state_topic == post.topic) take_state(entity, post);
  }
  return !keys.empty();
}

void HomeAssistant::take_config(const MqttPost& post) {
  const std::string topic(post.topic);
  if (post.payload.empty()) return remove(topic);
  if (const auto known = configs_.find(topic); known != configs_.end()) {
    if (known->second == std::hash<std::string_view>()(post.payload)) return;
    remove(topic);
  }
  const auto json = desk_.json(post);
  if (!json) return;
  const DiscoveryConfig config(*json);
  if (const auto origin = config.find("origin");
      origin && text_of(*origin, "name") == kMqttOriginName)
    return desk_.count(MqttCount::own);
  const auto levels = topic_levels(post.topic.substr(prefix_.size() + 1));
  const bool node = levels.size() == 4;
  if (levels.size() < 3 || !json->is_object()) return desk_.count(MqttCount::not_understood);
  const std::string component(levels[0]), object(levels[levels.size() - 2]);
  const auto read = [&](const DiscoveryConfig& from, const std::string& what,
                        const std::string& name) {
    if (is_without_value(what)) return desk_.count(MqttCount::without_value);
    auto entity = Reader(from, desk_, post).read(what, node ? std::string(levels[1]) : "", name);
    if (!entity) return desk_.tell(MqttCount::not_understood, post.topic, entity.error());
    add(std::move(*entity));
  };
  if (configs_.size() >= kEntitiesMax)
    return desk_.tell(MqttCount::too_many, topic,
                      Error(ErrorCode::limit_reached, "too many entities: this one is left out"));
  configs_[topic] = std::hash<std::string_view>()(post.payload);
  if (component != "device") return read(config, component, object);
  simdjson::dom::object components;
  const auto found = config.find("components");
  if (!found || found->get(components) != simdjson::SUCCESS)
    return desk_.tell(MqttCount::not_understood, post.topic,
                      Error(ErrorCode::decode, "a device without components"));
  std::size_t count = 0;
  for (const auto [name, own] : components) {
    if (++count > kComponentsMax || !own.is_object()) continue;
    const DiscoveryConfig each(own, *json);
    read(each, DiscoveryConfig(own).text("platform"), std::string(name));
  }
}

void HomeAssistant::add(Entity entity) {
  if (!entity.state_topic.empty() && elsewhere_(entity.state_topic))
    return desk_.count(MqttCount::without_value);  // it is read there
  if (entities_.size() >= kEntitiesMax)
    return desk_.tell(MqttCount::too_many, entity.config,
                      Error(ErrorCode::limit_reached, "too many entities: this one is left out"));
  const std::string key = entity.config + "#" + entity.object;
  std::vector<std::string> topics;
  if (!entity.state_topic.empty()) topics.push_back(entity.state_topic);
  for (const Presence& presence : entity.presence) topics.push_back(presence.topic);
  std::sort(topics.begin(), topics.end());
  topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
  entities_[key] = std::move(entity);
  for (const std::string& topic : topics) {
    if (!topics_.contains(topic)) desk_.listen(topic);
    topics_.emplace(topic, key);
  }
}

void HomeAssistant::remove(const std::string& config) {
  configs_.erase(config);
  for (auto each = entities_.lower_bound(config + "#");
       each != entities_.end() && each->first.starts_with(config + "#");) {
    desk_.end("homeassistant/" + each->second.device, each->first);
    for (auto topic = topics_.begin(); topic != topics_.end();) {
      const std::string name = topic->first;
      const bool ours = topic->second == each->first;
      topic = ours ? topics_.erase(topic) : std::next(topic);
      if (ours && !topics_.contains(name)) desk_.ignore(name);
    }
    each = entities_.erase(each);
  }
}

MqttOrigin HomeAssistant::origin(const Entity& entity) {
  MqttOrigin origin{"homeassistant/" + entity.device, entity.config + "#" + entity.object, {}};
  origin.labels = {{"device", entity.device}, {"entity", entity.name}};
  if (!entity.unique.empty()) origin.labels["id"] = entity.unique;
  return origin;
}

void HomeAssistant::take_state(const Entity& entity, const MqttPost& post) {
  if (post.payload.empty()) return desk_.count(MqttCount::without_value);
  std::optional<Json> json;
  if (entity.where.wants_json()) {
    json = desk_.json(post);
    if (!json) return;
  }
  const auto text = entity.where.apply(post.payload, json);
  // What Home Assistant itself takes for no value.
  if (!text || text->empty() || *text == "unknown" || *text == "unavailable" || *text == "None")
    return desk_.count(MqttCount::without_value);
  auto value = Value::of(entity.type->type());
  if (!value) return desk_.tell(MqttCount::not_understood, post.topic, value.error());
  const std::string& field = entity.type->fields()[0].name;
  const Result<void> done = field == "on" && *text == entity.on    ? value->set(field, true)
                            : field == "on" && *text == entity.off ? value->set(field, false)
                                                                   : put(*value, field, *text);
  if (!done) return desk_.tell(MqttCount::misfits, post.topic, done.error());
  desk_.publish(origin(entity), *value);
}

void HomeAssistant::take_presence_of(const Entity& entity, const Presence& presence,
                                     const MqttPost& post) {
  if (post.payload.empty()) return;
  std::optional<Json> json;
  if (presence.where.wants_json()) {
    json = desk_.json(post);
    if (!json) return;
  }
  const auto text = presence.where.apply(post.payload, json);
  const bool on = text == presence.online, off = text == presence.offline;
  const MqttOrigin device{"homeassistant/" + entity.device, {}, {{"device", entity.device}}};
  take_presence(desk_, "homeassistant", device, post, on || off ? std::optional(on) : std::nullopt);
}

Result<std::string> HomeAssistant::command_for(const Entity& entity, const std::string& value) {
  const auto truth = truth_of(value);
  if (entity.component == "button") return entity.on_command;
  if (is_switch(entity.component)) {
    std::string word;
    if (value == entity.on_command || value == entity.off_command)
      word = value;
    else if (truth)
      word = *truth ? entity.on_command : entity.off_command;
    else
      return Error(ErrorCode::wrong_value,
                   "\"" + base::printable(value) + "\" is neither on nor off");
    return entity.commands_in_json ? JsonObject().text("state", word).str() : word;
  }
  if (entity.component == "number") {
    std::optional<double> number;
    PayloadReader reader;
    if (const auto json = reader.json(value)) number = number_of(*json);
    if (!number || (entity.least && *number < *entity.least) ||
        (entity.most && *number > *entity.most))
      return Error(ErrorCode::wrong_value, "\"" + base::printable(value) + "\" is out of range", {},
                   "it takes numbers from " + number_text(entity.least.value_or(1)) + " to " +
                       number_text(entity.most.value_or(100)));
  }
  if (!entity.options.empty() &&
      std::find(entity.options.begin(), entity.options.end(), value) == entity.options.end())
    return Error(ErrorCode::wrong_value, "\"" + base::printable(value) + "\" is no option of it",
                 {}, "it takes " + base::printable(joined(entity.options, ", ")));
  return value;
}

Result<void> HomeAssistant::order(const Value& value) {
  DTS_ASSIGN(const std::string name, value.text("entity"));
  DTS_ASSIGN(const std::string wish, value.text("value"));
  std::vector<std::string> names;
  const Entity* entity = nullptr;
  for (const auto& [key, each] : entities_) {
    if (each.command_topic.empty()) continue;
    names.push_back(each.unique.empty() ? each.object : each.unique);
    if (each.unique == name || (entity == nullptr && each.object == name)) entity = &each;
  }
  const std::string where = "homeassistant.Set";
  if (entity == nullptr)
    return Error(ErrorCode::wrong_value,
                 "no entity \"" + base::printable(name) + "\" takes commands", where, {},
                 base::suggestion(name, names, "those that do:"));
  if (entity->commands_by_template)
    return Error(ErrorCode::unsupported, "its commands are made by a template", where,
                 "templates of commands are not understood", "a mapping file (--map)");
  const auto payload = command_for(*entity, wish);
  if (!payload) return payload.error().at(where);
  if (!desk_.send(entity->command_topic, *payload, false))
    return Error(ErrorCode::system, "there is no connection to the broker");
  return {};
}

}  // namespace dts::cli
