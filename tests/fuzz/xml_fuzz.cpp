// The XML decoder over foreign bytes.
#include <fuzz/format_fuzz.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return dts::fuzz::run("xml", data, size);
}
