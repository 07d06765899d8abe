#include <cli/bridge/foreign_type.hpp>

#include <algorithm>
#include <cmath>
#include <set>

#include <base/text.hpp>
#include <cli/json_object.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr std::size_t kWordMax = 64;
constexpr std::size_t kChoicesMax = 256;

TypeRef wrapped(Kind kind, TypeRef inner) {
  TypeRef ref;
  ref.kind = kind;
  ref.arguments = {std::move(inner)};
  return ref;
}

TypeRef type_ref(const ForeignField& field, std::vector<TypeNode>& nodes) {
  TypeRef ref;
  ref.kind = field.kind;
  if (field.kind == Kind::enumeration) {
    TypeNode node;
    node.name = nodes[0].name + "." + field.name;
    node.kind = Kind::enumeration;
    for (std::size_t i = 0; i < field.choices.size(); ++i)
      node.symbols.push_back({word_of(field.choices[i]), static_cast<std::int32_t>(i), {}});
    ref.kind = Kind::reference;
    ref.node = static_cast<std::uint32_t>(nodes.size());
    nodes.push_back(std::move(node));
  }
  if (field.list) ref = wrapped(Kind::list, ref);
  if (!field.required) ref = wrapped(Kind::optional, ref);
  return ref;
}

// What a JSON object of paths is made of.
struct Branch {
  std::string name, leaf;
  std::vector<Branch> members;
  void put(const JsonPath& path, std::size_t at, std::string json) {
    if (at == path.size()) {
      leaf = std::move(json);
      return;
    }
    auto member = std::find_if(members.begin(), members.end(),
                               [&](const Branch& each) { return each.name == path[at]; });
    if (member == members.end()) member = members.insert(members.end(), Branch{path[at], {}, {}});
    member->put(path, at + 1, std::move(json));
  }
  std::string json() const {
    if (members.empty()) return leaf.empty() ? "{}" : leaf;
    JsonObject object;
    for (const Branch& member : members) object.raw(member.name, member.json());
    return object.str();
  }
};

void keep_choices_apart(ForeignField& field) {
  std::set<std::string> words;
  std::erase_if(field.choices, [&](const std::string& choice) {
    return words.size() >= kChoicesMax || !words.insert(word_of(choice)).second;
  });
  if (field.choices.empty()) field.kind = Kind::text;
}

}  // namespace

std::string word_of(std::string_view text) {
  std::string word;
  for (const char c : text.substr(0, kWordMax)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (word.empty() && digit) word += '_';
    word += letter || digit ? c : '_';
  }
  if (word.empty()) word = "_";
  return is_member_name(word) ? word : word + "_";
}

Result<ForeignType> ForeignType::make(std::string name, std::vector<ForeignField> fields,
                                      std::string doc) {
  ForeignType made;
  std::vector<TypeNode> nodes(1);
  nodes[0].name = std::move(name);
  nodes[0].doc = std::move(doc);
  std::set<std::string> names;
  for (ForeignField& field : fields) {
    field.name = word_of(field.name);
    if (names.size() >= fields_max || !names.insert(field.name).second) continue;
    if (field.kind == Kind::enumeration) keep_choices_apart(field);
    Field member;
    member.name = field.name;
    member.doc = field.doc;
    if (field.kind == Kind::f64) {
      member.unit = field.unit;
      member.quantity = field.quantity;
    }
    member.type = type_ref(field, nodes);
    nodes[0].fields.push_back(std::move(member));
    made.fields_.push_back(std::move(field));
  }
  DTS_ASSIGN(made.type_, Type::make(nodes));
  DTS_ASSIGN(made.layout_, Layout::of(made.type_));
  return made;
}

ForeignType::Read ForeignType::read(Json json) const {
  Read done;
  done.value = Value(layout_);
  for (const ForeignField& field : fields_) {
    const auto found = find(json, field.path);
    if (!found || found->is_null()) continue;
    if (const auto put = read_field(field, *found, done.value); put) {
      ++done.found;
    } else {
      done.misfit.push_back(put.error());
      static_cast<void>(done.value.clear(field.name));  // nothing half done is left
    }
  }
  return done;
}

Result<void> ForeignType::read_field(const ForeignField& field, Json json, Value& value) const {
  if (field.kind == Kind::boolean && !field.list) {
    const std::string said = simdjson::minify(json);
    if (said == field.on) return value.set(field.name, true);
    if (said == field.off) return value.set(field.name, false);
  }
  if (field.kind == Kind::enumeration && !field.list) {
    const std::string said = plain_text(json);
    if (said.empty()) return value.clear(field.name);  // "no action" is written so
    const auto choice = std::find(field.choices.begin(), field.choices.end(), said);
    if (choice == field.choices.end())
      return Error(
          ErrorCode::wrong_value,
          "\"" + first_bytes(said) + "\" is not a value of " + type_.name() + "." + field.name, {},
          "the device's description does not list it");
    return value.set(field.name, std::string_view(word_of(said)));
  }
  return put(value, field.name, json);
}

Result<std::string> ForeignType::write(const Value& value) const {
  Branch root;
  for (const ForeignField& field : fields_) {
    if (field.path.empty()) continue;
    DTS_ASSIGN(ConstPlace place, value.at(field.name));
    if (place.layout->kind == Kind::optional) {
      place.pointer = place.layout->functions.get(*place.layout, place.pointer);
      place.layout = place.layout->element;
    }
    if (place.pointer == nullptr) continue;
    DTS_ASSIGN(std::string json, write_field(field, place));
    root.put(field.path, 0, std::move(json));
  }
  return root.json();
}

Result<std::string> ForeignType::write_field(const ForeignField& field,
                                             const ConstPlace& place) const {
  const Layout& layout = *place.layout;
  if (layout.kind == Kind::list) {
    std::vector<std::string> items;
    const std::size_t count = layout.functions.count(layout, place.pointer);
    const auto* item =
        static_cast<const std::uint8_t*>(layout.functions.elements(layout, place.pointer));
    for (std::size_t i = 0; i < count; ++i, item += layout.element->size) {
      DTS_ASSIGN(std::string json, write_field(field, {layout.element, item}));
      items.push_back(std::move(json));
    }
    return json_array(items);
  }
  const std::string text = to_text(layout, place.pointer);
  const std::string where = type_.name() + "." + field.name;
  switch (layout.kind) {
    case Kind::boolean:
      return text == "true" ? field.on : field.off;
    case Kind::f64: {
      const double number = *static_cast<const double*>(place.pointer);
      if (!std::isfinite(number))
        return Error(ErrorCode::wrong_value, where + " is " + text, {}, "JSON has no word for it");
      if ((field.least && number < *field.least) || (field.most && number > *field.most))
        return Error(ErrorCode::wrong_value, where + " cannot be " + text, {},
                     "the device takes " +
                         (field.least ? "from " + number_text(*field.least) + " " : "") +
                         (field.most ? "to " + number_text(*field.most) : "on"));
      return number_text(number);
    }
    case Kind::enumeration: {
      for (const std::string& choice : field.choices)
        if (word_of(choice) == text) return json_string(choice);
      return Error(ErrorCode::wrong_value, where + " cannot be " + base::printable(text), {},
                   "the device takes " + joined(field.choices, ", "));
    }
    default:
      return json_string(text);
  }
}

}  // namespace dts::cli
