// The head of a message of HTTP/1.1: its lines, up to and with the empty one. Views into what is
// given. Thread-safe: no state.
#pragma once

#include <cstddef>
#include <string_view>

namespace dts::transport {

inline constexpr std::size_t kHttpHeadBytesMax = 8192;  // of a request or its answer

// Up to the end of its first line.
std::string_view first_line(std::string_view head);
// The value of the first header of this name (in small letters), without the blanks around it; ""
// when there is none.
std::string_view header(std::string_view head, std::string_view name);

}  // namespace dts::transport
