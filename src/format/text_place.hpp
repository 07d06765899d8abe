// Text place: where in a message of text something stands, as errors say it. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace dts::format {

// Of what stands behind `read`: "at line 3, column 7". Columns are counted in bytes.
std::string place_behind(std::string_view read);

}  // namespace dts::format
