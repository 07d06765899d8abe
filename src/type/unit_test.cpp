#include <type/unit.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include <base/random.hpp>
#include <type/unit_change.hpp>

namespace dts {
namespace {

using testing::HasSubstr;

UnitRelation relate(const char* from, const char* to) {
  return relate_units(from, to, false, false);
}

double convert(const char* from, const char* to, double x) {
  const UnitRelation relation = relate(from, to);
  EXPECT_EQ(relation.problem, "") << from << " to " << to;
  return relation.change ? in_unit(*relation.change, x) : x;
}

std::string formula(const char* from, const char* to) {
  const UnitRelation relation = relate(from, to);
  if (!relation.problem.empty()) return relation.problem;
  return relation.change ? relation.change->text : "x";
}

std::string problem(std::string_view text) {
  const auto unit = parse_unit(text);
  return unit ? ""
              : std::string(unit.error().what()) + " (" + std::string(unit.error().hint()) + ")";
}

TEST(Rational, keeps_fractions_exact) {
  const auto third = *Rational::parse("1/3");
  EXPECT_EQ(*add(third, *add(third, third)), Rational::whole(1));
  EXPECT_EQ(*multiply(*Rational::parse("0.3048"), *Rational::parse("1e4")), Rational::whole(3048));
  EXPECT_EQ(Rational::parse("0.3048")->text(), "0.3048");
  EXPECT_EQ(Rational::parse("-5/9")->text(), "-5/9");
  EXPECT_EQ(divide(Rational::pi(), Rational::whole(180))->text(), "pi/180");
  EXPECT_EQ(divide(Rational::whole(180), Rational::pi())->text(), "180/pi");
  EXPECT_EQ(Rational::whole(INT64_MIN).to_doubles().high, -0x1p63);
  EXPECT_EQ(Rational::whole(-7).integer(), -7);
  EXPECT_EQ(Rational::parse("7/2")->integer(), std::nullopt);
}

TEST(Rational, says_when_it_cannot_hold_a_number) {
  EXPECT_EQ(Rational::parse("1.2.3"), std::nullopt);
  EXPECT_EQ(Rational::parse("1e400"), std::nullopt);
  EXPECT_EQ(Rational::parse(""), std::nullopt);
  EXPECT_EQ(Rational::parse("1/0"), std::nullopt);
  const Rational large = Rational::whole(INT64_MAX);
  EXPECT_EQ(power(large, 3), std::nullopt);
  EXPECT_EQ(add(Rational::pi(), Rational::whole(1)), std::nullopt);
}

TEST(Unit, table_of_atoms_resolves_and_names_each_once) {
  std::set<std::string_view> codes;
  for (const UnitAtom& atom : unit_atoms()) {
    EXPECT_TRUE(codes.insert(atom.code).second) << atom.code;
    const auto unit = parse_unit(atom.code);
    ASSERT_TRUE(unit.ok()) << unit.error().text();
    EXPECT_EQ(unit->closed, atom.sort == UnitAtom::Sort::closed) << atom.code;
    EXPECT_TRUE(std::isnormal(unit->factor.to_doubles().high)) << atom.code;
  }
  EXPECT_GE(codes.size(), 150u);
}

TEST(Unit, reads_the_grammar_of_ucum) {
  for (const char* text :
       {"m/s2", "m.s-2", "kg.m/s2", "/min", "10*3/uL", "10^-6", "(kg.m)/(s2)", "m2/(V.s)", "mm[Hg]",
        "W.h", "cal_[15]", "[in_i'Hg]", "m+2", "1", "2.m", "((m))", "B[SPL]", "10*"}) {
    EXPECT_EQ(problem(text), "") << text;
  }
}

TEST(Unit, refuses_what_is_no_unit_with_a_caret_and_a_suggestion) {
  EXPECT_EQ(problem("degC"), "\"degC\" is no unit known here (Cel)");
  EXPECT_EQ(problem("psi"), "\"psi\" is no unit known here ([psi])");
  EXPECT_EQ(problem("kpa"), "\"kpa\" is no unit known here (kPa)");
  EXPECT_EQ(problem("foz_us"), "\"foz_us\" is no unit known here ([foz_us])");
  EXPECT_THAT(problem(""), HasSubstr("empty"));
  EXPECT_THAT(problem("m/"), HasSubstr("a unit is expected"));
  EXPECT_THAT(problem("m s"), HasSubstr("no unit"));
  EXPECT_THAT(problem("(m"), HasSubstr("\")\" is missing"));
  EXPECT_THAT(problem("m)"), HasSubstr("without"));
  EXPECT_THAT(problem("m{x"), HasSubstr("\"}\" is missing"));
  EXPECT_THAT(problem("[in_i"), HasSubstr("\"]\" is missing"));
  EXPECT_THAT(problem("m-"), HasSubstr("whole number"));
  EXPECT_THAT(problem("m99"), HasSubstr("exponent"));
  EXPECT_THAT(problem("m99999999999999999999"), HasSubstr("exponent"));
  EXPECT_THAT(problem("99999999999999999999"), HasSubstr("number"));
  EXPECT_THAT(problem("kmin"), HasSubstr("no unit"));  // min takes no prefix
  EXPECT_THAT(problem("Kim"), HasSubstr("no unit"));   // binary prefixes are for bits
  EXPECT_THAT(problem(std::string(100, '(')), HasSubstr("64 bytes"));
  EXPECT_THAT(problem("Ym16.Ym16"), HasSubstr("too large"));
  const auto error = parse_unit("m/fortnight").error();
  EXPECT_THAT(std::string(error.why()), HasSubstr("1 | m/fortnight\n    |   ^^^^^^^^^"));
}

TEST(Unit, composes_one_step_from_exact_fractions) {
  EXPECT_EQ(formula("[degF]", "Cel"), "(x - 32)*5/9");
  EXPECT_EQ(formula("Cel", "[degF]"), "x*1.8 + 32");
  EXPECT_EQ(formula("Cel", "K"), "x + 273.15");
  EXPECT_EQ(formula("bar", "kPa"), "x*100");
  EXPECT_EQ(formula("mm", "m"), "x/1000");
  EXPECT_EQ(formula("deg", "rad"), "x*pi/180");
  EXPECT_EQ(formula("[ft_i]", "m"), "x*0.3048");
  EXPECT_EQ(formula("km/h", "m/s"), "x*5/18");
  EXPECT_EQ(formula("[acr_us]", "ar"), "x*627264000/15499969");
}

TEST(Unit, is_the_same_however_it_is_spelt) {
  for (const auto& [from, to] :
       {std::pair{"m/s", "m.s-1"}, std::pair{"N", "kg.m/s2"}, std::pair{"l", "L"},
        std::pair{"L", "dm3"}, std::pair{"Hz", "s-1"}, std::pair{"Pa", "N/m2"},
        std::pair{"kW.h", "3600.kJ"}, std::pair{"%", "10*-2"}, std::pair{"Gy", "J/kg"},
        std::pair{"mbar", "hPa"}, std::pair{"lm", "cd.sr"}}) {
    EXPECT_EQ(formula(from, to), "x") << from << " " << to;
  }
}

TEST(Unit, agrees_with_known_values) {
  EXPECT_EQ(convert("[degF]", "Cel", 32), 0);
  EXPECT_EQ(convert("[degF]", "Cel", 212), 100);
  EXPECT_EQ(convert("[degF]", "Cel", -40), -40);
  EXPECT_EQ(convert("Cel", "[degF]", 100), 212);
  EXPECT_EQ(convert("Cel", "K", 20), 293.15);
  EXPECT_EQ(convert("mCel", "Cel", 21500), 21.5);
  EXPECT_DOUBLE_EQ(convert("[degR]", "K", 491.67), 273.15);
  EXPECT_EQ(convert("[mi_i]/h", "km/h", 60), 96.56064);
  EXPECT_EQ(convert("[kn_i]", "m/s", 1), 1852.0 / 3600);
  EXPECT_EQ(convert("[gal_us]", "L", 1), 3.785411784);
  EXPECT_EQ(convert("[lb_av]", "kg", 1), 0.45359237);
  EXPECT_EQ(convert("[psi]", "kPa", 1), 6.894757293168361);
  EXPECT_EQ(convert("atm", "bar", 1), 1.01325);
  EXPECT_EQ(convert("kW.h", "MJ", 1), 3.6);
  EXPECT_EQ(convert("kcal", "J", 1), 4184);
  EXPECT_EQ(convert("eV", "J", 1), 1.602176634e-19);
  EXPECT_EQ(convert("deg", "rad", 180), M_PI);
  EXPECT_EQ(convert("circ", "deg", 0.5), 180);
  EXPECT_EQ(convert("KiBy", "bit", 1), 8192);
  EXPECT_EQ(convert("%", "1", 50), 0.5);
  EXPECT_EQ(convert("Ci", "GBq", 1), 37);
  EXPECT_EQ(convert("L/min", "m3/h", 1000), 60);
  EXPECT_EQ(convert("d", "s", 1), 86400);
}

TEST(Unit, keeps_infinities_and_not_a_number) {
  for (const char* to : {"[degF]", "K"}) {
    EXPECT_EQ(convert("Cel", to, INFINITY), INFINITY);
    EXPECT_EQ(convert("Cel", to, -INFINITY), -INFINITY);
    EXPECT_TRUE(std::isnan(convert("Cel", to, NAN)));
  }
  EXPECT_EQ(convert("[degF]", "Cel", INFINITY), INFINITY);
  EXPECT_EQ(convert("km", "m", INFINITY), INFINITY);
  EXPECT_EQ(convert("km", "m", 1e308), INFINITY);
  EXPECT_TRUE(std::signbit(convert("km", "m", -0.0)));
}

TEST(Unit, refuses_what_measures_something_else) {
  EXPECT_EQ(formula("m", "s"), "the units measure different things");
  EXPECT_THAT(formula("Hz", "rad/s"), HasSubstr("an angle is not a plain number"));
  EXPECT_THAT(formula("Hz", "Bq"), HasSubstr("decays are not cycles"));
  EXPECT_THAT(formula("Gy", "Sv"), HasSubstr("dose"));
  EXPECT_THAT(formula("mol/L", "/L"), HasSubstr("an amount"));
  EXPECT_THAT(formula("bit", "1"), HasSubstr("information"));
  EXPECT_THAT(formula("N.m", "J"), HasSubstr("torque"));
  EXPECT_THAT(formula("kW.h", "[ft_i].[lbf_av]"), HasSubstr("torque"));
  EXPECT_EQ(formula("N.m", "kN.m"), "x/1000");
  EXPECT_EQ(relate_units("N.m", "J", false, true).problem, "");
  EXPECT_EQ(formula("J/s", "W"), "x");
}

TEST(Unit, reads_logarithms_and_annotations_only_as_themselves) {
  EXPECT_EQ(formula("dB", "dB"), "x");
  EXPECT_THAT(formula("dB", "B"), HasSubstr("only as itself"));
  EXPECT_THAT(formula("dB/m", "B/m"), HasSubstr("only as itself"));
  EXPECT_THAT(formula("[pH]", "1"), HasSubstr("only as itself"));
  EXPECT_THAT(formula("m{head}", "m"), HasSubstr("only as itself"));
  EXPECT_THAT(formula("{beat}/min", "/min"), HasSubstr("only as itself"));
}

TEST(Unit, applies_an_offset_only_to_a_scale_that_stands_alone) {
  EXPECT_EQ(relate_units("Cel", "[degF]", true, true).change->text, "x*1.8");
  EXPECT_EQ(relate_units("Cel", "K", true, true).change, std::nullopt);
  EXPECT_EQ(formula("W/(m2.Cel)", "W/(m2.K)"), "x");
  EXPECT_EQ(formula("[degF]/min", "Cel/min"), "x*5/9");
  EXPECT_THAT(formula("Cel", "2.K"), HasSubstr("alone"));
  EXPECT_THAT(formula("K.m/m", "Cel"), HasSubstr("alone"));
}

// ---- how exact

#ifdef __SIZEOF_FLOAT128__
using Exact = __float128;
#else
using Exact = long double;
#endif

struct Pair {
  const char *from, *to;
  Exact scale, divisor, shift, offset;  // (x + shift) * scale / divisor + offset
};

TEST(Unit, results_are_within_one_unit_in_the_last_place_of_the_exact_value) {
  const Pair pairs[] = {
      {"[degF]", "Cel", 5, 9, -32, 0},
      {"Cel", "[degF]", 9, 5, 0, 32},
      {"K", "Cel", 1, 1, Exact(-27315) / 100, 0},
      {"Cel", "K", 1, 1, 0, Exact(27315) / 100},
      {"[degF]", "K", 5, 9, Exact(45967) / 100, 0},
      {"K", "[degF]", 9, 5, 0, Exact(-45967) / 100},
      {"[psi]", "kPa", Exact(4448221615260.5), 645160000000, 0, 0},
      {"bar", "Pa", 100000, 1, 0, 0},
      {"Pa", "bar", 1, 100000, 0, 0},
      {"km/h", "m/s", 10, 36, 0, 0},
      {"[mi_i]/h", "m/s", 1609344, 3600000, 0, 0},
      {"[ft_i]", "m", 3048, 10000, 0, 0},
      {"mm", "[in_i]", 10, 254, 0, 0},
      {"[gal_us]", "L", 3785411784, 1000000000, 0, 0},
      {"deg", "gon", 10, 9, 0, 0},
  };
  base::Random random(1);
  for (const Pair& pair : pairs) {
    const auto change = relate(pair.from, pair.to).change;
    ASSERT_TRUE(change.has_value()) << pair.from;
    for (int i = 0; i < 200'000; ++i) {
      // All sizes, and many near the zero of the scale, where offsets cancel.
      double x =
          (random.fraction() - 0.5) * std::pow(10, static_cast<double>(random.below(12)) - 3);
      if (random.chance(0.3))
        x = static_cast<double>(-pair.offset * pair.divisor / pair.scale - pair.shift) + x * 1e-9;
      const double y = in_unit(*change, x);
      const Exact exact = (Exact(x) + pair.shift) * pair.scale / pair.divisor + pair.offset;
      const double near = static_cast<double>(exact);
      ASSERT_LE(std::nextafter(near, -INFINITY), y) << pair.from << " " << x;
      ASSERT_GE(std::nextafter(near, INFINITY), y) << pair.from << " " << x;
    }
  }
}

}  // namespace
}  // namespace dts
