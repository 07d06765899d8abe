// What the Domain itself costs, without a network: a transport that swallows packets, and values a
// domain hands to itself.
//   dts_bench_domain           prints one line of JSON per measurement
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <dts/dts.hpp>
#include <memory>
#include <vector>

namespace {

struct Record {  // 100 bytes as a message
  std::int64_t at;
  double celsius, pressure, level;
  std::int32_t tank, state;
  std::array<std::uint8_t, 16> serial;
  std::string note;
  static constexpr auto dts = dts::type("bench.Record");
};

// Takes every packet and sends it nowhere.
class Swallow final : public dts::Transport {
 public:
  Swallow() : handle_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~Swallow() override { ::close(handle_); }
  std::string_view name() const override { return "swallow"; }
  dts::Capabilities capabilities() const override { return {.groups = true, .mtu_bytes = 1400}; }
  std::vector<dts::Link> links() const override {
    return {{.index = 1, .name = "swallow", .address = "", .mtu_bytes = 1400}};
  }
  bool links_changed() override { return false; }
  dts::Result<void> join(dts::Group) override { return {}; }
  dts::Result<void> leave(dts::Group) override { return {}; }
  dts::Result<void> send(std::span<const dts::OutgoingPacket> packets) override {
    counters_.packets_sent += packets.size();
    return {};
  }
  dts::Result<std::size_t> receive(dts::ReceiveBatch& batch) override {
    batch.packets.clear();
    return std::size_t{0};
  }
  int poll_handle() const override { return handle_; }
  std::string local_address() const override { return {}; }
  dts::Result<dts::Address> resolve(std::string_view) const override { return dts::Address{}; }
  std::string to_text(const dts::Address&) const override { return {}; }
  dts::TransportCounters counters() const override { return counters_; }
  std::vector<dts::TransportNotice> take_notices() override { return {}; }
  void close() override {}

 private:
  int handle_;
  dts::TransportCounters counters_;
};

dts::Result<std::unique_ptr<dts::Transport>> open_swallow(const dts::TransportOptions&) {
  return std::unique_ptr<dts::Transport>(std::make_unique<Swallow>());
}

std::int64_t clock_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000ll + t.tv_nsec;
}

template <class F>
void measure(const char* what, int count, F&& once) {
  std::vector<double> rounds;
  for (int round = 0; round < 7; ++round) {
    const std::int64_t begin = clock_ns();
    for (int i = 0; i < count; ++i) once();
    rounds.push_back(double(clock_ns() - begin) / count);
  }
  std::sort(rounds.begin(), rounds.end());
  std::printf("{\"bench\":\"%s\",\"ns_median\":%.0f,\"ns_best\":%.0f}\n", what, rounds[3],
              rounds[0]);
}

}  // namespace

int main() {
  const dts::TransportPlugin swallow[] = {{"swallow", open_swallow}};
  dts::DomainOptions options;
  options.name = "bench";
  options.transports = {"swallow://"};
  options.transport_table = swallow;
  dts::Domain domain(std::move(options));
  domain.start();
  Record record{1, 18.5, 1.01, 250, 3, 1, {}, "tank three is ready"};

  auto publisher = domain.publisher<Record>().value();
  measure("publish 100 bytes, handle, to packets", 200'000,
          [&] { publisher.publish(record).value(); });
  measure("publish 100 bytes, domain.publish", 200'000, [&] { domain.publish(record).value(); });
  dts::PublishOptions stream;
  stream.profile = dts::Profile::stream;
  auto streaming = domain.publisher<Record>(stream).value();
  measure("publish 100 bytes, profile stream", 200'000, [&] { streaming.publish(record).value(); });
}
