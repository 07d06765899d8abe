// dts_sim: runs seeds of scenarios and tells which fail, why, and how to repeat them.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include <sim/curves.hpp>
#include <sim/scenario.hpp>
#include <sim/shrink.hpp>

namespace {

using dts::sim::RunOptions;
using dts::sim::RunResult;
using dts::sim::Scenario;

struct Arguments {
  std::uint64_t seed = 1, seeds = 1;
  std::string scenario;
  std::uint64_t curves = 0;
  RunOptions run;
  bool verbose = false, list = false, help = false, quiet = false, shrink = true;
};

constexpr const char* usage =
    "usage: dts_sim [--seed=N] [--seeds=COUNT] [--scenario=NAME] [--nodes=N] [--verbose] [--list]\n"
    "\n"
    "Runs the protocol engine on a virtual clock and network. Everything comes from the seed:\n"
    "the same seed gives the same run and the same trace hash.\n"
    "  --seed=N         the (first) seed; 1 unless told\n"
    "  --seeds=COUNT    so many seeds from there\n"
    "  --scenario=NAME  only this one (--list shows them)\n"
    "  --nodes=N        instead of as many as the scenario likes\n"
    "  --verbose        every message, notice and fault\n"
    "  --quiet          only the runs that fail\n"
    "  --no-shrink      do not look for a smaller run that fails in the same way\n"
    "  --curves[=N]     the tables of docs/scale.md, up to N nodes (10,000)\n"
    "Less than the seed would do:\n"
    "  --storm-us=N     end the storm after so many microseconds\n"
    "  --publish=N      so many times something is published\n"
    "  --without=A,B    without these faults, or churn, large, burst\n"
    "Exit code 0: all held; 1: some failed; 2: wrong arguments.\n";

// "--name=value" or "--name value".
bool value_of(int argc, char** argv, int& i, std::string_view name, std::string& value) {
  const std::string_view argument = argv[i];
  if (argument == name && i + 1 < argc) {
    value = argv[++i];
    return true;
  }
  if (!argument.starts_with(name) || argument.size() <= name.size() || argument[name.size()] != '=')
    return false;
  value = argument.substr(name.size() + 1);
  return true;
}

bool number(const std::string& text, std::uint64_t& value) {
  char* end = nullptr;
  value = std::strtoull(text.c_str(), &end, 10);
  return !text.empty() && *end == '\0';
}

// Names with commas between them.
bool without(const std::string& text, std::vector<std::string>& names) {
  for (std::size_t i = 0; i <= text.size();) {
    const std::size_t end = std::min(text.find(',', i), text.size());
    const std::string name = text.substr(i, end - i);
    dts::sim::Faults faults;
    if (name != "churn" && name != "large" && name != "burst" && !faults.remove(name)) return false;
    names.push_back(name);
    i = end + 1;
  }
  return true;
}

bool parse(int argc, char** argv, Arguments& a) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    std::string value;
    std::uint64_t nodes = 0, storm_us = 0;
    bool good = true;
    if (argument == "--verbose")
      a.verbose = true;
    else if (argument == "--quiet")
      a.quiet = true;
    else if (argument == "--no-shrink")
      a.shrink = false;
    else if (argument == "--curves")
      a.curves = 10'000;
    else if (value_of(argc, argv, i, "--curves", value))
      good = number(value, a.curves) && a.curves >= 10 && a.curves <= 10'000;
    else if (argument == "--list")
      a.list = true;
    else if (argument == "--help" || argument == "-h")
      a.help = true;
    else if (value_of(argc, argv, i, "--seeds", value))
      good = number(value, a.seeds);
    else if (value_of(argc, argv, i, "--seed", value))
      good = number(value, a.seed);
    else if (value_of(argc, argv, i, "--scenario", value))
      a.scenario = value;
    else if (value_of(argc, argv, i, "--nodes", value))
      good = number(value, nodes) && nodes >= 2 && nodes <= 20'000;
    else if (value_of(argc, argv, i, "--storm-us", value))
      good = number(value, storm_us) && storm_us <= 3'600'000'000;
    else if (value_of(argc, argv, i, "--publish", value))
      good = number(value, a.run.publish_max);
    else if (value_of(argc, argv, i, "--without", value))
      good = without(value, a.run.without);
    else
      good = false;
    if (storm_us != 0) a.run.storm_max = std::chrono::microseconds(storm_us);
    if (nodes != 0) a.run.nodes = static_cast<std::uint32_t>(nodes);
    if (!good) {
      std::fprintf(stderr, "dts_sim: cannot use \"%s\"\n%s", argv[i], usage);
      return false;
    }
  }
  return true;
}

