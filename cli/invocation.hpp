// Invocation: one run of the command as the user wrote it, checked against the table: the verb, its
// flags and its arguments. Flags may stand before or after the verb.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cli/command.hpp>
#include <dts/result.hpp>
#include <dts/time.hpp>

namespace dts::cli {

class Output;

class Invocation {
 public:
  // `words` are the arguments without the program's name. The error says what to try.
  static Result<Invocation> parse(std::span<const std::string_view> words);

  // Null when no verb was given.
  const Command* command() const { return command_; }
  // "type diff"
  const std::string& path() const { return path_; }
  const std::vector<std::string>& arguments() const { return arguments_; }

  bool has(std::string_view flag) const { return value(flag).has_value(); }
  // The last value given.
  std::optional<std::string> value(std::string_view flag) const;
  // Every value given, in order.
  std::vector<std::string> values(std::string_view flag) const;
  // Checked: a duration, a count from `least`, a positive number.
  Result<std::optional<Duration>> duration(std::string_view flag) const;
  Result<std::optional<std::uint64_t>> count(std::string_view flag, std::uint64_t least = 1) const;
  Result<std::optional<double>> number(std::string_view flag) const;
  // A number of bytes above 0: "10MB", "64KiB".
  Result<std::optional<std::uint64_t>> size(std::string_view flag) const;
  // "key=value" flags (--label) as pairs.
  Result<std::vector<std::pair<std::string, std::string>>> pairs(std::string_view flag) const;

  Output& out() const { return *out_; }
  void set_output(Output& out) { out_ = &out; }

 private:
  friend class Parser;
  const Command* command_ = nullptr;
  std::string path_;
  std::vector<std::pair<const Flag*, std::string>> flags_;
  std::vector<std::string> arguments_;
  Output* out_ = nullptr;
};

}  // namespace dts::cli
