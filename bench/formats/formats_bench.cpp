// Formats: our plans over one record of ten fields. The peers are in the other files of this
// program; compare rows of one run, absolute numbers are the machine's.
#include <benchmark/benchmark.h>

#include "record.hpp"

namespace {

using bench::format;
using bench::layout;

std::unique_ptr<dts::Decoder> decoder(const char* name) {
  const auto same = dts::Assignment::make(layout().type, layout().type);
  return format(name).decoder(same, layout()).value();
}

void encode(benchmark::State& state, const char* name) {
  const auto encoder = format(name).encoder(layout()).value();
  const BenchRecord value = record();
  dts::Bytes out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(encoder->encode(&value, out).ok());
  }
  state.counters["bytes"] = static_cast<double>(out.size());
}

void decode(benchmark::State& state, const char* name) {
  const BenchRecord value = record();
  dts::Bytes message;
  format(name).encoder(layout()).value()->encode(&value, message).value();
  const auto plan = decoder(name);
  BenchRecord read{};
  for (auto _ : state) benchmark::DoNotOptimize(plan->decode(message, &read).ok());
}

}  // namespace

int main(int argc, char** argv) {
  for (const dts::Format* each : dts::built_in_formats()) {
    const std::string name(each->name());
    if (!each->encoder(layout())) continue;  // raw takes no such record
    benchmark::RegisterBenchmark(("encode/" + name).c_str(), encode, each->name().data());
    benchmark::RegisterBenchmark(("decode/" + name).c_str(), decode, each->name().data());
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
