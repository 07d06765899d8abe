// Bare libnats over a server as a system under measurement: as it comes, but that its messages are
// written at once for the round trip (SendAsap), or gathered by the library for the throughput. A
// publisher waits while the socket takes no more.
#include <nats/nats.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "method.hpp"

namespace {

class Nats final : public bus::System {
 public:
  const char* name() const override { return "nats"; }

  void open(const bus::Options& options, const std::string& out, const std::string& in,
            bus::Receive receive) override {
    receive_ = std::move(receive);
    subject_ = "bench." + out;
    message_ = std::make_unique<std::uint64_t[]>(options.size / 8 + 8);
    natsOptions* settings = nullptr;
    check(natsOptions_Create(&settings));
    check(natsOptions_SetURL(settings, ("nats://" + options.to + ":4222").c_str()));
    const bool gathers = options.role == "pub" && options.rate == 0;
    check(natsOptions_SetSendAsap(settings, !gathers));
    check(natsConnection_Connect(&connection_, settings));
    if (!in.empty()) {
      natsSubscription* subscription = nullptr;
      check(natsConnection_Subscribe(
          &subscription, connection_, ("bench." + in).c_str(),
          [](natsConnection*, natsSubscription*, natsMsg* message, void* self) {
            static_cast<Nats*>(self)->receive_(
                natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message)));
            natsMsg_Destroy(message);
          },
          this));
      natsSubscription_SetPendingLimits(subscription, -1, 64 << 20);
    }
    check(natsConnection_Flush(connection_));
  }
  std::uint64_t* claim(std::size_t size) override {
    size_ = size;
    return message_.get();
  }
  void publish() override {
    check(natsConnection_Publish(connection_, subject_.c_str(), message_.get(), int(size_)));
  }

 private:
  static void check(natsStatus status) {
    if (status == NATS_OK) return;
    std::fprintf(stderr, "nats: %s\n", natsStatus_GetText(status));
    std::exit(1);
  }

  natsConnection* connection_ = nullptr;
  std::string subject_;
  std::unique_ptr<std::uint64_t[]> message_;
  std::size_t size_ = 0;
  bus::Receive receive_;
};

}  // namespace

int main(int argc, char** argv) {
  Nats system;
  return bus::run(argc, argv, system);
}
