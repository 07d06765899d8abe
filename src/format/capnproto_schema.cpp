// Capnproto schema: the schema by which messages of a type are laid out, as text for `capnp`.
// Nothing has a default in it: every value is on the wire. Names become camelCase, as the compiler
// demands; the ones they were made from, units and type names stand in comments.
#include <map>
#include <set>

#include <base/text.hpp>
#include <dts/format.hpp>
#include <format/capnproto_shape.hpp>

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
    for (std::size_t i = 0; i < nodes_.size(); ++i) node(nodes_[i], names_[i]);
    for (std::size_t i = 0; i < helpers_.size(); ++i) out_ += helpers_[i];
    return std::move(out_);
  }

 private:
  void node(const TypeNode& node, const std::string& name) {
    if (node.kind == Kind::enumeration) return enumeration(node, name);
    out_ += "\nstruct " + name + " {  # " + node.name + "\n";
    if (node.kind == Kind::union_)
      cases(node, name);
    else
      fields(node, name);
    out_ += "}\n";
  }

  void enumeration(const TypeNode& node, const std::string& name) {
    if (!is_dense(node)) {  // its values have holes: the fields are Int32
      out_ += "\n# " + node.name + " is an Int32:";
      for (const Symbol& symbol : node.symbols)
        out_ += " " + symbol.name + " = " + std::to_string(symbol.value);
      out_ += "\n";
      return;
    }
    out_ += "\nenum " + name + " {  # " + node.name + "\n";
    std::set<std::string> used;
    for (const Symbol& symbol : node.symbols) {
      const std::string symbol_name = fresh(camel_case(symbol.name), used);
      out_ += "  " + symbol_name + " @" + std::to_string(symbol.value) + ";" +
              comment(symbol_name, symbol.name, {}) + "\n";
    }
    out_ += "}\n";
  }

  void fields(const TypeNode& node, const std::string& name) {
    std::set<std::string> used;
    int ordinal = 0;
    for (const Field& field : node.fields) {
      const std::string field_name = fresh(camel_case(field.name), used);
      out_ += "  " + slot(field_name, field.type, name + pascal_case(field.name), ordinal) +
              comment(field_name, field.name, field.unit) + "\n";
    }
  }

  // A field of a struct. An optional scalar is a union, for nothing else tells it from zero.
  std::string slot(const std::string& name, const TypeRef& type, const std::string& helper,
                   int& ordinal) {
    if (type.kind != Kind::optional) return plain(name, spell(type, helper), ordinal);
    const TypeRef& held = type.arguments[0];
    if (size_of(held, nodes_) == pointer_size)
      return plain(name, spell(held, helper), ordinal) + "  # optional: null is none";
    const std::string none = std::to_string(ordinal++), some = std::to_string(ordinal++);
    return name + " :union { none @" + none + " :Void; some @" + some + " :" + spell(held, helper) +
           "; }";
  }
  static std::string plain(const std::string& name, const std::string& type, int& ordinal) {
    return name + " @" + std::to_string(ordinal++) + " :" + type + ";";
  }

  void cases(const TypeNode& node, const std::string& name) {
    std::set<std::string> used;
    int ordinal = 0;
    out_ += "  union {\n    " + plain("none", "Void", ordinal) + "\n";
    for (const Field& field : node.fields) {
      const std::string field_name = fresh(camel_case(field.name), used);
      out_ += "    " +
              plain(field_name, spell(field.type, name + pascal_case(field.name)), ordinal) +
              comment(field_name, field.name, field.unit) + "\n";
    }
    out_ += "  }\n";
  }

  static std::string comment(std::string_view spelt, std::string_view name, std::string_view unit) {
    std::string text;
    if (spelt != name) text += " " + std::string(name);
    if (!unit.empty()) text += " [" + base::printable(unit) + "]";
    return text.empty() ? text : "  #" + text;
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

  std::string shared(const char* name, const std::string& body) {
    std::string& made = shared_[name];
    if (made.empty()) {
      made = fresh(name, used_);
      helpers_.push_back("\nstruct " + made + " {\n  " + body + "}\n");
    }
    return made;
  }

  std::string entry(const TypeRef& map, const std::string& wanted) {
    const std::string name = fresh(wanted, used_);
    int ordinal = 0;
    std::string body = "  " + slot("key", map.arguments[0], name + "Key", ordinal) + "\n";
    body += "  " + slot("value", map.arguments[1], name + "Value", ordinal) + "\n";
    helpers_.push_back("\nstruct " + name + " {\n" + body + "}\n");
    return name;
  }

  std::string optional(const TypeRef& type, const std::string& wanted) {
    const std::string name = fresh(wanted, used_);
    int ordinal = 0;
    const std::string body = "  " + slot("value", type, name + "Value", ordinal) + "\n";
    helpers_.push_back("\nstruct " + name + " {\n" + body + "}\n");
    return name;
  }

  const Type& type_;
  std::span<const TypeNode> nodes_;
  std::vector<std::string> names_;  // of the nodes
  std::set<std::string> used_;      // names at the top of the file
  std::map<std::string, std::string> shared_;
  std::vector<std::string> helpers_;
  std::string out_;
};

}  // namespace

std::string to_capnp_schema(const Type& type) { return SchemaWriter(type).write(); }

}  // namespace dts
