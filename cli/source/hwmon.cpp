#include <cli/source/hwmon.hpp>

#include <array>
#include <cctype>
#include <set>

namespace dts::cli {

namespace {

struct HwmonKind {
  std::string_view prefix;
  double divisor;  // to the unit we publish
};
constexpr std::array kKinds{HwmonKind{"temp", 1000}, HwmonKind{"in", 1000}, HwmonKind{"curr", 1000},
                            HwmonKind{"power", 1e6}, HwmonKind{"fan", 1}};

// "temp12_input" -> the kind of "temp" and the channel "temp12"; null for any other name.
const HwmonKind* kind_of(std::string_view name, std::string& channel) {
  constexpr std::string_view suffix = "_input";
  if (!name.ends_with(suffix)) return nullptr;
  name.remove_suffix(suffix.size());
  for (const HwmonKind& kind : kKinds) {
    if (!name.starts_with(kind.prefix)) continue;
    const std::string_view digits = name.substr(kind.prefix.size());
    if (digits.empty() || digits.find_first_not_of("0123456789") != digits.npos) continue;
    channel = std::string(name);
    return &kind;
  }
  return nullptr;
}

class HwmonSensor : public Sensor {
 public:
  explicit HwmonSensor(Sysfs files) : files_(std::move(files)) {}

  void read(Instant, Emitter& out) override {
    std::set<std::string> seen;
    for (const HwmonReading& reading : read_hwmon(files_)) {
      const std::string sensor = reading.chip + " " + reading.label;
      seen.insert(sensor);
      if (!reading.value) {
        out.fail(sensor, reading.value.error());
        continue;
      }
      const Labels labels{{"chip", reading.chip}, {"channel", reading.label}};
      const double value = out.adjust(*reading.value);
      if (reading.kind == "temp") out.emit(sensor, SensorTemperature{value}, labels);
      if (reading.kind == "in") out.emit(sensor, SensorVoltage{value}, labels);
      if (reading.kind == "curr") out.emit(sensor, SensorCurrent{value}, labels);
      if (reading.kind == "power") out.emit(sensor, SensorPower{value}, labels);
      if (reading.kind == "fan") out.emit(sensor, SensorFan{value}, labels);
    }
    for (const std::string& sensor : sensors_) {
      if (seen.count(sensor) == 0) {
        out.fail(sensor, Error(ErrorCode::sensor, "the chip of " + sensor + " has vanished"), true);
      }
    }
    sensors_ = std::move(seen);
  }

  std::string describe() const override {
    return std::to_string(sensors_.size()) + " channels below " + files_.at("/sys/class/hwmon");
  }

 private:
  Sysfs files_;
  std::set<std::string> sensors_;
};

}  // namespace

std::vector<HwmonReading> read_hwmon(const Sysfs& files) {
  std::vector<HwmonReading> readings;
  for (const std::string& monitor : files.list("/sys/class/hwmon")) {
    const std::string path = "/sys/class/hwmon/" + monitor;
    const std::string chip = files.read(path + "/name").value_or(monitor);
    for (const std::string& name : files.list(path)) {
      std::string channel;
      const HwmonKind* const kind = kind_of(name, channel);
      if (kind == nullptr) continue;
      std::string label = files.read(path + "/" + channel + "_label").value_or(channel);
      if (label.empty() || label.size() > 64) label = channel;
      const auto raw = files.integer(path + "/" + name);
      Result<double> value = 0.0;
      if (raw)
        value = static_cast<double>(*raw) / kind->divisor;
      else
        value = raw.error();
      readings.push_back({chip, std::string(kind->prefix), channel, std::move(label), value});
    }
  }
  return readings;
}

std::unique_ptr<Sensor> make_hwmon_sensor(Sysfs files) {
  return std::make_unique<HwmonSensor>(std::move(files));
}

}  // namespace dts::cli
