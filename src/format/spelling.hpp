// Spelling: decimals, durations and bytes as text, the same in every format that writes them as
// text (docs/reference/formats/json.md). Times are in dts/time.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <dts/bytes.hpp>
#include <dts/value.hpp>

namespace dts::format {

// Writes what it appends at `to` and returns the end. The room each needs is at most:
constexpr std::size_t decimal_bytes_max = 32;
constexpr std::size_t duration_bytes_max = 32;
char* write_decimal(char* to, const Decimal& decimal);     // 12.50, -0.003, 5e3
char* write_duration(char* to, std::int64_t nanoseconds);  // 1.5s, -0.000000001s
// The reverse; false when the text is not one. Durations may also be 1h30m, 500ms.
bool read_real(std::string_view text, double& number);  // to the nearest; JSON's numbers and more
bool read_decimal(std::string_view text, Decimal& decimal);
bool read_duration(std::string_view text, std::int64_t& nanoseconds);

}  // namespace dts::format
