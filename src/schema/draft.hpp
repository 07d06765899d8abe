// Draft: what an importer has read, member by member, as pieces of the notation. finish() puts the
// pieces together, has the notation's own parser make the types (one set of rules, one way to read
// defaults), and says of what is wrong where it stood in the schema. One thread at a time.
//
// What a language cannot say stands in annotations, of which all importers know the same five:
//   unit, quantity, name   of a member; name also of a type
//   field                  a member as the notation declares it: "key tank @3 : i8 [Cel] = 0"
//   type                   a type as the notation heads it: "closed union brewery.Event"
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <dts/binding.hpp>
#include <schema/schema.hpp>

namespace dts::schema {

struct DraftMember {
  std::string name;
  std::string type;           // in the notation; of a symbol: its number
  std::string default_value;  // in the notation; empty: none
  std::string unit, quantity, doc;
  std::string field;  // the annotation: replaces all of the above but the doc
  std::string place;  // "file:line:column", for errors
  BindingMember binding;
};

struct DraftNode {
  std::string name;
  std::string own_name;  // as ImportedType has it
  Kind kind = Kind::structure;
  bool closed = false;
  bool own = true;  // of the file itself, not of one it imports
  std::string doc, place;
  std::deque<DraftMember> members;
  BindingNode binding;

  DraftMember& add(std::string member_name, std::string type, std::string where) {
    DraftMember& member = members.emplace_back();
    member.name = std::move(member_name);
    member.type = std::move(type);
    member.place = std::move(where);
    return member;
  }
};

class Draft {
 public:
  // `format`: what the binding is for; empty: there is none.
  Draft(std::string file, std::string format)
      : file_(std::move(file)), format_(std::move(format)) {}

  DraftNode& add(std::string name, Kind kind, std::string place);
  bool has(std::string_view name) const { return names_.count(std::string(name)) != 0; }
  // `wanted`, or with a number behind it when there is such a type already.
  std::string free_name(std::string wanted) const;
  void note(std::string text);
  // Enumerations that the schema can only name in annotations, one notation each.
  Result<void> add_enumeration(std::string_view notation, const std::string& place);
  // Applies the annotation `type` to a node that has its fields' kind already: name and closed.
  Result<void> head(DraftNode& node, std::string_view type, const std::string& place);

  Result<Imported> finish(std::string_view root);

 private:
  struct Line {
    std::string text, place;
  };
  Result<std::vector<Line>> lines() const;
  Result<std::vector<Type>> parse() const;
  Result<Binding> binding(const Type& type) const;

  std::string file_, format_;
  std::deque<DraftNode> nodes_;
  std::set<std::string> names_;
  std::vector<Line> enumerations_;
  std::vector<std::string> notes_;
};

// A type of the notation, taken apart: "map<text, list<a.B>>". Empty name: not one.
struct Term {
  std::string name;
  std::vector<Term> arguments;
  std::uint32_t length = 0;  // of an array
};
Term read_term(std::string_view text);

// The parts of an annotation `field`.
struct Declaration {
  std::string name, type;
};
// Refuses what is not exactly one member.
Result<Declaration> read_declaration(std::string_view field, const std::string& place);
// The member as the annotation `field` says it.
std::string declare(const Field& field, const Type& type);
// The head of a type as the annotation `type` says it.
std::string declare(const TypeNode& node);
// An enumeration in one line of the notation.
std::string declare_enumeration(const TypeNode& node);
// A default as the notation writes it.
std::string default_text(const Field& field, const Type& type);
// How a language writes a text in quotes.
struct Quotes {
  const char* escape;                // printf's format of a byte that is not printable
  std::string_view marked = "\"\\";  // what stands behind a backslash
  bool ascii = false;                // bytes above 0x7f are escaped too
};
constexpr Quotes notation_quotes{"\\u{%x}"};
constexpr Quotes json_quotes{"\\u%04x"};
std::string quote(std::string_view text, const Quotes& quotes = notation_quotes);
std::string hex_bytes(ByteView bytes);  // 0x00ff
// The name in the annotation `type`: the last word of it.
std::string headed_name(std::string_view type);
// A number that reads back as the same: "1.5", "nan", "inf".
std::string real_text(double value);
std::string real_text(float value);
// brewery.mash_tun -> mash_tun; the part before it, without the dot.
std::string last_word(std::string_view name);
std::string words_before(std::string_view name);

Error refused(std::string what, std::string place, std::string why = {}, std::string hint = {});

}  // namespace dts::schema
