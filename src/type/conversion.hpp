// Which scalar can be read as which without loss, and why not. Any thread.
#pragma once

#include <optional>
#include <string_view>

#include <dts/assignment.hpp>

namespace dts {

// copy, widen, or nothing. `from` and `to` may be composites, which are never each other's.
std::optional<Conversion> scalar_conversion(Kind from, Kind to);

// In a few words, for kinds that do not convert: "would round".
std::string_view why_not(Kind from, Kind to);

}  // namespace dts
