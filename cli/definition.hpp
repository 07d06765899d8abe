// A type that a person defines in the command: --define, --as and --shape take the notation itself
// or a file with it, or a schema of another system, whose binding comes along.
#pragma once

#include <string>
#include <string_view>

#include <cli/output.hpp>
#include <dts/binding.hpp>
#include <dts/format.hpp>
#include <dts/type.hpp>

namespace dts::cli {

struct Definition {
  Type type;
  Binding binding;  // not valid(): the formats' own way to lay out the type
};

// `text` is notation (it has a brace) or the path of a file. `name`: the type meant, which must be
// in it; empty: its first. `flag` stands in errors. What a schema leaves out is told on stderr.
Result<Definition> read_definition(Output& out, const std::string& text, std::string_view name,
                                   std::string_view flag);

// Tells on stderr which units of a type nobody can convert because they are not known: they may be
// meant so, and are most often misspelt.
void note_unknown_units(Output& out, const Type& type);

// What --format says; the error lists those there are.
Result<const Format*> named_format(const std::string& name);

}  // namespace dts::cli
