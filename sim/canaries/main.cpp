// dts_sim_canaries: proves that the simulator finds bugs. The engine of this program contains the
// bugs of the table (base/canary.hpp), one awake at a time. Each is hunted in a process of its own,
// since a bug may crash it or make it run for ever, with the scenarios and seeds that every build
// passes. A bug that no seed finds, or a seed that fails with none awake, is a failure.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <base/canary.hpp>
#include <sim/canaries/table.hpp>
#include <sim/scenario.hpp>

namespace {

using namespace dts::sim;

constexpr unsigned seconds_max = 30;  // of one run
constexpr std::uint64_t seeds_default = 60;

struct Hunt {
  const Canary* canary = nullptr;
  pid_t process = 0;
  int pipe = -1;
};

struct Found {
  const Scenario* scenario = nullptr;
  std::uint64_t seed = 0, runs = 0;
  std::string violation;
};

// The cheap scenarios in turn, seed after seed.
Found hunt(std::uint64_t seeds) {
  Found found;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    for (const Scenario& scenario : scenarios()) {
      if (!scenario.every_seed) continue;
      ++found.runs;
      alarm(seconds_max);
      const RunResult result = run(scenario, {.seed = seed, .lines = {}});
      if (result.violations_in_all == 0) continue;
      found.scenario = &scenario;
      found.seed = seed;
      found.violation = result.violations.front();
      return found;
    }
  }
  return found;
}

// In the child: what was found goes to the parent in one line.
[[noreturn]] void child(const Canary& canary, std::uint64_t seeds, int to_parent) {
  dts::base::canary_awake = canary.number;
  const Found found = hunt(seeds);
  if (found.scenario == nullptr) _exit(1);
  dts::base::canary_awake = 0;
  const bool innocent = run(*found.scenario, {.seed = found.seed, .lines = {}}).violations_in_all ==
                        0;  // it was the bug
  char line[600];
  const int length =
      std::snprintf(line, sizeof line, "%s %llu after %llu runs: %.400s", found.scenario->name,
                    static_cast<unsigned long long>(found.seed),
                    static_cast<unsigned long long>(found.runs), found.violation.c_str());
  const auto size = std::min<std::size_t>(static_cast<std::size_t>(length), sizeof line - 1);
  if (write(to_parent, line, size) != static_cast<ssize_t>(size)) _exit(3);
  _exit(innocent ? 0 : 2);
}

bool start(Hunt& hunt, const Canary& canary, std::uint64_t seeds) {
  int ends[2];
  if (pipe(ends) != 0) return false;
  std::fflush(stdout);
  hunt = {&canary, fork(), ends[0]};
  if (hunt.process == 0) child(canary, seeds, ends[1]);
  close(ends[1]);
  return hunt.process > 0;
}

// Waits for one hunt and prints its row; true when the canary was found.
bool finish(const Hunt& hunt) {
  char line[600] = {};
  const ssize_t length = read(hunt.pipe, line, sizeof line - 1);
  if (length < 0) line[0] = '\0';
  close(hunt.pipe);
  int status = 0;
  waitpid(hunt.process, &status, 0);
  const char* verdict = "found";
  std::string how = line;
  bool found = true;
  if (WIFSIGNALED(status)) {
    how = WTERMSIG(status) == SIGALRM ? "it ran for ever" : "it crashed";
  } else if (WEXITSTATUS(status) == 2) {
    verdict = "INNOCENT";
    how += "  (fails without it too)";
    found = false;
  } else if (WEXITSTATUS(status) != 0) {
    verdict = "MISSED";
    found = false;
  }
  std::printf("%3u  %-8s  %-68s  %s\n", hunt.canary->number, verdict, hunt.canary->bug,
              how.c_str());
  std::fflush(stdout);
  return found;
}

}  // namespace

// dts_sim_canaries [seeds] [number]
int main(int argc, char** argv) {
  const std::uint64_t seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : seeds_default;
  const unsigned only = argc > 2 ? static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)) : 0;
  const std::size_t at_once = std::max(1u, std::thread::hardware_concurrency());
  std::vector<const Canary*> all;
  for (const Canary& canary : canaries())
    if (only == 0 || canary.number == only) all.push_back(&canary);
  std::vector<Hunt> hunts;
  std::size_t found = 0, next = 0;
  while (next < all.size() || !hunts.empty()) {
    while (next < all.size() && hunts.size() < at_once) {
      Hunt hunt;
      if (!start(hunt, *all[next++], seeds)) {
        std::fprintf(stderr, "dts_sim_canaries: cannot start a process: %s\n",
                     std::strerror(errno));
        return 2;
      }
      hunts.push_back(hunt);
    }
    found += finish(hunts.front());
    hunts.erase(hunts.begin());
  }
  std::printf("%zu of %zu canaries found\n", found, all.size());
  return found == all.size() && found > 0 ? 0 : 1;
}
