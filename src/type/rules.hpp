// What a type may look like: names, ids, units, map keys, sizes, defaults. Applied to every type,
// whether declared, written by a person or received from the network. Any thread.
#pragma once

#include <span>
#include <string_view>

#include <dts/result.hpp>
#include <dts/type.hpp>

namespace dts {

// Field ids are also Protocol Buffers field numbers.
constexpr std::uint32_t field_id_max = 536'870'911;
constexpr std::uint32_t array_length_max = 1u << 20;
// Scalars lying directly in one value of a type, through arrays and nested structs.
constexpr std::uint64_t inline_scalars_max = 1u << 20;
constexpr std::size_t unit_bytes_max = 64;
constexpr std::size_t quantity_bytes_max = 64;

// `nodes` come from closure_of.
Result<void> check_nodes(std::span<const TypeNode> nodes);

bool is_unit(std::string_view text);
bool is_quantity(std::string_view text);
// Is this a word of the notation, and hence no name for a type?
bool is_reserved(std::string_view word);

}  // namespace dts
