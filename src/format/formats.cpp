// The table of the formats in this build, made by src/plugins.cmake.
#include <dts/format.hpp>

#include <generated/formats.inc>

namespace dts {

const Format* find_format(Formats formats, std::string_view name) {
  for (const Format* format : formats) {
    if (format->name() == name) return format;
  }
  return nullptr;
}

const Format* find_format(Formats formats, std::uint8_t code) {
  for (const Format* format : formats) {
    if (format->code() == code) return format;
  }
  return nullptr;
}

}  // namespace dts
