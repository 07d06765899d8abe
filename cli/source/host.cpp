#include <cli/source/host.hpp>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <set>
#include <vector>

#include <sys/statvfs.h>

#include <cli/source/hwmon.hpp>

namespace dts::cli {

namespace {

// The words of a line, split at white space (and at ':' when it ends a word).
std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> result;
  std::size_t at = 0;
  while (at < line.size()) {
    const std::size_t begin = line.find_first_not_of(" \t", at);
    if (begin == std::string_view::npos) break;
    std::size_t end = line.find_first_of(" \t", begin);
    if (end == std::string_view::npos) end = line.size();
    result.push_back(line.substr(begin, end - begin));
    at = end;
  }
  return result;
}

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    result.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return result;
}

template <class Number = std::uint64_t>
Number number(std::string_view word) {
  Number value{};
  std::from_chars(word.data(), word.data() + word.size(), value);
  return value;
}

// To a hundredth: more digits would only be noise.
double percent(double part, double whole) {
  return whole > 0 ? std::round(10000 * part / whole) / 100 : 0;
}

class HostSensor : public Sensor {
 public:
  explicit HostSensor(Sysfs files) : files_(std::move(files)) {}

  void read(Instant now, Emitter& out) override {
    const double seconds =
        last_ == Instant{} ? 0 : std::chrono::duration<double>(now - last_).count();
    read_cpu(out);
    read_memory(out);
    read_temperatures(out);
    read_disks(out);
    read_network(seconds, out);
    last_ = now;
  }

  std::string describe() const override {
    return "processor, memory, temperatures, disks and network of this machine";
  }

 private:
  // /proc/stat: "cpu  user nice system idle iowait irq softirq steal ..." in ticks since start.
  struct Ticks {
    std::uint64_t user = 0, system = 0, idle = 0, io_wait = 0;
    std::uint64_t all() const { return user + system + idle + io_wait; }
  };

  void read_cpu(Emitter& out) {
    const auto text = files_.read("/proc/stat");
    if (!text) return out.fail("cpu", text.error());
    Ticks ticks;
    HostCpu cpu{};
    for (const std::string_view line : lines(*text)) {
      const auto w = words(line);
      if (w.empty() || w[0].substr(0, 3) != "cpu") continue;
      if (w[0] != "cpu") {
        ++cpu.cores;
      } else if (w.size() >= 9) {
        ticks.user = number(w[1]) + number(w[2]);
        ticks.system = number(w[3]) + number(w[6]) + number(w[7]) + number(w[8]);
        ticks.idle = number(w[4]);
        ticks.io_wait = number(w[5]);
      }
    }
    if (ticks.all() == 0) {
      return out.fail("cpu", Error(ErrorCode::sensor, "no processor times in /proc/stat"));
    }
    const Ticks before = ticks_;
    ticks_ = ticks;
    const double all = static_cast<double>(ticks.all() - before.all());
    cpu.user = percent(static_cast<double>(ticks.user - before.user), all);
    cpu.system = percent(static_cast<double>(ticks.system - before.system), all);
    cpu.io_wait = percent(static_cast<double>(ticks.io_wait - before.io_wait), all);
    cpu.busy =
        percent(static_cast<double>(ticks.user - before.user + ticks.system - before.system), all);
    if (const auto load = files_.read("/proc/loadavg")) {
      const auto w = words(*load);
      if (!w.empty()) cpu.load_1m = number<double>(w[0]);
    }
    out.emit("cpu", cpu);
  }

  // /proc/meminfo: "MemTotal:       24630308 kB"
  void read_memory(Emitter& out) {
    const auto text = files_.read("/proc/meminfo");
    if (!text) return out.fail("memory", text.error());
    HostMemory memory{};
    for (const std::string_view line : lines(*text)) {
      const auto w = words(line);
      if (w.size() < 2) continue;
      const std::uint64_t bytes = number(w[1]) * 1024;
      if (w[0] == "MemTotal:") memory.total = bytes;
      if (w[0] == "MemAvailable:") memory.available = bytes;
      if (w[0] == "SwapTotal:") memory.swap_total = bytes;
      if (w[0] == "SwapFree:") memory.swap_free = bytes;
    }
    if (memory.total == 0) {
      return out.fail("memory", Error(ErrorCode::sensor, "no MemTotal in /proc/meminfo"));
    }
    memory.used = percent(static_cast<double>(memory.total - memory.available),
                          static_cast<double>(memory.total));
    out.emit("memory", memory);
  }

