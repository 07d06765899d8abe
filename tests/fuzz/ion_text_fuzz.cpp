// The Ion decoder over foreign bytes that do not begin as binary does: text.
#include <fuzz/format_fuzz.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return dts::fuzz::run("ion", data, size);
}
