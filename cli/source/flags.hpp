// The flags common to all sources, from the command line.
#pragma once

#include <string_view>

#include <cli/source/sensor.hpp>

namespace dts::cli {

class Invocation;

// `name` is the source's name unless --name gives another.
Result<SensorFlags> sensor_flags(const Invocation& invocation, std::string_view name);

}  // namespace dts::cli
