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

Result<std::unique_ptr<Encoder>> Format::bound_encoder(const Layout& layout, const Binding&) const {
  return Error(ErrorCode::unsupported, std::string(name()) + " has no bindings", layout.type.name(),
               "its messages say how they are laid out by themselves");
}

Result<std::unique_ptr<Decoder>> Format::bound_decoder(const Assignment& assignment, const Layout&,
                                                       const Binding&, const DecodeLimits&) const {
  return Error(ErrorCode::unsupported, std::string(name()) + " has no bindings",
               assignment.publisher().name(),
               "its messages say how they are laid out by themselves");
}

}  // namespace dts
