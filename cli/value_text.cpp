#include <cli/value_text.hpp>

#include <simdjson.h>
#include <algorithm>
#include <charconv>
#include <cstring>

#include <base/hex.hpp>
#include <base/text.hpp>
#include <cli/json_object.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr std::size_t kBytesShown = 16;

template <class T>
T read(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

std::int64_t read_symbol(const Layout& layout, const void* from) {
  switch (layout.width) {
    case 1:
      return layout.is_signed ? read<std::int8_t>(from) : read<std::uint8_t>(from);
    case 2:
      return layout.is_signed ? read<std::int16_t>(from) : read<std::uint16_t>(from);
    case 8:
      return read<std::int64_t>(from);
    default:
      return layout.is_signed ? std::int64_t{read<std::int32_t>(from)} : read<std::uint32_t>(from);
  }
}

std::string symbol_text(const Layout& layout, const void* from) {
  const std::int64_t value = read_symbol(layout, from);
  for (const Symbol& symbol : layout.type.root().symbols) {
    if (symbol.value == value) return symbol.name;
  }
  return std::to_string(value);
}

std::string bytes_text_of(ByteView bytes) {
  std::string text = "0x" + base::to_hex(bytes.first(std::min(bytes.size(), kBytesShown)));
  if (bytes.size() > kBytesShown) text += "... (" + counted(bytes.size(), "byte") + ")";
  return text;
}

// Text is quoted when it would otherwise not be seen to be one word.
std::string word_text(std::string_view text) {
  const std::string safe = base::printable(text);
  const bool plain = !safe.empty() && safe.find_first_of(" \"") == std::string::npos;
  return plain ? safe : "\"" + safe + "\"";
}

std::string decimal_text(const Decimal& value) {
  std::string text = std::to_string(value.coefficient);
  return value.exponent == 0 ? text : text + "e" + std::to_string(value.exponent);
}

class Walker {
 public:
  explicit Walker(const LeafOptions& options) : options_(options) {}

  void fields(const Layout& layout, const void* at, const std::string& prefix) {
    const auto& members = layout.type.root().fields;
    for (std::size_t i = 0; i < layout.fields.size() && i < members.size(); ++i) {
      const void* place = static_cast<const std::uint8_t*>(at) + layout.fields[i].offset;
      member(*layout.fields[i].layout, place, prefix + members[i].name, members[i].unit);
    }
  }

  std::vector<Leaf> take() { return std::move(result_); }

  // Anything on one line.
  std::string inline_text(const Layout& layout, const void* at, int depth = 0) const {
    if (depth > 16) return "...";
    switch (layout.kind) {
      case Kind::boolean:
        return read<std::uint8_t>(at) != 0 ? "true" : "false";
      case Kind::i8:
        return std::to_string(read<std::int8_t>(at));
      case Kind::i16:
        return std::to_string(read<std::int16_t>(at));
      case Kind::i32:
        return std::to_string(read<std::int32_t>(at));
      case Kind::i64:
        return std::to_string(read<std::int64_t>(at));
      case Kind::u8:
        return std::to_string(read<std::uint8_t>(at));
      case Kind::u16:
        return std::to_string(read<std::uint16_t>(at));
      case Kind::u32:
        return std::to_string(read<std::uint32_t>(at));
      case Kind::u64:
        return std::to_string(read<std::uint64_t>(at));
      case Kind::f32:
        return single_text(read<float>(at));
      case Kind::f64:
        return number_text(read<double>(at), options_.brief);
      case Kind::text:
        return word_text(as_text(layout.functions.view(layout, at)));
      case Kind::bytes:
        return bytes_text_of(layout.functions.view(layout, at));
      case Kind::time:
        return to_rfc3339(Time(Duration(read<std::int64_t>(at))));
      case Kind::duration:
        return to_text(Duration(read<std::int64_t>(at)));
      case Kind::decimal:
        return decimal_text(*static_cast<const Decimal*>(at));
      case Kind::any:
        return any_text(*static_cast<const Any*>(at));
      case Kind::enumeration:
        return base::printable(symbol_text(layout, at));
      default:
        return composite_text(layout, at, depth);
    }
  }

 private:
  static bool is_number(Kind kind) { return kind >= Kind::i8 && kind <= Kind::f64; }

  bool wanted(const std::string& path) const {
    if (options_.only.empty()) return true;
    return std::any_of(options_.only.begin(), options_.only.end(), [&](const std::string& only) {
      return path == only || (path.size() > only.size() && path[only.size()] == '.' &&
                              path.compare(0, only.size(), only) == 0);
    });
  }

  void member(const Layout& layout, const void* at, const std::string& path,
              const std::string& unit) {
    if (layout.kind == Kind::structure) return fields(layout, at, path + ".");
    if (layout.kind == Kind::optional) {
      const void* held = layout.functions.get(layout, at);
      if (held != nullptr) return member(*layout.element, held, path, unit);
      if (wanted(path)) result_.push_back({path, "-", {}, false});
      return;
    }
    if (!wanted(path)) return;
    result_.push_back({path, inline_text(layout, at), unit, is_number(layout.kind)});
  }

  std::string single_text(float value) const {
    if (options_.brief) return number_text(static_cast<double>(value), true);
    char text[32];
    const auto [end, error] = std::to_chars(text, text + sizeof text, value);
    return std::string(text, end);
  }

  static std::string any_text(const Any& any) {
    if (!any.type.valid()) return "-";
    return base::printable(any.type.name()) + "(" + counted(any.message.size(), "byte") + ")";
  }

  std::string composite_text(const Layout& layout, const void* at, int depth) const {
    const LayoutFunctions& f = layout.functions;
    std::vector<std::string> parts;
    if (layout.kind == Kind::list || layout.kind == Kind::array) {
      const std::size_t count = layout.kind == Kind::array ? layout.length : f.count(layout, at);
      const auto* first =
          static_cast<const std::uint8_t*>(f.elements != nullptr ? f.elements(layout, at) : at);
      for (std::size_t i = 0; i < count && i < options_.elements_max; ++i) {
        parts.push_back(inline_text(*layout.element, first + i * layout.element->size, depth + 1));
      }
      if (count > options_.elements_max) parts.push_back("... (" + grouped(count) + ")");
      return "[" + joined(parts, ", ") + "]";
    }
    if (layout.kind == Kind::map) {
      void* cursor = nullptr;
      const void *key = nullptr, *value = nullptr;
      while (parts.size() < options_.elements_max &&
             f.map_next(layout, at, &cursor, &key, &value)) {
        parts.push_back(inline_text(*layout.key, key, depth + 1) + ": " +
                        inline_text(*layout.element, value, depth + 1));
      }
      const std::size_t count = f.map_count(layout, at);
      if (count > parts.size()) parts.push_back("... (" + grouped(count) + ")");
      return "{" + joined(parts, ", ") + "}";
    }
    if (layout.kind == Kind::optional) {
      const void* held = f.get(layout, at);
      return held == nullptr ? "-" : inline_text(*layout.element, held, depth + 1);
    }
    const auto& members = layout.type.root().fields;
    if (layout.kind == Kind::union_) {
      const std::uint32_t which = f.which(layout, at);
      if (which == Layout::no_case || which >= members.size()) return "-";
      return base::printable(members[which].name) + "(" +
             inline_text(*layout.fields[which].layout, f.held(layout, at), depth + 1) + ")";
    }
    for (std::size_t i = 0; i < layout.fields.size() && i < members.size(); ++i) {
      const void* place = static_cast<const std::uint8_t*>(at) + layout.fields[i].offset;
      parts.push_back(base::printable(members[i].name) + " " +
                      inline_text(*layout.fields[i].layout, place, depth + 1));
    }
    return "{" + joined(parts, ", ") + "}";
  }

  const LeafOptions& options_;
  std::vector<Leaf> result_;
};

// The members of `type` at the dotted `path`'s parent; null type when there is none.
const TypeNode* node_at(const Type& type, const TypeRef& ref) {
  const TypeRef* at = &ref;
  while (at->kind == Kind::optional && !at->arguments.empty()) at = &at->arguments[0];
  if (at->kind != Kind::reference || at->node >= type.nodes().size()) return nullptr;
  return &type.nodes()[at->node];
}

}  // namespace

