// The words for nodes, in errors.
#include <format/pickle_tree.hpp>

#include <charconv>

#include <base/text.hpp>

namespace dts::format::pickle {

namespace {

std::string cut(std::string_view text) {
  if (text.size() > 60) return base::printable(text.substr(0, 60)) + "...";
  return base::printable(text);
}

// As Python shows it: 1.0, 5e-324.
std::string float_text(double value) {
  char text[32];
  std::string shown(text, std::to_chars(text, text + sizeof text, value).ptr);
  const bool looks_whole = shown.find_first_not_of("-0123456789") == std::string::npos;
  return looks_whole ? shown + ".0" : shown;
}

}  // namespace

std::string Tree::label_name(Index label) const {
  const Node::Links parts = nodes[label].links;
  return cut(nodes[parts.first].text()) + "." + cut(nodes[parts.last].text());
}

std::string Tree::describe(Index index) const {
  const Node& node = nodes[index];
  std::string what;
  switch (node.kind) {
    case NodeKind::none:
      what = "None";
      break;
    case NodeKind::boolean:
      what = node.flag ? "True" : "False";
      break;
    case NodeKind::integer:
      // -1 - bits, and the bits may be all ones.
      what = !node.flag           ? "the number " + std::to_string(node.bits)
             : node.bits + 1 == 0 ? "the number -18446744073709551616"
                                  : "the number -" + std::to_string(node.bits + 1);
      break;
    case NodeKind::big:
      what = "a number of " + std::to_string(node.size * 8) + " bits";
      break;
    case NodeKind::real:
      what = "the float " + float_text(node.real);
      break;
    case NodeKind::text:
      what = "the text \"" + cut(node.text()) + "\"";
      break;
    case NodeKind::bytes:
      what = "bytes";
      break;
    case NodeKind::list:
      what = "a list";
      break;
    case NodeKind::tuple:
      what = "a tuple";
      break;
    case NodeKind::set:
      what = "a set";
      break;
    case NodeKind::dict:
      what = "a dict";
      break;
    case NodeKind::label:
      what = "the class " + label_name(index);
      break;
    case NodeKind::object:
      what = "an object of " + label_name(node.links.first);
      break;
    case NodeKind::member:
      what = "a member of " + label_name(node.links.first);
      break;
    case NodeKind::time:
      what = "a datetime";
      break;
    case NodeKind::duration:
      what = "a timedelta";
      break;
    case NodeKind::zone:
      what = "a timezone";
      break;
    case NodeKind::decimal:
      what = "the Decimal " + cut(node.text());
      break;
    case NodeKind::uuid:
      what = "a UUID";
      break;
  }
  return what + " at byte " + std::to_string(node.at);
}

}  // namespace dts::format::pickle
