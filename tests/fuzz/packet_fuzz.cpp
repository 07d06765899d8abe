// Packets off the network. The input is cut into packets; each is given the envelope that lets it
// reach the frames (and, by its first byte, sometimes not). Whatever comes: no crash, no growth.
#include <cstdint>
#include <cstdlib>

#include <base/crc32c.hpp>
#include <proto/engine_harness.hpp>

using namespace dts;
using namespace dts::proto;
using dts::proto::testing::Network;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Network net;
  auto& node = net.add();
  const auto stream = node.engine.open_stream(net.now, testing::record_of("t.A"), {}, node.out);
  if (!stream) std::abort();
  node.engine.add_interest(net.now, testing::interest_in("t.B"), node.out);
  node.engine.add_interest(net.now, testing::interest_matching("*"), node.out);
  net.start(node);
  ByteView rest(data, size);
  std::uint64_t number = 1;
  std::uint64_t in = 0;
  while (rest.size() >= 3) {
    const std::uint8_t how = rest[0];
    const std::size_t length =
        std::min<std::size_t>(base::load<std::uint16_t>(rest.data() + 1), rest.size() - 3);
    Bytes packet(wire::kHeaderBytes);
    NodeId from;
    from.bytes[0] = static_cast<std::uint8_t>(0x80 | (how & 3));
    wire::write_header(
        packet.data(),
        {wire::kVersion, 0,
         base::load<std::uint32_t>(
             base::sha256(as_bytes(std::string_view("dts-domain\0default", 18))).data()),
         from, number++});
    const ByteView body = rest.subspan(3, length);
    packet.insert(packet.end(), body.begin(), body.end());
    packet.resize(packet.size() + 4);
    const ByteView covered(packet.data(), packet.size() - 4);
    base::store(packet.data() + covered.size(), base::crc32c(covered));
    if (how >= 0xf8) packet.assign(body.begin(), body.end());
    in += packet.size();
    const Path path{0, 1, Network::address_of(static_cast<std::uint8_t>(100 + (how & 3))),
                    (how & 4) != 0};
    node.engine.receive(net.now, net.wall(), path, packet, node.out);
    net.collect(node);
    if (how & 8) net.run(std::chrono::milliseconds(how));
    rest = rest.subspan(3 + length);
  }
  net.run(std::chrono::seconds(3));
  if (node.engine.memory_bytes() > (1u << 20) + 64 * in + (1u << 20)) std::abort();
  return 0;
}
