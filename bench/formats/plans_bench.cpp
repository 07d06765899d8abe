// Plans: how long making one takes for a pair of types of 20 fields, how much memory it holds, and
// what a unit conversion adds to a field.
#include <malloc.h>

#include <cstdlib>
#include <new>

#include <dts/value.hpp>

#include "measured.hpp"
#include "record.hpp"

namespace {

using bench::Run;

bool counting = false;
std::size_t allocated = 0;  // bytes got from malloc and not given back while counting

}  // namespace

void* operator new(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  if (counting) allocated += malloc_usable_size(memory);
  return memory;
}
void operator delete(void* memory) noexcept {
  if (counting) allocated -= malloc_usable_size(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace {

// The same twenty fields; `wide` widens, converts units, makes optional.
dts::Type twenty(bool wide) {
  std::string text = "bench.Twenty{";
  for (int i = 0; i < 20; ++i) {
    static constexpr const char* narrow_kinds[] = {"i32", "f64[Cel]", "text", "u16", "f32"};
    static constexpr const char* wide_kinds[] = {"i64", "f64[[degF]]", "optional<text>", "u32",
                                                 "f64"};
    text += (i == 0 ? "" : ", ") + ("field_" + std::to_string(i)) + ":" +
            (wide ? wide_kinds : narrow_kinds)[i % 5];
  }
  return dts::Type::parse(text + "}").value();
}

void assignment(Run& run) {
  const dts::Type from = twenty(false), to = twenty(true);
  for (auto _ : run) bench::keep(dts::Assignment::make(from, to));
}

void plan(Run& run, const dts::Format& format) {
  const dts::Type from = twenty(false), to = twenty(true);
  const auto layout = dts::Layout::of(to).value();
  const auto assignment = dts::Assignment::make(from, to);
  for (auto _ : run) bench::keep(format.decoder(assignment, *layout).value());
  allocated = 0;
  counting = true;
  const auto decoder = format.decoder(assignment, *layout).value();
  counting = false;
  run.note = static_cast<double>(allocated);
}

// Both halves: what a subscriber pays when it sees a type for the first time.
void assignment_and_plan(Run& run, const dts::Format& format) {
  const dts::Type from = twenty(false), to = twenty(true);
  const auto layout = dts::Layout::of(to).value();
  for (auto _ : run) {
    bench::keep(format.decoder(dts::Assignment::make(from, to), *layout).value());
  }
}

// Twenty f64 fields, read as they are or converted.
void units(Run& run, const dts::Format& format, const char* unit) {
  const auto type_with = [](const std::string& each) {
    std::string text = "bench.Units{";
    for (int i = 0; i < 20; ++i)
      text += (i == 0 ? "x" : ", x") + std::to_string(i) + ":f64[" + each + "]";
    return dts::Type::parse(text + "}").value();
  };
  const dts::Type from = type_with("[degF]"), to = type_with(unit);
  dts::Value written = dts::Value::of(from).value(), read = dts::Value::of(to).value();
  for (int i = 0; i < 20; ++i) written.set("x" + std::to_string(i), 70.0 + i).value();
  dts::Bytes message;
  format.encoder(written.layout()).value()->encode(written.data(), message).value();
  const auto decoder = format.decoder(dts::Assignment::make(from, to), read.layout()).value();
  for (auto _ : run) bench::keep(decoder->decode(message, read.data()).ok());
}

const int registered = [] {
  bench::add("plan/assignment", assignment);
  for (const dts::Format* each : dts::built_in_formats()) {
    if (each->name() == "raw") continue;
    const std::string name(each->name());
    bench::add("plan/decoder/" + name, [each](Run& run) { plan(run, *each); });
    bench::add("plan/both/" + name, [each](Run& run) { assignment_and_plan(run, *each); });
    bench::add("units/same/" + name, [each](Run& run) { units(run, *each, "[degF]"); });
    bench::add("units/converted/" + name, [each](Run& run) { units(run, *each, "Cel"); });
  }
  return 0;
}();

}  // namespace
