// The `demo brewery` source: a small sake brewery, simulated. Tanks of moromi follow the usual
// temperature curve of a 25-day ferment (from 6 to 15 degrees and slowly down), a day a minute; a
// koji room breathes; carbon dioxide rises with the ferment; and one level sensor dies after a
// minute, as they do.
#pragma once

#include <cli/source/sensor.hpp>

namespace dts::cli {

// `tanks`: 1 to 99. `dies_after`: when the level sensor of the last tank fails.
std::unique_ptr<Sensor> make_brewery_sensor(int tanks, Duration dies_after, std::uint64_t seed);

}  // namespace dts::cli
