// DTS_ASSERT: for our own mistakes, on in every build; never for what a network, file or user can
// cause.
#pragma once

namespace dts::base {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);
}

#define DTS_ASSERT(expression)         \
  ((expression) ? static_cast<void>(0) \
                : ::dts::base::assertion_failed(#expression, __FILE__, __LINE__))
