#include <type/conversion.hpp>

#include <cmath>

namespace dts {

namespace {

// How many bits an integer kind has for the magnitude, and how many a float holds exactly.
struct NumberKind {
  int bits = 0;  // 0: not a number of this sort
  bool is_signed = false;
  bool is_float = false;
};

constexpr NumberKind number_kind(Kind kind) {
  switch (kind) {
    case Kind::i8:
      return {7, true, false};
    case Kind::i16:
      return {15, true, false};
    case Kind::i32:
      return {31, true, false};
    case Kind::i64:
      return {63, true, false};
    case Kind::u8:
      return {8, false, false};
    case Kind::u16:
      return {16, false, false};
    case Kind::u32:
      return {32, false, false};
    case Kind::u64:
      return {64, false, false};
    case Kind::f32:
      return {24, true, true};
    case Kind::f64:
      return {53, true, true};
    default:
      return {};
  }
}

bool is_composite(Kind kind) {
  return kind == Kind::list || kind == Kind::array || kind == Kind::map || kind == Kind::reference;
}

}  // namespace

std::optional<Conversion> scalar_conversion(Kind from, Kind to) {
  if (is_composite(from) || is_composite(to) || from == Kind::optional || to == Kind::optional) {
    return std::nullopt;
  }
  if (from == to) return Conversion::copy;
  const NumberKind a = number_kind(from), b = number_kind(to);
  const bool exact = a.bits > 0 && b.bits > 0 && a.bits <= b.bits &&
                     (!a.is_signed || b.is_signed) && (!a.is_float || b.is_float);
  if (exact) return Conversion::widen;
  return std::nullopt;
}

bool can_narrow(Kind from, Kind to) {
  const NumberKind a = number_kind(from), b = number_kind(to);
  return a.bits > 0 && b.bits > 0 && from != to && (!a.is_float || b.is_float);
}

bool always_fits(Kind from, std::int64_t factor, Kind to) {
  const NumberKind a = number_kind(from), b = number_kind(to);
  // In doubles with room to spare: a bound that is nearly reached counts as not fitting.
  const double most = std::ldexp(static_cast<double>(factor), a.bits);
  const bool may_be_negative = factor < 0 || a.is_signed;
  return std::abs(most) < std::ldexp(1.0, b.bits) && (!may_be_negative || b.is_signed);
}

std::string_view why_not(Kind from, Kind to) {
  const NumberKind a = number_kind(from), b = number_kind(to);
  if (a.bits > 0 && b.bits > 0) {
    if (a.is_float || b.is_float) return "would round";
    if (a.is_signed && !b.is_signed) return "negative numbers do not fit";
    return "large numbers do not fit";
  }
  if (is_composite(from) != is_composite(to) && from != Kind::reference && to != Kind::reference) {
    return is_composite(from) ? "many values are not one" : "one value is not many";
  }
  if (from == Kind::time || to == Kind::time || from == Kind::duration || to == Kind::duration) {
    return "their resolution and origin are unknown";
  }
  return "they are different kinds";
}

}  // namespace dts
