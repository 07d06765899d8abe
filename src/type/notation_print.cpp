// Printing of the notation. What is printed parses back to the same type.
#include <algorithm>
#include <string>
#include <vector>

#include <base/text.hpp>
#include <type/default_value.hpp>
#include <type/notation.hpp>

namespace dts {

namespace {

constexpr std::size_t kColumnsMax = 100;
constexpr std::size_t kNameColumnsMax = 24;  // names up to here are aligned

// A member in the parts that are aligned, and its doc.
struct Row {
  std::string name, rest, doc;
};

std::string unit_text(const Field& field, bool spaces) {
  const std::string space = spaces ? " " : "";
  if (!field.unit.empty() && !field.quantity.empty()) {
    return space + "[" + field.unit + ";" + space + field.quantity + "]";
  }
  if (!field.unit.empty()) return space + "[" + field.unit + "]";
  return field.quantity.empty() ? "" : space + "#" + field.quantity;
}

Row field_row(const Field& field, std::span<const TypeNode> nodes, bool spaces) {
  Row row;
  if (field.key) row.name += "key ";
  if (field.must_understand) row.name += "must_understand ";
  if (field.narrow) row.name += "narrow ";
  if (field.misfit == OnMisfit::use_default) row.name += "use_default ";
  if (field.misfit == OnMisfit::trim) row.name += "trim ";
  row.name += field.name;
  for (const std::string& alias : field.aliases) row.name += (spaces ? " | " : "|") + alias;
  if (field.id) row.name += (spaces ? " @" : "@") + std::to_string(*field.id);
  row.rest = print_type(field.type, nodes) + unit_text(field, spaces);
  if (field.default_value) {
    row.rest += spaces ? " = " : "=";
    row.rest += default_to_text(*field.default_value, field.type, nodes);
  }
  row.doc = field.doc;
  return row;
}

std::vector<Row> rows_of(const TypeNode& node, std::span<const TypeNode> nodes, bool spaces) {
  std::vector<Row> rows;
  for (const Field& field : node.fields) rows.push_back(field_row(field, nodes, spaces));
  for (const Symbol& symbol : node.symbols) {
    rows.push_back({symbol.name, std::to_string(symbol.value), symbol.doc});
  }
  return rows;
}

// A doc may come from anywhere: each line becomes a comment that is safe to show.
void print_comment(std::string& out, std::string_view doc, std::string_view indent) {
  while (true) {
    const std::size_t end = std::min(doc.find('\n'), doc.size());
    const std::string line = base::printable(doc.substr(0, end));
    out += std::string(indent) + "//" + (line.empty() ? "" : " ") + line + "\n";
    if (end == doc.size()) return;
    doc.remove_prefix(end + 1);
  }
}

std::string print_one_line(const TypeNode& node, std::span<const TypeNode> nodes) {
  std::string out = print_header(node) + "{";
  const char* const sign = node.kind == Kind::enumeration ? "=" : ":";
  bool first = true;
  for (const Row& row : rows_of(node, nodes, false)) {
    if (!first) out += ", ";
    first = false;
    out += row.name + sign + row.rest;
  }
  return out + "}";
}

// enum brewery.State { idle = 0, heating = 1, cooling = 2 }; empty when it does not fit a line.
std::string short_enum(const TypeNode& node, const std::vector<Row>& rows) {
  std::string out = print_header(node) + " {";
  for (const Row& row : rows) {
    if (!row.doc.empty()) return {};
    out += (&row == rows.data() ? " " : ", ") + row.name + " = " + row.rest;
  }
  out += " }\n";
  return out.size() <= kColumnsMax ? out : std::string();
}

// Does the doc go to the right of its row?
bool beside(const Row& row) {
  return !row.doc.empty() && row.doc.find('\n') == std::string::npos &&
         row.name.size() + row.rest.size() + base::printable(row.doc).size() + 12 <= kColumnsMax;
}

std::string print_lines(const TypeNode& node, std::span<const TypeNode> nodes) {
  std::string out;
  if (!node.doc.empty()) print_comment(out, node.doc, "");
  const std::vector<Row> rows = rows_of(node, nodes, true);
  if (node.kind == Kind::enumeration) {
    const std::string line = short_enum(node, rows);
    if (!line.empty()) return out + line;
  }
  std::size_t name_width = 0, rest_width = 0;
  for (const Row& row : rows) {
    if (row.name.size() <= kNameColumnsMax) name_width = std::max(name_width, row.name.size());
    if (beside(row) && row.rest.size() <= 2 * kNameColumnsMax) {
      rest_width = std::max(rest_width, row.rest.size());
    }
  }
  out += print_header(node) + " {";
  if (!rows.empty()) out += "\n";
  const char* const sign = node.kind == Kind::enumeration ? " = " : " : ";
  for (const Row& row : rows) {
    const auto padded = [](const std::string& text, std::size_t width) {
      return text + std::string(width > text.size() ? width - text.size() : 0, ' ');
    };
    if (!row.doc.empty() && !beside(row)) print_comment(out, row.doc, "  ");
    out += "  " + padded(row.name, name_width) + sign;
    if (beside(row)) {
      out += padded(row.rest, rest_width) + "  ";
      print_comment(out, row.doc, "");
    } else {
      out += row.rest + "\n";
    }
  }
  return out + "}\n";
}

}  // namespace

std::string print_type(const TypeRef& type, std::span<const TypeNode> nodes) {
  const auto argument = [&](std::size_t i) { return print_type(type.arguments[i], nodes); };
  switch (type.kind) {
    case Kind::list:
      return "list<" + argument(0) + ">";
    case Kind::optional:
      return "optional<" + argument(0) + ">";
    case Kind::array:
      return "array<" + argument(0) + ", " + std::to_string(type.length) + ">";
    case Kind::map:
      return "map<" + argument(0) + ", " + argument(1) + ">";
    case Kind::reference:
      return nodes[type.node].name;
    default:
      return std::string(kind_name(type.kind));
  }
}

std::string print_header(const TypeNode& node) {
  std::string text = node.closed ? "closed " : "";
  if (node.kind == Kind::enumeration) text += "enum ";
  if (node.kind == Kind::union_) text += "union ";
  return text + node.name;
}

std::vector<std::string> print_members(const TypeNode& node, std::span<const TypeNode> nodes) {
  std::vector<std::string> lines;
  const char* const sign = node.kind == Kind::enumeration ? " = " : " : ";
  for (const Row& row : rows_of(node, nodes, true)) lines.push_back(row.name + sign + row.rest);
  return lines;
}

std::string print_notation(std::span<const TypeNode> nodes, Type::Style style) {
  std::string out;
  for (const TypeNode& node : nodes) {
    if (style == Type::Style::one_line) {
      out += (out.empty() ? "" : "; ") + print_one_line(node, nodes);
    } else {
      out += (out.empty() ? "" : "\n") + print_lines(node, nodes);
    }
  }
  return out;
}

}  // namespace dts
