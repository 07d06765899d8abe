#include <type/unit.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <base/assert.hpp>
#include <base/text.hpp>
#include <type/notation.hpp>
#include <type/rules.hpp>

namespace dts {

namespace {

constexpr int kExponentMax = 16;
constexpr const char* kTooLarge = "the unit is too large or too small to convert exactly";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// ---- the atoms, resolved once

struct Resolved {
  std::string_view code;
  const UnitAtom* atom;
  Unit unit;  // standing alone
};

class Atoms {
 public:
  // All rows of the table; rows refer to earlier ones only.
  Atoms();
  const Resolved* find(std::string_view code) const {
    const auto found = place(code);
    return found != sorted_.end() && found->code == code ? &*found : nullptr;
  }

 private:
  std::vector<Resolved>::const_iterator place(std::string_view code) const {
    return std::lower_bound(sorted_.begin(), sorted_.end(), code,
                            [](const Resolved& row, std::string_view c) { return row.code < c; });
  }
  std::vector<Resolved> sorted_;
};

constexpr std::string_view kDimensionNames[dimension_count] = {
    "length",     "time",   "mass",        "angle", "temperature", "charge",
    "luminosity", "amount", "information", "decay", "dose"};

// ---- what people write instead

struct OtherCode {
  std::string_view theirs, ours;
};
constexpr OtherCode kOtherCodes[] = {
    {"degC", "Cel"},
    {"celsius", "Cel"},
    {"Celsius", "Cel"},
    {"degF", "[degF]"},
    {"F\xc2\xb0", "[degF]"},
    {"fahrenheit", "[degF]"},
    {"psi", "[psi]"},
    {"PSI", "[psi]"},
    {"ft", "[ft_i]"},
    {"feet", "[ft_i]"},
    {"in", "[in_i]"},
    {"inch", "[in_i]"},
    {"yd", "[yd_i]"},
    {"mi", "[mi_i]"},
    {"mile", "[mi_i]"},
    {"mph", "[mi_i]/h"},
    {"kn", "[kn_i]"},
    {"kt", "[kn_i]"},
    {"knot", "[kn_i]"},
    {"nmi", "[nmi_i]"},
    {"NM", "[nmi_i]"},
    {"lb", "[lb_av]"},
    {"lbs", "[lb_av]"},
    {"oz", "[oz_av]"},
    {"gal", "[gal_us]"},
    {"lbf", "[lbf_av]"},
    {"sec", "s"},
    {"hr", "h"},
    {"hour", "h"},
    {"minute", "min"},
    {"day", "d"},
    {"year", "a"},
    {"kph", "km/h"},
    {"kmh", "km/h"},
    {"rpm", "/min"},
    {"ppm", "[ppm]"},
    {"ppb", "[ppb]"},
    {"percent", "%"},
    {"pct", "%"},
    {"ohm", "Ohm"},
    {"mmHg", "mm[Hg]"},
    {"inHg", "[in_i'Hg]"},
    {"degree", "deg"},
    {"degrees", "deg"},
    {"byte", "By"},
    {"bytes", "By"},
    {"bits", "bit"},
    {"hp", "[HP]"},
    {"btu", "[Btu]"},
    {"BTU", "[Btu]"},
    {"Wh", "W.h"},
    {"kWh", "kW.h"},
    {"mAh", "mA.h"},
    {"Ah", "A.h"},
    {"Nm", "N.m"},
    {"cc", "cm3"},
    {"amp", "A"},
    {"volt", "V"},
    {"watt", "W"},
    {"meter", "m"},
    {"metre", "m"},
    {"litre", "L"},
    {"liter", "L"},
    {"ton", "t"},
    {"acre", "[acr_us]"},
    {"lpm", "L/min"},
    {"gpm", "[gal_us]/min"},
};

class Parser;

// A number of atoms, prefixes and units multiplied into one.
class Product {
 public:
  bool times(const Unit& unit, int exponent) {
    Unit& to = unit_;
    const auto factor = power(unit.factor, exponent);
    const auto product = factor ? multiply(to.factor, *factor) : std::nullopt;
    if (!product) return false;
    to.factor = *product;
    for (std::size_t i = 0; i < dimension_count; ++i) {
      const int sum = to.dimensions[i] + unit.dimensions[i] * exponent;
      if (std::abs(sum) > 100) return false;
      to.dimensions[i] = static_cast<std::int8_t>(sum);
    }
    to.closed = to.closed || unit.closed;
    if (count_ < 2) parts_[count_] = exponent == 1 ? unit.dimensions : Dimensions{};
    ++count_;
    return true;
  }

