#include <schema/schema.hpp>

#include <array>

#include <base/text.hpp>
#include <dts/format.hpp>
#include <format/protobuf_shape.hpp>
#include <schema/draft.hpp>
#include <schema/importers.hpp>
#include <schema/json_text.hpp>
#include <schema/source.hpp>

namespace dts::schema {

namespace {

constexpr std::array<std::string_view, 8> kNames{"notation",    "proto", "capnp", "avro",
                                                 "json-schema", "jtd",   "cpp",   "python"};

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

Result<Imported> import_notation(const std::string& name, std::string_view text,
                                 std::string_view root) {
  DTS_ASSIGN(std::vector<Type> types, Type::parse_all(text, name));
  Imported imported;
  std::vector<std::string> names;
  for (Type& type : types) {
    names.push_back(type.name());
    if (root.empty() || type.name() == root || last_word(type.name()) == root)
      imported.types.push_back({std::move(type), Binding(), {}});
  }
  if (!imported.types.empty()) return imported;
  return Error(ErrorCode::invalid_type,
               "the schema does not define \"" + base::printable(root) + "\"", name, {},
               base::nearest(root, names));
}

Result<Imported> import_checked(Language language, const std::string& name, std::string_view text,
                                const OpenFile& open, std::string_view root) {
  switch (language) {
    case Language::notation:
      return import_notation(name, text, root);
    case Language::proto:
      return import_proto(name, text, open, root);
    case Language::capnp:
      return import_capnp(name, text, open, root);
    case Language::avro:
      return import_avro(name, text, root);
    case Language::json_schema:
      return import_json_schema(name, text, root);
    case Language::jtd:
      return import_jtd(name, text, root);
    default:
      return Error(ErrorCode::unsupported,
                   std::string(language_name(language)) + " is only written, not read", name, {},
                   "import the schema it was made from");
  }
}

// The numbers are the ids, and some are no numbers of Protocol Buffers.
Result<std::string> export_proto(const Type& type) {
  for (const TypeNode& node : type.nodes()) DTS_TRY(format::protobuf::slots_of(node, nullptr));
  return to_proto_schema(type);
}

}  // namespace

std::string_view language_name(Language language) {
  return kNames[static_cast<std::size_t>(language)];
}

std::optional<Language> find_language(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Language>(i);
  }
  return {};
}

bool is_schema_path(std::string_view path) {
  return ends_with(path, ".proto") || ends_with(path, ".capnp") || ends_with(path, ".avsc") ||
         ends_with(path, ".json") || ends_with(path, ".jtd");
}

std::optional<Language> language_of(const std::string& path, std::string_view text) {
  if (ends_with(path, ".proto")) return Language::proto;
  if (ends_with(path, ".capnp")) return Language::capnp;
  if (ends_with(path, ".avsc")) return Language::avro;
  if (ends_with(path, ".jtd") || ends_with(path, ".jtd.json")) return Language::jtd;
  if (ends_with(path, ".schema.json")) return Language::json_schema;
  if (ends_with(path, ".json")) return json_language(text);
  if (ends_with(path, ".dts") || path == "-") return Language::notation;
  return {};
}

Result<Imported> import_schema(const std::string& path, std::string_view root,
                               std::optional<Language> language) {
  DTS_ASSIGN(const std::string text, read_file(path));
  if (!language) language = language_of(path, text);
  if (!language) {
    return Error(ErrorCode::invalid_argument, "cannot tell what language the schema is in", path,
                 {}, "--from proto, capnp, avro, json-schema, jtd or notation");
  }
  return import_text(*language, path, text, open_beside(path), root);
}

Result<Imported> import_text(Language language, const std::string& name, std::string_view text,
                             const OpenFile& open, std::string_view root) {
  DTS_TRY(check_source(language, name, text));
  return import_checked(language, name, text, open, root);
}

Result<std::string> export_schema(const Type& type, Language language) {
  switch (language) {
    case Language::notation:
      return type.print(Type::Style::lines);
    case Language::proto:
      return export_proto(type);
    case Language::capnp:
      return to_capnp_schema(type);
    case Language::avro:
      return export_avro(type);
    case Language::json_schema:
      return export_json_schema(type);
    case Language::jtd:
      return export_jtd(type);
    case Language::cpp:
      return export_cpp(type);
    default:
      return export_python(type);
  }
}

}  // namespace dts::schema
