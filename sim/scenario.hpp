// Scenario: a named kind of run and the table of all of them. A scenario sets a world up, drives it
// and demands what must be so; the seed decides everything else.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <sim/world.hpp>

namespace dts::sim {

struct Scenario {
  const char* name;
  const char* summary;
  void (*run)(World& world);
  bool every_seed;  // else only the first of a range of seeds: it is long and hardly random
};

// farewells.cpp
void farewell(World& world);
void stream_ends(World& world);
// hubs.cpp
void hub(World& world);
void hubs_beside(World& world);
void hubs_in_a_row(World& world);
void hub_chaos(World& world);
// interruptions.cpp
void interrupted(World& world);
void half_message(World& world);
// slow_application.cpp
void slow_application(World& world);
void standstill(World& world);

// selective.cpp
void selective(World& world);

std::span<const Scenario> scenarios();
const Scenario* find_scenario(std::string_view name);

struct RunResult {
  std::uint64_t seed = 0, trace_hash = 0, events = 0;
  Duration virtual_time{0};
  std::vector<std::string> violations;  // the first of them
  std::uint64_t violations_in_all = 0;
  OracleCounters oracle;
  NetworkCounters network;
  std::uint32_t nodes = 0;
};

RunResult run(const Scenario& scenario, const RunOptions& options);

}  // namespace dts::sim
