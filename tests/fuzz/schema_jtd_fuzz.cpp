// Schemas in the language jtd as anybody may write them.
#include "schema_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return dts::schema::fuzz_importer(dts::schema::Language::jtd, data, size);
}
