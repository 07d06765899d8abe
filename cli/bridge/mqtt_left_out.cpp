// In place of the connection to a broker where DTS was built without libmosquitto (decision 0021).
#include <transport/left_out.hpp>
#include <transport/mqtt/connection.hpp>

namespace dts::transport {

class MqttConnection::Client {};

MqttConnection::~MqttConnection() = default;
void MqttConnection::connect() {}
void MqttConnection::listen(const std::string&, std::uint64_t, Listening) {}
void MqttConnection::ignore(const std::string&, std::uint64_t) {}
bool MqttConnection::publish(const std::string&, ByteView, bool) { return false; }

Result<std::unique_ptr<MqttConnection>> MqttConnection::open(MqttOptions, MqttEvents&) {
  return left_out("mqtt", "libmosquitto-dev");
}

Result<MqttOptions> mqtt_options(Url&) { return left_out("mqtt", "libmosquitto-dev"); }

}  // namespace dts::transport
