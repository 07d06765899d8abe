#include <schema/json_text.hpp>

#include <algorithm>
#include <charconv>
#include <set>

#include <simdjson.h>

#include <base/text.hpp>
#include <type/notation.hpp>

namespace dts::schema {

namespace {

constexpr std::size_t kShortLine = 88;

Result<Json> tree(simdjson::dom::element element, const std::string& path) {
  Json json;
  switch (element.type()) {
    case simdjson::dom::element_type::NULL_VALUE:
      return json;
    case simdjson::dom::element_type::BOOL:
      return Json::of(bool(element));
    case simdjson::dom::element_type::INT64:
      json.sort = Json::Sort::integer;
      json.text = std::to_string(std::int64_t(element));
      return json;
    case simdjson::dom::element_type::UINT64:
      json.sort = Json::Sort::integer;
      json.text = std::to_string(std::uint64_t(element));
      return json;
    case simdjson::dom::element_type::DOUBLE:
      json.sort = Json::Sort::real;
      json.real = double(element);
      return json;
    case simdjson::dom::element_type::STRING:
      return Json::of(std::string_view(element));
    case simdjson::dom::element_type::ARRAY: {
      json.sort = Json::Sort::array;
      for (auto item : simdjson::dom::array(element)) {
        DTS_ASSIGN(Json each, tree(item, path + "/" + std::to_string(json.items.size())));
        json.items.push_back(std::move(each));
      }
      return json;
    }
    default:
      break;
  }
  json.sort = Json::Sort::object;
  std::set<std::string> names;
  for (auto [key, value] : simdjson::dom::object(element)) {
    const std::string name(key);
    if (!names.insert(name).second) {
      return Error(ErrorCode::notation, "\"" + base::printable(name) + "\" is there twice", path);
    }
    DTS_ASSIGN(Json each, tree(value, path + "/" + name));
    json.members.emplace_back(name, std::move(each));
  }
  return json;
}

std::string one_line(const Json& json) {
  switch (json.sort) {
    case Json::Sort::null:
      return "null";
    case Json::Sort::boolean:
      return json.boolean ? "true" : "false";
    case Json::Sort::integer:
      return json.text;
    case Json::Sort::real:
      return real_text(json.real);
    case Json::Sort::text:
      return quote(json.text, json_quotes);
    case Json::Sort::array: {
      std::string out;
      for (const Json& item : json.items) out += (out.empty() ? "" : ", ") + one_line(item);
      return "[" + out + "]";
    }
    default:
      break;
  }
  std::string out;
  for (const auto& [name, value] : json.members)
    out += (out.empty() ? "" : ", ") + quote(name, json_quotes) + ": " + one_line(value);
  return "{" + out + "}";
}

void print(const Json& json, std::size_t indent, std::string& out) {
  const std::string flat = one_line(json);
  const bool nested = json.is(Json::Sort::object) || json.is(Json::Sort::array);
  if (!nested || flat.size() + indent <= kShortLine) {
    out += flat;
    return;
  }
  const bool is_object = json.is(Json::Sort::object);
  const std::size_t count = is_object ? json.members.size() : json.items.size();
  out += is_object ? "{\n" : "[\n";
  for (std::size_t i = 0; i < count; ++i) {
    out += std::string(indent + 2, ' ');
    if (is_object) out += quote(json.members[i].first, json_quotes) + ": ";
    print(is_object ? json.members[i].second : json.items[i], indent + 2, out);
    out += i + 1 < count ? ",\n" : "\n";
  }
  out += std::string(indent, ' ') + (is_object ? "}" : "]");
}

}  // namespace

const Json* Json::find(std::string_view name) const {
  for (const auto& [key, value] : members) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string Json::text_of(std::string_view name) const {
  const Json* found = find(name);
  return found != nullptr && found->is(Sort::text) ? found->text : std::string();
}

Json::Json() = default;
Json::Json(const Json&) = default;
Json::Json(Json&&) noexcept = default;
Json& Json::operator=(const Json&) = default;
Json& Json::operator=(Json&&) noexcept = default;
Json::~Json() = default;

Json Json::of(std::string_view text) {
  Json json;
  json.sort = Sort::text;
  json.text = text;
  return json;
}
Json Json::of(bool value) {
  Json json;
  json.sort = Sort::boolean;
  json.boolean = value;
  return json;
}
Json Json::of(std::uint64_t value) {
  Json json;
  json.sort = Sort::integer;
  json.text = std::to_string(value);
  return json;
}
Json Json::object() {
  Json json;
  json.sort = Sort::object;
  return json;
}
Json Json::array() {
  Json json;
  json.sort = Sort::array;
  return json;
}
Json& Json::set(std::string_view name, Json value) {
  members.emplace_back(std::string(name), std::move(value));
  return *this;
}
Json& Json::push(Json value) {
  items.push_back(std::move(value));
  return *this;
}

Result<Json> parse_json(const std::string& name, std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const auto error = parser.parse(simdjson::padded_string(text)).get(root);
  if (error) {
    return Error(ErrorCode::notation, "the schema is not valid JSON", name,
                 simdjson::error_message(error));
  }
  return tree(root, name + "#");
}

std::string print_json(const Json& json) {
  std::string out;
  print(json, 0, out);
  return out + "\n";
}

std::optional<Language> json_language(std::string_view text) {
  const auto json = parse_json("", text);
  if (!json) return {};
  if (json->is(Json::Sort::array)) return Language::avro;
  if (!json->is(Json::Sort::object)) return {};
  const std::string type = json->text_of("type");
  if (type == "record" || (type == "enum" && json->find("symbols") != nullptr))
    return Language::avro;
  if (json->find("$schema") != nullptr || json->find("$defs") != nullptr || type == "object" ||
      json->find("$ref") != nullptr || json->find("oneOf") != nullptr)
    return Language::json_schema;
  return Language::jtd;
}

std::string default_of(const Json& value, const Term& type) {
  switch (value.sort) {
    case Json::Sort::null:
      return type.name == "optional" ? "none" : "";
    case Json::Sort::boolean:
      return value.boolean ? "true" : "false";
    case Json::Sort::integer:
      return value.text;
    case Json::Sort::real:
      return real_text(value.real);
    case Json::Sort::text:
      if (type.name == "optional") return default_of(value, type.arguments[0]);
      if (type.name == "text") return quote(value.text);
      // A symbol, a time, a decimal: words.
      return value.text.find_first_not_of(
                 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                 "0123456789_+-.:") == std::string::npos
                 ? value.text
                 : "";
    case Json::Sort::array: {
      if (type.name == "optional") return default_of(value, type.arguments[0]);
      if (type.name != "list" && type.name != "array") return "";
      std::string out;
      for (const Json& item : value.items) {
        const std::string each = default_of(item, type.arguments[0]);
        if (each.empty()) return "";
        out += (out.empty() ? "" : ", ") + each;
      }
      return "[" + out + "]";
    }
    default:
      break;
  }
  if (type.name != "map" || type.arguments[0].name != "text") return "";
  std::string out;
  for (const auto& [name, each] : value.members) {
    const std::string held = default_of(each, type.arguments[1]);
    if (held.empty()) return "";
    out += (out.empty() ? "" : ", ") + quote(name) + ": " + held;
  }
  return "{" + out + "}";
}

void read_annotations(const Json& from, std::string_view prefix, DraftMember& member) {
  const auto read = [&](std::string_view name, std::string& to) {
    const std::string text = from.text_of(std::string(prefix) + std::string(name));
    if (!text.empty()) to = text;
  };
  read("name", member.name);
  read("unit", member.unit);
  read("quantity", member.quantity);
  read("field", member.field);
}

bool needs_declaration(const Field& field, const Type& type, std::string_view natural) {
  return natural.empty() || declare(field, type) != field.name + " : " + std::string(natural);
}

bool is_plain_enumeration(const TypeNode& node) {
  for (std::size_t i = 0; i < node.symbols.size(); ++i) {
    if (node.symbols[i].value != static_cast<std::int32_t>(i)) return false;
  }
  return !node.closed;
}

Result<void> whole_enumeration(Draft& draft, std::string_view notation,
                               const std::vector<std::string>& symbols, const std::string& place) {
  const auto parsed = parse_notation(notation, place);
  if (!parsed) return parsed.error();
  std::vector<std::string> declared;
  for (const TypeNode& node : parsed->nodes) {
    for (const Symbol& symbol : node.symbols) declared.push_back(symbol.name);
  }
  if (declared != symbols) {
    return Error(ErrorCode::invalid_type, "the annotation does not fit the enumeration", place,
                 "the symbols differ", "change both, or remove the annotation");
  }
  return draft.add_enumeration(notation, place);
}

}  // namespace dts::schema
