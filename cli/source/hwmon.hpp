// The `hwmon` source: the kernel's hardware monitors, /sys/class/hwmon/hwmon*/ (documented in the
// kernel's Documentation/hwmon/sysfs-interface.rst): temp (m°C), in (mV), curr (mA), power (uW),
// fan (revolutions a minute).
#pragma once

#include <vector>

#include <cli/source/sensor.hpp>
#include <cli/source/sysfs.hpp>

namespace dts::cli {

struct HwmonReading {
  std::string chip;      // "k10temp"
  std::string kind;      // "temp", "in", "curr", "power", "fan"
  std::string channel;   // "temp1"
  std::string label;     // "Tctl", or the channel when it has none
  Result<double> value;  // in degrees Celsius, V, A, W, 1/min
};

std::vector<HwmonReading> read_hwmon(const Sysfs& files);
std::unique_ptr<Sensor> make_hwmon_sensor(Sysfs files);

}  // namespace dts::cli
