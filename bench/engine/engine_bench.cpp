// Nanoseconds per message in the engine: publish into open packets, and receive. One thread, no
// system call; the outbox is cleared as a domain does it, each time about 64 KiB are in it.
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include <proto/engine_harness.hpp>
#include <proto/history.hpp>

namespace {

using namespace dts;
using namespace dts::proto;
using dts::proto::testing::Network;

struct Bus {
  Network net;
  Network::Node& a = net.add();
  Network::Node& b = net.add();
  StreamId stream = 0;
  explicit Bus(Delivery delivery = Delivery::event) {
    stream = *a.engine.open_stream(net.now, testing::record_of("b.Value", delivery), {}, a.out);
    b.engine.add_interest(net.now, testing::interest_in("b.Value"), b.out);
    net.start(a);
    net.start(b);
    net.run(std::chrono::milliseconds(100));
  }
};

void publish(benchmark::State& state) {
  Bus bus;
  const std::vector<std::uint8_t> value(static_cast<std::size_t>(state.range(0)), 7);
  std::int64_t wall = bus.net.wall();
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        bus.a.engine.publish(bus.net.now, bus.stream, {value, wall += 300}, bus.a.out));
    if (bus.a.out.memory.size() > 65536) bus.a.out.clear();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(publish)->Arg(64)->Arg(100)->Arg(1024);

// What publish() pays for late joiners alone, and for repair besides.
void keep(benchmark::State& state, std::uint64_t repair_bytes) {
  HistoryBudget budget{64u << 20, 64u << 20};
  History history({1, 4u << 20, repair_bytes}, budget);
  const std::vector<std::uint8_t> value(static_cast<std::size_t>(state.range(0)), 7);
  Instant now{std::chrono::seconds(1)};
  Sequence next = 1;
  for (auto _ : state) {
    history.keep(now += Duration(500), next, next, 1, 0, value, nullptr);
    ++next;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(keep, last, 0)->Arg(64);
BENCHMARK_CAPTURE(keep, window, 4u << 20)->Arg(64)->Arg(1024);

void publish_large(benchmark::State& state) {
  Bus bus;
  const std::vector<std::uint8_t> value(static_cast<std::size_t>(state.range(0)), 7);
  const Path from{0, 1, Network::address_of(1), true};
  const Path back{0, 1, Network::address_of(2), false};
  for (auto _ : state) {
    benchmark::DoNotOptimize(bus.a.engine.publish(bus.net.now, bus.stream, {value, 1}, bus.a.out));
    while (!bus.a.out.packets.empty()) {
      for (const Packet& p : bus.a.out.packets)
        bus.b.engine.receive(bus.net.now, 0, from, bus.a.out.bytes_of(p), bus.b.out);
      bus.a.out.clear();
      for (const Packet& p : bus.b.out.packets)
        bus.a.engine.receive(bus.net.now, 0, back, bus.b.out.bytes_of(p), bus.a.out);
      bus.b.out.clear();
    }
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(publish_large)->Arg(1 << 14)->Arg(1 << 20)->Arg(64 << 20);

// The packets are made before the clock starts; each batch goes to a receiver that has not seen it.
void receive(benchmark::State& state) {
  Bus bus;
  const std::vector<std::uint8_t> value(static_cast<std::size_t>(state.range(0)), 7);
  const Path from{0, 1, Network::address_of(1), true};
  constexpr std::int64_t batch = 20'000;
  std::int64_t messages = 0;
  for (auto _ : state) {
    state.PauseTiming();
    for (std::int64_t i = 0; i < batch; ++i)
      benchmark::DoNotOptimize(
          bus.a.engine.publish(bus.net.now, bus.stream, {value, i * 300}, bus.a.out));
    bus.a.engine.flush(bus.net.now, bus.a.out);
    state.ResumeTiming();
    for (std::size_t i = 0; i < bus.a.out.packets.size(); ++i) {
      bus.b.engine.receive(bus.net.now, 0, from, bus.a.out.bytes_of(bus.a.out.packets[i]),
                           bus.b.out);
      if (i % 64 == 63) {
        messages += static_cast<std::int64_t>(bus.b.out.messages.size());
        bus.b.out.clear();
      }
    }
    messages += static_cast<std::int64_t>(bus.b.out.messages.size());
    bus.b.out.clear();
    bus.a.out.clear();
  }
  if (messages != state.iterations() * batch) state.SkipWithError("messages were lost");
  state.SetItemsProcessed(messages);
}
BENCHMARK(receive)->Arg(64)->Arg(100)->Arg(1024)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
