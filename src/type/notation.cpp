// Parsing of the notation: a parser over the scanner, and the resolution of names once everything
// has been read.
#include <type/notation.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include <base/text.hpp>
#include <type/closure.hpp>
#include <type/default_value.hpp>
#include <type/notation_scanner.hpp>
#include <type/rules.hpp>

namespace dts {

namespace {

constexpr std::size_t kTextMax = 1024 * 1024;
constexpr std::size_t kTypesMax = 1024;

struct OtherName {
  std::string_view theirs, ours;
};
// What other languages call our kinds.
constexpr std::array kOtherNames{
    OtherName{"float", "f32"},      OtherName{"double", "f64"},    OtherName{"float32", "f32"},
    OtherName{"float64", "f64"},    OtherName{"number", "f64"},    OtherName{"real", "f64"},
    OtherName{"int", "i32"},        OtherName{"integer", "i64"},   OtherName{"long", "i64"},
    OtherName{"short", "i16"},      OtherName{"byte", "u8"},       OtherName{"char", "u8"},
    OtherName{"int8", "i8"},        OtherName{"int16", "i16"},     OtherName{"int32", "i32"},
    OtherName{"int64", "i64"},      OtherName{"uint", "u32"},      OtherName{"uint8", "u8"},
    OtherName{"uint16", "u16"},     OtherName{"uint32", "u32"},    OtherName{"uint64", "u64"},
    OtherName{"string", "text"},    OtherName{"str", "text"},      OtherName{"boolean", "bool"},
    OtherName{"timestamp", "time"}, OtherName{"datetime", "time"}, OtherName{"date", "time"},
    OtherName{"binary", "bytes"},   OtherName{"blob", "bytes"},    OtherName{"data", "bytes"},
    OtherName{"vector", "list"},    OtherName{"sequence", "list"}, OtherName{"dict", "map"},
    OtherName{"variant", "union"},  OtherName{"oneof", "union"},   OtherName{"option", "optional"}};

std::optional<Kind> scalar_kind(std::string_view word) {
  for (int kind = 1; kind <= 17; ++kind) {
    if (kind_name(static_cast<Kind>(kind)) == word) return static_cast<Kind>(kind);
  }
  return std::nullopt;
}

class Parser {
 public:
  Parser(std::string_view text, std::string_view where)
      : parsed_{{}, SourceText(text, where), {}}, scanner_(parsed_.source.text()) {}

  Result<ParsedNotation> parse() {
    while (true) {
      scanner_.skip_newlines();
      if (scanner_.peek().sort == Token::Sort::end) break;
      if (scanner_.accept(';')) continue;
      if (parsed_.nodes.size() == kTypesMax) {
        return error(scanner_.peek(), "more than " + std::to_string(kTypesMax) + " types");
      }
      DTS_TRY(parse_named());
    }
    if (parsed_.nodes.empty()) {
      return error(scanner_.peek(), "there is no type here",
                   "brewery.Temperature { celsius : f64 [Cel] }");
    }
    DTS_TRY(resolve());
    DTS_TRY(read_defaults());
    return std::move(parsed_);
  }

 private:
  Error error(const Token& token, std::string what, std::string hint = {}) const {
    return parsed_.source.error(token.offset, token.text.size(), std::move(what), std::move(hint));
  }

  // What was found instead, for messages.
  static std::string found(const Token& token) {
    switch (token.sort) {
      case Token::Sort::newline:
        return "the line ends";
      case Token::Sort::end:
        return "the text ends";
      default:
        return "\"" + base::printable(token.text) + "\" is here";
    }
  }

  Result<void> expect(char c, const std::string& after) {
    if (scanner_.accept(c)) return {};
    const Token token = scanner_.peek();
    return error(token,
                 std::string("'") + c + "' is expected after " + after + ", but " + found(token));
  }

  void place(const std::string& path, const Token& token) {
    parsed_.places[path] = {token.offset, token.text.size()};
  }

