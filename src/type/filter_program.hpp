// The compiled form of a filter: what filter_compile.cpp makes and filter.cpp runs. Immutable once
// made; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <dts/filter.hpp>
#include <dts/value.hpp>
#include <type/field_path.hpp>
#include <type/filter_tree.hpp>

namespace dts {

// A number of any kind, exactly: integers are not rounded to compare them with others.
struct FilterNumber {
  enum class Kind : std::uint8_t { whole, natural, real, decimal };  // i64, u64, f64, Decimal
  Kind kind = Kind::whole;
  std::int64_t whole = 0;
  std::uint64_t natural = 0;
  double real = 0;
  Decimal decimal;

  static FilterNumber of(std::int64_t value) { return {Kind::whole, value, 0, 0, {}}; }
  static FilterNumber of(std::uint64_t value) { return {Kind::natural, 0, value, 0, {}}; }
  static FilterNumber of(double value) { return {Kind::real, 0, 0, value, {}}; }
  static FilterNumber of(Decimal value) { return {Kind::decimal, 0, 0, 0, value}; }
};

// Of a number, bool, time, duration or enumeration.
FilterNumber load_number(const Layout& layout, const void* value);
Ordering compare(const FilterNumber& a, const FilterNumber& b);
// As a double, rounded; for dead bands.
double to_double(const FilterNumber& number);

struct Filter::Program {
  struct Code {
    enum class Op : std::uint8_t {
      all,       // `parts`
      any,       // `parts`
      negation,  // parts[0]
      number,    // field against `right`, or one of `numbers` (number_in)
      number_in,
      now,   // field against the time now + numbers[0]
      text,  // field against `right`, or one of `texts`; bytes too
      text_in,
      like,  // field against the pattern texts[0]
      has,
      truth,  // a bool
    };
    Op op = Op::all;
    std::uint8_t holds = ordering_equal;
    std::vector<std::uint32_t> parts;  // indexes into `codes`
    FieldPath field;
    std::optional<FieldPath> right;
    double scale = 1, offset = 0;  // of `right`, into the unit of `field`
    bool scaled = false;
    std::vector<FilterNumber> numbers;
    std::vector<std::string> texts;
  };
  std::vector<Code> codes;
  std::uint32_t root = 0;
  std::string printed;
  bool uses_now = false;

  bool run(const Code& code, const void* value, Time now) const;
};

}  // namespace dts
