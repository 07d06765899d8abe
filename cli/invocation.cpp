// Parsing the command line against the table: GNU style (-n5, -n 5, --count=5, --count 5, -qv, --),
// with the nearest name offered for whatever is not known.
#include <cli/invocation.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include <base/text.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

std::string quoted(std::string_view text) { return "\"" + base::printable(text) + "\""; }

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates,
                         std::string_view prefix = {}) {
  const std::string near = base::nearest(word, candidates);
  return near.empty() ? std::string() : "did you mean \"" + std::string(prefix) + near + "\"?";
}

const Flag* find_flag(std::span<const Flag> flags, std::string_view name, char letter) {
  for (const Flag& flag : flags) {
    if (letter != 0 ? flag.letter == letter : flag.name == name) return &flag;
  }
  return nullptr;
}

// A flag of any command: tells, before the verb is known, whether it takes a value.
const Flag* find_anywhere(std::span<const Command* const> table, std::string_view name,
                          char letter) {
  for (const Command* command : table) {
    if (const Flag* flag = find_flag(command->flags, name, letter)) return flag;
    if (const Flag* flag = find_anywhere(command->children, name, letter)) return flag;
  }
  return nullptr;
}

}  // namespace

class Parser {
 public:
  explicit Parser(std::span<const std::string_view> words) : words_(words) {}

  Result<Invocation> parse() {
    for (; at_ < words_.size(); ++at_) {
      const std::string_view word = words_[at_];
      if (only_arguments_ || word == "-" || word.size() < 2 || word[0] != '-') {
        DTS_TRY(argument(word));
      } else if (word == "--") {
        only_arguments_ = true;
      } else if (word[1] == '-') {
        DTS_TRY(long_flag(word.substr(2)));
      } else {
        DTS_TRY(short_flags(word.substr(1)));
      }
    }
    DTS_TRY(resolve());
    return std::move(result_);
  }

 private:
  struct Given {
    std::string name;  // without dashes
    char letter = 0;
    std::optional<std::string> value;
  };

  // The first words that name a command are the verb, the others are arguments.
  Result<void> argument(std::string_view word) {
    const Command* parent = result_.command_;
    if (parent == nullptr || (!parent->children.empty() && result_.arguments_.empty())) {
      const auto table = parent == nullptr ? commands() : parent->children;
      if (const Command* found = find_command(table, word)) {
        result_.command_ = found;
        result_.path_ += (result_.path_.empty() ? "" : " ") + std::string(found->name);
        return {};
      }
      if (parent == nullptr || parent->run == nullptr) return unknown_command(table, word);
    }
    result_.arguments_.emplace_back(word);
    return {};
  }

  Error unknown_command(std::span<const Command* const> table, std::string_view word) const {
    std::vector<std::string> names;
    for (const Command* command : table) names.emplace_back(command->name);
    const std::string program = result_.path_.empty() ? "dts" : "dts " + result_.path_;
    std::string hint = did_you_mean(word, names, program + " ");
    if (hint.empty()) hint = program + " --help lists them";
    return Error(ErrorCode::unknown_command, quoted(word) + " is not a command of " + program, {},
                 {}, hint);
  }

  const Flag* lookup(std::string_view name, char letter) const {
    if (const Flag* flag = find_flag(global_flags(), name, letter)) return flag;
    if (result_.command_ == nullptr) return find_anywhere(commands(), name, letter);
    if (const Flag* flag = find_flag(result_.command_->flags, name, letter)) return flag;
    return find_anywhere(result_.command_->children, name, letter);
  }

  Result<void> long_flag(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const Flag* flag = lookup(name, 0);
    if (flag == nullptr) return unknown_flag("--" + std::string(name));
    Given given{std::string(name), 0, {}};
    if (equals != std::string_view::npos) {
      if (flag->value.empty()) {
        return Error(ErrorCode::invalid_argument, "--" + std::string(name) + " takes no value",
                     std::string(text));
      }
      given.value = std::string(text.substr(equals + 1));
    } else if (!flag->value.empty()) {
      DTS_TRY(next_word(given, *flag, "--" + std::string(name)));
    }
    given_.push_back(std::move(given));
    return {};
  }

  Result<void> short_flags(std::string_view letters) {
    for (std::size_t i = 0; i < letters.size(); ++i) {
      const Flag* flag = lookup({}, letters[i]);
      if (flag == nullptr) return unknown_flag("-" + std::string(1, letters[i]));
      Given given{{}, letters[i], {}};
      if (!flag->value.empty()) {
        if (i + 1 < letters.size()) {
          given.value = std::string(letters.substr(i + 1 + (letters[i + 1] == '=')));
        } else {
          DTS_TRY(next_word(given, *flag, "-" + std::string(1, letters[i])));
        }
        i = letters.size();
      }
      given_.push_back(std::move(given));
    }
    return {};
  }

  Result<void> next_word(Given& given, const Flag& flag, const std::string& written) {
    if (at_ + 1 >= words_.size()) {
      return Error(ErrorCode::invalid_argument, written + " needs a value", {}, {},
                   written + " " + std::string(flag.value) + ": " + std::string(flag.help));
    }
    given.value = std::string(words_[++at_]);
    return {};
  }

