// Types and assignments as text and JSON, for the children of `dts type`.
#include <base/text.hpp>
#include <cli/json_object.hpp>
#include <cli/type_command.hpp>

namespace dts::cli {

namespace {

std::string field_json(const Type& type, const Field& field) {
  JsonObject object;
  object.text("name", field.name).text("type", type.print(field.type));
  if (field.id) object.count("id", *field.id);
  if (!field.unit.empty()) object.text("unit", field.unit);
  if (!field.quantity.empty()) object.text("quantity", field.quantity);
  if (field.default_value) object.boolean("has_default", true);
  if (field.key) object.boolean("key", true);
  if (field.must_understand) object.boolean("must_understand", true);
  if (!field.doc.empty()) object.text("doc", field.doc);
  return object.str();
}

std::string node_json(const Type& type, const TypeNode& node) {
  JsonObject object;
  object.text("name", node.name).text("kind", kind_name(node.kind));
  if (!node.doc.empty()) object.text("doc", node.doc);
  std::vector<std::string> members;
  if (node.kind == Kind::enumeration) {
    for (const Symbol& symbol : node.symbols) {
      members.push_back(
          JsonObject().text("name", symbol.name).integer("value", symbol.value).str());
    }
    return object.raw("symbols", json_array(members)).boolean("closed", node.closed).str();
  }
  for (const Field& field : node.fields) members.push_back(field_json(type, field));
  return object.raw(node.kind == Kind::union_ ? "cases" : "fields", json_array(members)).str();
}

}  // namespace

std::string printable_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out += base::printable(text.substr(0, end));
    if (end == std::string_view::npos) break;
    out += '\n';
    text.remove_prefix(end + 1);
  }
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

std::string assignment_json(const Assignment& assignment) {
  std::vector<std::string> refusals;
  for (const Refusal& refusal : assignment.refusals()) {
    refusals.push_back(JsonObject()
                           .text("path", refusal.path)
                           .text("reason", refusal.reason)
                           .text("hint", refusal.hint)
                           .str());
  }
  return JsonObject()
      .text("outcome", outcome_name(assignment.outcome()))
      .raw("refusals", json_array(refusals))
      .texts("differences", assignment.differences())
      .str();
}

std::string type_json(const Type& type) {
  std::vector<std::string> nodes;
  for (const TypeNode& node : type.nodes()) nodes.push_back(node_json(type, node));
  return JsonObject()
      .text("type", type.name())
      .text("id", type.id().hex())
      .text("family", type.family().hex())
      .text("notation", type.print(Type::Style::one_line))
      .raw("nodes", json_array(nodes))
      .str();
}

}  // namespace dts::cli
