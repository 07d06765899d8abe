// Values in a for loop instead of a handler.
//   ./06_stream          prints the next ten readings, then ends
#include <cstdio>
#include <dts/dts.hpp>

struct Temperature {
  double celsius;
  std::int32_t tank;
  static constexpr auto dts =
      dts::type("brewery.Temperature", dts::field(&Temperature::celsius).unit("Cel"));
};

int main() {
  dts::Domain domain;
  auto readings = domain.stream<Temperature>();
  int count = 0;
  for (auto& [reading, sample] : readings) {
    std::printf("%s  tank %d  %.2f C\n", sample.source().c_str(), reading.tank, reading.celsius);
    if (++count == 10) break;
  }
}
