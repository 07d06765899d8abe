// The `w1` source: 1-Wire thermometers (DS18B20 and its kin) under the kernel's w1_therm driver,
// /sys/bus/w1/devices/ (Documentation/w1/slaves/w1_therm.rst).
#pragma once

#include <cli/source/sensor.hpp>
#include <cli/source/sysfs.hpp>

namespace dts::cli {

// A w1_slave file: two lines, the first with the checksum's verdict, the second with t= in m°C:
//   72 01 4b 46 7f ff 0e 10 57 : crc=57 YES
//   72 01 4b 46 7f ff 0e 10 57 t=23125
// In degrees Celsius. 85.000 (the power-up value) and 127.937 (too little power) are refused: they
// are not temperatures.
Result<double> parse_w1_slave(std::string_view text);

std::unique_ptr<Sensor> make_w1_sensor(Sysfs files);

}  // namespace dts::cli
