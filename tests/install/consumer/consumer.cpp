// What a user writes: a type, a publisher and a subscriber in one process.
#include <chrono>
#include <cstdio>

#include <dts/dts.hpp>

struct Level {
  double metres;
  static constexpr auto dts = dts::type("consumer.Level", dts::field(&Level::metres).unit("m"));
};

int main() {
  dts::DomainOptions options;
  options.transports = {"loopback://consumer"};
  dts::Domain domain(options);
  bool seen = false;
  auto levels = domain.subscribe<Level>([&](const Level& level, const dts::Sample&) {
    seen = level.metres == 1.5;
    domain.stop();
  });
  domain.publish(Level{1.5}).value();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!seen && std::chrono::steady_clock::now() < deadline) {
    domain.poll(std::chrono::milliseconds(100));
  }
  std::puts(seen ? "received" : "nothing received");
  return seen ? 0 : 1;
}
