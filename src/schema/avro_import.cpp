// Avro schemas (.avsc, specification 1.11): records, enumerations, arrays, maps, fixed, unions,
// logical types where they are exact.
#include <algorithm>
#include <map>

#include <base/text.hpp>
#include <schema/importers.hpp>
#include <schema/json_text.hpp>

namespace dts::schema {

namespace {

const std::map<std::string, std::string, std::less<>> kPrimitives{
    {"boolean", "bool"}, {"int", "i32"},     {"long", "i64"},   {"float", "f32"},
    {"double", "f64"},   {"bytes", "bytes"}, {"string", "text"}};

class AvroImporter {
 public:
  explicit AvroImporter(const std::string& file) : file_(file), draft_(file, "") {}

  Result<Imported> run(const Json& json, std::string_view root) {
    const std::string place = file_ + "#";
    if (json.is(Json::Sort::array)) {  // a list of named types
      for (std::size_t i = 0; i < json.items.size(); ++i) {
        const auto type = type_of(json.items[i], "", "", place + "/" + std::to_string(i));
        if (!type) return type.error();
      }
    } else {
      const auto type = type_of(json, "", "", place);
      if (!type) return type.error();
    }
    return draft_.finish(root);
  }

 private:
  struct Scope {
    std::string name, space;  // the full name; the namespace
  };

  static Error missing(const std::string& what, const std::string& place, std::string hint) {
    return Error(ErrorCode::notation, "there is no \"" + what + "\"", place, "Avro wants it here",
                 std::move(hint));
  }

  Result<Scope> name_of(const Json& json, const std::string& space, const std::string& place) {
    std::string name = json.text_of("name");
    std::string inside = json.find("namespace") != nullptr ? json.text_of("namespace") : space;
    if (name.empty()) return missing("name", place, "\"name\": \"brewery.Temperature\"");
    if (name.find('.') != std::string::npos) {
      inside = words_before(name);
    } else if (!inside.empty()) {
      name = inside + "." + name;
    }
    return Scope{name, inside};
  }

  // The notation of a type. `wanted` is the name of a union that is met.
  Result<std::string> type_of(const Json& json, const std::string& space, const std::string& wanted,
                              const std::string& place) {
    if (json.is(Json::Sort::text)) return reference(json.text, space, place);
    if (json.is(Json::Sort::array)) return union_of(json, space, wanted, place);
    if (!json.is(Json::Sort::object))
      return refused("this is not a type", place, {}, "\"long\", {\"type\": \"record\", ...}");
    const Json* type = json.find("type");
    if (type == nullptr) return missing("type", place, "\"type\": \"record\"");
    if (!type->is(Json::Sort::text)) return type_of(*type, space, wanted, place + "/type");
    if (type->text == "record" || type->text == "error") return record(json, space, place);
    if (type->text == "enum") return enumeration(json, space, place);
    if (type->text == "fixed") return fixed(json, space, place);
    if (type->text == "array" || type->text == "map") {
      const bool is_array = type->text == "array";
      const Json* inside = json.find(is_array ? "items" : "values");
      if (inside == nullptr)
        return is_array ? missing("items", place, "\"items\": \"long\"")
                        : missing("values", place, "\"values\": \"long\"");
      DTS_ASSIGN(const std::string element,
                 type_of(*inside, space, wanted.empty() ? "" : wanted + "_item",
                         place + (is_array ? "/items" : "/values")));
      return is_array ? "list<" + element + ">" : "map<text, " + element + ">";
    }
    if (const std::string logical = json.text_of("logicalType"); !logical.empty())
      return logical_type(json, type->text, logical, place);
    return reference(type->text, space, place);
  }

  Result<std::string> reference(const std::string& name, const std::string& space,
                                const std::string& place) {
    if (const auto found = kPrimitives.find(name); found != kPrimitives.end()) return found->second;
    if (name == "null")
      return refused("null is no type of its own", place, {}, "[\"null\", \"long\"]");
    const std::string full =
        name.find('.') == std::string::npos && !space.empty() ? space + "." + name : name;
    if (const auto found = named_.find(full); found != named_.end()) return found->second;
    if (const auto found = named_.find(name); found != named_.end()) return found->second;
    std::vector<std::string> names{"record", "enum", "array", "map", "fixed"};
    for (const auto& [each, type] : kPrimitives) names.push_back(each);
    for (const auto& [each, type] : named_) names.push_back(each);
    return Error(ErrorCode::invalid_type, "there is no type \"" + base::printable(name) + "\"",
                 place, "a name is defined before it is used", base::nearest(full, names));
  }

