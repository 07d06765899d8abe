// The children of `dts type`.
#pragma once

#include <string>
#include <string_view>

#include <cli/command.hpp>
#include <cli/output.hpp>
#include <dts/assignment.hpp>
#include <dts/type.hpp>

namespace dts::cli {

extern const Command type_ls_command, type_show_command, type_diff_command, type_check_command,
    type_new_command, type_export_command, type_import_command;

// A text of several lines with each line made safe for a terminal.
std::string printable_lines(std::string_view text);
// The type in a form: "notation" ("dts"), "document", "json", or a schema language. Fails where the
// language cannot say it.
Result<void> print_as(Output& out, const Type& type, std::string_view form);
// What "can S read P" comes to: {"outcome","refusals":[...],"differences":[...]}.
std::string assignment_json(const Assignment& assignment);
// The type as JSON: name, id, and every named type with its members.
std::string type_json(const Type& type);

}  // namespace dts::cli
