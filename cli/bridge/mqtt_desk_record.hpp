// A desk for tests: writes down what a dialect does, one line each. One thread.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <cli/bridge/mqtt_dialect.hpp>
#include <cli/value_text.hpp>

namespace dts::cli {

class MqttDeskRecord final : public MqttDesk {
 public:
  std::vector<std::string> filters, values, ended, sent, told;
  std::map<MqttCount, int> counts;
  std::map<std::string, std::pair<Type, Order>> orders;

  // The value published last, "type key=label ... {json}"; empty: none since the last call.
  std::string last() {
    if (values.empty()) return {};
    std::string value = values.back();
    values.clear();
    return value;
  }
  // Publishes a command on the domain, in the notation of Value::set.
  Result<void> order(const std::string& type,
                     const std::vector<std::pair<std::string, std::string>>& fields) {
    const auto found = orders.find(type);
    if (found == orders.end()) return Error(ErrorCode::unknown_type, "nobody wants " + type);
    auto value = Value::of(found->second.first);
    if (!value) return value.error();
    for (const auto& [name, text] : fields)
      if (const auto set = value->set(name, std::string_view(text)); !set) return set;
    return found->second.second(*value);
  }

  void listen(const std::string& filter) override { filters.push_back(filter); }
  void ignore(const std::string& filter) override { std::erase(filters, filter); }
  bool send(const std::string& topic, const std::string& payload, bool retained) override {
    sent.push_back(topic + " " + payload + (retained ? " retained" : ""));
    return true;
  }
  void publish(const MqttOrigin& origin, const Value& value) override {
    std::string line = value.type().name();
    for (const auto& [key, label] : origin.labels) line += " " + key + "=" + label;
    JsonEncoder encoder;
    const auto json = encoder.encode(value);
    values.push_back(line + " " + (json ? *json : json.error().text()));
    types[value.type().name()] = value.type();
  }
  void end(const std::string& device) override { ended.push_back(device); }
  void end(const std::string& device, const std::string& part) override {
    ended.push_back(device + "#" + part);
  }
  void accept(const Type& type, Order order) override {
    orders[type.name()] = {type, std::move(order)};
  }
  void refuse(const Type& type) override { orders.erase(type.name()); }
  std::optional<Json> json(const MqttPost& post) override {
    auto json = reader.json(post.payload);
    if (json) return *json;
    tell(MqttCount::not_understood, post.topic, json.error());
    return {};
  }
  void tell(MqttCount what, std::string_view topic, const Error& error) override {
    count(what);
    told.push_back(std::string(topic) + ": " + error.text());
  }
  void count(MqttCount what) override { ++counts[what]; }

  std::map<std::string, Type> types;  // of what was published
  PayloadReader reader;
};

}  // namespace dts::cli
