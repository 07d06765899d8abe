// LCM over UDP multicast as a system under measurement.
#include <lcm/lcm.h>

#include <cstdio>
#include <cstdlib>

#include "bus.hpp"

namespace {

class Lcm final : public bus::System {
 public:
  const char* name() const override { return "lcm"; }

  void open(const bus::Options&, const std::string& out, const std::string& in,
            bus::Receive receive) override {
    lcm_ = lcm_create("udpm://239.255.76.67:7667?ttl=1&recv_buf_size=4194304");
    if (lcm_ == nullptr) {
      std::fprintf(stderr, "lcm: cannot open\n");
      std::exit(1);
    }
    out_ = out;
    receive_ = std::move(receive);
    if (!in.empty())
      lcm_subscription_set_queue_capacity(lcm_subscribe(lcm_, in.c_str(), &Lcm::handle, this), 0);
  }

  void publish(const void* data, std::size_t bytes) override {
    lcm_publish(lcm_, out_.c_str(), data, static_cast<unsigned>(bytes));
  }

  void spin() override { lcm_handle_timeout(lcm_, 1); }

 private:
  static void handle(const lcm_recv_buf_t* buffer, const char*, void* user) {
    static_cast<Lcm*>(user)->receive_(buffer->data, buffer->data_size);
  }

  lcm_t* lcm_ = nullptr;
  std::string out_;
  bus::Receive receive_;
};

}  // namespace

int main(int argc, char** argv) {
  Lcm system;
  return bus::run(argc, argv, system);
}
