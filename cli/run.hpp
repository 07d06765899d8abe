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
class Output;

int run(std::span<const std::string_view> words);

// Prints the error and returns the exit code that goes with it: 2 when what was asked cannot be, 4
// for a type that is not there, 124 for a timeout, else 1.
int fail(Output& out, const Error& error);
int fail(const Invocation& invocation, const Error& error);

}  // namespace dts::cli
