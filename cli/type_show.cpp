// dts type ls, dts type show, dts type export, dts type new.
#include <algorithm>
#include <cstdlib>

#include <base/hex.hpp>
#include <base/text.hpp>
#include <cli/definition.hpp>
#include <cli/derive.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/table.hpp>
#include <cli/type_command.hpp>
#include <cli/type_source.hpp>
#include <cli/words.hpp>
#include <schema/schema.hpp>

namespace dts::cli {

namespace {

constexpr Flag kShowFlags[] = {
    {0, "as", "FORM", "notation (or dts), document (hex), json, or a schema language (notation)",
     "notation dts document json proto capnp avro json-schema jtd cpp python"},
};
constexpr Example kShowExamples[] = {
    {"dts type show brewery.Temperature", "the notation"},
    {"dts type show temperature.dts --as capnp", "as a Cap'n Proto schema"},
};
constexpr Flag kExportFlags[] = {
    {0, "as", "FORM", "the schema language (capnp)",
     "capnp proto avro json-schema jtd cpp python notation dts json"},
};
constexpr Example kExportExamples[] = {
    {"dts type export brewery.Temperature > temperature.capnp", "for the capnp tool"},
    {"dts type export brewery.Temperature --as proto > temperature.proto", "for protoc"},
    {"dts type export temperature.dts --as cpp > temperature.hpp", "as a C++ struct"},
};
constexpr Example kNewExamples[] = {
    {"dts type new Temperature celsius=18.4 tank=3", "from fields"},
    {"echo '{\"celsius\":18.4}' | dts type new Temperature", "from JSON"},
};

}  // namespace

Result<void> print_as(Output& out, const Type& type, std::string_view form) {
  const auto language = schema::find_language(form);
  if (out.json() && form != "json" && form != "dts" && form != "notation")
    return Error(ErrorCode::invalid_argument,
                 "--json and --as " + std::string(form) + " contradict each other", {}, {},
                 "leave out --json");
  if (form == "json" || out.json()) {
    out.line(type_json(type));
  } else if (form == "document") {
    out.line(base::to_hex(type.document()));
  } else if (language && *language != schema::Language::notation) {
    DTS_ASSIGN(const std::string text, schema::export_schema(type, *language));
    out.line(printable_lines(text));
  } else {
    // The id is about the data: the notation alone can be read back as it is.
    out.line(printable_lines(type.print(Type::Style::lines)));
    out.note("# " + base::printable(type.name()) + "@" + type.id().short_hex());
    note_unknown_units(out, type);
  }
  return {};
}

namespace {

int run_show(Invocation& invocation) {
  TypeSource source(invocation);
  const auto types = source.all(invocation.arguments()[0]);
  if (!types) return fail(invocation, types.error());
  const std::string form = invocation.value("as").value_or("dts");
  for (const Type& type : *types) {
    const auto printed = print_as(invocation.out(), type, form);
    if (!printed) return fail(invocation, printed.error());
  }
  return exit_ok;
}

int run_export(Invocation& invocation) {
  TypeSource source(invocation);
  const auto type = source.one(invocation.arguments()[0]);
  if (!type) return fail(invocation, type.error());
  const auto printed = print_as(invocation.out(), *type, invocation.value("as").value_or("capnp"));
  return printed ? exit_ok : fail(invocation, printed.error());
}

int run_new(Invocation& invocation) {
  const std::string& name = invocation.arguments()[0];
  if (!is_type_name(name)) {
    return fail(
        invocation,
        Error(ErrorCode::invalid_name, "\"" + base::printable(name) + "\" is not a type's name", {},
              "a name is words of letters, digits and _ with dots between", "brewery.Temperature"));
  }
  Result<Type> type = Error(ErrorCode::invalid_argument);
  if (invocation.arguments().size() == 1) {
    const auto text = read_text("-");
    if (!text) return fail(invocation, text.error());
    type = type_from_json(name, *text);
  } else if (invocation.arguments().size() == 2 && invocation.arguments()[1].rfind('{', 0) == 0) {
    type = type_from_json(name, invocation.arguments()[1]);
  } else {
    const auto pairs = parse_pairs(invocation.arguments(), 1);
    if (!pairs) return fail(invocation, pairs.error());
    type = type_from_pairs(name, *pairs);
  }
  if (!type) return fail(invocation, type.error());
  if (invocation.out().json()) {
    invocation.out().line(type_json(*type));
  } else {
    invocation.out().line(printable_lines(type->print(Type::Style::lines)));
  }
  return exit_ok;
}

int run_ls(Invocation& invocation) {
  auto opened = Session::open(invocation);
  if (!opened) return fail(invocation, opened.error());
  Output& out = invocation.out();
  (*opened)->domain().refresh();
  (*opened)->run_for(std::chrono::milliseconds(600));
  const Catalogue catalogue = (*opened)->domain().catalogue();
  std::map<std::pair<std::string, TypeId>, std::size_t> types;
  for (const NodeInfo& node : catalogue.nodes) {
    if (node.self) continue;
    for (const StreamInfo& stream : node.streams) {
      ++types[{stream.source.type_name, stream.source.type}];
    }
  }
  Table table({{"TYPE"}, {"ID"}, {"PUB", Align::right}});
  for (const auto& [key, publishers] : types) {
    if (out.json()) {
      out.line(JsonObject()
                   .text("type", key.first)
                   .text("id", key.second.hex())
                   .count("publishers", publishers)
                   .str());
    }
    table.add({{key.first, Color::type}, {key.second.short_hex()}, {std::to_string(publishers)}});
  }
  if (!out.json() && table.size() > 0) table.print(out);
  out.note(counted(types.size(), "exact type") + " on domain '" +
           base::printable(catalogue.domain) + "' (listened " + span_text((*opened)->elapsed()) +
           ")");
  return (*opened)->ended() ? Session::exit_code((*opened)->end(), exit_ok)
                            : static_cast<int>(exit_ok);
}

}  // namespace

constinit const Command type_ls_command{
    .name = "ls",
    .aliases = "list",
    .group = Group::write,
    .arguments = "",
    .summary = "list the exact types published on the bus",
    .about = "",
    .run = run_ls,
    .arguments_max = 0,
};

constinit const Command type_show_command{
    .name = "show",
    .aliases = "",
    .group = Group::write,
    .arguments = "TYPE|FILE",
    .summary = "print a type",
    .about = "",
    .flags = kShowFlags,
    .examples = kShowExamples,
    .run = run_show,
    .complete = Complete::types_or_files,
    .arguments_min = 1,
    .arguments_max = 1,
};

constinit const Command type_export_command{
    .name = "export",
    .aliases = "",
    .group = Group::write,
    .arguments = "TYPE|FILE",
    .summary = "write a type as a schema of another system",
    .about = "",
    .flags = kExportFlags,
    .examples = kExportExamples,
    .run = run_export,
    .complete = Complete::types_or_files,
    .arguments_min = 1,
    .arguments_max = 1,
};

constinit const Command type_new_command{
    .name = "new",
    .aliases = "",
    .group = Group::write,
    .arguments = "NAME [FIELD=VALUE... | JSON]",
    .summary = "make a type from a sample",
    .about =
        "The sample is a JSON object on stdin, or fields on the command line. Whole numbers "
        "become i64, others\nf64, RFC 3339 text becomes time, objects become structs.",
    .examples = kNewExamples,
    .run = run_new,
    .arguments_min = 1,
};

}  // namespace dts::cli