  // A temperature scale has its zero only where it stands alone.
  Unit finish(const Unit* only, bool only_atom) {
    if (only != nullptr) {
      unit_.offset = only->offset;
      unit_.scale = only->scale;
      unit_.moment = only->moment;
    } else if (count_ == 2) {
      unit_.moment = (is_force(parts_[0]) && is_length(parts_[1])) ||
                     (is_force(parts_[1]) && is_length(parts_[0]));
    }
    unit_.alone = only_atom;
    return unit_;
  }

 private:
  static bool is_force(const Dimensions& d) { return d == Dimensions{1, -2, 1}; }
  static bool is_length(const Dimensions& d) { return d == Dimensions{1}; }

  Unit unit_;
  std::size_t count_ = 0;
  Dimensions parts_[2] = {};
};

// term = ["/"] part { ("." | "/") part }      from left to right: a/b.c is (a/b).c
// part = ( "(" term ")" | atom [exponent] | whole number ) [ "{" words "}" ] | "{" words "}"
class Parser {
 public:
  // `suggest`: look for what may have been meant, which takes a while.
  Parser(std::string_view text, const Atoms& atoms, bool suggest = true)
      : text_(text), atoms_(atoms), suggest_(suggest) {}

  Result<Unit> parse() {
    if (text_.empty()) return error(0, 1, "the unit is empty", "1 is the unit of a plain number");
    if (text_.size() > unit_bytes_max)
      return error(0, 1, "a unit has " + std::to_string(unit_bytes_max) + " bytes at most");
    DTS_ASSIGN(Unit unit, term());
    if (at_ != text_.size()) return error(at_, 1, "\")\" without \"(\"");
    return unit;
  }

 private:
  Error error(std::size_t at, std::size_t length, std::string what, std::string hint = {}) const {
    return SourceText(text_, "").error(at, length, std::move(what), std::move(hint));
  }
  bool accept(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Result<Unit> term() {
    Product product;
    std::optional<Unit> only;
    bool divide = accept('/'), single = !divide;
    do {
      const std::size_t start = at_;
      int exponent = 1;
      DTS_ASSIGN(const Unit unit, part(exponent));
      single = single && exponent == 1;
      if (single && !only) {
        only = unit;
      } else {
        only.reset();
        single = false;
      }
      if (!product.times(unit, divide ? -exponent : exponent))
        return error(start, at_ - start, kTooLarge);
      divide = at_ < text_.size() && text_[at_] == '/';
    } while (accept('.') || accept('/'));
    return product.finish(only ? &*only : nullptr, only && only->alone);
  }

  Result<Unit> part(int& exponent) {
    Unit unit;
    const std::size_t start = at_;
    if (accept('(')) {
      DTS_ASSIGN(unit, term());
      if (!accept(')')) return error(start, 1, "the \")\" is missing");
    } else if (at_ < text_.size() && text_[at_] != '{') {
      DTS_ASSIGN(unit, atom());
    }
    if (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '-' || text_[at_] == '+'))
      DTS_TRY(read_exponent(exponent));
    if (at_ < text_.size() && text_[at_] == '{') {
      const std::size_t end = text_.find('}', at_);
      if (end == std::string_view::npos) return error(at_, 1, "the \"}\" is missing");
      at_ = end + 1;
      unit.closed = true;
    }
    if (at_ == start) return error(at_, 1, "a unit is expected here");
    if (at_ < text_.size() && text_[at_] != '.' && text_[at_] != '/' && text_[at_] != ')')
      return error(at_, 1, "'.' or '/' parts two units");
    return unit;
  }

  Result<void> read_exponent(int& exponent) {
    const std::size_t start = at_;
    if (text_[at_] == '+') ++at_;
    const char* end = text_.data() + text_.size();
    const auto [stop, code] = std::from_chars(text_.data() + at_, end, exponent);
    const auto length = static_cast<std::size_t>(stop - (text_.data() + start));
    if (code == std::errc::invalid_argument)
      return error(start, 1, "an exponent is a whole number");
    if (code != std::errc{} || exponent == 0 || std::abs(exponent) > kExponentMax) {
      return error(start, length,
                   "an exponent is 1 to " + std::to_string(kExponentMax) + " or negative");
    }
    at_ = start + length;
    return {};
  }

