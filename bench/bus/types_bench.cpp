// Many types, and the way of the first message.
//   dts_bench_types many [N]       one process announces N types (1000), another wants them all:
//                                  time to the first value of each, control traffic, memory
//   dts_bench_types late [ROUNDS]  from the start of a subscriber's process to its first message
//                                  from a publisher at 1 kHz: median of ROUNDS (31)
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dts/dts.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

extern char** environ;

namespace {

std::int64_t clock_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000ll + t.tv_nsec;
}

dts::Type type_number(int i) {
  return dts::Type::parse("bench.T" + std::to_string(i) + " { seq : u64, x : f64 }").value();
}

long resident_kib() {
  std::FILE* file = std::fopen("/proc/self/status", "r");
  char line[256];
  long kib = 0;
  while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr)
    if (std::strncmp(line, "VmHWM:", 6) == 0) kib = std::strtol(line + 6, nullptr, 10);
  if (file != nullptr) std::fclose(file);
  return kib;
}

std::uint64_t counter(const dts::Domain& domain, const char* name) {
  for (const dts::Counter& c : domain.counters())
    if (c.name == name) return c.value;
  return 0;
}

pid_t start(const char* program, const char* role, const std::string& argument) {
  std::string a = program, b = role, c = argument;
  char* arguments[] = {a.data(), b.data(), c.data(), nullptr};
  pid_t child = 0;
  if (::posix_spawn(&child, program, nullptr, nullptr, arguments, environ) != 0) {
    std::perror(program);
    std::exit(1);
  }
  return child;
}

dts::Domain open() {
  dts::DomainOptions options;
  options.name = "bench-types";
  return dts::Domain(std::move(options));
}

// Publishes all types round robin at 10 kHz until its input ends.
int many_publisher(int count) {
  dts::Domain domain = open();
  std::vector<dts::ValuePublisher> publishers;
  std::vector<dts::Value> values;
  for (int i = 0; i < count; ++i) {
    const dts::Type type = type_number(i);
    publishers.push_back(domain.publisher(type).value());
    values.push_back(dts::Value::of(type).value());
  }
  domain.start();
  for (int i = 0; ::getppid() != 1; i = (i + 1) % count) {
    publishers[std::size_t(i)].publish(values[std::size_t(i)]).value();
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return 0;
}

int many(const char* program, int count) {
  const pid_t child = start(program, "many-publisher", std::to_string(count));
  std::this_thread::sleep_for(std::chrono::seconds(2));  // it has announced all and publishes
  const std::int64_t begin = clock_ns();
  dts::Domain domain = open();
  std::mutex mutex;
  std::set<std::string> seen;
  std::int64_t last = 0;
  std::vector<dts::Subscription> subscriptions;
  domain.start();
  for (int i = 0; i < count; ++i)
    subscriptions.push_back(
        domain.subscribe(type_number(i), [&](const dts::Value& value, const dts::Sample&) {
          const std::lock_guard lock(mutex);
          if (seen.insert(value.type().name()).second) last = clock_ns();
        }));
  const auto complete = [&] {
    const std::lock_guard lock(mutex);
    return seen.size() == std::size_t(count);
  };
  while (!complete() && clock_ns() - begin < 10'000'000'000)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::printf(
      "{\"bench\":\"many types\",\"types\":%d,\"seen\":%zu,\"all_ms\":%.1f,"
      "\"control_packets\":%llu,\"control_bytes\":%llu,\"resident_kib\":%ld}\n",
      count, seen.size(), double(last - begin) / 1e6,
      static_cast<unsigned long long>(counter(domain, "control_packets_out")),
      static_cast<unsigned long long>(counter(domain, "control_bytes_out")), resident_kib());
  ::kill(child, SIGTERM);
  ::waitpid(child, nullptr, 0);
  return 0;
}

int late_publisher() {
  dts::Domain domain = open();
  const dts::Type type = type_number(0);
  auto publisher = domain.publisher(type).value();
  dts::Value value = dts::Value::of(type).value();
  domain.start();
  while (::getppid() != 1) {
    publisher.publish(value).value();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return 0;
}

// `begun`: when the parent was about to start this process.
int late_subscriber(std::int64_t begun) {
  dts::Domain domain = open();
  auto subscription = domain.subscribe(type_number(0), [&](const dts::Value&, const dts::Sample&) {
    std::printf("%.3f\n", double(clock_ns() - begun) / 1e6);
    std::fflush(stdout);
    domain.stop();
  });
  domain.run();
  return 0;
}

int late(const char* program, int rounds) {
  const pid_t child = start(program, "late-publisher", "");
  std::this_thread::sleep_for(std::chrono::seconds(1));
  std::vector<double> ms;
  for (int i = 0; i < rounds; ++i) {
    const std::string command =
        std::string(program) + " late-subscriber " + std::to_string(clock_ns());
    std::FILE* pipe = ::popen(("exec " + command).c_str(), "r");
    char line[64] = {};
    if (pipe != nullptr && std::fgets(line, sizeof line, pipe) != nullptr)
      ms.push_back(std::strtod(line, nullptr));
    if (pipe != nullptr) ::pclose(pipe);
  }
  ::kill(child, SIGTERM);
  ::waitpid(child, nullptr, 0);
  std::sort(ms.begin(), ms.end());
  if (ms.empty()) return 1;
  std::printf("{\"bench\":\"late joiner\",\"rounds\":%zu,\"ms_median\":%.2f,\"ms_max\":%.2f}\n",
              ms.size(), ms[ms.size() / 2], ms.back());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  const char* argument = argc > 2 ? argv[2] : "";
  if (role == "many") return many(argv[0], *argument ? std::atoi(argument) : 1000);
  if (role == "many-publisher") return many_publisher(std::atoi(argument));
  if (role == "late") return late(argv[0], *argument ? std::atoi(argument) : 31);
  if (role == "late-publisher") return late_publisher();
  if (role == "late-subscriber") return late_subscriber(std::atoll(argument));
  std::fprintf(stderr, "usage: %s many [N] | late [ROUNDS]\n", argv[0]);
  return 2;
}
