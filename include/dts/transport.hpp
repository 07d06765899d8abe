// Transport: what carries packets between nodes, as a plug-in. It knows nothing of types or of
// the protocol: it moves opaque packets to a group or to one address. Implement the interface in
// one folder and add one line to src/plugins.cmake.
//
// Threads: one at a time (the Domain's lock), with one exception: receive() needs no lock. One
// thread at a time may be in receive() while another is in any other member but close(), so that a
// publisher never waits for a receiver.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dts/bytes.hpp>
#include <dts/path.hpp>
#include <dts/result.hpp>

namespace dts {

// One received packet. The bytes are valid until the next receive() into the same slots.
struct ReceivedPacket {
  ByteView bytes;
  LinkIndex link = 0;
  Address from;
  bool multicast = false;  // it was sent to a group
};

// Memory for receive(): owned by the caller (one per receiving thread), sized and filled by the
// transport. Both are kept from call to call: receiving allocates nothing.
struct ReceiveBatch {
  std::unique_ptr<std::uint8_t[]> memory;  // not initialised: pages never filled cost nothing
  std::size_t memory_bytes = 0;
  std::vector<ReceivedPacket> packets;  // exactly those of the last receive()
};

// Counters since open, all monotonic.
struct TransportCounters {
  std::uint64_t packets_sent = 0, bytes_sent = 0;
  std::uint64_t packets_received = 0, bytes_received = 0;
  std::uint64_t send_blocked = 0;      // the kernel's buffer was full: packet dropped here
  std::uint64_t send_refused = 0;      // EPERM: a firewall
  std::uint64_t send_too_large = 0;    // EMSGSIZE: larger than the way there takes unfragmented
  std::uint64_t send_failed = 0;       // any other error, and links that are gone
  std::uint64_t receive_overflow = 0;  // dropped before us: the receive buffer was full
  std::uint64_t receive_ignored = 0;   // our own echo, or a link not in use
  std::uint64_t receive_failed = 0;    // errors of receiving that lost nothing we know of
};

// Something people should be told once: an interface vanished, a buffer is small, ...
struct TransportNotice {
  ErrorCode code = ErrorCode::ok;
  std::string text;
};

class Transport {  // interface: no fields
 public:
  virtual ~Transport() = default;
  virtual std::string_view name() const = 0;  // "udp"
  virtual Capabilities capabilities() const = 0;
  // The links usable now. May be empty: then nothing can be sent, which is no error.
  virtual std::vector<Link> links() const = 0;
  // Follows what has changed since the last call (an interface came or went); true when links()
  // differ or a notice waits. Call it after each wake-up of poll_handle(); cheap when nothing
  // happened.
  virtual bool links_changed() = 0;
  virtual Result<void> join(Group group) = 0;  // on every link, present and future
  virtual Result<void> leave(Group group) = 0;
  // Is all that was asked of the other side (to be let in, to join, to leave) in effect there? True
  // for those that have no other side.
  virtual bool settled() const { return true; }
  // Never blocks. Packets that cannot be sent are counted, never retried. Consecutive packets to
  // the same place should be handed over together: they leave in one system call.
  virtual Result<void> send(std::span<const OutgoingPacket> packets) = 0;
  // Fills `batch` with what has arrived, never blocks; returns the number of packets. 0: nothing
  // more is there now. One call takes one bounded portion: call again while it returns packets.
  virtual Result<std::size_t> receive(ReceiveBatch& batch) = 0;
  // Readable (in the sense of poll) when receive() would return something or links_changed() has
  // something to follow; no longer once receive() has returned 0. The same handle until close().
  virtual int poll_handle() const = 0;
  // The unicast addresses peers reach us at, for people ("192.168.1.20:41234").
  virtual std::string local_address() const = 0;
  // "host[:port]" to an address; resolves names, so it may block for a moment.
  virtual Result<Address> resolve(std::string_view peer) const = 0;
  virtual std::string to_text(const Address& address) const = 0;
  // Costs a few system calls.
  virtual TransportCounters counters() const = 0;
  // How many bytes the receive buffer really holds: what a sender may have under way. 0: unknown.
  virtual std::uint32_t receive_buffer_bytes() const { return 0; }
  // What people should be told, each once.
  virtual std::vector<TransportNotice> take_notices() = 0;
  // Idempotent. Afterwards everything fails with `closed`; the counters stay.
  virtual void close() = 0;
};

// What a transport is opened with. The URL's scheme chose the transport.
struct TransportOptions {
  std::string url;                 // "udp://", "udp://?port=25555", "loopback://"
  std::string domain = "default";  // decides the group addresses
  // Names: "eth0" (only the named ones, and lo), "+docker0" (that one too), "-wlan0" (not that
  // one). Empty: every usable one, and lo.
  std::vector<std::string> interfaces{};
  std::uint32_t receive_buffer_bytes = 8u << 20;
};

// A row of the transport table.
struct TransportPlugin {
  std::string_view scheme;
  Result<std::unique_ptr<Transport>> (*open)(const TransportOptions&);
  // The package without which it was built: then it is not in this build, and open() says so.
  std::string_view needs{};
};
using Transports = std::span<const TransportPlugin>;
Transports built_in_transports();

}  // namespace dts
