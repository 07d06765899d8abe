// What differs between two types, member by member, as lines for people.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <dts/assignment.hpp>

#include <type/notation.hpp>

namespace dts {

namespace {

using Nodes = std::span<const TypeNode>;

std::string member_name(const TypeNode& node, std::size_t index) {
  return node.kind == Kind::enumeration ? node.symbols[index].name : node.fields[index].name;
}

void print_node(std::string& out, const char* mark, const TypeNode& node, Nodes nodes) {
  out += mark + print_header(node) + " {\n";
  for (const std::string& line : print_members(node, nodes)) out += mark + ("  " + line) + "\n";
  out += std::string(mark) + "}\n";
}

// Lines of both, those of `a` first where a member differs; then what only `b` has.
void compare(std::string& out, const TypeNode& a, Nodes a_nodes, const TypeNode& b, Nodes b_nodes) {
  const std::vector<std::string> a_lines = print_members(a, a_nodes);
  const std::vector<std::string> b_lines = print_members(b, b_nodes);
  const std::string a_header = print_header(a) + " {", b_header = print_header(b) + " {";
  if (a_lines == b_lines && a_header == b_header) return;
  if (!out.empty()) out += '\n';
  if (a_header == b_header) {
    out += "  " + a_header + "\n";
  } else {
    out += "- " + a_header + "\n+ " + b_header + "\n";
  }
  std::map<std::string, std::size_t> rest;  // members of b by name, until met in a
  for (std::size_t i = 0; i < b_lines.size(); ++i) rest[member_name(b, i)] = i;
  bool differs = a_header != b_header;
  for (std::size_t i = 0; i < a_lines.size(); ++i) {
    const auto other = rest.find(member_name(a, i));
    const bool same = other != rest.end() && b_lines[other->second] == a_lines[i];
    out += (same ? "    " : "-   ") + a_lines[i] + "\n";
    if (other == rest.end() || !same) differs = true;
    if (other == rest.end()) continue;
    if (!same) out += "+   " + b_lines[other->second] + "\n";
    rest.erase(other);
  }
  for (std::size_t i = 0; i < b_lines.size(); ++i) {
    if (!rest.contains(member_name(b, i))) continue;
    out += "+   " + b_lines[i] + "\n";
    differs = true;
  }
  out += differs ? "  }\n" : "  }  // in another order\n";
}

}  // namespace

std::string diff(const Type& a, const Type& b) {
  std::string out;
  if (a == b) return out;
  compare(out, a.root(), a.nodes(), b.root(), b.nodes());
  std::map<std::string_view, const TypeNode*> rest;
  for (const TypeNode& node : b.nodes().subspan(1)) rest[node.name] = &node;
  for (const TypeNode& node : a.nodes().subspan(1)) {
    const auto other = rest.find(node.name);
    if (other != rest.end()) {
      compare(out, node, a.nodes(), *other->second, b.nodes());
      rest.erase(other);
    } else {
      if (!out.empty()) out += '\n';
      print_node(out, "- ", node, a.nodes());
    }
  }
  for (const auto& [name, node] : rest) {
    if (!out.empty()) out += '\n';
    print_node(out, "+ ", *node, b.nodes());
  }
  return out;
}

}  // namespace dts
