// Shrink: from a run that fails to a smaller one that fails in the same way: fewer nodes, faults
// and messages, a shorter storm. Less of something leaves most of the rest as it was, since nodes,
// faults and traffic draw from the seed apart; where it does not, a neighbouring seed may still
// fail. Then the last lines of the trace that matter.
#pragma once

#include <string>
#include <vector>

#include <sim/scenario.hpp>

namespace dts::sim {

struct Shrunk {
  RunOptions options;  // of the smallest run that still fails
  RunResult result;
  std::uint64_t runs = 0;
  std::vector<std::string> lines;  // of its trace, up to the violation
};

// `options` must fail. At most so many runs are tried.
Shrunk shrink(const Scenario& scenario, RunOptions options, std::uint64_t runs_max = 400,
              std::size_t lines_max = 40);
// The arguments of dts_sim that repeat a run.
std::string arguments_of(const Scenario& scenario, const RunOptions& options);

}  // namespace dts::sim
