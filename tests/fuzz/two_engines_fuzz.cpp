// Two engines against each other, the input deciding what they do and what the network does to
// them: loss, reordering, time, publishing, joining, leaving. The oracle: a subscriber's messages
// are in order, each as it was published, and none is both delivered and named.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>

#include <proto/engine_harness.hpp>

using namespace dts;
using namespace dts::proto;
using dts::proto::testing::Network;
using namespace std::chrono_literals;

namespace {
void require(bool condition) {
  if (!condition) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Network net;
  auto& a = net.add();
  auto& b = net.add();
  const auto stream =
      a.engine.open_stream(net.now, testing::record_of("t.A", Delivery::event, 4), {}, a.out);
  require(stream.ok());
  b.engine.add_interest(net.now, testing::interest_in("t.A"), b.out);
  net.start(a);
  net.start(b);
  std::uint32_t lose = 0;
  net.drop = [&](const Network::Flight&) { return lose && lose-- % 2; };
  std::map<Sequence, std::string> published;
  Sequence next = 1;
  for (std::size_t i = 0; i + 1 < size && i < 400; i += 2) {
    const unsigned argument = data[i + 1];
    switch (data[i] % 6) {
      case 0:
        net.run(std::chrono::microseconds(argument * 50));
        break;
      case 1:
        net.run(std::chrono::milliseconds(argument * 4));
        break;
      case 2:
        lose = argument;
        break;
      case 3:
        net.delay = std::chrono::microseconds(20 + argument * 10);
        break;
      case 4:
      case 5: {
        std::string text(data[i] % 6 == 4 ? argument : argument * 97, 'a');
        text += std::to_string(next);
        if (net.publish(a, *stream, text, argument & 1) != ErrorCode::ok) break;
        published[next++] = std::move(text);
        break;
      }
    }
  }
  lose = 0;
  a.engine.flush(net.now, a.out);
  net.collect(a);
  net.run(3s);
  Sequence last = 0;
  std::set<std::string> texts;
  for (const auto& [n, text] : published) texts.insert(text);
  for (const auto& m : b.messages) {
    require(m.first > last && m.last >= m.first);
    last = m.last;
    require(texts.erase(m.bytes) == 1);
    for (const Notice& n : b.notices)
      require(n.kind != Notice::Kind::gap || n.to < m.first || n.from > m.last);
  }
  require(a.engine.memory_bytes() < (8u << 20) && b.engine.memory_bytes() < (8u << 20));
  return 0;
}
