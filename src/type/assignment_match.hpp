// Which member of a publisher's type is which of a subscriber's: by id or name for fields and
// cases, by name for symbols. Whether they can be read is told in assignment.cpp. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <dts/type.hpp>

namespace dts {

// A publisher's member that contradicts one of the subscriber's.
struct MemberConflict {
  std::string name, reason, hint;
};

struct MemberMatches {
  static constexpr std::uint32_t none = 0xffffffff;
  static constexpr std::uint32_t conflicting = 0xfffffffe;
  std::vector<std::uint32_t> to;  // for each publisher's member the subscriber's, or one of these
  std::vector<bool> claimed;      // the subscriber's members that are part of a conflict
  std::vector<MemberConflict> conflicts;
};
MemberMatches match_members(const TypeNode& from, const TypeNode& to);

struct SymbolMatches {
  std::vector<std::pair<std::int32_t, std::int32_t>> common;   // values, sorted by the first
  std::vector<std::pair<const Symbol*, const Symbol*>> moved;  // of those, with another value
  std::vector<const Symbol*> unknown;                          // to the subscriber
  std::vector<std::string> exchanged;  // names that swapped their values, or moved in a ring
};
SymbolMatches match_symbols(const TypeNode& from, const TypeNode& to);
// Symbols are sorted by value.
const Symbol* symbol_of(const TypeNode& node, std::int32_t value);

}  // namespace dts
