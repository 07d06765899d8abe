// Transport: what carries packets between nodes, as a plug-in. It knows nothing of types or of
// the protocol: it moves opaque packets to a group or to one address. Implement the interface in
// one folder and add one line to src/plugins.cmake. A Transport is used by one thread at a time
// (the Domain's lock), except poll_handle() and receive(), see there.
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

// One packet to send. `to` empty: to `group` on `link`. The bytes are valid during send() only.
struct OutgoingPacket {
  ByteView bytes;
  LinkIndex link = 0;
  Group group = 0;
  std::optional<Address> to;
};

// One received packet. The bytes are valid until the next receive() into the same slots.
struct ReceivedPacket {
  ByteView bytes;
  LinkIndex link = 0;
  Address from;
  bool multicast = false;  // it was sent to a group
};

// Memory for receive(): owned by the caller (one per receiving thread), filled by the transport.
struct ReceiveBatch {
  std::vector<std::uint8_t> memory;
  std::vector<ReceivedPacket> packets;
};

// Counters since open, all monotonic.
struct TransportCounters {
  std::uint64_t packets_sent = 0, bytes_sent = 0;
  std::uint64_t packets_received = 0, bytes_received = 0;
  std::uint64_t send_blocked = 0;      // the kernel's buffer was full: packet dropped here
  std::uint64_t send_refused = 0;      // EPERM: a firewall
  std::uint64_t send_failed = 0;       // any other error
  std::uint64_t receive_overflow = 0;  // dropped by the kernel: our buffer was full (SO_RXQ_OVFL)
  std::uint64_t receive_ignored = 0;   // not for us: wrong group, own echo
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
  // The links usable now; changes are followed (an interface comes or goes) and `links_changed`
  // is true once after each change. May be empty: then nothing can be sent, which is no error.
  virtual std::vector<Link> links() const = 0;
  virtual bool links_changed() = 0;
  virtual Result<void> join(Group group) = 0;  // on every link, present and future
  virtual Result<void> leave(Group group) = 0;
  // Never blocks. Packets that cannot be sent are counted, never retried. Consecutive packets to
  // the same place should be handed over together: they leave in one system call.
  virtual Result<void> send(std::span<const OutgoingPacket> packets) = 0;
  // Fills `batch` with what has arrived, never blocks; returns the number of packets. May be
  // called from several threads, each with its own batch, under the Domain's lock.
  virtual Result<std::size_t> receive(ReceiveBatch& batch) = 0;
  // Readable (in the sense of poll) when receive() would return something. Constant.
  virtual int poll_handle() const = 0;
  // The unicast addresses peers reach us at, for people ("192.168.1.20:41234").
  virtual std::string local_address() const = 0;
  // "host[:port]" to an address; resolves names, so it may block for a moment.
  virtual Result<Address> resolve(std::string_view peer) const = 0;
  virtual std::string to_text(const Address& address) const = 0;
  virtual TransportCounters counters() const = 0;
  virtual std::vector<TransportNotice> take_notices() = 0;
  virtual void close() = 0;
};

// What a transport is opened with. The URL's scheme chose the transport.
struct TransportOptions {
  std::string url;                      // "udp://", "udp://?port=25555", "loopback://"
  std::string domain = "default";       // decides the group addresses
  std::vector<std::string> interfaces;  // names; empty: every usable one and lo
  std::uint32_t receive_buffer_bytes = 8u << 20;
};

// A row of the transport table.
struct TransportPlugin {
  std::string_view scheme;
  Result<std::unique_ptr<Transport>> (*open)(const TransportOptions&);
};
using Transports = std::span<const TransportPlugin>;
Transports built_in_transports();

}  // namespace dts
