// LCM over UDP multicast as a system under measurement: ttl 1, 4 MiB of receive buffer, the
// subscription's queue without a bound (30 messages else).
#include <lcm/lcm.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "method.hpp"

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
  std::uint64_t* claim(std::size_t size) override {
    words_.resize(size / 8);
    return words_.data();
  }
  void publish() override {
    lcm_publish(lcm_, out_.c_str(), words_.data(), static_cast<unsigned>(words_.size() * 8));
  }
  bool threaded() const override { return false; }
  void spin(int timeout_ms) override { lcm_handle_timeout(lcm_, timeout_ms); }

 private:
  static void handle(const lcm_recv_buf_t* buffer, const char*, void* user) {
    static_cast<Lcm*>(user)->receive_(buffer->data, buffer->data_size);
  }

  lcm_t* lcm_ = nullptr;
  std::string out_;
  bus::Receive receive_;
  std::vector<std::uint64_t> words_;
};

}  // namespace

int main(int argc, char** argv) {
  Lcm system;
  return bus::run(argc, argv, system);
}
