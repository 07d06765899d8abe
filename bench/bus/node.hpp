// One node of many, by one method for every system: it publishes three types (topics) and wants
// three others, each published by another node, and says when all that it publishes has a
// subscriber.
//
//   <program> node --sync FILE --index I --count N [--seconds S]
//
// Node I publishes I.0, I.1, I.2 and wants (I+1).0, (I+2).1 and (I+3).2, all modulo N. It joins
// when `begin` is set, stays until `done` is, and no longer than S seconds (120).
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace bus {

class NodeSystem {
 public:
  virtual ~NodeSystem() = default;
  virtual void open() = 0;
  virtual void publish(const std::string& topic) = 0;
  virtual void want(const std::string& topic) = 0;
  virtual void start() {}
  // Is a subscriber known of each that is published?
  virtual bool complete() = 0;
};

// The mapped file. All zero at first. Times are of CLOCK_MONOTONIC, in nanoseconds.
struct NodeSync {
  std::atomic<std::uint64_t> waiting, begin, complete, done;
  std::atomic<std::int64_t> begun_ns, complete_ns;  // `begin` was seen first; the last is complete
};

inline std::int64_t node_clock_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000ll + t.tv_nsec;
}

inline void node_pause() {
  const timespec t{0, 5'000'000};
  ::nanosleep(&t, nullptr);
}

inline NodeSync& map_node_sync(const char* path) {
  const int fd = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  void* memory = MAP_FAILED;
  if (fd >= 0 && ::ftruncate(fd, sizeof(NodeSync)) == 0)
    memory = ::mmap(nullptr, sizeof(NodeSync), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) {
    std::perror(path);
    std::exit(1);
  }
  ::close(fd);
  return *static_cast<NodeSync*>(memory);
}

inline int run_node(int argc, char** argv, NodeSystem& system) {
  const char* sync_path = nullptr;
  unsigned index = 0, count = 1;
  double seconds = 120;
  for (int i = 2; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--sync") == 0) sync_path = argv[i + 1];
    if (std::strcmp(argv[i], "--index") == 0) index = unsigned(std::atoi(argv[i + 1]));
    if (std::strcmp(argv[i], "--count") == 0) count = unsigned(std::max(1, std::atoi(argv[i + 1])));
    if (std::strcmp(argv[i], "--seconds") == 0) seconds = std::strtod(argv[i + 1], nullptr);
  }
  if (sync_path == nullptr) return 2;
  NodeSync& sync = map_node_sync(sync_path);
  const std::int64_t end = node_clock_ns() + std::int64_t(seconds * 1e9);
  ++sync.waiting;
  while (sync.begin.load() == 0 && node_clock_ns() < end) node_pause();
  std::int64_t none = 0;
  sync.begun_ns.compare_exchange_strong(none, node_clock_ns());
  system.open();
  for (unsigned k = 0; k < 3; ++k) {
    system.publish(std::to_string(index) + "_" + std::to_string(k));
    system.want(std::to_string((index + 1 + k) % count) + "_" + std::to_string(k));
  }
  system.start();
  bool told = false;
  while (sync.done.load() == 0 && node_clock_ns() < end) {
    if (!told && system.complete()) {
      told = true;
      const std::int64_t now = node_clock_ns();
      std::int64_t last = sync.complete_ns.load();
      while (last < now && !sync.complete_ns.compare_exchange_weak(last, now)) {
      }
      ++sync.complete;
    }
    // Once complete it only waits: what it then costs is the system's.
    if (told) {
      const timespec t{0, 200'000'000};
      ::nanosleep(&t, nullptr);
    } else {
      node_pause();
    }
  }
  ::_exit(told ? 0 : 1);
}

}  // namespace bus
