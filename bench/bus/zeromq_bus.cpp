// ZeroMQ PUB/SUB over tcp as a system under measurement: XPUB with NODROP (waits for slow
// subscribers, loses nothing), 64 MiB of queue, one I/O thread, messages built in place.
#include <zmq.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "method.hpp"

namespace {

class ZeroMq final : public bus::System {
 public:
  const char* name() const override { return "zeromq"; }

  // Publishers bind, subscribers connect.
  void open(const bus::Options& options, const std::string& out, const std::string& in,
            bus::Receive receive) override {
    const auto address = [](const std::string& host, const std::string& way) {
      return "tcp://" + host + (way == "back" ? ":7702" : ":7701");
    };
    const int queue = int(std::max<std::size_t>(4, (64u << 20) / options.size));
    context_ = zmq_ctx_new();
    receive_ = std::move(receive);
    if (!out.empty()) {
      out_ = zmq_socket(context_, ZMQ_XPUB);
      const int wait = 1;
      zmq_setsockopt(out_, ZMQ_XPUB_NODROP, &wait, sizeof wait);
      zmq_setsockopt(out_, ZMQ_SNDHWM, &queue, sizeof queue);
      check(zmq_bind(out_, address(options.from, out).c_str()), "bind");
    }
    if (!in.empty()) {
      in_ = zmq_socket(context_, ZMQ_SUB);
      zmq_setsockopt(in_, ZMQ_RCVHWM, &queue, sizeof queue);
      zmq_setsockopt(in_, ZMQ_SUBSCRIBE, "", 0);
      check(zmq_connect(in_, address(options.to, in).c_str()), "connect");
    }
  }
  std::uint64_t* claim(std::size_t size) override {
    check(zmq_msg_init_size(&message_, size), "message");
    return static_cast<std::uint64_t*>(zmq_msg_data(&message_));
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
      receive_(zmq_msg_data(&message), zmq_msg_size(&message));
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
  zmq_msg_t message_;
  bus::Receive receive_;
};

}  // namespace

int main(int argc, char** argv) {
  ZeroMq system;
  return bus::run(argc, argv, system);
}
