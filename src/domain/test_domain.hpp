// What the Domain's tests share: types, domains on a loopback hub of their own, and waiting without
// sleeping.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <dts/dts.hpp>

namespace dts::domain {

struct Temperature {
  double celsius = 0;
  std::int32_t tank = 0;
  static constexpr auto dts =
      dts::type("test.Temperature", dts::field(&Temperature::celsius).unit("Cel"));
};

// The same family, another exact type: what a newer publisher might send.
struct TemperatureV2 {
  double celsius = 0;
  std::int32_t tank = 0;
  std::string note;
  static constexpr auto dts =
      dts::type("test.Temperature", dts::field(&TemperatureV2::celsius).unit("Cel"));
};

// The same family again, not readable as Temperature.
struct TemperatureText {
  std::string celsius;
  std::int32_t tank = 0;
  static constexpr auto dts = dts::type("test.Temperature");
};

struct Level {
  double litres = 0;
  static constexpr auto dts = dts::type("test.Level");
};

struct Block {
  std::vector<std::uint8_t> data;
  static constexpr auto dts = dts::type("test.Block");
};

// A hub nobody else uses.
inline std::string new_hub() {
  static std::atomic<int> count{0};
  return "loopback://test" + std::to_string(++count);
}

inline DomainOptions options_of(const std::string& hub, const std::string& node) {
  DomainOptions options;
  options.name = "test";
  options.node = node;
  options.transports = {hub};
  options.log = [](std::string_view) {};
  return options;
}

// Polls the domains, which run no loop of their own, until `done`; false after 10 s.
inline bool poll_until(std::vector<Domain*> domains, const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    for (Domain* domain : domains) domain->poll(std::chrono::milliseconds(1));
  }
  return true;
}

// Waits for what other threads do; false after 10 s.
inline bool wait_until(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace dts::domain
