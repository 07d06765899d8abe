// JSON Schema (2020-12 and 07), the part of it that describes types: objects, arrays, scalars,
// enumerations of texts, oneOf of one-member objects, local references. What restricts values is
// left out and said; what makes another structure of it is refused with the pointer to it.
#include <algorithm>
#include <map>
#include <set>

#include <base/text.hpp>
#include <schema/importers.hpp>
#include <schema/json_text.hpp>

namespace dts::schema {

namespace {

// Only for people or for what a type is not about.
const std::set<std::string, std::less<>> kSilent{
    "$schema",    "$id",         "$comment",   "$defs",      "definitions",
    "title",      "description", "default",    "examples",   "deprecated",
    "readOnly",   "writeOnly",   "$anchor",    "x-dts-unit", "x-dts-quantity",
    "x-dts-name", "x-dts-field", "x-dts-type", "x-dts-kind"};
// What restricts the values of a type: the type is wider.
const std::set<std::string, std::less<>> kRestrictions{
    "minimum",       "maximum",          "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minLength",     "maxLength",        "pattern",          "minItems",         "maxItems",
    "uniqueItems",   "minProperties",    "maxProperties",    "contentMediaType", "format",
    "propertyNames", "dependentRequired"};

class JsonSchemaImporter {
 public:
  JsonSchemaImporter(const std::string& file, const Json& json)
      : file_(file), json_(json), draft_(file, "") {}

  Result<Imported> run(std::string_view root) {
    root_name_ = json_.text_of("title");
    if (!is_type_name(root_name_)) {
      root_name_ = file_.substr(file_.rfind('/') == std::string::npos ? 0 : file_.rfind('/') + 1);
      root_name_ = root_name_.substr(0, root_name_.find('.'));
      std::replace_if(
          root_name_.begin(), root_name_.end(),
          [](char c) { return !is_member_name(std::string("a") + c); }, '_');
      if (!is_type_name(root_name_)) root_name_ = "Root";
    }
    const bool has_root = json_.find("type") != nullptr || json_.find("oneOf") != nullptr ||
                          json_.find("enum") != nullptr || json_.find("$ref") != nullptr;
    if (has_root) {
      DTS_ASSIGN(const std::string type, type_of(json_, root_name_, "#"));
      if (!draft_.has(type)) {
        return refused("the schema's root is " + type, file_ + "#",
                       "a type is a struct, an enum or "
                       "a union",
                       "{\"type\": \"object\", \"properties\": {...}}");
      }
    }
    for (const char* defs : {"$defs", "definitions"}) {
      const Json* all = json_.find(defs);
      if (all == nullptr) continue;
      for (const auto& [key, schema] : all->members) {
        const auto type = reference(std::string("#/") + defs + "/" + escaped(key), "#");
        if (!type) return type.error();
      }
    }
    return draft_.finish(root);
  }

 private:
  std::string at(const std::string& pointer) const { return file_ + pointer; }

  static std::string escaped(const std::string& key) {
    std::string out;
    for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    return out;
  }
  static std::string unescaped(std::string_view part) {
    std::string out;
    for (std::size_t i = 0; i < part.size(); ++i) {
      const bool pair = part[i] == '~' && i + 1 < part.size();
      out += !pair ? part[i] : part[++i] == '1' ? '/' : '~';
    }
    return out;
  }

  // The schema a local reference leads to; its notation once it has one.
  Result<std::string> reference(const std::string& target, const std::string& from) {
    if (const auto found = resolved_.find(target); found != resolved_.end()) {
      if (!found->second.empty()) return found->second;
      return refused("the reference leads to itself", at(from), target,
                     "{\"type\": \"object\", ...} there");
    }
    if (target.rfind("#/$defs/", 0) != 0 && target.rfind("#/definitions/", 0) != 0) {
      if (target == "#" && !self_.empty()) return self_;
      return refused("\"" + base::printable(target) + "\" is not a local reference", at(from), {},
                     "#/$defs/NAME");
    }
    const std::string key = unescaped(target.substr(target.rfind('/') + 1));
    const Json* defs = json_.find(target[2] == '$' ? "$defs" : "definitions");
    const Json* schema = defs != nullptr ? defs->find(key) : nullptr;
    if (schema == nullptr)
      return Error(ErrorCode::invalid_type, "there is nothing at the reference", at(from), target,
                   "define it there");
    std::string wanted = key;
    const std::string space = words_before(root_name_);
    if (key.find('.') == std::string::npos && !space.empty()) wanted = space + "." + key;
    resolved_[target];  // empty: on the way
    DTS_ASSIGN(std::string type, type_of(*schema, wanted, target));
    return resolved_[target] = type;
  }

