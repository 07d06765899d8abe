// Units as strangers write them: two of them, parted by a semicolon. Parsing stays within its
// bounds, says where an error is, and what converts forth converts back.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <type/unit.hpp>
#include <type/unit_change.hpp>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find(';');
  const std::string_view from = text.substr(0, end);
  const std::string_view to = end == std::string_view::npos ? "m" : text.substr(end + 1);
  for (const std::string_view unit : {from, to}) {
    const auto parsed = dts::parse_unit(unit);
    if (!parsed) require(!parsed.error().what().empty() && !parsed.error().where().empty());
  }
  const auto forth = dts::relate_units(from, to, false, false);
  const auto back = dts::relate_units(to, from, false, false);
  require(forth.problem.empty() == back.problem.empty());
  require(forth.change.has_value() == back.change.has_value());
  if (!forth.change) return 0;
  const double there = dts::in_unit(*forth.change, 21.5);
  const double again = dts::in_unit(*back.change, there);
  if (std::isnormal(there) && std::abs(there) < 1e250 && std::abs(there) > 1e-250)
    require(std::abs(again - 21.5) < 1e-6 || std::abs(there) > 1e9 || std::abs(there) < 1e-9);
  return 0;
}
