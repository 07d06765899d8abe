// Plans: how long making one takes for a pair of types of 20 fields, how much memory it holds, and
// what a unit conversion adds to a field.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <new>

#include <dts/value.hpp>

#include "record.hpp"

namespace {

std::size_t allocated = 0;  // bytes asked for and not given back; one thread

struct Header {
  alignas(std::max_align_t) std::size_t size;
};

}  // namespace

void* operator new(std::size_t size) {
  auto* header = static_cast<Header*>(std::malloc(sizeof(Header) + size));
  if (header == nullptr) std::abort();
  header->size = size;
  allocated += size;
  return header + 1;
}
void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  Header* header = static_cast<Header*>(memory) - 1;
  allocated -= header->size;
  std::free(header);
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

void assignment(benchmark::State& state) {
  const dts::Type from = twenty(false), to = twenty(true);
  for (auto _ : state) benchmark::DoNotOptimize(dts::Assignment::make(from, to));
}

void plan(benchmark::State& state, const char* name) {
  const dts::Type from = twenty(false), to = twenty(true);
  const auto layout = dts::Layout::of(to).value();
  const auto assignment = dts::Assignment::make(from, to);
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::size_t before = allocated;
    const auto decoder = bench::format(name).decoder(assignment, *layout).value();
    bytes = allocated - before;
    benchmark::DoNotOptimize(decoder.get());
  }
  state.counters["plan_bytes"] = static_cast<double>(bytes);
}

// Both halves: what a subscriber pays when it sees a type for the first time.
void assignment_and_plan(benchmark::State& state, const char* name) {
  const dts::Type from = twenty(false), to = twenty(true);
  const auto layout = dts::Layout::of(to).value();
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        bench::format(name).decoder(dts::Assignment::make(from, to), *layout).value());
  }
}

// Twenty f64 fields, read as they are or converted.
void units(benchmark::State& state, const char* name, const char* unit) {
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
  bench::format(name).encoder(written.layout()).value()->encode(written.data(), message).value();
  const auto decoder =
      bench::format(name).decoder(dts::Assignment::make(from, to), read.layout()).value();
  for (auto _ : state) benchmark::DoNotOptimize(decoder->decode(message, read.data()).ok());
}

BENCHMARK(assignment)->Name("plan/assignment_20_fields");
const int registered = [] {
  for (const dts::Format* each : dts::built_in_formats()) {
    if (each->name() == "raw") continue;
    const std::string name(each->name());
    benchmark::RegisterBenchmark(("plan/decoder_20_fields/" + name).c_str(), plan,
                                 each->name().data());
    benchmark::RegisterBenchmark(("plan/both_20_fields/" + name).c_str(), assignment_and_plan,
                                 each->name().data());
    benchmark::RegisterBenchmark(("units/20_f64_same/" + name).c_str(), units, each->name().data(),
                                 "[degF]");
    benchmark::RegisterBenchmark(("units/20_f64_converted/" + name).c_str(), units,
                                 each->name().data(), "Cel");
  }
  return 0;
}();

}  // namespace