std::vector<Leaf> leaves(const Value& value, const LeafOptions& options) {
  Walker walker(options);
  if (value.layout().kind == Kind::structure) {
    walker.fields(value.layout(), value.data(), {});
    return walker.take();
  }
  return {{value.type().name(), walker.inline_text(value.layout(), value.data()), {}, false}};
}

std::string leaves_line(const std::vector<Leaf>& all, bool utf8) {
  std::string line;
  for (const Leaf& leaf : all) {
    if (!line.empty()) line += "   ";
    line += base::printable(leaf.path) + " " + quantity_text(leaf.text, leaf.unit, utf8);
  }
  return line;
}

std::string field_text(const Type& type, const Field& field, bool utf8) {
  std::string text = type.print(field.type);
  if (!field.unit.empty()) text += ", " + unit_text(field.unit, utf8);
  return base::printable(text);
}

Error no_such_field(const Type& type, std::string_view name, bool utf8) {
  std::vector<std::string> names;
  for (const Field& field : type.root().fields) names.push_back(field.name);
  std::string hint;
  const std::string near = base::nearest(name, names);
  for (const Field& field : type.root().fields) {
    if (field.name != near || near.empty()) continue;
    hint =
        "did you mean \"" + base::printable(near) + "\" (" + field_text(type, field, utf8) + ")?";
  }
  if (hint.empty()) hint = "dts show " + type.name();
  return Error(ErrorCode::unknown_field,
               base::printable(type.name()) + " has no field \"" + base::printable(name) + "\"", {},
               "fields: " + joined(names, ", "), hint);
}

