// Units behind the numbers of filters and dead bands: into the unit of the field they are compared
// with. Any thread.
#pragma once

#include <string>
#include <string_view>

#include <dts/layout.hpp>
#include <dts/result.hpp>
#include <dts/type.hpp>

namespace dts {

struct FilterScale {
  // In the field's unit: number * scale + offset, rounded once behind that.
  long double scale = 1, offset = 0;
  bool converts() const { return scale != 1 || offset != 0; }
};

// `difference`: the number is a distance between two values (a dead band), so that 1 [degF] is
// 5/9 Cel. The error's where() is empty.
Result<FilterScale> filter_scale(std::string_view unit, const Field* field, bool difference);
// "celsius (f64 [Cel])", "the value"
std::string field_shown(std::string_view path, const Layout& layout, const Field* field);

}  // namespace dts
