// A ring in memory that some other process has written: whatever it holds, the reader reads inside
// it only, hands out no packet that is too large, and comes to an end.
//
//   input   written and reserved: 2 bytes each, in records of 32 bytes; the state's marks and
//   numbers
//           by 4 bytes; then what lies in the ring
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <transport/shm/ring.hpp>

using namespace dts;
using namespace dts::transport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t head = 8;
  if (size < head) return 0;
  std::uint16_t written = 0, reserved = 0;
  std::uint32_t numbers = 0;
  std::memcpy(&written, data, 2);
  std::memcpy(&reserved, data + 2, 2);
  std::memcpy(&numbers, data + 4, 4);
  const ByteView bytes(data + head, size - head);
  // Of exactly its size: what is read beyond it is found.
  constexpr std::uint64_t ring_bytes = 1u << 14;
  const std::unique_ptr<std::uint8_t[]> ring(new std::uint8_t[ring_bytes]());
  std::memcpy(ring.get(), bytes.data(), std::min<std::size_t>(bytes.size(), ring_bytes));

  const auto state = std::make_unique<RingState>();
  for (auto& mark : state->marks) mark = (numbers = numbers * 1664525 + 1013904223) % 0x4000 * 32u;
  const Ears ears{.self = 3, .groups = {3, 0, 0, 0}};
  RingReader reader(*state, ring.get(), ring_bytes);
  reader.start(ears, false);
  ReceiveBatch batch;
  batch.memory_bytes = 80'000;
  batch.memory.reset(new std::uint8_t[batch.memory_bytes]);
  for (unsigned step = 0; step < 3; ++step) {
    state->sent[step] = numbers % 7;
    state->reserved = std::uint64_t{reserved} * kRecordUnit + step * ring_bytes;
    state->written = std::uint64_t{written} * (kRecordUnit / (step == 2 ? 4 : 1)) + step * 4096;
    // As long as its batch is full it goes on.
    for (unsigned calls = 0;; ++calls) {
      if (calls > ring_bytes) std::abort();
      batch.packets.clear();
      std::size_t used = 0;
      const bool sound = reader.read(ears, {}, batch, used);
      for (const ReceivedPacket& packet : batch.packets) {
        if (packet.bytes.size() > kShmPacketBytesMax) std::abort();
        if (packet.bytes.data() < batch.memory.get() ||
            packet.bytes.data() + packet.bytes.size() > batch.memory.get() + batch.memory_bytes)
          std::abort();
      }
      if (!sound) return 0;
      if (!reader.more()) break;
    }
  }
  return 0;
}
