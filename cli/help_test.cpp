#include <cli/help.hpp>

#include <gtest/gtest.h>
#include <fstream>
#include <sstream>

#include <cli/completion.hpp>
#include <cli/error_table.hpp>
#include <cli/words.hpp>

namespace dts::cli {
namespace {

std::string file(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Help, the_committed_reference_is_what_the_table_generates) {
  for (const Page& page : reference_pages()) {
    EXPECT_EQ(file(std::string(DTS_ROOT) + "/docs/reference/" + page.name), page.text)
        << page.name << " is out of date: dts help --write-docs docs/reference";
  }
}

TEST(Help, fits_an_ordinary_terminal) {
  std::istringstream lines(program_help());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 100u) << line;
}

TEST(Help, every_verb_explains_itself) {
  for (const Command* command : commands()) {
    const std::string text = command_help(*command, command->name);
    EXPECT_NE(text.find(command->summary), std::string::npos);
    for (const Flag& flag : command->flags) {
      EXPECT_EQ(text.find("--" + std::string(flag.name)) == std::string::npos, flag.hidden)
          << command->name << " --" << flag.name;
    }
  }
}

TEST(Help, the_man_page_has_every_verb) {
  const std::string page = man_page();
  for (const Command* command : commands()) {
    EXPECT_NE(page.find(".SS " + std::string(command->name)), std::string::npos) << command->name;
  }
}

TEST(ErrorTable, explains_every_code_once) {
  for (unsigned number = 1; number < 2000; ++number) {
    const auto code = static_cast<ErrorCode>(number);
    std::size_t rows = 0;
    for (const ErrorRow& row : error_table()) rows += row.code == code;
    EXPECT_EQ(rows, error_name(code) == "unknown" ? 0u : 1u) << number;
  }
}

TEST(ErrorTable, is_found_by_id_and_by_name) {
  for (const char* word : {"E1204", "e1204", "1204", "unknown_field"}) {
    ASSERT_NE(find_error(word), nullptr) << word;
    EXPECT_EQ(find_error(word)->code, ErrorCode::unknown_field);
  }
  EXPECT_EQ(find_error("E9999"), nullptr);
  EXPECT_EQ(find_error(""), nullptr);
}

TEST(Completion, offers_every_verb_in_every_shell) {
  for (const std::string& script : {bash_completion(), zsh_completion(), fish_completion()}) {
    for (const Command* command : commands()) {
      EXPECT_NE(script.find(command->name), std::string::npos) << command->name;
    }
    EXPECT_NE(script.find("dts completion --types"), std::string::npos);
  }
}

}  // namespace
}  // namespace dts::cli
