// Protobuf schema: the .proto file by which messages of a type are laid out when no binding says
// otherwise, as protoc 3.21 reads it. Every field that is neither repeated nor a map is `optional`,
// so that zero is told from nothing; what the type demands stands in its comment, with the type and
// unit. Names that protoc would take for one another get a suffix, and their own in the comment.
#include <algorithm>
#include <map>
#include <set>

#include <base/text.hpp>
#include <dts/format.hpp>
#include <type/default_value.hpp>

namespace dts {

namespace {

// What protoc compares field names and enum values by.
std::string folded(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if (c != '_') result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return result;
}

// mash_tun -> MashTun
std::string pascal_case(std::string_view name) {
  std::string result;
  bool start = true;
  for (const char c : name) {
    if (c == '_') {
      start = true;
      continue;
    }
    result += start && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    start = false;
  }
  return result;
}

// Names of one scope; makes one that was not used before, for protoc's eyes.
class Scope {
 public:
  std::string fresh(const std::string& name) {
    std::string candidate = name;
    for (int i = 2; !used_.insert(folded(candidate)).second; ++i)
      candidate = name + "X" + std::to_string(i);
    return candidate;
  }

 private:
  std::set<std::string> used_;
};

std::string_view parent_of(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

// The package that all names share.
std::string common_package(std::span<const TypeNode> nodes) {
  std::string_view shared = parent_of(nodes[0].name);
  for (const TypeNode& node : nodes) {
    const std::string prefix = node.name + ".";
    const auto holds = [&] {
      return shared.empty() ||
             (parent_of(prefix).size() > shared.size() &&
              prefix.compare(0, shared.size(), shared) == 0 && prefix[shared.size()] == '.');
    };
    while (!holds()) shared = parent_of(shared);
  }
  // The library's own.
  if (shared == "google" || shared.substr(0, 7) == "google.") shared = {};
  return std::string(shared);
}

class SchemaWriter {
 public:
  explicit SchemaWriter(const Type& type)
      : type_(type), nodes_(type.nodes()), package_(common_package(nodes_)) {}

  std::string write() {
    names_in_file_.fresh("google");
    for (const TypeNode& node : nodes_) {
      std::string name = node.name.substr(package_.empty() ? 0 : package_.size() + 1);
      std::replace(name.begin(), name.end(), '.', '_');
      names_.push_back(names_in_file_.fresh(name));
    }
    std::string messages;
    for (std::size_t i = 0; i < nodes_.size(); ++i) messages += node(nodes_[i], names_[i]);
    for (const std::string& helper : helpers_) messages += helper;

    std::string out = "// " + type_.name() + ", type id " + type_.id().hex() +
                      "\n// A field must be set unless its comment says optional<...> or gives a "
                      "default.\nsyntax = \"proto3\";\n";
    if (!package_.empty()) out += "package " + package_ + ";\n";
    for (const char* each : {"duration", "timestamp"}) {
      if (imports_.count(each) != 0)
        out += "import \"google/protobuf/" + std::string(each) + ".proto\";\n";
    }
    return out + messages;
  }

 private:
  std::string node(const TypeNode& node, const std::string& name) {
    if (node.kind == Kind::enumeration) return enumeration(node, name);
    std::string body = "\nmessage " + name + " {" + comment(name, node.name, {}) + "\n";
    body += node.kind == Kind::union_ ? cases(node, name) : fields(node, name);
    return body + "}\n";
  }

  std::string enumeration(const TypeNode& node, const std::string& name) {
    std::string body = "\nenum " + name + " {" + comment(name, node.name, {}) + "\n";
    // The values share a scope with the messages of the file, and the first one must be zero.
    const auto line = [&](const std::string& spelt, std::int32_t value, const std::string& note) {
      body += "  " + spelt + " = " + std::to_string(value) + ";  // " + note + "\n";
    };
    const auto zero = std::find_if(node.symbols.begin(), node.symbols.end(),
                                   [](const Symbol& symbol) { return symbol.value == 0; });
    const auto symbol_name = [&](std::string_view symbol) {
      return names_in_file_.fresh(name + "_" + std::string(symbol));
    };
    if (zero == node.symbols.end())
      line(symbol_name("UNSPECIFIED"), 0, "no symbol of it");
    else
      line(symbol_name(zero->name), 0, zero->name);
    for (const Symbol& symbol : node.symbols) {
      if (symbol.value != 0) line(symbol_name(symbol.name), symbol.value, symbol.name);
    }
    return body + "}\n";
  }

  std::string fields(const TypeNode& node, const std::string& name) {
    std::string body;
    Scope scope;
    std::uint32_t number = 0;
    for (const Field& field : node.fields) {
      const std::string spelt = scope.fresh(member_name(field, node));
      const std::string helper = name + "_" + pascal_case(field.name);
      body += "  " + declare(field.type, spelt, field.id.value_or(++number), helper) +
              comment(spelt, field.name, notes(field)) + "\n";
    }
    return body;
  }

  std::string cases(const TypeNode& node, const std::string& name) {
    Scope scope;
    std::vector<std::string> spelt;
    for (const Field& field : node.fields) spelt.push_back(scope.fresh(member_name(field, node)));
    std::string body = "  oneof " + scope.fresh("held") + " {\n";
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
      const Field& field = node.fields[i];
      body += "    " + spell(field.type, name + "_" + pascal_case(field.name)) + " " + spelt[i] +
              " = " + std::to_string(field.id.value_or(static_cast<std::uint32_t>(i + 1))) + ";" +
              comment(spelt[i], field.name, notes(field)) + "\n";
    }
    return body + "  }\n";
  }

  // protoc makes a message <Field>Entry for every map, beside the fields.
  static std::string member_name(const Field& field, const TypeNode& node) {
    const bool maps = std::any_of(node.fields.begin(), node.fields.end(),
                                  [](const Field& f) { return f.type.kind == Kind::map; });
    return maps && field.name.ends_with("Entry") ? field.name + "X" : field.name;
  }

  // A field, as it is written in a message.
  std::string declare(const TypeRef& type, const std::string& name, std::uint32_t number,
                      const std::string& helper) {
    const std::string end = " " + name + " = " + std::to_string(number) + ";";
    switch (type.kind) {
      case Kind::list:
      case Kind::array:
        return "repeated " + spell(type.arguments[0], helper + "Item") + end;
      case Kind::map: {
        const bool is_symbol = type.arguments[0].kind == Kind::reference;
        const std::string key = is_symbol ? "int32" : spell(type.arguments[0], {});
        return "map<" + key + ", " + spell(type.arguments[1], helper + "Value") + ">" + end;
      }
      case Kind::optional:
        return "optional " + spell(type.arguments[0], helper + "Optional") + end;
      default:
        return "optional " + spell(type, {}) + end;
    }
  }

  // A value that can be told from nothing: what cannot is put into a message of its own.
  std::string spell(const TypeRef& type, const std::string& helper) {
    switch (type.kind) {
      case Kind::boolean:
        return "bool";
      case Kind::i8:
      case Kind::i16:
      case Kind::i32:
        return "sint32";
      case Kind::i64:
        return "sint64";
      case Kind::u8:
      case Kind::u16:
      case Kind::u32:
        return "uint32";
      case Kind::u64:
        return "uint64";
      case Kind::f32:
        return "float";
      case Kind::f64:
        return "double";
      case Kind::text:
        return "string";
      case Kind::bytes:
        return "bytes";
      case Kind::time:
        imports_.insert("timestamp");
        return ".google.protobuf.Timestamp";
      case Kind::duration:
        imports_.insert("duration");
        return ".google.protobuf.Duration";
      case Kind::decimal:
        return shared("Decimal", "  sint64 coefficient = 1;\n  sint32 exponent = 2;\n");
      case Kind::any:
        return shared("Any",
                      "  bytes type = 1;  // its document\n"
                      "  bytes message = 2;  // in capnproto\n");
      case Kind::list:
      case Kind::array:
      case Kind::map:
      case Kind::optional:
        return wrapper(type, helper);
      default:
        return reference(names_[type.node]);
    }
  }

  std::string reference(const std::string& name) const {
    return "." + (package_.empty() ? name : package_ + "." + name);
  }

  std::string shared(const std::string& name, const std::string& body) {
    std::string& made = shared_[name];
    if (made.empty()) {
      made = names_in_file_.fresh(name);
      helpers_.push_back("\nmessage " + made + " {\n" + body + "}\n");
    }
    return reference(made);
  }

  std::string wrapper(const TypeRef& type, const std::string& wanted) {
    const std::string name = names_in_file_.fresh(wanted);
    const std::string body = "  " + declare(type, "value", 1, name);
    helpers_.push_back("\nmessage " + name + " {  // " + type_.print(type) + "\n" + body + "\n}\n");
    return reference(name);
  }

  std::string notes(const Field& field) const {
    std::string text = type_.print(field.type);
    if (!field.unit.empty() || !field.quantity.empty()) {
      text += " [" + base::printable(field.unit) +
              (field.quantity.empty() ? "" : "; " + field.quantity) + "]";
    }
    if (field.default_value) {
      text += " = " + default_to_text(*field.default_value, field.type, nodes_);
    }
    return text;
  }

  static std::string comment(std::string_view spelt, std::string_view name, std::string_view rest) {
    std::string text;
    if (spelt != name) text += " " + std::string(name);
    if (!rest.empty()) text += (text.empty() ? " " : " : ") + std::string(rest);
    return text.empty() ? text : "  //" + text;
  }

  const Type& type_;
  std::span<const TypeNode> nodes_;
  std::string package_;
  std::vector<std::string> names_;  // of the nodes
  Scope names_in_file_;
  std::set<std::string> imports_;
  std::map<std::string, std::string> shared_;
  std::vector<std::string> helpers_;
};

}  // namespace

std::string to_proto_schema(const Type& type) { return SchemaWriter(type).write(); }

}  // namespace dts