  // The name a named type gets, known to references before its members are read.
  std::string named(const std::string& wanted, const std::string& pointer) {
    const auto found = resolved_.find(pointer);
    if (found != resolved_.end() && found->second.empty()) found->second = wanted;
    if (pointer == "#") self_ = wanted;
    return wanted;
  }

  Result<void> check_keywords(const Json& json, std::initializer_list<std::string_view> known,
                              const std::string& pointer) {
    for (const auto& [key, value] : json.members) {
      if (kSilent.count(key) != 0 || std::find(known.begin(), known.end(), key) != known.end())
        continue;
      if (kRestrictions.count(key) != 0) {
        draft_.note(at(pointer) + ": \"" + key +
                    "\" is left out: it restricts values, not the type");
        continue;
      }
      return refused("\"" + base::printable(key) + "\" is not supported", at(pointer),
                     "it makes no type", "types, properties, items, enum, oneOf and local $ref");
    }
    return {};
  }

  Result<std::string> type_of(const Json& json, const std::string& wanted,
                              const std::string& pointer) {
    if (!json.is(Json::Sort::object))
      return refused("a schema is an object here", at(pointer), {}, "{\"type\": \"string\"}");
    if (const Json* ref = json.find("$ref"); ref != nullptr) {
      DTS_TRY(check_keywords(json, {"$ref"}, pointer));
      return reference(ref->text, pointer);
    }
    if (json.find("oneOf") != nullptr) return one_of(json, wanted, pointer);
    if (json.find("enum") != nullptr) return enumeration(json, wanted, pointer);
    const Json* type = json.find("type");
    if (type == nullptr) {
      DTS_TRY(check_keywords(json, {}, pointer));
      const std::string kind = json.text_of("x-dts-kind");
      if (!kind.empty()) return kind;
      if (declared_ > 0) return std::string("any");
      return refused("the schema has no type", at(pointer), "any JSON would do",
                     "{\"type\": \"object\", ...}");
    }
    if (type->is(Json::Sort::array)) return type_array(json, *type, wanted, pointer);
    return single(json, type->text, wanted, pointer);
  }

  // ["string", "null"]
  Result<std::string> type_array(const Json& json, const Json& types, const std::string& wanted,
                                 const std::string& pointer) {
    std::string only;
    bool nullable = false;
    for (const Json& type : types.items) {
      if (type.is_text("null")) {
        nullable = true;
      } else if (only.empty()) {
        only = type.text;
      } else {
        return refused("several types at once", at(pointer + "/type"),
                       "nothing in the value says which it is", "oneOf of named branches");
      }
    }
    DTS_ASSIGN(const std::string type, single(json, only, wanted, pointer));
    return nullable && type.rfind("optional<", 0) != 0 ? "optional<" + type + ">" : type;
  }

  Result<std::string> single(const Json& json, const std::string& type, const std::string& wanted,
                             const std::string& pointer) {
    const std::string kind = json.text_of("x-dts-kind");
    if (type == "object") return object(json, wanted, pointer);
    if (type == "array") return array(json, wanted, pointer);
    if (type == "string") return text(json, kind, pointer);
    static const std::map<std::string, std::string, std::less<>> plain{
        {"boolean", "bool"}, {"integer", "i64"}, {"number", "f64"}};
    const auto found = plain.find(type);
    if (found == plain.end())
      return refused("JSON Schema has no type \"" + base::printable(type) + "\"", at(pointer), {},
                     "object, array, string, boolean, integer or number");
    DTS_TRY(check_keywords(json, {"type"}, pointer));
    if (kind.empty()) return found->second;
    static const std::set<std::string, std::less<>> integers{"i8", "i16", "i32", "i64",
                                                             "u8", "u16", "u32", "u64"};
    const bool fits = type == "integer"  ? integers.count(kind) != 0
                      : type == "number" ? kind == "f32" || kind == "f64"
                                         : kind == "bool";
    if (fits) return kind;
    return Error(ErrorCode::invalid_type,
                 "x-dts-kind \"" + base::printable(kind) + "\" does not fit the type", at(pointer),
                 "the type is " + type);
  }

