#include "method.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

extern char** environ;

namespace bus {

namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t patience_ns = 15'000 * ms;
constexpr std::size_t hello_size = 64;

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

long resident_kib_max() {
  rusage u{};
  ::getrusage(RUSAGE_SELF, &u);
  return u.ru_maxrss;
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

void write_message(System& system, std::size_t size, std::uint64_t seq, std::int64_t time) {
  std::uint64_t* const words = system.claim(size);
  const std::size_t count = size / 8;
  const std::uint64_t base = seq * factor;
  words[0] = seq;
  words[1] = static_cast<std::uint64_t>(time);
  for (std::size_t i = 2; i + 1 < count; ++i) words[i] = base + i;
  words[count - 1] = seq;
  system.publish();
}

std::uint64_t word_of(const void* data, std::size_t i) {
  std::uint64_t word;
  std::memcpy(&word, static_cast<const char*>(data) + 8 * i, 8);
  return word;
}

bool intact(const void* data, std::size_t size) {
  const std::size_t count = size / 8;
  const std::uint64_t seq = word_of(data, 0), base = seq * factor;
  std::uint64_t wrong = word_of(data, count - 1) ^ seq;
  for (std::size_t i = 2; i + 1 < count; ++i) wrong |= word_of(data, i) ^ (base + i);
  return wrong == 0;
}

// Messages numbered 0 until the other end has seen one.
bool greet(System& system, const Sync& sync) {
  const std::int64_t end = clock_ns() + patience_ns;
  while (sync.ready.load() == 0) {
    const std::int64_t now = clock_ns();
    if (now > end) {
      std::fprintf(stderr, "%s: nobody answers\n", system.name());
      return false;
    }
    write_message(system, hello_size, 0, now);
    system.flush();
    if (!system.threaded()) system.spin(1);
    sleep_until(now + 2 * ms);
  }
  return true;
}

// Receives until the other end says it is done; false when it never does.
bool serve(System& system, const Sync& sync, double seconds) {
  const std::int64_t end = clock_ns() + std::int64_t(seconds * 1e9) + 2 * patience_ns;
  while (sync.done.load() == 0) {
    if (clock_ns() > end) {
      std::fprintf(stderr, "%s: the other end is silent\n", system.name());
      return false;
    }
    if (system.threaded())
      sleep_until(clock_ns() + 5 * ms);
    else
      system.spin(1);
  }
  return true;
}

int publish(System& system, const Options& o, Sync& sync) {
  system.open(o, "data", "", {});
  if (!greet(system, sync)) return 1;
  const double cpu = cpu_seconds();
  const std::int64_t begin = clock_ns();
  const std::int64_t end = begin + std::int64_t(o.seconds * 1e9);
  std::uint64_t seq = 0;
  for (std::int64_t now = begin; o.count > 0 ? seq < o.count : now < end;) {
    ++seq;
    // A clock reading costs as much as a small message: every 16th one is stamped.
    if (o.size > 1024 || seq % 16 == 0 || o.rate > 0) now = clock_ns();
    write_message(system, o.size, seq, now);
    if (o.rate > 0) sleep_until(begin + std::int64_t(double(seq) * 1e9 / o.rate));
  }
  system.flush();
  const double seconds = double(clock_ns() - begin) * 1e-9;
  sync.sent.store(seq);
  // Until nothing more arrives.
  for (std::uint64_t last = ~0ull, now; (now = sync.received.load()) != seq && now != last;) {
    last = now;
    sleep_until(clock_ns() + std::int64_t(o.linger * 1e9));
  }
  sync.done.store(1);
  std::printf(
      "{\"system\":\"%s\",\"role\":\"pub\",\"size\":%zu,\"sent\":%llu,"
      "\"messages_per_s\":%.0f,\"cpu_s\":%.3f,\"resident_kib_max\":%ld}\n",
      system.name(), o.size, static_cast<unsigned long long>(seq), double(seq) / seconds,
      cpu_seconds() - cpu, resident_kib_max());
  system.close();
  return 0;
}

struct Tally {
  std::uint64_t received = 0, last = 0, corrupt = 0, repeated = 0;
  std::uint64_t counted = 0;  // at last_ns
  std::int64_t first_ns = 0, last_ns = 0;

  void take(const void* data, std::size_t size, const Options& o, Sync& sync) {
    if (size == hello_size && word_of(data, 0) == 0) {
      sync.ready.store(1);
      return;
    }
    if (size != o.size || !intact(data, size)) {
      ++corrupt;
      return;
    }
    const std::uint64_t seq = word_of(data, 0);
    if (seq <= last) {
      ++repeated;
      return;
    }
    last = seq;
    ++received;
    sync.received.store(received, std::memory_order_release);
    if (first_ns == 0 || o.size > 1024 || received % 16 == 0) {
      last_ns = clock_ns();
      counted = received;
      if (first_ns == 0) first_ns = last_ns;
    }
  }
};

int subscribe(System& system, const Options& o, Sync& sync) {
  Tally t;
  const double cpu = cpu_seconds();
  system.open(o, "", "data",
              [&](const void* data, std::size_t size) { t.take(data, size, o, sync); });
  const bool served = serve(system, sync, o.seconds);
  const std::string more = system.more();
  system.close();
  const double seconds = double(t.last_ns - t.first_ns) * 1e-9;
  const double rate = seconds > 0 ? double(t.counted - 1) / seconds : 0;
  const std::uint64_t sent = sync.sent.load(), lost = sent > t.received ? sent - t.received : 0;
  std::printf(
      "{\"system\":\"%s\",\"role\":\"sub\",\"size\":%zu,\"sent\":%llu,\"received\":%llu,"
      "\"lost_percent\":%.2f,\"unnamed\":%llu,\"repeated\":%llu,\"corrupt\":%llu,"
      "\"messages_per_s\":%.0f,\"mb_per_s\":%.1f,\"cpu_s\":%.3f,\"resident_kib_max\":%ld%s}\n",
      system.name(), o.size, static_cast<unsigned long long>(sent),
      static_cast<unsigned long long>(t.received),
      sent > 0 ? 100.0 * double(lost) / double(sent) : 0.0,
      static_cast<unsigned long long>(system.unnamed(lost, sent > t.last ? sent - t.last : 0)),
      static_cast<unsigned long long>(t.repeated), static_cast<unsigned long long>(t.corrupt), rate,
      rate * double(o.size) / 1e6, cpu_seconds() - cpu, resident_kib_max(), more.c_str());
  return served && t.corrupt == 0 ? 0 : 1;
}

double percentile(std::vector<double>& values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::size_t(q * double(values.size() - 1))];
}

int ping(System& system, const Options& o, Sync& sync) {
  const double rate = o.rate > 0 ? o.rate : 1000;
  const auto pings = o.count > 0 ? o.count : std::uint64_t(rate * o.seconds);
  std::vector<double> half_us;
  half_us.reserve(pings);
  std::atomic<std::uint64_t> answered{0};
  system.open(o, "there", "back", [&](const void* data, std::size_t size) {
    const std::int64_t now = clock_ns();
    if (size == hello_size && word_of(data, 0) == 0) {
      sync.ready.store(1);
      return;
    }
    half_us.push_back(double(now - static_cast<std::int64_t>(word_of(data, 1))) / 2000.0);
    answered.store(word_of(data, 0));
  });
  if (!greet(system, sync)) return 1;
  const std::int64_t begin = clock_ns();
  for (std::uint64_t seq = 1; seq <= pings; ++seq) {
    // Only the ends are written: this measures the way, not the copying.
    std::uint64_t* const words = system.claim(o.size);
    words[0] = words[o.size / 8 - 1] = seq;
    words[1] = static_cast<std::uint64_t>(clock_ns());
    system.publish();
    system.flush();
    const std::int64_t next = begin + std::int64_t(double(seq) * 1e9 / rate);
    while (!system.threaded() && answered.load() < seq && clock_ns() < next) system.spin(1);
    sleep_until(next);
  }
  for (int i = 0; i < 100 && answered.load() < pings; ++i) {
    if (!system.threaded()) system.spin(1);
    sleep_until(clock_ns() + ms);
  }
  sync.done.store(1);
  system.close();
  std::printf(
      "{\"system\":\"%s\",\"role\":\"ping\",\"size\":%zu,\"sent\":%llu,\"answered\":%zu,"
      "\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"cpu_s\":%.3f}\n",
      system.name(), o.size, static_cast<unsigned long long>(pings), half_us.size(),
      percentile(half_us, 0.5), percentile(half_us, 0.9), percentile(half_us, 0.99), cpu_seconds());
  return half_us.empty() ? 1 : 0;
}

int pong(System& system, const Options& o, Sync& sync) {
  system.open(o, "back", "there", [&](const void* data, std::size_t size) {
    std::memcpy(system.claim(size), data, size);
    system.publish();
    system.flush();
  });
  const bool served = serve(system, sync, o.seconds);
  system.close();
  return served ? 0 : 1;
}

int beat(System& system, const Options& o, Sync& sync) {
  system.open(o, "data", "", {});
  const double period_ns = 1e9 / (o.rate > 0 ? o.rate : 1000);
  const std::int64_t begin = clock_ns();
  for (std::uint64_t seq = 1; sync.done.load() == 0; ++seq) {
    write_message(system, o.size, seq, clock_ns());
    system.flush();
    sync.ready.store(1);
    sleep_until(begin + std::int64_t(double(seq) * period_ns));
    if (clock_ns() - begin > 8 * patience_ns) return 1;
  }
  system.close();
  return 0;
}

// `--count` is the moment at which its parent was about to start this process.
int joiner(System& system, const Options& o) {
  std::atomic<std::int64_t> first_ns{0};
  Sync own{};
  system.open(o, "", "data", [&](const void*, std::size_t) {
    const std::int64_t now = clock_ns();
    if (first_ns.load() != 0) return;
    first_ns.store(now);
    own.done.store(1);
  });
  const bool served = serve(system, own, 0);
  system.close();
  std::printf("%.3f\n", double(first_ns.load() - static_cast<std::int64_t>(o.count)) / 1e6);
  return served ? 0 : 1;
}

// Starts this program again as a joiner and reads the milliseconds it prints; negative: none.
double join_once(const char* program, const Options& o) {
  int out[2];
  if (::pipe2(out, O_CLOEXEC) != 0) return -1;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  std::string words[] = {
      program,  "joiner", "--sync", o.sync, "--size",  std::to_string(o.size),
      "--from", o.from,   "--to",   o.to,   "--count", std::to_string(clock_ns())};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int started = ::posix_spawn(&child, program, &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(out[1]);
  std::FILE* const text = ::fdopen(out[0], "r");
  char line[64] = {};
  const bool told = text != nullptr && std::fgets(line, sizeof line, text) != nullptr;
  if (text != nullptr) std::fclose(text);
  int status = 1;
  if (started == 0) ::waitpid(child, &status, 0);
  return told && status == 0 ? std::strtod(line, nullptr) : -1;
}

int joins(System& system, const char* program, const Options& o, Sync& sync) {
  const std::int64_t end = clock_ns() + patience_ns;
  while (sync.ready.load() == 0 && clock_ns() < end) sleep_until(clock_ns() + ms);
  std::vector<double> taken_ms;
  const std::uint64_t rounds = o.count > 0 ? o.count : 20;
  for (std::uint64_t i = 0; i < rounds; ++i) {
    const double took = join_once(program, o);
    if (took < 0) break;
    taken_ms.push_back(took);
  }
  sync.done.store(1);
  std::printf(
      "{\"system\":\"%s\",\"role\":\"joins\",\"rounds\":%zu,\"ms_median\":%.2f,"
      "\"ms_min\":%.2f,\"ms_max\":%.2f}\n",
      system.name(), taken_ms.size(), percentile(taken_ms, 0.5), percentile(taken_ms, 0),
      percentile(taken_ms, 1));
  return taken_ms.size() == rounds ? 0 : 1;
}

int idle(System& system, const Options& o) {
  const bool here = o.role == "idle";
  system.open(o, here ? "there" : "back", here ? "back" : "there", [](const void*, std::size_t) {});
  const std::int64_t end = clock_ns() + std::int64_t(o.seconds * 1e9);
  while (clock_ns() < end) {
    if (system.threaded())
      sleep_until(end);
    else
      system.spin(10'000);
  }
  system.close();
  return 0;
}

Options options_of(int argc, char** argv) {
  Options o;
  if (argc > 1) o.role = argv[1];
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    const char* const value = argv[i + 1];
    if (flag == "--size") o.size = std::strtoull(value, nullptr, 10);
    if (flag == "--seconds") o.seconds = std::strtod(value, nullptr);
    if (flag == "--rate") o.rate = std::strtod(value, nullptr);
    if (flag == "--count") o.count = std::strtoull(value, nullptr, 10);
    if (flag == "--linger") o.linger = std::strtod(value, nullptr);
    if (flag == "--tuned") o.tuned = std::strtod(value, nullptr) != 0;
    if (flag == "--sync") o.sync = value;
    if (flag == "--from") o.from = value;
    if (flag == "--to") o.to = value;
  }
  o.size = std::max(hello_size, o.size / 8 * 8);
  return o;
}

}  // namespace

int run(int argc, char** argv, System& system) {
  const Options o = options_of(argc, argv);
  if (!o.sync.empty()) {
    Sync& sync = map_sync(o.sync);
    if (o.role == "pub") return publish(system, o, sync);
    if (o.role == "sub") return subscribe(system, o, sync);
    if (o.role == "ping") return ping(system, o, sync);
    if (o.role == "pong") return pong(system, o, sync);
    if (o.role == "beat") return beat(system, o, sync);
    if (o.role == "joins") return joins(system, argv[0], o, sync);
    if (o.role == "joiner") return joiner(system, o);
    if (o.role == "idle" || o.role == "idle2") return idle(system, o);
  }
  std::fprintf(stderr,
               "usage: %s pub|sub|ping|pong|beat|joins|idle|idle2 --sync FILE [--size BYTES] "
               "[--seconds S] [--rate R] [--count N] [--from ADDRESS] [--to ADDRESS] [--linger S] "
               "[--tuned 1]\n",
               argv[0]);
  return 2;
}

}  // namespace bus
