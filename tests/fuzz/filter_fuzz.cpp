// Filter expressions as people and programs bring them: what parses prints and parses back to the
// same; what compiles for a type of every kind runs over values of it; what does not gives an
// error with a text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <dts/filter.hpp>
#include <dts/type.hpp>
#include <dts/value.hpp>

namespace {

constexpr const char* kType = R"(
t.All {
  f : f64 [Cel], g : f32, i : i32, u : u64, b : bool, s : text, y : bytes, at : time
  d : duration, m : decimal, e : t.State, o : f64?, l : list<f64>, a : array<i16, 2>
  k : map<text, i32>, p : t.Pump, v : t.Event, in : i32, x : any
}
t.Pump { rpm : i32, backup : optional<t.Pump> }
enum t.State { idle = 0, heating = 1 }
union t.Event { started : time, failed : text }
)";

void require(bool condition) {
  if (!condition) std::abort();
}

dts::Value filled() {
  dts::Value value = dts::Value::of(*dts::Type::parse(kType)).value();
  for (const auto& [path, text] :
       {std::pair("f", "20.5"), std::pair("g", "0.1"), std::pair("u", "18446744073709551615"),
        std::pair("s", "pi-1"), std::pair("y", "0x0aff"), std::pair("m", "-12.50"),
        std::pair("at", "2026-11-22T10:00:00Z"), std::pair("o", "nan"), std::pair("l.0", "1"),
        std::pair("k.a", "7"), std::pair("p.backup.rpm", "5"), std::pair("v.failed", "dry")})
    require(value.set(path, std::string_view(text)).ok());
  return value;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const dts::Value empty = dts::Value::of(*dts::Type::parse(kType)).value();
  static const dts::Value full = filled();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto canonical = dts::Filter::canonical(text);
  const auto filter = dts::Filter::compile(text, full.layout(), "fuzz");
  if (!canonical) {
    require(!filter.ok() && !filter.error().text().empty());
    return 0;
  }
  // The one spelling may be a little longer: a time has all its digits.
  const auto again = dts::Filter::canonical(*canonical);
  if (canonical->size() <= dts::FilterLimits::text_bytes_max)
    require(again.ok() && *again == *canonical);
  if (!filter) {
    require(!filter.error().text().empty());
    return 0;
  }
  require(filter->print() == *canonical);
  const dts::Time now = dts::Time(dts::Duration(1'800'000'000'000'000'000));
  const bool matches = filter->matches(full.data(), now);
  (void)filter->matches(empty.data(), now);
  if (canonical->size() > dts::FilterLimits::text_bytes_max) return 0;
  const auto other = dts::Filter::compile(*canonical, full.layout());
  require(other.ok() && other->matches(full.data(), now) == matches);
  return 0;
}
