// A mapping file: which topics are values of which types, field by field, and which types are
// messages in which topics. docs/reference/bridges/mqtt.md describes the file.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cli/bridge/foreign_payload.hpp>
#include <cli/bridge/mqtt_dialect.hpp>
#include <dts/subscription.hpp>

namespace dts::cli {

// Text with places: "brewery/{tank}/set".
class PlacedText {
 public:
  static Result<PlacedText> parse(std::string_view text);
  const std::vector<std::string>& names() const { return names_; }
  // Nothing where a place has no text.
  using Look = std::function<std::optional<std::string>(const std::string& name)>;
  std::optional<std::string> fill(const Look& look) const;
  // It is one place and nothing else.
  bool is_place() const { return names_.size() == 1 && parts_[0].empty() && parts_[1].empty(); }

 private:
  std::vector<std::string> parts_, names_;  // part, name, part, ..., part
};

// From a topic to a type.
struct MapFrom {
  std::string topic, filter;          // "brewery/{tank}/temperature", "brewery/+/temperature"
  std::vector<std::string> captures;  // by level; empty: none
  Type type;
  LayoutPtr layout;
  std::vector<std::pair<std::string, JsonPath>> fields;   // out of the payload
  std::vector<std::pair<std::string, PlacedText>> texts;  // out of the topic, or constant
  std::vector<std::pair<std::string, PlacedText>> labels;
  bool wants_json = false;
};

// From a type to a topic.
struct MapTo {
  std::string type;  // or a pattern
  PlacedText topic;
  std::string payload;  // JSON with places in its texts, or a text with places; empty: the value
  bool json = false, retained = false;
};

struct Mapping {
  std::vector<MapFrom> from;
  std::vector<MapTo> to;
  // `where` is the file's name, for errors.
  static Result<Mapping> parse(std::string_view text, const std::string& where);
};

// The names that {captures} of a topic stand for; nothing where it does not match.
std::optional<std::map<std::string, std::string>> captured(const MapFrom& from,
                                                           std::string_view topic);

// What a value is as a message.
struct MapMessage {
  std::string topic, payload;
};
Result<MapMessage> message_of(const MapTo& to, const Value& value, const Labels& labels);

class MappedTopics final : public MqttDialect {
 public:
  MappedTopics(MqttDesk& desk, std::vector<MapFrom> from) : desk_(desk), from_(std::move(from)) {}
  void begin() override;
  bool take(const MqttPost& post) override;
  bool speaks_in(std::string_view topic) const override;

 private:
  void take(const MapFrom& from, const std::map<std::string, std::string>& names,
            const MqttPost& post);
  MqttDesk& desk_;
  const std::vector<MapFrom> from_;
};

}  // namespace dts::cli
