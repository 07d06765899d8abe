#include <schema/draft.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

#include <base/hex.hpp>
#include <base/text.hpp>
#include <type/default_value.hpp>
#include <type/notation.hpp>

namespace dts::schema {

namespace {

constexpr std::size_t kNodesMax = 1024;
constexpr std::size_t kNotesMax = 64;
constexpr std::string_view kSource = "schema";

// A doc as lines that are comments in the notation.
std::vector<std::string> comment_lines(std::string_view doc) {
  std::vector<std::string> lines;
  while (!doc.empty() && lines.size() < 64) {
    const std::size_t end = std::min(doc.find('\n'), doc.size());
    std::string line = base::printable(doc.substr(0, end));
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.pop_back();
    if (!line.empty()) lines.push_back("// " + line);
    doc.remove_prefix(std::min(end + 1, doc.size()));
  }
  return lines;
}

// Is it one piece, that cannot end what it stands in: no line end, no comment, brackets in pairs?
bool is_one_piece(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) < ' ') return false;
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
      continue;
    }
    if (c == '"') quoted = true;
    if (c == '/' && text.substr(i, 2) == "//") return false;
    if (c == ';' && depth == 0) return false;
    if (c == ',' && depth == 0) return false;
    if (c == '{' || c == '[' || c == '<' || c == '(') ++depth;
    if (c == '}' || c == ']' || c == '>' || c == ')') {
      if (--depth < 0) return false;
    }
  }
  return depth == 0 && !quoted;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string member_text(const DraftMember& member) {
  if (!member.field.empty()) return member.field;
  std::string text = member.name + " : " + member.type;
  if (!member.unit.empty() && !member.quantity.empty())
    text += " [" + member.unit + "; " + member.quantity + "]";
  else if (!member.unit.empty())
    text += " [" + member.unit + "]";
  else if (!member.quantity.empty())
    text += " #" + member.quantity;
  if (!member.default_value.empty()) text += " = " + member.default_value;
  return text;
}

std::string header(const DraftNode& node) {
  return std::string(node.closed ? "closed " : "") +
         (node.kind == Kind::enumeration ? "enum "
          : node.kind == Kind::union_    ? "union "
                                         : "") +
         node.name + " {";
}

template <class T>
std::string shortest(T value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

}  // namespace

Error refused(std::string what, std::string place, std::string why, std::string hint) {
  return Error(ErrorCode::unsupported, std::move(what), std::move(place), std::move(why),
               std::move(hint));
}

std::string real_text(double value) { return shortest(value); }
std::string real_text(float value) { return shortest(value); }

std::string last_word(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return std::string(dot == std::string_view::npos ? name : name.substr(dot + 1));
}

std::string words_before(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return std::string(dot == std::string_view::npos ? std::string_view() : name.substr(0, dot));
}