  Result<std::string> logical_type(const Json& json, const std::string& base,
                                   const std::string& logical, const std::string& place) {
    if (logical.rfind("timestamp-", 0) == 0 && base == "long") return std::string("time");
    if (logical == "decimal" && (base == "bytes" || base == "fixed")) {
      const Json* precision = json.find("precision");
      if (precision != nullptr && precision->is(Json::Sort::integer) &&
          std::atoi(precision->text.c_str()) <= 18)
        return std::string("decimal");
      if (precision != nullptr && precision->text == "20" && json.find("scale") != nullptr &&
          json.find("scale")->text == "0")
        return std::string("u64");
      return refused("a decimal of more than 18 digits is not supported", place, {},
                     "a precision of at most 18");
    }
    if (logical == "duration") {
      return refused("the logical type \"duration\" counts months", place, "a month has no length",
                     "a long of nanoseconds");
    }
    if (logical.rfind("local-timestamp-", 0) == 0) {
      return refused("a local timestamp has no time zone", place, "a time in DTS is UTC",
                     "timestamp-micros");
    }
    if (const auto found = kPrimitives.find(base); found != kPrimitives.end()) {
      draft_.note(place + ": the logical type \"" + base::printable(logical) + "\" is read as " +
                  found->second);
      return found->second;
    }
    return refused("the logical type \"" + base::printable(logical) + "\" is not supported", place);
  }

  Result<std::string> record(const Json& json, const std::string& space, const std::string& place) {
    DTS_ASSIGN(const Scope scope, name_of(json, space, place));
    const Json* fields = json.find("fields");
    if (fields == nullptr || !fields->is(Json::Sort::array))
      return missing("fields", place,
                     "\"fields\": [{\"name\": \"celsius\", \"type\": \"double\"}]");
    if (named_.count(scope.name) != 0)
      return Error(ErrorCode::invalid_type, scope.name + " is defined twice", place);
    const std::string head = json.text_of("dts.type");
    const bool is_union = head.find("union ") != std::string::npos;
    DraftNode& node = draft_.add(scope.name, is_union ? Kind::union_ : Kind::structure, place);
    node.doc = json.text_of("doc");
    if (!head.empty()) DTS_TRY(draft_.head(node, head, place));
    if (const std::string other = json.text_of("dts.name"); !other.empty()) node.name = other;
    named_[scope.name] = node.name;
    for (std::size_t i = 0; i < fields->items.size(); ++i) {
      DTS_TRY(field(node, scope, fields->items[i], place + "/fields/" + std::to_string(i)));
    }
    return node.name;
  }

  Result<void> field(DraftNode& node, const Scope& scope, const Json& json,
                     const std::string& place) {
    const std::string name = json.text_of("name");
    const Json* type = json.find("type");
    if (name.empty() || type == nullptr)
      return missing(name.empty() ? "name" : "type", place,
                     "{\"name\": \"celsius\", \"type\": \"double\"}");
    DTS_ASSIGN(std::string text, type_of(*type, scope.space, node.name + "." + name, place));
    if (json.find("aliases") != nullptr) draft_.note(place + ": aliases are left out");
    DraftMember& member = node.add(name, std::move(text), place);
    member.doc = json.text_of("doc");
    read_annotations(json, "dts.", member);
    const Json* value = json.find("default");
    if (value == nullptr || !member.field.empty()) return {};
    const Term term = read_term(member.type);
    if (term.name == "optional" && value->is(Json::Sort::null)) return {};
    if (term.name == "bytes" && value->is(Json::Sort::text)) {
      DTS_ASSIGN(member.default_value, code_points(value->text, place));
      return {};
    }
    member.default_value = default_of(*value, term);
    if (member.default_value.empty())
      return refused("this default is not supported", place, {}, "remove the default");
    return {};
  }

