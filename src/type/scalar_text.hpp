// The parts of scalar text that others share: decimals. to_text and from_text are in dts/value.hpp.
#pragma once

#include <string>
#include <string_view>

#include <dts/result.hpp>
#include <dts/value.hpp>

namespace dts {

// "12.340" for {12340, -3}: all digits kept; "12e40" where writing zeros out would be silly.
std::string decimal_to_text(const Decimal& decimal);
Result<Decimal> decimal_from_text(std::string_view text);

}  // namespace dts
