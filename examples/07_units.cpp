// Each side in its own type: this subscriber counts in degrees Celsius and wants a f64, whatever
// the publisher's unit, width and format are. Run it, and publish from a shell:
//   ./07_units
//   dts pub --define 'brewery.Kettle{temperature:f32[[degF]], name:text}' --format protobuf
//     brewery.Kettle temperature=149 name=mash
#include <cstdio>
#include <dts/dts.hpp>

struct Kettle {
  double temperature;
  std::optional<double> pressure;  // not everybody measures it
  static constexpr auto dts =
      dts::type("brewery.Kettle", dts::field(&Kettle::temperature).unit("Cel"),
                dts::field(&Kettle::pressure).unit("bar"));
};

int main() {
  dts::Domain domain;
  auto kettles = domain.subscribe<Kettle>([](const Kettle& kettle, const dts::Sample& sample) {
    std::printf("%s  %.3f Cel%s, sent as %s\n", sample.source().c_str(), kettle.temperature,
                sample.converted() ? " (converted)" : "", sample.origin().format.c_str());
    std::fflush(stdout);
  });
  domain.run();
}