  // ["closed"] ["struct" | "enum" | "union"] name "{" members "}"
  Result<void> parse_named() {
    TypeNode node;
    Token token = scanner_.next();
    node.doc = scanner_.take_above();
    if (token.is_word() && token.text == "closed") {
      node.closed = true;
      token = scanner_.next();
      if (token.text != "enum" && token.text != "union") {
        return error(token, "\"closed\" is followed by enum or union");
      }
    }
    if (token.is_word() &&
        (token.text == "struct" || token.text == "enum" || token.text == "union")) {
      node.kind = token.text == "enum"    ? Kind::enumeration
                  : token.text == "union" ? Kind::union_
                                          : Kind::structure;
      token = scanner_.next();
    }
    if (!token.is_word()) {
      return error(token, "the name of a type is expected, but " + found(token));
    }
    node.name = token.text;
    if (!is_type_name(node.name)) {
      return error(token, "\"" + node.name + "\" is not a legal type name",
                   is_reserved(node.name) ? "my." + node.name : "at most 255 letters");
    }
    // Not by its place: a member of another type may be called the same, a.B.c.
    if (!names_.insert(node.name).second) {
      return error(token, node.name + " is defined twice");
    }
    place(node.name, token);
    scanner_.skip_newlines();
    DTS_TRY(expect('{', node.name));
    const std::string beside = scanner_.take_trailing();
    if (!beside.empty()) node.doc += (node.doc.empty() ? "" : "\n") + beside;
    DTS_TRY(parse_members(node, token));
    parsed_.nodes.push_back(std::move(node));
    scanner_.forget_comments();
    return {};
  }

  Result<void> parse_members(TypeNode& node, const Token& name) {
    while (true) {
      scanner_.skip_newlines();
      if (scanner_.accept('}')) return {};
      if (scanner_.peek().sort == Token::Sort::end) {
        return error(name, "the '}' of " + node.name + " is missing");
      }
      const std::string above = scanner_.take_above();
      std::string* doc = nullptr;
      if (node.kind == Kind::enumeration) {
        DTS_TRY(parse_symbol(node));
        doc = &node.symbols.back().doc;
      } else {
        DTS_TRY(parse_field(node));
        doc = &node.fields.back().doc;
      }
      const bool comma = scanner_.accept(',');
      const Token token = scanner_.peek();
      if (!comma && token.sort == Token::Sort::sign && !token.is('}')) {
        return error(token, "a comma or a new line is expected, but " + found(token));
      }
      if (!comma && (token.is_word() || token.sort == Token::Sort::number)) {
        return error(token, "a comma or a new line parts two members");
      }
      const std::string beside = scanner_.take_trailing();
      *doc = above + (above.empty() || beside.empty() ? "" : "\n") + beside;
    }
  }

  // name ["=" value]; without a value: one more than the symbol before
  Result<void> parse_symbol(TypeNode& node) {
    const Token token = scanner_.next();
    if (!token.is_word() || !is_member_name(token.text)) {
      return error(token, "the name of a symbol is expected, but " + found(token));
    }
    Symbol symbol{std::string(token.text), 0, {}};
    place(node.name + "." + symbol.name, token);
    if (scanner_.accept('=')) {
      const Token number = scanner_.next();
      DTS_ASSIGN(const std::int64_t value, parse_integer(number, INT32_MIN, INT32_MAX));
      symbol.value = static_cast<std::int32_t>(value);
    } else if (!node.symbols.empty()) {
      if (node.symbols.back().value == INT32_MAX) return error(token, "the value does not fit i32");
      symbol.value = node.symbols.back().value + 1;
    }
    node.symbols.push_back(std::move(symbol));
    return {};
  }

  Result<std::int64_t> parse_integer(const Token& token, std::int64_t least, std::int64_t most) {
    std::int64_t value = 0;
    const char* end = token.text.data() + token.text.size();
    const auto [stop, code] = std::from_chars(token.text.data(), end, value);
    if (token.sort != Token::Sort::number || stop != end || code == std::errc::invalid_argument) {
      return error(token, "a whole number is expected, but " + found(token));
    }
    if (code != std::errc{} || value < least || value > most) {
      return error(token, "the number is not within " + std::to_string(least) + " to " +
                              std::to_string(most));
    }
    return value;
  }

