// Running one command line: parse, find the verb, run it, turn what went wrong into text and an
// exit code.
#pragma once

#include <span>
#include <string_view>

namespace dts {
class Error;
}

namespace dts::cli {

class Invocation;

int run(std::span<const std::string_view> words);

// Prints the error and returns the exit code that goes with it: 2 for usage, 4 for a type that is
// not there, 124 for a timeout, else 1.
int fail(const Invocation& invocation, const Error& error);

}  // namespace dts::cli
