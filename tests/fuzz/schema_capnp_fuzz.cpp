// Schemas in the language capnp as anybody may write them.
#include <unistd.h>

#include "schema_fuzz.hpp"

namespace {
// libcapnpc 0.9 leaves /dev/urandom open whenever it makes up an id for a file that declares none:
// nothing for a command that imports a few files, too much for millions of them. Closed here.
int first_free_descriptor() {
  const int descriptor = dup(0);
  close(descriptor);
  return descriptor;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int first = first_free_descriptor();
  const int result = dts::schema::fuzz_importer(dts::schema::Language::capnp, data, size);
  for (int end = first_free_descriptor(); end > first;) close(--end);
  return result;
}
