// Many types: one process announces them, another wants them all.
//   dts_bench_types announce|want --sync FILE [--types N] [--rate PER_SECOND] [--quiet SECONDS]
// `announce` publishes N types (1000) round robin, 10,000 values a second. `want` starts when all
// are announced, and prints the time from before its domain opens to the first value of the last
// type. Both print their own memory and the control traffic they sent. With --quiet nothing is
// published and `want` ends after that time: what then crosses the cable is control traffic alone.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <dts/dts.hpp>
#include <string>
#include <vector>

namespace {

constexpr std::int64_t second = 1'000'000'000;

// The mapped file. All zero at first.
struct Sync {
  std::atomic<std::uint64_t> ready, done;
};

struct Options {
  std::string role, sync;
  int types = 1000;
  double rate = 10'000;
  double quiet_seconds = 0;
};

std::int64_t clock_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * second + t.tv_nsec;
}

void sleep_until(std::int64_t ns) {
  const timespec t{ns / second, ns % second};
  ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr);
}

Sync& map_sync(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  void* memory = MAP_FAILED;
  if (fd >= 0 && ::ftruncate(fd, sizeof(Sync)) == 0)
    memory = ::mmap(nullptr, sizeof(Sync), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) {
    std::perror(path.c_str());
    std::exit(1);
  }
  ::close(fd);
  return *static_cast<Sync*>(memory);
}

dts::Type type_number(int i) {
  return dts::Type::parse("bench.T" + std::to_string(i) + " { seq : u64, x : f64 }").value();
}

dts::Domain open_domain() {
  dts::DomainOptions options;
  options.name = "bench-types";
  return dts::Domain(std::move(options));
}

std::uint64_t counter(const std::vector<dts::Counter>& counters, std::string_view name) {
  for (const dts::Counter& c : counters)
    if (c.name == name) return c.value;
  return 0;
}

// The rest of the line of JSON that both roles print.
void print_rest(const dts::Domain& domain) {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const std::vector<dts::Counter> counters = domain.counters();
  std::printf(
      ",\"resident_kib_max\":%ld,\"control_packets\":%llu,\"control_bytes\":%llu,"
      "\"refused\":%llu}\n",
      used.ru_maxrss, static_cast<unsigned long long>(counter(counters, "control_packets_out")),
      static_cast<unsigned long long>(counter(counters, "control_bytes_out")),
      static_cast<unsigned long long>(counter(counters, "streams_refused") +
                                      counter(counters, "wants_refused")));
}

int announce(const Options& o, Sync& sync) {
  const std::int64_t begin = clock_ns();
  dts::Domain domain = open_domain();
  std::vector<dts::ValuePublisher> publishers;
  std::vector<dts::Value> values;
  for (int i = 0; i < o.types; ++i) {
    const dts::Type type = type_number(i);
    publishers.push_back(domain.publisher(type).value());
    values.push_back(dts::Value::of(type).value());
  }
  domain.start();
  const std::int64_t opened = clock_ns();
  sync.ready.store(1);
  for (std::size_t i = 0; sync.done.load() == 0 && clock_ns() - opened < 60 * second; ++i) {
    const std::size_t at = i % publishers.size();
    if (o.quiet_seconds == 0) publishers[at].publish(values[at]).value();
    sleep_until(opened + std::int64_t(double(i) * 1e9 / o.rate));
  }
  std::printf("{\"role\":\"announce\",\"types\":%d,\"setup_ms\":%.1f", o.types,
              double(opened - begin) / 1e6);
  print_rest(domain);
  return 0;
}

int want(const Options& o, Sync& sync) {
  while (sync.ready.load() == 0) sleep_until(clock_ns() + second / 1000);
  const std::int64_t begin = clock_ns();
  dts::Domain domain = open_domain();
  std::vector<std::atomic<bool>> seen(static_cast<std::size_t>(o.types));
  std::atomic<int> count{0};
  std::atomic<std::int64_t> last_ns{begin};
  std::vector<dts::Subscription> subscriptions;
  for (int i = 0; i < o.types; ++i) {
    const auto handler = [&, i](const dts::Value&, const dts::Sample&) {
      if (seen[static_cast<std::size_t>(i)].exchange(true)) return;
      last_ns.store(clock_ns());
      ++count;
    };
    subscriptions.push_back(domain.subscribe(type_number(i), handler));
  }
  domain.start();
  const std::int64_t opened = clock_ns();
  const double patience = o.quiet_seconds > 0 ? o.quiet_seconds : 15;
  while (count.load() < o.types && clock_ns() - begin < std::int64_t(patience * 1e9))
    sleep_until(clock_ns() + second / 1000);
  std::printf("{\"role\":\"want\",\"types\":%d,\"seen\":%d,\"setup_ms\":%.1f,\"all_ms\":%.1f",
              o.types, count.load(), double(opened - begin) / 1e6,
              double(last_ns.load() - begin) / 1e6);
  print_rest(domain);
  sync.done.store(1);
  domain.close();
  return o.quiet_seconds > 0 || count.load() == o.types ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  if (argc > 1) o.role = argv[1];
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--sync") o.sync = argv[i + 1];
    if (flag == "--types") o.types = std::max(1, std::atoi(argv[i + 1]));
    if (flag == "--rate") o.rate = std::strtod(argv[i + 1], nullptr);
    if (flag == "--quiet") o.quiet_seconds = std::strtod(argv[i + 1], nullptr);
  }
  if (!o.sync.empty() && o.role == "announce") return announce(o, map_sync(o.sync));
  if (!o.sync.empty() && o.role == "want") return want(o, map_sync(o.sync));
  std::fprintf(stderr,
               "usage: %s announce|want --sync FILE [--types N] [--rate R] [--quiet SECONDS]\n",
               argv[0]);
  return 2;
}
