// One method for every system: the same command line, payload, process layout and clock. A system
// fills in the functions of System; method.cpp does the rest and prints one line of JSON per
// process.
//
//   <program> ROLE --sync FILE [--size BYTES] [--seconds S] [--rate PER_SECOND] [--count N]
//             [--from ADDRESS] [--to ADDRESS] [--linger S] [--tuned 1]
//   pub      publishes for S seconds as fast as it goes (or at a rate, or N messages)
//   sub      receives, checks every byte, counts what is lost, repeated or corrupt
//   ping     sends at a rate (1000) and times the answers of pong: round trip / 2
//   pong     answers ping
//   beat     publishes at a rate (1000) until `joins` is done
//   joins    starts N subscribers (20) one after the other: process start to first message
//   idle     a publisher and a subscriber that have nothing to say, for S seconds
//   idle2    the same on the other host
//
// `--from` is the address of this end, `--to` that of the other (only ZeroMQ asks for them).
// `--linger`: the publisher ends when nothing has arrived for so long (0.4), though not all has.
// `--tuned`: with the settings a user would find who cares about losses more than the defaults do.
//
// Every byte is written by the publisher and checked by the subscriber, in 64-bit words:
//
//   +-----+------+---------+---------+-----+-----+
//   | seq | time | fill(2) | fill(3) | ... | seq |     fill(i) = seq * K + i
//   +-----+------+---------+---------+-----+-----+
//
// Start and stop go through a small mapped file, never through the system under test: the
// publisher sends messages numbered 0, of 64 bytes, until the subscriber has seen one. So no figure
// depends on a guessed time to settle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace bus {

struct Options {
  std::string role, sync, from, to;
  std::size_t size = 64;  // of a message's payload, in bytes; a multiple of 8
  double seconds = 1;
  double rate = 0;          // messages per second; 0: as fast as it goes
  std::uint64_t count = 0;  // messages; 0: as many as the seconds hold
  double linger = 0.4;
  bool tuned = false;
};

using Receive = std::function<void(const void* data, std::size_t size)>;

class System {
 public:
  virtual ~System() = default;
  virtual const char* name() const = 0;
  // Publishes on `out`, receives from `in` (either may be empty): "data", "there" or "back".
  virtual void open(const Options& options, const std::string& out, const std::string& in,
                    Receive receive) = 0;
  // Memory for the next message, in which it is built; then publish() sends it. Waits when the
  // system asks for it and drops nothing by itself. 64 <= size <= options.size.
  virtual std::uint64_t* claim(std::size_t size) = 0;
  virtual void publish() = 0;
  // What the system holds back to send it together leaves now.
  virtual void flush() {}
  // True: `receive` is called on a thread of the system's own. False: in spin(), which is called
  // over and over and waits that long when there is nothing.
  virtual bool threaded() const { return true; }
  virtual void spin(int /*timeout_ms*/) {}
  // `receive` is not called any more.
  virtual void close() {}
  // How many of the `lost` messages nobody was told of; `tail` of them came last.
  virtual std::uint64_t unnamed(std::uint64_t lost, std::uint64_t /*tail*/) const { return lost; }
  // What the system itself says about losses, as members of a JSON object: ,"name":1
  virtual std::string more() const { return {}; }
};

int run(int argc, char** argv, System& system);

}  // namespace bus
