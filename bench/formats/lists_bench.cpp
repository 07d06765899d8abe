// A million numbers, and 100 MiB of bytes, beside memcpy of as many.
#include <cstring>

#include "measured.hpp"
#include "record.hpp"

namespace {

using bench::Run;

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
void encode(Run& run, const dts::Format& format, const T& value) {
  const auto encoder = format.encoder(dts::layout_of<T>()).value();
  dts::Bytes out;
  for (auto _ : run) {
    out.clear();
    bench::keep(encoder->encode(&value, out).ok());
  }
}

template <class T>
void decode(Run& run, const dts::Format& format, const T& value) {
  const dts::Layout& layout = dts::layout_of<T>();
  dts::Bytes message;
  format.encoder(layout).value()->encode(&value, message).value();
  const auto decoder =
      format.decoder(dts::Assignment::make(layout.type, layout.type), layout).value();
  T read{};
  for (auto _ : run) bench::keep(decoder->decode(message, &read).ok());
}

void copy(Run& run, std::size_t size) {
  std::vector<std::uint8_t> from(size, 1), to(size, 2);
  for (auto _ : run) {
    std::memcpy(to.data(), from.data(), size);
    bench::keep(*to.data());
  }
}

const int registered = [] {
  static const BenchNumbers many = numbers();
  static const BenchBytes large = bytes();
  bench::add("million_f64/memcpy", [](Run& run) { copy(run, 8'000'000); });
  bench::add("100MiB/memcpy", [](Run& run) { copy(run, std::size_t{100} << 20); });
  for (const dts::Format* each : dts::built_in_formats()) {
    if (each->name() == "raw") continue;
    const std::string name(each->name());
    bench::add("million_f64/encode/" + name, [=](Run& run) { encode(run, *each, many); });
    bench::add("million_f64/decode/" + name, [=](Run& run) { decode(run, *each, many); });
    if (each->is_text()) continue;  // base64
    bench::add("100MiB/encode/" + name, [=](Run& run) { encode(run, *each, large); });
    bench::add("100MiB/decode/" + name, [=](Run& run) { decode(run, *each, large); });
  }
  return 0;
}();

}  // namespace
