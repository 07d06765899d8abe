// Schemas of other systems as types, and types as schemas of other systems: .proto, .capnp, Avro,
// JSON Schema, JSON Type Definition, the notation; and, only out, C++ and Python. What a schema
// says about numbers and places that the type does not is its binding. The tables of what stands
// for what are in docs/reference/schemas.md. For tools: libdts does not contain it. Any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <dts/binding.hpp>
#include <dts/result.hpp>
#include <dts/type.hpp>

namespace dts::schema {

enum class Language : std::uint8_t {
  notation,
  proto,
  capnp,
  avro,
  json_schema,
  jtd,
  cpp,     // export only
  python,  // export only
};
// "notation", "proto", "capnp", "avro", "json-schema", "jtd", "cpp", "python".
std::string_view language_name(Language language);
std::optional<Language> find_language(std::string_view name);
// By the end of the file's name, .json by what is in it; empty: none of ours.
std::optional<Language> language_of(const std::string& path, std::string_view text);
// Has the file a name that only a schema has (so that it is not one with the notation)?
bool is_schema_path(std::string_view path);

struct ImportedType {
  Type type;
  // Not valid(): the format's own way to lay out the type is the schema's, or the schema says
  // nothing about bytes (all but .proto and .capnp).
  Binding binding;
  // .capnp: what the file itself calls the struct, "Outer.Inner", whatever its annotations say.
  std::string own_name;
};

struct Imported {
  std::vector<ImportedType> types;  // those of the file itself, in its order; never empty
  std::vector<std::string> notes;   // what was left out and why: "service X is no type"
};

// Opens what a schema imports, by the path the schema says. An error: it is not there.
using OpenFile = std::function<Result<std::string>(const std::string& path)>;

// Reads a schema file and what it imports (relative to the file, to a folder above it, or to the
// working directory). With `root` only that type; its name, or the last words of it.
Result<Imported> import_schema(const std::string& path, std::string_view root = {},
                               std::optional<Language> language = {});
// The same for a text; `name` stands in errors.
Result<Imported> import_text(Language language, const std::string& name, std::string_view text,
                             const OpenFile& open, std::string_view root = {});

// What import_text reads back as the same type id (all but cpp and python).
Result<std::string> export_schema(const Type& type, Language language);

}  // namespace dts::schema
