// Large values: compressed on their way, with their progress on both sides, and a limit on what is
// taken.
//   ./09_large scan.tar     sends the file to whoever wants it
//   ./09_large              takes what comes, up to 200 MB
#include <cstdio>
#include <dts/dts.hpp>
#include <fstream>
#include <iterator>

struct Scan {
  std::string name;
  dts::Blob data;  // lies in the message it came in: no copy
  static constexpr auto dts = dts::type("lab.Scan");
};

int send(dts::Domain& domain, const char* path) {
  dts::PublishOptions options;
  options.compression = dts::Compression::zstd;  // where it saves an eighth or more
  options.compress_above_bytes = 64 * 1024;
  auto publisher = domain.publisher<Scan>(options).value();
  std::ifstream file(path, std::ios::binary);
  const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
  if (!publisher.wait_for_subscribers(1, std::chrono::seconds(10))) return 1;
  publisher.publish({path, dts::Blob(bytes)}).value();
  for (auto left = publisher.progress(); left.total > 0; left = publisher.progress()) {
    std::printf("%.1f of %.1f MB have gone\n", left.sent / 1e6, left.total / 1e6);
    domain.poll(std::chrono::milliseconds(200));
  }
  domain.poll(std::chrono::seconds(1));  // what was lost on the way is asked for again
  return 0;
}

int main(int count, char** arguments) {
  dts::Domain domain;
  if (count > 1) return send(domain, arguments[1]);

  dts::SubscribeOptions options;
  options.message_bytes_max = 200'000'000;
  options.on_arriving = [](const dts::Arriving& scan) {
    std::printf("%s: %.1f of %.1f MB\n", scan.source->name.c_str(), scan.bytes / 1e6,
                scan.total / 1e6);
  };
  options.on_gap = [](const dts::Gap& gap) {  // "too_large: 412000052 bytes, at most 200000000"
    std::printf("not received: %s: %s\n", std::string(dts::gap_reason_name(gap.reason)).c_str(),
                gap.detail.c_str());
  };
  auto scans = domain.subscribe<Scan>(
      [](const Scan& scan) { std::printf("%s: %zu bytes\n", scan.name.c_str(), scan.data.size()); },
      options);
  domain.run();
}
