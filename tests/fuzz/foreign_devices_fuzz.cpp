// Messages of an MQTT broker as the dialects of `dts bridge mqtt` get them. The input is what one
// dialect hears, one after the other:
//
//   | which | topic | size u8 | payload | topic | size u8 | payload | ...
//
// `which` chooses the dialect, `topic` is an index into those it knows; a payload of 255 bytes goes
// on to the end. Nothing grows past its bounds, and only topics are published to.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include <cli/bridge/home_assistant.hpp>
#include <cli/bridge/mapping.hpp>
#include <cli/bridge/mqtt_desk_record.hpp>
#include <cli/bridge/tasmota.hpp>
#include <cli/bridge/zigbee2mqtt.hpp>

using namespace dts;
using namespace dts::cli;

namespace {

constexpr std::string_view kTopics[] = {"zigbee2mqtt/bridge/devices",
                                        "zigbee2mqtt/x",
                                        "zigbee2mqtt/x/availability",
                                        "tele/x/SENSOR",
                                        "tele/x/STATE",
                                        "stat/x/RESULT",
                                        "tele/x/LWT",
                                        "stat/x/POWER",
                                        "tasmota/discovery/1/config",
                                        "homeassistant/sensor/x/config",
                                        "s",
                                        "homeassistant/device/x/config",
                                        "homeassistant/switch/n/x/config"};

std::unique_ptr<MqttDialect> dialect(std::uint8_t which, MqttDesk& desk, std::string_view mapping) {
  switch (which % 4) {
    case 0:
      return std::make_unique<Zigbee2Mqtt>(desk, "zigbee2mqtt");
    case 1:
      return std::make_unique<Tasmota>(desk);
    case 2:
      return std::make_unique<HomeAssistant>(desk, "homeassistant",
                                             [](std::string_view) { return false; });
    default: {
      auto parsed = Mapping::parse(mapping, "map.json");
      return std::make_unique<MappedTopics>(desk, parsed ? parsed->from : std::vector<MapFrom>());
    }
  }
}

// Each command with the first things that fit its fields.
void order_all(MqttDeskRecord& desk) {
  const auto orders = desk.orders;
  for (const auto& [name, order] : orders) {
    auto value = Value::of(order.first);
    if (!value) continue;
    for (const Field& field : order.first.root().fields)
      for (const char* text : {"x", "1", "true"})
        if (value->set(field.name, text)) break;
    static_cast<void>(order.second(*value));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  MqttDeskRecord desk;
  const auto world = dialect(data[0], desk, rest);
  world->begin();
  while (rest.size() >= 2) {
    const std::string_view topic = kTopics[static_cast<std::uint8_t>(rest[0]) % std::size(kTopics)];
    const auto length = static_cast<std::uint8_t>(rest[1]);
    rest.remove_prefix(2);
    const std::string_view payload = rest.substr(0, length == 255 ? rest.size() : length);
    rest.remove_prefix(payload.size());
    world->take({topic, payload, false});
  }
  order_all(desk);
  for (const std::string& sent : desk.sent)
    if (!is_topic(sent.substr(0, sent.find(' ')))) std::abort();
  for (const std::string& filter : desk.filters)
    if (filter.empty() || filter.size() > 1024) std::abort();
  return 0;
}
