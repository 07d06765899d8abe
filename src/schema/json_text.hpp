// Json: a JSON text as a tree, for the schema languages written in it. The parser is simdjson's;
// the tree keeps the order of members. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dts/result.hpp>
#include <schema/draft.hpp>
#include <schema/schema.hpp>

namespace dts::schema {

struct Json {
  enum class Sort : std::uint8_t { null, boolean, integer, real, text, array, object };
  Sort sort = Sort::null;
  bool boolean = false;
  std::string text;  // of an integer: its digits
  double real = 0;
  std::vector<Json> items;
  std::vector<std::pair<std::string, Json>> members;

  // Out of line: clang 16 needs the whole of Json before it makes these.
  Json();
  Json(const Json&);
  Json(Json&&) noexcept;
  Json& operator=(const Json&);
  Json& operator=(Json&&) noexcept;
  ~Json();

  bool is(Sort other) const { return sort == other; }
  bool is_text(std::string_view other) const { return sort == Sort::text && text == other; }
  // Null when there is none, or this is no object.
  const Json* find(std::string_view name) const;
  // The text of a member; empty when there is none.
  std::string text_of(std::string_view name) const;

  static Json of(std::string_view text);
  static Json of(const char* text) { return of(std::string_view(text)); }
  static Json of(const std::string& text) { return of(std::string_view(text)); }
  static Json of(bool value);
  static Json of(std::uint64_t value);
  static Json object();
  static Json array();
  static Json null() { return {}; }
  Json& set(std::string_view name, Json value);  // appends; *this
  Json& push(Json value);
};

Result<Json> parse_json(const std::string& name, std::string_view text);
// Two blanks a level; what is short stands on one line.
std::string print_json(const Json& json);
// The three languages that a .json file may be in; empty: it is no JSON object.
std::optional<Language> json_language(std::string_view text);

// A JSON value as the notation writes a default of this type; empty: it cannot be one.
std::string default_of(const Json& value, const Term& type);

// A doc, unit, quantity, name and field, from members with these names behind `prefix`.
void read_annotations(const Json& from, std::string_view prefix, DraftMember& member);
// Which annotation must the field carry, given what an importer would read without (empty: it
// cannot be read so)?
bool needs_declaration(const Field& field, const Type& type, std::string_view natural);
// Its values are 0, 1, 2 ... and it is open: the symbols alone say all.
bool is_plain_enumeration(const TypeNode& node);
// Applies the annotation `type` of an enumeration that holds all of it; the symbols must agree.
Result<void> whole_enumeration(Draft& draft, std::string_view notation,
                               const std::vector<std::string>& symbols, const std::string& place);

}  // namespace dts::schema
