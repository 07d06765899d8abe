// The notation as people and files bring it: what parses prints and parses back to the same type;
// what does not gives an error with a place.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <dts/type.hpp>

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto types = dts::Type::parse_all(text, "fuzz");
  if (!types) {
    require(!types.error().text().empty());
    return 0;
  }
  require(!types->empty());
  for (const dts::Type& type : *types) {
    for (const auto style : {dts::Type::Style::lines, dts::Type::Style::one_line}) {
      const auto again = dts::Type::parse(type.print(style));
      require(again.ok() && *again == type);
      require(again->print(style) == type.print(style));
    }
    const auto read = dts::Type::from_document(type.document());
    require(read.ok() && *read == type);
  }
  return 0;
}
