// Reads small files of the kernel's trees (/proc, /sys), below a root that tests replace. One
// thread. Missing and unreadable files are ordinary results here: sensors come and go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <dts/result.hpp>

namespace dts::cli {

class Sysfs {
 public:
  // `root` is put before every path; empty: the real trees.
  explicit Sysfs(std::string root = {}) : root_(std::move(root)) {}

  // The whole file, at most 1 MiB, without the white space at its end.
  Result<std::string> read(std::string_view path) const;
  // A file that holds one integer / one number.
  Result<std::int64_t> integer(std::string_view path) const;
  Result<double> number(std::string_view path) const;
  // The names in a directory, sorted; empty when it is not there.
  std::vector<std::string> list(std::string_view path) const;
  bool exists(std::string_view path) const;
  // Writes a few bytes (a trigger).
  Result<void> write(std::string_view path, std::string_view text) const;
  // The path as the system sees it.
  std::string at(std::string_view path) const { return root_ + std::string(path); }
  const std::string& root() const { return root_; }

 private:
  std::string root_;
};

}  // namespace dts::cli