  // A default of bytes is a text whose code points are the bytes.
  static Result<std::string> code_points(const std::string& text, const std::string& place) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      if (c < 0x80) {
        bytes += text[i];
      } else if ((c == 0xc2 || c == 0xc3) && i + 1 < text.size()) {
        bytes += static_cast<char>((c & 3) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3f));
      } else {
        return Error(ErrorCode::invalid_type, "a default of bytes has code points to 255", place,
                     "each stands for one byte", "\"\\u0000\\u00ff\"");
      }
    }
    return hex_bytes(as_bytes(bytes));
  }

  Result<std::string> enumeration(const Json& json, const std::string& space,
                                  const std::string& place) {
    DTS_ASSIGN(const Scope scope, name_of(json, space, place));
    if (named_.count(scope.name) != 0)
      return Error(ErrorCode::invalid_type, scope.name + " is defined twice", place);
    const Json* symbols = json.find("symbols");
    if (symbols == nullptr || !symbols->is(Json::Sort::array))
      return missing("symbols", place, "\"symbols\": [\"IDLE\", \"HEATING\"]");
    std::vector<std::string> names;
    for (const Json& symbol : symbols->items) names.push_back(symbol.text);
    const std::string head = json.text_of("dts.type");
    if (head.find('{') != std::string::npos) {
      DTS_TRY(whole_enumeration(draft_, head, names, place));
      const std::string full = headed_name(head.substr(0, head.find('{')));
      return named_[scope.name] = full;
    }
    if (json.find("default") != nullptr) {
      draft_.note(place +
                  ": the default of the enumeration is left out: a subscriber keeps the "
                  "number of a symbol that it does not know");
    }
    DraftNode& node = draft_.add(scope.name, Kind::enumeration, place);
    node.doc = json.text_of("doc");
    if (!head.empty()) DTS_TRY(draft_.head(node, head, place));
    for (std::size_t i = 0; i < names.size(); ++i)
      node.add(names[i], std::to_string(i), place + "/symbols/" + std::to_string(i));
    return named_[scope.name] = node.name;
  }

  Result<std::string> fixed(const Json& json, const std::string& space, const std::string& place) {
    DTS_ASSIGN(const Scope scope, name_of(json, space, place));
    const Json* size = json.find("size");
    if (size == nullptr || !size->is(Json::Sort::integer))
      return missing("size", place, "\"size\": 16");
    std::string type = "array<u8, " + size->text + ">";
    if (const std::string logical = json.text_of("logicalType"); !logical.empty()) {
      DTS_ASSIGN(type, logical_type(json, "fixed", logical, place));
    }
    named_[scope.name] = type;
    return type;
  }

  // What a branch of a union is called as a case.
  static std::string case_name(const Json& branch, const std::string& type) {
    const std::string name = branch.is(Json::Sort::text) ? branch.text : branch.text_of("name");
    if (!name.empty()) return last_word(name);
    return branch.text_of("type").empty() ? type.substr(0, type.find('<')) : branch.text_of("type");
  }

  Result<std::string> union_of(const Json& json, const std::string& space,
                               const std::string& wanted, const std::string& place) {
    std::vector<std::pair<const Json*, std::string>> branches;
    bool nullable = false;
    for (std::size_t i = 0; i < json.items.size(); ++i) {
      const Json& branch = json.items[i];
      const std::string at = place + "/" + std::to_string(i);
      if (branch.is(Json::Sort::array))
        return refused("a union in a union", at, "Avro has none", "one union of them all");
      if (branch.is_text("null") || branch.text_of("type") == "null") {
        nullable = true;
        continue;
      }
      DTS_ASSIGN(std::string type, type_of(branch, space, wanted + "_" + std::to_string(i), at));
      branches.emplace_back(&branch, std::move(type));
    }
    if (branches.empty())
      return refused("a union without a type", place, "nothing could be held",
                     "[\"null\", \"long\"]");
    if (branches.size() == 1) {
      const std::string& only = branches[0].second;
      return nullable ? "optional<" + only + ">" : only;
    }
    if (wanted.empty()) {
      return refused("a union needs a field to be named after", place, {},
                     "put it into a field of a record");
    }
    const std::string name = draft_.free_name(wanted);
    DraftNode& node = draft_.add(name, Kind::union_, place);
    node.own = false;
    for (const auto& [branch, type] : branches) node.add(case_name(*branch, type), type, place);
    return nullable ? "optional<" + name + ">" : name;
  }

  std::string file_;
  Draft draft_;
  std::map<std::string, std::string> named_;  // full name -> notation
};

}  // namespace

Result<Imported> import_avro(const std::string& name, std::string_view text,
                             std::string_view root) {
  DTS_ASSIGN(const Json json, parse_json(name, text));
  return AvroImporter(name).run(json, root);
}

}  // namespace dts::schema
