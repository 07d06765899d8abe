// Entrance: where those come in who connect to a node that listens, each as a channel: through a
// socket (here), or by requests of HTTP (http/front.hpp). One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "transport/stream/channel.hpp"
#include "transport/stream/layers.hpp"

namespace dts::transport {

class Entrance {  // interface: no fields
 public:
  virtual ~Entrance() = default;
  virtual int handle() const noexcept = 0;  // readable when next() has something to do
  virtual std::string place() const = 0;    // "0.0.0.0:4000"
  // The next one who has come in, not blocking; nothing: nobody has.
  virtual std::unique_ptr<Channel> next() = 0;
  // Those who were not let in, and requests that were refused.
  virtual std::uint64_t turned_away() const = 0;
};

Result<std::unique_ptr<Entrance>> socket_entrance(const Layers& layers);

}  // namespace dts::transport