  // { word } name { "|" alias } ["@" id] ":" type ["[" unit [";" tag] "]"] ["#" tag] ["=" default]
  Result<void> parse_field(TypeNode& node) {
    Field field;
    Token token = scanner_.next();
    while (token.is_word() && scanner_.peek().is_word()) {
      DTS_TRY(parse_field_word(token, field));
      token = scanner_.next();
    }
    if (!token.is_word() || !is_member_name(token.text)) {
      return error(token, "the name of a field is expected, but " + found(token));
    }
    field.name = token.text;
    place(node.name + "." + field.name, token);
    while (scanner_.accept('|')) {
      const Token alias = scanner_.next();
      if (!alias.is_word() || !is_member_name(alias.text))
        return error(alias, "a former name is expected after '|', but " + found(alias));
      field.aliases.emplace_back(alias.text);
    }
    if (scanner_.accept('@')) {
      const Token number = scanner_.next();
      DTS_ASSIGN(const std::int64_t id, parse_integer(number, 1, field_id_max));
      field.id = static_cast<std::uint32_t>(id);
    }
    DTS_TRY(expect(':', field.name));
    DTS_ASSIGN(field.type, parse_type(1));
    DTS_TRY(parse_unit(field));
    if (scanner_.accept('=')) {
      const Token text = scanner_.default_text();
      if (text.text.empty()) return error(text, "a default is expected after '='");
      defaults_.push_back({parsed_.nodes.size(), node.fields.size(), text});
    }
    node.fields.push_back(std::move(field));
    return {};
  }

  // key, must_understand; narrow, use_default, trim
  Result<void> parse_field_word(const Token& token, Field& field) {
    if (token.text == "key") {
      field.key = true;
    } else if (token.text == "must_understand") {
      field.must_understand = true;
    } else if (token.text == "narrow") {
      field.narrow = true;
    } else if (token.text == "use_default" || token.text == "trim") {
      if (field.misfit != OnMisfit::discard)
        return error(token, "a field is one of use_default and trim");
      field.misfit = token.text == "trim" ? OnMisfit::trim : OnMisfit::use_default;
    } else {
      const std::string near =
          base::nearest(token.text, {"key", "must_understand", "narrow", "use_default", "trim"});
      return error(token, "':' parts a name from its type",
                   near.empty() ? std::string(token.text) + " : i32" : near);
    }
    return {};
  }

  Result<void> parse_unit(Field& field) {
    const Token bracket = scanner_.peek();
    if (bracket.is('[')) {
      const std::optional<Token> inside = scanner_.bracketed();
      if (!inside) return error(bracket, "the ']' of the unit is missing");
      const std::size_t semicolon = inside->text.find(';');
      field.unit = trimmed(inside->text.substr(0, semicolon));
      if (semicolon != std::string_view::npos) {
        field.quantity = trimmed(inside->text.substr(semicolon + 1));
      }
      if (field.unit.empty() && field.quantity.empty()) {
        return error(bracket, "the unit is empty", "1 is the unit of a plain number");
      }
      if (!field.unit.empty() && !is_unit(field.unit)) {
        return error(*inside, "this is not a unit",
                     "UCUM codes are ASCII, such as Cel, kPa, m/s2, %, [degF]");
      }
    }
    if (scanner_.accept('#')) {
      const Token tag = scanner_.tag();
      if (!field.quantity.empty()) return error(tag, "a second quantity tag");
      if (tag.text.empty()) return error(tag, "a quantity tag is expected after '#'");
      field.quantity = tag.text;
    }
    return {};
  }

  Result<TypeRef> parse_type(std::size_t depth) {
    const Token token = scanner_.next();
    if (!token.is_word()) return error(token, "a type is expected, but " + found(token));
    if (depth > TypeLimits::depth_max) return error(token, "the type nests too deep");
    TypeRef type;
    if (token.text == "list" || token.text == "array" || token.text == "map" ||
        token.text == "optional") {
      DTS_ASSIGN(type, parse_composite(token, depth));
    } else if (const auto kind = scalar_kind(token.text)) {
      type.kind = *kind;
    } else {
      type.kind = Kind::reference;
      type.node = static_cast<std::uint32_t>(references_.size());
      references_.push_back(token);
    }
    while (scanner_.accept('?')) {
      if (++depth > TypeLimits::depth_max) return error(token, "the type nests too deep");
      TypeRef optional{Kind::optional, 0, 0, {}};
      optional.arguments.push_back(std::move(type));
      type = std::move(optional);
    }
    return type;
  }

