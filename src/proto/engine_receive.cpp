// The engine's way in: packets are checked, their frames handed on.
#include <algorithm>

#include <base/canary.hpp>
#include <base/crc32c.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {

using std::chrono::microseconds;
using std::chrono::milliseconds;

void Engine::State::receive(Instant now, const Path& from, ByteView packet, Outbox& out) {
  ++counters.packets_in;
  if (packet.size() < wire::kPacketBytesMin) {
    ++counters.packet_short;
    return;
  }
  if (packet[0] != wire::kMagic[0] || packet[1] != wire::kMagic[1]) {
    ++counters.packet_bad_magic;
    return;
  }
  const ByteView covered = packet.first(packet.size() - wire::kTrailerBytes);
  const wire::Header header = wire::read_header(packet.data());
  const bool unchecked = header.flags & wire::kPacketUnchecked && paths.intact(from.transport);
  if (!unchecked &&
      base::load<std::uint32_t>(packet.data() + covered.size()) != base::crc32c(covered) &&
      !DTS_CANARY(29)) {
    ++counters.packet_bad_checksum;
    return;
  }
  if (header.version != wire::kVersion) {
    ++counters.packet_other_version;
    if (!std::exchange(told_other_version, true))
      note(out, Notice::Kind::other_version, header.node, 0, std::to_string(header.version));
    return;
  }
  const ByteView frames = covered.subspan(wire::kHeaderBytes);
  if (header.domain != domain) {
    ++counters.packet_other_domain;
    if (other_domains.size() < 64 && other_domains.insert(header.domain).second) {
      wire::Frame first;
      ByteView rest = frames;
      wire::Announce a;
      const bool says_name = wire::next_frame(rest, first) &&
                             first.type == wire::FrameType::announce && read(first.body, a);
      note(out, Notice::Kind::other_domain, header.node, 0,
           says_name ? std::string(a.domain) : "#" + std::to_string(header.domain));
    }
    return;
  }
  if (header.node == options.node) {
    ++counters.packet_own;
    // Our own come back by multicast; a number we have not used yet is somebody else's.
    if (header.number + (DTS_CANARY(30) ? 1 : 0) >= next_packet &&
        !std::exchange(told_own_id, true))
      note(out, Notice::Kind::own_id_elsewhere, header.node);
    return;
  }
  receive_frames(now, from, header, frames, packet.size(), out);
}

void Engine::State::receive_frames(Instant now, const Path& from, const wire::Header& header,
                                   ByteView rest, std::size_t packet_bytes, Outbox& out) {
  Peer* peer = peers.find(header.node);
  if (peer) {
    if (PathTable::heard(peer->reaches, now, peer->period, from)) routes_changed();
    if (now - peer->record.last_heard > peer->period * 3 / 2) peer->healed = now;
    peer->record.last_heard = now;
    if (!peer->duplicates.fresh(header.number)) {
      ++counters.packet_duplicate;
      return;
    }
    peer->bytes_in += packet_bytes;
    if (header.number > peer->bye_number) peer->leave_due = Instant::max();
  }
  std::uint32_t control_frames = 0;
  bool unknown = false;
  const bool known_before = peer != nullptr;
  wire::Frame frame;
  while (!rest.empty()) {
    if (!wire::next_frame(rest, frame)) {
      ++counters.frame_malformed;
      break;
    }
    using enum wire::FrameType;
    if (frame.type == padding) continue;
    if (frame.type != data && ++control_frames > options.frames_per_packet_max) {
      ++counters.packet_too_many_frames;
      break;
    }
    if (frame.type == announce) {
      peer = receive_announce(now, from, header, frame.body, out);
      if (!peer) break;
      if (peer->bytes_in == 0) peer->bytes_in = packet_bytes;
      continue;
    }
    if (frame.type == probe) {
      receive_probe(now, from, frame.body, packet_bytes, out);
      continue;
    }
    if (frame.type == probe_reply) {
      receive_probe_reply(now, from, header.node, frame.body, out);
      continue;
    }
    if (!peer && frame.type == nack) {  // whoever it is: nobody else need ask for the same
      overhear_nack(now, frame.body);
      continue;
    }
    if (!peer) {
      unknown = true;
      if (frame.type != data && frame.type != fragment) continue;
      counters.data_unknown_stream +=
          this->wants.size() ? strangers.hold(now, header.node, frame.type, frame.body, random) : 1;
      continue;
    }
    if (!receive_hub(*peer, frame)) receive_frame(now, from, *peer, header, frame, out);
    peer = peers.find(header.node);
    if (!peer) return;
  }
  if (unknown && !peer) ask_who(now, from, header.node, packet_bytes, out);
  if (peer && !known_before) replay_stranger(now, *peer, out);
  if (peer && control_frames) settle_debts(now, *peer, out);
}

