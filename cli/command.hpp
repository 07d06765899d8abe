// The command table: what `dts` can do, as rows. Help, man page, completion and
// docs/reference/cli/*.md are generated from it, so a verb is one file that defines one row
// (`extern const Command x_command;`) and one line in commands.cpp. All constant, no start-up cost.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace dts::cli {

class Invocation;

// One table for every command; documented in docs/reference/cli/README.md.
enum ExitCode : int {
  exit_ok = 0,
  exit_failed = 1,
  exit_usage = 2,
  exit_loss = 3,
  exit_nothing = 4,
  exit_timeout = 124,
  exit_interrupted = 130,
};

// What completion offers for an argument.
enum class Complete : std::uint8_t { nothing, types, types_or_files, files, commands };

// A flag. `value` is what it is called in the help ("DUR"); empty: the flag is a switch.
struct Flag {
  char letter = 0;
  std::string_view name;
  std::string_view value;
  std::string_view help;
  std::string_view words = {};  // the values it may have, "line table json"; empty: any
  bool hidden = false;
};

struct Example {
  std::string_view line;
  std::string_view says;
};

enum class Group : std::uint8_t { look, write, connect, trust, self };

struct Command {
  std::string_view name;
  std::string_view aliases;  // hidden, for muscle memory: "echo"
  Group group = Group::look;
  std::string_view arguments;  // "TYPE..."
  std::string_view summary;    // one line
  std::string_view about;      // paragraphs, may be empty
  std::span<const Flag> flags = {};
  std::span<const Example> examples = {};
  int (*run)(Invocation&) = nullptr;  // null: it only has children
  std::span<const Command* const> children = {};
  Complete complete = Complete::nothing;
  std::string_view words = {};    // fixed arguments to offer: "bash zsh fish"
  std::string_view outputs = {};  // what else -o may be here: "hex cbor"
  std::uint8_t arguments_min = 0;
  std::uint8_t arguments_max = 255;
};

std::span<const Command* const> commands();
std::span<const Flag> global_flags();
std::string_view group_title(Group group);

// By name or alias; null when there is none.
const Command* find_command(std::span<const Command* const> table, std::string_view name);
// Is `word` one of the blank-separated words of `list`?
bool has_word(std::string_view list, std::string_view word);

}  // namespace dts::cli
