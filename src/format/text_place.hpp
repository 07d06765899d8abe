// Text place: where in a message of text something stands, as errors say it. Any thread.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace dts::format {

// Of what stands behind `read`: "at line 3, column 7". Columns are counted in bytes.
inline std::string place_behind(std::string_view read) {
  const auto lines = std::count(read.begin(), read.end(), '\n');
  const std::size_t line_start = read.rfind('\n') + 1;  // 0 in the first line
  return "at line " + std::to_string(lines + 1) + ", column " +
         std::to_string(read.size() - line_start + 1);
}

}  // namespace dts::format