  Result<std::string> text(const Json& json, const std::string& kind, const std::string& pointer) {
    const std::string format = json.text_of("format");
    DTS_TRY(check_keywords(json, {"type", "contentEncoding", format == "date-time" ? "format" : ""},
                           pointer));
    if (kind == "text" || kind == "bytes" || kind == "time" || kind == "duration" ||
        kind == "decimal")
      return kind;
    if (!kind.empty()) {
      return Error(ErrorCode::invalid_type,
                   "x-dts-kind \"" + base::printable(kind) + "\" does not fit the type",
                   at(pointer), "the type is string");
    }
    const std::string encoding = json.text_of("contentEncoding");
    if (encoding == "base64") return std::string("bytes");
    if (!encoding.empty())
      return refused("the encoding \"" + base::printable(encoding) + "\" is not supported",
                     at(pointer), {}, "base64");
    return std::string(format == "date-time" ? "time" : "text");
  }

  Result<std::string> array(const Json& json, const std::string& wanted,
                            const std::string& pointer) {
    const Json* items = json.find("items");
    const Json *least = json.find("minItems"), *most = json.find("maxItems");
    const bool exact = least != nullptr && most != nullptr && least->is(Json::Sort::integer) &&
                       most->is(Json::Sort::integer) && least->text == most->text;
    DTS_TRY(check_keywords(
        json, {"type", "items", exact ? "minItems" : "", exact ? "maxItems" : ""}, pointer));
    if (items == nullptr)
      return refused("an array of anything", at(pointer), "a list has one type of element",
                     "\"items\": {...}");
    DTS_ASSIGN(const std::string element, type_of(*items, wanted + "_item", pointer + "/items"));
    return exact ? "array<" + element + ", " + least->text + ">" : "list<" + element + ">";
  }

  Result<std::string> object(const Json& json, const std::string& wanted,
                             const std::string& pointer) {
    const Json* properties = json.find("properties");
    const Json* more = json.find("additionalProperties");
    DTS_TRY(
        check_keywords(json, {"type", "properties", "required", "additionalProperties"}, pointer));
    if (properties == nullptr && more != nullptr && more->is(Json::Sort::object)) {
      DTS_ASSIGN(const std::string value,
                 type_of(*more, wanted + "_value", pointer + "/additionalProperties"));
      return "map<text, " + value + ">";
    }
    if (more != nullptr && !(more->is(Json::Sort::boolean) && !more->boolean)) {
      return refused("properties that are not listed", at(pointer + "/additionalProperties"),
                     "a struct has fields with names", "\"additionalProperties\": false");
    }
    DraftNode& node = add(json, wanted, Kind::structure, pointer);
    DTS_TRY(head(node, json, pointer));
    const std::string name = named(node.name, pointer);
    std::set<std::string> required;
    if (const Json* list = json.find("required"); list != nullptr) {
      for (const Json& each : list->items) required.insert(each.text);
    }
    if (properties == nullptr) return name;
    for (const auto& [key, schema] : properties->members) {
      DTS_TRY(property(node, key, schema, required.count(key) != 0,
                       pointer + "/properties/" + escaped(key)));
    }
    return name;
  }

  DraftNode& add(const Json& json, const std::string& wanted, Kind kind,
                 const std::string& pointer) {
    DraftNode& node = draft_.add(draft_.free_name(wanted), kind, at(pointer));
    node.doc = json.text_of("description");
    return node;
  }
  Result<void> head(DraftNode& node, const Json& json, const std::string& pointer) {
    const std::string type = json.text_of("x-dts-type");
    return type.empty() ? Result<void>() : draft_.head(node, type, at(pointer));
  }

  // In a member that an annotation declares, anything may be `any`.
  Result<std::string> member_type(const Json& schema, const std::string& wanted,
                                  const std::string& pointer) {
    const int declared = schema.find("x-dts-field") != nullptr ? 1 : 0;
    declared_ += declared;
    auto type = type_of(schema, wanted, pointer);
    declared_ -= declared;
    return type;
  }

