#include "transport/broker/envelope.hpp"

#include "base/endian.hpp"
#include "base/hex.hpp"
#include "base/sha256.hpp"

namespace dts::transport {
namespace {

constexpr std::uint8_t kMagic[] = {'D', 'T', 'S', 1};
constexpr std::size_t kDomainNameBytesMax = 48;

Error no_envelope(std::string why) {
  return Error(ErrorCode::decode, "this is no message of DTS", {}, std::move(why));
}

std::uint32_t size_at(ByteView bytes) { return base::load<std::uint32_t>(bytes.data()); }

}  // namespace

Result<Envelope> open_envelope(ByteView bytes) {
  if (bytes.size() <= kEnvelopeHeadBytes || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0)
    return no_envelope("it does not begin with DTS and a 1");
  Envelope envelope;
  envelope.to.group = bytes[4];
  envelope.sender = base::load<Member>(bytes.data() + 8);
  envelope.to.member = base::load<Member>(bytes.data() + 16);
  if (envelope.sender == 0 || (envelope.to.member != 0 && envelope.to.group != 0))
    return no_envelope("it is from nobody, or to a group and to a member");
  envelope.packets = bytes.subspan(kEnvelopeHeadBytes);
  for (ByteView rest = envelope.packets; !rest.empty();) {
    if (rest.size() < kEnvelopeBytesPerPacket || size_at(rest) > kStreamPacketBytesMax ||
        size_at(rest) > rest.size() - kEnvelopeBytesPerPacket)
      return no_envelope("a packet in it is not whole");
    rest = rest.subspan(kEnvelopeBytesPerPacket + size_at(rest));
  }
  return envelope;
}

bool take_packet(ByteView& packets, ByteView& packet) {
  if (packets.empty()) return false;
  packet = packets.subspan(kEnvelopeBytesPerPacket, size_at(packets));
  packets = packets.subspan(kEnvelopeBytesPerPacket + packet.size());
  return true;
}

void begin_envelope(Bytes& message, Member sender, const Place& to) {
  message.assign(kEnvelopeHeadBytes, 0);
  std::memcpy(message.data(), kMagic, sizeof kMagic);
  message[4] = to.member == 0 ? to.group : Group{0};
  base::store(message.data() + 8, sender);
  base::store(message.data() + 16, to.member);
}

void add_packet(Bytes& message, ByteView packet) {
  const std::size_t at = message.size();
  message.resize(at + kEnvelopeBytesPerPacket);
  base::store(message.data() + at, static_cast<std::uint32_t>(packet.size()));
  message.insert(message.end(), packet.begin(), packet.end());
}

std::string place_name(const Place& place) {
  if (place.member == 0) return "g" + std::to_string(place.group);
  std::uint8_t bytes[sizeof(Member)];
  base::store_big(bytes, place.member);
  return "m" + base::to_hex(bytes);
}

std::string domain_name(std::string_view domain) {
  std::string name;
  for (const char c : domain) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (plain) {
      name += c;
    } else {
      const auto byte = static_cast<std::uint8_t>(c);
      name += "_" + base::to_hex({&byte, 1});
    }
  }
  if (name.size() <= kDomainNameBytesMax) return name;
  const auto hash = base::sha256(as_bytes(domain));
  return "__" + base::to_hex(ByteView(hash).first(16));
}

}  // namespace dts::transport
