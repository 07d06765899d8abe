// The canonical type document: nodes to bytes and back. Owns the layout of the document; the rules
// for what it may say are in rules.cpp. Any thread.
//
//   ["dts-type", 1, [node, ...]]
//   node           [name, kind, flags, [member, ...]]          flags: 1 = closed
//   struct, union  [id|null, name, type, unit|null, quantity|null, default|null, flags]
//                                                  flags: 1 = key, 2 = must_understand
//   enum           [value, symbol]
//   type           kind | [32, T] | [33, T, length] | [34, K, V] | [35, T] | [40, node index]
#pragma once

#include <span>
#include <vector>

#include <dts/bytes.hpp>
#include <dts/result.hpp>
#include <dts/type.hpp>

namespace dts {

// `nodes` are in canonical order.
Bytes write_document(std::span<const TypeNode> nodes);

// Reads the shape of a document within the limits. What it says must still pass closure_of and
// check_nodes, and encode to the same bytes.
Result<std::vector<TypeNode>> read_document(ByteView document);

}  // namespace dts
