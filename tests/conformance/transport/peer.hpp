// Peer: a transport and what it has received, for tests.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <dts/transport.hpp>

#include "server.hpp"

namespace dts::test {

struct Heard {
  Bytes bytes;
  LinkIndex link = 0;
  Address from;
  bool multicast = false;
};

struct Peer {
  std::unique_ptr<Transport> transport;
  ReceiveBatch batch;
  std::vector<Heard> heard;

  // Sends one packet to a group on the link of this name ("" the first).
  void send(Group group, const Bytes& bytes, const std::string& link = {});
  void send_to(const Address& to, const Bytes& bytes);
  // Receives until `count` packets are in `heard`, at most 10 s. True when they are.
  // `sender`, if given, does meanwhile what its loop would: sends on what was queued.
  bool hears(std::size_t count, Peer* sender = nullptr);
  // Receives all that is there now; how much is in `heard` afterwards.
  std::size_t drain();
  bool readable(int timeout_ms) const;
  LinkIndex link(const std::string& name) const;  // 0: none of this name
  bool has_notice(ErrorCode code);
  // Joins or leaves, and waits until that is in effect.
  void join(Group group) {
    EXPECT_TRUE(transport->join(group));
    settle();
  }
  void leave(Group group) {
    EXPECT_TRUE(transport->leave(group));
    settle();
  }
  // Receives until the other side, if there is one, has done all that was asked; at most 10 s.
  void settle();
};

// Where peers meet whose transport needs a place for that: for tcp a node that listens, which does
// its work on a thread of its own; for shm a directory, in which nothing is left; a broker of its
// own where there has to be one. Empty for all others.
class Meeting {
 public:
  explicit Meeting(std::string_view scheme);
  ~Meeting();
  const std::string& url() const { return url_; }  // that peers open

 private:
  std::string url_, directory_;
  std::unique_ptr<Server> broker_;
  std::unique_ptr<Transport> place_;
  std::atomic<bool> over_{false};
  std::thread work_;
};

// Fails the test when it cannot be opened.
Peer open_peer(const TransportOptions& options);

}  // namespace dts::test
