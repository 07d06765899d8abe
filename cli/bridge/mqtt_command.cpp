#include <cli/bridge/mqtt_command.hpp>

#include <base/text.hpp>
#include <cli/bridge/mqtt_bridge.hpp>
#include <cli/definition.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/type_source.hpp>

namespace dts::cli {

namespace {

constexpr Flag kFlags[] = {
    {0, "only", "DEVICES", "only these devices are looked for; may be repeated",
     "tasmota zigbee2mqtt homeassistant none"},
    {0, "map", "FILE", "other topics, and types to send to topics: a mapping file"},
    {0, "announce", {}, "make all that is measured on the domain appear in Home Assistant"},
    {0, "zigbee2mqtt", "TOPIC", "what its topics begin with; zigbee2mqtt unless told"},
    {0, "homeassistant", "PREFIX", "the prefix of its discovery; homeassistant unless told"},
};
constexpr Example kExamples[] = {
    {"dts bridge mqtt mqtt://nas", "Tasmota, Zigbee2MQTT and what announces itself"},
    {"dts bridge mqtt mqtt://tank:secret@nas --announce", "and the domain in Home Assistant"},
    {"dts bridge mqtt mqtt://nas --only none --map brewery.json", "only the topics of that file"},
};

Result<MqttBridgeOptions> parse_options(const Invocation& invocation) {
  MqttBridgeOptions options;
  options.url = invocation.arguments()[0];
  if (options.url.find("://") == std::string::npos) options.url = "mqtt://" + options.url;
  const std::vector<std::string> only = invocation.values("only");
  if (!only.empty()) {
    const auto is_named = [&](std::string_view name) {
      return std::find(only.begin(), only.end(), name) != only.end();
    };
    options.tasmota = is_named("tasmota");
    options.zigbee2mqtt = is_named("zigbee2mqtt");
    options.home_assistant = is_named("homeassistant");
  }
  options.announce = invocation.has("announce");
  for (const auto& [flag, to] : {std::pair("zigbee2mqtt", &options.zigbee2mqtt_base),
                                 std::pair("homeassistant", &options.home_assistant_prefix)}) {
    const auto given = invocation.value(flag);
    if (!given) continue;
    *to = given->ends_with('/') ? given->substr(0, given->size() - 1) : *given;
    if (!is_topic(*to))
      return Error(ErrorCode::invalid_argument,
                   "--" + std::string(flag) + " \"" + base::printable(*given) + "\" is no topic",
                   {}, "it has no + and no #");
  }
  if (const auto path = invocation.value("map")) {
    DTS_ASSIGN(const std::string text, read_text(*path));
    DTS_ASSIGN(options.mapping, Mapping::parse(text, base::printable(*path)));
    for (const MapFrom& from : options.mapping.from)
      note_unknown_units(invocation.out(), from.type);
  }
  const bool nothing = !options.tasmota && !options.zigbee2mqtt && !options.home_assistant &&
                       !options.announce && !invocation.has("map");
  if (nothing)
    return Error(ErrorCode::invalid_argument, "nothing is to be bridged", {},
                 "--only none leaves no devices", "--only none --map FILE");
  return options;
}

int run(Invocation& invocation) {
  auto options = parse_options(invocation);
  if (!options) return fail(invocation, options.error());
  auto session = Session::open(invocation);
  if (!session) return fail(invocation, session.error());
  auto bridge = MqttBridge::open(**session, std::move(*options));
  if (!bridge) return fail(invocation, bridge.error());
  const Session::End end = (*bridge)->run();
  (*bridge)->finish();
  return Session::exit_code(end, exit_ok);
}

}  // namespace

constinit const Command mqtt_bridge_command{
    .name = "mqtt",
    .aliases = "",
    .group = Group::connect,
    .arguments = "URL",
    .summary = "devices behind an MQTT broker: Tasmota, Zigbee2MQTT, Home Assistant, any topic",
    .about =
        "What the devices say is published as types (tasmota.*, zigbee2mqtt.*, homeassistant.*), "
        "with units,\nand each device is a source; what is published as tasmota.Command, "
        "zigbee2mqtt.MODEL.Set or\nhomeassistant.Set is sent to them. A user and a password stand "
        "in the URL or in DTS_MQTT_USER and\nDTS_MQTT_PASSWORD. Several bridges of one domain may "
        "be at a "
        "broker: one works, the others stand by.\nRuns until Ctrl-C or SIGTERM.",
    .flags = kFlags,
    .examples = kExamples,
    .run = run,
    .arguments_min = 1,
    .arguments_max = 1};

}  // namespace dts::cli