  // list<T>  array<T, N>  map<K, V>  optional<T>
  Result<TypeRef> parse_composite(const Token& name, std::size_t depth) {
    TypeRef type;
    type.kind = name.text == "list"    ? Kind::list
                : name.text == "array" ? Kind::array
                : name.text == "map"   ? Kind::map
                                       : Kind::optional;
    DTS_TRY(expect('<', std::string(name.text)));
    DTS_ASSIGN(TypeRef first, parse_type(depth + 1));
    type.arguments.push_back(std::move(first));
    if (type.kind == Kind::array || type.kind == Kind::map) {
      DTS_TRY(expect(',', type.kind == Kind::array ? "the element type" : "the key type"));
    }
    if (type.kind == Kind::map) {
      DTS_ASSIGN(TypeRef second, parse_type(depth + 1));
      type.arguments.push_back(std::move(second));
    }
    if (type.kind == Kind::array) {
      DTS_ASSIGN(const std::int64_t length, parse_integer(scanner_.next(), 1, array_length_max));
      type.length = static_cast<std::uint32_t>(length);
    }
    DTS_TRY(expect('>', "the arguments of " + std::string(name.text)));
    return type;
  }

  // References were numbered as they were met; now every type is known by name.
  Result<void> resolve() {
    std::map<std::string_view, std::uint32_t> index_of;
    for (std::size_t i = 0; i < parsed_.nodes.size(); ++i) {
      index_of[parsed_.nodes[i].name] = static_cast<std::uint32_t>(i);
    }
    std::vector<std::uint32_t> targets;
    for (const Token& token : references_) {
      const auto target = index_of.find(token.text);
      if (target == index_of.end()) return unknown_type(token);
      targets.push_back(target->second);
    }
    const auto renumber = [&](TypeRef& type, const auto& self) -> void {
      if (type.kind == Kind::reference) type.node = targets[type.node];
      for (TypeRef& argument : type.arguments) self(argument, self);
    };
    for (TypeNode& node : parsed_.nodes) {
      for (Field& field : node.fields) renumber(field.type, renumber);
    }
    return {};
  }

  Error unknown_type(const Token& token) const {
    std::string hint;
    for (const OtherName& name : kOtherNames) {
      if (name.theirs == token.text) hint = name.ours;
    }
    if (hint.empty()) {
      std::vector<std::string> candidates{"list", "array", "map", "optional"};
      for (int kind = 1; kind <= 17; ++kind)
        candidates.emplace_back(kind_name(static_cast<Kind>(kind)));
      for (const TypeNode& node : parsed_.nodes) candidates.push_back(node.name);
      hint = base::nearest(token.text, candidates);
    }
    const std::string name = base::printable(token.text);
    if (hint.empty())
      return error(token, "there is no type " + name, "define " + name + " in the same text");
    return error(token, "there is no type " + name, hint);
  }

  Result<void> read_defaults() {
    if (defaults_.empty()) return {};
    // Defaults of structs and unions are written in the canonical order of the members.
    std::vector<TypeNode> sorted = parsed_.nodes;
    for (TypeNode& node : sorted) sort_members(node);
    for (const PendingDefault& pending : defaults_) {
      Field& field = parsed_.nodes[pending.node].fields[pending.field];
      std::size_t at = 0;
      auto encoded = default_from_text(pending.text.text, field.type, sorted, &at);
      if (!encoded) {
        const std::size_t length = at == 0 ? pending.text.text.size() : 1;
        return parsed_.source.error(pending.text.offset + at, length, encoded.error().what(),
                                    encoded.error().hint());
      }
      field.default_value = std::move(*encoded);
    }
    return {};
  }

  struct PendingDefault {
    std::size_t node, field;
    Token text;
  };
  ParsedNotation parsed_;
  std::set<std::string, std::less<>> names_;
  Scanner scanner_;
  std::vector<Token> references_;
  std::vector<PendingDefault> defaults_;
};

}  // namespace

Result<ParsedNotation> parse_notation(std::string_view text, std::string_view where) {
  if (text.size() > kTextMax) {
    return Error(ErrorCode::too_large, "the notation is too long", std::string(where),
                 std::to_string(text.size()) + " bytes, of at most " + std::to_string(kTextMax));
  }
  if (!base::is_utf8(text)) {
    std::size_t good = 0, bad = text.size();  // the longest valid start ends in between
    while (good < bad) {
      const std::size_t middle = (good + bad + 1) / 2;
      std::size_t whole = middle;  // a cut sequence is no fault of the text
      while (whole < text.size() && whole < middle + 4 && (text[whole] & 0xc0) == 0x80) ++whole;
      base::is_utf8(text.substr(0, whole)) ? good = middle : bad = middle - 1;
    }
    return SourceText(text, where).error(good, 1, "the text is not valid UTF-8");
  }
  return Parser(text, where).parse();
}

}  // namespace dts
