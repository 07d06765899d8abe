// The type is the address: publish a Temperature and whoever asked for Temperature has it.
//   ./01_hello          subscribes, and publishes a reading a second
// Run it twice, on one machine or on two: both see both.
#include <cstdio>
#include <dts/dts.hpp>
#include <thread>

struct Temperature {
  double celsius;
  std::int32_t tank;
  static constexpr auto dts =
      dts::type("brewery.Temperature", dts::field(&Temperature::celsius).unit("Cel"));
};

int main() {
  dts::Domain domain;  // "default", this network
  auto readings = domain.subscribe<Temperature>([](const Temperature& t, const dts::Sample& s) {
    std::printf("%s  tank %d  %.2f C  %.1f ms old\n", s.source().c_str(), t.tank, t.celsius,
                s.age_ms());
    std::fflush(stdout);
  });
  domain.start();  // handlers run on the domain's own thread
  for (int second = 0; second < 5; ++second) {
    domain.publish(Temperature{18.4 + 0.1 * second, 3}).value();
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}
