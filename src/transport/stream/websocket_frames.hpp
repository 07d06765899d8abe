// WebSocket's framing (RFC 6455, 5.2), taken off in place. Of messages only the bytes matter here:
// DTS frames have their own ends.
//
//   0        1        2 ...            then 4 bytes of mask, from a client
//   +--------+--------+----------------+------+---------+
//   |F000 op |M  len  | len 126: 16 bit| mask | payload |
//   +--------+--------+ len 127: 64 bit+------+---------+   lengths big-endian
//
// It knows no sockets. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include <dts/bytes.hpp>
#include <dts/result.hpp>

namespace dts::transport {

class WebSocketReader {
 public:
  // A client's frames are masked, a server's are not; anything else is an error.
  explicit WebSocketReader(bool masked) : masked_(masked) {}
  // Moves the data of messages to the front of `bytes`; how many bytes that is. What the other side
  // is owed in answer (a pong, a close) is put behind `answers`: opcode, length, bytes.
  struct Answer {
    std::uint8_t opcode = 0;
    Bytes bytes;
  };
  Result<std::size_t> take(std::span<std::uint8_t> bytes, std::vector<Answer>& answers);
  bool closed() const noexcept { return closed_; }  // nothing more comes

 private:
  Result<void> begin_frame();
  const bool masked_;
  bool closed_ = false, in_message_ = false;
  std::array<std::uint8_t, 14> head_{};
  std::size_t head_size_ = 0, head_wanted_ = 2;
  std::uint64_t left_ = 0, at_ = 0;  // of the payload
  std::array<std::uint8_t, 4> mask_{};
  Bytes control_;
};

enum class WebSocketOpcode : std::uint8_t {
  more = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

// A whole frame behind `out`; masked with `mask` if there is one.
void put_websocket_frame(Bytes& out, std::uint8_t opcode, std::span<const ByteView> parts,
                         const std::array<std::uint8_t, 4>* mask);

}  // namespace dts::transport
