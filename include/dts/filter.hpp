// Filter: which values of a type are wanted, as an expression over their fields, such as
// `celsius > 64[degF] and tank in (1, 2)`. Compiled once against a Layout (names, kinds, units and
// symbols are checked there), then evaluated per value without allocating. The language is in
// docs/reference/filters.md; `dts sub --where`, SubscribeOptions::where and later tools share it.
// Immutable once made; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <dts/layout.hpp>
#include <dts/result.hpp>
#include <dts/time.hpp>
#include <dts/value.hpp>

namespace dts {

// Bounds on what is accepted as an expression.
struct FilterLimits {
  static constexpr std::size_t text_bytes_max = 4096;
  static constexpr std::size_t depth_max = 32;  // of parentheses and `not`
};

class Filter {
 public:
  Filter() = default;  // matches everything

  // Errors (E1208) show the expression with a caret under the place and name the nearest field or
  // symbol. `where` names the expression in them ("--where"). The layout must outlive the filter.
  static Result<Filter> compile(std::string_view expression, const Layout& layout,
                                std::string_view where = {});
  // Only whether it can be parsed: for telling a mistake before any type is known.
  static Result<void> check(std::string_view expression, std::string_view where = {});
  // The expression in one spelling, without needless parentheses; parses to the same filter.
  static Result<std::string> canonical(std::string_view expression);

  // False as well when a field that is compared is not there: an empty optional, another case of a
  // union, an index or key that is missing. `value` lies as the layout.
  bool matches(const void* value) const;
  // `now` in the expression is this time.
  bool matches(const void* value, Time now) const;
  bool matches(const Value& value) const { return matches(value.data()); }

  // Does it match everything, because it has no expression?
  bool empty() const noexcept { return program_ == nullptr; }
  // As canonical(); empty when there is no expression.
  std::string print() const;

  struct Program;  // src/type/filter_program.hpp

 private:
  explicit Filter(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

}  // namespace dts
