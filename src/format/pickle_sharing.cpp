// What a pickle says once and means often: the memo lets a few bytes stand for any number of
// values, or for a list within itself.
#include <format/pickle_machine.hpp>

namespace dts::format::pickle {

namespace {

// Of each node: unknown, being counted (met again: it holds itself), or how many nodes it stands
// for when everything in it is counted as often as it is meant.
constexpr std::uint64_t unknown = 0, open = ~std::uint64_t{0};

struct Visit {
  Index node;
  std::size_t cell;
  std::uint64_t left;
  std::uint64_t count;
};

// A node's children are the items of its cells; an object's is its dict.
std::uint64_t children(const Node& node) {
  if (node.kind == NodeKind::object) return node.links.last == no_node ? 0 : 1;
  return node.holds_nodes() ? node.size : 0;
}

}  // namespace

bool Machine::check_sharing() {
  std::vector<std::uint64_t> counts(tree_.nodes.size(), unknown);
  std::vector<Visit> open_visits;
  const auto enter = [&](Index index) {
    const Node& node = tree_[index];
    counts[index] = open;
    open_visits.push_back({index, node.links.first, children(node), 1});
  };
  counts[tree_.root] = 1;
  if (tree_[tree_.root].holds_nodes()) enter(tree_.root);
  while (!open_visits.empty()) {
    Visit& visit = open_visits.back();
    ++work_;
    if (visit.left == 0) {
      const Visit done = visit;
      open_visits.pop_back();
      counts[done.node] = done.count;
      if (done.count > bytes_max_) {
        return failure_.set(
            ErrorCode::limit_reached, tree_.describe(done.node) + " stands for too many values",
            "the pickle refers to the same ones again and again: " + std::to_string(bytes_max_) +
                " are allowed",
            "copy.deepcopy(value) shows how large it is");
      }
      if (!open_visits.empty()) open_visits.back().count += done.count;
      continue;
    }
    --visit.left;
    const Node& node = tree_[visit.node];
    const Index child = node.kind == NodeKind::object ? node.links.last : tree_.item(visit.cell);
    if (counts[child] == open) {
      return failure_.set(ErrorCode::decode, tree_.describe(child) + " holds itself",
                          "a value is a tree");
    }
    if (counts[child] == unknown && tree_[child].holds_nodes()) {
      enter(child);
    } else {
      visit.count += counts[child] == unknown ? 1 : counts[child];
    }
  }
  return true;
}

}  // namespace dts::format::pickle
