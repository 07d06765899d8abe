// The record that every format and every peer encodes and decodes: ten fields, about 150 bytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <dts/declare.hpp>
#include <dts/format.hpp>

struct BenchInner {
  std::int32_t x;
  double y;
  static constexpr auto dts = dts::type("bench.Inner");
};
enum class BenchColor : std::int32_t { red, green, blue };
template <>
inline constexpr auto dts::describe<BenchColor> = dts::type("bench.Color");
struct BenchRecord {
  std::uint64_t id;
  double temperature;
  std::string station;
  std::vector<double> readings;
  std::optional<BenchInner> inner;
  BenchColor color;
  std::uint64_t at;
  bool flag;
  std::int32_t count;
  float ratio;
  static constexpr auto dts = dts::type("bench.Record");
};

inline BenchRecord record() {
  return {1152921504606846976u,
          21.4375,
          "KSEA-station",
          {1.125, 2.7182818284, 3.14159265, 4.5, 5.75, -6.0625, 7.1, 8.2},
          BenchInner{-42, 0.3333333333},
          BenchColor::green,
          1789000000123456789u,
          true,
          77,
          0.25f};
}

namespace bench {

inline const dts::Layout& layout() { return dts::layout_of<BenchRecord>(); }
inline const dts::Format& format(const char* name) {
  return *dts::find_format(dts::built_in_formats(), name);
}

}  // namespace bench
