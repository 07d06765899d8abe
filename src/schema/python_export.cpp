// Types as Python: dataclasses and IntEnums, with the notation of each in __dts__ and of all of it
// in DTS.
#include <algorithm>
#include <set>

#include <schema/draft.hpp>
#include <schema/importers.hpp>
#include <type/canonical.hpp>

namespace dts::schema {

namespace {

bool is_keyword(const std::string& word) {
  static const std::set<std::string, std::less<>> words{
      "False",   "None",      "True",  "and",    "as",   "assert", "async",  "await",    "break",
      "class",   "continue",  "def",   "del",    "elif", "else",   "except", "finally",  "for",
      "from",    "global",    "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
      "or",      "pass",      "raise", "return", "try",  "while",  "with",   "yield",    "int",
      "float",   "str",       "bytes", "bool",   "list", "dict",   "object", "Optional", "Decimal",
      "IntEnum", "dataclass", "field", "DTS",    "mro",  "name",   "value"};
  return words.count(word) != 0;
}

// No keyword, none of the names used here, and none that Python mangles.
std::string legal(const std::string& word) {
  return is_keyword(word) || word.rfind("_", 0) == 0 ? "x" + word + "_" : word;
}

// A literal of printable ASCII.
std::string literal(std::string_view utf8) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "b\"";
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += std::string("\\") + c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += std::string("\\x") + digits[byte >> 4] + digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\".decode()";
}

class PythonWriter {
 public:
  explicit PythonWriter(const Type& type) : type_(type), nodes_(type.nodes()) {
    std::set<std::string> used;
    for (const TypeNode& node : nodes_) {
      std::string name = legal(last_word(node.name));
      if (used.count(name) != 0) {
        name = legal(node.name);
        std::replace(name.begin(), name.end(), '.', '_');
      }
      while (!used.insert(name).second) name += "_";
      names_.push_back(name);
    }
  }

  std::string write() {
    std::string out =
        "# " + type_.name() + ", type id " + type_.id().hex() +
        "\nfrom __future__ import annotations\n\nfrom dataclasses import dataclass, "
        "field\nfrom decimal import Decimal\nfrom enum import IntEnum\nfrom typing "
        "import Optional\n\n# What dts type show prints; the first is the root.\nDTS = " +
        literal(type_.print(Type::Style::one_line)) + "\n";
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].kind == Kind::enumeration) out += enumeration(i);
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].kind != Kind::enumeration) out += structure(i);
    }
    return out;
  }

 private:
  std::string enumeration(std::size_t index) const {
    const TypeNode& node = nodes_[index];
    std::string out = "\n\nclass " + names_[index] + "(IntEnum):\n";
    for (const Symbol& symbol : node.symbols)
      out += "    " + legal(symbol.name) + " = " + std::to_string(symbol.value) + "\n";
    return out + "\n\n" + names_[index] + ".__dts__ = " + literal(declare_enumeration(node)) + "\n";
  }

  // A union is a dataclass of which at most one field is not None.
  std::string structure(std::size_t index) const {
    const TypeNode& node = nodes_[index];
    const bool is_union = node.kind == Kind::union_;
    std::string out = "\n\n@dataclass(kw_only=True)\nclass " + names_[index] + ":\n";
    if (!node.doc.empty()) out += "    __doc__ = " + literal(node.doc) + "\n";
    if (node.fields.empty() && node.doc.empty()) out += "    pass\n";
    for (const Field& field : node.fields) {
      std::string hint = spell(field.type);
      if (is_union && field.type.kind != Kind::optional) hint = "Optional[" + hint + "]";
      const bool none = is_union || field.type.kind == Kind::optional;
      std::string value = none ? "None" : field.default_value ? default_of(field) : "";
      if (!value.empty()) value = "default=" + value + ", ";
      out += "    " + legal(field.name) + ": " + hint + " = field(" + value +
             "metadata={\"dts\": " + literal(declare(field, type_)) + "})\n";
    }
    return out + "\n\n" + names_[index] + ".__dts__ = " + literal(declare(node)) + "\n";
  }

  std::string spell(const TypeRef& type) const {
    switch (type.kind) {
      case Kind::boolean:
        return "bool";
      case Kind::f32:
      case Kind::f64:
        return "float";
      case Kind::text:
        return "str";
      case Kind::bytes:
        return "bytes";
      case Kind::decimal:
        return "Decimal";
      case Kind::any:
        return "object";
      case Kind::list:
      case Kind::array:
        return "list[" + spell(type.arguments[0]) + "]";
      case Kind::map:
        return "dict[" + spell(type.arguments[0]) + ", " + spell(type.arguments[1]) + "]";
      case Kind::optional:
        return "Optional[" + spell(type.arguments[0]) + "]";
      case Kind::reference:
        return names_[type.node];
      default:
        return "int";  // time and duration: nanoseconds
    }
  }

  // Constants only; a dataclass has no default that could be changed.
  std::string default_of(const Field& field) const {
    CanonicalReader in(*field.default_value);
    std::int64_t integer;
    std::uint64_t wide;
    switch (field.type.kind) {
      case Kind::boolean: {
        bool value;
        return in.boolean(value) ? (value ? "True" : "False") : "";
      }
      case Kind::f32: {
        float value;
        return in.f32(value) ? "float(\"" + real_text(value) + "\")" : "";
      }
      case Kind::f64: {
        double value;
        return in.f64(value) ? "float(\"" + real_text(value) + "\")" : "";
      }
      case Kind::text: {
        std::string_view text;
        return in.text(text) ? literal(text) : "";
      }
      case Kind::decimal:
        return "Decimal(\"" + default_text(field, type_) + "\")";
      case Kind::reference:
        if (nodes_[field.type.node].kind != Kind::enumeration || !in.integer(integer)) return {};
        return names_[field.type.node] + "(" + std::to_string(integer) + ")";
      case Kind::u64:
        return in.unsigned_integer(wide) ? std::to_string(wide) : "";
      default:
        return in.integer(integer) ? std::to_string(integer) : "";
    }
  }

  const Type& type_;
  std::span<const TypeNode> nodes_;
  std::vector<std::string> names_;
};

}  // namespace

Result<std::string> export_python(const Type& type) { return PythonWriter(type).write(); }

}  // namespace dts::schema
