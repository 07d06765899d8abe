// dts type: look at types, compare them, make and export them. The children are in type_*.cpp.
#include <cli/type_command.hpp>
#include <cli/verbs.hpp>

namespace dts::cli {

namespace {

constexpr const Command* kChildren[] = {
    &type_ls_command,  &type_show_command,   &type_diff_command,  &type_check_command,
    &type_new_command, &type_export_command, &type_import_command};
constexpr Example kExamples[] = {
    {"dts type show brewery.Temperature", "the notation of a live type"},
    {"dts type diff Pressure@51ce Pressure@a07b", "two types of one name, side by side"},
    {"dts type import brewery.proto", "types from a schema of another system"},
    {"echo '{\"celsius\":18.4}' | dts type new Temperature", "a type from a sample"},
};

}  // namespace

constinit const Command type_command{
    .name = "type",
    .aliases = "types",
    .group = Group::write,
    .arguments = "ls|show|diff|check|new|import|export",
    .summary = "look at types, compare, make, import and export them",
    .about =
        "A type is named by its name (a live type), name@id (one of several), a file with the "
        "notation or a\nschema (.proto .capnp .avsc .json .jtd), - for stdin, or the notation "
        "itself "
        "in quotes.",
    .examples = kExamples,
    .children = kChildren,
};

}  // namespace dts::cli
