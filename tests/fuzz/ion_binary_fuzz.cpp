// The Ion decoder over foreign bytes behind a version marker: binary.
#include <format/ion_symbols.hpp>
#include <fuzz/format_fuzz.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  dts::Bytes message{data[0]};
  message.insert(message.end(), dts::format::ion::version_marker.begin(),
                 dts::format::ion::version_marker.end());
  message.insert(message.end(), data + 1, data + size);
  return dts::fuzz::run("ion", message.data(), message.size());
}
