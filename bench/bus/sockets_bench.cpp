// Many subscribers, each a domain with sockets and an engine of its own.
//   dts_bench_sockets subscribe|publish --sync FILE [--nodes N] [--messages M] [--rate PER_SECOND]
//                     [--seconds S]
// `subscribe` opens N domains (10,000) in as few processes as the limit of open files allows, and
// drives those of a process from one thread. `publish` waits until all of them are known and
// publishes M messages (50) of 64 bytes, R a second (5). `subscribe` ends when every domain has
// been handed or been told of each message, and says how many were delivered, named and neither.
// Both give up after S seconds (90).
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <dts/dts.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr std::int64_t second = 1'000'000'000;
// So many domains may be open that the publisher does not know yet: all share two processors, and
// a receive buffer holds what a thousand say.
constexpr std::uint64_t ahead_max = 500;

struct Block {
  std::array<std::uint64_t, 8> words;
  static constexpr auto dts = dts::type("bench.Block");
};

// The mapped file. All zero at first.
struct Sync {
  std::atomic<std::int64_t> begun_ns;  // the first message is published
  std::atomic<std::uint64_t> opened, known, published, done;
  // Of the subscribers: how many have all; of those processes that have ended, the sums.
  std::atomic<std::uint64_t> complete, delivered, named, wrong, nacks, resident_mib;
};

struct Options {
  std::string role, sync;
  std::size_t nodes = 10'000;
  std::uint64_t messages = 50;
  double rate = 5, seconds = 90;
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

long resident_mib_max() {
  rusage u{};
  ::getrusage(RUSAGE_SELF, &u);
  return u.ru_maxrss / 1024;
}

dts::DomainOptions domain_options() {
  dts::DomainOptions options;
  options.name = "bench-sockets";
  options.log = [](std::string_view) {};  // one line of each of ten thousand
  return options;
}

// One subscriber, and what it has heard of the messages 1 to M.
class Node {
 public:
  Node() : domain_(domain_options()) {
    dts::SubscribeOptions options;
    options.quiet = true;
    options.history = false;
    options.on_gap = [this](const dts::Gap& gap) { named_ += gap.count(); };
    subscription_ = domain_.subscribe<Block>([this](const Block& block) { take(block); }, options);
  }
  dts::Domain& domain() { return domain_; }
  std::uint64_t delivered() const { return delivered_; }
  std::uint64_t named() const { return named_; }
  std::uint64_t wrong() const { return wrong_; }  // twice, out of order, corrupt

 private:
  void take(const Block& block) {
    const std::uint64_t number = block.words[0];
    wrong_ += number <= last_ || block.words[7] != number;
    last_ = std::max(last_, number);
    ++delivered_;
  }

  dts::Domain domain_;
  dts::Subscription subscription_;
  std::uint64_t delivered_ = 0, named_ = 0, wrong_ = 0, last_ = 0;
};

// How many domains a process can hold, of ten file descriptors each.
std::size_t domains_max() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return std::max<std::size_t>(1, (limit.rlim_cur - std::min<rlim_t>(limit.rlim_cur, 100)) / 10);
}

// The subscribers of a process, on one thread: whichever has something is polled.
class Crowd {
 public:
  Crowd() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
  ~Crowd() { ::close(epoll_); }
  Crowd(const Crowd&) = delete;

  void add() {
    nodes_.push_back(std::make_unique<Node>());
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = nodes_.size() - 1;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, nodes_.back()->domain().fd(), &event);
    nodes_.back()->domain().poll();
  }
  void serve(int timeout_ms) {
    epoll_event events[256];
    const int count = ::epoll_wait(epoll_, events, 256, timeout_ms);
    for (int i = 0; i < count; ++i) nodes_[events[i].data.u64]->domain().poll();
  }
  std::size_t complete(std::uint64_t messages) const {
    return static_cast<std::size_t>(std::count_if(
        nodes_.begin(), nodes_.end(),
        [&](const auto& node) { return node->delivered() + node->named() >= messages; }));
  }
  std::uint64_t sum(std::uint64_t (Node::*figure)() const) const {
    std::uint64_t total = 0;
    for (const auto& node : nodes_) total += ((*node).*figure)();
    return total;
  }
  std::uint64_t nacks() const {
    std::uint64_t total = 0;
    for (const auto& node : nodes_)
      for (const dts::Counter& c : node->domain().counters())
        if (c.name == "nacks_out") total += c.value;
    return total;
  }

 private:
  int epoll_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

