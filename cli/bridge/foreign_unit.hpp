// Units as foreign devices write them ("°C", "kWh", "µg/m³"), as DTS does (UCUM: "Cel", "kW.h",
// "ug/m3"), and what Home Assistant calls that which is measured in them. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace dts::cli {

// The UCUM code; empty: none is known.
std::string unit_from_foreign(std::string_view text);

struct ForeignUnit {
  std::string_view text;          // as Home Assistant writes it; empty: it has no word for it
  std::string_view device_class;  // empty: several, or none
};
ForeignUnit unit_to_foreign(std::string_view code);

}  // namespace dts::cli
