#include <type/closure.hpp>

#include <algorithm>
#include <string>

#include <base/text.hpp>

namespace dts {

namespace {

constexpr std::uint32_t kUnseen = 0xffffffff;

Error bad(std::string what, std::string where) {
  return Error(ErrorCode::invalid_type, std::move(what), std::move(where));
}

Error too_large(std::string what) {
  return Error(ErrorCode::document_too_large, std::move(what), {}, {},
               "split the type into several");
}

std::size_t argument_count(Kind kind) {
  switch (kind) {
    case Kind::list:
    case Kind::array:
    case Kind::optional:
      return 1;
    case Kind::map:
      return 2;
    default:
      return 0;
  }
}

// Is the TypeRef well formed, and which nodes does it name?
Result<void> visit(const TypeRef& type, std::size_t node_count, std::size_t depth,
                   const std::string& where, std::vector<std::uint32_t>& todo) {
  if (depth > TypeLimits::depth_max) return bad("the type nests too deep", where);
  if (type.arguments.size() != argument_count(type.kind)) {
    return bad("a list, array or optional has one element type, a map a key and a value type",
               where);
  }
  if (type.kind == Kind::reference) {
    if (type.node >= node_count) return bad("a reference to a type that is not there", where);
    todo.push_back(type.node);
  }
  for (const TypeRef& argument : type.arguments) {
    DTS_TRY(visit(argument, node_count, depth + 1, where, todo));
  }
  return {};
}

// Parts that do not belong to the kind are cleared, so that equal types compare equal.
void renumber(TypeRef& type, const std::vector<std::uint32_t>& index_of) {
  type.node = type.kind == Kind::reference ? index_of[type.node] : 0;
  if (type.kind != Kind::array) type.length = 0;
  for (TypeRef& argument : type.arguments) renumber(argument, index_of);
}

// The indexes of all nodes reached from the root, the root first, the rest by name.
Result<std::vector<std::uint32_t>> reach(std::span<const TypeNode> nodes, std::uint32_t root) {
  std::vector<bool> seen(nodes.size());
  std::vector<std::uint32_t> order, todo{root};
  std::size_t members = 0;
  while (!todo.empty()) {
    const std::uint32_t index = todo.back();
    todo.pop_back();
    if (seen[index]) continue;
    seen[index] = true;
    order.push_back(index);
    const TypeNode& node = nodes[index];
    members += node.fields.size() + node.symbols.size();
    if (order.size() > TypeLimits::nodes_max) {
      return too_large("more than " + std::to_string(TypeLimits::nodes_max) + " named types");
    }
    if (members > TypeLimits::members_max) {
      return too_large("more than " + std::to_string(TypeLimits::members_max) + " members");
    }
    for (const Field& field : node.fields) {
      DTS_TRY(visit(field.type, nodes.size(), 1,
                    base::printable(node.name) + "." + base::printable(field.name), todo));
    }
  }
  std::sort(order.begin() + 1, order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return nodes[a].name < nodes[b].name; });
  return order;
}

}  // namespace

void sort_members(TypeNode& node) {
  std::stable_sort(node.symbols.begin(), node.symbols.end(),
                   [](const Symbol& a, const Symbol& b) { return a.value < b.value; });
  // Fields without ids stay in the order declared. (Some with and some without is refused later.)
  if (std::all_of(node.fields.begin(), node.fields.end(), [](const Field& f) { return f.id; })) {
    std::stable_sort(node.fields.begin(), node.fields.end(),
                     [](const Field& a, const Field& b) { return *a.id < *b.id; });
  }
}

Result<std::vector<TypeNode>> closure_of(std::span<const TypeNode> nodes, std::uint32_t root) {
  if (root >= nodes.size()) return bad("a type needs a root", {});
  DTS_ASSIGN(const std::vector<std::uint32_t> order, reach(nodes, root));
  std::vector<std::uint32_t> index_of(nodes.size(), kUnseen);
  std::vector<TypeNode> result;
  result.reserve(order.size());
  for (const std::uint32_t index : order) {
    index_of[index] = static_cast<std::uint32_t>(result.size());
    result.push_back(nodes[index]);
  }
  for (std::size_t i = 0; i < result.size(); ++i) {
    const bool again = (i > 1 && result[i].name == result[i - 1].name) ||
                       (i > 0 && result[i].name == result[0].name);
    if (again) return bad("the type is defined twice", base::printable(result[i].name));
  }
  for (TypeNode& node : result) {
    sort_members(node);
    for (Field& field : node.fields) renumber(field.type, index_of);
  }
  return result;
}

}  // namespace dts
