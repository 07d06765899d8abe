#include <schema/source.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <base/text.hpp>

namespace dts::schema {

namespace {

constexpr int kFoldersAboveMax = 8;

// Leaves a comment or a quoted text out of the count of brackets; `at` is behind it then.
bool skip_quoted(Language language, std::string_view text, std::size_t& at) {
  const char c = text[at];
  const bool proto = language == Language::proto;
  if ((c == '#' && language == Language::capnp) || (proto && text.substr(at, 2) == "//")) {
    at = std::min(text.find('\n', at), text.size());
    return true;
  }
  if (proto && text.substr(at, 2) == "/*") {
    const std::size_t end = text.find("*/", at + 2);
    at = end == std::string_view::npos ? text.size() : end + 2;
    return true;
  }
  if (c != '"' && !(proto && c == '\'')) return false;
  std::size_t end = at + 1;
  while (end < text.size() && text[end] != c && text[end] != '\n') end += text[end] == '\\' ? 2 : 1;
  at = std::min(end + 1, text.size());
  return true;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return Error(ErrorCode::file, "cannot read", path, "it is a folder");
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return Error(ErrorCode::file, "cannot read", path, std::strerror(errno));
  std::string text;
  char bytes[16384];
  std::size_t count = 0;
  while (text.size() <= SourceLimits::file_bytes_max &&
         (count = std::fread(bytes, 1, sizeof bytes, file)) > 0) {
    text.append(bytes, count);
  }
  const bool failed = std::ferror(file) != 0;
  const int reason = errno;
  std::fclose(file);  // only read: closing cannot lose anything
  if (failed) return Error(ErrorCode::file, "cannot read", path, std::strerror(reason));
  return text;
}

Result<void> check_source(Language language, const std::string& name, std::string_view text) {
  if (text.size() > SourceLimits::file_bytes_max)
    return Error(ErrorCode::too_large, "the schema is longer than 1 MiB", name);
  if (!base::is_utf8(text)) return Error(ErrorCode::notation, "the text is not valid UTF-8", name);
  if (text.find('\0') != std::string_view::npos)
    return Error(ErrorCode::notation, "the text has a zero byte in it", name);
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (skip_quoted(language, text, at)) continue;
    const char c = text[at++];
    if (c == '{' || c == '[' || c == '(' || c == '<') {
      if (++depth > SourceLimits::nesting_max) {
        return Error(ErrorCode::limit_reached, "the schema nests too deeply", name,
                     std::to_string(SourceLimits::nesting_max) + " brackets are allowed");
      }
    } else if ((c == '}' || c == ']' || c == ')' || c == '>') && depth > 0) {
      --depth;
    }
  }
  return {};
}

OpenFile open_beside(const std::string& path) {
  std::vector<std::filesystem::path> folders;
  std::error_code failed;
  std::filesystem::path folder = std::filesystem::absolute(path, failed).parent_path();
  for (int i = 0; i < kFoldersAboveMax && !folder.empty(); ++i) {
    folders.push_back(folder);
    if (folder == folder.parent_path()) break;
    folder = folder.parent_path();
  }
  folders.push_back(std::filesystem::current_path(failed));
  return [folders](const std::string& wanted) -> Result<std::string> {
    const std::filesystem::path relative = std::filesystem::path(wanted).relative_path();
    for (const std::filesystem::path& each : folders) {
      std::error_code ignored;
      if (std::filesystem::is_regular_file(each / relative, ignored))
        return read_file((each / relative).string());
    }
    return Error(ErrorCode::file, "cannot find", wanted, {},
                 "put it beside the file that imports it, or in a folder above");
  };
}

}  // namespace dts::schema
