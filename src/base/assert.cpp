#include <base/assert.hpp>

#include <cstdio>
#include <cstdlib>

namespace dts::base {

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "dts: a mistake of ours: %s is false at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace dts::base
