#include <cli/run.hpp>

#include <algorithm>

#include <cli/help.hpp>
#include <cli/interrupt.hpp>
#include <cli/invocation.hpp>
#include <cli/output.hpp>
#include <cli/verbs.hpp>

namespace dts::cli {

namespace {

// What was asked cannot be: the command line itself, or a type, format, filter or URL in it.
bool is_usage(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::unknown_command:
    case ErrorCode::unknown_flag:
    case ErrorCode::invalid_name:
    case ErrorCode::notation:
    case ErrorCode::invalid_type:
    case ErrorCode::unknown_format:
    case ErrorCode::filter:
    case ErrorCode::unknown_transport:
    case ErrorCode::invalid_url:
      return true;
    default:
      return false;
  }
}

Result<void> check_arguments(const Invocation& invocation) {
  const Command& command = *invocation.command();
  const std::string program = "dts " + invocation.path();
  std::string hint = usage_line(command, invocation.path());
  if (!command.examples.empty()) hint = command.examples[0].line;
  if (invocation.arguments().size() < command.arguments_min) {
    return Error(ErrorCode::invalid_argument, program + " needs " + std::string(command.arguments),
                 {}, {}, hint);
  }
  if (invocation.arguments().size() > command.arguments_max) {
    return Error(ErrorCode::invalid_argument,
                 program + " has one argument too many: \"" +
                     invocation.arguments()[command.arguments_max] + "\"",
                 {}, "usage: " + usage_line(command, invocation.path()), hint);
  }
  return {};
}

int run_parsed(Invocation& invocation) {
  Output& out = invocation.out();
  if (invocation.has("help") || invocation.command() == nullptr) {
    if (invocation.command() == nullptr && invocation.has("version")) {
      return version_command.run(invocation);
    }
    out.data(invocation.command() == nullptr
                 ? program_help()
                 : command_help(*invocation.command(), invocation.path()));
    return exit_ok;
  }
  if (invocation.has("version")) return version_command.run(invocation);
  if (invocation.command()->run == nullptr) {
    out.data(command_help(*invocation.command(), invocation.path()));
    return exit_usage;
  }
  if (const auto checked = check_arguments(invocation); !checked) {
    return fail(invocation, checked.error());
  }
  return invocation.command()->run(invocation);
}

}  // namespace

int fail(Output& out, const Error& error) {
  out.error(error);
  if (is_usage(error.code())) return exit_usage;
  if (error.code() == ErrorCode::unknown_type) return exit_nothing;
  if (error.code() == ErrorCode::timeout) return exit_timeout;
  return exit_failed;
}

int fail(const Invocation& invocation, const Error& error) { return fail(invocation.out(), error); }

int run(std::span<const std::string_view> words) {
  catch_interrupts();
  Result<Invocation> parsed = Invocation::parse(words);
  if (!parsed) {
    const bool json = std::find(words.begin(), words.end(), "--json") != words.end();
    Output out(style_without_flags(json));
    out.error(parsed.error());
    return exit_usage;
  }
  Output out(style_from(*parsed));
  parsed->set_output(out);
  const int code = run_parsed(*parsed);
  out.flush();
  if (out.write_failed()) return exit_failed;
  return out.reader_gone() ? exit_ok : code;
}

}  // namespace dts::cli
