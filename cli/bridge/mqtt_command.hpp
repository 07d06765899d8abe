// The command `dts bridge mqtt`: its row and its flags.
#pragma once

#include <cli/command.hpp>

namespace dts::cli {

extern const Command mqtt_bridge_command;

}  // namespace dts::cli
