// Default values in their canonical encoding (docs/reference/types.md, "Defaults"): checking one
// against a field's type, and turning it from and into the text of the notation. Owns what the
// bytes mean; canonical.hpp owns how they are written. Any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <dts/bytes.hpp>
#include <dts/result.hpp>
#include <dts/type.hpp>

namespace dts {

// Is `encoded` exactly one canonically encoded value of `type`? References of `type` are indexes
// into `nodes`, whose members are in canonical order.
Result<void> check_default(ByteView encoded, const TypeRef& type, std::span<const TypeNode> nodes);

// From the notation: 18.4, "text", heating, 500ms, 0x00ff, [1, 2], none, {x: 1, y: 2}, case(3).
// On an error `*error_at` (if given) is the offset in `text` where it was found.
Result<Bytes> default_from_text(std::string_view text, const TypeRef& type,
                                std::span<const TypeNode> nodes, std::size_t* error_at = nullptr);

// The text that default_from_text reads back as the same bytes. `encoded` has been checked.
std::string default_to_text(ByteView encoded, const TypeRef& type, std::span<const TypeNode> nodes);

}  // namespace dts
