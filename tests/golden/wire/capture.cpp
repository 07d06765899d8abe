// Plays a small scene between engines and writes every packet in hex, and what it should say as
// JSON: for check.py, which decodes the packets by decode.py alone.
#include <cstdio>
#include <string>

#include <base/hex.hpp>
#include <proto/engine_harness.hpp>

using namespace dts;
using namespace dts::proto;
using dts::proto::testing::Network;

using namespace std::chrono_literals;

namespace {

// What the wire loses is asked for, confirmed when it is more than the repair share takes at once,
// and comes again.
template <class Send>
void lose_and_repair(Network& net, Send send) {
  int nth = 0;
  net.drop = [&](const Network::Flight& f) { return f.from == 0 && ++nth % 3 == 1; };
  send("lost", true);
  net.drop = [](const Network::Flight&) { return false; };
  send("found", true);
  net.run(10ms);
  net.drop = [&](const Network::Flight& f) { return f.from == 0; };
  send(std::string(1'000'000, 'M'), true);
  net.run(1ms);
  net.drop = [](const Network::Flight&) { return false; };
  net.run(3s);
}

bool ask_and_answer(Network& net, Network::Node& a, Network::Node& b, StreamId stream) {
  Question question;
  question.family = testing::family_of("brewery.Temperature");
  question.name = "brewery.Temperature";
  question.limit = 2;
  question.filter = "celsius > 3";
  question.text = "how warm?";
  if (!b.engine.ask(net.now, question, b.out)) return false;
  net.collect(b);
  net.run(10ms);
  for (const Notice& notice : a.notices) {
    if (notice.kind != Notice::Kind::query) continue;
    Reply reply;
    reply.of = stream;
    for (const std::string_view text : {"answer one", "answer two"})
      reply.values.push_back(
          {7, std::make_shared<const Bytes>(as_bytes(text).begin(), as_bytes(text).end()),
           Compression::none});
    a.engine.answer(net.now, notice.node, notice.token, std::move(reply), a.out);
  }
  net.collect(a);
  net.run(100ms);
  return true;
}

// A side of a hub: it passes on a stream of a node that is not here, and wants for others.
bool pass_on(Network& net) {
  EngineOptions options = Network::options_of(3);
  options.hub = 0x1234;
  auto& hub = net.add(options);
  Interest want = testing::interest_in("brewery.Level");
  want.via = {0x99, 0x1234};
  hub.engine.add_interest(net.now, want, hub.out);
  StreamRecord record = testing::record_of("brewery.Pressure");
  record.relay = {NodeId{}, 5, "cellar", "gauge", {0x77, 0x1234}};
  record.relay.node.bytes[0] = 42;
  const auto stream = hub.engine.open_stream(net.now, record, {}, hub.out);
  if (!stream) return false;
  net.start(hub);
  hub.engine.show_relay(net.now, *stream, true, record.relay.via, hub.out);
  hub.engine.begin_relay(*stream, 1000);
  hub.engine.give_relay(net.now, *stream, hub.out);
  net.collect(hub);
  net.run(3s);
  return true;
}

}  // namespace

// What nobody takes is named by the fingerprints of what does not take it.
struct Nobody : Judge {
  std::uint32_t takers(std::uint64_t, std::span<const StreamSelection>) override { return 0; }
};
bool withhold(Network& net, Network::Node& publisher, Network::Node& asker, InterestId wanted) {
  const auto stream = publisher.engine.open_stream(net.now, testing::record_of("brewery.Level"),
                                                   Bytes{1}, publisher.out);
  if (!stream) return false;
  net.collect(publisher);
  net.run(100ms);
  Nobody nobody;
  MessageView message{as_bytes(std::string_view("dry")), net.wall()};
  message.judge = &nobody;
  for (int i = 0; i < 3; ++i)
    if (!publisher.engine.publish(net.now, *stream, message, publisher.out)) return false;
  net.collect(publisher);
  net.run(100ms);
  publisher.engine.close_stream(net.now, *stream, publisher.out);
  asker.engine.remove_interest(net.now, wanted, asker.out);
  net.collect(publisher);
  net.collect(asker);
  net.run(500ms);
  return true;
}

int main() {
  Network net;
  Bytes last;
  net.tap = [&](const Network::Flight& f) {
    if (f.bytes == last) return;
    last = f.bytes;
    std::printf("packet %s\n", base::to_hex(f.bytes).c_str());
  };
  auto& a = net.add();
  auto& b = net.add();
  StreamRecord record = testing::record_of("brewery.Temperature", Delivery::event, 3);
  record.labels = {{"tank", "3"}};
  record.source = "w1";
  Bytes document(3000, 9);
  const auto hash = base::sha256(document);
  std::copy_n(hash.begin(), 16, record.type.bytes.begin());
  const TypeId type = record.type;
  const auto stream = a.engine.open_stream(net.now, record, document, a.out);
  if (!stream) return 1;
  const auto send = [&](const std::string& text, bool flush) {
    if (net.publish(a, *stream, text, flush) != ErrorCode::ok) std::puts("failed");
    std::printf("message %s\n", base::to_hex(as_bytes(text)).c_str());
  };
  net.start(a);
  send("history one", false);
  send("history two", true);
  b.engine.add_interest(net.now, testing::interest_in("brewery.Temperature"), b.out);
  Interest selective = testing::interest_in("brewery.Level");
  selective.selections.push_back({{}, "litres > 3", 250'000'000, {{"litres", "0.5"}}});
  selective.selections.push_back({{}, "litres < 1", 0, {}});
  const InterestId level = b.engine.add_interest(net.now, selective, b.out);
  b.engine.add_interest(net.now, testing::interest_matching("house.*"), b.out);
  net.start(b);
  net.run(100ms);
  for (int i = 0; i < 5; ++i) send("live " + std::to_string(i), false);
  send(std::string(300'000, 'L'), true);
  net.run(10ms);
  lose_and_repair(net, send);
  if (!withhold(net, a, b, level)) return 1;
  b.engine.want_document(net.now, type, b.out);
  a.engine.probe(net.now, 0, 1, std::nullopt, true, 42, a.out);
  net.collect(a);
  net.run(3s);
  b.engine.refresh(net.now, b.out);
  net.collect(b);
  net.run(100ms);
  if (!ask_and_answer(net, a, b, *stream)) return 1;
  a.engine.close_stream(net.now, *stream, a.out);
  net.run(100ms);
  if (!pass_on(net)) return 1;
  b.engine.stop(net.now, b.out);
  net.collect(b);
  net.run(1s);
}
