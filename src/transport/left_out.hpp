// What is said of a transport that was built without its library (decision 0021).
#pragma once

#include <string_view>

#include <dts/result.hpp>

namespace dts::transport {

// `package` is Debian's name of what it needs.
Error left_out(std::string_view scheme, std::string_view package);

}  // namespace dts::transport
