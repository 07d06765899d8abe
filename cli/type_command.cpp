// dts type: look at types, compare them, make and export them. The children are in type_*.cpp.
#include <cli/type_command.hpp>
#include <cli/verbs.hpp>

namespace dts::cli {

namespace {

constexpr const Command* kChildren[] = {&type_ls_command,   &type_show_command,
                                        &type_diff_command, &type_check_command,
                                        &type_new_command,  &type_export_command};
constexpr Example kExamples[] = {
    {"dts type show brewery.Temperature", "the notation of a live type"},
    {"dts type diff Pressure@51ce Pressure@a07b", "two types of one name, side by side"},
    {"echo '{\"celsius\":18.4}' | dts type new Temperature", "a type from a sample"},
};

}  // namespace

constinit const Command type_command{
    .name = "type",
    .aliases = "types",
    .group = Group::write,
    .arguments = "ls|show|diff|check|new|export",
    .summary = "look at types, compare, make and export them",
    .about =
        "A type is named by its name (a live type), name@id (one of several), a file with the "
        "notation,\n- for stdin, or the notation itself in quotes.",
    .examples = kExamples,
    .children = kChildren,
};

}  // namespace dts::cli
