// A type out of a sample: from a JSON object, or from k=v pairs. `dts type new`, and `dts pub` when
// nobody publishes the type yet.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dts/result.hpp>
#include <dts/type.hpp>

namespace dts::cli {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Whole numbers become i64, others f64, RFC 3339 text becomes time, objects become structs named
// after their field. null, empty lists and mixed lists are refused: they do not tell a type.
Result<Type> type_from_json(const std::string& name, std::string_view json);
Result<Type> type_from_pairs(const std::string& name, const Pairs& pairs);
// The pairs as a JSON object, as type_from_pairs reads them.
Result<std::string> json_from_pairs(const Pairs& pairs);

// "k=v" arguments; the error names the one that is not.
Result<Pairs> parse_pairs(const std::vector<std::string>& arguments, std::size_t from);

}  // namespace dts::cli
