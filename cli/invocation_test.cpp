#include <cli/invocation.hpp>

#include <gtest/gtest.h>
#include <algorithm>
#include <map>

namespace dts::cli {
namespace {

Result<Invocation> parse(std::vector<std::string_view> words) { return Invocation::parse(words); }

TEST(Invocation, takes_flags_before_and_after_the_verb) {
  const auto parsed = parse({"--json", "-n", "2", "sub", "T", "--domain=test", "-qv"});
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(parsed->path(), "sub");
  EXPECT_EQ(parsed->arguments(), std::vector<std::string>{"T"});
  EXPECT_TRUE(parsed->has("json"));
  EXPECT_TRUE(parsed->has("quiet"));
  EXPECT_TRUE(parsed->has("verbose"));
  EXPECT_EQ(parsed->value("count"), "2");
  EXPECT_EQ(parsed->value("domain"), "test");
}

TEST(Invocation, a_short_flag_takes_its_value_attached_or_apart) {
  for (const auto& words : {std::vector<std::string_view>{"sub", "T", "-n5"},
                            std::vector<std::string_view>{"sub", "T", "-n=5"},
                            std::vector<std::string_view>{"sub", "T", "-qn", "5"}}) {
    const auto parsed = Invocation::parse(words);
    ASSERT_TRUE(parsed) << parsed.error().text();
    EXPECT_EQ(parsed->value("count"), "5");
  }
}

TEST(Invocation, resolves_aliases_and_nested_verbs) {
  EXPECT_EQ(parse({"echo", "T"})->path(), "sub");
  EXPECT_EQ(parse({"wtf"})->path(), "doctor");
  const auto nested = parse({"type", "diff", "a", "b"});
  ASSERT_TRUE(nested);
  EXPECT_EQ(nested->path(), "type diff");
  EXPECT_EQ(nested->arguments().size(), 2u);
}

TEST(Invocation, offers_the_nearest_verb) {
  const auto parsed = parse({"sbu", "T"});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code(), ErrorCode::unknown_command);
  EXPECT_EQ(parsed.error().hint(), "did you mean \"dts sub\"?");
}

TEST(Invocation, offers_the_nearest_nested_verb) {
  const auto parsed = parse({"type", "dif", "a"});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().hint(), "did you mean \"dts type diff\"?");
}

TEST(Invocation, offers_the_nearest_flag) {
  const auto parsed = parse({"sub", "T", "--lable", "tank=3"});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code(), ErrorCode::unknown_flag);
  EXPECT_EQ(parsed.error().hint(), "did you mean \"--label\"?");
}

TEST(Invocation, refuses_a_flag_of_another_verb) {
  EXPECT_EQ(parse({"ls", "--define", "x"}).error().code(), ErrorCode::unknown_flag);
  EXPECT_EQ(parse({"--define", "x", "ls"}).error().code(), ErrorCode::unknown_flag);
}

TEST(Invocation, refuses_a_missing_or_superfluous_value) {
  EXPECT_EQ(parse({"sub", "T", "-n"}).error().what(), "-n needs a value");
  EXPECT_EQ(parse({"ls", "--json=yes"}).error().what(), "--json takes no value");
}

TEST(Invocation, refuses_a_word_that_is_not_in_the_list) {
  const auto parsed = parse({"ls", "-o", "xml"});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().hint(), "one of: line table json csv value");
}

