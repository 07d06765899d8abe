// Types as C++: plain aggregates with their declarations outside, which give the same type id.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include <schema/draft.hpp>
#include <schema/importers.hpp>
#include <type/canonical.hpp>

namespace dts::schema {

namespace {

constexpr std::size_t kFieldsMax = 64;  // what reflection can count

// Words that C++ and its library keep for themselves.
constexpr std::string_view kKeywords =
    " alignas alignof and asm auto bool break case catch char class compl concept "
    "const constexpr consteval constinit continue co_await co_return co_yield "
    "decltype default delete do double dynamic_cast else enum explicit export extern "
    "false float for friend goto if inline int long mutable namespace new noexcept "
    "not nullptr operator or private protected public register requires return short "
    "signed sizeof static struct switch template this throw true try typedef typeid "
    "typename union unsigned using virtual void volatile wchar_t while xor std "
    "bitand bitor char8_t char16_t char32_t and_eq or_eq not_eq xor_eq const_cast "
    "static_cast reinterpret_cast static_assert thread_local linux unix NULL errno "
    "assert INFINITY NAN EOF stdin stdout stderr ";

bool is_keyword(const std::string& word) {
  return kKeywords.find(" " + word + " ") != std::string_view::npos;
}

std::string legal(const std::string& word) { return is_keyword(word) ? word + "_" : word; }

std::string literal(std::string_view text) { return quote(text, {"\\%03o", "\"\\?", true}); }

template <class T>
std::string real_literal(T value, const char* type, const char* end) {
  const std::string limits = std::string("std::numeric_limits<") + type + ">::";
  if (std::isnan(value)) return limits + "quiet_NaN()";
  if (std::isinf(value)) return (value < 0 ? "-" : "") + limits + "infinity()";
  std::string text = real_text(value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text + end;
}

class CppWriter {
 public:
  explicit CppWriter(const Type& type) : type_(type), nodes_(type.nodes()) {}

  Result<std::string> write() {
    for (const TypeNode& node : nodes_) names_.push_back(name_of(node));
    DTS_TRY(order());
    std::string out = "// " + type_.name() + ", type id " + type_.id().hex() +
                      "\n#pragma once\n\n#include <array>\n#include <cstdint>\n#include <limits>\n"
                      "#include <map>\n#include <memory>\n#include <optional>\n#include <string>\n"
                      "#include <string_view>\n#include <variant>\n#include <vector>\n\n"
                      "#include <dts/declare.hpp>\n#include <dts/time.hpp>\n\n";
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].kind == Kind::enumeration) out += enumeration(i);
    }
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].kind == Kind::structure) out += inside(i, "struct " + names_[i].last + ";");
    }
    for (const std::uint32_t i : unions_) {
      DTS_ASSIGN(const std::string text, union_(i));
      out += text;
    }
    for (const std::uint32_t i : structs_) {
      DTS_ASSIGN(const std::string text, structure(i));
      out += text;
    }
    return out;
  }

 private:
  struct Name {
    std::string space, last;  // "brewery::mash", "Step"
    std::string full() const { return "::" + (space.empty() ? last : space + "::" + last); }
  };

  Error cannot(const std::string& where, std::string why, std::string hint = {}) const {
    return refused("C++ cannot declare this type", where, std::move(why), std::move(hint));
  }

  // A name whose beginning is a type's too cannot be a namespace: brewery.Step.which is
  // brewery::Step_which.
  Name name_of(const TypeNode& node) const {
    std::string space = words_before(node.name), last = last_word(node.name);
    const auto is_type = [&](const std::string& name) {
      return std::any_of(nodes_.begin(), nodes_.end(),
                         [&](const TypeNode& each) { return each.name == name; });
    };
    for (std::string part = space; !part.empty(); part = words_before(part)) {
      if (!is_type(part)) continue;
      std::string tail =
          node.name.substr(words_before(part).empty() ? 0 : words_before(part).size() + 1);
      std::replace(tail.begin(), tail.end(), '.', '_');
      space = words_before(part);
      last = tail;
    }
    Name name;
    for (std::size_t at = 0; at < space.size();) {
      const std::size_t dot = std::min(space.find('.', at), space.size());
      name.space += (at == 0 ? "" : "::") + legal(space.substr(at, dot - at));
      at = dot + 1;
    }
    name.last = legal(last);
    return name;
  }

  std::string inside(std::uint32_t index, const std::string& text) const {
    const std::string& space = names_[index].space;
    return space.empty() ? text + "\n" : "namespace " + space + " {\n" + text + "\n}\n";
  }

  // ---- order: C++ wants whole what lies in a struct ----

  template <class See>
  void by_value(const TypeRef& type, See see) const {
    if (type.kind == Kind::array || type.kind == Kind::optional) by_value(type.arguments[0], see);
    if (type.kind == Kind::reference && nodes_[type.node].kind != Kind::enumeration) see(type.node);
  }
  template <class See>
  void mentioned(const TypeRef& type, See see) const {
    if (type.kind == Kind::reference && nodes_[type.node].kind == Kind::union_) see(type.node);
    for (const TypeRef& argument : type.arguments) mentioned(argument, see);
  }

  // Does what lies in `from` lead to `to`?
  bool reaches(std::uint32_t from, std::uint32_t to, std::set<std::uint32_t>& seen) const {
    if (!seen.insert(from).second) return false;
    bool found = false;
    for (const Field& field : nodes_[from].fields) {
      by_value(field.type,
               [&](std::uint32_t next) { found = found || next == to || reaches(next, to, seen); });
    }
    return found;
  }
  // An optional of what would lie in itself is a std::unique_ptr.
  bool is_recursive(std::uint32_t owner, const TypeRef& optional) const {
    bool found = false;
    by_value(optional.arguments[0], [&](std::uint32_t next) {
      std::set<std::uint32_t> seen;
      found = found || next == owner || reaches(next, owner, seen);
    });
    return found;
  }

  Result<void> order() {
    std::map<std::uint32_t, int> state;  // 1: on the way, 2: done
    std::string cycle;
    const std::function<void(std::uint32_t)> declare_union = [&](std::uint32_t i) {
      if (state[i] == 2) return;
      if (state[i] == 1) {
        cycle = nodes_[i].name;
        return;
      }
      state[i] = 1;
      for (const Field& field : nodes_[i].fields) mentioned(field.type, declare_union);
      state[i] = 2;
      unions_.push_back(i);
    };
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].kind == Kind::union_) declare_union(i);
    }
    state.clear();
    const std::function<void(std::uint32_t)> define = [&](std::uint32_t i) {
      if (state[i] == 2) return;
      if (state[i] == 1) {
        cycle = nodes_[i].name;
        return;
      }
      state[i] = 1;
      for (const Field& field : nodes_[i].fields) {
        const TypeRef* type = &field.type;
        while (type->kind == Kind::array) type = &type->arguments[0];
        if (type->kind == Kind::optional && is_recursive(i, *type)) continue;
        by_value(field.type, define);
      }
      state[i] = 2;
      if (nodes_[i].kind == Kind::structure) structs_.push_back(i);
    };
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].kind != Kind::enumeration) define(i);
    }
    if (cycle.empty()) return {};
    return cannot(cycle, "a value of it would lie in itself through a union",
                  "put the case into a list or a struct with an optional");
  }

  // ---- types ----

  std::string spell(std::uint32_t owner, const TypeRef& type) const {
    switch (type.kind) {
      case Kind::boolean:
        return "bool";
      case Kind::f32:
        return "float";
      case Kind::f64:
        return "double";
      case Kind::text:
        return "std::string";
      case Kind::bytes:
        return "::dts::Bytes";
      case Kind::time:
        return "::dts::Time";
      case Kind::duration:
        return "::dts::Duration";
      case Kind::decimal:
        return "::dts::Decimal";
      case Kind::any:
        return "::dts::Any";
      case Kind::list: {
        const Kind element = type.arguments[0].kind;
        const bool ours = element == Kind::boolean || element == Kind::u8;
        return (ours ? "::dts::List<" : "std::vector<") + spell(owner, type.arguments[0]) + ">";
      }
      case Kind::array:
        return "std::array<" + spell(owner, type.arguments[0]) + ", " +
               std::to_string(type.length) + ">";
      case Kind::map:
        return "std::map<" + spell(owner, type.arguments[0]) + ", " +
               spell(owner, type.arguments[1]) + ">";
      case Kind::optional:
        return (is_recursive(owner, type) ? "std::unique_ptr<" : "std::optional<") +
               spell(owner, type.arguments[0]) + ">";
      case Kind::reference:
        return names_[type.node].full();
      default: {
        const std::string name(kind_name(type.kind));
        return (name[0] == 'i' ? "std::int" : "std::uint") + name.substr(1) + "_t";
      }
    }
  }

  static std::string options(const Field& field) {
    std::string text;
    if (field.id) text += ".id(" + std::to_string(*field.id) + ")";
    if (!field.unit.empty()) text += ".unit(" + literal(field.unit) + ")";
    if (!field.quantity.empty()) text += ".quantity(" + literal(field.quantity) + ")";
    if (field.key) text += ".key()";
    if (field.must_understand) text += ".must_understand()";
    if (!field.doc.empty()) text += ".doc(" + literal(field.doc) + ")";
    return text;
  }

  std::string describe(std::uint32_t index, const std::vector<std::string>& members) const {
    const TypeNode& node = nodes_[index];
    std::string text = "template <>\ninline constexpr auto dts::describe<" + names_[index].full() +
                       "> =\n    dts::type(" + literal(node.name);
    for (const std::string& member : members) text += ",\n              " + member;
    text += ")";
    if (node.closed) text += ".closed()";
    if (!node.doc.empty()) text += ".doc(" + literal(node.doc) + ")";
    return text + ";\n\n";
  }

  std::string enumeration(std::uint32_t index) const {
    const TypeNode& node = nodes_[index];
    std::string body = "enum class " + names_[index].last + " : std::int32_t {\n";
    std::vector<std::string> members;
    for (const Symbol& symbol : node.symbols) {
      const std::string value =
          symbol.value == INT32_MIN ? "-2147483647 - 1" : std::to_string(symbol.value);
      body += "  " + legal(symbol.name) + " = " + value + ",\n";
      members.push_back("dts::symbol(" + names_[index].full() + "::" + legal(symbol.name) + ", " +
                        literal(symbol.name) + ")");
    }
    return inside(index, body + "};") + describe(index, members);
  }

  Result<std::string> union_(std::uint32_t index) {
    const TypeNode& node = nodes_[index];
    const bool plain =
        !node.closed && std::all_of(node.fields.begin(), node.fields.end(), [](const Field& f) {
          return f.unit.empty() && f.quantity.empty();
        });
    std::string spelt, variant = node.closed ? "" : "std::monostate";
    std::vector<std::string> members;
    for (const Field& field : node.fields) {
      const std::string type = spell(index, field.type);
      if (type.rfind("std::unique_ptr", 0) == 0)
        return cannot(node.name, "a value of it would lie in itself");
      spelt += ",\n    ::dts::Case<" + literal(field.name) + ", " + type +
               (field.id ? ", " + std::to_string(*field.id) : "") + ">";
      variant += (variant.empty() ? "" : ", ") + type;
      members.push_back("dts::alternative(" + literal(field.name) + ")" + options(field));
    }
    const std::string name = names_[index].last;
    if (plain)
      return inside(index,
                    "using " + name + " = ::dts::Union<" + literal(node.name) + spelt + ">;");
    // A std::variant is known by its alternatives alone.
    if (!variants_.insert(variant).second) {
      return cannot(node.name,
                    "another union has the same alternatives, which C++ would not tell apart",
                    "an open union without units");
    }
    return inside(index, "using " + name + " = std::variant<" + variant + ">;") +
           describe(index, members);
  }

  Result<std::string> structure(std::uint32_t index) {
    const TypeNode& node = nodes_[index];
    if (node.fields.size() > kFieldsMax) {
      return cannot(
          node.name,
          std::to_string(node.fields.size()) + " fields, of at most " + std::to_string(kFieldsMax),
          "structs in it");
    }
    std::string body = "struct " + names_[index].last + " {\n";
    const std::string full = names_[index].full();
    // One with another name in C++, and all are listed.
    const auto renamed = [&](const Field& field) {
      return legal(field.name) != field.name || field.name == names_[index].last;
    };
    const bool listed = std::any_of(node.fields.begin(), node.fields.end(), renamed);
    std::vector<std::string> members;
    for (const Field& field : node.fields) {
      const std::string name = renamed(field) ? field.name + "_" : field.name;
      std::string value;
      if (field.default_value) {
        DTS_ASSIGN(value, default_literal(field, node.name + "." + field.name));
      }
      const std::string type = spell(index, field.type);
      const bool zero =
          field.type.kind <= Kind::f64 || field.type.kind == Kind::time ||
          field.type.kind == Kind::duration ||
          (field.type.kind == Kind::reference && nodes_[field.type.node].kind == Kind::enumeration);
      body += "  " + type + " " + name + (zero ? "{}" : "") + ";\n";
      std::string declared = options(field);
      if (!value.empty()) declared += ".default_value(" + value + ")";
      if (listed || !declared.empty()) {
        members.push_back("dts::field(" + (listed ? literal(field.name) + ", " : "") + "&" + full +
                          "::" + name + ")" + declared);
      }
    }
    return inside(index, body + "};") + describe(index, members);
  }

  Result<std::string> default_literal(const Field& field, const std::string& where) const {
    CanonicalReader in(*field.default_value);
    const TypeRef* type = &field.type;
    if (type->kind == Kind::optional) {
      if (in.null()) return std::string("std::nullopt");
      std::uint64_t one;
      if (!in.array(one)) return cannot(where, "its default");
      type = &type->arguments[0];
    }
    std::string text = scalar_literal(*type, in);
    if (!text.empty()) return text;
    return cannot(where, "a default of a " + type_.print(*type) + " is no constant",
                  "remove the default");
  }

  std::string scalar_literal(const TypeRef& type, CanonicalReader& in) const {
    const std::string cpp = spell(0, type);
    std::int64_t integer;
    std::uint64_t wide;
    switch (type.kind) {
      case Kind::boolean: {
        bool value;
        return in.boolean(value) ? (value ? "true" : "false") : "";
      }
      case Kind::f32: {
        float value;
        return in.f32(value) ? real_literal(value, "float", "f") : "";
      }
      case Kind::f64: {
        double value;
        return in.f64(value) ? real_literal(value, "double", "") : "";
      }
      case Kind::u64:
        return in.unsigned_integer(wide) ? "std::uint64_t{" + std::to_string(wide) + "u}" : "";
      case Kind::text: {
        std::string_view text;
        if (!in.text(text)) return {};
        return "std::string_view(" + literal(text) + ", " + std::to_string(text.size()) + ")";
      }
      case Kind::time:
        return in.integer(integer) ? "::dts::Time(::dts::Duration(" + whole(integer) + "))" : "";
      case Kind::duration:
        return in.integer(integer) ? "::dts::Duration(" + whole(integer) + ")" : "";
      case Kind::decimal: {
        std::int64_t exponent;
        if (!in.array(wide) || !in.integer(integer) || !in.integer(exponent)) return {};
        return "::dts::Decimal{" + whole(integer) + ", " + std::to_string(exponent) + "}";
      }
      case Kind::reference:
        if (nodes_[type.node].kind != Kind::enumeration || !in.integer(integer)) return {};
        return "static_cast<" + cpp + ">(" + whole(integer) + ")";
      case Kind::list:
      case Kind::array:
      case Kind::map:
      case Kind::optional:
      case Kind::bytes:
      case Kind::any:
        return {};
      default:
        return in.integer(integer) ? cpp + "{" + whole(integer) + "}" : "";
    }
  }
  static std::string whole(std::int64_t value) {
    return value == INT64_MIN ? "-9223372036854775807 - 1" : std::to_string(value);
  }

  const Type& type_;
  std::span<const TypeNode> nodes_;
  std::vector<Name> names_;
  std::vector<std::uint32_t> unions_, structs_;
  std::set<std::string> variants_;
};

}  // namespace

Result<std::string> export_cpp(const Type& type) { return CppWriter(type).write(); }

}  // namespace dts::schema
