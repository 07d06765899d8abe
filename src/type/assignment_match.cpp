#include <type/assignment_match.hpp>

#include <algorithm>
#include <string_view>

namespace dts {

namespace {

bool has_alias(const Field& field, const std::string& name) {
  return std::find(field.aliases.begin(), field.aliases.end(), name) != field.aliases.end();
}

bool same_name(const Field& a, const Field& b) {
  return a.name == b.name || has_alias(a, b.name) || has_alias(b, a.name);
}

// What something is called, and where it is; sorted once, then searched.
class Index {
 public:
  void add(std::string_view name, std::uint32_t at) { rows_.emplace_back(name, at); }
  void sort() { std::stable_sort(rows_.begin(), rows_.end(), is_less); }
  std::uint32_t find(std::string_view name) const {
    const auto found = std::lower_bound(rows_.begin(), rows_.end(), std::pair(name, 0u), is_less);
    return found != rows_.end() && found->first == name ? found->second : MemberMatches::none;
  }

 private:
  using Row = std::pair<std::string_view, std::uint32_t>;
  static bool is_less(const Row& a, const Row& b) { return a.first < b.first; }
  std::vector<Row> rows_;
};

Index names_of(const std::vector<Field>& fields) {
  Index index;
  for (std::uint32_t i = 0; i < fields.size(); ++i) index.add(fields[i].name, i);
  index.sort();
  return index;
}

void by_id_conflict(const Field& theirs, const Field& mine, MemberMatches& matches) {
  const std::string id = "@" + std::to_string(*theirs.id);
  if (theirs.id == mine.id) {
    matches.conflicts.push_back(
        {theirs.name, "id " + id + " is " + theirs.name + " there and " + mine.name + " here",
         "if it was renamed, declare the old name as an alias"});
  } else {
    matches.conflicts.push_back(
        {theirs.name, "its id is " + id + " there and @" + std::to_string(*mine.id) + " here",
         "give it the id it had"});
  }
}

// The id decides, and the name must agree: an id used again, or names swapped under the same ids,
// would be read as something else without a sign. Fields are sorted by id.
MemberMatches match_by_id(const TypeNode& from, const TypeNode& to) {
  MemberMatches matches;
  matches.claimed.resize(to.fields.size());
  const Index names = names_of(to.fields);
  std::uint32_t s = 0;
  for (const Field& field : from.fields) {
    while (s < to.fields.size() && *to.fields[s].id < *field.id) ++s;
    const bool same_id = s < to.fields.size() && to.fields[s].id == field.id;
    if (same_id && same_name(field, to.fields[s])) {
      matches.to.push_back(s);
      continue;
    }
    const std::uint32_t other = same_id ? s : names.find(field.name);
    matches.to.push_back(other == MemberMatches::none ? MemberMatches::none
                                                      : MemberMatches::conflicting);
    if (other == MemberMatches::none) continue;
    matches.claimed[other] = true;
    by_id_conflict(field, to.fields[other], matches);
  }
  return matches;
}

MemberMatches match_by_name(const TypeNode& from, const TypeNode& to) {
  MemberMatches matches;
  matches.claimed.resize(to.fields.size());
  const std::size_t count = std::min(from.fields.size(), to.fields.size());
  std::size_t same = 0;  // usually most are in the same places
  while (same < count && from.fields[same].name == to.fields[same].name) ++same;
  for (std::uint32_t i = 0; i < same; ++i) matches.to.push_back(i);
  if (same == from.fields.size()) return matches;
  const Index mine = names_of(to.fields), theirs = names_of(from.fields);
  Index aliases;
  for (std::uint32_t s = 0; s < to.fields.size(); ++s) {
    // The name itself goes before its aliases.
    if (theirs.find(to.fields[s].name) != MemberMatches::none) continue;
    for (const std::string& alias : to.fields[s].aliases) aliases.add(alias, s);
  }
  aliases.sort();
  std::vector<bool> taken(to.fields.size());
  for (std::size_t p = same; p < from.fields.size(); ++p) {
    std::uint32_t found = mine.find(from.fields[p].name);
    if (found == MemberMatches::none) {
      found = aliases.find(from.fields[p].name);
      if (found != MemberMatches::none && taken[found]) found = MemberMatches::none;
      if (found != MemberMatches::none) taken[found] = true;
    }
    matches.to.push_back(found);
  }
  return matches;
}

// Symbols that swapped their values (or moved round in a ring): somebody renumbered by mistake.
void find_exchanged(const TypeNode& from, SymbolMatches& matches) {
  const auto& moved = matches.common;
  const auto next = [&](std::int32_t value) {
    const auto found =
        std::lower_bound(moved.begin(), moved.end(), value,
                         [](const auto& row, std::int32_t v) { return row.first < v; });
    return found != moved.end() && found->first == value
               ? static_cast<std::size_t>(found - moved.begin())
               : moved.size();
  };
  std::vector<bool> seen(moved.size());
  for (std::size_t start = 0; start < moved.size(); ++start) {
    std::vector<std::int32_t> chain;
    std::size_t at = start;
    while (at < moved.size() && !seen[at]) {
      seen[at] = true;
      chain.push_back(moved[at].first);
      at = next(moved[at].second);
    }
    // Values and symbols are unique on both sides: what comes back comes back to the start.
    if (at != start || chain.size() < 2) continue;
    std::sort(chain.begin(), chain.end());
    std::string names;
    for (const Symbol& symbol : from.symbols) {
      if (std::binary_search(chain.begin(), chain.end(), symbol.value))
        names += (names.empty() ? "" : ", ") + symbol.name;
    }
    matches.exchanged.push_back(std::move(names));
  }
}

}  // namespace

MemberMatches match_members(const TypeNode& from, const TypeNode& to) {
  const auto has_ids = [](const TypeNode& node) {
    return !node.fields.empty() && node.fields[0].id.has_value();
  };
  return has_ids(from) && has_ids(to) ? match_by_id(from, to) : match_by_name(from, to);
}

const Symbol* symbol_of(const TypeNode& node, std::int32_t value) {
  const auto found =
      std::lower_bound(node.symbols.begin(), node.symbols.end(), value,
                       [](const Symbol& symbol, std::int32_t v) { return symbol.value < v; });
  return found != node.symbols.end() && found->value == value ? &*found : nullptr;
}

SymbolMatches match_symbols(const TypeNode& from, const TypeNode& to) {
  SymbolMatches matches;
  Index names;
  for (std::uint32_t i = 0; i < to.symbols.size(); ++i) names.add(to.symbols[i].name, i);
  names.sort();
  for (const Symbol& symbol : from.symbols) {
    const std::uint32_t mine = names.find(symbol.name);
    if (mine == MemberMatches::none) {
      matches.unknown.push_back(&symbol);
      continue;
    }
    matches.common.emplace_back(symbol.value, to.symbols[mine].value);
    if (symbol.value != to.symbols[mine].value)
      matches.moved.emplace_back(&symbol, &to.symbols[mine]);
  }
  find_exchanged(from, matches);
  return matches;
}

}  // namespace dts
