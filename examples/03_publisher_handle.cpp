// A publisher of one's own: labels say which Temperature, the profile how values are kept.
//   ./03_publisher_handle          publishes ten readings a second of tank 3, for five seconds
#include <cmath>
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
  dts::Domain domain;
  dts::PublishOptions options;
  options.labels = {{"tank", "3"}, {"room", "cellar"}};
  options.profile = dts::Profile::state;  // the newest counts; who joins late gets it at once
  auto tank3 = domain.publisher<Temperature>(options);
  if (!tank3) {
    std::fprintf(stderr, "%s\n", tank3.error().text().c_str());
    return 1;
  }
  domain.start();
  for (int i = 0; i < 50; ++i) {
    if (auto published = tank3->publish({18.0 + 0.5 * std::sin(0.1 * i), 3}); !published)
      std::fprintf(stderr, "%s\n", published.error().text().c_str());
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  std::printf("%s published 50 readings to %zu subscribers\n", tank3->source().name.c_str(),
              tank3->subscribers());
}