// In a process of its own: `nodes` subscribers.
void serve_some(const Options& o, std::size_t nodes, std::int64_t end, Sync& sync) {
  Crowd crowd;
  for (std::size_t i = 0; i < nodes && clock_ns() < end; ++i) {
    crowd.add();
    ++sync.opened;
    crowd.serve(0);
    while (sync.opened.load() > sync.known.load() + ahead_max && clock_ns() < end) crowd.serve(5);
  }
  std::int64_t looked = 0;
  std::size_t complete = 0;
  while (sync.done.load() == 0 && clock_ns() < end) {
    crowd.serve(20);
    if (complete == nodes || clock_ns() - looked < second / 20) continue;
    looked = clock_ns();
    const std::size_t before = std::exchange(complete, crowd.complete(o.messages));
    sync.complete += complete - before;
  }
  sync.delivered += crowd.sum(&Node::delivered);
  sync.named += crowd.sum(&Node::named);
  sync.wrong += crowd.sum(&Node::wrong);
  sync.nacks += crowd.nacks();
  sync.resident_mib += static_cast<std::uint64_t>(resident_mib_max());
  ::_exit(0);  // thousands of goodbyes prove nothing
}

int subscribe(const Options& o, Sync& sync) {
  const std::int64_t end = clock_ns() + std::int64_t(o.seconds * 1e9);
  const std::size_t most = domains_max();
  std::size_t processes = 0;
  for (std::size_t left = o.nodes; left > 0; ++processes) {
    const std::size_t nodes = std::min(left, most);
    left -= nodes;
    if (::fork() == 0) serve_some(o, nodes, end, sync);
  }
  while (sync.complete.load() < o.nodes && sync.done.load() == 0 && clock_ns() < end)
    sleep_until(clock_ns() + second / 100);
  const std::int64_t all = clock_ns(), first = sync.begun_ns.load();
  sync.done.store(1);
  while (::wait(nullptr) > 0) {
  }
  const std::uint64_t told = sync.delivered.load() + sync.named.load();
  std::printf(
      "{\"role\":\"subscribe\",\"nodes\":%zu,\"processes\":%zu,\"all_s\":%.2f,"
      "\"delivered\":%llu,\"named\":%llu,\"missing\":%lld,\"wrong\":%llu,\"nacks\":%llu,"
      "\"resident_mib\":%llu}\n",
      o.nodes, processes, first == 0 ? 0.0 : double(all - first) / 1e9,
      static_cast<unsigned long long>(sync.delivered.load()),
      static_cast<unsigned long long>(sync.named.load()),
      static_cast<long long>(o.nodes * o.messages) - static_cast<long long>(told),
      static_cast<unsigned long long>(sync.wrong.load()),
      static_cast<unsigned long long>(sync.nacks.load()),
      static_cast<unsigned long long>(sync.resident_mib.load()));
  return sync.complete.load() == o.nodes ? 0 : 1;
}

int publish(const Options& o, Sync& sync) {
  dts::Domain domain(domain_options());
  dts::Publisher<Block> publisher = domain.publisher<Block>().value();
  domain.start();
  const std::int64_t begin = clock_ns(), end = begin + std::int64_t(o.seconds * 1e9);
  std::size_t known = 0;
  while (known < o.nodes && sync.done.load() == 0 && clock_ns() < end) {
    sleep_until(clock_ns() + second / 10);  // counting ten thousand is not for nothing
    sync.known.store(known = publisher.subscribers());
  }
  const std::int64_t first = clock_ns();
  sync.begun_ns.store(first);
  for (std::uint64_t i = 1; i <= o.messages && sync.done.load() == 0; ++i) {
    if (!publisher.publish(Block{{i, 0, 0, 0, 0, 0, 0, i}})) break;
    sync.published.store(i);
    sleep_until(first + std::int64_t(double(i) * 1e9 / o.rate));
  }
  while (sync.done.load() == 0 && clock_ns() < end) sleep_until(clock_ns() + second / 50);
  std::uint64_t repairs = 0, nacks = 0;
  for (const dts::Counter& c : domain.counters()) {
    if (c.name == "repairs_out") repairs = c.value;
    if (c.name == "nacks_in") nacks = c.value;
  }
  std::printf(
      "{\"role\":\"publish\",\"known\":%zu,\"known_s\":%.2f,\"published\":%llu,\"repairs\":%llu,"
      "\"nacks_in\":%llu,\"resident_mib\":%ld}\n",
      known, double(first - begin) / 1e9, static_cast<unsigned long long>(sync.published.load()),
      static_cast<unsigned long long>(repairs), static_cast<unsigned long long>(nacks),
      resident_mib_max());
  return known == o.nodes ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  if (argc > 1) o.role = argv[1];
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--sync") o.sync = argv[i + 1];
    if (flag == "--nodes") o.nodes = std::strtoull(argv[i + 1], nullptr, 10);
    if (flag == "--messages") o.messages = std::strtoull(argv[i + 1], nullptr, 10);
    if (flag == "--rate") o.rate = std::strtod(argv[i + 1], nullptr);
    if (flag == "--seconds") o.seconds = std::strtod(argv[i + 1], nullptr);
  }
  if (!o.sync.empty() && o.role == "subscribe") return subscribe(o, map_sync(o.sync));
  if (!o.sync.empty() && o.role == "publish") return publish(o, map_sync(o.sync));
  std::fprintf(stderr,
               "usage: %s subscribe|publish --sync FILE [--nodes N] [--messages M] [--rate R] "
               "[--seconds S]\n",
               argv[0]);
  return 2;
}
