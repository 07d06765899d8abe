// ZeroMQ PUB/SUB over tcp as a system under measurement. Publishers bind; --url is the address of
// the pub or ping side, a comma, and that of the other side: "10.9.0.1,10.9.0.2".
#include <zmq.h>

#include <cstdio>
#include <cstdlib>

#include "bus.hpp"

namespace {

class ZeroMq final : public bus::System {
 public:
  const char* name() const override { return "zeromq_tcp"; }

  void open(const bus::Options& options, const std::string& out, const std::string& in,
            bus::Receive receive) override {
    const std::size_t comma = options.url.find(',');
    const std::string first = options.url.substr(0, comma);
    const std::string second = comma == std::string::npos ? first : options.url.substr(comma + 1);
    const auto address = [&](const std::string& topic) {
      return topic == "back" ? "tcp://" + second + ":7702" : "tcp://" + first + ":7701";
    };
    context_ = zmq_ctx_new();
    receive_ = std::move(receive);
    const int unlimited = 0;
    if (!out.empty()) {
      out_ = zmq_socket(context_, ZMQ_PUB);
      const int drop = 1;  // 1: publish waits for slow subscribers instead of dropping
      zmq_setsockopt(out_, ZMQ_XPUB_NODROP, &drop, sizeof drop);
      check(zmq_bind(out_, address(out).c_str()), "bind");
    }
    if (!in.empty()) {
      in_ = zmq_socket(context_, ZMQ_SUB);
      zmq_setsockopt(in_, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
      zmq_setsockopt(in_, ZMQ_SUBSCRIBE, "", 0);
      check(zmq_connect(in_, address(in).c_str()), "connect");
    }
  }

  void publish(const void* data, std::size_t bytes) override {
    check(zmq_send(out_, data, bytes, 0), "send");
  }

  void spin() override {
    if (in_ == nullptr) return;
    zmq_pollitem_t item{in_, 0, ZMQ_POLLIN, 0};
    if (zmq_poll(&item, 1, 1) <= 0) return;
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
  bus::Receive receive_;
};

}  // namespace

int main(int argc, char** argv) {
  ZeroMq system;
  return bus::run(argc, argv, system);
}
