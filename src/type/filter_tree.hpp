// The parsed form of a filter expression (docs/reference/filters.md), before any type is known.
// Owns parsing and printing; what the words mean for a type is filter_compile.cpp's. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dts/result.hpp>
#include <type/notation.hpp>

namespace dts {

// What a comparison found, as bits: a relation is the set of outcomes for which it holds.
enum Ordering : std::uint8_t {
  ordering_less = 1,
  ordering_equal = 2,
  ordering_greater = 4,
  ordering_none = 8,  // not a number
};

struct FilterRelation {
  std::string_view text;
  std::uint8_t holds = 0;  // of Ordering
};
// "<", "<=", ">", ">=", "==", "!="; null for another text.
const FilterRelation* find_relation(std::string_view text);
// The relation when both sides change places.
const FilterRelation& mirrored(const FilterRelation& relation);

// What cannot be a field's name as it stands: "and", "in", ...
std::span<const std::string_view> filter_words();

struct FilterOperand {
  enum class Sort : std::uint8_t { path, number, text, bytes, time, now, truth };
  Sort sort = Sort::path;
  // path: without the escape; number: its digits; text: without quotes; bytes: 0x...; time: RFC
  // 3339; now: the duration added ("-5m", may be empty); truth: "true" or "false".
  std::string text;
  std::string unit;  // behind a number: "[degF]", "h30m"
  std::size_t offset = 0, length = 0;
  bool is_literal() const { return sort != Sort::path; }
};

struct FilterNode {
  enum class Op : std::uint8_t { all, any, negation, compare, in, like, has, field };
  Op op = Op::all;
  std::vector<FilterNode> children;     // all, any, negation
  std::vector<FilterOperand> operands;  // compare, like: two; in: the field, then the list
  const FilterRelation* relation = nullptr;
  std::size_t offset = 0, length = 0;
};

struct FilterTree {
  SourceText source;
  FilterNode root;
};

Result<FilterTree> parse_filter(std::string_view text, std::string_view where);
std::string print_filter(const FilterNode& node);

// "0.5", "0.5Cel", "5%", "5m": a number and the unit behind it, as filters write them.
Result<FilterOperand> parse_quantity(std::string_view text, std::string_view where);

}  // namespace dts
