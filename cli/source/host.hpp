// The `host` source: this machine's processor, memory, temperatures, disks and network, from /proc
// and /sys. Rates are since the reading before.
#pragma once

#include <cli/source/sensor.hpp>
#include <cli/source/sysfs.hpp>

namespace dts::cli {

std::unique_ptr<Sensor> make_host_sensor(Sysfs files);

}  // namespace dts::cli
