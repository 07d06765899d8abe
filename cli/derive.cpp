#include <cli/derive.hpp>

#include <simdjson.h>
#include <cctype>
#include <charconv>

#include <base/text.hpp>
#include <cli/json_object.hpp>
#include <dts/time.hpp>

namespace dts::cli {

namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

class Deriver {
 public:
  Result<Type> derive(const std::string& name, const element& sample) {
    if (!sample.is_object()) {
      return Error(ErrorCode::wrong_value, "a value is a JSON object", {}, "this is something else",
                   R"({"celsius": 18.4})");
    }
    DTS_ASSIGN(const std::uint32_t root, structure(name, sample, {}));
    if (root != 0) return Error(ErrorCode::invalid_type, "the sample has no root");
    return Type::make(std::move(nodes_));
  }

 private:
  // "Note" and "pos" -> "Note.Pos"
  static std::string nested_name(const std::string& parent, std::string_view field) {
    std::string name = parent + "." + std::string(field);
    char& first = name[parent.size() + 1];
    first = static_cast<char>(std::toupper(static_cast<unsigned char>(first)));
    return name;
  }

  Result<std::uint32_t> structure(const std::string& name, const element& object,
                                  const std::string& path) {
    const auto index = static_cast<std::uint32_t>(nodes_.size());
    if (index >= TypeLimits::nodes_max) {
      return Error(ErrorCode::limit_reached, "the sample has too many nested objects");
    }
    nodes_.emplace_back();
    std::vector<Field> fields;
    for (const auto [key, value] : simdjson::dom::object(object)) {
      Field field;
      field.name = std::string(key);
      const std::string inner = path.empty() ? field.name : path + "." + field.name;
      if (!is_member_name(key)) {
        return Error(ErrorCode::invalid_name, "\"" + base::printable(key) + "\" cannot be a field",
                     base::printable(inner), "a name is letters, digits and _");
      }
      DTS_ASSIGN(field.type, reference(name, key, value, inner));
      fields.push_back(std::move(field));
    }
    nodes_[index].name = name;
    nodes_[index].fields = std::move(fields);
    return index;
  }

  Result<TypeRef> reference(const std::string& parent, std::string_view key, const element& value,
                            const std::string& path) {
    TypeRef ref;
    switch (value.type()) {
      case element_type::BOOL:
        ref.kind = Kind::boolean;
        return ref;
      case element_type::INT64:
        ref.kind = Kind::i64;
        return ref;
      case element_type::UINT64:
        ref.kind = Kind::u64;
        return ref;
      case element_type::DOUBLE:
        ref.kind = Kind::f64;
        return ref;
      case element_type::STRING:
        ref.kind = from_rfc3339(std::string_view(value)) ? Kind::time : Kind::text;
        return ref;
      case element_type::OBJECT: {
        ref.kind = Kind::reference;
        DTS_ASSIGN(ref.node, structure(nested_name(parent, key), value, path));
        return ref;
      }
      case element_type::ARRAY:
        return list(parent, key, value, path);
      case element_type::NULL_VALUE:
        break;
    }
    return unclear(path, "null does not tell a type");
  }

  // All elements must be of one type; whole numbers among others are numbers.
  Result<TypeRef> list(const std::string& parent, std::string_view key, const element& value,
                       const std::string& path) {
    const auto nodes_before = nodes_.size();
    std::optional<TypeRef> found;
    std::vector<TypeNode> found_nodes;
    for (const element item : simdjson::dom::array(value)) {
      nodes_.resize(nodes_before);
      DTS_ASSIGN(TypeRef each, reference(parent, key, item, path));
      if (!found) {
        found = each;
        found_nodes.assign(nodes_.begin() + static_cast<std::ptrdiff_t>(nodes_before),
                           nodes_.end());
        continue;
      }
      const bool numbers = is_number(found->kind) && is_number(each.kind);
      if (numbers && found->kind != each.kind) {
        found->kind = Kind::f64;
      } else if (found->kind != each.kind || !same(found_nodes, nodes_before)) {
        return unclear(path, "its elements are of different types");
      }
    }
    if (!found) return unclear(path, "an empty list does not tell a type");
    nodes_.resize(nodes_before);
    nodes_.insert(nodes_.end(), found_nodes.begin(), found_nodes.end());
    TypeRef ref;
    ref.kind = Kind::list;
    ref.arguments.push_back(std::move(*found));
    return ref;
  }

  static bool is_number(Kind kind) {
    return kind == Kind::i64 || kind == Kind::u64 || kind == Kind::f64;
  }

  bool same(const std::vector<TypeNode>& found, std::size_t from) const {
    if (nodes_.size() - from != found.size()) return false;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto& a = found[i].fields;
      const auto& b = nodes_[from + i].fields;
      if (a.size() != b.size()) return false;
      for (std::size_t j = 0; j < a.size(); ++j) {
        if (a[j].name != b[j].name || !(a[j].type == b[j].type)) return false;
      }
    }
    return true;
  }

  static Error unclear(const std::string& path, const char* why) {
    return Error(ErrorCode::wrong_value, "the type of \"" + base::printable(path) + "\" is unclear",
                 {}, why, "say it: --define 'T{field:f64}'");
  }

  std::vector<TypeNode> nodes_;
};

// The text of a k=v value as JSON: what looks like a number, true, false, a list or an object is
// taken as such, everything else is text.
std::string json_value(const std::string& text) {
  if (text == "true" || text == "false") return text;
  simdjson::dom::parser parser;
  element parsed;
  const bool composite = !text.empty() && (text[0] == '[' || text[0] == '{');
  const bool number = !text.empty() && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9'));
  if ((composite || number) && parser.parse(text).get(parsed) == simdjson::SUCCESS &&
      (composite || parsed.is_number())) {
    return text;
  }
  return json_string(text);
}

}  // namespace

Result<Type> type_from_json(const std::string& name, std::string_view json) {
  simdjson::dom::parser parser;
  element sample;
  if (const auto error = parser.parse(json.data(), json.size()).get(sample)) {
    return Error(ErrorCode::decode, "this is not JSON", {}, simdjson::error_message(error));
  }
  return Deriver().derive(name, sample);
}

Result<std::string> json_from_pairs(const Pairs& pairs) {
  JsonObject object;
  for (const auto& [key, value] : pairs) {
    if (!is_member_name(key)) {
      return Error(ErrorCode::invalid_name, "\"" + base::printable(key) + "\" cannot be a field",
                   {}, "a name is letters, digits and _");
    }
    object.raw(key, json_value(value));
  }
  return object.str();
}

Result<Type> type_from_pairs(const std::string& name, const Pairs& pairs) {
  DTS_ASSIGN(const std::string json, json_from_pairs(pairs));
  return type_from_json(name, json);
}

Result<Pairs> parse_pairs(const std::vector<std::string>& arguments, std::size_t from) {
  Pairs pairs;
  for (std::size_t i = from; i < arguments.size(); ++i) {
    const std::string& text = arguments[i];
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error(ErrorCode::invalid_argument,
                   "\"" + base::printable(text) + "\" is not a field and its value", {}, {},
                   "field=value, one JSON object, or - for JSON lines on stdin");
    }
    for (const auto& [key, value] : pairs) {
      if (key == text.substr(0, equals)) {
        return Error(ErrorCode::invalid_argument,
                     "\"" + base::printable(key) + "\" is given twice");
      }
    }
    pairs.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return pairs;
}

}  // namespace dts::cli
