// Type documents off the network: what is accepted is exactly canonical and can be printed, read
// back and compared; what is not is refused without harm.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include <dts/assignment.hpp>
#include <dts/type.hpp>

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dts::ByteView input(data, size);
  const auto type = dts::Type::from_document(input);
  if (!type) {
    require(!type.error().text().empty());
    return 0;
  }
  require(std::ranges::equal(type->document(), input));
  const auto parsed = dts::Type::parse(type->print());
  require(parsed.ok() && *parsed == *type);
  const auto short_form = dts::Type::parse(type->print(dts::Type::Style::one_line));
  require(short_form.ok() && *short_form == *type);
  require(dts::Assignment::make(*type, *parsed).outcome() == dts::Outcome::identical);
  const std::uint32_t last = static_cast<std::uint32_t>(type->nodes().size()) - 1;
  const dts::Type part = type->at(last);
  const auto again = dts::Type::from_document(part.document());
  require(again.ok() && *again == part);
  return 0;
}
