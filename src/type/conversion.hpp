// Which scalar can be read as which without loss, and why not. Any thread.
#pragma once

#include <optional>
#include <string_view>

#include <dts/assignment.hpp>

namespace dts {

// copy, widen, or nothing. `from` and `to` may be composites, which are never each other's.
std::optional<Conversion> scalar_conversion(Kind from, Kind to);

// A number that may fit or not, value by value: integers into smaller ones or into floats that hold
// not all of them, f64 into f32. Never a float into an integer.
bool can_narrow(Kind from, Kind to);

// Does every value of the integer kind `from`, times `factor`, fit the integer kind `to`?
bool always_fits(Kind from, std::int64_t factor, Kind to);

// In a few words, for kinds that do not convert: "would round".
std::string_view why_not(Kind from, Kind to);

}  // namespace dts