std::string quote(std::string_view text, const Quotes& quotes) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (quotes.marked.find(c) != std::string_view::npos) {
      out += std::string("\\") + c;
    } else if (byte < 0x20 || byte == 0x7f || (byte > 0x7f && quotes.ascii)) {
      char escaped[16];
      std::snprintf(escaped, sizeof escaped, quotes.escape, byte);
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string hex_bytes(ByteView bytes) { return "0x" + base::to_hex(bytes); }

std::string default_text(const Field& field, const Type& type) {
  return default_to_text(*field.default_value, field.type, type.nodes());
}

std::string declare(const Field& field, const Type& type) {
  DraftMember member;
  member.name = field.name;
  if (field.id) member.name += " @" + std::to_string(*field.id);
  member.type = type.print(field.type);
  member.unit = field.unit;
  member.quantity = field.quantity;
  if (field.default_value) member.default_value = default_text(field, type);
  return std::string(field.key ? "key " : "") + (field.must_understand ? "must_understand " : "") +
         member_text(member);
}

std::string declare(const TypeNode& node) { return print_header(node); }

std::string declare_enumeration(const TypeNode& node) {
  std::string text = print_header(node) + "{";
  for (const Symbol& symbol : node.symbols) {
    if (text.back() != '{') text += ", ";
    text += symbol.name + "=" + std::to_string(symbol.value);
  }
  return text + "}";
}

Result<Declaration> read_declaration(std::string_view field, const std::string& place) {
  const auto refuse = [&](std::string why) {
    return Error(ErrorCode::notation,
                 "\"" + base::printable(field) + "\" declares no field in the notation", place,
                 std::move(why), "key tank @3 : i8 [Cel] = 0");
  };
  if (!is_one_piece(field)) return refuse("it is not one field");
  const std::size_t colon = field.find(':');
  if (colon == std::string_view::npos) return refuse("':' parts a name from its type");
  std::string_view head = trimmed(field.substr(0, colon));
  Declaration declaration;
  head = trimmed(head.substr(0, head.find('@')));
  declaration.name =
      head.substr(head.rfind(' ') == std::string_view::npos ? 0 : head.rfind(' ') + 1);
  if (!is_member_name(declaration.name)) return refuse("there is no name");
  std::string_view rest = trimmed(field.substr(colon + 1));
  std::size_t end = 0;
  for (int depth = 0; end < rest.size(); ++end) {
    if (rest[end] == '<') ++depth;
    if (rest[end] == '>') --depth;
    if (depth == 0 && (rest[end] == '[' || rest[end] == '#' || rest[end] == '=')) break;
  }
  declaration.type = trimmed(rest.substr(0, end));
  if (declaration.type.empty()) return refuse("there is no type");
  return declaration;
}

std::string headed_name(std::string_view type) {
  type = trimmed(type);
  const std::size_t blank = type.rfind(' ');
  return std::string(blank == std::string_view::npos ? type : type.substr(blank + 1));
}

namespace {

// Consumes one type; what is no type leaves the name empty.
Term take_term(std::string_view& text, std::size_t depth) {
  Term term;
  text = trimmed(text);
  const std::size_t end = std::min(text.find_first_of("<>,?"), text.size());
  const std::string name(trimmed(text.substr(0, end)));
  text.remove_prefix(end);
  const bool composite = !text.empty() && text[0] == '<';
  if (composite && depth < TypeLimits::depth_max) {
    do {
      text.remove_prefix(1);
      const std::string_view inside = trimmed(text);
      if (name == "array" && !term.arguments.empty()) {
        const auto [stop, code] =
            std::from_chars(inside.data(), inside.data() + inside.size(), term.length);
        if (code != std::errc{}) return {};
        text = trimmed(text.substr(static_cast<std::size_t>(stop - text.data())));
      } else {
        term.arguments.push_back(take_term(text, depth + 1));
        if (term.arguments.back().name.empty()) return {};
        text = trimmed(text);
      }
    } while (!text.empty() && text[0] == ',');
    if (text.empty() || text[0] != '>') return {};
    text.remove_prefix(1);
  }
  term.name = name;
  for (text = trimmed(text); !text.empty() && text[0] == '?' && depth < TypeLimits::depth_max;
       text = trimmed(text.substr(1))) {
    Term optional{"optional", {}, 0};
    optional.arguments.push_back(std::move(term));
    term = std::move(optional);
    ++depth;
  }
  return term;
}

}  // namespace

Term read_term(std::string_view text) {
  Term term = take_term(text, 0);
  return trimmed(text).empty() ? term : Term{};
}

DraftNode& Draft::add(std::string name, Kind kind, std::string place) {
  DraftNode& node = nodes_.emplace_back();
  names_.insert(name);
  node.name = std::move(name);
  node.kind = kind;
  node.place = std::move(place);
  return node;
}

std::string Draft::free_name(std::string wanted) const {
  std::string name = wanted;
  for (int i = 2; has(name); ++i) name = wanted + std::to_string(i);
  return name;
}

void Draft::note(std::string text) {
  if (notes_.size() < kNotesMax)
    notes_.push_back(std::move(text));
  else if (notes_.size() == kNotesMax)
    notes_.push_back("and more of the kind");
}

Result<void> Draft::add_enumeration(std::string_view notation, const std::string& place) {
  const auto parsed = parse_notation(notation, place);
  if (!parsed) return parsed.error();
  if (parsed->nodes.size() != 1 || parsed->nodes[0].kind != Kind::enumeration ||
      !is_one_piece(notation)) {
    return Error(ErrorCode::notation, "an annotation of enumerations holds something else", place,
                 base::printable(notation), "enum brewery.State {idle=0, heating=5}");
  }
  if (names_.insert(parsed->nodes[0].name).second)
    enumerations_.push_back({std::string(notation), place});
  return {};
}

Result<void> Draft::head(DraftNode& node, std::string_view type, const std::string& place) {
  std::string_view rest = trimmed(type);
  const auto take = [&](std::string_view word) {
    if (rest.substr(0, word.size()) != word) return false;
    rest.remove_prefix(word.size());
    return true;
  };
  const bool closed = take("closed ");
  const Kind kind = take("enum ")    ? Kind::enumeration
                    : take("union ") ? Kind::union_
                                     : Kind::structure;
  if (kind == Kind::structure && take("struct ")) rest = trimmed(rest);
  if (!is_type_name(rest) || (closed && kind == Kind::structure)) {
    return Error(ErrorCode::notation, "\"" + base::printable(type) + "\" heads no type", place, {},
                 "brewery.Temperature, or: closed enum brewery.State");
  }
  if (kind != node.kind) {
    return Error(ErrorCode::notation, "\"" + base::printable(type) + "\" is not what is declared",
                 place, "the schema declares a " + std::string(kind_name(node.kind)));
  }
  node.closed = closed;
  if (rest != node.name) {
    names_.insert(std::string(rest));
    node.name = rest;
  }
  return {};
}

Result<std::vector<Draft::Line>> Draft::lines() const {
  std::vector<Line> lines;
  std::size_t members = 0;
  const auto comments = [&](std::string_view doc, const std::string& place) {
    for (std::string& line : comment_lines(doc)) lines.push_back({std::move(line), place});
  };
  for (const DraftNode& node : nodes_) {
    if (!is_type_name(node.name)) {
      return Error(ErrorCode::invalid_name,
                   "\"" + base::printable(node.name) + "\" is not a type's name", node.place, {},
                   "words of letters, digits and _");
    }
    lines.push_back({"", node.place});
    comments(node.doc, node.place);
    lines.push_back({header(node), node.place});
    for (const DraftMember& member : node.members) {
      if (++members > TypeLimits::members_max * 4)
        return Error(ErrorCode::limit_reached, "the schema has too many members", file_);
      if (member.field.empty() && !is_member_name(member.name)) {
        return Error(ErrorCode::invalid_name,
                     "\"" + base::printable(member.name) + "\" is not a legal name", member.place,
                     {}, "a letter or _, then letters, digits and _");
      }
      comments(member.doc, member.place);
      if (node.kind == Kind::enumeration) {
        lines.push_back({"  " + member.name + " = " + member.type, member.place});
        continue;
      }
      const std::string text = member_text(member);
      if (!member.field.empty()) {
        const auto read = read_declaration(member.field, member.place);
        if (!read) return read.error();
      } else if (!is_one_piece(text)) {
        return Error(ErrorCode::invalid_type,
                     "\"" + base::printable(member.unit) + "\" is not a unit", member.place, {},
                     "Cel, kPa, m/s2, %, [degF]");
      }
      lines.push_back({"  " + text, member.place});
    }
    lines.push_back({"}", node.place});
  }
  for (const Line& line : enumerations_) lines.push_back(line);
  return lines;
}

Result<std::vector<Type>> Draft::parse() const {
  if (nodes_.size() > kNodesMax)
    return Error(ErrorCode::limit_reached, "the schema has too many types", file_);
  DTS_ASSIGN(const std::vector<Line> written, lines());
  std::string text;
  for (const Line& line : written) text += line.text + "\n";
  auto types = Type::parse_all(text, kSource);
  if (types) return types;
  // "schema:12:5" is line 12 of what we wrote.
  const Error& error = types.error();
  std::size_t line = 0;
  if (error.where().rfind(std::string(kSource) + ":", 0) == 0)
    line = static_cast<std::size_t>(std::atoi(error.where().c_str() + kSource.size() + 1));
  if (line == 0 || line > written.size())
    return Error(error.code(), error.what(), file_, error.why(), error.hint());
  return Error(error.code(), error.what(), written[line - 1].place,
               "it reads: " + base::printable(trimmed(written[line - 1].text)), error.hint());
}

Result<Binding> Draft::binding(const Type& type) const {
  if (format_.empty()) return Binding();
  std::vector<BindingNode> bound;
  for (const TypeNode& node : type.nodes()) {
    if (node.kind == Kind::enumeration) continue;
    const auto draft = std::find_if(nodes_.begin(), nodes_.end(),
                                    [&](const DraftNode& each) { return each.name == node.name; });
    if (draft == nodes_.end()) continue;
    std::map<std::string, const DraftMember*, std::less<>> members;
    for (const DraftMember& member : draft->members) {
      if (member.field.empty()) {
        members[member.name] = &member;
      } else {
        members[read_declaration(member.field, member.place)->name] = &member;
      }
    }
    BindingNode made = draft->binding;
    made.name = node.name;
    made.members.clear();
    for (const Field& field : node.fields) {
      BindingMember member = members.at(field.name)->binding;
      member.name = field.name;
      made.members.push_back(std::move(member));
    }
    bound.push_back(std::move(made));
  }
  return Binding::make(format_, type, std::move(bound));
}

Result<Imported> Draft::finish(std::string_view root) {
  if (nodes_.empty() && enumerations_.empty()) {
    return Error(ErrorCode::invalid_type, "there is no type in the schema", file_, {},
                 "it must define a struct, an enumeration or a union");
  }
  DTS_ASSIGN(std::vector<Type> types, parse());
  Imported imported;
  imported.notes = notes_;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const std::string& name = types[i].name();
    if (i < nodes_.size() && nodes_[i].own) names.push_back(name);
    const bool wanted = root.empty() ? i >= nodes_.size() || nodes_[i].own
                                     : name == root || last_word(name) == root;
    if (!wanted) continue;
    DTS_ASSIGN(Binding bound, binding(types[i]));
    imported.types.push_back({std::move(types[i]), std::move(bound),
                              i < nodes_.size() ? nodes_[i].own_name : std::string()});
  }
  if (!root.empty()) {
    const auto exact =
        std::find_if(imported.types.begin(), imported.types.end(),
                     [&](const ImportedType& each) { return each.type.name() == root; });
    if (exact != imported.types.end()) {
      ImportedType only = std::move(*exact);
      imported.types.clear();
      imported.types.push_back(std::move(only));
    }
  }
  if (imported.types.empty()) {
    std::string near = base::nearest(root, names);
    if (near.empty() && !names.empty()) {
      for (const std::string& name : names) near += (near.empty() ? "" : ", ") + name;
      if (near.size() > 200) near = near.substr(0, near.rfind(',', 200)) + " ...";
    }
    return Error(ErrorCode::invalid_type,
                 "the schema does not define \"" + base::printable(root) + "\"", file_, {}, near);
  }
  return imported;
}

}  // namespace dts::schema
