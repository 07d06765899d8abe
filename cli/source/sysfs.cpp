#include <cli/source/sysfs.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace dts::cli {

namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;

class File {
 public:
  File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

Error file_error(const std::string& path, const char* what) {
  return Error(ErrorCode::file, std::string(what) + " " + path, path, std::strerror(errno));
}

template <class Number>
Result<Number> parse(const Result<std::string>& text, const std::string& path) {
  if (!text) return text.error();
  Number value{};
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc{} || stop != end) {
    return Error(ErrorCode::sensor, path + " holds no number", path,
                 text->empty() ? "it is empty" : "it holds \"" + text->substr(0, 40) + "\"");
  }
  return value;
}

}  // namespace

Result<std::string> Sysfs::read(std::string_view path) const {
  const std::string full = at(path);
  const File file(full, O_RDONLY | O_NONBLOCK);
  if (file.fd() < 0) return file_error(full, "cannot open");
  std::string text;
  std::array<char, 4096> part;
  for (;;) {
    const ssize_t got = ::read(file.fd(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error(full, "cannot read");
    if (got == 0) break;
    text.append(part.data(), static_cast<std::size_t>(got));
    if (text.size() > kFileBytesMax) {
      return Error(ErrorCode::file, full + " is too large", full, "it has more than 1 MiB");
    }
  }
  while (!text.empty() && std::strchr(" \t\r\n", text.back()) != nullptr) text.pop_back();
  return text;
}

Result<std::int64_t> Sysfs::integer(std::string_view path) const {
  return parse<std::int64_t>(read(path), at(path));
}

Result<double> Sysfs::number(std::string_view path) const {
  return parse<double>(read(path), at(path));
}

std::vector<std::string> Sysfs::list(std::string_view path) const {
  std::vector<std::string> names;
  DIR* const directory = ::opendir(at(path).c_str());
  if (directory == nullptr) return names;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  ::closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

bool Sysfs::exists(std::string_view path) const { return ::access(at(path).c_str(), F_OK) == 0; }

Result<void> Sysfs::write(std::string_view path, std::string_view text) const {
  const std::string full = at(path);
  const File file(full, O_WRONLY);
  if (file.fd() < 0) return file_error(full, "cannot open");
  if (::write(file.fd(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return file_error(full, "cannot write");
  }
  return {};
}

}  // namespace dts::cli