  Error unknown_flag(const std::string& written) const {
    const std::string program = result_.path_.empty() ? "dts" : "dts " + result_.path_;
    std::vector<std::string> names;
    for (const Flag& flag : global_flags()) names.emplace_back(flag.name);
    if (result_.command_ != nullptr) {
      for (const Flag& flag : result_.command_->flags) {
        if (!flag.hidden) names.emplace_back(flag.name);
      }
    }
    std::string hint =
        written.size() > 2 ? did_you_mean(written.substr(2), names, "--") : std::string();
    if (hint.empty()) hint = program + " --help lists them";
    return Error(ErrorCode::unknown_flag, program + " has no flag " + quoted(written), {}, {},
                 hint);
  }

  // Now that the verb is known: every flag must be global or the verb's own.
  Result<void> resolve() {
    for (const Given& given : given_) {
      const Flag* flag = find_flag(global_flags(), given.name, given.letter);
      if (flag == nullptr && result_.command_ != nullptr) {
        flag = find_flag(result_.command_->flags, given.name, given.letter);
      }
      if (flag == nullptr) {
        return unknown_flag(given.letter != 0 ? "-" + std::string(1, given.letter)
                                              : "--" + given.name);
      }
      std::string words(flag->words);
      if (flag->name == "output" && result_.command_ != nullptr &&
          !result_.command_->outputs.empty()) {
        words += " " + std::string(result_.command_->outputs);
      }
      if (!words.empty() && !has_word(words, given.value.value_or(""))) {
        return Error(
            ErrorCode::invalid_argument,
            "--" + std::string(flag->name) + " cannot be " + quoted(given.value.value_or("")), {},
            {}, "one of: " + words);
      }
      result_.flags_.emplace_back(flag, given.value.value_or("true"));
    }
    const auto kind = result_.value("output");
    if (kind && *kind != "json" && result_.has("json")) {
      return Error(ErrorCode::invalid_argument,
                   "--json and --output " + *kind + " are two kinds of output", {}, {},
                   "one of them");
    }
    return {};
  }

  std::span<const std::string_view> words_;
  std::size_t at_ = 0;
  bool only_arguments_ = false;
  std::vector<Given> given_;
  Invocation result_;
};

Result<Invocation> Invocation::parse(std::span<const std::string_view> words) {
  return Parser(words).parse();
}

std::optional<std::string> Invocation::value(std::string_view flag) const {
  for (auto it = flags_.rbegin(); it != flags_.rend(); ++it) {
    if (it->first->name == flag) return it->second;
  }
  return {};
}

std::vector<std::string> Invocation::values(std::string_view flag) const {
  std::vector<std::string> all;
  for (const auto& [given, value] : flags_) {
    if (given->name == flag) all.push_back(value);
  }
  return all;
}

Result<std::optional<Duration>> Invocation::duration(std::string_view flag) const {
  const auto text = value(flag);
  if (!text) return std::optional<Duration>();
  const Result<Duration> parsed = duration_from_text(*text);
  const std::string name = "--" + std::string(flag);
  if (!parsed) {
    return Error(ErrorCode::invalid_argument, name + " cannot be " + quoted(*text), {},
                 parsed.error().why(), "a number with a unit: 500ms, 2s, 1h30m");
  }
  if (*parsed <= Duration::zero()) {
    return Error(ErrorCode::invalid_argument, name + " cannot be " + quoted(*text), {},
                 "it must be more than nothing");
  }
  return std::optional<Duration>(*parsed);
}

Result<std::optional<std::uint64_t>> Invocation::count(std::string_view flag,
                                                       std::uint64_t least) const {
  const auto text = value(flag);
  if (!text) return std::optional<std::uint64_t>();
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size() || number < least) {
    return Error(ErrorCode::invalid_argument,
                 "--" + std::string(flag) + " cannot be " + quoted(*text), {},
                 "a whole number from " + std::to_string(least) + " is expected");
  }
  return std::optional<std::uint64_t>(number);
}

Result<std::optional<double>> Invocation::number(std::string_view flag) const {
  const auto text = value(flag);
  if (!text) return std::optional<double>();
  double number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size() || !(number > 0) ||
      !std::isfinite(number)) {
    return Error(ErrorCode::invalid_argument,
                 "--" + std::string(flag) + " cannot be " + quoted(*text), {},
                 "a number above 0 is expected");
  }
  return std::optional<double>(number);
}

Result<std::optional<std::uint64_t>> Invocation::size(std::string_view flag) const {
  const auto text = value(flag);
  if (!text) return std::optional<std::uint64_t>();
  const auto bytes = bytes_from_text(*text);
  if (!bytes || *bytes == 0) {
    return Error(ErrorCode::invalid_argument,
                 "--" + std::string(flag) + " cannot be " + quoted(*text), {},
                 "a number of bytes is expected", "--" + std::string(flag) + " 10MB");
  }
  return bytes;
}

Result<std::vector<std::pair<std::string, std::string>>> Invocation::pairs(
    std::string_view flag) const {
  std::vector<std::pair<std::string, std::string>> result;
  for (const std::string& text : values(flag)) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error(ErrorCode::invalid_argument,
                   "--" + std::string(flag) + " cannot be " + quoted(text), {},
                   "a name, =, and a value are expected",
                   "--" + std::string(flag) + (flag == "dead-band" ? " celsius=0.5" : " tank=3"));
    }
    result.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return result;
}

}  // namespace dts::cli
