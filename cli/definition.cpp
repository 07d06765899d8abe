#include <cli/definition.hpp>

#include <optional>
#include <vector>

#include <base/text.hpp>
#include <cli/words.hpp>
#include <schema/schema.hpp>
#include <type/unit.hpp>

namespace dts::cli {

namespace {

Result<Definition> from_file(Output& out, const std::string& path, std::string_view name) {
  std::optional<schema::Language> language;
  if (!schema::is_schema_path(path)) language = schema::Language::notation;
  DTS_ASSIGN(const schema::Imported imported, schema::import_schema(path, name, language));
  for (const std::string& note : imported.notes) out.note("# " + base::printable(note));
  return Definition{imported.types[0].type, imported.types[0].binding};
}

}  // namespace

Result<Definition> read_definition(Output& out, const std::string& text, std::string_view name,
                                   std::string_view flag) {
  Definition definition;
  if (text.find('{') == std::string::npos) {
    DTS_ASSIGN(definition, from_file(out, text, name));
  } else {
    DTS_ASSIGN(definition.type, Type::parse(text, flag));
  }
  if (!name.empty() && definition.type.name() != name) {
    return Error(ErrorCode::invalid_argument, std::string(flag) + " defines \"" +
                                                  definition.type.name() + "\", not \"" +
                                                  std::string(name) + "\"");
  }
  note_unknown_units(out, definition.type);
  return definition;
}

void note_unknown_units(Output& out, const Type& type) {
  for (const TypeNode& node : type.nodes()) {
    for (const Field& field : node.fields) {
      if (field.unit.empty()) continue;
      const Result<Unit> unit = parse_unit(field.unit);
      if (unit) continue;
      const std::string hint = unit.error().hint();
      out.note("# " + base::printable(node.name) + "." + field.name + ": the unit \"" +
               base::printable(field.unit) + "\" is not known: it is read only as itself" +
               (hint.empty() ? "" : " (try: " + hint + ")"));
    }
  }
}

Result<const Format*> named_format(const std::string& name) {
  if (const Format* format = find_format(built_in_formats(), name)) return format;
  std::vector<std::string> names;
  for (const Format* format : built_in_formats()) names.emplace_back(format->name());
  return Error(ErrorCode::unknown_format, "there is no format \"" + base::printable(name) + "\"",
               {}, {}, joined(names, ", "));
}

}  // namespace dts::cli