  Result<Unit> atom() {
    const std::size_t start = at_;
    if (text_.substr(at_, 3) == "10*" || text_.substr(at_, 3) == "10^") {
      at_ += 3;
      return atoms_.find("10*")->unit;
    }
    if (is_digit(text_[at_])) return number();
    while (at_ < text_.size() &&
           std::string_view("./(){}+-0123456789").find(text_[at_]) == std::string_view::npos) {
      if (text_[at_++] != '[') continue;
      const std::size_t end = text_.find(']', at_);
      if (end == std::string_view::npos) return error(at_ - 1, 1, "the \"]\" is missing");
      at_ = end + 1;
    }
    const std::string_view code = text_.substr(start, at_ - start);
    if (code.empty()) return error(at_, 1, "a unit is expected here");
    if (const Resolved* whole = atoms_.find(code)) return whole->unit;
    for (const UnitPrefix& prefix : unit_prefixes()) {
      if (!code.starts_with(prefix.code)) continue;
      const Resolved* rest = atoms_.find(code.substr(prefix.code.size()));
      if (rest == nullptr || !rest->atom->metric) continue;
      const bool binary = prefix.code.size() == 2 && prefix.code[1] == 'i';
      if (binary && rest->unit.dimensions[static_cast<std::size_t>(Dimension::information)] == 0)
        continue;
      Unit unit = rest->unit;
      const auto factor = multiply(unit.factor, *Rational::parse(prefix.magnitude));
      if (!factor) return error(start, code.size(), kTooLarge);
      unit.factor = *factor;
      return unit;
    }
    return unknown(start, code);
  }

  Result<Unit> number() {
    const std::size_t start = at_;
    std::int64_t value = 0;
    const auto [stop, code] =
        std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    const auto length = static_cast<std::size_t>(stop - (text_.data() + at_));
    if (code != std::errc{} || value == 0 || value > 1'000'000'000'000)
      return error(start, length, "a number in a unit is 1 to 1000000000000");
    at_ += length;
    Unit unit;
    unit.factor = Rational::whole(value);
    return unit;
  }

  Error unknown(std::size_t start, std::string_view code) const {
    return error(start, code.size(), "\"" + base::printable(code) + "\" is no unit known here",
                 suggestion(code));
  }
  std::string suggestion(std::string_view code) const {
    for (const OtherCode& other : kOtherCodes) {
      if (other.theirs == code) return std::string(other.ours);
    }
    if (!suggest_) return {};
    const std::string in_brackets = "[" + std::string(code) + "]";
    std::vector<std::string> candidates;
    for (const UnitAtom& atom : unit_atoms()) {
      if (atom.code == in_brackets || (atom.code.starts_with("[" + std::string(code) + "_")))
        return std::string(atom.code);
      if (atom.name == code) return std::string(atom.code);
      candidates.emplace_back(atom.code);
      for (const char* prefix : {"k", "m"}) {
        if (atom.metric) candidates.push_back(prefix + std::string(atom.code));
      }
    }
    const std::string near = base::nearest(code, candidates);
    return near.empty() ? "UCUM codes such as Cel, kPa, m/s2, %, [degF]" : near;
  }

