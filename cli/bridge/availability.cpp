#include <cli/bridge/availability.hpp>

#include <cli/bridge/foreign_type.hpp>

namespace dts::cli {

void take_presence(MqttDesk& desk, const std::string& world, const MqttOrigin& device,
                   const MqttPost& post, std::optional<bool> online) {
  if (!online)
    return desk.tell(MqttCount::not_understood, post.topic,
                     Error(ErrorCode::decode, "this does not say whether the device is there", {},
                           "it begins " + first_bytes(post.payload)));
  const auto type = ForeignType::make(
      world + ".Availability", {{.name = "online", .kind = Kind::boolean, .required = true}});
  if (!type) return desk.tell(MqttCount::not_understood, post.topic, type.error());
  auto value = Value::of(type->type());
  if (!value || !value->set("online", *online)) return;
  if (!*online) desk.end(device.device);
  MqttOrigin origin = device;
  origin.device += " availability";  // it stays when the others go
  origin.part.clear();
  desk.publish(origin, *value);
}

}  // namespace dts::cli
