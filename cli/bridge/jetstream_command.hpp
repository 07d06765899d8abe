// The command `dts bridge jetstream`: its row and its flags.
#pragma once

#include <cli/command.hpp>

namespace dts::cli {

extern const Command jetstream_bridge_command;

}  // namespace dts::cli