void Engine::State::receive_frame(Instant now, const Path& from, Peer& peer,
                                  const wire::Header& header, const wire::Frame& frame,
                                  Outbox& out) {
  using enum wire::FrameType;
  switch (frame.type) {
    case data:
      receive_data(now, peer, frame.body, out);
      if (waiting_streams) heard_data(now, peer, frame.body, out);
      return;
    case fragment:
      receive_fragment(now, peer, &from, frame.body, out);
      if (waiting_streams) heard_data(now, peer, frame.body, out);
      return;
    case digest:
      return receive_digest(now, peer, frame.body, out);
    case nack:
      return receive_nack(now, peer, frame.body, out);
    case ncf:
      return receive_confirm(now, peer, frame.body);
    case wire::FrameType::gap:
      return receive_gap(now, peer, frame.body, out);
    case history:
      return receive_history(now, peer, frame.body, out);
    case streams:
      return receive_streams(now, peer, frame.body, out);
    case wants:
      return receive_wants(peer, frame.body, out);
    case wire::FrameType::type:
      return receive_type(now, frame.body, out);
    case type_request:
      return receive_type_request(now, from, peer, frame.body, out);
    case response:
      return receive_response(now, peer, frame.body);
    case wire::FrameType::refuse:
      receive_refuse(peer, frame.body, out);
      return pump(now, out);
    case bye:
      peer.leave_due = now + milliseconds(100);
      peer.bye_number = header.number;
      sweep_due = std::min(sweep_due, peer.leave_due);
      return;
    case challenge:
      if (!wire::read_token(frame.body, peer.challenge)) ++counters.frame_malformed;
      return;
    case list_request: {
      wire::ListRequest request;
      if (!read(frame.body, request)) break;
      peer.list_flags |= request.flags;
      const std::uint64_t spread_us = from.multicast ? 1000 * (peers.size() + 1) : 0;
      peer.list_due = std::min(peer.list_due, now + microseconds(random.below(spread_us)));
      peers.owe(peer, peer.list_due);
      return;
    }
    case history_request:
      return receive_history_request(now, peer, frame.body, out);
    case wire::FrameType::health:
      return receive_health(peer, frame.body);
    case query:
      return receive_query(now, from, peer, frame.body, out);
    case answer:
      return receive_answer(now, peer, frame.body, out);
    case progress:
      return receive_progress(now, peer, frame.body, out);
    case wire::FrameType::report:
      return receive_report(now, peer, frame.body, out);
    default:
      ++counters.frame_unknown;
      return;
  }
  ++counters.frame_malformed;
}

void Engine::State::receive_history_request(Instant now, Peer& peer, ByteView body, Outbox& out) {
  wire::HistoryRequest request;
  if (!read(body, request)) {
    ++counters.frame_malformed;
    return;
  }
  const auto joined = peer.joined.find(request.stream);
  if (joined != peer.joined.end() && now - joined->second.last < milliseconds(10)) return;
  send_beginnings_within_budget(now, peer, {request.stream}, out);
}

void Engine::State::receive_health(Peer& peer, ByteView body) {
  wire::Health h;
  if (!read(body, h)) {
    ++counters.frame_malformed;
    return;
  }
  peer.record.health = {static_cast<float>(h.loss) / 255, (h.flags & wire::kHealthOverflow) != 0,
                        h.buffer_bytes};
}

}  // namespace dts::proto
