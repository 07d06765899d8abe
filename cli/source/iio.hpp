// The `iio` source: sensors of the kernel's Industrial I/O subsystem, /sys/bus/iio/devices/
// (Documentation/ABI/testing/sysfs-bus-iio). A channel is ready (`_input`) or raw:
// value = (raw + offset) x scale, where offset and scale may be shared by all channels of a type.
#pragma once

#include <cli/source/sensor.hpp>
#include <cli/source/sysfs.hpp>

namespace dts::cli {

// `device`: only the one of this name ("bme280"); empty: all.
std::unique_ptr<Sensor> make_iio_sensor(Sysfs files, std::string device);

}  // namespace dts::cli
