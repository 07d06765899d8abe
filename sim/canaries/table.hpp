// The canaries: the numbers of base/canary.hpp and what each bug is.
#pragma once

#include <span>

namespace dts::sim {

struct Canary {
  unsigned number;
  const char* bug;
};

std::span<const Canary> canaries();

}  // namespace dts::sim
