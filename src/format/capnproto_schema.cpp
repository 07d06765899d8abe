// Capnproto schema: the schema by which messages of a type are laid out, as text for `capnp`.
// Nothing has a default in it: every value is on the wire. Names become camelCase, as the compiler
// demands. What the schema cannot say (names, units, defaults, kinds of our own) stands in
// annotations, which the file declares itself: `dts type import` reads the same type back.
#include <algorithm>
#include <map>
#include <set>

#include <base/text.hpp>
#include <dts/format.hpp>
#include <format/capnproto_shape.hpp>
#include <type/notation.hpp>

namespace dts {

namespace {

using format::capnproto::is_dense;
using format::capnproto::pointer_size;
using format::capnproto::size_of;

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// brewery.mash_tun -> BreweryMashTun
std::string pascal_case(std::string_view name) {
  std::string result;
  bool start = true;
  for (const char c : name) {
    if (!is_alnum(c)) {
      start = true;
      continue;
    }
    result += start ? upper(c) : c;
    start = false;
  }
  if (result.empty() || (result[0] >= '0' && result[0] <= '9')) result.insert(0, 1, 'X');
  return result;
}

// mash_tun -> mashTun
std::string camel_case(std::string_view name) {
  std::string result = pascal_case(name);
  result[0] = lower(result[0]);
  static const std::set<std::string, std::less<>> words{
      "annotation", "const", "enum", "extends", "false", "group", "import", "inf",
      "interface",  "nan",   "none", "struct",  "true",  "union", "using",  "void"};
  return words.count(result) != 0 ? result + "Field" : result;
}

// Makes a name one that was not used before.
std::string fresh(std::string name, std::set<std::string>& used) {
  std::string candidate = name;
  for (int i = 2; !used.insert(candidate).second; ++i) candidate = name + "X" + std::to_string(i);
  return candidate;
}

// The annotations, with the ids by which importers know them, whatever they are called.
struct Annotation {
  const char *name, *id, *targets;
};
constexpr Annotation kName{"dtsName", "0xd75d0a6f2f3a1001", "enumerant"};
constexpr Annotation kField{"dtsField", "0xd75d0a6f2f3a1004", "field, union, group"};
constexpr Annotation kType{"dtsType", "0xd75d0a6f2f3a1005", "struct, enum"};
constexpr Annotation kEnumeration{"dtsEnumeration", "0xd75d0a6f2f3a1006", "file"};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

class SchemaWriter {
 public:
  explicit SchemaWriter(const Type& type) : type_(type), nodes_(type.nodes()) {}

  std::string write() {
    for (const TypeNode& node : nodes_) names_.push_back(fresh(pascal_case(node.name), used_));
    std::uint64_t id = 0;
    for (int i = 0; i < 8; ++i) id = id << 8 | type_.id().bytes[static_cast<std::size_t>(i)];
    char line[64];
    std::snprintf(line, sizeof line, "@0x%016llx;\n",
                  static_cast<unsigned long long>(id | std::uint64_t{1} << 63));
    out_ = line;
    out_ += "# " + type_.name() + ", type id " + type_.id().hex() + "\n";
    const std::string head = std::move(out_);
    out_.clear();
    for (std::size_t i = 0; i < nodes_.size(); ++i) node(nodes_[i], names_[i]);
    for (std::size_t i = 0; i < helpers_.size(); ++i) out_ += helpers_[i];
    std::string declared;
    for (const Annotation* each : annotations_) {
      declared += std::string("annotation ") + each->name + " @" + each->id + " (" + each->targets +
                  ") :Text;\n";
    }
    return head + declared + of_file_ + out_;
  }

 private:
  // $dtsType("brewery.Temperature")
  std::string annotate(const Annotation& annotation, std::string_view text) {
    if (std::find(annotations_.begin(), annotations_.end(), &annotation) == annotations_.end())
      annotations_.push_back(&annotation);
    return std::string("$") + annotation.name + "(" + quoted(text) + ")";
  }
  // The field as the notation declares it, where the schema alone would be read as another one.
  std::string annotate(const TypeNode& node, std::size_t index, const std::string& spelt) {
    const Field& field = node.fields[index];
    const std::string declared = print_members(node, nodes_)[index];
    const bool is_case = node.kind == Kind::union_;
    if (is_natural(field.type, !is_case) && declared == spelt + " : " + type_.print(field.type))
      return {};
    return " " + annotate(kField, declared);
  }
  // Is it what a schema without annotations stands for?
  bool is_natural(const TypeRef& type, bool may_be_missing) const {
    switch (type.kind) {
      case Kind::list:
        return is_natural(type.arguments[0], false);
      case Kind::optional:
        return may_be_missing && is_structure(type.arguments[0]);
      case Kind::reference:
        if (nodes_[type.node].kind == Kind::enumeration) return is_dense(nodes_[type.node]);
        return !may_be_missing;
      default:
        return type.kind <= Kind::bytes;
    }
  }
  bool is_structure(const TypeRef& type) const {
    return type.kind == Kind::reference && nodes_[type.node].kind != Kind::enumeration;
  }

  void node(const TypeNode& node, const std::string& name) {
    if (node.kind == Kind::enumeration) return enumeration(node, name);
    out_ += "\nstruct " + name + " " + annotate(kType, print_header(node)) + " {\n";
    if (node.kind == Kind::union_)
      cases(node, name);
    else
      fields(node, name);
    out_ += "}\n";
  }

