// JSON Type Definition (RFC 8927), all its forms.
#include <algorithm>
#include <map>

#include <base/text.hpp>
#include <schema/importers.hpp>
#include <schema/json_text.hpp>

namespace dts::schema {

namespace {

const std::map<std::string, std::string, std::less<>> kScalars{
    {"boolean", "bool"}, {"string", "text"}, {"timestamp", "time"}, {"float32", "f32"},
    {"float64", "f64"},  {"int8", "i8"},     {"uint8", "u8"},       {"int16", "i16"},
    {"uint16", "u16"},   {"int32", "i32"},   {"uint32", "u32"}};

constexpr std::string_view kKeywords[] = {"definitions",
                                          "nullable",
                                          "metadata",
                                          "ref",
                                          "type",
                                          "enum",
                                          "elements",
                                          "values",
                                          "properties",
                                          "optionalProperties",
                                          "additionalProperties",
                                          "discriminator",
                                          "mapping"};

class JtdImporter {
 public:
  JtdImporter(const std::string& file, const Json& json)
      : file_(file), json_(json), draft_(file, "") {}

  Result<Imported> run(std::string_view root) {
    std::string name =
        file_.substr(file_.rfind('/') == std::string::npos ? 0 : file_.rfind('/') + 1);
    name = name.substr(0, name.find('.'));
    if (!is_type_name(name)) name = "Root";
    if (const Json* metadata = json_.find("metadata"); metadata != nullptr) {
      if (const std::string other = metadata->text_of("dts.name"); !other.empty()) name = other;
    }
    space_ = words_before(name);
    const bool only_definitions = json_.find("definitions") != nullptr && json_.members.size() == 1;
    if (!only_definitions) {
      DTS_ASSIGN(const std::string type, type_of(json_, name, ""));
      if (!draft_.has(type)) {
        return refused("the schema's root is " + type, file_ + "#",
                       "a type is a struct, an enum or a union", "{\"properties\": {...}}");
      }
    }
    if (const Json* definitions = json_.find("definitions"); definitions != nullptr) {
      for (const auto& [key, schema] : definitions->members) {
        const auto type = reference(key, "/definitions");
        if (!type) return type.error();
      }
    }
    return draft_.finish(root);
  }

 private:
  std::string at(const std::string& pointer) const { return file_ + "#" + pointer; }

  Result<std::string> reference(const std::string& key, const std::string& from) {
    if (const auto found = resolved_.find(key); found != resolved_.end()) {
      if (!found->second.empty()) return found->second;
      return refused("the reference leads to itself", at(from), key,
                     "{\"properties\": {...}} there");
    }
    const Json* definitions = json_.find("definitions");
    const Json* schema = definitions != nullptr ? definitions->find(key) : nullptr;
    if (schema == nullptr) {
      std::vector<std::string> names;
      if (definitions != nullptr) {
        for (const auto& [name, each] : definitions->members) names.push_back(name);
      }
      return Error(ErrorCode::invalid_type,
                   "there is no definition \"" + base::printable(key) + "\"", at(from),
                   "references lead to the schema's own definitions", base::nearest(key, names));
    }
    const bool bare = key.find('.') == std::string::npos && !space_.empty();
    resolved_[key];  // empty: on the way
    const std::string pointer = "/definitions/" + key;
    DTS_ASSIGN(std::string type, type_of(*schema, bare ? space_ + "." + key : key, pointer));
    return resolved_[key] = type;
  }

  std::string named(const std::string& name, const std::string& pointer) {
    constexpr std::string_view place = "/definitions/";
    if (pointer.rfind(place, 0) == 0) {
      const auto found = resolved_.find(pointer.substr(place.size()));
      if (found != resolved_.end() && found->second.empty()) found->second = name;
    }
    return name;
  }

  static std::string head_of(const Json& json) {
    const Json* metadata = json.find("metadata");
    return metadata == nullptr ? std::string() : metadata->text_of("dts.type");
  }

  Result<std::string> type_of(const Json& json, const std::string& wanted,
                              const std::string& pointer) {
    if (!json.is(Json::Sort::object))
      return refused("a schema is an object", at(pointer), {}, "{\"type\": \"string\"}");
    for (const auto& [key, value] : json.members) {
      if (std::find(std::begin(kKeywords), std::end(kKeywords), key) == std::end(kKeywords)) {
        return refused("\"" + base::printable(key) + "\" is no keyword of RFC 8927", at(pointer),
                       {}, "put it into \"metadata\"");
      }
    }
    DTS_ASSIGN(const std::string type, form(json, wanted, pointer));
    const Json* nullable = json.find("nullable");
    const bool may_be_null = nullable != nullptr && nullable->boolean;
    return may_be_null && type.rfind("optional<", 0) != 0 ? "optional<" + type + ">" : type;
  }