  Result<void> property(DraftNode& node, const std::string& key, const Json& schema, bool required,
                        const std::string& pointer) {
    DTS_ASSIGN(std::string type, member_type(schema, node.name + "." + key, pointer));
    const Json* value = schema.find("default");
    if (!required && value == nullptr && type.rfind("optional<", 0) != 0)
      type = "optional<" + type + ">";
    DraftMember& member = node.add(key, std::move(type), at(pointer));
    if (schema.find("properties") == nullptr) member.doc = schema.text_of("description");
    read_annotations(schema, "x-dts-", member);
    if (value == nullptr || !member.field.empty()) return {};
    member.default_value = default_of(*value, read_term(member.type));
    if (!member.default_value.empty()) return {};
    return refused("this default is not supported", at(pointer + "/default"), {},
                   "remove the default");
  }

  Result<std::string> enumeration(const Json& json, const std::string& wanted,
                                  const std::string& pointer) {
    DTS_TRY(check_keywords(json, {"type", "enum"}, pointer));
    std::vector<std::string> names;
    for (const Json& symbol : json.find("enum")->items) {
      if (!symbol.is(Json::Sort::text))
        return refused("an enum of something else than texts", at(pointer + "/enum"),
                       "symbols have names", "{\"enum\": [\"off\", \"on\"]}, or \"integer\"");
      names.push_back(symbol.text);
    }
    const std::string type = json.text_of("x-dts-type");
    if (type.find('{') != std::string::npos) {
      DTS_TRY(whole_enumeration(draft_, type, names, at(pointer)));
      return named(headed_name(type.substr(0, type.find('{'))), pointer);
    }
    DraftNode& node = add(json, wanted, Kind::enumeration, pointer);
    DTS_TRY(head(node, json, pointer));
    for (std::size_t i = 0; i < names.size(); ++i)
      node.add(names[i], std::to_string(i), at(pointer + "/enum/" + std::to_string(i)));
    return named(node.name, pointer);
  }

  // Each branch an object of one required property: {"started": ...}; null: it may be missing; an
  // empty object: an open union without a case.
  Result<std::string> one_of(const Json& json, const std::string& wanted,
                             const std::string& pointer) {
    DTS_TRY(check_keywords(json, {"oneOf", "type"}, pointer));
    const Json& branches = *json.find("oneOf");
    const Json* only = nullptr;
    std::size_t others = 0, only_index = 0;
    for (std::size_t i = 0; i < branches.items.size(); ++i) {
      if (branches.items[i].text_of("type") == "null") continue;
      only = &branches.items[i];
      only_index = i;
      ++others;
    }
    if (others == 1 && branches.items.size() == 2) {
      DTS_ASSIGN(const std::string type,
                 type_of(*only, wanted, pointer + "/oneOf/" + std::to_string(only_index)));
      return "optional<" + type + ">";
    }
    DraftNode& node = add(json, wanted, Kind::union_, pointer);
    node.closed = true;
    DTS_TRY(head(node, json, pointer));
    const std::string name = named(node.name, pointer);
    for (std::size_t i = 0; i < branches.items.size(); ++i) {
      const Json& branch = branches.items[i];
      const std::string place = pointer + "/oneOf/" + std::to_string(i);
      const Json *properties = branch.find("properties"), *most = branch.find("maxProperties");
      if (most != nullptr && most->text == "0" && properties == nullptr) {
        node.closed = false;
        continue;
      }
      const Json* required = branch.find("required");
      if (properties == nullptr || properties->members.size() != 1 || required == nullptr ||
          required->items.size() != 1) {
        return refused("a branch of oneOf that is not named", at(place),
                       "nothing in the value says which it is",
                       "{\"type\": \"object\", \"properties\": {\"NAME\": {...}}, \"required\": "
                       "[\"NAME\"]}");
      }
      const auto& [key, schema] = properties->members[0];
      DTS_ASSIGN(std::string type,
                 member_type(schema, name + "." + key, place + "/properties/" + escaped(key)));
      DraftMember& member = node.add(key, std::move(type), at(place));
      read_annotations(schema, "x-dts-", member);
    }
    return name;
  }

  std::string file_;
  const Json& json_;
  Draft draft_;
  std::string root_name_, self_;
  int declared_ = 0;
  std::map<std::string, std::string> resolved_;  // by pointer
};

}  // namespace

Result<Imported> import_json_schema(const std::string& name, std::string_view text,
                                    std::string_view root) {
  DTS_ASSIGN(const Json json, parse_json(name, text));
  if (!json.is(Json::Sort::object))
    return refused("a schema is an object", name + "#", {}, "{\"type\": \"object\", ...}");
  return JsonSchemaImporter(name, json).run(root);
}

}  // namespace dts::schema
