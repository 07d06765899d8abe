// The notation: types as people read and write them (docs/reference/types.md, "Notation").
// Owns parsing and printing; the rules for what a type may be are in rules.cpp. Any thread.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dts/result.hpp>
#include <dts/type.hpp>

namespace dts {

// A text and its name, for errors that show the line with a caret under the place.
class SourceText {
 public:
  SourceText(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  const std::string& text() const noexcept { return text_; }
  // `why` holds the line and the caret, each on a line of its own; `where` is "name:line:column".
  Error error(std::size_t offset, std::size_t length, std::string what, std::string hint = {},
              ErrorCode code = ErrorCode::notation) const;

 private:
  std::string text_;
  std::string name_;
};

struct ParsedNotation {
  // In the order written; not yet checked beyond what parsing needs.
  std::vector<TypeNode> nodes;

  struct Span {
    std::size_t offset, length;
  };
  SourceText source;
  std::map<std::string, Span, std::less<>> places;  // "Type" and "Type.member"

  // An error of the rules whose where() is a type or member, shown in the text.
  Error locate(const Error& error) const;
};

Result<ParsedNotation> parse_notation(std::string_view text, std::string_view where);

std::string print_notation(std::span<const TypeNode> nodes, Type::Style style);
std::string print_type(const TypeRef& type, std::span<const TypeNode> nodes);
// "closed enum brewery.State"
std::string print_header(const TypeNode& node);
// Each member on a line of its own, without docs: "celsius : f64 [Cel]", "idle = 0".
std::vector<std::string> print_members(const TypeNode& node, std::span<const TypeNode> nodes);

}  // namespace dts
