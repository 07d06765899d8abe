#include <cli/source/child.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace dts::cli {

namespace {

Error cannot_start(const std::string& program, int error) {
  return Error(ErrorCode::child, "cannot start " + program, program, std::strerror(error),
               error == ENOENT ? "give the program's full path, or check its name" : "");
}

}  // namespace

Result<Child> Child::start(const std::vector<std::string>& command) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot_start(command[0], errno);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  // A group of its own: Ctrl-C reaches us only, and we end whatever it has started. SIGPIPE, which
  // we ignore, is as the program expects it.
  sigset_t defaults;
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int error =
      ::posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (error != 0) {
    ::close(ends[0]);
    return cannot_start(command[0], error);
  }
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Child(pid, ends[0]);
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      fd_(std::exchange(other.fd_, -1)),
      part_(std::move(other.part_)),
      skipping_(other.skipping_) {}

Child::~Child() { end(); }

void Child::end() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  if (pid_ > 0) {
    ::kill(-pid_, SIGTERM);
    static_cast<void>(finish());
  }
}

bool Child::pump(const std::function<void(std::string_view)>& line,
                 const std::function<void(const Error&)>& bad) {
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return true;
    if (got <= 0) break;
    std::string_view rest(buffer.data(), static_cast<std::size_t>(got));
    for (std::size_t end; (end = rest.find('\n')) != rest.npos; rest.remove_prefix(end + 1)) {
      part_.append(rest.substr(0, end));
      if (!skipping_) line(part_);
      part_.clear();
      skipping_ = false;
    }
    if (!skipping_) part_.append(rest);
    if (part_.size() > line_bytes_max) {
      bad(Error(ErrorCode::too_large, "a line of more than 1 MiB is skipped", "standard output"));
      part_.clear();
      skipping_ = true;
    }
  }
  if (!part_.empty()) line(std::exchange(part_, {}));  // the last line may lack its end
  return false;
}

std::string Child::finish() {
  const pid_t pid = std::exchange(pid_, 0);
  if (pid <= 0) return {};
  int status = 0;
  // Two seconds to end by itself once asked, or having closed its output; then it is killed.
  for (int i = 0; ::waitpid(pid, &status, WNOHANG) == 0; ++i) {
    if (i == 200) ::kill(-pid, SIGKILL);
    ::usleep(10'000);
  }
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
    return "exit code " + std::to_string(WEXITSTATUS(status));
  }
  return {};
}

}  // namespace dts::cli
