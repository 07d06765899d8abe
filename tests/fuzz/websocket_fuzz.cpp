// Frames of WebSocket: what comes out is the same however the bytes are cut, and never more than
// they are. The first byte says which side reads, and how they are cut.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <transport/stream/websocket.hpp>
#include <transport/stream/websocket_frames.hpp>

using namespace dts;
using transport::WebSocketReader;

namespace {

struct Outcome {
  Bytes data;
  std::size_t answers = 0;
  bool failed = false, closed = false;
  bool operator==(const Outcome&) const = default;
};

Outcome read_in_pieces(Bytes bytes, bool masked, std::size_t piece) {
  WebSocketReader reader(masked);
  Outcome outcome;
  std::vector<WebSocketReader::Answer> answers;
  for (std::size_t at = 0; at < bytes.size() && !outcome.failed; at += piece) {
    const std::size_t size = std::min(piece, bytes.size() - at);
    const auto got = reader.take({bytes.data() + at, size}, answers);
    outcome.failed = !got;
    if (!got) break;
    if (*got > size) std::abort();
    outcome.data.insert(outcome.data.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at),
                        bytes.begin() + static_cast<std::ptrdiff_t>(at + *got));
  }
  for (const auto& answer : answers)
    if (answer.bytes.size() > 125) std::abort();
  outcome.answers = answers.size();
  outcome.closed = reader.closed();
  if (outcome.failed) outcome.data.clear();  // what came with the error is thrown away
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes bytes(data + 1, data + size);
  const bool masked = data[0] & 1;
  if (read_in_pieces(bytes, masked, bytes.size() + 1) !=
      read_in_pieces(bytes, masked, 1u + (data[0] >> 1)))
    std::abort();
  bool accepted = false;
  const std::string answer =
      transport::websocket_answer({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                                  {.origins = {"https://a"}}, accepted);
  if (accepted != answer.starts_with("HTTP/1.1 101 ")) std::abort();
  return 0;
}
