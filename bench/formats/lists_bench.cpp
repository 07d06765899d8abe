// A million numbers, and 100 MiB of bytes, beside memcpy of as many.
#include <benchmark/benchmark.h>

#include <cstring>

#include "record.hpp"

namespace {

struct BenchNumbers {
  std::vector<double> numbers;
  static constexpr auto dts = dts::type("bench.Numbers");
};
struct BenchBytes {
  std::vector<std::uint8_t> data;
  static constexpr auto dts = dts::type("bench.Bytes");
};

BenchNumbers numbers() {
  BenchNumbers value;
  for (int i = 0; i < 1'000'000; ++i) value.numbers.push_back(i * 0.3);
  return value;
}
BenchBytes bytes() {
  BenchBytes value;
  value.data.assign(100u << 20, 7);
  return value;
}

template <class T>
void encode(benchmark::State& state, const char* name, const T& value) {
  const auto encoder = bench::format(name).encoder(dts::layout_of<T>()).value();
  dts::Bytes out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(encoder->encode(&value, out).ok());
  }
}

template <class T>
void decode(benchmark::State& state, const char* name, const T& value) {
  const dts::Layout& layout = dts::layout_of<T>();
  dts::Bytes message;
  bench::format(name).encoder(layout).value()->encode(&value, message).value();
  const auto decoder =
      bench::format(name).decoder(dts::Assignment::make(layout.type, layout.type), layout).value();
  T read{};
  for (auto _ : state) benchmark::DoNotOptimize(decoder->decode(message, &read).ok());
}

void copy(benchmark::State& state, std::size_t size) {
  std::vector<std::uint8_t> from(size, 1), to(size, 2);
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), size);
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
}

const int registered = [] {
  static const BenchNumbers many = numbers();
  static const BenchBytes large = bytes();
  benchmark::RegisterBenchmark("million_f64/memcpy", copy, std::size_t{8'000'000});
  benchmark::RegisterBenchmark("100MiB/memcpy", copy, std::size_t{100} << 20);
  for (const dts::Format* each : dts::built_in_formats()) {
    const char* name = each->name().data();
    const std::string text(each->name());
    if (each->name() != "raw") {
      benchmark::RegisterBenchmark(("million_f64/encode/" + text).c_str(), encode<BenchNumbers>,
                                   name, many);
      benchmark::RegisterBenchmark(("million_f64/decode/" + text).c_str(), decode<BenchNumbers>,
                                   name, many);
    }
    if (each->is_text()) continue;  // base64
    benchmark::RegisterBenchmark(("100MiB/encode/" + text).c_str(), encode<BenchBytes>, name,
                                 large);
    benchmark::RegisterBenchmark(("100MiB/decode/" + text).c_str(), decode<BenchBytes>, name,
                                 large);
  }
  return 0;
}();

}  // namespace
