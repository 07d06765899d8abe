// The importers, one a language; schema.cpp chooses. Each takes a checked text.
#pragma once

#include <schema/schema.hpp>

namespace dts::schema {

Result<Imported> import_proto(const std::string& name, std::string_view text, const OpenFile& open,
                              std::string_view root);
Result<Imported> import_capnp(const std::string& name, std::string_view text, const OpenFile& open,
                              std::string_view root);
Result<Imported> import_avro(const std::string& name, std::string_view text, std::string_view root);
Result<Imported> import_json_schema(const std::string& name, std::string_view text,
                                    std::string_view root);
Result<Imported> import_jtd(const std::string& name, std::string_view text, std::string_view root);

Result<std::string> export_avro(const Type& type);
Result<std::string> export_json_schema(const Type& type);
Result<std::string> export_jtd(const Type& type);
Result<std::string> export_cpp(const Type& type);
Result<std::string> export_python(const Type& type);

}  // namespace dts::schema
