// Everything of a kind, without knowing its types: they travel with the data.
//   ./04_dynamic [pattern]          shows the values of all types that match ("brewery.*") for 5 s
#include <cstdio>
#include <dts/dts.hpp>
#include <thread>

int main(int argc, char** argv) {
  dts::Domain domain;
  auto all = domain.subscribe(
      argc > 1 ? argv[1] : "brewery.*", [](const dts::Value& value, const dts::Sample& sample) {
        std::printf("%s from %s:", value.type().name().c_str(), sample.source().c_str());
        for (const dts::Field& field : value.type().root().fields)
          if (auto text = value.text(field.name))
            std::printf(" %s=%s", field.name.c_str(), text->c_str());
        std::printf("\n");
      });
  domain.start();
  std::this_thread::sleep_for(std::chrono::seconds(5));
}
