// Completion scripts for the shells, generated from the command table.
#pragma once

#include <string>

namespace dts::cli {

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace dts::cli