void report(const Scenario& scenario, const RunResult& r, const Arguments& a) {
  const bool failed = r.violations_in_all > 0;
  if (a.quiet && !failed) return;
  std::printf(
      "%-6s %-15s seed %-6llu hash %016llx  %6.1f s  %8llu events  %7llu messages  %llu gaps\n",
      failed ? "FAILED" : "ok", scenario.name, static_cast<unsigned long long>(r.seed),
      static_cast<unsigned long long>(r.trace_hash),
      static_cast<double>(r.virtual_time.count()) / 1e9, static_cast<unsigned long long>(r.events),
      static_cast<unsigned long long>(r.oracle.delivered),
      static_cast<unsigned long long>(r.oracle.gaps));
  if (!failed) return;
  std::size_t shown = 0;
  for (const std::string& violation : r.violations) {
    if (++shown > (a.verbose ? 100u : 5u)) break;
    std::printf("       %s\n", violation.c_str());
  }
  if (r.violations_in_all > 5)
    std::printf("       (%llu in all)\n", static_cast<unsigned long long>(r.violations_in_all));
  std::printf("       repeat: dts_sim %s --verbose\n",
              dts::sim::arguments_of(scenario, a.run).c_str());
}

void report_shrunk(const Scenario& scenario, const Arguments& a) {
  const dts::sim::Shrunk shrunk = dts::sim::shrink(scenario, a.run);
  std::printf("       the smallest of %llu runs that fail like this:\n",
              static_cast<unsigned long long>(shrunk.runs));
  for (const std::string& line : shrunk.lines) std::printf("         %s\n", line.c_str());
  if (!shrunk.result.violations.empty())
    std::printf("         => %s\n", shrunk.result.violations.front().c_str());
  std::printf("       repeat: dts_sim %s --verbose\n",
              dts::sim::arguments_of(scenario, shrunk.options).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  Arguments a;
  if (!parse(argc, argv, a)) return 2;
  if (a.help) return std::fputs(usage, stdout), 0;
  if (a.curves != 0) {
    dts::sim::print_curves(a.curves, [](const std::string& line) {
      std::puts(line.c_str());
      std::fflush(stdout);
    });
    return 0;
  }
  if (a.list) {
    for (const Scenario& s : dts::sim::scenarios()) std::printf("%-16s %s\n", s.name, s.summary);
    return 0;
  }
  if (!a.scenario.empty() && dts::sim::find_scenario(a.scenario) == nullptr) {
    std::fprintf(stderr, "dts_sim: there is no scenario \"%s\" (--list shows them)\n",
                 a.scenario.c_str());
    return 2;
  }
  if (a.verbose) a.run.lines = [](const std::string& line) { std::puts(line.c_str()); };
  std::uint64_t runs = 0, failed = 0;
  for (std::uint64_t i = 0; i < a.seeds; ++i) {
    a.run.seed = a.seed + i;
    for (const Scenario& scenario : dts::sim::scenarios()) {
      if (a.scenario.empty() ? !scenario.every_seed && i > 0 : a.scenario != scenario.name)
        continue;
      const RunResult result = dts::sim::run(scenario, a.run);
      ++runs;
      failed += result.violations_in_all > 0;
      report(scenario, result, a);
      // The first few: a bug that is everywhere need not be shrunk everywhere.
      if (result.violations_in_all > 0 && a.shrink && !a.verbose && failed <= 3)
        report_shrunk(scenario, a);
      std::fflush(stdout);
    }
  }
  std::printf("%llu runs, %llu failed\n", static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}
