// Bare libmosquitto over a broker as a system under measurement: MQTT 5, QoS 0, the library's own
// thread, which reads and writes. A publisher has at most 1 MiB in the library and waits for room
// there; what the broker drops it does not hear of.
#include <mosquitto.h>
#include <mqtt_protocol.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>

#include "method.hpp"

namespace {

class Mosquitto final : public bus::System {
 public:
  const char* name() const override { return "mosquitto"; }

  void open(const bus::Options& options, const std::string& out, const std::string& in,
            bus::Receive receive) override {
    receive_ = std::move(receive);
    topic_ = "bench/" + out;
    wanted_ = "bench/" + in;
    message_ = std::make_unique<std::uint64_t[]>(options.size / 8 + 8);
    mosquitto_lib_init();
    client_ = mosquitto_new(nullptr, true, this);
    mosquitto_int_option(client_, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_int_option(client_, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_connect_v5_callback_set(
        client_, [](mosquitto* client, void* self, int, int, const mosquitto_property*) {
          const auto& wanted = static_cast<Mosquitto*>(self)->wanted_;
          if (wanted != "bench/") mosquitto_subscribe(client, nullptr, wanted.c_str(), 0);
        });
    mosquitto_message_callback_set(
        client_, [](mosquitto*, void* self, const mosquitto_message* message) {
          static_cast<Mosquitto*>(self)->receive_(message->payload,
                                                  static_cast<std::size_t>(message->payloadlen));
        });
    mosquitto_publish_callback_set(
        client_, [](mosquitto*, void* self, int) { ++static_cast<Mosquitto*>(self)->left_; });
    most_ = std::max<std::uint64_t>(4, (1u << 20) / options.size);
    check(mosquitto_connect(client_, options.to.c_str(), 1883, 60));
    check(mosquitto_loop_start(client_));
  }
  std::uint64_t* claim(std::size_t size) override {
    size_ = size;
    return message_.get();
  }
  void publish() override {
    while (handed_ - left_ >= most_) std::this_thread::yield();
    if (mosquitto_publish(client_, nullptr, topic_.c_str(), int(size_), message_.get(), 0, false) ==
        MOSQ_ERR_SUCCESS)
      ++handed_;
  }

 private:
  static void check(int status) {
    if (status == MOSQ_ERR_SUCCESS) return;
    std::fprintf(stderr, "mosquitto: %s\n", mosquitto_strerror(status));
    std::exit(1);
  }

  mosquitto* client_ = nullptr;
  std::string topic_, wanted_;
  std::unique_ptr<std::uint64_t[]> message_;
  std::size_t size_ = 0;
  std::uint64_t most_ = 0, handed_ = 0;
  std::atomic<std::uint64_t> left_ = 0;
  bus::Receive receive_;
};

}  // namespace

int main(int argc, char** argv) {
  Mosquitto system;
  return bus::run(argc, argv, system);
}
