// Protobuf schema: the .proto file by which messages of a type are laid out when no binding says
// otherwise, as protoc 3.21 reads it. Every field that is neither repeated nor a map is `optional`,
// so that zero is told from nothing. Names that protoc would take for one another get a suffix.
// What the schema cannot say stands in comments in the notation, such as
// "dts.field: key tank : i8 [Cel] = 0": `dts type import` reads the same type back.
#include <algorithm>
#include <map>
#include <set>

#include <base/text.hpp>
#include <dts/format.hpp>
#include <format/protobuf_shape.hpp>
#include <type/notation.hpp>

namespace dts {

namespace {

using format::protobuf::Numbers;
using format::protobuf::Slot;

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
  SchemaWriter(const Type& type, const Binding& binding)
      : type_(type),
        binding_(binding.valid() ? &binding : nullptr),
        nodes_(type.nodes()),
        package_(common_package(nodes_)) {}

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
                      "default.\n\nsyntax = \"proto3\";\n";
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
    std::string body = "\nmessage " + name + " {" + note("type", print_header(node)) + "\n";
    body += node.kind == Kind::union_ ? cases(node, name) : fields(node, name);
    return body + "}\n";
  }

  std::string enumeration(const TypeNode& node, const std::string& name) {
    std::string body = "\nenum " + name + " {" + note("type", print_header(node)) + "\n";
    // The values share a scope with the messages of the file, and the first one must be zero.
    const auto line = [&](const std::string& spelt, std::int32_t value, std::string_view symbol) {
      body += "  " + spelt + " = " + std::to_string(value) + ";" + note("symbol", symbol) + "\n";
    };
    const auto zero = std::find_if(node.symbols.begin(), node.symbols.end(),
                                   [](const Symbol& symbol) { return symbol.value == 0; });
    const auto symbol_name = [&](std::string_view symbol) {
      return names_in_file_.fresh(name + "_" + std::string(symbol));
    };
    if (zero == node.symbols.end())
      line(symbol_name("UNSPECIFIED"), 0, "-");
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
    const std::vector<Slot> slots = slots_of(node);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const Field& field = node.fields[i];
      const std::string spelt = scope.fresh(member_name(field, node));
      const std::string helper = name + "_" + pascal_case(field.name);
      const TypeNode* held = slots[i].flat ? union_of(field.type) : nullptr;
      if (held != nullptr)
        body += oneof(*held, spelt, helper, scope);
      else
        body += "  " + declare(field.type, spelt, slots[i], helper) +
                note("field", print_members(node, nodes_)[i]) + "\n";
    }
    return body;
  }

  std::string cases(const TypeNode& node, const std::string& name) {
    Scope scope;
    for (const Field& field : node.fields) scope.fresh(member_name(field, node));
    const std::string held = scope.fresh("held");
    Scope again;
    return oneof(node, held, name, again);
  }
  std::string oneof(const TypeNode& node, const std::string& held, const std::string& helper,
                    Scope& scope) {
    std::string body = "  oneof " + held + " {\n";
    const std::vector<Slot> slots = slots_of(node);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const Field& field = node.fields[i];
      const std::string spelt = scope.fresh(member_name(field, node));
      body += "    " + spell(field.type, helper + "_" + pascal_case(field.name), slots[i].numbers) +
              " " + spelt + " = " + std::to_string(slots[i].number) + ";" +
              note("field", print_members(node, nodes_)[i]) + "\n";
    }
    return body + "  }\n";
  }
  // The union that a field or an optional one holds.
  const TypeNode* union_of(const TypeRef& type) const {
    const TypeRef& inner = type.kind == Kind::optional ? type.arguments[0] : type;
    if (inner.kind != Kind::reference || nodes_[inner.node].kind != Kind::union_) return nullptr;
    return &nodes_[inner.node];
  }
  std::vector<Slot> slots_of(const TypeNode& node) const {
    auto slots = format::protobuf::slots_of(node, binding_);
    if (slots) return std::move(*slots);
    std::vector<Slot> refused(node.fields.size());  // numbers that protoc refuses as well
    for (std::size_t i = 0; i < refused.size(); ++i)
      refused[i].number = node.fields[i].id.value_or(static_cast<std::uint32_t>(i + 1));
    return refused;
  }

  // protoc makes a message <Field>Entry for every map, beside the fields.
  static std::string member_name(const Field& field, const TypeNode& node) {
    const bool maps = std::any_of(node.fields.begin(), node.fields.end(),
                                  [](const Field& f) { return f.type.kind == Kind::map; });
    return maps && field.name.ends_with("Entry") ? field.name + "X" : field.name;
  }

  // A field, as it is written in a message.
  std::string declare(const TypeRef& type, const std::string& name, const Slot& slot,
                      const std::string& helper) {
    const std::string end = " " + name + " = " + std::to_string(slot.number) + ";";
    switch (type.kind) {
      case Kind::list:
      case Kind::array: {
        std::string line =
            "repeated " + spell(type.arguments[0], helper + "Item", slot.numbers) + end;
        if (!slot.numbers.packed && is_number(type.arguments[0]))
          line.replace(line.size() - 1, 1, " [packed = false];");
        return line;
      }
      case Kind::map: {
        const bool is_symbol = type.arguments[0].kind == Kind::reference;
        const std::string key =
            is_symbol ? "int32" : spell(type.arguments[0], {}, {slot.numbers.key, {}, true});
        return "map<" + key + ", " + spell(type.arguments[1], helper + "Value", slot.numbers) +
               ">" + end;
      }
      case Kind::optional:
        return "optional " + spell(type.arguments[0], helper + "Optional", slot.numbers) + end;
      default:
        return (slot.implicit ? "" : "optional ") + spell(type, {}, slot.numbers) + end;
    }
  }
  bool is_number(const TypeRef& type) const {
    const Kind kind = type.kind == Kind::reference ? nodes_[type.node].kind : type.kind;
    return format::protobuf::wire_of(kind, Coding::natural) != format::protobuf::length;
  }

  static std::string integer(Kind kind, Coding wanted) {
    const bool wide = kind == Kind::i64 || kind == Kind::u64;
    const bool is_signed = kind <= Kind::i64;
    const Coding coding = format::protobuf::coding_of(kind, wanted);
    const char* before = coding == Coding::fixed    ? is_signed ? "sfixed" : "fixed"
                         : coding == Coding::zigzag ? "sint"
                         : is_signed                ? "int"
                                                    : "uint";
    return before + std::string(wide ? "64" : "32");
  }

  // A value that can be told from nothing: what cannot is put into a message of its own.
  std::string spell(const TypeRef& type, const std::string& helper, const Numbers& numbers) {
    switch (type.kind) {
      case Kind::boolean:
        return "bool";
      case Kind::i8:
      case Kind::i16:
      case Kind::i32:
      case Kind::i64:
      case Kind::u8:
      case Kind::u16:
      case Kind::u32:
      case Kind::u64:
        return integer(type.kind, numbers.coding);
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
        return wrapper(type, helper, numbers);
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
      helpers_.push_back("\nmessage " + made + " {" + note("type", "-") + "\n" + body + "}\n");
    }
    return reference(made);
  }

  std::string wrapper(const TypeRef& type, const std::string& wanted, const Numbers& numbers) {
    const std::string name = names_in_file_.fresh(wanted);
    Slot slot;
    slot.numbers = numbers;
    const std::string body = "  " + declare(type, "value", slot, name);
    helpers_.push_back("\nmessage " + name + " {" + note("type", "-") + "\n" + body + "\n}\n");
    return reference(name);
  }

  static std::string note(std::string_view name, std::string_view text) {
    return "  // dts." + std::string(name) + ": " + std::string(text);
  }

  const Type& type_;
  const Binding* binding_;
  std::span<const TypeNode> nodes_;
  std::string package_;
  std::vector<std::string> names_;  // of the nodes
  Scope names_in_file_;
  std::set<std::string> imports_;
  std::map<std::string, std::string> shared_;
  std::vector<std::string> helpers_;
};

}  // namespace

std::string to_proto_schema(const Type& type, const Binding& binding) {
  return SchemaWriter(type, binding).write();
}

}  // namespace dts
