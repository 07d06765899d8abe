// The canonical order of a type's nodes: the root, then every named type it reaches, sorted by
// name; members by id. Owns order and references; rules.cpp owns what is allowed. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <dts/result.hpp>
#include <dts/type.hpp>

namespace dts {

// Copies what nodes[root] reaches, in canonical order with references renumbered. Checks only what
// it must to stay within bounds: shapes and depth of TypeRefs, indexes, counts, duplicate names.
Result<std::vector<TypeNode>> closure_of(std::span<const TypeNode> nodes, std::uint32_t root);

// Brings the members of a node into canonical order: fields by id if all have one, symbols by
// value.
void sort_members(TypeNode& node);

}  // namespace dts
