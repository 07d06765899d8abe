// dts completion: the scripts, and the hidden helper that lists live type names within 200 ms.
#include <cli/completion.hpp>

#include <set>

#include <cli/invocation.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/session.hpp>
#include <cli/verbs.hpp>

namespace dts::cli {

namespace {

constexpr Flag kFlags[] = {
    {0, "types", "", "print the live type names, for the scripts", {}, true},
};
constexpr Example kExamples[] = {
    {"eval \"$(dts completion bash)\"", "in ~/.bashrc"},
    {"dts completion zsh > ~/.zfunc/_dts", "with fpath+=(~/.zfunc) in ~/.zshrc"},
    {"dts completion fish > ~/.config/fish/completions/dts.fish", ""},
};
constexpr auto kBudget = std::chrono::milliseconds(200);

int print_live_types(Invocation& invocation) {
  auto session = Session::open(invocation);
  if (!session) return exit_failed;
  (*session)->domain().refresh();
  (*session)->run_for((*session)->within_timeout(kBudget));
  for (const std::string& name : live_types((*session)->domain().catalogue())) {
    invocation.out().line(name);
  }
  return exit_ok;
}

int run_completion(Invocation& invocation) {
  Output& out = invocation.out();
  if (invocation.has("types")) return print_live_types(invocation);
  const std::string shell = invocation.arguments().empty() ? "" : invocation.arguments()[0];
  if (shell == "bash") return out.data(bash_completion()), exit_ok;
  if (shell == "zsh") return out.data(zsh_completion()), exit_ok;
  if (shell == "fish") return out.data(fish_completion()), exit_ok;
  return fail(invocation,
              Error(ErrorCode::invalid_argument, "dts completion needs the name of a shell", {}, {},
                    "bash, zsh or fish"));
}

// All flags a command takes, "--json -q".
std::string flag_words(const Command* command) {
  std::string words;
  const auto add = [&](std::span<const Flag> flags) {
    for (const Flag& flag : flags) {
      if (!flag.hidden) words += (words.empty() ? "--" : " --") + std::string(flag.name);
    }
  };
  if (command != nullptr) add(command->flags);
  add(global_flags());
  return words;
}

std::string names(std::span<const Command* const> table) {
  std::string words;
  for (const Command* command : table) {
    words += (words.empty() ? "" : " ") + std::string(command->name);
  }
  return words;
}

// The shell expression that lists what may stand as an argument.
std::string argument_words(const Command& command) {
  switch (command.complete) {
    case Complete::types:
    case Complete::types_or_files:
      return "$(dts completion --types 2>/dev/null)";
    case Complete::commands:
      return names(commands());
    case Complete::files:
    case Complete::nothing:
      break;
  }
  return std::string(command.words);
}

// Every flag with a closed list of values, each once.
void each_flag_with_words(auto&& each) {
  std::set<std::string_view> seen;
  const auto visit = [&](std::span<const Flag> flags) {
    for (const Flag& flag : flags) {
      if (!flag.words.empty() && !flag.hidden && seen.insert(flag.name).second) each(flag);
    }
  };
  visit(global_flags());
  for (const Command* command : commands()) {
    visit(command->flags);
    for (const Command* child : command->children) visit(child->flags);
  }
}

void bash_case(std::string& out, const Command& command, const std::string& path) {
  out += "    '" + path + "')\n";
  out += "      flags='" + flag_words(&command) + "'\n";
  if (!command.children.empty()) {
    out += "      words='" + names(command.children) + "'\n";
  } else {
    const std::string words = argument_words(command);
    const bool live = !words.empty() && words[0] == '$';
    if (live) out += "      [[ $cur == -* ]] || ";
    if (live) out += "words=\"" + words + "\"\n";
    if (!live) out += "      words='" + words + "'\n";
  }
  if (command.complete == Complete::types_or_files || command.complete == Complete::files) {
    out += "      files=1\n";
  }
  out += "      ;;\n";
}

}  // namespace

std::string bash_completion() {
  std::string out =
      "# bash completion for dts; eval \"$(dts completion bash)\"\n"
      "_dts() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local flags words files verb='' word i\n"
      "  COMPREPLY=()\n"
      "  case $prev in\n";
  each_flag_with_words([&](const Flag& flag) {
    out += "    --" + std::string(flag.name);
    if (flag.letter != 0) out += "|-" + std::string(1, flag.letter);
    out += ") COMPREPLY=($(compgen -W '" + std::string(flag.words) + "' -- \"$cur\")); return;;\n";
  });
  out +=
      "  esac\n  for ((i = 1; i < COMP_CWORD; i++)); do\n    word=${COMP_WORDS[i]}\n"
      "    case \"$verb $word\" in\n";
  for (const Command* command : commands()) {
    out += "      ' " + std::string(command->name) + "') verb='" + std::string(command->name) +
           "';;\n";
    for (const Command* child : command->children) {
      const std::string path = std::string(command->name) + " " + std::string(child->name);
      out += "      '" + path + "') verb='" + path + "';;\n";
    }
  }
  out += "    esac\n  done\n  case $verb in\n    '')\n      flags='" + flag_words(nullptr) +
         "'\n      words='" + names(commands()) + "'\n      ;;\n";
  for (const Command* command : commands()) {
    bash_case(out, *command, std::string(command->name));
    for (const Command* child : command->children) {
      bash_case(out, *child, std::string(command->name) + " " + std::string(child->name));
    }
  }
  out +=
      "  esac\n"
      "  if [[ $cur == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$flags\" -- \"$cur\"))\n"
      "  else\n"
      "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
      "    [[ -n $files ]] && COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
      "  fi\n"
      "}\n"
      "complete -F _dts dts\n";
  return out;
}

std::string zsh_completion() {
  // The bash function serves zsh as well, through its compatibility layer.
  return "#compdef dts\nautoload -U +X bashcompinit && bashcompinit\n" + bash_completion();
}

std::string fish_completion() {
  std::string out = "# fish completion for dts\ncomplete -c dts -f\n";
  const auto quoted = [](std::string_view text) {
    std::string safe = "'";
    for (char c : text) {
      if (c == '\'' || c == '\\') safe += '\\';
      safe += c;
    }
    return safe + "'";
  };
  const auto flags = [&](std::span<const Flag> all, const std::string& condition) {
    for (const Flag& flag : all) {
      if (flag.hidden) continue;
      out += "complete -c dts" + condition + " -l " + std::string(flag.name);
      if (flag.letter != 0) out += " -s " + std::string(1, flag.letter);
      if (!flag.value.empty()) out += " -x";
      if (!flag.words.empty()) out += " -a " + quoted(flag.words);
      out += " -d " + quoted(flag.help) + "\n";
    }
  };
  flags(global_flags(), "");
  for (const Command* command : commands()) {
    const std::string name(command->name);
    out += "complete -c dts -n __fish_use_subcommand -a " + name + " -d " +
           quoted(command->summary) + "\n";
    const std::string condition = " -n '__fish_seen_subcommand_from " + name + "'";
    flags(command->flags, condition);
    for (const Command* child : command->children) {
      out += "complete -c dts" + condition + " -a " + std::string(child->name) + " -d " +
             quoted(child->summary) + "\n";
    }
    if (command->complete == Complete::types || command->complete == Complete::types_or_files) {
      out += "complete -c dts" + condition + " -a '(dts completion --types 2>/dev/null)'\n";
    } else if (!command->words.empty() || command->complete == Complete::commands) {
      out += "complete -c dts" + condition + " -a " + quoted(argument_words(*command)) + "\n";
    }
  }
  return out;
}

constinit const Command completion_command{
    .name = "completion",
    .aliases = "",
    .group = Group::self,
    .arguments = "bash|zsh|fish",
    .summary = "print the completion script of a shell",
    .about = "It offers verbs, flags and the names of the types that are on the bus at the moment.",
    .flags = kFlags,
    .examples = kExamples,
    .run = run_completion,
    .words = "bash zsh fish",
    .arguments_max = 1,
};

}  // namespace dts::cli
