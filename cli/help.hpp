// Help in all its forms, generated from the command table: for the terminal, as a man page, and as
// the pages of docs/reference.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cli/command.hpp>
#include <dts/result.hpp>

namespace dts::cli {

// `dts --help`
std::string program_help();
// `dts ls --help`; `path` is "type diff".
std::string command_help(const Command& command, std::string_view path);
// dts.1 in roff.
std::string man_page();

// One file of the reference: name relative to docs/reference, and its text.
struct Page {
  std::string name;
  std::string text;
};
std::vector<Page> reference_pages();
// Writes them; the directory must exist.
Result<void> write_pages(const std::string& directory);

// "usage: dts ls [flags] [GLOB...]" without "usage: ".
std::string usage_line(const Command& command, std::string_view path);

}  // namespace dts::cli
