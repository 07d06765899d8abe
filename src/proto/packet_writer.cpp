#include <proto/packet_writer.hpp>

#include <base/canary.hpp>
#include <base/crc32c.hpp>

namespace dts::proto {

std::size_t PacketWriter::seal(std::uint64_t number, std::span<const Destination> destinations,
                               Outbox& out, ByteView body,
                               const std::shared_ptr<const Bytes>& owner, bool checked) {
  base::store(buffer_.data() + 20, number);
  buffer_[3] = checked ? 0 : wire::kPacketUnchecked;
  base::store(end(), checked ? base::crc32c(body, base::crc32c({buffer_.data(), size_})) : 0u);
  const std::size_t length = size_ + wire::kTrailerBytes;
  const std::size_t offset = out.memory.size();
  out.memory.insert(out.memory.end(), buffer_.data(), buffer_.data() + length);
  for (const Destination& d : destinations) {
    Packet packet;
    packet.transport = d.transport;
    packet.link = d.link;
    packet.group = d.group;
    packet.to = d.to;
    packet.offset = static_cast<std::uint32_t>(offset);
    packet.length = static_cast<std::uint32_t>(length);
    packet.body = body;
    packet.owner = owner;
    out.packets.push_back(std::move(packet));
  }
  size_ = wire::kHeaderBytes;
  frames_ = 0;
  return length + body.size();
}

OutgoingPacket Outbox::outgoing(const Packet& p) const {
  const ByteView bytes = bytes_of(p);
  if (p.body.empty()) return {bytes, p.link, p.group, p.to};
  const std::size_t head = bytes.size() - wire::kTrailerBytes;
  return {bytes.first(head), p.link, p.group, p.to, p.body, bytes.subspan(head)};
}

bool OpenPacket::add_frame(std::uint64_t set, const Destinations& destinations,
                           wire::FrameType type, ByteView body) {
  constexpr std::size_t frames_max = 60;  // a receiver takes 64, DATA not counted
  if (writer_.empty()) {
    set_ = set;
    destinations_ = destinations;
  } else if (set != set_ || writer_.frames() >= frames_max) {
    return false;
  }
  if (body.size() + wire::kFrameHeaderBytes > writer_.room()) return false;
  end_run();
  writer_.add(type, body);
  return true;
}

bool OpenPacket::add(std::uint64_t set, const Destinations& destinations, StreamId stream,
                     Sequence sequence, std::int64_t published_ns, bool historic,
                     ByteView message) {
  if (writer_.empty()) {
    set_ = set;
    destinations_ = destinations;
  } else if (set != set_) {
    return false;
  }
  bool same_run = run_ && (run_stream_ == stream || DTS_CANARY(10)) && run_next_ == sequence &&
                  run_historic_ == historic;
  const std::uint64_t delta =
      same_run
          ? wire::zigzag(static_cast<std::int64_t>(static_cast<std::uint64_t>(published_ns) -
                                                   static_cast<std::uint64_t>(run_published_ns_)))
          : 0;
  std::size_t need =
      wire::varint_bytes(message.size()) + wire::varint_bytes(delta) + message.size();
  if (!same_run) need += wire::kFrameHeaderBytes + wire::kDataHeadBytes;
  if (need > writer_.room()) return false;
  if (!same_run) {
    end_run();
    run_ = writer_.begin(wire::FrameType::data);
    wire::write_data_head(
        run_, {historic ? wire::kDataHistoric : std::uint8_t{0}, stream, sequence, published_ns});
    writer_.grow(wire::kDataHeadBytes);
    run_stream_ = stream;
    run_historic_ = historic;
  }
  std::uint8_t* const start = writer_.end();
  std::uint8_t* to = wire::put_varint(start, message.size());
  to = wire::put_varint(to, delta);
  if (!message.empty()) std::memcpy(to, message.data(), message.size());
  writer_.grow(static_cast<std::size_t>(to - start) + message.size());
  run_next_ = sequence + 1;
  if (!DTS_CANARY(11)) run_published_ns_ = published_ns;
  return true;
}

void OpenPacket::end_run() noexcept {
  if (!run_) return;
  base::store(run_ - 2, static_cast<std::uint16_t>(writer_.end() - run_));
  run_ = nullptr;
}

std::size_t OpenPacket::seal(std::uint64_t number, Outbox& out) {
  end_run();
  return writer_.seal(number, destinations_, out);
}

}  // namespace dts::proto
