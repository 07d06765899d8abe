// dts help: of the program, of a verb, of an error id; and the writer of the reference pages.
#include <algorithm>

#include <base/text.hpp>
#include <cli/error_table.hpp>
#include <cli/help.hpp>
#include <cli/invocation.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/verbs.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr Flag kFlags[] = {
    {0, "man", "", "the man page, in roff"},
    {0, "write-docs", "DIR", "write the reference pages below this directory"},
    {0, "errors", "", "list every error id"},
};
constexpr Example kExamples[] = {
    {"dts help sub", "everything about one verb"},
    {"dts help E1204", "what an error means and what to do"},
    {"dts help --man | man -l -", "the man page"},
};

bool looks_like_error(std::string_view word) {
  return word.size() == 5 && (word[0] == 'E' || word[0] == 'e') && word[1] >= '0' && word[1] <= '9';
}

int print_error_row(Output& out, const ErrorRow& row) {
  if (out.json()) {
    out.line(JsonObject()
                 .text("id", error_id(row.code))
                 .text("name", error_name(row.code))
                 .text("cause", row.cause)
                 .text("cure", row.cure)
                 .str());
  } else {
    out.data(explain(row));
  }
  return exit_ok;
}

int list_errors(Output& out) {
  for (const ErrorRow& row : error_table()) {
    if (out.json()) {
      print_error_row(out, row);
    } else {
      out.line(error_id(row.code) + "  " + padded(std::string(error_name(row.code)), 20) +
               std::string(row.cause));
    }
  }
  return exit_ok;
}

int run_help(Invocation& invocation) {
  Output& out = invocation.out();
  if (const auto directory = invocation.value("write-docs")) {
    if (const auto written = write_pages(*directory); !written) {
      return fail(invocation, written.error());
    }
    return exit_ok;
  }
  if (invocation.has("man")) return out.data(man_page()), exit_ok;
  if (invocation.has("errors")) return list_errors(out);
  if (invocation.arguments().empty()) return out.data(program_help()), exit_ok;
  const std::string& word = invocation.arguments()[0];
  if (const ErrorRow* row = find_error(word)) return print_error_row(out, *row);
  if (looks_like_error(word)) {
    return fail(invocation,
                Error(ErrorCode::invalid_argument, "there is no error " + base::printable(word), {},
                      {}, "dts help --errors lists them"));
  }
  const Command* command = nullptr;
  std::span<const Command* const> table = commands();
  std::string path;
  for (const std::string& name : invocation.arguments()) {
    command = find_command(table, name);
    if (command == nullptr) {
      std::vector<std::string> names;
      for (const Command* each : table) names.emplace_back(each->name);
      const std::string near = base::nearest(name, names);
      return fail(invocation,
                  Error(ErrorCode::unknown_command,
                        "\"" + base::printable(name) + "\" is not a command or an error id", {}, {},
                        near.empty() ? "dts --help" : "did you mean \"" + near + "\"?"));
    }
    path += (path.empty() ? "" : " ") + std::string(command->name);
    table = command->children;
  }
  out.data(command_help(*command, path));
  return exit_ok;
}

}  // namespace

constinit const Command help_command{
    .name = "help",
    .aliases = "",
    .group = Group::self,
    .arguments = "[VERB | ERROR-ID]",
    .summary = "explain a verb or an error",
    .about = "",
    .flags = kFlags,
    .examples = kExamples,
    .run = run_help,
    .complete = Complete::commands,
    .arguments_max = 2,
};

}  // namespace dts::cli
