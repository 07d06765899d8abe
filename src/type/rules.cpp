#include <type/rules.hpp>

#include <algorithm>
#include <array>
#include <bitset>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <base/text.hpp>
#include <type/default_value.hpp>

namespace dts {

namespace {

Error bad(std::string what, std::string where, std::string hint = {}) {
  return Error(ErrorCode::invalid_type, std::move(what), std::move(where), {}, std::move(hint));
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_word(std::string_view text) {
  return !text.empty() && is_letter(text[0]) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

bool is_integer(Kind kind) { return kind >= Kind::i8 && kind <= Kind::u64; }

bool is_number(Kind kind) {
  return is_integer(kind) || kind == Kind::f32 || kind == Kind::f64 || kind == Kind::decimal;
}

// The kind a unit speaks about: of the elements of a list, array or optional, of a map's values.
Kind measured_kind(const TypeRef& type) {
  const TypeRef* at = &type;
  while (!at->arguments.empty()) at = &at->arguments.back();
  return at->kind;
}

bool may_be_map_key(const TypeRef& type, std::span<const TypeNode> nodes) {
  return type.kind == Kind::boolean || is_integer(type.kind) || type.kind == Kind::text ||
         (type.kind == Kind::reference && nodes[type.node].kind == Kind::enumeration);
}

// A key tells instances apart: it must be equal or not, so no floats, and it must be there.
bool may_be_key_field(const TypeRef& type, std::span<const TypeNode> nodes) {
  return may_be_map_key(type, nodes) || type.kind == Kind::bytes || type.kind == Kind::time ||
         type.kind == Kind::duration;
}

Result<void> check_type(const TypeRef& type, std::span<const TypeNode> nodes,
                        const std::string& where) {
  switch (type.kind) {
    case Kind::array:
      if (type.length == 0 || type.length > array_length_max) {
        return bad("the length of an array is 1 to " + std::to_string(array_length_max), where,
                   "list<T> has any length");
      }
      break;
    case Kind::map:
      if (!may_be_map_key(type.arguments[0], nodes)) {
        return bad("a map key is bool, an integer, text or an enum", where);
      }
      break;
    case Kind::optional:
      if (type.arguments[0].kind == Kind::optional) {
        return bad("an optional of an optional", where, "one optional is enough");
      }
      break;
    case Kind::list:
    case Kind::reference:
      break;
    default:
      if (type.kind < Kind::boolean || type.kind > Kind::any) return bad("no such kind", where);
  }
  for (const TypeRef& argument : type.arguments) DTS_TRY(check_type(argument, nodes, where));
  return {};
}

// What is outside the identity, and what the subscriber alone wants.
Result<void> check_wishes(const Field& field, const std::string& where) {
  const bool optional = field.type.kind == Kind::optional;
  if (field.misfit == OnMisfit::use_default && !field.default_value && !optional) {
    return bad("use_default needs a default", where, "declare one, or an optional");
  }
  const TypeRef& content = optional ? field.type.arguments[0] : field.type;
  if (field.misfit == OnMisfit::trim && content.kind != Kind::array) {
    return bad("only an array<T, N> has a length to trim to", where, "remove trim");
  }
  for (const std::string& alias : field.aliases) {
    if (!is_member_name(alias)) {
      return Error(ErrorCode::invalid_name,
                   "\"" + base::printable(alias) + "\" is not a legal name", where, {},
                   "an alias is a former name of the field");
    }
  }
  return {};
}

Result<void> check_field(const Field& field, const TypeNode& node, std::span<const TypeNode> nodes,
                         const std::string& where) {
  DTS_TRY(check_type(field.type, nodes, where));
  if (field.id && (*field.id == 0 || *field.id > field_id_max)) {
    return bad("an id is 1 to " + std::to_string(field_id_max), where, "number fields from @1");
  }
  if (!field.unit.empty()) {
    if (!is_unit(field.unit)) {
      return bad("\"" + base::printable(field.unit) + "\" is not a unit", where,
                 "UCUM codes are ASCII, such as Cel, kPa, m/s2, %, [degF]");
    }
    if (!is_number(measured_kind(field.type))) {
      return bad("only numbers have a unit", where, "remove [" + field.unit + "]");
    }
  }
  if (!field.quantity.empty() && !is_quantity(field.quantity)) {
    return bad("\"" + base::printable(field.quantity) + "\" is not a quantity tag", where,
               "letters, digits, _ - and . as in delta or wgs84");
  }
  if (node.kind == Kind::union_ && (field.default_value || field.key || field.must_understand)) {
    return bad("a case of a union has no default and is neither key nor must_understand", where);
  }
  if (field.key && !may_be_key_field(field.type, nodes)) {
    return bad("a key is bool, an integer, text, bytes, time, duration or an enum", where);
  }
  return check_wishes(field, where);
}

Result<void> check_fields(const TypeNode& node, std::span<const TypeNode> nodes) {
  if (node.kind == Kind::union_ && node.fields.empty()) {
    return bad("a union has one case at least", node.name);
  }
  std::set<std::string_view> names;
  std::optional<std::uint32_t> before;
  for (const Field& field : node.fields) {
    const std::string where = node.name + "." + base::printable(field.name);
    if (!is_member_name(field.name)) {
      return Error(ErrorCode::invalid_name, "not a legal name", where, {},
                   "a letter or _, then letters, digits and _");
    }
    if (!names.insert(field.name).second) return bad("the name is there twice", where);
    if (field.id.has_value() != node.fields[0].id.has_value()) {
      return bad("some fields have an id and some have none", where, "give every field an id");
    }
    if (before && *before == field.id) {
      return bad("the id @" + std::to_string(*field.id) + " is there twice", where);
    }
    before = field.id;
    DTS_TRY(check_field(field, node, nodes, where));
  }
  return {};
}

Result<void> check_symbols(const TypeNode& node) {
  if (node.symbols.empty()) return bad("an enum has one symbol at least", node.name);
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < node.symbols.size(); ++i) {
    const Symbol& symbol = node.symbols[i];
    const std::string where = node.name + "." + base::printable(symbol.name);
    if (!is_member_name(symbol.name)) {
      return Error(ErrorCode::invalid_name, "not a legal name", where, {},
                   "a letter or _, then letters, digits and _");
    }
    if (!names.insert(symbol.name).second) return bad("the symbol is there twice", where);
    if (i > 0 && node.symbols[i - 1].value == symbol.value) {
      return bad("the value " + std::to_string(symbol.value) + " is there twice", where);
    }
  }
  return {};
}

Result<void> check_node(const TypeNode& node, std::span<const TypeNode> nodes) {
  if (!is_type_name(node.name)) {
    return Error(ErrorCode::invalid_name, "not a legal type name", base::printable(node.name), {},
                 is_reserved(node.name) ? "it is a word of the notation: put a prefix before it, "
                                          "such as my." +
                                              node.name
                                        : "words of letters, digits and _ joined by dots");
  }
  switch (node.kind) {
    case Kind::enumeration:
      if (!node.fields.empty()) return bad("an enum has symbols, not fields", node.name);
      return check_symbols(node);
    case Kind::structure:
      if (node.closed) return bad("only an enum or a union is closed", node.name);
      [[fallthrough]];
    case Kind::union_:
      if (!node.symbols.empty()) return bad("only an enum has symbols", node.name);
      return check_fields(node, nodes);
    default:
      return bad("a named type is a struct, an enum or a union", node.name);
  }
}

// How much of a value lies directly in it. A value must have a finite size, and not a huge one: a
// few bytes of hostile document could otherwise ask for all memory (256 structs, each holding the
// next one twice).
class InlineSize {
 public:
  explicit InlineSize(std::span<const TypeNode> nodes)
      : nodes_(nodes), reached_(nodes.size()), state_(nodes.size()), size_(nodes.size()) {
    for (std::size_t i = 0; i < nodes.size(); ++i) find_reached(i);
  }

  Result<void> check() {
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) DTS_TRY(measure(i));
    return {};
  }

 private:
  enum class State : std::uint8_t { unseen, open, done };

  void find_reached(std::size_t from) {
    std::vector<std::uint32_t> todo;
    const auto add = [&](const TypeRef& type, const auto& self) -> void {
      if (type.kind == Kind::reference && !reached_[from][type.node]) {
        reached_[from][type.node] = true;
        todo.push_back(type.node);
      }
      for (const TypeRef& argument : type.arguments) self(argument, self);
    };
    for (const Field& field : nodes_[from].fields) add(field.type, add);
    while (!todo.empty()) {
      const TypeNode& node = nodes_[todo.back()];
      todo.pop_back();
      for (const Field& field : node.fields) add(field.type, add);
    }
  }

  // At most as deep as there are nodes.
  Result<void> measure(std::uint32_t index) {
    if (state_[index] == State::done) return {};
    const TypeNode& node = nodes_[index];
    if (state_[index] == State::open) {
      return bad("the type contains itself directly and would never end", node.name,
                 "put an optional or a list in between");
    }
    state_[index] = State::open;
    std::uint64_t total = 1;
    for (const Field& field : node.fields) {
      std::uint64_t size = 1;
      DTS_TRY(measure(field.type, index, node.kind == Kind::union_, size));
      total += size;
      if (total > inline_scalars_max) {
        return bad("a value would hold more than " + std::to_string(inline_scalars_max) +
                       " scalars directly",
                   node.name + "." + field.name, "use list<T> or bytes");
      }
    }
    size_[index] = total;
    state_[index] = State::done;
    return {};
  }

  // `indirect`: inside an optional or a union, where a recursive type is kept apart.
  Result<void> measure(const TypeRef& type, std::uint32_t owner, bool indirect,
                       std::uint64_t& size) {
    std::uint64_t factor = 1;
    for (const TypeRef* at = &type;; at = &at->arguments[0]) {
      if (at->kind == Kind::array) {
        factor = std::min(factor * at->length, inline_scalars_max + 1);  // never above 41 bits
      } else if (at->kind == Kind::optional) {
        indirect = true;
      } else {
        size = 1;
        if (at->kind == Kind::reference && !(indirect && reached_[at->node][owner])) {
          DTS_TRY(measure(at->node));
          size = size_[at->node];
        }
        size *= factor;
        return {};
      }
    }
  }

  std::span<const TypeNode> nodes_;
  std::vector<std::bitset<TypeLimits::nodes_max>> reached_;
  std::vector<State> state_;
  std::vector<std::uint64_t> size_;
};

Result<void> check_defaults(std::span<const TypeNode> nodes) {
  for (const TypeNode& node : nodes) {
    for (const Field& field : node.fields) {
      if (!field.default_value) continue;
      if (auto ok = check_default(*field.default_value, field.type, nodes); !ok) {
        return ok.error().at(node.name + "." + field.name);
      }
    }
  }
  return {};
}

constexpr std::array<std::string_view, 27> kReserved{
    "bool",  "i8",  "i16",      "i32",    "i64",  "u8",       "u16",     "u32", "u64",
    "f32",   "f64", "text",     "bytes",  "time", "duration", "decimal", "any", "list",
    "array", "map", "optional", "struct", "enum", "union",    "closed",  "key", "must_understand"};

}  // namespace

bool is_reserved(std::string_view word) {
  return std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end();
}

bool is_member_name(std::string_view name) {
  return name.size() <= TypeLimits::name_bytes_max && is_word(name);
}

bool is_type_name(std::string_view name) {
  if (name.size() > TypeLimits::name_bytes_max || is_reserved(name)) return false;
  while (true) {
    const std::size_t dot = name.find('.');
    if (!is_word(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

// Printable ASCII without spaces; brackets in pairs, so that [unit] has one end; no semicolon,
// which separates the quantity tag.
bool is_unit(std::string_view text) {
  int open = 0;
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == ';') return false;
    open += c == '[' ? 1 : c == ']' ? -1 : 0;
    if (open < 0) return false;
  }
  return open == 0 && !text.empty() && text.size() <= unit_bytes_max;
}

bool is_quantity(std::string_view text) {
  return !text.empty() && text.size() <= quantity_bytes_max && is_letter(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-'; });
}

Result<void> check_nodes(std::span<const TypeNode> nodes) {
  for (const TypeNode& node : nodes) DTS_TRY(check_node(node, nodes));
  DTS_TRY(InlineSize(nodes).check());
  return check_defaults(nodes);
}

}  // namespace dts
