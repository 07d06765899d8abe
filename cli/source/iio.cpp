#include <cli/source/iio.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <set>

namespace dts::cli {

namespace {

constexpr std::string_view kDevices = "/sys/bus/iio/devices";

// The types we publish, with the divisor from the ABI's unit to ours (47300 / 1000 is 47.3; times
// 1e-3 it is not).
struct IioKind {
  std::string_view name;
  double divisor;
};
constexpr std::array kKinds{
    IioKind{"temp", 1000},              // m°C -> Cel
    IioKind{"pressure", 1},             // kPa
    IioKind{"humidityrelative", 1000},  // m% -> %
    IioKind{"voltage", 1000},           // mV -> V
    IioKind{"current", 1000},           // mA -> A
    IioKind{"power", 1000},             // mW -> W
};

struct Channel {
  const IioKind* kind = nullptr;
  std::string name;  // "in_temp0"
  bool raw = false;
};

// To twelve significant digits: no sensor has more, and products of decimals have noise behind.
double rounded_to_digits(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.12g", value);
  return std::strtod(text, nullptr);
}

// "in_temp0_ambient_raw" -> kind temp, name "in_temp0_ambient"; kind null for other files.
Channel channel_of(std::string_view file) {
  Channel channel;
  if (!file.starts_with("in_")) return channel;
  if (file.ends_with("_raw")) {
    channel.raw = true;
    file.remove_suffix(4);
  } else if (file.ends_with("_input")) {
    file.remove_suffix(6);
  } else {
    return channel;
  }
  channel.name = std::string(file);
  const std::string_view type = file.substr(3, file.find_first_of("_0123456789", 3) - 3);
  for (const IioKind& kind : kKinds) {
    if (type == kind.name) channel.kind = &kind;
  }
  return channel;
}

class IioSensor : public Sensor {
 public:
  IioSensor(Sysfs files, std::string device)
      : files_(std::move(files)), device_(std::move(device)) {}

  void read(Instant, Emitter& out) override {
    std::set<std::string> seen;
    bool found = false;
    for (const std::string& entry : files_.list(kDevices)) {
      if (!entry.starts_with("iio:device")) continue;
      const std::string path = std::string(kDevices) + "/" + entry;
      const std::string name = files_.read(path + "/name").value_or(entry);
      if (!device_.empty() && device_ != name && device_ != entry) continue;
      found = true;
      read_device(path, name, seen, out);
    }
    if (!found && sensors_.empty()) {
      out.fail(device_.empty() ? "devices" : device_,
               Error(ErrorCode::sensor,
                     device_.empty() ? "no IIO device" : "no IIO device \"" + device_ + "\"",
                     files_.at(kDevices), {},
                     "load the sensor's driver; dts source iio lists what there is"));
    }
    for (const std::string& sensor : sensors_) {
      if (seen.count(sensor) == 0) {
        out.fail(sensor, Error(ErrorCode::sensor, sensor + " has vanished"), true);
      }
    }
    sensors_ = std::move(seen);
  }

  std::string describe() const override {
    return std::to_string(sensors_.size()) + " channels below " + files_.at(kDevices);
  }

 private:
  void read_device(const std::string& path, const std::string& device, std::set<std::string>& seen,
                   Emitter& out) {
    for (const std::string& file : files_.list(path)) {
      const Channel channel = channel_of(file);
      if (channel.kind == nullptr) continue;
      // A channel with both files is read once, from the ready one.
      if (channel.raw && files_.exists(path + "/" + channel.name + "_input")) continue;
      const std::string sensor = device + " " + channel.name.substr(3);
      seen.insert(sensor);
      const auto value = value_of(path, channel);
      if (!value) {
        out.fail(sensor, value.error());
        continue;
      }
      emit(sensor, channel, device, out.adjust(*value / channel.kind->divisor), out);
    }
  }

  Result<double> value_of(const std::string& path, const Channel& channel) const {
    const auto value = files_.number(path + "/" + channel.name + (channel.raw ? "_raw" : "_input"));
    if (!value || !channel.raw) return value;
    const std::string shared = "/in_" + std::string(channel.kind->name);
    DTS_ASSIGN(const double offset, attribute(path, channel, shared, "_offset", 0));
    DTS_ASSIGN(const double scale, attribute(path, channel, shared, "_scale", 1));
    // As the exact decimals would have it: 1013 x 0.1 is 101.3, not 101.30000000000001.
    return rounded_to_digits((*value + offset) * scale);
  }

  // The channel's own attribute, else the one shared by its type, else `otherwise`.
  Result<double> attribute(const std::string& path, const Channel& channel,
                           const std::string& shared, const char* suffix, double otherwise) const {
    if (files_.exists(path + "/" + channel.name + suffix)) {
      return files_.number(path + "/" + channel.name + suffix);
    }
    if (files_.exists(path + shared + suffix)) return files_.number(path + shared + suffix);
    return otherwise;
  }

  static void emit(const std::string& sensor, const Channel& channel, const std::string& device,
                   double value, Emitter& out) {
    const Labels labels{{"device", device}, {"channel", channel.name.substr(3)}};
    const std::string_view kind = channel.kind->name;
    if (kind == "temp") out.emit(sensor, SensorTemperature{value}, labels);
    if (kind == "pressure") out.emit(sensor, SensorPressure{value}, labels);
    if (kind == "humidityrelative") out.emit(sensor, SensorHumidity{value}, labels);
    if (kind == "voltage") out.emit(sensor, SensorVoltage{value}, labels);
    if (kind == "current") out.emit(sensor, SensorCurrent{value}, labels);
    if (kind == "power") out.emit(sensor, SensorPower{value}, labels);
  }

  Sysfs files_;
  std::string device_;
  std::set<std::string> sensors_;
};

}  // namespace

std::unique_ptr<Sensor> make_iio_sensor(Sysfs files, std::string device) {
  return std::make_unique<IioSensor>(std::move(files), std::move(device));
}

}  // namespace dts::cli
