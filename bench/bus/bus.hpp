// One measuring program for several systems: the same command line, payload, process layout and
// clock. A system fills in four functions; bus.cpp does the rest and prints one line of JSON.
//
//   <program> pub|sub|ping|pong --bytes N --seconds S --rate R --sync FILE [--url URL]
//
// Every byte is written by the publisher and checked by the subscriber:
//
//   +-----+------+---------+---------------------+-----+
//   | seq | time | fill(0) | fill(1) ...         | seq |     64-bit words; fill(i) = seq * K + i
//   +-----+------+---------+---------------------+-----+
//
// Start and stop go through a small mapped file, never through the system under test: the
// publisher sends messages numbered 0 until the subscriber has seen one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace bus {

struct Options {
  std::string role, url, sync;
  std::size_t bytes = 64;
  double seconds = 1;
  double rate = 0;  // messages per second; 0: as fast as it goes
};

using Receive = std::function<void(const void* data, std::size_t bytes)>;

class System {
 public:
  virtual ~System() = default;
  virtual const char* name() const = 0;
  // Publishes on `out`, receives from `in` (either may be empty) on a thread of the system's own
  // or in spin().
  virtual void open(const Options& options, const std::string& out, const std::string& in,
                    Receive receive) = 0;
  // Waits if the system asks for it, never drops by itself.
  virtual void publish(const void* data, std::size_t bytes) = 0;
  // Called over and over by roles that receive; waits a little if there is nothing.
  virtual void spin() = 0;
};

int run(int argc, char** argv, System& system);

}  // namespace bus
