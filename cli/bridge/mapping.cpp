#include <cli/bridge/mapping.hpp>

#include <algorithm>

#include <base/text.hpp>
#include <cli/json_object.hpp>
#include <cli/value_text.hpp>

namespace dts::cli {

namespace {

constexpr std::size_t kEntriesMax = 1024;

Error wrong(const std::string& where, std::string what, std::string why = {},
            std::string hint = {}) {
  return Error(ErrorCode::invalid_argument, std::move(what), where, std::move(why),
               std::move(hint));
}

Result<void> check_members(const Json& entry, std::initializer_list<std::string_view> known,
                           const std::string& where) {
  simdjson::dom::object object;
  if (entry.get(object) != simdjson::SUCCESS)
    return wrong(where, "an object is expected", {}, R"({"topic": "...", "type": "..."})");
  const std::vector<std::string> names(known.begin(), known.end());
  for (const auto [key, member] : object) {
    if (std::find(names.begin(), names.end(), key) != names.end()) continue;
    return wrong(where, "\"" + base::printable(key) + "\" is not known here", {},
                 base::suggestion(key, names, "it has"));
  }
  return {};
}

Result<std::string> needed_text(const Json& entry, std::string_view name,
                                const std::string& where) {
  std::string text = text_of(entry, name);
  if (text.empty()) return wrong(where, "\"" + std::string(name) + "\" is missing, or no text");
  return text;
}

Result<void> read_topic(MapFrom& from, const std::string& where) {
  for (const std::string_view level : topic_levels(from.topic)) {
    const bool place = level.size() > 2 && level.front() == '{' && level.back() == '}';
    const std::string name(place ? level.substr(1, level.size() - 2) : "");
    if (!place && level.find_first_of("{}") != level.npos)
      return wrong(where, "\"" + base::printable(level) + "\" is no place",
                   "a place takes a whole level", "brewery/{tank}/temperature");
    if (place && !is_member_name(name))
      return wrong(where, "\"" + base::printable(name) + "\" is no name for a place");
    if (level == "#" && from.captures.size() + 1 != topic_levels(from.topic).size())
      return wrong(where, "# stands at the end only");
    from.captures.push_back(name);
    from.filter += (from.filter.empty() ? "" : "/") + std::string(place ? "+" : level);
  }
  std::string plain = from.filter;
  std::replace_if(
      plain.begin(), plain.end(), [](char c) { return c == '+' || c == '#'; }, 'x');
  if (!is_topic(plain)) return wrong(where, "this is no topic: " + base::printable(from.topic));
  return {};
}

Result<PlacedText> placed(const MapFrom& from, std::string_view text, const std::string& where) {
  auto parsed = PlacedText::parse(text);
  if (!parsed) return parsed.error().at(where);
  for (const std::string& name : parsed->names())
    if (std::find(from.captures.begin(), from.captures.end(), name) == from.captures.end())
      return wrong(where, "{" + base::printable(name) + "} is not in the topic", {},
                   base::printable(from.topic));
  return parsed;
}

// Must a value have it? `path` may be deeper than the field.
bool is_needed(const Type& type, std::string_view path) {
  const std::string_view name = path.substr(0, path.find('.'));
  const auto& fields = type.root().fields;
  const auto field = std::find_if(fields.begin(), fields.end(),
                                  [&](const Field& each) { return each.name == name; });
  return field != fields.end() && field->type.kind != Kind::optional && !field->default_value;
}

// Nothing is filled in silently.
Result<void> check_complete(const MapFrom& from, const std::string& where) {
  for (const Field& field : from.type.root().fields) {
    const auto is_it = [&](const auto& given) {
      return given.first == field.name || given.first.starts_with(field.name + ".");
    };
    if (!is_needed(from.type, field.name) ||
        std::any_of(from.fields.begin(), from.fields.end(), is_it) ||
        std::any_of(from.texts.begin(), from.texts.end(), is_it))
      continue;
    return wrong(where, from.type.name() + "." + field.name + " comes from nowhere",
                 "it has no default and is not optional",
                 "\"fields\": {\"" + field.name + "\": \"...\"}");
  }
  return {};
}

Result<void> read_fields(MapFrom& from, const Json& entry, const std::string& where) {
  const auto given = find(entry, "fields");
  simdjson::dom::object fields;
  if (!given) {  // each by its own name
    for (const Field& field : from.type.root().fields)
      from.fields.emplace_back(field.name, JsonPath{field.name});
    from.wants_json = true;
    return {};
  }
  if (given->get(fields) != simdjson::SUCCESS)
    return wrong(where, "\"fields\" is no object", {}, R"({"celsius": "data.temp"})");
  Value probe(from.layout);
  for (const auto [key, member] : fields) {
    const std::string name(key);
    std::string_view text;
    if (const auto place = probe.make(name); !place) return place.error().at(where);
    if (member.get(text) != simdjson::SUCCESS)
      return wrong(where, "\"" + base::printable(name) + "\" is no text", {},
                   R"("a.b" in the payload, "" for all of it, "{tank}" in the topic)");
    if (text.find('{') != text.npos) {
      DTS_ASSIGN(PlacedText parsed, placed(from, text, where));
      from.texts.emplace_back(name, std::move(parsed));
    } else {
      from.fields.emplace_back(name, json_path(text));
      from.wants_json = from.wants_json || !from.fields.back().second.empty();
    }
  }
  return {};
}

Result<MapFrom> read_from(const Json& entry, const std::string& where) {
  DTS_TRY(check_members(entry, {"topic", "type", "fields", "labels"}, where));
  MapFrom from;
  DTS_ASSIGN(from.topic, needed_text(entry, "topic", where));
  DTS_TRY(read_topic(from, where));
  DTS_ASSIGN(const std::string notation, needed_text(entry, "type", where));
  if (notation.find('{') == notation.npos)
    return wrong(where, "the type has no fields", base::printable(notation) + " is only a name",
                 base::printable(notation) + "{celsius:f64[Cel]}");
  DTS_ASSIGN(from.type, Type::parse(notation, where));
  DTS_ASSIGN(from.layout, Layout::of(from.type));
  DTS_TRY(read_fields(from, entry, where));
  DTS_TRY(check_complete(from, where));
  simdjson::dom::object labels;
  if (const auto given = find(entry, "labels")) {
    if (given->get(labels) != simdjson::SUCCESS)
      return wrong(where, "\"labels\" is no object", {}, R"({"tank": "{tank}"})");
    for (const auto [key, member] : labels) {
      if (!is_member_name(key) || !member.is_string())
        return wrong(where, "\"" + base::printable(key) + "\" is no label");
      DTS_ASSIGN(PlacedText parsed, placed(from, plain_text(member), where));
      from.labels.emplace_back(std::string(key), std::move(parsed));
    }
  } else {  // every place is one
    for (const std::string& name : from.captures)
      if (!name.empty()) {
        DTS_ASSIGN(PlacedText parsed, PlacedText::parse("{" + name + "}"));
        from.labels.emplace_back(name, std::move(parsed));
      }
  }
  return from;
}

Result<void> check_places(const Json& json, const std::string& where) {
  if (json.is_string()) {
    if (const auto parsed = PlacedText::parse(plain_text(json)); !parsed)
      return parsed.error().at(where);
    return {};
  }
  simdjson::dom::array items;
  if (json.get(items) == simdjson::SUCCESS)
    for (const Json item : items) DTS_TRY(check_places(item, where));
  simdjson::dom::object members;
  if (json.get(members) == simdjson::SUCCESS)
    for (const auto [key, member] : members) DTS_TRY(check_places(member, where));
  return {};
}

Result<MapTo> read_to(const Json& entry, const std::string& where) {
  DTS_TRY(check_members(entry, {"type", "topic", "payload", "retained"}, where));
  MapTo to;
  DTS_ASSIGN(to.type, needed_text(entry, "type", where));
  std::string plain_type = to.type;
  std::replace_if(
      plain_type.begin(), plain_type.end(), [](char c) { return c == '*' || c == '?'; }, 'x');
  if (!is_type_name(plain_type))
    return wrong(where, "\"" + base::printable(to.type) + "\" is not a type's name", {},
                 "brewery.Setpoint, or a pattern such as brewery.*");
  DTS_ASSIGN(const std::string topic, needed_text(entry, "topic", where));
  auto parsed = PlacedText::parse(topic);
  if (!parsed) return parsed.error().at(where);
  to.topic = std::move(*parsed);
  const auto plain = to.topic.fill([](const std::string&) { return "x"; });
  if (!plain || !is_topic(*plain))
    return wrong(where, "this is no topic: " + base::printable(topic), "one topic is published to",
                 "brewery/{labels.tank}/set");
  if (const auto payload = find(entry, "payload")) {
    DTS_TRY(check_places(*payload, where));
    to.json = !payload->is_string();
    to.payload = to.json ? simdjson::minify(*payload) : plain_text(*payload);
  }
  if (const auto retained = find(entry, "retained")) {
    bool truth = false;
    if (retained->get(truth) != simdjson::SUCCESS)
      return wrong(where, "\"retained\" is true or false");
    to.retained = truth;
  }
  return to;
}

template <class Entry, class Read>
Result<void> read_list(const Json& root, std::string_view name, const std::string& where,
                       std::vector<Entry>& to, Read read) {
  const auto given = find(root, name);
  if (!given) return {};
  simdjson::dom::array entries;
  if (given->get(entries) != simdjson::SUCCESS)
    return wrong(where, "\"" + std::string(name) + "\" is no list");
  for (const Json entry : entries) {
    const std::string place =
        where + ", " + std::string(name) + "[" + std::to_string(to.size()) + "]";
    if (to.size() >= kEntriesMax) return wrong(place, "there are more than 1024 entries");
    DTS_ASSIGN(Entry made, read(entry, place));
    to.push_back(std::move(made));
  }
  return {};
}

// A value's fields, the labels of who sent it.
std::optional<std::string> look(const Value& value, const Labels& labels, const std::string& name) {
  if (const auto text = value.text(name)) return *text;
  constexpr std::string_view of_labels = "labels.";
  if (!name.starts_with(of_labels)) return {};
  const auto label = labels.find(name.substr(of_labels.size()));
  return label == labels.end() ? std::nullopt : std::optional(label->second);
}

}  // namespace

Result<PlacedText> PlacedText::parse(std::string_view text) {
  PlacedText made;
  for (;;) {
    const std::size_t open = text.find('{');
    made.parts_.emplace_back(text.substr(0, open));
    if (made.parts_.back().find('}') != std::string::npos || open == text.npos) {
      if (open == text.npos && made.parts_.back().find('}') == std::string::npos) return made;
      return Error(ErrorCode::invalid_argument, "a } without a {", {}, {}, "{tank}");
    }
    const std::size_t close = text.find('}', open);
    if (close == text.npos || close == open + 1)
      return Error(ErrorCode::invalid_argument, "a { without a name and a }", {}, {}, "{tank}");
    made.names_.emplace_back(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
}

std::optional<std::string> PlacedText::fill(const Look& look) const {
  std::string text = parts_[0];
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const auto found = look(names_[i]);
    if (!found) return {};
    text += *found + parts_[i + 1];
  }
  return text;
}

Result<Mapping> Mapping::parse(std::string_view text, const std::string& where) {
  PayloadReader reader;
  const auto root = reader.json(text);
  if (!root)
    return Error(ErrorCode::invalid_argument, "the mapping is not JSON", where, root.error().why());
  DTS_TRY(check_members(*root, {"from", "to"}, where));
  Mapping mapping;
  DTS_TRY(read_list(*root, "from", where, mapping.from, read_from));
  DTS_TRY(read_list(*root, "to", where, mapping.to, read_to));
  if (mapping.from.empty() && mapping.to.empty())
    return wrong(where, "the mapping is empty", "neither \"from\" nor \"to\" has an entry");
  return mapping;
}

std::optional<std::map<std::string, std::string>> captured(const MapFrom& from,
                                                           std::string_view topic) {
  if (!topic_matches(from.filter, topic)) return {};
  std::map<std::string, std::string> names;
  const auto levels = topic_levels(topic);
  for (std::size_t i = 0; i < from.captures.size() && i < levels.size(); ++i)
    if (!from.captures[i].empty()) names[from.captures[i]] = std::string(levels[i]);
  return names;
}

namespace {

// A text that is one place becomes the field's own JSON, others a text.
Result<std::string> filled_json(const Json& json, const Value& value, const Json& whole,
                                const Labels& labels) {
  if (json.is_string()) {
    DTS_ASSIGN(const PlacedText text, PlacedText::parse(plain_text(json)));
    if (text.is_place())
      if (const auto found = find(whole, json_path(text.names()[0])))
        return std::string(simdjson::minify(*found));
    const auto filled =
        text.fill([&](const std::string& name) { return look(value, labels, name); });
    if (!filled)
      return Error(ErrorCode::unknown_field,
                   "the value has nothing for " + base::printable(plain_text(json)),
                   value.type().name());
    return json_string(*filled);
  }
  simdjson::dom::array items;
  if (json.get(items) == simdjson::SUCCESS) {
    std::vector<std::string> texts;
    for (const Json item : items) {
      DTS_ASSIGN(std::string text, filled_json(item, value, whole, labels));
      texts.push_back(std::move(text));
    }
    return json_array(texts);
  }
  simdjson::dom::object members;
  if (json.get(members) != simdjson::SUCCESS) return std::string(simdjson::minify(json));
  JsonObject object;
  for (const auto [key, member] : members) {
    DTS_ASSIGN(const std::string text, filled_json(member, value, whole, labels));
    object.raw(key, text);
  }
  return object.str();
}

}  // namespace

Result<MapMessage> message_of(const MapTo& to, const Value& value, const Labels& labels) {
  MapMessage message;
  bool level = true;  // a name may not make levels of its own
  const auto topic = to.topic.fill([&](const std::string& name) {
    auto text = look(value, labels, name);
    level = level && text && text->find('/') == std::string::npos;
    return text;
  });
  if (!topic || !level || !is_topic(*topic))
    return Error(ErrorCode::wrong_value, "the value makes no topic", value.type().name(),
                 "a field or label that is named there is missing, or has a /, + or # in it");
  message.topic = *topic;
  if (!to.json && !to.payload.empty()) {
    DTS_ASSIGN(const PlacedText text, PlacedText::parse(to.payload));
    const auto filled =
        text.fill([&](const std::string& name) { return look(value, labels, name); });
    if (!filled)
      return Error(ErrorCode::unknown_field, "the value has nothing for the payload",
                   value.type().name());
    message.payload = *filled;
    return message;
  }
  JsonEncoder encoder;
  DTS_ASSIGN(message.payload, encoder.encode(value));
  if (!to.json) return message;
  PayloadReader own, of_value;
  DTS_ASSIGN(const Json wanted, own.json(to.payload));
  DTS_ASSIGN(const Json whole, of_value.json(message.payload));
  DTS_ASSIGN(message.payload, filled_json(wanted, value, whole, labels));
  return message;
}

void MappedTopics::begin() {
  for (const MapFrom& from : from_) desk_.listen(from.filter);
}

bool MappedTopics::speaks_in(std::string_view topic) const {
  return std::any_of(from_.begin(), from_.end(),
                     [&](const MapFrom& from) { return topic_matches(from.filter, topic); });
}

bool MappedTopics::take(const MqttPost& post) {
  bool taken = false;
  for (const MapFrom& from : from_) {
    const auto names = captured(from, post.topic);
    if (!names) continue;
    taken = true;
    take(from, *names, post);
  }
  return taken;
}

void MappedTopics::take(const MapFrom& from, const std::map<std::string, std::string>& names,
                        const MqttPost& post) {
  const PlacedText::Look in_topic = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = names.find(name);
    return found == names.end() ? std::nullopt : std::optional(found->second);
  };
  const std::string source = "map/" + from.filter + "/" + std::string(post.topic);
  if (post.payload.empty()) return desk_.end(source);  // what was retained is removed
  std::optional<Json> json;
  if (from.wants_json) {
    json = desk_.json(post);
    if (!json) return;
  }
  Value value(from.layout);
  std::size_t found = 0;
  for (const auto& [name, path] : from.fields) {
    Result<void> done;
    if (path.empty() && !json) {
      done = put(value, name, post.payload);
    } else {
      const auto member = find(*json, path);
      if (!member || member->is_null()) {
        if (!is_needed(from.type, name)) continue;
        return desk_.tell(MqttCount::misfits, post.topic,
                          Error(ErrorCode::missing_field,
                                "the payload has nothing for " + from.type.name() + "." + name, {},
                                "it begins " + first_bytes(post.payload)));
      }
      done = put(value, name, *member);
    }
    if (!done) return desk_.tell(MqttCount::misfits, post.topic, done.error());
    ++found;
  }
  if (found == 0 && !from.fields.empty()) return desk_.count(MqttCount::without_value);
  for (const auto& [name, text] : from.texts)
    if (const auto filled = text.fill(in_topic))
      if (const auto done = put(value, name, std::string_view(*filled)); !done)
        return desk_.tell(MqttCount::misfits, post.topic, done.error());
  MqttOrigin origin{source, {}, {}};
  for (const auto& [name, text] : from.labels)
    if (const auto filled = text.fill(in_topic)) origin.labels[name] = *filled;
  desk_.publish(origin, value);
}

}  // namespace dts::cli
