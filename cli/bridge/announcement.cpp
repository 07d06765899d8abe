#include <cli/bridge/announcement.hpp>

#include <algorithm>

#include <base/hex.hpp>
#include <base/sha256.hpp>
#include <cli/bridge/foreign_type.hpp>
#include <cli/bridge/foreign_unit.hpp>
#include <cli/bridge/home_assistant.hpp>
#include <cli/json_object.hpp>
#include <transport/broker/envelope.hpp>

namespace dts::cli {

namespace {

constexpr std::size_t kSourcesMax = 1024;
constexpr std::size_t kFieldsMax = 64;
constexpr int kNestingMax = 4;
constexpr std::chrono::seconds kSettling{15};
constexpr std::size_t kIdBytes = 8;

bool is_number(Kind kind) {
  return (kind >= Kind::i8 && kind <= Kind::f64) || kind == Kind::decimal;
}

struct Measured {
  std::string path, unit;
};

// The numbers with a unit, those of structs in it too.
void measured_in(const Type& type, const TypeNode& node, const std::string& path, int depth,
                 std::vector<Measured>& found) {
  for (const Field& field : node.fields) {
    const TypeRef* ref = &field.type;
    while (ref->kind == Kind::optional) ref = &ref->arguments[0];
    const std::string own = path.empty() ? field.name : path + "." + field.name;
    if (found.size() >= kFieldsMax) return;
    if (is_number(ref->kind) && !field.unit.empty()) found.push_back({own, field.unit});
    if (ref->kind != Kind::reference || depth >= kNestingMax) continue;
    const TypeNode& inner = type.nodes()[ref->node];
    if (inner.kind == Kind::structure) measured_in(type, inner, own, depth + 1, found);
  }
}

std::string base_topic(const std::string& domain) {
  return "dts-bridge/" + transport::domain_name(domain);
}

}  // namespace

Announcement::Announcement(MqttDesk& desk, const std::string& domain, std::string prefix)
    : desk_(desk),
      domain_(domain),
      prefix_(std::move(prefix)),
      node_("dts_" + transport::domain_name(domain) + "_") {}

std::string Announcement::status_topic(const std::string& domain) {
  return base_topic(domain) + "/status";
}

Announcement::Announced Announcement::describe(const Value& value, const Sample& sample) const {
  Announced made;
  std::vector<Measured> found;
  measured_in(value.type(), value.type().root(), {}, 0, found);
  if (found.empty()) return made;
  const Source& source = sample.origin();
  std::string name = value.type().name();
  std::string identity = value.type().name() + "\n" + source.name;
  for (const auto& [key, label] : source.labels) {
    name += " " + key + "=" + label;
    identity += "\n" + key + "=" + label;
  }
  if (source.labels.empty()) name += " " + source.name;
  // The same whenever the program starts again.
  const base::Sha256 hash = base::sha256(as_bytes(identity));
  const std::string id = base::to_hex(ByteView(hash).first(kIdBytes));
  made.state_topic = base_topic(domain_) + "/" + id;
  const std::string device = JsonObject()
                                 .texts("identifiers", {node_ + id})
                                 .text("name", name)
                                 .text("manufacturer", "DTS")
                                 .text("model", value.type().name())
                                 .str();
  for (const Measured& field : found) {
    const ForeignUnit unit = unit_to_foreign(field.unit);
    const std::string word = word_of(field.path);
    JsonObject config;
    config.text("name", field.path)
        .text("unique_id", node_ + id + "_" + word)
        .text("state_topic", made.state_topic)
        .text("value_template", "{{ value_json." + field.path + " }}")
        .text("unit_of_measurement", unit.text.empty() ? field.unit : unit.text);
    if (!unit.device_class.empty()) config.text("device_class", unit.device_class);
    // Whether these are totals nobody knows, and Home Assistant takes them as nothing else.
    if (unit.device_class != "energy" && unit.device_class != "volume")
      config.text("state_class", "measurement");
    config.text("availability_topic", status_topic(domain_))
        .text("availability_template", "{{ value_json.state }}")
        .raw("device", device)
        .raw("origin", JsonObject().text("name", kMqttOriginName).str());
    made.entities.push_back(
        {prefix_ + "/sensor/" + node_ + id + "/" + word + "/config", config.str()});
  }
  return made;
}

void Announcement::heard(const Value& value, const Sample& sample) {
  const Key key(sample.origin().node_id, sample.origin().stream);
  auto known = sources_.find(key);
  if (known == sources_.end()) {
    if (sources_.size() >= kSourcesMax)
      return desk_.tell(
          MqttCount::too_many, value.type().name(),
          Error(ErrorCode::limit_reached, "more than 1024 sources: this one is not announced"));
    known = sources_.emplace(key, describe(value, sample)).first;
  }
  Announced& announced = known->second;
  if (announced.entities.empty()) return;
  auto json = encoder_.encode(value);
  if (!json) return desk_.tell(MqttCount::misfits, value.type().name(), json.error());
  announced.state = std::move(*json);
  announced.fresh = true;
}

void Announcement::begin() {
  if (!std::exchange(listening_, true)) desk_.listen(prefix_ + "/sensor/+/+/config");
  for (auto& [key, announced] : sources_) {
    announced.said = false;
    announced.fresh = !announced.state.empty();
  }
}

void Announcement::say(Announced& announced) {
  if (!announced.said) {
    announced.said = true;
    for (const Entity& entity : announced.entities) {
      announced.said = desk_.send(entity.topic, entity.config, true) && announced.said;
      desk_.count(MqttCount::announced);
      found_.erase(entity.topic);
    }
  }
  if (announced.fresh) announced.fresh = !desk_.send(announced.state_topic, announced.state, true);
}

void Announcement::take_back(const Announced& announced) {
  for (const Entity& entity : announced.entities) desk_.send(entity.topic, {}, true);
  if (!announced.entities.empty()) desk_.send(announced.state_topic, {}, true);
}

void Announcement::tick(Instant now, const Catalogue& catalogue) {
  std::set<Key> there;
  for (const NodeInfo& node : catalogue.nodes)
    for (const StreamInfo& stream : node.streams)
      there.emplace(stream.source.node_id, stream.source.stream);
  for (auto each = sources_.begin(); each != sources_.end();) {
    const bool gone = !there.contains(each->first);
    const std::string topic = each->second.state_topic;
    // A program that started again has the same topics: then nothing is taken back.
    const bool same = gone && std::any_of(sources_.begin(), sources_.end(), [&](const auto& other) {
                        return other.first != each->first && other.second.state_topic == topic &&
                               there.contains(other.first);
                      });
    if (gone && !same) take_back(each->second);
    if (!gone) say(each->second);
    each = gone ? sources_.erase(each) : std::next(each);
  }
  if (!tidy_at_) tidy_at_ = now + kSettling;
  if (now < *tidy_at_) return;
  for (const std::string& topic : found_) desk_.send(topic, {}, true);
  found_.clear();
}

bool Announcement::found(std::string_view topic, bool kept) {
  const std::string own = prefix_ + "/sensor/" + node_;
  if (!topic.starts_with(own)) return false;
  // Of the domain "a", and not of "a_b", whose topics begin alike.
  const std::string_view id = topic.substr(own.size(), topic.find('/', own.size()) - own.size());
  if (id.size() != 2 * kIdBytes || !base::from_hex(id)) return false;
  for (const auto& [key, announced] : sources_)
    for (const Entity& entity : announced.entities)
      if (announced.said && entity.topic == topic) return true;
  if (kept && found_.size() < 4 * kSourcesMax) found_.emplace(topic);
  return true;
}

}  // namespace dts::cli
