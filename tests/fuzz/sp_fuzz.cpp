// SP: what comes out is the same however the bytes are cut. The first byte says which line, and how
// they are cut.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <transport/nng/sp.hpp>

using namespace dts;
using namespace dts::transport::nng;

namespace {

std::vector<Bytes> read_in_pieces(ByteView said, SpLine line, std::size_t piece) {
  SpReader reader(line, SpKind::push);
  std::vector<Bytes> messages;
  for (std::size_t at = 0; at < said.size(); at += piece) {
    const ByteView part = said.subspan(at, std::min(piece, said.size() - at));
    std::copy(part.begin(), part.end(), reader.room(part.size()).begin());
    const auto added = reader.added(part.size(), [&](ByteView on_the_line, ByteView message) {
      if (message.size() > kSpMessageBytesMax || on_the_line.size() <= message.size()) std::abort();
      messages.emplace_back(message.begin(), message.end());
    });
    if (!added) break;
  }
  return messages;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const SpLine line = data[0] & 1 ? SpLine::ipc : SpLine::tcp;
  const auto greeting = sp_greeting(SpKind::push);
  Bytes said;
  if (data[0] & 2) said.assign(greeting.begin(), greeting.end());  // most would not get past it
  said.insert(said.end(), data + 1, data + size);
  if (read_in_pieces(said, line, said.size() + 1) !=
      read_in_pieces(said, line, 1u + (data[0] >> 2)))
    std::abort();
  return 0;
}
