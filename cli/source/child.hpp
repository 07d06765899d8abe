// A program run for its standard output: started without a shell in a process group of its own,
// read line by line without blocking, ended with everything it started. Its stderr is ours. One
// thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <dts/result.hpp>

#include <sys/types.h>

namespace dts::cli {

class Child {
 public:
  // A longer line is passed on in no part: it is reported as too long and skipped.
  static constexpr std::size_t line_bytes_max = 1 << 20;

  static Result<Child> start(const std::vector<std::string>& command);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();  // ends it

  // Readable (poll) when pump() has something to do.
  int fd() const { return fd_; }
  // Reads what is there and hands over the whole lines; false when the output has ended.
  bool pump(const std::function<void(std::string_view line)>& line,
            const std::function<void(const Error&)>& bad);
  // After the output has ended: "exit code 3", "signal 9"; empty when it ended with 0.
  std::string finish();

 private:
  Child(pid_t pid, int fd) : pid_(pid), fd_(fd) {}
  void end();
  pid_t pid_;
  int fd_;
  std::string part_;
  bool skipping_ = false;
};

}  // namespace dts::cli
