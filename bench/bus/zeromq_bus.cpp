// ZeroMQ PUB/SUB over tcp (or ipc: zeromq_ipc_bus; or a forwarder that both connect to, topics of 8
// bytes before the messages: zeromq_forwarder_bus) as a system under measurement: XPUB with NODROP
// (waits for slow subscribers, loses nothing), 64 MiB of queue, one I/O thread, messages built in
// place.
#include <zmq.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "method.hpp"

namespace {

#ifdef ZEROMQ_BUS_FORWARDER
constexpr std::size_t kTopicBytes = 8;
#else
constexpr std::size_t kTopicBytes = 0;
#endif

class ZeroMq final : public bus::System {
 public:
  const char* name() const override { return "zeromq"; }

  // Publishers bind, subscribers connect; to a forwarder both connect.
  void open(const bus::Options& options, const std::string& out, const std::string& in,
            bus::Receive receive) override {
    const auto address = [](const std::string& host, const std::string& way) {
#if defined(ZEROMQ_BUS_FORWARDER)
      return "tcp://" + host + (way == "in" ? ":25557" : ":25558");
#elif defined(ZEROMQ_BUS_IPC)
      return "ipc://@dts-bench-" + host + "-" + (way == "back" ? "back" : "there");
#else
      return "tcp://" + host + (way == "back" ? ":7702" : ":7701");
#endif
    };
    const int queue = int(std::max<std::size_t>(4, (64u << 20) / options.size));
    context_ = zmq_ctx_new();
    receive_ = std::move(receive);
    if (!out.empty()) {
      out_ = zmq_socket(context_, ZMQ_XPUB);
      const int wait = 1;
      zmq_setsockopt(out_, ZMQ_XPUB_NODROP, &wait, sizeof wait);
      zmq_setsockopt(out_, ZMQ_SNDHWM, &queue, sizeof queue);
      if constexpr (kTopicBytes > 0) {
        topic_ = out;
        topic_.resize(kTopicBytes);
        check(zmq_connect(out_, address(options.to, "in").c_str()), "connect");
      } else {
        check(zmq_bind(out_, address(options.from, out).c_str()), "bind");
      }
    }
    if (!in.empty()) {
      in_ = zmq_socket(context_, ZMQ_SUB);
      zmq_setsockopt(in_, ZMQ_RCVHWM, &queue, sizeof queue);
      zmq_setsockopt(in_, ZMQ_SUBSCRIBE, in.data(), kTopicBytes > 0 ? in.size() : 0);
      check(zmq_connect(in_, address(options.to, in).c_str()), "connect");
    }
  }
  std::uint64_t* claim(std::size_t size) override {
    check(zmq_msg_init_size(&message_, kTopicBytes + size), "message");
    auto* bytes = static_cast<std::uint8_t*>(zmq_msg_data(&message_));
    std::memcpy(bytes, topic_.data(), topic_.size());
    return reinterpret_cast<std::uint64_t*>(bytes + kTopicBytes);
  }
  void publish() override { check(zmq_msg_send(&message_, out_, 0), "send"); }
  bool threaded() const override { return false; }
  void spin(int timeout_ms) override {
    if (in_ == nullptr) return;
    zmq_pollitem_t item{in_, 0, ZMQ_POLLIN, 0};
    if (zmq_poll(&item, 1, timeout_ms) <= 0) return;
    zmq_msg_t message;
    zmq_msg_init(&message);
    for (int i = 0; i < 1000 && zmq_msg_recv(&message, in_, ZMQ_DONTWAIT) >= 0; ++i)
      receive_(static_cast<const std::uint8_t*>(zmq_msg_data(&message)) + kTopicBytes,
               zmq_msg_size(&message) - kTopicBytes);
    zmq_msg_close(&message);
  }

 private:
  static void check(int result, const char* what) {
    if (result >= 0) return;
    std::fprintf(stderr, "zeromq: %s: %s\n", what, zmq_strerror(zmq_errno()));
    std::exit(1);
  }

  void* context_ = nullptr;
  void* out_ = nullptr;
  void* in_ = nullptr;
  std::string topic_;  // before each message, where there is a forwarder
  zmq_msg_t message_;
  bus::Receive receive_;
};

}  // namespace

int main(int argc, char** argv) {
  ZeroMq system;
  return bus::run(argc, argv, system);
}
