// Units of measure: a subset of UCUM (docs/reference/types.md, "Units"), and how a number measured
// in one becomes a number measured in another. The atoms are in unit_atoms.cpp. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <dts/assignment.hpp>
#include <dts/result.hpp>
#include <type/rational.hpp>

namespace dts {

// What is measured, as exponents. Amounts, information, decays and equivalent doses are kept apart
// from plain numbers, hertz and grays: they are not each other's, whatever SI says.
enum class Dimension : std::uint8_t {
  length,
  time,
  mass,
  angle,
  temperature,
  charge,
  luminosity,
  amount,
  information,
  decay,
  dose,
};
inline constexpr std::size_t dimension_count = 11;
using Dimensions = std::array<std::int8_t, dimension_count>;

struct Unit {
  Rational factor = Rational::whole(1);  // in m, s, g, rad, K, C, cd, mol, bit
  Rational offset;                       // kelvins at zero: of a temperature scale standing alone
  Dimensions dimensions{};
  bool scale = false;   // a temperature scale, standing alone: it has an offset
  bool alone = false;   // one atom (with its prefix) and nothing else
  bool closed = false;  // logarithmic, arbitrary or annotated: never converted
  bool moment = false;  // force times length, written so: a torque or an energy
};

// "kg.m/s2", "[degF]", "%"; at most 64 bytes. The error shows the place with a caret, and what may
// have been meant.
Result<Unit> parse_unit(std::string_view text);

// Whether numbers measured in `from` can become numbers measured in `to`.
struct UnitRelation {
  std::string problem;               // why not, in a few words; empty: they can
  std::string hint;                  // what to try
  std::optional<UnitChange> change;  // none: they are the same
};
// `difference`: both are tagged as such, so that no offset applies; `same_tag`: both carry the same
// quantity tag.
UnitRelation relate_units(std::string_view from, std::string_view to, bool difference,
                          bool same_tag);

// ---- the table of atoms

struct UnitAtom {
  std::string_view code;
  bool metric = false;  // takes prefixes
  enum class Sort : std::uint8_t { ratio, scale, closed } sort = Sort::ratio;
  std::string_view magnitude;    // "0.3048"
  std::string_view unit;         // in earlier atoms; empty: a plain number
  std::string_view offset = {};  // scale: kelvins at zero
  std::string_view name = {};    // in English, for documentation and tests
};
std::span<const UnitAtom> unit_atoms();

struct UnitPrefix {
  std::string_view code;
  std::string_view magnitude;
};
std::span<const UnitPrefix> unit_prefixes();

}  // namespace dts
