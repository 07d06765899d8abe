// Frames of a stream, in whatever pieces it arrives: the same frames come out, and never a byte
// more than went in.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <transport/stream/frame.hpp>

using namespace dts;
using namespace dts::transport;

namespace {

struct Taken {
  std::vector<Bytes> bodies;
  bool failed = false;
};

// `piece` bytes at a time.
Taken take_all(ByteView all, std::size_t piece) {
  Taken taken;
  Bytes kept;
  while (!all.empty()) {
    const std::size_t size = std::min(piece, all.size());
    kept.insert(kept.end(), all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size));
    all = all.subspan(size);
    ByteView rest = kept;
    while (true) {
      const auto frame = take_frame(rest);
      if (!frame) {
        taken.failed = true;
        return taken;
      }
      if (!*frame) break;
      if ((*frame)->body.size() > kStreamPacketBytesMax) std::abort();
      taken.bodies.emplace_back((*frame)->body.begin(), (*frame)->body.end());
    }
    kept = Bytes(rest.begin(), rest.end());
  }
  return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView all(data, size);
  const Taken whole = take_all(all, size + 1);
  for (const std::size_t piece : {1, 7, 64}) {
    const Taken cut = take_all(all, piece);
    if (cut.bodies != whole.bodies || cut.failed != whole.failed) std::abort();
  }
  return 0;
}
