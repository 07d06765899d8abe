// dts type import: reads schemas of other systems as types.
#include <algorithm>
#include <set>

#include <base/text.hpp>
#include <cli/definition.hpp>
#include <cli/invocation.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/type_command.hpp>
#include <cli/words.hpp>
#include <schema/schema.hpp>

namespace dts::cli {

namespace {

constexpr Flag kFlags[] = {
    {0, "root", "NAME", "only this type of the file: its name, or the last word of it"},
    {0, "from", "LANGUAGE", "what the file is in, where its name does not tell",
     "proto capnp avro json-schema jtd notation"},
    {0, "as", "FORM", "what to write (notation)",
     "notation dts document json proto capnp avro json-schema jtd cpp python"},
};
constexpr Example kExamples[] = {
    {"dts type import brewery.proto", "as the notation; what was left out stands on stderr"},
    {"dts type import brewery.capnp --root Batch --as json-schema", "from one to another"},
};

// Those that no other one contains: each brings what it needs.
std::vector<const schema::ImportedType*> roots(const schema::Imported& imported) {
  const auto contains = [](const Type& type, const Type& other) {
    const auto nodes = type.nodes();
    return std::any_of(nodes.begin(), nodes.end(),
                       [&](const TypeNode& node) { return node.name == other.name(); });
  };
  std::vector<const schema::ImportedType*> found;
  for (const schema::ImportedType& each : imported.types) {
    bool inside = false;
    for (const schema::ImportedType& other : imported.types) {
      if (&other == &each || !contains(other.type, each.type)) continue;
      inside = inside || !contains(each.type, other.type) || &other < &each;
    }
    if (!inside) found.push_back(&each);
  }
  return found;
}

// Types may share others: each is printed once.
void print_notation(Output& out, const std::vector<const schema::ImportedType*>& types) {
  std::set<std::string> seen;
  bool first = true;
  for (const schema::ImportedType* each : types) {
    std::string text = each->type.print(Type::Style::lines);
    while (!text.empty()) {
      const std::size_t end = std::min(text.find("\n\n"), text.size());
      const std::string block = printable_lines(text.substr(0, end));
      text.erase(0, std::min(end + 2, text.size()));
      if (block.empty() || !seen.insert(block).second) continue;
      if (!first) out.line("");
      out.line(block);
      first = false;
    }
  }
}

void tell(Output& out, const schema::Imported& imported) {
  for (const std::string& note : imported.notes) out.note("# " + base::printable(note));
  for (const schema::ImportedType& each : imported.types) {
    if (!each.binding.valid()) continue;
    out.note("# " + base::printable(each.type.name()) + "@" + each.type.id().short_hex() +
             " has a binding for " + each.binding.format() + ": " + each.binding.id().hex());
  }
  for (const schema::ImportedType* each : roots(imported)) note_unknown_units(out, each->type);
}

int run_import(Invocation& invocation) {
  Output& out = invocation.out();
  const std::string form = invocation.value("as").value_or("notation");
  const auto language = schema::find_language(invocation.value("from").value_or(""));
  for (const std::string& path : invocation.arguments()) {
    const auto imported =
        schema::import_schema(path, invocation.value("root").value_or(""), language);
    if (!imported) return fail(invocation, imported.error());
    tell(out, *imported);
    const auto types = roots(*imported);
    if (!out.json() && (form == "notation" || form == "dts")) {
      print_notation(out, types);
      continue;
    }
    for (const schema::ImportedType* each : types) {
      const auto printed = print_as(out, each->type, form);
      if (!printed) return fail(invocation, printed.error());
    }
  }
  return exit_ok;
}

}  // namespace

constinit const Command type_import_command{
    .name = "import",
    .aliases = "",
    .group = Group::write,
    .arguments = "FILE...",
    .summary = "read a schema of another system as types",
    .about =
        "Reads .proto, .capnp, .avsc, JSON Schema, JSON Type Definition and the notation. What a "
        "schema imports\nis looked for beside it and in the folders above. A .proto or .capnp "
        "file numbers and lays out its types\nin its own way: that is its binding, which `dts pub "
        "--define FILE` publishes with.",
    .flags = kFlags,
    .examples = kExamples,
    .run = run_import,
    .complete = Complete::files,
    .arguments_min = 1,
};

}  // namespace dts::cli