  // Thermal zones, and the temperatures of hwmon chips. Machines without either publish none.
  void read_temperatures(Emitter& out) {
    for (const std::string& zone : files_.list("/sys/class/thermal")) {
      if (zone.substr(0, 12) != "thermal_zone") continue;
      const std::string path = "/sys/class/thermal/" + zone;
      const std::string type = files_.read(path + "/type").value_or(zone);
      const auto milli = files_.integer(path + "/temp");
      if (!milli) {
        out.fail("temperature " + type, milli.error());
        continue;
      }
      out.emit("temperature " + type, HostTemperature{static_cast<double>(*milli) / 1000},
               {{"sensor", type}});
    }
    for (const HwmonReading& reading : read_hwmon(files_)) {
      if (reading.kind != "temp") continue;
      const std::string sensor = reading.chip + " " + reading.label;
      if (reading.value) {
        out.emit("temperature " + sensor, HostTemperature{*reading.value}, {{"sensor", sensor}});
      } else {
        out.fail("temperature " + sensor, reading.value.error());
      }
    }
  }

  // /proc/self/mounts: "/dev/vda / ext4 rw,relatime 0 0". Only real disks, each device once.
  void read_disks(Emitter& out) {
    const auto text = files_.read("/proc/self/mounts");
    if (!text) return out.fail("disk", text.error());
    std::set<std::string_view> devices;
    for (const std::string_view line : lines(*text)) {
      const auto w = words(line);
      if (w.size() < 3 || w[0].substr(0, 5) != "/dev/" || !devices.insert(w[0]).second) continue;
      const std::string mount(w[1]);
      struct statvfs space {};
      if (::statvfs(files_.at(mount).c_str(), &space) != 0) {
        out.fail("disk " + mount, Error(ErrorCode::sensor, "cannot ask the file system at " + mount,
                                        mount, std::strerror(errno)));
        continue;
      }
      HostDisk disk{};
      disk.total = static_cast<std::uint64_t>(space.f_blocks) * space.f_frsize;
      disk.free = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
      const auto used = static_cast<double>(space.f_blocks - space.f_bfree);
      disk.used = percent(used, used + static_cast<double>(space.f_bavail));
      if (disk.total > 0) out.emit("disk " + mount, disk, {{"mount", mount}});
    }
  }

  // /proc/net/dev: "eth0: rx_bytes packets errs drop fifo frame compressed multicast tx_bytes ..."
  void read_network(double seconds, Emitter& out) {
    const auto text = files_.read("/proc/net/dev");
    if (!text) return out.fail("network", text.error());
    std::map<std::string, HostNetwork> seen;
    for (const std::string_view line : lines(*text)) {
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) continue;
      const auto name = words(line.substr(0, colon));
      const auto w = words(line.substr(colon + 1));
      if (name.empty() || w.size() < 12 || name[0] == "lo") continue;
      HostNetwork network{};
      network.received_total = number(w[0]);
      network.sent_total = number(w[8]);
      network.errors = number(w[2]) + number(w[10]);
      network.dropped = number(w[3]) + number(w[11]);
      const std::string interface(name[0]);
      const auto before = network_.find(interface);
      if (before != network_.end() && seconds > 0) {
        const auto rate = [&](std::uint64_t to, std::uint64_t from) {
          return to >= from ? static_cast<double>(to - from) / seconds
                            : 0;  // the counter was reset
        };
        network.received = rate(network.received_total, before->second.received_total);
        network.sent = rate(network.sent_total, before->second.sent_total);
      }
      out.emit("network " + interface, network, {{"interface", interface}});
      seen.emplace(interface, network);
    }
    for (const auto& [interface, network] : network_) {
      if (seen.count(interface) == 0) {
        out.fail("network " + interface,
                 Error(ErrorCode::sensor, "the interface " + interface + " has vanished"), true);
      }
    }
    network_ = std::move(seen);
  }

  Sysfs files_;
  Instant last_{};
  Ticks ticks_;
  std::map<std::string, HostNetwork> network_;
};

}  // namespace

std::unique_ptr<Sensor> make_host_sensor(Sysfs files) {
  return std::make_unique<HostSensor>(std::move(files));
}

}  // namespace dts::cli
