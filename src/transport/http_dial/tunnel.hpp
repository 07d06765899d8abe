// Tunnel: a stream carried by requests of HTTP to a node that listens by HTTP. It has one end of a
// pair of sockets, and a thread that calls run(): what it reads there is posted, one request at a
// time; another request waits at the server for bytes to write there. A request that fails on its
// way is repeated for 10 s. What is posted and answered is bounded by what a body holds.
#pragma once

#include <atomic>
#include <mutex>

#include "transport/descriptor.hpp"
#include "transport/http/sequence.hpp"
#include "transport/http_dial/calls.hpp"

namespace dts::transport {

class Tunnel {
 public:
  using Clock = std::chrono::steady_clock;

  Tunnel(const Layers& layers, Descriptor stream) : calls_(layers), stream_(std::move(stream)) {}
  Result<void> open() { return calls_.open(); }

  // Until the stream is over, on either side; then its end is closed.
  void run();
  // Ends run() soon: what is written is sent, and the other side told, if it takes no time.
  void leave();
  // Why it is over; nothing: the other side closed it, or it is not.
  std::optional<Error> failure() const;

 private:
  // A request that is made again and again.
  struct Lane {
    bool busy = false;
    Clock::time_point again{};             // not before
    std::optional<Clock::time_point> bad;  // since then it has failed
  };

  void open_session();
  void fetch();
  void post();
  bool failed(Lane& lane, const HttpReply& reply);
  void fail(Error why);
  void read_stream();
  void write_stream();
  void part();
  std::chrono::milliseconds pause(Clock::time_point now) const;

  HttpCalls calls_;
  Descriptor stream_;
  std::string session_;  // "/0123...", once there is one
  Lane down_, up_;
  std::uint64_t received_ = 0, posted_ = 0;  // bytes of the stream
  Bytes arrived_;                            // not written to stream_ yet
  std::size_t written_ = 0;                  // of it
  Bytes body_, next_;                        // under way, and what comes behind it
  bool at_end_ = false;                      // nothing more is to be posted
  bool over_ = false;
  std::atomic<bool> leaving_{false};

  mutable std::mutex mutex_;
  std::optional<Error> failure_;
};

// A channel over a tunnel and its thread, which ends with it.
Result<std::unique_ptr<Channel>> tunnel_channel(const Layers& layers);

}  // namespace dts::transport
