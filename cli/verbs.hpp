// The rows of the command table: each is defined in the file of its verb and listed in
// commands.cpp.
#pragma once

#include <cli/command.hpp>

namespace dts::cli {

extern const Command ls_command, show_command, get_command, query_command, sub_command;
extern const Command nodes_command, why_command;
extern const Command pub_command, type_command, source_command, hub_command, bridge_command;
extern const Command http_command;
extern const Command doctor_command, formats_command, transports_command;
extern const Command help_command, completion_command, version_command;

}  // namespace dts::cli
