#include <cli/help.hpp>

#include <sys/stat.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <cli/error_table.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr std::string_view kClaim =
    "dts - a data bus on which the type is the address: publish a Temperature, and\n"
    "everyone who asked for Temperature has it. No broker, no topics, nothing to set up.\n";

constexpr std::string_view kConventions =
    "stdout is data, stderr is everything about it. Durations read 500ms, 2s, 1h30m.\n"
    "The first Ctrl-C ends a stream cleanly, the second at once.\n";

struct ExitRow {
  int code;
  std::string_view meaning;
};
constexpr ExitRow kExitCodes[] = {
    {0, "done; a stream that was stopped with Ctrl-C counts as done"},
    {1, "failed, or the answer of a check is no"},
    {2, "what was asked cannot be: a wrong flag, type, format, filter or URL"},
    {3, "finished, but values were lost (or, with --strict, there were warnings)"},
    {4, "nothing matched: no such type or source on the bus"},
    {124, "--timeout elapsed, or a command was not confirmed in time"},
    {130, "ended at once by the second Ctrl-C"},
};

constexpr std::pair<std::string_view, std::string_view> kEnvironment[] = {
    {"DTS_DOMAIN", "the domain, as --domain"},
    {"DTS_IFACE", "the interfaces, as --iface"},
    {"DTS_TRANSPORTS", "what to talk by, as URLs: udp://,tcp://tank3.local (udp://,shm://)"},
    {"DTS_TLS_CERT", "our certificate on tcps://, a PEM file; DTS_TLS_KEY: its key"},
    {"DTS_TLS_CA", "who may have signed the other side's certificate, a PEM file"},
    {"DTS_PEERS", "hosts to talk to directly, as --peer: host,host:port"},
    {"DTS_LABELS", "labels on everything published: tank=3,room=koji"},
    {"NO_COLOR", "no colour, whatever the terminal"},
};

std::string flag_text(const Flag& flag) {
  std::string text = flag.letter != 0 ? std::string("-") + flag.letter + ", " : "    ";
  text += "--" + std::string(flag.name);
  if (!flag.value.empty()) text += " " + std::string(flag.value);
  return text;
}

void append_flags(std::string& out, std::span<const Flag> flags) {
  std::size_t width = 0;
  for (const Flag& flag : flags) {
    if (!flag.hidden) width = std::max(width, flag_text(flag).size());
  }
  for (const Flag& flag : flags) {
    if (flag.hidden) continue;
    out += "  " + padded(flag_text(flag), width + 2) + std::string(flag.help) + "\n";
  }
}

// Every command with its path, children behind their parent.
void visit(std::span<const Command* const> table, const std::string& prefix, auto&& each) {
  for (const Command* command : table) {
    const std::string path = prefix + std::string(command->name);
    each(*command, path);
    visit(command->children, path + " ", each);
  }
}

std::string roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '-') {
      out += "\\-";
    } else if (c == '\\') {
      out += "\\e";
    } else {
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

void roff_flags(std::string& out, std::span<const Flag> flags) {
  for (const Flag& flag : flags) {
    if (flag.hidden) continue;
    std::string name = flag_text(flag);
    name.erase(0, name.find_first_not_of(' '));
    out += ".TP\n\\fB" + roff(name) + "\\fR\n" + roff(flag.help) + "\n";
  }
}

std::string markdown_cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

void markdown_flags(std::string& out, std::span<const Flag> flags) {
  out += "| flag | |\n|---|---|\n";
  for (const Flag& flag : flags) {
    if (flag.hidden) continue;
    std::string name = flag_text(flag);
    name.erase(0, name.find_first_not_of(' '));
    out += "| `" + markdown_cell(name) + "` | " + markdown_cell(flag.help) + " |\n";
  }
}

std::string sentence(std::string_view summary) {
  return std::string(summary) + (summary.ends_with('?') ? "" : ".");
}

std::string title_of(const Command& command, std::string_view path) {
  return "# dts " + std::string(path) + "\n\n" + sentence(command.summary) + "\n";
}

void markdown_command(std::string& out, const Command& command, std::string_view path) {
  if (command.run != nullptr) out += "\n    " + usage_line(command, path) + "\n";
  if (!command.about.empty()) out += "\n" + std::string(command.about) + "\n";
  if (!command.aliases.empty()) out += "\nAlso as: `" + std::string(command.aliases) + "`.\n";
  if (!command.flags.empty()) {
    out += "\n";
    markdown_flags(out, command.flags);
  }
  if (!command.examples.empty()) {
    out += "\n";
    for (const Example& example : command.examples) {
      out += "    " + padded(std::string(example.line), 48) + "  # " + std::string(example.says) +
             "\n";
    }
  }
}

std::string overview_page() {
  std::string out =
      "# The dts command\n\nThese pages are written by `dts help --write-docs docs/reference` from "
      "the command table,\nas are `dts --help`, the man page and the completion.\n\n"
      "| verb | |\n|---|---|\n";
  for (const Command* command : commands()) {
    out += "| [" + std::string(command->name) + "](" + std::string(command->name) + ".md) | " +
           markdown_cell(command->summary) + " |\n";
  }
  out += "\n## Flags of every verb\n\nThey may stand before or after the verb.\n\n";
  markdown_flags(out, global_flags());
  out += "\n## Output\n\n" + std::string(kConventions) +
         "\nWith `--json` lists and streams are one object per line on stdout, errors and warnings "
         "one object\nper line on stderr. The schemas are in [schema/](schema). What comes from "
         "the network is shown with\ncontrol characters escaped.\n";
  out += "\n## Exit codes\n\n| code | |\n|---|---|\n";
  for (const ExitRow& row : kExitCodes) {
    out += "| " + std::to_string(row.code) + " | " + std::string(row.meaning) + " |\n";
  }
  out += "\n## Environment\n\n| variable | |\n|---|---|\n";
  for (const auto& [name, meaning] : kEnvironment) {
    out += "| `" + std::string(name) + "` | " + std::string(meaning) + " |\n";
  }
  return out;
}

}  // namespace

