// Printing of filter expressions in their one spelling, and the words and signs of the language.
#include <algorithm>
#include <array>

#include <type/filter_tree.hpp>

namespace dts {

namespace {

constexpr std::array kRelations{
    FilterRelation{"<", ordering_less},
    FilterRelation{"<=", ordering_less | ordering_equal},
    FilterRelation{">", ordering_greater},
    FilterRelation{">=", ordering_greater | ordering_equal},
    FilterRelation{"==", ordering_equal},
    FilterRelation{"!=", ordering_less | ordering_greater | ordering_none},
};
constexpr std::array<std::string_view, 8> kWords{"and", "or",  "not",  "in",
                                                 "has", "now", "true", "false"};

bool is_word(std::string_view text) {
  return std::find(kWords.begin(), kWords.end(), text) != kWords.end();
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n' || c == '\t' || c == '\r') {
      out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      constexpr char digits[] = "0123456789abcdef";
      out += "\\u{";
      out += digits[c >> 4];
      out += digits[c & 15];
      out += '}';
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string print_operand(const FilterOperand& operand) {
  using Sort = FilterOperand::Sort;
  switch (operand.sort) {
    case Sort::text:
      return quoted(operand.text);
    case Sort::now:
      return operand.text.empty()
                 ? "now"
                 : "now " + operand.text.substr(0, 1) + " " + operand.text.substr(1);
    case Sort::number: {
      // "5 eV" and "0 x" would read as something else without the blank.
      const char first = operand.unit.empty() ? 'm' : operand.unit[0];
      const bool apart = first == 'e' || first == 'E' || first == 'x' || first == 'X';
      return operand.text + (apart ? " " : "") + operand.unit;
    }
    case Sort::path:
      return is_word(operand.text.substr(0, operand.text.find('.'))) ? "." + operand.text
                                                                     : operand.text;
    case Sort::bytes:
    case Sort::time:
    case Sort::truth:
      break;
  }
  return operand.text;
}

// in and ~, or their opposites
std::string print_listed(const FilterNode& node, bool negated) {
  std::string text = print_operand(node.operands[0]);
  if (node.op == FilterNode::Op::like)
    return text + (negated ? " !~ " : " ~ ") + print_operand(node.operands[1]);
  text += negated ? " not in (" : " in (";
  for (std::size_t i = 1; i < node.operands.size(); ++i)
    text += (i > 1 ? ", " : "") + print_operand(node.operands[i]);
  return text + ")";
}

std::string print_joined(const FilterNode& node, std::string_view word) {
  std::string text;
  for (const FilterNode& child : node.children) {
    if (!text.empty()) text += word;
    const bool wrap = node.op == FilterNode::Op::all && child.op == FilterNode::Op::any;
    text += wrap ? "(" + print_filter(child) + ")" : print_filter(child);
  }
  return text;
}

}  // namespace

std::span<const std::string_view> filter_words() { return kWords; }

const FilterRelation* find_relation(std::string_view text) {
  const auto found = std::find_if(kRelations.begin(), kRelations.end(),
                                  [&](const FilterRelation& each) { return each.text == text; });
  return found == kRelations.end() ? nullptr : &*found;
}

const FilterRelation& mirrored(const FilterRelation& relation) {
  std::string text(relation.text);
  if (text[0] == '<')
    text[0] = '>';
  else if (text[0] == '>')
    text[0] = '<';
  return *find_relation(text);
}

std::string print_filter(const FilterNode& node) {
  using Op = FilterNode::Op;
  switch (node.op) {
    case Op::all:
      return print_joined(node, " and ");
    case Op::any:
      return print_joined(node, " or ");
    case Op::negation: {
      const FilterNode& child = node.children[0];
      if (child.op == Op::in || child.op == Op::like) return print_listed(child, true);
      const bool joined = child.op == Op::all || child.op == Op::any;
      return joined ? "not (" + print_filter(child) + ")" : "not " + print_filter(child);
    }
    case Op::compare:
      return print_operand(node.operands[0]) + " " + std::string(node.relation->text) + " " +
             print_operand(node.operands[1]);
    case Op::has:
      return "has(" + print_operand(node.operands[0]) + ")";
    case Op::field:
      return print_operand(node.operands[0]);
    case Op::in:
    case Op::like:
      break;
  }
  return print_listed(node, false);
}

}  // namespace dts
