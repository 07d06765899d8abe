#include <cli/bridge/zigbee2mqtt.hpp>

#include <set>

#include <base/text.hpp>
#include <cli/bridge/availability.hpp>
#include <cli/bridge/foreign_unit.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr unsigned kPublished = 1, kSettable = 2;  // bits of "access"
constexpr int kNestingMax = 4;

std::string doc_of(const Json& exposed, const std::string& unit) {
  std::string doc = text_of(exposed, "description");
  const auto add = [&](const std::string& part) { doc += (doc.empty() ? "" : "; ") + part; };
  const auto least = find(exposed, "value_min"), most = find(exposed, "value_max");
  if (least && most) add("from " + plain_text(*least) + " to " + plain_text(*most));
  const std::string written = text_of(exposed, "unit");
  if (!written.empty() && unit.empty()) add("in " + written);
  return doc.substr(0, 300);
}

std::optional<double> bound(const Json& exposed, std::string_view name) {
  const auto found = find(exposed, name);
  return found ? number_of(*found) : std::nullopt;
}

void take_kind(ForeignField& field, const Json& exposed, std::string_view type) {
  if (type == "numeric") {
    field.unit = unit_from_foreign(text_of(exposed, "unit"));
    field.least = bound(exposed, "value_min");
    field.most = bound(exposed, "value_max");
  } else if (type == "binary") {
    field.kind = Kind::boolean;
    if (const auto on = find(exposed, "value_on")) field.on = simdjson::minify(*on);
    if (const auto off = find(exposed, "value_off")) field.off = simdjson::minify(*off);
  } else if (type == "enum") {
    field.kind = Kind::enumeration;
    simdjson::dom::array values;
    if (const auto found = find(exposed, "values");
        found && found->get(values) == simdjson::SUCCESS)
      for (const Json value : values) field.choices.push_back(plain_text(value));
  } else {
    field.kind = Kind::text;
  }
}

void collect(const Json& exposes, bool settable, const std::string& name, const JsonPath& path,
             int depth, std::vector<ForeignField>& fields) {
  simdjson::dom::array entries;
  if (depth > kNestingMax || exposes.get(entries) != simdjson::SUCCESS) return;
  for (const Json exposed : entries) {
    const std::string type = text_of(exposed, "type");
    const std::string property = text_of(exposed, "property");
    const auto features = find(exposed, "features");
    // "light", "switch" and so on only group what belongs together; "composite" is an object.
    if (features && (type != "composite" || property.empty())) {
      collect(*features, settable, name, path, depth + 1, fields);
      continue;
    }
    if (property.empty()) continue;
    JsonPath own = path;
    own.push_back(property);
    const std::string full = name.empty() ? property : name + "_" + property;
    if (features) {
      collect(*features, settable, full, own, depth + 1, fields);
      continue;
    }
    const auto access = find(exposed, "access");
    const auto bits = access ? static_cast<unsigned>(number_of(*access).value_or(0)) : kPublished;
    if ((bits & (settable ? kSettable : kPublished)) == 0) continue;
    ForeignField field{.name = full, .path = std::move(own)};
    if (type == "list") {
      const auto item = find(exposed, "item_type");
      const std::string of = item ? text_of(*item, "type") : "";
      field.list = of == "numeric" || of == "text" || of == "enum" || of == "binary";
      take_kind(field, field.list ? *item : exposed, field.list && of == "enum" ? "text" : of);
    } else {
      take_kind(field, exposed, type);
    }
    field.doc = doc_of(exposed, field.unit);
    fields.push_back(std::move(field));
  }
}

}  // namespace

std::vector<ForeignField> fields_of_exposes(const Json& exposes, bool settable) {
  std::vector<ForeignField> fields;
  collect(exposes, settable, {}, {}, 0, fields);
  return fields;
}

bool Zigbee2Mqtt::speaks_in(std::string_view topic) const {
  return topic.starts_with(base_) && topic.substr(base_.size()).starts_with('/');
}

bool Zigbee2Mqtt::take(const MqttPost& post) {
  if (!speaks_in(post.topic)) return false;
  std::string_view name = post.topic.substr(base_.size() + 1);
  if (name == "bridge/devices") {
    take_devices(post);
    return true;
  }
  if (const auto device = devices_.find(name); device != devices_.end()) {
    take_state(device->first, device->second, post);
    return true;
  }
  constexpr std::string_view about = "/availability";
  if (!name.ends_with(about)) return false;
  name.remove_suffix(about.size());
  const auto device = devices_.find(name);
  if (device == devices_.end()) return false;
  take_availability(device->first, device->second, post);
  return true;
}

void Zigbee2Mqtt::take_devices(const MqttPost& post) {
  const auto json = desk_.json(post);
  if (!json) return;
  simdjson::dom::array described;
  if (json->get(described) != simdjson::SUCCESS)
    return desk_.tell(MqttCount::not_understood, post.topic,
                      Error(ErrorCode::decode, "the list of devices is no list"));
  std::set<std::string, std::less<>> there;
  for (const Json device : described) {
    const std::string name = text_of(device, "friendly_name");
    const auto definition = find(device, "definition");
    if (!is_topic(base_ + "/" + name) || !definition || definition->is_null()) continue;
    const auto disabled = find(device, "disabled");
    if (disabled && plain_text(*disabled) == "true") continue;
    there.insert(name);
    add(name, device);
  }
  std::vector<std::string> gone;
  for (const auto& [name, device] : devices_)
    if (!there.contains(name)) gone.push_back(name);
  for (const std::string& name : gone) remove(name);
}

