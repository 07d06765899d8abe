// The engine's answers: type documents, probes, challenges.
#include <algorithm>

#include <base/canary.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {

using std::chrono::milliseconds;

void Engine::State::request_types(Instant now, Outbox& out) {
  std::map<Destinations, std::vector<Bytes>> requests;
  for (const TypeExchange::Request& request : types.take_due(now, random)) {
    Destinations to;
    if (request.tries % 3 != 2) {  // a publisher of the type first; now and then everybody
      std::vector<const Reach*> holders;
      for (const auto& [node, peer] : peers.all()) {
        const auto& all = peer->record.streams;
        if (std::none_of(all.begin(), all.end(),
                         [&](const StreamRecord& r) { return r.type == request.type; }))
          continue;
        const Reach* reach = paths.choose(peer->reaches, now, peer->period);
        if (reach) holders.push_back(reach);
      }
      if (!holders.empty()) {
        const Reach* holder = holders[random.below(holders.size())];
        to = {{holder->transport, holder->link, 0, holder->address}};
      }
    }
    if (to.empty()) to = paths.control_groups();
    Bytes body;
    wire::Writer writer(body);
    write(writer, wire::TypeRequest{request.type, request.offset});
    requests[to].push_back(std::move(body));
  }
  for (const auto& [to, bodies] : requests) {
    for (const Bytes& body : bodies) put(wire::FrameType::type_request, body, to, out);
    seal_control(to, out);
  }
}

void Engine::State::receive_type_request(Instant now, const Path& from, Peer& peer, ByteView body,
                                         Outbox& out) {
  wire::TypeRequest request;
  if (!read(body, request)) {
    ++counters.frame_malformed;
    return;
  }
  const ByteView document = types.find(request.type);
  if (document.empty() || request.offset >= document.size()) return;
  if (from.multicast) {  // every holder hears it: publishers answer, and about two of the others
    const bool publisher = std::any_of(streams.begin(), streams.end(), [&](const auto& s) {
      return s && s->record.type == request.type;
    });
    if (!publisher && random.below(peers.size() + 1) >= 2) return;
  }
  answer_type(now, peer, request, out);
}

void Engine::State::answer_type(Instant now, Peer& peer, const wire::TypeRequest& request,
                                Outbox& out) {
  constexpr std::size_t packets_max = 64, withheld_max = 64;
  const ByteView document = types.find(request.type);
  if (request.offset >= document.size()) return;
  const std::size_t room = control.body_max() - wire::kTypeHeadBytes - 32;
  const std::size_t end =
      std::min(document.size(), DTS_CANARY(7) ? room : request.offset + packets_max * room);
  Destinations to;
  if (!begin_unicast(now, peer, (end - request.offset) * 17 / 16 + 64, to, out)) {
    // Again when the address has proven itself.
    auto& waiting = peer.type_requests;
    const bool have = std::any_of(waiting.begin(), waiting.end(), [&](const auto& r) {
      return r.type == request.type && r.offset == request.offset;
    });
    if (peer.withheld && !have && waiting.size() < withheld_max) waiting.push_back(request);
    return;
  }
  Bytes part;
  for (std::size_t at = request.offset; at < end; at += room) {
    part.clear();
    wire::Writer writer(part);
    write(writer, wire::TypePart{request.type, static_cast<std::uint32_t>(document.size()),
                                 static_cast<std::uint32_t>(at),
                                 document.subspan(at, std::min(room, end - at))});
    put(wire::FrameType::type, part, to, out);
  }
  seal_control(to, out);
}

void Engine::State::receive_type(Instant now, ByteView body, Outbox& out) {
  wire::TypePart part;
  if (!read(body, part)) {
    ++counters.frame_malformed;
    return;
  }
  using enum TypeExchange::Outcome;
  switch (types.add(now, part)) {
    case stored: {
      note(out, Notice::Kind::document, options.node);
      out.notices.back().type = part.type;
      return;
    }
    case partly:
      return;
    case unasked:
      ++counters.document_unasked;
      return;
    case mismatch:
      ++counters.document_mismatch;
      return;
    case refused:
      ++counters.document_refused;
      return;
  }
}

// Answered to the sender, and on the group when it asks for that (at most 20 times a second);
// never with more bytes than came.
void Engine::State::receive_probe(Instant now, const Path& from, ByteView body,
                                  std::size_t packet_bytes, Outbox& out) {
  wire::Probe probe;
  if (!read(body, probe)) {
    ++counters.frame_malformed;
    return;
  }
  constexpr std::size_t reply_bytes = wire::kPacketBytesMin + wire::kFrameHeaderBytes + 9;
  if (packet_bytes < reply_bytes) {
    ++counters.answers_withheld;
    return;
  }
  const Destinations to{{from.transport, from.link, 0, from.address}};
  Bytes reply;
  wire::Writer writer(reply);
  write(writer,
        wire::Probe{from.multicast ? wire::kProbeHeardOnGroup : std::uint8_t{0}, probe.token});
  put(wire::FrameType::probe_reply, reply, to, out);
  seal_control(to, out);
  const PathTable::LinkState* link = paths.find(from.transport, from.link);
  if (!(probe.flags & wire::kProbeAnswerOnGroup) || !link || !link->groups) return;
  if (now - group_answered < milliseconds(50)) {
    ++counters.answers_withheld;
    return;
  }
  group_answered = now;
  const Destinations group{{from.transport, from.link, 0, std::nullopt}};
  put(wire::FrameType::probe_reply, reply, group, out);
  seal_control(group, out);
}

void Engine::State::receive_probe_reply(Instant now, const Path& from, const NodeId& node,
                                        ByteView body, Outbox& out) {
  wire::Probe reply;
  if (!read(body, reply)) {
    ++counters.frame_malformed;
    return;
  }
  const auto asked = probes.find(reply.token);
  if (asked == probes.end()) {
    if (!from.multicast) ++counters.frame_unexpected;
    return;
  }
  note(out, Notice::Kind::probe_answer, node);
  Notice& n = out.notices.back();
  n.token = reply.token;
  n.round_trip = now - asked->second;
  n.probe_multicast = reply.flags & wire::kProbeHeardOnGroup;
  n.answer_multicast = from.multicast;
  n.path = from;
}

void Engine::State::receive_response(Instant now, Peer& peer, ByteView body) {
  std::uint64_t token = 0;
  if (!wire::read_token(body, token)) {
    ++counters.frame_malformed;
    return;
  }
  for (Reach& reach : peer.reaches) {
    if (reach.validated || token_for(peer.record.node, reach) != token) continue;
    reach.validated = true;
    routes_changed();
    renew_tails(now, peer);
    if (std::exchange(peer.withheld, false)) {
      peer.push = true;
      if (peer.list_flags) peer.list_due = Instant{};
    }
    return;
  }
}

}  // namespace dts::proto
