// Schemas in the language capnp as anybody may write them.
#include "schema_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return dts::schema::fuzz_importer(dts::schema::Language::capnp, data, size);
}
