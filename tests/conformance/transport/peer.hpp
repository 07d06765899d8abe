// Peer: a transport and what it has received, for tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <dts/transport.hpp>

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
  bool hears(std::size_t count);
  // Receives all that is there now; how much is in `heard` afterwards.
  std::size_t drain();
  bool readable(int timeout_ms) const;
  LinkIndex link(const std::string& name) const;  // 0: none of this name
  bool has_notice(ErrorCode code);
};

// Fails the test when it cannot be opened.
Peer open_peer(const TransportOptions& options);
// A URL that opens the transport of this scheme with nothing set up.
std::string plain_url(std::string_view scheme);

}  // namespace dts::test