TEST(Invocation, keeps_everything_behind_two_dashes) {
  const auto parsed = parse({"pub", "T", "--", "-x=1", "--json"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->arguments(), (std::vector<std::string>{"T", "-x=1", "--json"}));
  EXPECT_FALSE(parsed->has("json"));
}

TEST(Invocation, a_dash_alone_is_an_argument) {
  EXPECT_EQ(parse({"pub", "T", "-"})->arguments().back(), "-");
}

TEST(Invocation, wants_a_unit_with_a_duration) {
  const auto bare = parse({"sub", "T", "-d", "5"});
  ASSERT_TRUE(bare);
  EXPECT_FALSE(bare->duration("duration"));
  EXPECT_EQ(**parse({"sub", "T", "-d", "1h30m"})->duration("duration"), std::chrono::minutes(90));
  EXPECT_FALSE(parse({"sub", "T", "-d", "0s"})->duration("duration"));
  EXPECT_FALSE(parse({"sub", "T", "-d", "-2s"})->duration("duration"));
}

TEST(Invocation, refuses_counts_that_are_none) {
  for (const char* text : {"0", "-1", "x", "1.5", "", "99999999999999999999"}) {
    EXPECT_FALSE(parse({"sub", "T", "-n", text})->count("count")) << text;
  }
}

TEST(Invocation, refuses_rates_that_are_none) {
  for (const char* text : {"0", "-1", "x", "nan", "inf"}) {
    EXPECT_FALSE(parse({"pub", "T", "-r", text})->number("rate")) << text;
  }
}

TEST(Invocation, splits_labels_at_the_first_equals_sign) {
  const auto parsed = parse({"sub", "T", "-l", "a=b=c"})->pairs("label");
  ASSERT_TRUE(parsed);
  EXPECT_EQ((*parsed)[0], (std::pair<std::string, std::string>("a", "b=c")));
  EXPECT_FALSE(parse({"sub", "T", "-l", "tank"})->pairs("label"));
}

// Before the verb is known, a flag's row in any command tells whether a value follows.
TEST(CommandTable, a_flag_takes_a_value_in_all_commands_or_in_none) {
  std::map<std::string, bool> takes;
  const auto check = [&](const Flag& flag) {
    for (const std::string& name : {"--" + std::string(flag.name), std::string(1, flag.letter)}) {
      if (name[0] == 0) continue;
      const auto [row, added] = takes.emplace(name, !flag.value.empty());
      EXPECT_EQ(row->second, !flag.value.empty()) << name;
    }
  };
  for (const Flag& flag : global_flags()) check(flag);
  for (const Command* command : commands()) {
    for (const Flag& flag : command->flags) check(flag);
    for (const Command* child : command->children) {
      for (const Flag& flag : child->flags) check(flag);
    }
  }
}

TEST(CommandTable, no_command_hides_a_global_flag_or_has_one_twice) {
  const auto check = [](const Command& command) {
    std::vector<std::string> names;
    for (const Flag& flag : global_flags()) {
      names.emplace_back(flag.name);
      if (flag.letter != 0) names.emplace_back(1, flag.letter);
    }
    for (const Flag& flag : command.flags) {
      for (const std::string& name : {std::string(flag.name), std::string(1, flag.letter)}) {
        if (name[0] == 0) continue;
        EXPECT_EQ(std::count(names.begin(), names.end(), name), 0) << command.name << " " << name;
        names.push_back(name);
      }
    }
  };
  for (const Command* command : commands()) {
    check(*command);
    for (const Command* child : command->children) check(*child);
  }
}

TEST(CommandTable, every_verb_and_alias_is_there_once) {
  std::vector<std::string> names;
  for (const Command* command : commands()) {
    names.emplace_back(command->name);
    if (!command->aliases.empty()) names.emplace_back(command->aliases);
    EXPECT_FALSE(command->summary.empty()) << command->name;
    EXPECT_TRUE(command->run != nullptr || !command->children.empty()) << command->name;
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

// Examples that show the command alone (no pipe, no quotes) are parsed as they stand.
TEST(CommandTable, the_examples_parse) {
  const auto check = [](const Command& command) {
    for (const Example& example : command.examples) {
      if (example.line.find_first_of("'|<>$\"") != std::string_view::npos) continue;
      std::vector<std::string_view> words;
      std::string_view rest = example.line.substr(4);
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        if (end > 0) words.push_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
      const auto parsed = Invocation::parse(words);
      EXPECT_TRUE(parsed) << example.line << ": " << parsed.error().text();
    }
  };
  for (const Command* command : commands()) {
    check(*command);
    for (const Command* child : command->children) check(*child);
  }
}

}  // namespace
}  // namespace dts::cli