void Zigbee2Mqtt::add(const std::string& name, const Json& described) {
  const Json definition = *find(described, "definition");
  std::string description = simdjson::minify(definition);
  const auto known = devices_.find(name);
  if (known != devices_.end() && known->second.description == description) return;
  const std::string topic = base_ + "/" + name;
  if (known != devices_.end()) remove(name);
  if (devices_.size() >= kMqttDevicesMax)
    return desk_.tell(
        MqttCount::too_many, topic,
        Error(ErrorCode::limit_reached,
              "more than " + std::to_string(kMqttDevicesMax) + " devices: this one is left out"));
  auto model = model_of(definition);
  if (!model) return desk_.tell(MqttCount::not_understood, topic, model.error());
  devices_[name] = {text_of(described, "ieee_address"), std::move(*model), std::move(description)};
  desk_.listen(topic);
  desk_.listen(topic + "/availability");
}

Result<std::shared_ptr<Zigbee2Mqtt::Model>> Zigbee2Mqtt::model_of(const Json& definition) {
  const std::string key = simdjson::minify(definition);
  if (const auto known = models_.find(key); known != models_.end())
    if (auto model = known->second.lock()) return model;
  std::erase_if(models_, [](const auto& each) { return each.second.expired(); });
  const auto exposes = find(definition, "exposes");
  const std::string model_name = text_of(definition, "model");
  if (!exposes || model_name.empty())
    return Error(ErrorCode::decode, "the device's description has no model, or no \"exposes\"");
  const std::string type = "zigbee2mqtt." + word_of(model_name);
  std::vector<ForeignField> fields = fields_of_exposes(*exposes, false);
  fields.push_back({.name = "last_seen", .path = {"last_seen"}, .kind = Kind::time});
  auto model = std::make_shared<Model>();
  const std::string doc = text_of(definition, "vendor") + " " + text_of(definition, "description");
  DTS_ASSIGN(model->state, ForeignType::make(type, std::move(fields), doc.substr(0, 300)));
  std::vector<ForeignField> settable = fields_of_exposes(*exposes, true);
  model->settable = !settable.empty();
  settable.insert(
      settable.begin(),
      {.name = "device", .kind = Kind::text, .required = true, .doc = "its friendly name"});
  DTS_ASSIGN(model->set, ForeignType::make(type + ".Set", std::move(settable),
                                           "what is not given stays as it is"));
  if (model->settable)
    desk_.accept(model->set.type(), [this](const Value& value) { return order(value); });
  models_[key] = model;
  return model;
}

void Zigbee2Mqtt::remove(const std::string& name) {
  const std::string topic = base_ + "/" + name;
  desk_.ignore(topic);
  desk_.ignore(topic + "/availability");
  desk_.end(topic);
  const auto device = devices_.find(name);
  const std::shared_ptr<Model> model = device->second.model;
  devices_.erase(device);
  if (model.use_count() == 1 && model->settable) desk_.refuse(model->set.type());
}

MqttOrigin Zigbee2Mqtt::origin(const std::string& name, const Device& device) const {
  MqttOrigin origin{base_ + "/" + name, {}, {{"device", name}}};
  if (!device.address.empty()) origin.labels["address"] = device.address;
  return origin;
}

void Zigbee2Mqtt::take_state(const std::string& name, const Device& device, const MqttPost& post) {
  if (post.payload.empty()) return desk_.end(base_ + "/" + name);  // a retained value was removed
  const auto json = desk_.json(post);
  if (!json) return;
  const ForeignType::Read read = device.model->state.read(*json);
  for (const Error& error : read.misfit) desk_.tell(MqttCount::misfits, post.topic, error);
  if (read.found == 0) return desk_.count(MqttCount::without_value);
  desk_.publish(origin(name, device), read.value);
}

void Zigbee2Mqtt::take_availability(const std::string& name, const Device& device,
                                    const MqttPost& post) {
  if (post.payload.empty()) return;
  // "online", or since 2022 {"state":"online"}.
  std::string state(post.payload);
  if (post.payload[0] == '{') {
    const auto json = desk_.json(post);
    if (!json) return;
    state = text_of(*json, "state");
  }
  take_presence(desk_, "zigbee2mqtt", origin(name, device), post, truth_of(state));
}

Result<void> Zigbee2Mqtt::order(const Value& value) {
  DTS_ASSIGN(const std::string name, value.text("device"));
  const auto device = devices_.find(name);
  if (device == devices_.end() || !(device->second.model->set.type() == value.type())) {
    std::vector<std::string> names;
    for (const auto& [each, known] : devices_)
      if (known.model->set.type() == value.type()) names.push_back(each);
    return Error(ErrorCode::wrong_value,
                 "there is no device \"" + base::printable(name) + "\" of this model",
                 value.type().name(), {}, base::suggestion(name, names, "there is"));
  }
  DTS_ASSIGN(const std::string payload, device->second.model->set.write(value));
  if (payload == "{}")
    return Error(ErrorCode::missing_field, "nothing is set", value.type().name(),
                 "all fields but the device are empty");
  if (!desk_.send(base_ + "/" + name + "/set", payload, false))
    return Error(ErrorCode::system, "there is no connection to the broker");
  return {};
}

}  // namespace dts::cli
