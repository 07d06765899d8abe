// What every importer must do with any text: make types that come back from their notation, or say
// why not.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <schema/schema.hpp>

namespace dts::schema {

inline int fuzz_importer(Language language, const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const OpenFile none = [](const std::string& path) -> Result<std::string> {
    return Error(ErrorCode::file, "cannot find", path);
  };
  const auto imported = import_text(language, "fuzz", text, none);
  if (!imported) {
    if (imported.error().text().empty()) std::abort();
    return 0;
  }
  for (const ImportedType& each : imported->types) {
    const auto again = Type::parse(each.type.print());
    if (!again || *again != each.type) std::abort();
    if (each.binding.valid() && !Binding::from_document(each.binding.document(), each.type))
      std::abort();
  }
  return 0;
}

}  // namespace dts::schema
