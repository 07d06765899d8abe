// Reading /proc and /sys below Machine::root.
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <cli/doctor_check.hpp>

namespace dts::cli {

namespace {

constexpr std::size_t kFileBytesMax = 4u << 20;

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t start = line.find_first_not_of(" \t", at);
    if (start == std::string_view::npos) break;
    const std::size_t end = std::min(line.find_first_of(" \t", start), line.size());
    words.emplace_back(line.substr(start, end - start));
    at = end;
  }
  return words;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t from = 0;
  for (std::size_t end; (end = text.find('\n', from)) != std::string::npos; from = end + 1) {
    lines.push_back(text.substr(from, end - from));
  }
  if (from < text.size()) lines.push_back(text.substr(from));
  return lines;
}

// Which process has the socket open: /proc/<pid>/fd/* -> "socket:[inode]".
std::string owner_of(const Machine& machine, const std::string& inode) {
  const std::string wanted = "socket:[" + inode + "]";
  for (const std::string& pid : list_folder(machine, "/proc")) {
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string folder = "/proc/" + pid + "/fd";
    for (const std::string& fd : list_folder(machine, folder)) {
      char target[64];
      const std::string path = machine.root + folder + "/" + fd;
      const ssize_t length = ::readlink(path.c_str(), target, sizeof target);
      if (length <= 0 || std::string_view(target, static_cast<std::size_t>(length)) != wanted) {
        continue;
      }
      std::string name = read_file(machine, "/proc/" + pid + "/comm").value_or("?");
      while (!name.empty() && name.back() == '\n') name.pop_back();
      return name + " (pid " + pid + ")";
    }
  }
  return {};
}

}  // namespace

std::optional<std::string> read_file(const Machine& machine, const std::string& path) {
  std::FILE* file = std::fopen((machine.root + path).c_str(), "r");
  if (file == nullptr) return std::nullopt;
  std::string text;
  char bytes[4096];
  std::size_t count = 0;
  while (text.size() < kFileBytesMax && (count = std::fread(bytes, 1, sizeof bytes, file)) > 0) {
    text.append(bytes, count);
  }
  std::fclose(file);  // only read: closing cannot lose anything
  return text;
}

std::optional<std::int64_t> read_number(const Machine& machine, const std::string& path) {
  const auto text = read_file(machine, path);
  if (!text || text->empty()) return std::nullopt;
  char* end = nullptr;
  const long long number = std::strtoll(text->c_str(), &end, 10);
  if (end == text->c_str()) return std::nullopt;
  return number;
}

bool exists(const Machine& machine, const std::string& path) {
  struct stat info {};
  return ::lstat((machine.root + path).c_str(), &info) == 0;
}

std::vector<std::string> list_folder(const Machine& machine, const std::string& path) {
  std::vector<std::string> names;
  DIR* folder = ::opendir((machine.root + path).c_str());
  if (folder == nullptr) return names;
  while (const dirent* entry = ::readdir(folder)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  ::closedir(folder);
  std::sort(names.begin(), names.end());
  return names;
}

// Two lines for each protocol: "Udp: InDatagrams NoPorts ..." and "Udp: 4711 3 ...".
std::optional<std::int64_t> snmp_counter(const Machine& machine, std::string_view protocol,
                                         std::string_view counter) {
  const auto text = read_file(machine, "/proc/net/snmp");
  if (!text) return std::nullopt;
  std::vector<std::string> names;
  for (const std::string& line : lines_of(*text)) {
    std::vector<std::string> words = words_of(line);
    if (words.empty() || words[0] != std::string(protocol) + ":") continue;
    if (names.empty()) {
      names = std::move(words);
      continue;
    }
    const auto found = std::find(names.begin(), names.end(), counter);
    const auto index = static_cast<std::size_t>(found - names.begin());
    if (found == names.end() || index >= words.size()) return std::nullopt;
    return std::strtoll(words[index].c_str(), nullptr, 10);
  }
  return std::nullopt;
}

// sl local_address rem_address st queues tr retrnsmt uid timeout inode ref pointer drops
std::vector<UdpSocket> udp_sockets(const Machine& machine, std::uint16_t port) {
  std::vector<UdpSocket> sockets;
  const auto text = read_file(machine, "/proc/net/udp");
  if (!text) return sockets;
  char wanted[8];
  std::snprintf(wanted, sizeof wanted, ":%04X", port);
  for (const std::string& line : lines_of(*text)) {
    const std::vector<std::string> words = words_of(line);
    if (words.size() < 13 || !words[1].ends_with(wanted)) continue;
    UdpSocket socket;
    socket.inode = words[9];
    socket.drops = std::strtoull(words[12].c_str(), nullptr, 10);
    socket.process = owner_of(machine, socket.inode);
    sockets.push_back(std::move(socket));
  }
  return sockets;
}

}  // namespace dts::cli