  void enumeration(const TypeNode& node, const std::string& name) {
    if (!is_dense(node)) {  // its values have holes: the fields are Int32
      std::string text = print_header(node) + " {";
      for (const std::string& member : print_members(node, nodes_))
        text += (text.back() == '{' ? "" : ", ") + member;
      of_file_ += annotate(kEnumeration, text + "}") + ";\n";
      return;
    }
    out_ += "\nenum " + name + " " + annotate(kType, print_header(node)) + " {\n";
    std::set<std::string> used;
    for (const Symbol& symbol : node.symbols) {
      const std::string symbol_name = fresh(camel_case(symbol.name), used);
      out_ += "  " + symbol_name + " @" + std::to_string(symbol.value) +
              (symbol_name == symbol.name ? "" : " " + annotate(kName, symbol.name)) + ";\n";
    }
    out_ += "}\n";
  }

  void fields(const TypeNode& node, const std::string& name) {
    std::set<std::string> used;
    int ordinal = 0;
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
      const Field& field = node.fields[i];
      const std::string field_name = fresh(camel_case(field.name), used);
      out_ += "  " +
              slot(field_name, field.type, name + pascal_case(field.name), ordinal,
                   annotate(node, i, field_name)) +
              "\n";
    }
  }

  // A field of a struct. An optional scalar is a union, for nothing else tells it from zero.
  std::string slot(const std::string& name, const TypeRef& type, const std::string& helper,
                   int& ordinal, const std::string& note = {}) {
    if (type.kind != Kind::optional) return plain(name, spell(type, helper), ordinal, note);
    const TypeRef& held = type.arguments[0];
    if (size_of(held, nodes_) == pointer_size)
      return plain(name, spell(held, helper), ordinal, note) + "  # optional: null is none";
    const std::string none = std::to_string(ordinal++), some = std::to_string(ordinal++);
    return name + " :union" + note + " { none @" + none + " :Void; some @" + some + " :" +
           spell(held, helper) + "; }";
  }
  static std::string plain(const std::string& name, const std::string& type, int& ordinal,
                           const std::string& note = {}) {
    return name + " @" + std::to_string(ordinal++) + " :" + type + note + ";";
  }

  void cases(const TypeNode& node, const std::string& name) {
    std::set<std::string> used;
    int ordinal = 0;
    out_ += "  union {\n    " + plain("none", "Void", ordinal) + "\n";
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
      const Field& field = node.fields[i];
      const std::string field_name = fresh(camel_case(field.name), used);
      out_ += "    " +
              plain(field_name, spell(field.type, name + pascal_case(field.name)), ordinal,
                    annotate(node, i, field_name)) +
              "\n";
    }
    out_ += "  }\n";
  }

  // The Cap'n Proto type. `helper` names the struct to make where one is needed.
  std::string spell(const TypeRef& type, const std::string& helper) {
    switch (type.kind) {
      case Kind::boolean:
        return "Bool";
      case Kind::i8:
        return "Int8";
      case Kind::i16:
        return "Int16";
      case Kind::i32:
        return "Int32";
      case Kind::time:
      case Kind::duration:
      case Kind::i64:
        return "Int64";
      case Kind::u8:
        return "UInt8";
      case Kind::u16:
        return "UInt16";
      case Kind::u32:
        return "UInt32";
      case Kind::u64:
        return "UInt64";
      case Kind::f32:
        return "Float32";
      case Kind::f64:
        return "Float64";
      case Kind::text:
        return "Text";
      case Kind::bytes:
        return "Data";
      case Kind::decimal:
        return shared("Decimal", "coefficient @0 :Int64;\n  exponent @1 :Int8;\n");
      case Kind::any:
        return shared("Any", "type @0 :Data;  # its document\n  message @1 :Data;\n");
      case Kind::list:
      case Kind::array:
        return "List(" + spell(type.arguments[0], helper + "Item") + ")";
      case Kind::map:
        return "List(" + entry(type, helper + "Entry") + ")";
      case Kind::optional:
        return optional(type, helper + "Optional");
      default: {
        const TypeNode& node = nodes_[type.node];
        return node.kind == Kind::enumeration && !is_dense(node) ? "Int32" : names_[type.node];
      }
    }
  }

  void helper(const std::string& name, const std::string& body) {
    helpers_.push_back("\nstruct " + name + " " + annotate(kType, "-") + " {\n" + body + "}\n");
  }

  std::string shared(const char* name, const std::string& body) {
    std::string& made = shared_[name];
    if (made.empty()) {
      made = fresh(name, used_);
      helper(made, "  " + body);
    }
    return made;
  }

  std::string entry(const TypeRef& map, const std::string& wanted) {
    const std::string name = fresh(wanted, used_);
    int ordinal = 0;
    std::string body = "  " + slot("key", map.arguments[0], name + "Key", ordinal) + "\n";
    body += "  " + slot("value", map.arguments[1], name + "Value", ordinal) + "\n";
    helper(name, body);
    return name;
  }

  std::string optional(const TypeRef& type, const std::string& wanted) {
    const std::string name = fresh(wanted, used_);
    int ordinal = 0;
    const std::string body = "  " + slot("value", type, name + "Value", ordinal) + "\n";
    helper(name, body);
    return name;
  }

  const Type& type_;
  std::span<const TypeNode> nodes_;
  std::vector<std::string> names_;  // of the nodes
  std::set<std::string> used_;      // names at the top of the file
  std::map<std::string, std::string> shared_;
  std::vector<std::string> helpers_;
  std::vector<const Annotation*> annotations_;  // those used
  std::string of_file_;                         // annotations of the file
  std::string out_;
};

}  // namespace

std::string to_capnp_schema(const Type& type) { return SchemaWriter(type).write(); }

}  // namespace dts
