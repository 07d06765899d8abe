// Forwarder: the place where members meet: what comes in at one door (PULL) goes out at another
// (PUB) to all who are there. It knows nothing of DTS.
//
// Threads: one of its own has the connections; the rest is called by one other.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "transport/acceptor.hpp"
#include "transport/meeting_place.hpp"
#include "transport/nng/sp.hpp"
#include "transport/poller.hpp"

namespace dts::transport::nng {

class Forwarder {
 public:
  static Result<std::unique_ptr<Forwarder>> open(const MeetingPlace& place);
  ~Forwarder();
  const std::string& text() const { return text_; }  // where it listens, as people write it
  SpLine line() const { return line_; }

  // Connected sockets for a member of the same process, to publish to and to hear from.
  struct Ends {
    Descriptor in, out;
  };
  Result<Ends> enter();
  // How many messages were not passed on to somebody who reads too slowly, since the last call.
  std::uint64_t take_dropped() { return dropped_.exchange(0); }

 private:
  struct Guest {
    Sp sp;
    bool publishes = false;
    bool watched_room = true;  // for the greeting
  };
  using Guests = std::map<std::uint64_t, Guest>;  // by tag

  Forwarder() = default;
  Result<void> listen_at(const MeetingPlace& place);
  void run();
  void take_arrivals();
  void accept(Acceptor& acceptor, bool publishes);
  void let_in(Descriptor socket, bool publishes);
  void make_room();
  void handle(const Poller::Event& event);
  bool read(Guest& guest);
  void pass_on(ByteView message);
  void send_out();
  void watch_room(std::uint64_t tag, Guest& guest);

  std::string text_;
  SpLine line_ = SpLine::tcp;
  Acceptor in_, out_;
  Poller poller_;
  Descriptor wake_;  // there are arrivals, or it is over
  std::atomic<bool> over_{false};
  std::atomic<std::uint64_t> dropped_{0};
  Guests guests_;  // of the thread
  std::uint64_t last_tag_ = 0;

  std::mutex mutex_;
  std::vector<Ends> arrivals_;
  std::thread thread_;
};

}  // namespace dts::transport::nng
