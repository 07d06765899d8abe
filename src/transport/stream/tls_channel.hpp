// A channel through TLS: what is written is encrypted into memory first, at most a portion at a
// time, so that the socket takes it as it likes; what is read comes from the socket.
#pragma once

#include <openssl/types.h>

#include <string>

#include "transport/stream/channel.hpp"

namespace dts::transport {

// Takes `ssl`, which knows which side it is and whom to trust. `server`: whom we connect to, for
// people; empty at the one who listens.
std::unique_ptr<Channel> tls_channel(Descriptor socket, SSL* ssl, std::string server);

}  // namespace dts::transport
