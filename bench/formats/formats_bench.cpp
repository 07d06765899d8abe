// Formats: our plans over one record of ten fields, and the program itself. The peers are in the
// other files; compare.py runs it.
//   dts_formats_bench                       as compare.py asks on standard input
//   dts_formats_bench --list                the names of all that can be measured
//   dts_formats_bench --times COUNT NAME    exactly so often: for valgrind --tool=callgrind
#include <iostream>
#include <string>

#include "measured.hpp"
#include "record.hpp"

namespace {

using bench::layout;
using bench::Run;

void encode(Run& run, const dts::Format& format) {
  const auto encoder = format.encoder(layout()).value();
  const BenchRecord value = record();
  dts::Bytes out;
  for (auto _ : run) {
    out.clear();
    bench::keep(encoder->encode(&value, out).ok());
  }
  run.note = static_cast<double>(out.size());
}

void decode(Run& run, const dts::Format& format) {
  const BenchRecord value = record();
  dts::Bytes message;
  format.encoder(layout()).value()->encode(&value, message).value();
  const auto same = dts::Assignment::make(layout().type, layout().type);
  const auto plan = format.decoder(same, layout()).value();
  BenchRecord read{};
  for (auto _ : run) bench::keep(plan->decode(message, &read).ok());
}

int list() {
  for (const auto& [name, function] : bench::functions()) std::cout << name << '\n';
  return 0;
}

int once(const std::string& name, std::uint64_t times) {
  const auto found = bench::functions().find(name);
  if (found == bench::functions().end()) {
    std::cerr << "nothing is called " << name << "; --list says what there is\n";
    return 1;
  }
  bench::Run run(0, times);
  found->second(run);
  return 0;
}

// Lines "NAME MILLISECONDS" in, lines "NANOSECONDS NOTE" out.
int serve() {
  std::string name;
  double milliseconds = 0;
  while (std::cin >> name >> milliseconds) {
    const auto found = bench::functions().find(name);
    if (found == bench::functions().end()) {
      std::cout << "nothing is called " << name << std::endl;
      continue;
    }
    bench::Run run(milliseconds);
    found->second(run);
    std::cout << run.nanoseconds() << ' ' << run.note << std::endl;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  for (const dts::Format* each : dts::built_in_formats()) {
    const std::string name(each->name());
    if (!each->encoder(layout())) continue;  // raw takes no such record
    bench::add("encode/" + name, [each](Run& run) { encode(run, *each); });
    bench::add("decode/" + name, [each](Run& run) { decode(run, *each); });
  }
  const std::string_view option = argc > 1 ? argv[1] : "";
  if (argc == 1) return serve();
  if (argc == 2 && option == "--list") return list();
  if (argc == 4 && option == "--times") return once(argv[3], std::stoull(argv[2]));
  std::cerr << "dts_formats_bench [--list | --times COUNT NAME]\n";
  return 2;
}
