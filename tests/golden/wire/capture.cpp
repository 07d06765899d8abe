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

// What the wire loses is asked for, confirmed when it is much, and comes again.
template <class Send>
void lose_and_repair(Network& net, Send send) {
  int nth = 0;
  net.drop = [&](const Network::Flight& f) { return f.from == 0 && ++nth % 3 == 1; };
  send("lost", true);
  net.drop = [](const Network::Flight&) { return false; };
  send("found", true);
  net.run(10ms);
  net.drop = [&](const Network::Flight& f) { return f.from == 0; };
  send(std::string(250'000, 'M'), true);
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

}  // namespace

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
  b.engine.add_interest(net.now, testing::interest_matching("house.*"), b.out);
  net.start(b);
  net.run(100ms);
  for (int i = 0; i < 5; ++i) send("live " + std::to_string(i), false);
  send(std::string(300'000, 'L'), true);
  net.run(10ms);
  lose_and_repair(net, send);
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
  b.engine.stop(net.now, b.out);
  net.collect(b);
  net.run(1s);
}
