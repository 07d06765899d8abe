// Whether a foreign device is there: a value of its own, and the end of its sources when it is not.
#pragma once

#include <optional>
#include <string>

#include <cli/bridge/mqtt_dialect.hpp>

namespace dts::cli {

// Publishes "<world>.Availability{online}"; without an answer in `online` that is told.
void take_presence(MqttDesk& desk, const std::string& world, const MqttOrigin& device,
                   const MqttPost& post, std::optional<bool> online);

}  // namespace dts::cli
