// Channel: bytes to and from the other side of a connected socket, as they are (plain_channel) or
// encrypted (tls.hpp). Nothing waits: what cannot be done now is done when the socket is ready.
// Threads: one reads, while one at a time (the owner's lock) does the rest.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <dts/result.hpp>

#include "transport/descriptor.hpp"

namespace dts::transport {

class Channel {  // interface: no fields
 public:
  virtual ~Channel() = default;
  virtual int handle() const noexcept = 0;
  // Takes what it can now off the front of the parts; how many bytes. Nothing: it is broken, and
  // reading will say why.
  virtual std::optional<std::size_t> write(std::span<const iovec> parts) = 0;
  // Reads what is there; 0: nothing now. Fails with `closed` at the end of the stream.
  virtual Result<std::size_t> read(std::span<std::uint8_t> to) = 0;
  // Would it take bytes if the socket had room? Not before both sides have agreed on a key: then
  // there is something to write after a read().
  virtual bool ready() const { return true; }
  // Has it taken bytes that the socket did not? An empty write() sends them on.
  virtual bool pending() const { return false; }
};

std::unique_ptr<Channel> plain_channel(Descriptor socket);
// As such sockets are here: no waiting for more to send; a dead other side is noticed within 10 s.
void tune_socket(int fd);
// For a socket on which nothing more is sent: reads and forgets what the other side still sends,
// which a system has to have read for it not to take back what was sent. True: that was all.
bool drained(int fd);
// The end of a connection by `error` (an errno).
Error connection_lost(int error);

}  // namespace dts::transport
