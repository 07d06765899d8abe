// Units against UDUNITS-2, atom by atom, alone and composed; and against the table in the docs.
#include <gtest/gtest.h>

#include <udunits2.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <type/unit.hpp>
#include <type/unit_change.hpp>

namespace dts {
namespace {

struct Spelling {
  const char* code;
  const char* theirs;
  double tolerance;  // some of theirs have their definition rounded
};
// What UDUNITS-2 knows under a name of its own. (Its calorie is another one.)
constexpr Spelling kSpellings[] = {
    {"m", "m", 1e-12},
    {"s", "s", 1e-12},
    {"g", "g", 1e-12},
    {"rad", "rad", 1e-12},
    {"K", "K", 1e-12},
    {"A", "A", 1e-12},
    {"C", "C", 1e-12},
    {"cd", "cd", 1e-12},
    {"mol", "mol", 1e-12},
    {"deg", "degree", 1e-12},
    {"'", "arcminute", 1e-12},
    {"''", "arcsecond", 1e-12},
    {"gon", "grade", 1e-12},
    {"sr", "sr", 1e-12},
    {"min", "min", 1e-12},
    {"h", "h", 1e-12},
    {"d", "d", 1e-12},
    {"Hz", "Hz", 1e-12},
    {"N", "N", 1e-12},
    {"Pa", "Pa", 1e-12},
    {"J", "J", 1e-12},
    {"W", "W", 1e-12},
    {"V", "V", 1e-12},
    {"F", "F", 1e-12},
    {"Ohm", "ohm", 1e-12},
    {"S", "S", 1e-12},
    {"Wb", "Wb", 1e-12},
    {"T", "T", 1e-12},
    {"H", "H", 1e-12},
    {"lm", "lm", 1e-12},
    {"lx", "lx", 1e-12},
    {"kat", "kat", 1e-12},
    {"Cel", "celsius", 1e-12},
    {"[degF]", "fahrenheit", 1e-12},
    {"[degR]", "degR", 1e-12},
    {"l", "l", 1e-12},
    {"L", "L", 1e-12},
    {"ar", "are", 1e-12},
    {"t", "tonne", 1e-12},
    {"bar", "bar", 1e-12},
    {"AU", "astronomical_unit", 1e-12},
    {"Ao", "angstrom", 1e-12},
    {"b", "barn", 1e-12},
    {"atm", "atm", 1e-12},
    {"gf", "gram_force", 1e-12},
    {"att", "technical_atmosphere", 1e-12},
    {"tex", "tex", 1e-12},
    {"[car_m]", "carat", 1e-12},
    {"Gal", "gal", 1e-12},
    {"dyn", "dyne", 1e-12},
    {"erg", "erg", 1e-12},
    {"P", "poise", 1e-12},
    {"St", "stokes", 1e-12},
    {"Mx", "maxwell", 1e-12},
    {"G", "gauss", 1e-12},
    {"Bi", "biot", 1e-12},
    {"sb", "stilb", 1e-12},
    {"Lmb", "lambert", 1e-12},
    {"ph", "phot", 1e-12},
    {"[in_i]", "inch", 1e-12},
    {"[ft_i]", "foot", 1e-12},
    {"[yd_i]", "yard", 1e-12},
    {"[mi_i]", "mile", 1e-12},
    {"[nmi_i]", "nautical_mile", 1e-12},
    {"[kn_i]", "knot", 1e-12},
    {"[mil_i]", "mil", 1e-12},
    {"[ft_us]", "US_survey_foot", 1e-12},
    {"[yd_us]", "US_survey_yard", 1e-12},
    {"[rd_us]", "rod", 1e-12},
    {"[fur_us]", "furlong", 1e-12},
    {"[fth_us]", "fathom", 1e-12},
    {"[acr_us]", "acre", 1e-12},
    {"[gal_br]", "Canadian_liquid_gallon", 1e-12},
    {"[gr]", "grain", 1e-12},
    {"[lb_av]", "pound", 1e-12},
    {"[ston_av]", "short_ton", 1e-12},
    {"[lton_av]", "long_ton", 1e-12},
    {"[lbf_av]", "pound_force", 1e-12},
    {"[psi]", "psi", 1e-12},
    {"cal_IT", "IT_calorie", 1e-12},
    {"[Btu_IT]", "Btu", 1e-12},
    {"%", "percent", 1e-12},
    {"[ppm]", "ppm", 1e-12},
    {"circ", "cycle", 1e-12},
    {"a_t", "tropical_year", 1e-6},
    {"eV", "eV", 1e-6},
    {"[ly]", "light_year", 1e-6},
    {"[den]", "denier", 1e-6},
    {"[ch_us]", "chain", 1e-6},
    {"[gal_us]", "gallon", 1e-6},
    {"[bbl_us]", "barrel", 1e-6},
    {"[qt_us]", "US_liquid_quart", 1e-6},
    {"[pt_us]", "US_liquid_pint", 1e-6},
    {"[gil_us]", "US_liquid_gill", 1e-6},
    {"[foz_us]", "US_fluid_ounce", 1e-6},
    {"[cup_us]", "US_liquid_cup", 1e-6},
    {"[tbs_us]", "tablespoon", 1e-6},
    {"[tsp_us]", "teaspoon", 1e-6},
    {"[bu_us]", "bushel", 1e-6},
    {"[pk_us]", "peck", 1e-6},
    {"[oz_av]", "avoirdupois_ounce", 1e-6},
    {"[pwt_tr]", "pennyweight", 1e-6},
    {"[oz_tr]", "troy_ounce", 1e-6},
    {"[lb_tr]", "troy_pound", 1e-6},
    {"[HP]", "horsepower", 1e-6},
};

class Udunits : public testing::Test {
 protected:
  Udunits() {
    ut_set_error_message_handler(ut_ignore);
    system_ = ut_read_xml(nullptr);
  }
  ~Udunits() override { ut_free_system(system_); }

