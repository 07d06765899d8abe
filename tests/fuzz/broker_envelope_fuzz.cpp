// Messages of a broker: what is one gives packets that lie inside it and make the same message
// again; all else is refused.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <transport/broker/envelope.hpp>

using namespace dts;
using namespace dts::transport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView all(data, size);
  const auto envelope = open_envelope(all);
  if (!envelope) return 0;
  Bytes again;
  begin_envelope(again, envelope->sender, envelope->to);
  ByteView rest = envelope->packets, packet;
  while (take_packet(rest, packet)) {
    if (packet.size() > kStreamPacketBytesMax) std::abort();
    if (packet.data() < data || packet.data() + packet.size() > data + size) std::abort();
    add_packet(again, packet);
  }
  if (again.size() != size || std::memcmp(again.data() + 8, data + 8, size - 8) != 0) std::abort();
  return 0;
}
