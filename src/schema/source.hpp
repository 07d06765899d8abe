// Source: a schema's text as it comes from a file, checked for what would hurt the parsers that
// read it: size, UTF-8, nesting. Any thread.
#pragma once

#include <string>
#include <string_view>

#include <dts/result.hpp>
#include <schema/schema.hpp>

namespace dts::schema {

struct SourceLimits {
  static constexpr std::size_t file_bytes_max = 1024 * 1024;
  static constexpr std::size_t files_max = 256;
  static constexpr std::size_t nesting_max = 100;
};

Result<std::string> read_file(const std::string& path);
// Brackets of every sort nested too deeply, text that is too long or not UTF-8 are refused before a
// parser sees them: not all of them bound their recursion.
Result<void> check_source(Language language, const std::string& name, std::string_view text);
// Finds what the file at `path` imports: beside it, in a folder above it, in the working directory.
OpenFile open_beside(const std::string& path);

}  // namespace dts::schema
