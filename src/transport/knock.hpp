// Knock: is what we look for there? Connects, and reads how the other side begins, so that people
// are told what is wrong where a library would only say that it did not work. Blocks; any thread.
#pragma once

#include <string>

#include "transport/endpoint.hpp"

namespace dts::transport {

struct Knock {
  std::string what;      // "ZeroMQ"
  std::string greeting;  // what both sides begin with, ours
  std::size_t same = 1;  // how many bytes of it the other side's has to begin with
  std::string cure{};    // "connect to zmq+tcp-listen:// there"
  int stop = -1;         // gives up once this is readable
};

// Who has answered. The connection can be gone on with: the greeting has been said, and what the
// other side says is still to be read.
struct Answered {
  Descriptor socket;
  SocketAddress address{};
};

// The first of the addresses that answers. Fails with what is wrong at the last one.
Result<Answered> knock(const Endpoint& endpoint, const Knock& how);
// At a socket in the file system.
Result<Answered> knock(const std::string& path, const Knock& how);

}  // namespace dts::transport