  // NaN: no such units there, or they do not convert.
  double convert(const std::string& from, const std::string& to, double x) const {
    const std::unique_ptr<ut_unit, decltype(&ut_free)> a(parse(from), &ut_free);
    const std::unique_ptr<ut_unit, decltype(&ut_free)> b(parse(to), &ut_free);
    if (a == nullptr || b == nullptr) return NAN;
    const std::unique_ptr<cv_converter, decltype(&cv_free)> converter(
        ut_get_converter(a.get(), b.get()), &cv_free);
    return converter == nullptr ? NAN : cv_convert_double(converter.get(), x);
  }

 private:
  ut_unit* parse(const std::string& text) const { return ut_parse(system_, text.c_str(), UT_UTF8); }
  ut_system* system_ = nullptr;
};

double ours(const std::string& from, const std::string& to, double x) {
  const UnitRelation relation = relate_units(from, to, false, true);
  if (!relation.problem.empty()) return NAN;
  return relation.change ? in_unit(*relation.change, x) : x;
}

TEST_F(Udunits, agrees_with_every_atom_it_knows_in_every_unit_of_its_dimension) {
  int compared = 0;
  for (const Spelling& a : kSpellings) {
    for (const Spelling& b : kSpellings) {
      for (const double x : {1.0, -40.0, 451.5}) {
        const double mine = ours(a.code, b.code, x);
        if (std::isnan(mine)) continue;
        const double theirs = convert(a.theirs, b.theirs, x);
        // Offsets cancel: what is left of 500 kelvins is right to their last places only.
        const bool scales = parse_unit(a.code)->scale || parse_unit(b.code)->scale;
        const double size = std::max(std::abs(theirs), scales ? 500.0 : 0.0);
        ASSERT_NEAR(mine, theirs, std::max(a.tolerance, b.tolerance) * size)
            << x << " " << a.code << " in " << b.code;
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 1000);
}

TEST(UnitTable, in_the_docs_is_the_one_in_the_code) {
  std::ifstream file(DTS_DOCS "/reference/types.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string docs = text.str();
  for (const UnitAtom& atom : unit_atoms()) {
    EXPECT_NE(docs.find("`" + std::string(atom.code) + "`"), std::string::npos) << atom.code;
  }
}

}  // namespace
}  // namespace dts
