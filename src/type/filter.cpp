// Running a compiled filter over a value.
#include <dts/filter.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>

#include <base/text.hpp>
#include <type/filter_program.hpp>
#include <type/scalar.hpp>

namespace dts {

namespace {

__extension__ using Wide = unsigned __int128;

template <class T>
Ordering order(const T& a, const T& b) {
  return a < b ? ordering_less : b < a ? ordering_greater : ordering_equal;
}

Ordering mirrored(Ordering ordering) {
  return ordering == ordering_less      ? ordering_greater
         : ordering == ordering_greater ? ordering_less
                                        : ordering;
}

Ordering compare_reals(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? ordering_none : order(a, b);
}

// Exactly: above 2^53 a double stands for one integer, not for those around it.
template <class Integer>
Ordering compare_with_real(Integer a, double b) {
  constexpr bool is_signed = std::is_signed_v<Integer>;
  constexpr double past = is_signed ? 0x1p63 : 0x1p64, least = is_signed ? -0x1p63 : 0;
  if (std::isnan(b)) return ordering_none;
  if (b >= past) return ordering_less;
  if (b < least) return ordering_greater;
  const double whole = std::trunc(b);
  const Integer bound = static_cast<Integer>(whole);
  if (a != bound) return order(a, bound);
  return order(whole, b);
}

unsigned digits_of(std::uint64_t number) {
  unsigned digits = 1;
  for (; number >= 10; number /= 10) ++digits;
  return digits;
}

// Both are brought to one exponent; they have the same order of magnitude, so this needs at most
// 19 more digits.
Ordering compare_decimals(const Decimal& a, const Decimal& b) {
  const auto sign = [](const Decimal& d) { return (d.coefficient > 0) - (d.coefficient < 0); };
  if (sign(a) != sign(b)) return order(sign(a), sign(b));
  if (sign(a) == 0) return ordering_equal;
  const auto magnitude = [](const Decimal& d) {
    const auto bits = static_cast<std::uint64_t>(d.coefficient);
    return d.coefficient < 0 ? 0 - bits : bits;
  };
  const std::uint64_t x = magnitude(a), y = magnitude(b);
  const int x_top = static_cast<int>(digits_of(x)) + a.exponent;
  const int y_top = static_cast<int>(digits_of(y)) + b.exponent;
  Ordering result = order(x_top, y_top);
  if (result == ordering_equal) {
    Wide left = x, right = y;
    for (int i = b.exponent; i < a.exponent; ++i) left *= 10;
    for (int i = a.exponent; i < b.exponent; ++i) right *= 10;
    result = order(left, right);
  }
  return sign(a) < 0 ? mirrored(result) : result;
}

Decimal decimal_of(const FilterNumber& number) {
  return number.kind == FilterNumber::Kind::decimal ? number.decimal : Decimal{number.whole, 0};
}

}  // namespace

FilterNumber load_number(const Layout& layout, const void* value) {
  switch (layout.kind) {
    case Kind::f64: {
      double real;
      std::memcpy(&real, value, sizeof real);
      return FilterNumber::of(real);
    }
    case Kind::f32: {
      float real;
      std::memcpy(&real, value, sizeof real);
      return FilterNumber::of(double{real});
    }
    case Kind::decimal:
      return FilterNumber::of(*static_cast<const Decimal*>(value));
    default:
      break;
  }
  const std::uint64_t bits = load_integer(layout, value);
  return is_unsigned(layout) ? FilterNumber::of(bits)
                             : FilterNumber::of(static_cast<std::int64_t>(bits));
}

Ordering compare(const FilterNumber& a, const FilterNumber& b) {
  using Sort = FilterNumber::Kind;
  if (a.kind > b.kind) return mirrored(compare(b, a));
  if (b.kind == Sort::decimal) {
    // The compiler lets reals and large naturals meet no decimal.
    return compare_decimals(decimal_of(a), b.decimal);
  }
  if (b.kind == Sort::real) {
    if (a.kind == Sort::real) return compare_reals(a.real, b.real);
    return a.kind == Sort::whole ? compare_with_real(a.whole, b.real)
                                 : compare_with_real(a.natural, b.real);
  }
  if (a.kind == Sort::natural) return order(a.natural, b.natural);
  if (b.kind == Sort::whole) return order(a.whole, b.whole);
  return a.whole < 0 ? ordering_less : order(static_cast<std::uint64_t>(a.whole), b.natural);
}

double to_double(const FilterNumber& number) {
  switch (number.kind) {
    case FilterNumber::Kind::whole:
      return static_cast<double>(number.whole);
    case FilterNumber::Kind::natural:
      return static_cast<double>(number.natural);
    case FilterNumber::Kind::real:
      return number.real;
    case FilterNumber::Kind::decimal:
      break;
  }
  return static_cast<double>(number.decimal.coefficient) * std::pow(10.0, number.decimal.exponent);
}

namespace {

using Code = Filter::Program::Code;

std::string_view text_at(const Layout& layout, const void* place) {
  const ByteView bytes = layout.functions.view(layout, place);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool run_number(const Code& code, const void* value, const void* place) {
  const FilterNumber left = load_number(code.field.layout(), place);
  if (!code.right) return (compare(left, code.numbers[0]) & code.holds) != 0;
  const void* other = code.right->find(value);
  if (other == nullptr) return false;
  FilterNumber right = load_number(code.right->layout(), other);
  if (code.scaled) right = FilterNumber::of(to_double(right) * code.scale + code.offset);
  return (compare(left, right) & code.holds) != 0;
}

bool run_text(const Code& code, const void* value, const void* place) {
  const std::string_view left = text_at(code.field.layout(), place);
  if (!code.right) return (order(left, std::string_view(code.texts[0])) & code.holds) != 0;
  const void* other = code.right->find(value);
  return other != nullptr && (order(left, text_at(code.right->layout(), other)) & code.holds) != 0;
}

bool run_now(const Code& code, const void* place, Time now) {
  const std::int64_t at = now.time_since_epoch().count(), offset = code.numbers[0].whole;
  std::int64_t bound;
  if (__builtin_add_overflow(at, offset, &bound)) bound = offset < 0 ? INT64_MIN : INT64_MAX;
  return (order(load_number(code.field.layout(), place).whole, bound) & code.holds) != 0;
}

}  // namespace

bool Filter::Program::run(const Code& code, const void* value, Time now) const {
  using Op = Code::Op;
  const auto part = [&](std::uint32_t index) { return run(codes[index], value, now); };
  if (code.op == Op::all) return std::all_of(code.parts.begin(), code.parts.end(), part);
  if (code.op == Op::any) return std::any_of(code.parts.begin(), code.parts.end(), part);
  if (code.op == Op::negation) return !part(code.parts[0]);
  const void* place = code.field.find(value);
  if (place == nullptr) return false;
  const Layout& layout = code.field.layout();
  switch (code.op) {
    case Op::number:
      return run_number(code, value, place);
    case Op::number_in: {
      const FilterNumber number = load_number(layout, place);
      return std::any_of(code.numbers.begin(), code.numbers.end(), [&](const FilterNumber& each) {
        return compare(number, each) == ordering_equal;
      });
    }
    case Op::now:
      return run_now(code, place, now);
    case Op::text:
      return run_text(code, value, place);
    case Op::text_in:
      return std::find(code.texts.begin(), code.texts.end(), text_at(layout, place)) !=
             code.texts.end();
    case Op::like:
      return base::glob_match(code.texts[0], text_at(layout, place));
    case Op::truth:
      return *static_cast<const bool*>(place);
    case Op::has:
      return true;
    case Op::all:
    case Op::any:
    case Op::negation:
      break;
  }
  return false;
}

bool Filter::matches(const void* value) const {
  if (program_ == nullptr) return true;
  return matches(value, program_->uses_now ? dts::now() : Time());
}

bool Filter::matches(const void* value, Time now) const {
  return program_ == nullptr || program_->run(program_->codes[program_->root], value, now);
}

std::string Filter::print() const { return program_ == nullptr ? "" : program_->printed; }

Result<void> Filter::check(std::string_view expression, std::string_view where) {
  DTS_TRY(parse_filter(expression, where));
  return {};
}

Result<std::string> Filter::canonical(std::string_view expression) {
  DTS_ASSIGN(const FilterTree tree, parse_filter(expression, {}));
  return print_filter(tree.root);
}

}  // namespace dts