std::string usage_line(const Command& command, std::string_view path) {
  std::string line = "dts " + std::string(path);
  if (!command.flags.empty()) line += " [flags]";
  if (!command.arguments.empty()) line += " " + std::string(command.arguments);
  return line;
}

std::string program_help() {
  std::string out(kClaim);
  out += "\nusage: dts VERB [arguments] [flags]\n";
  for (Group group : {Group::look, Group::write, Group::connect, Group::trust, Group::self}) {
    bool first = true;
    for (const Command* command : commands()) {
      if (command->group != group) continue;
      out += first ? "\n" + padded(std::string(group_title(group)), 9) : std::string(9, ' ');
      out += padded(std::string(command->name), 12) + std::string(command->summary) + "\n";
      first = false;
    }
  }
  out += "\nflags of every verb:\n";
  append_flags(out, global_flags());
  out += "\n" + std::string(kConventions);
  out +=
      "dts VERB --help says more, dts help E1204 explains an error, dts doctor finds what is "
      "wrong.\n";
  return out;
}

std::string command_help(const Command& command, std::string_view path) {
  std::string out = "dts " + std::string(path) + " - " + std::string(command.summary) + "\n";
  if (command.run != nullptr) out += "\nusage: " + usage_line(command, path) + "\n";
  if (!command.children.empty()) {
    out += "\ncommands:\n";
    std::size_t width = 0;
    const auto text = [](const Command& child) {
      return std::string(child.name) + " " + std::string(child.arguments);
    };
    for (const Command* child : command.children) width = std::max(width, text(*child).size());
    for (const Command* child : command.children) {
      out += "  " + padded(text(*child), width + 2) + std::string(child->summary) + "\n";
    }
  }
  if (!command.about.empty()) out += "\n" + std::string(command.about) + "\n";
  if (!command.flags.empty()) {
    out += "\nflags:\n";
    append_flags(out, command.flags);
  }
  if (!command.examples.empty()) {
    out += "\nexamples:\n";
    for (const Example& example : command.examples) {
      out += "  " + padded(std::string(example.line), 46) + "  " + std::string(example.says) + "\n";
    }
  }
  out += "\ndts --help lists the flags of every verb.\n";
  return out;
}

std::string man_page() {
  std::string out =
      ".TH DTS 1\n.SH NAME\ndts \\- a data bus on which the type is the address\n.SH SYNOPSIS\n"
      "\\fBdts\\fR VERB [arguments] [flags]\n.SH DESCRIPTION\n" +
      roff(kClaim) + ".PP\n" + roff(kConventions) + ".SH VERBS\n";
  visit(commands(), "", [&](const Command& command, const std::string& path) {
    out += ".SS " + roff(usage_line(command, path).substr(4)) + "\n" +
           roff(sentence(command.summary)) + "\n";
    if (!command.about.empty()) out += ".PP\n" + roff(command.about) + "\n";
    roff_flags(out, command.flags);
    for (const Example& example : command.examples) {
      out += ".PP\n.RS\n" + roff(example.line) + "\n.RE\n" + roff(example.says) + "\n";
    }
  });
  out += ".SH FLAGS OF EVERY VERB\n";
  roff_flags(out, global_flags());
  out += ".SH EXIT STATUS\n";
  for (const ExitRow& row : kExitCodes) {
    out += ".TP\n" + std::to_string(row.code) + "\n" + roff(row.meaning) + "\n";
  }
  out += ".SH ENVIRONMENT\n";
  for (const auto& [name, meaning] : kEnvironment) {
    out += ".TP\n" + std::string(name) + "\n" + roff(meaning) + "\n";
  }
  return out;
}

std::vector<Page> reference_pages() {
  std::vector<Page> pages;
  pages.push_back({"cli/README.md", overview_page()});
  for (const Command* command : commands()) {
    std::string text = title_of(*command, command->name);
    markdown_command(text, *command, command->name);
    for (const Command* child : command->children) {
      const std::string path = std::string(command->name) + " " + std::string(child->name);
      text += "\n#" + title_of(*child, path);
      markdown_command(text, *child, path);
    }
    pages.push_back({"cli/" + std::string(command->name) + ".md", std::move(text)});
  }
  pages.push_back({"errors.md", errors_page()});
  return pages;
}

Result<void> write_pages(const std::string& directory) {
  const auto failed = [](const std::string& path) {
    return Error(ErrorCode::file, "cannot write", path, std::strerror(errno));
  };
  ::mkdir((directory + "/cli").c_str(), 0777);  // there already is fine; fopen tells the rest
  for (const Page& page : reference_pages()) {
    const std::string path = directory + "/" + page.name;
    std::FILE* file = std::fopen(path.c_str(), "w");
    if (file == nullptr) return failed(path);
    const bool written =
        std::fwrite(page.text.data(), 1, page.text.size(), file) == page.text.size();
    if (std::fclose(file) != 0 || !written) return failed(path);
  }
  return {};
}

}  // namespace dts::cli
