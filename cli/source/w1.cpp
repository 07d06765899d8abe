#include <cli/source/w1.hpp>

#include <array>
#include <charconv>
#include <set>

namespace dts::cli {

namespace {

constexpr std::string_view kDevices = "/sys/bus/w1/devices";
// Family codes of thermometers: DS18S20, DS1822, DS18B20, DS1825, DS28EA00.
constexpr std::array<std::string_view, 5> kThermometers{"10-", "22-", "28-", "3b-", "42-"};

bool is_thermometer(std::string_view name) {
  for (const std::string_view family : kThermometers) {
    if (name.starts_with(family)) return true;
  }
  return false;
}

bool is_bus(std::string_view name) { return name.starts_with("w1_bus_master"); }

Error refuse(std::string why, std::string hint) {
  return Error(ErrorCode::sensor, "no usable reading", {}, std::move(why), std::move(hint));
}

Result<double> check_celsius(std::int64_t milli) {
  if (milli == 85000) {
    return refuse("85.000 is what the sensor says before its first conversion",
                  "check its power: VDD connected, 4.7 kOhm from data to 3.3 V");
  }
  if (milli == 127937) {
    return refuse("127.937 is what the sensor says when the power fails during a conversion",
                  "connect VDD instead of parasite power");
  }
  if (milli < -55000 || milli > 125000) {
    return refuse(std::to_string(milli) + " m°C is outside -55 to 125 °C", "check the wiring");
  }
  return static_cast<double>(milli) / 1000;
}

class W1Sensor : public Sensor {
 public:
  explicit W1Sensor(Sysfs files) : files_(std::move(files)) {}

  void read(Instant, Emitter& out) override {
    std::set<std::string> seen, strange;
    const auto names = files_.list(kDevices);
    if (names.empty() && sensors_.empty()) {
      out.fail("bus", Error(ErrorCode::sensor, "no 1-Wire bus", files_.at(kDevices),
                            "the directory is not there or empty",
                            "dtoverlay=w1-gpio in config.txt, or modprobe w1-gpio w1-therm"));
      return;
    }
    convert_together(names);
    for (const std::string& name : names) {
      if (is_thermometer(name)) {
        seen.insert(name);
        read_one(name, out);
      } else if (!is_bus(name)) {
        strange.insert(name);
      }
    }
    for (const std::string& name : strange) {
      out.fail(
          name,
          Error(ErrorCode::sensor, name + " is no thermometer", {},
                "its family code is unknown; phantom devices appear on a bus without a pull-up",
                "4.7 kOhm from data (GPIO4) to 3.3 V"));
    }
    for (const std::string& name : sensors_) {
      if (seen.count(name) == 0) {
        out.fail(name, Error(ErrorCode::sensor, name + " is unplugged"), true);
      }
    }
    sensors_ = std::move(seen);
  }

  std::string describe() const override {
    return std::to_string(sensors_.size()) + " thermometers below " + files_.at(kDevices);
  }

 private:
  // Starts one conversion of all sensors of each bus where the driver can: a conversion takes
  // 750 ms, and reading them one by one would take that long each.
  void convert_together(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      const std::string bulk = std::string(kDevices) + "/" + name + "/therm_bulk_read";
      // An older driver has no such file; each sensor is then converted by reading it.
      if (is_bus(name) && files_.exists(bulk)) static_cast<void>(files_.write(bulk, "trigger\n"));
    }
  }

  void read_one(const std::string& name, Emitter& out) {
    const std::string path = std::string(kDevices) + "/" + name;
    const auto celsius = celsius_of(path);
    if (!celsius) return out.fail(name, celsius.error());
    out.emit(name, SensorTemperature{out.adjust(*celsius)}, {{"sensor", name}});
  }

  // `temperature` holds m°C and is empty during a conversion; older kernels have w1_slave only.
  Result<double> celsius_of(const std::string& path) {
    if (files_.exists(path + "/temperature")) {
      const auto milli = files_.integer(path + "/temperature");
      if (!milli) return milli.error();
      return check_celsius(*milli);
    }
    const auto text = files_.read(path + "/w1_slave");
    if (!text) return text.error();
    return parse_w1_slave(*text);
  }

  Sysfs files_;
  std::set<std::string> sensors_;
};

}  // namespace

Result<double> parse_w1_slave(std::string_view text) {
  if (text.empty()) return refuse("w1_slave is empty", "unplug and plug the sensor");
  const std::size_t end = text.find('\n');
  const std::string_view first = text.substr(0, end);
  if (!first.ends_with("YES")) {
    return refuse("the checksum is wrong (crc NO)", "shorter wires, a stronger pull-up");
  }
  const std::size_t at = text.find("t=", end == text.npos ? text.size() : end);
  std::int64_t milli = 0;
  if (at == text.npos) return refuse("w1_slave has no t=", "check the driver: modprobe w1-therm");
  const char* const stop = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + at + 2, stop, milli);
  if (error != std::errc{} || (rest != stop && *rest != '\n')) {
    return refuse("t= in w1_slave is no number", "check the driver: modprobe w1-therm");
  }
  return check_celsius(milli);
}

std::unique_ptr<Sensor> make_w1_sensor(Sysfs files) {
  return std::make_unique<W1Sensor>(std::move(files));
}

}  // namespace dts::cli
