// dts bridge: joins the domain with systems that have their own messages. The work is in the files
// beside this one; here are the rows and the flags.
#include <algorithm>
#include <set>

#include <base/text.hpp>
#include <cli/bridge/jetstream_command.hpp>
#include <cli/bridge/mqtt_command.hpp>
#include <cli/bridge/python_dts.hpp>
#include <cli/definition.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/verbs.hpp>
#include <schema/schema.hpp>

namespace dts::cli {

namespace {

constexpr Flag kPythonFlags[] = {
    {0, "schema", "FILE", "the structs, a .capnp file; may be repeated"},
    {0, "interface", "IF", "where the Python nodes are; as the machine's routes say unless told"},
    {0, "port", "N", "the Python nodes' UDP port; 5555 unless told"},
};
constexpr Example kPythonExamples[] = {
    {"dts bridge python-dts --schema sensors.capnp", "the structs of that file, both ways"},
    {"dts bridge python-dts --schema sensors.capnp --interface docker0",
     "with the nodes in containers"},
};

Result<void> add_structs(Output& out, const std::string& path, std::vector<PythonStruct>& structs) {
  if (!path.ends_with(".capnp"))
    return Error(ErrorCode::invalid_argument, "not a schema of the Python nodes",
                 base::printable(path), "they have Cap'n Proto structs: a file named *.capnp",
                 "dts type export TYPE --as capnp");
  DTS_ASSIGN(schema::Imported imported, schema::import_schema(path));
  for (const std::string& note : imported.notes) out.note("# " + base::printable(note));
  for (schema::ImportedType& each : imported.types) {
    const Kind kind = each.type.root().kind;
    if (each.own_name.empty() || (kind != Kind::structure && kind != Kind::union_)) continue;
    const bool twice = std::any_of(structs.begin(), structs.end(), [&](const PythonStruct& other) {
      return other.name == each.own_name;
    });
    if (twice)
      return Error(ErrorCode::invalid_argument, "two structs called " + each.own_name,
                   base::printable(path), "Python nodes know a struct by its name alone");
    note_unknown_units(out, each.type);
    structs.push_back({each.own_name, std::move(each.type), std::move(each.binding)});
  }
  return {};
}

int run_python(Invocation& invocation) {
  std::vector<PythonStruct> structs;
  const std::vector<std::string> paths = invocation.values("schema");
  if (paths.empty())
    return fail(invocation, Error(ErrorCode::invalid_argument, "no structs to pass on", {},
                                  "schemas do not travel among Python nodes",
                                  "dts bridge python-dts --schema sensors.capnp"));
  for (const std::string& path : paths)
    if (const auto added = add_structs(invocation.out(), path, structs); !added)
      return fail(invocation, added.error());
  if (structs.empty())
    return fail(invocation, Error(ErrorCode::invalid_argument, "no struct in the schema",
                                  base::printable(paths[0])));
  const auto port = invocation.count("port");
  if (!port) return fail(invocation, port.error());
  if (port->value_or(1) > 65535)
    return fail(invocation, Error(ErrorCode::invalid_argument, "--port is at most 65535"));
  auto session = Session::open(invocation);
  if (!session) return fail(invocation, session.error());
  auto opened =
      PythonBridge::open(**session, std::move(structs), invocation.value("interface").value_or(""),
                         static_cast<std::uint16_t>(port->value_or(bridge::python_dts::kPort)));
  if (!opened) return fail(invocation, opened.error());
  const Session::End end = (*opened)->run();
  (*opened)->finish();
  return Session::exit_code(end, exit_ok);
}

constexpr Command kPython{
    .name = "python-dts",
    .aliases = "",
    .group = Group::connect,
    .arguments = "",
    .summary = "nodes of the Python package domaintypesystem (2019)",
    .about =
        "Values of each struct in the schemas go both ways: what Python nodes send is published "
        "under\nthe type of that name, what the domain publishes is sent to them. Several bridges "
        "of one domain\nmay run: one works, the others stand by. Runs until Ctrl-C or SIGTERM.",
    .flags = kPythonFlags,
    .examples = kPythonExamples,
    .run = run_python,
    .arguments_max = 0};
constexpr const Command* kKinds[] = {&jetstream_bridge_command, &mqtt_bridge_command, &kPython};

}  // namespace

const Command bridge_command{.name = "bridge",
                             .aliases = "",
                             .group = Group::connect,
                             .arguments = "KIND",
                             .summary = "join the domain with systems that have their own messages",
                             .about = "",
                             .children = kKinds,
                             .words = "jetstream mqtt python-dts"};

}  // namespace dts::cli
