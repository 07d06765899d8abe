#include "bus.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

namespace bus {

namespace {

// The mapped file. All zero at first.
struct Sync {
  std::atomic<std::uint64_t> ready, done, sent, received;
};

std::int64_t clock_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000ll + t.tv_nsec;
}

void sleep_until(std::int64_t ns) {
  const timespec t{ns / 1'000'000'000, ns % 1'000'000'000};
  ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr);
}

double cpu_seconds() {
  rusage u{};
  ::getrusage(RUSAGE_SELF, &u);
  return double(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         1e-6 * double(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

Sync& map_sync(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ::ftruncate(fd, sizeof(Sync)) != 0) {
    std::perror(path.c_str());
    std::exit(1);
  }
  void* memory = ::mmap(nullptr, sizeof(Sync), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (memory == MAP_FAILED) {
    std::perror("mmap");
    std::exit(1);
  }
  return *static_cast<Sync*>(memory);
}

constexpr std::uint64_t factor = 0x9e3779b97f4a7c15;

void fill(std::vector<std::uint64_t>& words, std::uint64_t seq, std::int64_t time) {
  const std::uint64_t base = seq * factor;
  words[0] = seq;
  words[1] = static_cast<std::uint64_t>(time);
  for (std::size_t i = 2; i + 1 < words.size(); ++i) words[i] = base + i;
  words.back() = seq;
}

bool intact(const void* data, std::size_t bytes, std::size_t expected) {
  if (bytes != expected) return false;
  const auto word = [&](std::size_t i) {
    std::uint64_t w;
    std::memcpy(&w, static_cast<const char*>(data) + 8 * i, 8);
    return w;
  };
  const std::size_t count = bytes / 8;
  const std::uint64_t seq = word(0), base = seq * factor;
  std::uint64_t wrong = word(count - 1) ^ seq;
  for (std::size_t i = 2; i + 1 < count; ++i) wrong |= word(i) ^ (base + i);
  return wrong == 0;
}

std::uint64_t seq_of(const void* data) {
  std::uint64_t seq;
  std::memcpy(&seq, data, 8);
  return seq;
}

int publish(System& system, const Options& o, Sync& sync) {
  std::vector<std::uint64_t> words(o.bytes / 8);
  system.open(o, "data", "", {});
  const std::int64_t patience = clock_ns() + 10'000'000'000;
  while (sync.ready.load() == 0) {
    if (clock_ns() > patience) {
      std::fprintf(stderr, "%s: no subscriber\n", system.name());
      return 1;
    }
    fill(words, 0, clock_ns());
    system.publish(words.data(), o.bytes);
    sleep_until(clock_ns() + 1'000'000);
  }
  const std::int64_t begin = clock_ns(), end = begin + std::int64_t(o.seconds * 1e9);
  std::uint64_t seq = 0;
  for (std::int64_t now = begin; now < end;) {
    ++seq;
    // A clock reading costs as much as a small message: every 16th one is stamped.
    if (o.bytes > 1024 || seq % 16 == 0 || o.rate > 0) now = clock_ns();
    fill(words, seq, now);
    system.publish(words.data(), o.bytes);
    if (o.rate > 0) sleep_until(begin + std::int64_t(double(seq) * 1e9 / o.rate));
  }
  const double seconds = double(clock_ns() - begin) * 1e-9;
  sync.sent.store(seq);
  // Until nothing more arrives.
  for (std::uint64_t last = ~0ull, now; (now = sync.received.load()) != last && now != seq;) {
    last = now;
    sleep_until(clock_ns() + 200'000'000);
  }
  sync.done.store(1);
  std::printf(
      "{\"system\":\"%s\",\"role\":\"pub\",\"bytes\":%zu,\"sent\":%llu,"
      "\"messages_per_s\":%.0f,\"cpu_s\":%.3f}\n",
      system.name(), o.bytes, static_cast<unsigned long long>(seq), double(seq) / seconds,
      cpu_seconds());
  return 0;
}

int subscribe(System& system, const Options& o, Sync& sync) {
  std::uint64_t received = 0, last = 0, corrupt = 0, again = 0;
  std::int64_t first_ns = 0, last_ns = 0;
  std::uint64_t counted = 0;
  system.open(o, "", "data", [&](const void* data, std::size_t bytes) {
    if (!intact(data, bytes, o.bytes)) {
      ++corrupt;
      return;
    }
    const std::uint64_t seq = seq_of(data);
    if (seq == 0) {
      sync.ready.store(1);
      return;
    }
    if (seq <= last) {
      ++again;
      return;
    }
    last = seq;
    ++received;
    if (first_ns == 0 || o.bytes > 1024 || received % 16 == 0) {
      last_ns = clock_ns();
      counted = received;
      if (first_ns == 0) first_ns = last_ns;
      sync.received.store(received);
    }
  });
  while (sync.done.load() == 0) system.spin();
  const double seconds = double(last_ns - first_ns) * 1e-9;
  const double rate = seconds > 0 ? double(counted - 1) / seconds : 0;
  const std::uint64_t sent = sync.sent.load();
  std::printf(
      "{\"system\":\"%s\",\"role\":\"sub\",\"bytes\":%zu,\"sent\":%llu,\"received\":%llu,"
      "\"lost_percent\":%.2f,\"repeated\":%llu,\"corrupt\":%llu,\"messages_per_s\":%.0f,"
      "\"mb_per_s\":%.1f,\"cpu_s\":%.3f}\n",
      system.name(), o.bytes, static_cast<unsigned long long>(sent),
      static_cast<unsigned long long>(received),
      sent ? 100.0 * double(sent - received) / double(sent) : 0.0,
      static_cast<unsigned long long>(again), static_cast<unsigned long long>(corrupt), rate,
      rate * double(o.bytes) / 1e6, cpu_seconds());
  return corrupt == 0 ? 0 : 1;
}

int ping(System& system, const Options& o, Sync& sync) {
  std::vector<std::uint64_t> words(o.bytes / 8);
  std::vector<double> half;  // round trip / 2, in us
  half.reserve(1'000'000);
  std::atomic<std::uint64_t> answered{0};
  system.open(o, "there", "back", [&](const void* data, std::size_t bytes) {
    const std::int64_t now = clock_ns();
    if (bytes != o.bytes || seq_of(data) == 0) {
      sync.ready.store(1);
      return;
    }
    std::int64_t sent;
    std::memcpy(&sent, static_cast<const char*>(data) + 8, 8);
    half.push_back(double(now - sent) / 2000.0);
    answered.fetch_add(1);
  });
  const std::int64_t patience = clock_ns() + 10'000'000'000;
  while (sync.ready.load() == 0) {
    if (clock_ns() > patience) {
      std::fprintf(stderr, "%s: no answer\n", system.name());
      return 1;
    }
    fill(words, 0, clock_ns());
    system.publish(words.data(), o.bytes);
    system.spin();
  }
  const double rate = o.rate > 0 ? o.rate : 1000;
  const std::int64_t begin = clock_ns();
  std::uint64_t seq = 0;
  while (double(seq) < rate * o.seconds) {
    ++seq;
    // Only the ends are written: this measures the way, not the copying.
    words[0] = words.back() = seq;
    words[1] = static_cast<std::uint64_t>(clock_ns());
    system.publish(words.data(), o.bytes);
    const std::int64_t next = begin + std::int64_t(double(seq) * 1e9 / rate);
    do system.spin();
    while (answered.load() < seq && clock_ns() < next);
    sleep_until(next);
  }
  sleep_until(clock_ns() + 100'000'000);
  system.spin();
  sync.done.store(1);
  std::sort(half.begin(), half.end());
  const auto at = [&](double q) {
    return half.empty() ? 0.0 : half[std::size_t(q * double(half.size() - 1))];
  };
  std::printf(
      "{\"system\":\"%s\",\"role\":\"ping\",\"bytes\":%zu,\"sent\":%llu,\"answered\":%zu,"
      "\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"cpu_s\":%.3f}\n",
      system.name(), o.bytes, static_cast<unsigned long long>(seq), half.size(), at(0.5), at(0.9),
      at(0.99), cpu_seconds());
  return 0;
}

int pong(System& system, const Options& o, Sync& sync) {
  system.open(o, "back", "there",
              [&](const void* data, std::size_t bytes) { system.publish(data, bytes); });
  while (sync.done.load() == 0) system.spin();
  return 0;
}

}  // namespace

int run(int argc, char** argv, System& system) {
  Options o;
  if (argc > 1) o.role = argv[1];
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--bytes") o.bytes = std::strtoull(argv[i + 1], nullptr, 10);
    if (flag == "--seconds") o.seconds = std::strtod(argv[i + 1], nullptr);
    if (flag == "--rate") o.rate = std::strtod(argv[i + 1], nullptr);
    if (flag == "--sync") o.sync = argv[i + 1];
    if (flag == "--url") o.url = argv[i + 1];
  }
  o.bytes = std::max<std::size_t>(24, o.bytes / 8 * 8);
  if (!o.sync.empty()) {
    Sync& sync = map_sync(o.sync);
    if (o.role == "pub") return publish(system, o, sync);
    if (o.role == "sub") return subscribe(system, o, sync);
    if (o.role == "ping") return ping(system, o, sync);
    if (o.role == "pong") return pong(system, o, sync);
  }
  std::fprintf(stderr,
               "usage: %s pub|sub|ping|pong --sync FILE [--bytes N] [--seconds S] [--rate R] "
               "[--url URL]\n",
               argv[0]);
  return 2;
}

}  // namespace bus
