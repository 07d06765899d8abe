// The change of unit of one number, on the way from a message into memory. Any thread.
#pragma once

#include <cmath>

#include <dts/assignment.hpp>

namespace dts {

// The exact result rounded once, up to the last places of 106 bits.
inline double in_unit(const UnitChange& unit, double x) {
  if (!std::isfinite(x)) return x * unit.scale;
  double low = 0;
  if (unit.offset_first) {
    const double sum = x + unit.offset;
    const double part = sum - x;
    low = (x - (sum - part)) + (unit.offset - part) + unit.offset_low;
    x = sum;
  }
  if (low == 0 && (unit.offset == 0 || unit.offset_first))
    return std::fma(x, unit.scale, x * unit.scale_low);
  const double product = x * unit.scale;
  if (!std::isfinite(product)) return product;
  low = std::fma(x, unit.scale, -product) + (x * unit.scale_low + low * unit.scale);
  if (unit.offset_first) return product + low;
  const double sum = product + unit.offset;
  const double part = sum - product;
  return sum + ((product - (sum - part)) + (unit.offset - part) + (low + unit.offset_low));
}

}  // namespace dts
