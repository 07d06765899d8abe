// Forwarder: the place where members meet: what comes in by one socket (XSUB) goes out by another
// (XPUB) to all who want it, as any proxy of ZeroMQ does it. It knows nothing of DTS.
//
// Threads: one of its own; made and let go of by one.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "transport/descriptor.hpp"
#include "transport/zmq/keys.hpp"
#include "transport/zmq/socket.hpp"

namespace dts::transport::zmq {

struct Ends {
  std::string in;   // "tcp://*:25557": to publish to
  std::string out;  // to hear from; where nothing is said, the port after that
};

class Forwarder {
 public:
  // Ends of the same process, in the same context.
  static constexpr const char* kIn = "inproc://in";
  static constexpr const char* kOut = "inproc://out";

  static Result<std::unique_ptr<Forwarder>> open(const Context& context, const Ends& ends,
                                                 const std::optional<ServerKeys>& keys);
  // Passes on what has come, and ends.
  ~Forwarder();
  // What it is bound to: where a port was *, which.
  const Ends& ends() const { return ends_; }

 private:
  Forwarder() = default;
  void run();
  void answer_doorkeeper();
  static bool pass(const Socket& from, const Socket& to);

  Context context_;
  Socket in_, out_, door_;
  Ends ends_;
  std::optional<ServerKeys> keys_;
  Descriptor stop_;
  std::thread thread_;
};

}  // namespace dts::transport::zmq
