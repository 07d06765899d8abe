// PacketWriter: one packet under construction, and the sealing of it: header, number, checksum,
// into an Outbox for one or more destinations. OpenPacket: the packet that small messages share.
// They know nothing of peers or streams beyond the numbers they write. One thread (the engine's).
#pragma once

#include <span>

#include <base/assert.hpp>
#include <base/canary.hpp>
#include <proto/engine.hpp>
#include <proto/wire.hpp>

namespace dts::proto {

// Where a copy of a packet goes: a group of a link, or one address.
struct Destination {
  TransportIndex transport = 0;
  LinkIndex link = 0;
  Group group = 0;
  std::optional<Address> to;
  friend auto operator<=>(const Destination&, const Destination&) = default;
};
using Destinations = std::vector<Destination>;

class PacketWriter {
 public:
  PacketWriter(std::uint32_t domain, NodeId node) : domain_(domain), node_(node) { limit(1400); }

  // The largest packet from now on. Only while empty. What was cut for a larger one still fits the
  // memory: whether the link takes it is the transport's to say.
  void limit(std::size_t bytes) {
    DTS_ASSERT(empty());
    limit_ = bytes;
    if (buffer_.size() < bytes) buffer_.resize(bytes);
    wire::write_header(buffer_.data(), {wire::kVersion, 0, domain_, node_, 0});
  }
  bool empty() const noexcept { return size_ == wire::kHeaderBytes; }
  std::size_t frames() const noexcept { return frames_; }
  // What still fits, the frame's header included.
  std::size_t room() const noexcept {
    return limit_ - (DTS_CANARY(8) ? 0 : wire::kTrailerBytes) - size_;
  }
  // The largest body of a frame alone in a packet.
  std::size_t body_max() const noexcept {
    return limit_ - wire::kPacketBytesMin - wire::kFrameHeaderBytes;
  }

  // Appends a frame and returns where its body of `length` bytes is to be written.
  std::uint8_t* add(wire::FrameType type, std::size_t length) noexcept {
    std::uint8_t* to = begin(type);
    grow(length);
    base::store(to - 2, static_cast<std::uint16_t>(length));
    return to;
  }
  void add(wire::FrameType type, ByteView body) noexcept {
    std::uint8_t* to = add(type, body.size());
    if (!body.empty()) std::memcpy(to, body.data(), body.size());
  }
  // For a frame that grows: begin() it, write at end(), grow(), and set its length when done.
  std::uint8_t* begin(wire::FrameType type) noexcept {
    std::uint8_t* to = end();
    to[0] = static_cast<std::uint8_t>(type);
    grow(wire::kFrameHeaderBytes);
    ++frames_;
    return to + wire::kFrameHeaderBytes;
  }
  std::uint8_t* end() noexcept { return buffer_.data() + size_; }
  void grow(std::size_t bytes) noexcept { size_ += bytes; }

  // For a frame whose body ends with bytes that lie elsewhere, and are handed to seal(): where its
  // first `length` bytes are to be written.
  std::uint8_t* add(wire::FrameType type, std::size_t length, std::size_t elsewhere) noexcept {
    std::uint8_t* const to = add(type, length);
    base::store(to - 2, static_cast<std::uint16_t>(length + elsewhere));
    return to;
  }

  // Seals the packet with this number, puts it into `out` once and for every destination, and
  // begins the next. Returns its length.
  std::size_t seal(std::uint64_t number, std::span<const Destination> destinations, Outbox& out,
                   ByteView body = {}, const std::shared_ptr<const Bytes>& owner = {},
                   bool checked = true);

 private:
  std::uint32_t domain_;
  NodeId node_;
  std::size_t limit_ = 0, size_ = wire::kHeaderBytes, frames_ = 0;
  Bytes buffer_;
};

// The packet that small messages share. It is open for one set of destinations and one history
// flag at a time; add() says false when the message does not belong in it: seal it first.
// A run of consecutive messages of one stream is one DATA frame: 2 to 4 bytes per message.
class OpenPacket {
 public:
  OpenPacket(std::uint32_t domain, NodeId node) : writer_(domain, node) {}
  void limit(std::size_t bytes) { writer_.limit(bytes); }
  bool empty() const noexcept { return writer_.empty(); }
  const Destinations& destinations() const noexcept { return destinations_; }
  // Messages up to this size travel in a DATA frame.
  std::size_t message_bytes_max() const noexcept {
    return writer_.body_max() - wire::kDataHeadBytes - 4;
  }

  // `set` names the destinations: equal numbers, equal sets; `destinations` is read when a packet
  // is begun.
  bool add(std::uint64_t set, const Destinations& destinations, StreamId stream, Sequence sequence,
           std::int64_t published_ns, bool historic, ByteView message);
  // The receivers are asked to report when they have what was added last.
  void ask_report() noexcept {
    if (run_) *run_ |= wire::kDataReport;
  }
  // A frame of another kind, between the messages.
  bool add_frame(std::uint64_t set, const Destinations& destinations, wire::FrameType type,
                 ByteView body);
  std::size_t seal(std::uint64_t number, Outbox& out);

 private:
  void end_run() noexcept;
  PacketWriter writer_;
  Destinations destinations_;
  std::uint64_t set_ = 0;
  // The DATA frame being written.
  std::uint8_t* run_ = nullptr;
  StreamId run_stream_ = 0;
  Sequence run_next_ = 0;
  std::int64_t run_published_ns_ = 0;
  bool run_historic_ = false;
};

}  // namespace dts::proto
