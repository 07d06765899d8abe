// Sp: a connection that speaks SP, the protocols of nng and nanomsg. Each side begins with 8 bytes
// that say what it is; then come messages. Numbers are big-endian. Sources: the SP mappings for
// TCP and IPC of nanomsg (sp-tcp-mapping-01, sp-ipc-mapping-01).
//
//   0   1   2   3   4      6     8          By TCP:                   In the file system:
//   +---+---+---+---+------+-----+          +------+---------+        +---+------+---------+
//   | 0 | S | P | 0 | kind | 0 0 |   then   | size | message |  - -   | 1 | size | message |  - -
//   +---+---+---+---+------+-----+          +------+---------+        +---+------+---------+
//
// Nothing waits; what the socket does not take is queued, up to a bound, and a message goes into
// the queue whole or not at all. Threads: one reads, while one at a time (the owner's lock) does
// the rest.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include <dts/bytes.hpp>
#include <dts/result.hpp>

#include "transport/stream/channel.hpp"

namespace dts::transport::nng {

enum class SpKind : std::uint16_t { pub = 0x20, sub = 0x21, push = 0x50, pull = 0x51 };
enum class SpLine { tcp, ipc };

// Whoever sends a larger one is disconnected.
constexpr std::size_t kSpMessageBytesMax = (64u << 10) + 128;

std::array<char, 8> sp_greeting(SpKind kind);

// A message as it goes over the line; many connections may have it in their queues.
using SpMessage = std::shared_ptr<const Bytes>;
SpMessage sp_message(SpLine line, std::string_view topic, ByteView envelope);

// A message as it is on the line, and without what the line puts before it.
using SpTake = std::function<void(ByteView on_the_line, ByteView message)>;

// What the other side says, as bytes come in.
class SpReader {
 public:
  SpReader(SpLine line, SpKind other) : line_(line), other_(other) {}
  // Room for so many bytes; then added() says how many have come, and hands over the messages that
  // are whole now. Fails when the other side does not speak SP, is not `other`, or says too much.
  std::span<std::uint8_t> room(std::size_t bytes);
  Result<void> added(std::size_t bytes, const SpTake& take);
  // Has it greeted?
  bool met() const noexcept { return met_; }

 private:
  Result<bool> take_greeting();

  const SpLine line_;
  const SpKind other_;
  Bytes in_;  // not yet handed over: from start_ to end_
  std::size_t start_ = 0, end_ = 0;
  bool met_ = false;
};

class Sp {
 public:
  // What one end is, what the other has to be, and how many messages may wait to be sent.
  struct Terms {
    SpLine line = SpLine::tcp;
    SpKind self = SpKind::pub, other = SpKind::sub;
    std::size_t messages_max = 0;
  };
  // Of a connected socket. `greeted`: we have said what we are.
  Sp(Descriptor socket, const Terms& terms, bool greeted);

  int handle() const noexcept { return channel_->handle(); }
  bool met() const noexcept { return reader_.met(); }
  // Queues a message; false: there is no room.
  bool send(SpMessage message);
  // Sends what is queued, as far as it goes.
  void flush();
  bool waiting() const noexcept { return !queue_.empty() && !broken_; }
  // Reads a portion and hands over the messages that are whole now. Fails as SpReader does, and
  // when the other side closed or vanished.
  Result<void> read(const SpTake& take);

 private:
  const Terms terms_;
  std::unique_ptr<Channel> channel_;
  std::deque<SpMessage> queue_;
  std::size_t sent_ = 0;  // bytes of the first in the queue
  bool broken_ = false;   // writing failed: reading will say why
  SpReader reader_;
};

}  // namespace dts::transport::nng
