// The `exec` source: a program's standard output, one JSON object a line, published as values of
// a type.
#pragma once

namespace dts::cli {

class Invocation;

int run_exec(Invocation& invocation);

}  // namespace dts::cli