  Result<std::string> form(const Json& json, const std::string& wanted,
                           const std::string& pointer) {
    if (const Json* ref = json.find("ref"); ref != nullptr) return reference(ref->text, pointer);
    if (const Json* type = json.find("type"); type != nullptr) {
      const auto found = kScalars.find(type->text);
      if (found != kScalars.end()) return found->second;
      if (type->text == "int64" || type->text == "uint64") {
        return Error(ErrorCode::invalid_type, "RFC 8927 has no type \"" + type->text + "\"",
                     at(pointer), "a JSON number holds 53 bits",
                     "{\"type\": \"string\", \"metadata\": {\"dts.field\": \"count : i64\"}}");
      }
      std::vector<std::string> names;
      for (const auto& [name, ours] : kScalars) names.push_back(name);
      return Error(ErrorCode::invalid_type,
                   "RFC 8927 has no type \"" + base::printable(type->text) + "\"", at(pointer), {},
                   base::nearest(type->text, names));
    }
    if (json.find("enum") != nullptr) return enumeration(json, wanted, pointer);
    if (const Json* elements = json.find("elements"); elements != nullptr) {
      DTS_ASSIGN(const std::string element,
                 type_of(*elements, wanted + "_item", pointer + "/elements"));
      return "list<" + element + ">";
    }
    if (const Json* values = json.find("values"); values != nullptr) {
      DTS_ASSIGN(const std::string value, type_of(*values, wanted + "_value", pointer + "/values"));
      return "map<text, " + value + ">";
    }
    if (json.find("properties") != nullptr || json.find("optionalProperties") != nullptr)
      return properties(json, wanted, pointer);
    if (json.find("discriminator") != nullptr) return mapping(json, wanted, pointer);
    return std::string("any");  // the empty form
  }

  Result<std::string> enumeration(const Json& json, const std::string& wanted,
                                  const std::string& pointer) {
    std::vector<std::string> names;
    for (const Json& symbol : json.find("enum")->items) names.push_back(symbol.text);
    const std::string head = head_of(json);
    if (head.find('{') != std::string::npos) {
      DTS_TRY(whole_enumeration(draft_, head, names, at(pointer)));
      return named(headed_name(head.substr(0, head.find('{'))), pointer);
    }
    DraftNode& node = draft_.add(draft_.free_name(wanted), Kind::enumeration, at(pointer));
    if (!head.empty()) DTS_TRY(draft_.head(node, head, at(pointer)));
    for (std::size_t i = 0; i < names.size(); ++i)
      node.add(names[i], std::to_string(i), at(pointer + "/enum"));
    return named(node.name, pointer);
  }

  Result<std::string> properties(const Json& json, const std::string& wanted,
                                 const std::string& pointer) {
    const Json* more = json.find("additionalProperties");
    if (more != nullptr && more->boolean)
      return refused("properties that are not listed", at(pointer + "/additionalProperties"),
                     "a struct has fields with names", "\"additionalProperties\": false");
    const std::string head = head_of(json);
    const bool is_union = head.find("union ") != std::string::npos;
    DraftNode& node = draft_.add(draft_.free_name(wanted),
                                 is_union ? Kind::union_ : Kind::structure, at(pointer));
    if (!head.empty()) DTS_TRY(draft_.head(node, head, at(pointer)));
    if (const Json* metadata = json.find("metadata"); metadata != nullptr)
      node.doc = metadata->text_of("description");
    const std::string name = named(node.name, pointer);
    for (const char* part : {"properties", "optionalProperties"}) {
      const Json* members = json.find(part);
      if (members == nullptr) continue;
      for (const auto& [key, schema] : members->members) {
        const std::string place = pointer + "/" + part + "/" + key;
        DTS_ASSIGN(std::string type, type_of(schema, name + "." + key, place));
        const bool optional = part[0] == 'o' && type.rfind("optional<", 0) != 0;
        DraftMember& member = node.add(key, optional ? "optional<" + type + ">" : type, at(place));
        const Json* metadata = schema.find("metadata");
        if (metadata == nullptr) continue;
        read_annotations(*metadata, "dts.", member);
        member.doc = metadata->text_of("description");
      }
    }
    if (const Json* metadata = json.find("metadata"); metadata != nullptr)
      put_in_order(node, metadata->find("dts.order"));
    return name;
  }

  // RFC 8927 parts what is required from what is optional; the order of the fields is kept apart.
  static void put_in_order(DraftNode& node, const Json* order) {
    if (order == nullptr) return;
    const auto rank = [&](const DraftMember& member) {
      std::size_t i = 0;
      while (i < order->items.size() && order->items[i].text != member.name) ++i;
      return i;
    };
    std::stable_sort(node.members.begin(), node.members.end(),
                     [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  }

  Result<std::string> mapping(const Json& json, const std::string& wanted,
                              const std::string& pointer) {
    const Json* cases = json.find("mapping");
    if (cases == nullptr)
      return Error(ErrorCode::notation, "there is no \"mapping\"", at(pointer),
                   "a discriminator tells which of them it is",
                   "\"mapping\": {\"started\": {\"properties\": {...}}}");
    DraftNode& node = draft_.add(draft_.free_name(wanted), Kind::union_, at(pointer));
    const std::string name = named(node.name, pointer);
    for (const auto& [key, schema] : cases->members) {
      const std::string place = pointer + "/mapping/" + key;
      DTS_ASSIGN(std::string type, type_of(schema, name + "." + key, place));
      node.add(key, std::move(type), at(place));
    }
    draft_.note(at(pointer) +
                ": read as a union; DTS writes {\"case\": {...}} as JSON, without \"" +
                json.text_of("discriminator") + "\"");
    return name;
  }

  std::string file_;
  const Json& json_;
  Draft draft_;
  std::string space_;
  std::map<std::string, std::string> resolved_;
};

}  // namespace

Result<Imported> import_jtd(const std::string& name, std::string_view text, std::string_view root) {
  DTS_ASSIGN(const Json json, parse_json(name, text));
  if (!json.is(Json::Sort::object))
    return refused("a schema is an object", name + "#", {}, "{\"properties\": {...}}");
  return JtdImporter(name, json).run(root);
}

}  // namespace dts::schema