  std::string_view text_;
  const Atoms& atoms_;
  bool suggest_;
  std::size_t at_ = 0;
};

Atoms::Atoms() {
  for (const UnitAtom& atom : unit_atoms()) {
    Unit unit;
    if (!atom.unit.empty()) {
      auto parsed = Parser(atom.unit, *this).parse();
      DTS_ASSERT(parsed.ok());
      unit = *parsed;
    }
    unit.scale = atom.sort == UnitAtom::Sort::scale;
    unit.closed = atom.sort == UnitAtom::Sort::closed;
    unit.moment = false;
    unit.alone = true;
    if (atom.magnitude.starts_with('=')) {
      const auto* name = std::find(std::begin(kDimensionNames), std::end(kDimensionNames),
                                   atom.magnitude.substr(1));
      unit.dimensions[static_cast<std::size_t>(name - kDimensionNames)] = 1;
    } else {
      const std::string_view number = atom.magnitude;
      const bool pi = number.starts_with("pi");
      const auto magnitude = !pi ? Rational::parse(number)
                             : number == "pi"
                                 ? Rational::pi()
                                 : divide(Rational::pi(), *Rational::parse(number.substr(3)));
      unit.factor = *multiply(unit.factor, *magnitude);
    }
    if (unit.scale) unit.offset = *multiply(*Rational::parse(atom.offset), unit.factor);
    sorted_.insert(place(atom.code), {atom.code, &atom, unit});
  }
}

const Atoms& atoms() {
  static const Atoms all;
  return all;
}

// ---- from one to the other

std::string brackets(std::string_view unit) { return "[" + std::string(unit) + "]"; }

std::string with_sign(const Rational& value) {
  return value.negative() ? " - " + value.minus().text() : " + " + value.text();
}

// "(x - 32)*5/9", "x*1000", "x/1000"
std::string scaled(const std::string& x, const Rational& scale) {
  if (scale.is_one()) return x;
  const auto inverse = divide(Rational::whole(1), scale);
  if (inverse && inverse->integer()) return x + "/" + inverse->text();
  return x + "*" + scale.text();
}

UnitRelation composed(const Rational& scale, const Rational& offset) {
  if (scale.is_one() && offset.is_zero()) return {};
  UnitChange change;
  const Double2 factor = scale.to_doubles();
  if (!std::isnormal(factor.high)) return {kTooLarge, "", {}};
  change.scale = factor.high;
  change.scale_low = factor.low;
  change.text = scaled("x", scale);
  if (offset.is_zero()) {
    change.factor = scale.integer().value_or(0);
    return {"", "", std::move(change)};
  }
  // Whichever form has an offset that is a double itself: 32 F is then exactly 0 Cel.
  const auto before = divide(offset, scale);
  const Double2 first = before ? before->to_doubles() : Double2{0, 1};
  change.offset_first = first.low == 0;
  const Double2 added = change.offset_first ? first : offset.to_doubles();
  change.offset = added.high;
  change.offset_low = added.low;
  if (change.offset_first) {
    const std::string sum = "x" + with_sign(*before);
    change.text = scale.is_one() ? sum : scaled("(" + sum + ")", scale);
  } else {
    change.text = scaled("x", scale) + with_sign(offset);
  }
  return {"", "", std::move(change)};
}

// Why units of different dimensions are: what people expect to be the same, told apart.
std::string dimension_problem(const Unit& from, const Unit& to) {
  const auto without = [](Dimensions d, Dimension left_out) {
    d[static_cast<std::size_t>(left_out)] = 0;
    return d;
  };
  for (const auto& [dimension, words] :
       {std::pair{Dimension::angle, "an angle is not a plain number"},
        std::pair{Dimension::decay, "decays are not cycles"},
        std::pair{Dimension::dose, "an equivalent dose is not an absorbed one"},
        std::pair{Dimension::amount, "an amount is not a plain number"},
        std::pair{Dimension::information, "an amount of information is not a plain number"}}) {
    if (without(from.dimensions, dimension) == without(to.dimensions, dimension))
      return std::string("the units measure different things: ") + words;
  }
  return "the units measure different things";
}

}  // namespace

Result<Unit> parse_unit(std::string_view text) { return Parser(text, atoms()).parse(); }

UnitRelation relate_units(std::string_view from, std::string_view to, bool difference,
                          bool same_tag) {
  if (from == to) return {};
  // A publisher may come with thousands of units that nobody knows.
  const auto p = Parser(from, atoms(), false).parse(), s = parse_unit(to);
  const std::string same = "declare " + brackets(from) + " here";
  for (const auto& [unit, text] : {std::pair{&p, from}, std::pair{&s, to}}) {
    if (unit->ok()) continue;
    return {"the units differ, and " + unit->error().what(),
            unit->error().hint().empty() ? same : "write " + unit->error().hint(),
            {}};
  }
  if (p->closed || s->closed) {
    return {"the units differ, and " + brackets(p->closed ? from : to) +
                " is read only as itself: it is logarithmic, arbitrary or annotated",
            same,
            {}};
  }
  if (p->dimensions != s->dimensions) return {dimension_problem(*p, *s), same, {}};
  if (p->moment != s->moment && !same_tag) {
    return {"one may be a torque and the other an energy",
            "give both the same quantity tag, such as #energy",
            {}};
  }
  const auto scale = divide(p->factor, s->factor);
  if (!scale) return {kTooLarge, same, {}};
  if (difference || (!p->scale && !s->scale)) return composed(*scale, Rational());
  if (!p->alone || !s->alone) {
    return {
        "the zero of " + brackets(p->scale ? from : to) + " is known only where it stands alone",
        "write the other as a single unit, or tag both #delta",
        {}};
  }
  const auto shift = add(p->offset, s->offset.minus());
  const auto offset = shift ? divide(*shift, s->factor) : std::nullopt;
  if (!offset) return {kTooLarge, same, {}};
  return composed(*scale, *offset);
}

}  // namespace dts