Result<void> check_paths(const Type& type, const std::vector<std::string>& only, bool utf8) {
  for (const std::string& path : only) {
    const TypeNode* node = &type.root();
    std::string_view rest = path;
    while (!rest.empty()) {
      const std::size_t dot = rest.find('.');
      const std::string_view name = rest.substr(0, dot);
      const auto field = std::find_if(node->fields.begin(), node->fields.end(),
                                      [&](const Field& f) { return f.name == name; });
      if (node->kind != Kind::structure || field == node->fields.end()) {
        return no_such_field(type, path, utf8);
      }
      rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
      if (rest.empty()) break;
      node = node_at(type, field->type);
      if (node == nullptr) return no_such_field(type, path, utf8);
    }
  }
  return {};
}

Result<std::string> JsonEncoder::encode(const Value& value, const std::vector<std::string>& only) {
  if (!encoder_ || layout_ != value.layout_ptr()) {
    const Format* json = find_format(built_in_formats(), "json");
    if (json == nullptr) return Error(ErrorCode::unknown_format, "this build has no json format");
    auto made = json->encoder(value.layout());
    if (!made) return made.error();
    encoder_ = std::move(*made);
    layout_ = value.layout_ptr();
  }
  Bytes bytes;
  DTS_TRY(encoder_->encode(value.data(), bytes));
  const std::string text(as_text(bytes));
  if (only.empty()) return json_inert(text);
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(text).get(document) != simdjson::SUCCESS) return json_inert(text);
  JsonObject object;
  for (const std::string& path : only) {
    std::string pointer = "/" + path;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    simdjson::dom::element found;
    if (document.at_pointer(pointer).get(found) == simdjson::SUCCESS) {
      object.raw(path, json_inert(simdjson::minify(found)));
    }
  }
  return object.str();
}

}  // namespace dts::cli
