// The engine's part in passing streams on. Receiving: a stream that comes by several ways is handed
// out once. Sending: own streams that stand for a stream of another node and keep its sequences.
#include <algorithm>

#include <base/canary.hpp>
#include <base/sha256.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {

using std::chrono::milliseconds;

namespace {
// A new way is asked for what the ways before it have not brought, as far back as this.
constexpr Sequence kSeamMax = 1u << 20;

Error too_narrow(std::size_t size) {
  return Error(ErrorCode::too_large, "a message does not fit the packets of this link", {},
               std::to_string(size) + " bytes, cut for larger packets by its publisher",
               "let the publishers send smaller packets");
}
}  // namespace

// ---- The receiver

// A stream is known by its origin, whichever way it has come.
std::pair<NodeId, StreamId> Engine::State::whose(const Peer& peer, const InboundStream& in) {
  if (in.origin) return {in.origin->node, in.origin->stream};
  return {peer.record.node, in.stream};
}

// The origin itself may have been heard all the time, or until a while ago.
void Engine::State::meet_direct(const std::shared_ptr<StreamOrigin>& origin) {
  const Ways::Key key{origin->node, origin->stream};
  if (const auto before = told.find(key); before != told.end()) {
    origin->told = std::max(origin->told, before->second.told);
    origin->begun = true;
    told.erase(before);
  }
  Peer* const peer = peers.find(origin->node);
  if (!peer) return;
  const auto at = peer->inbound.find(origin->stream);
  if (at == peer->inbound.end() || !at->second->joined || at->second->origin) return;
  at->second->origin = origin;
  origin->ways.push_back(at->second.get());
  origin->told = std::max(origin->told, at->second->told);
  origin->begun = true;
}

// `in` has just been joined, to begin at `from`. If the stream has come by another way before, it
// goes on where that one stopped.
void Engine::State::add_way(const Peer& peer, InboundStream& in, Sequence& from, Sequence& to) {
  if (is_answer(in.stream) || !in.record) return;
  const Relay& relay = in.record->relay;
  if (!relay.any()) {
    in.origin = ways.find({peer.record.node, in.stream});
    if (!in.origin) return;
  } else {
    in.origin = ways.add({relay.node, relay.stream});
    meet_direct(in.origin);
  }
  StreamOrigin& origin = *in.origin;
  if (origin.begun) {
    const Sequence next = origin.told + 1;
    if (next > from || (repairs_of(in) && from - next <= kSeamMax && !DTS_CANARY(95))) from = next;
    to = std::max(to, from - 1);
    in.history_to = 0;
  } else {
    origin.begun = true;
    origin.told = from - 1;
  }
  in.told = from - 1;
  origin.ways.push_back(&in);
  origin.record = in.record;
}

void Engine::State::remove_way(InboundStream& in, bool name_rest, Outbox& out) {
  if (!in.origin) return;
  StreamOrigin& origin = *in.origin;
  std::erase(origin.ways, &in);
  if (name_rest) return settle_ways(origin, Notice::GapReason::lost, out);
  if (origin.ways.empty()) ways.remove(origin);  // nobody wants it any more
}

// Names what none of the ways is going to bring.
void Engine::State::settle_ways(StreamOrigin& origin, Notice::GapReason reason, Outbox& out) {
  const Sequence floor = origin.floor();
  if (floor <= origin.told) return;
  const bool withheld = reason == Notice::GapReason::withheld;
  (withheld ? counters.sequences_withheld : counters.gap_packets) += floor - origin.told;
  Notice& notice = out.notices.emplace_back();
  notice.kind = Notice::Kind::gap;
  notice.node = origin.node;
  notice.stream = origin.stream;
  notice.from = origin.told + 1;
  notice.to = floor;
  notice.reason = reason;
  origin.told = floor;
}

// Whether a message is to be handed out; by another way it may have been, or been named.
bool Engine::State::comes_first(InboundStream& in, Sequence first, Sequence last, Outbox& out) {
  StreamOrigin& origin = *in.origin;
  const auto name_to = [&](Sequence to) {
    if (to <= origin.told) return;
    counters.gap_packets += to - origin.told;
    Notice& notice = out.notices.emplace_back();
    notice.kind = Notice::Kind::gap;
    notice.node = origin.node;
    notice.stream = origin.stream;
    notice.from = origin.told + 1;
    notice.to = to;
    notice.reason = Notice::GapReason::lost;
    origin.told = to;
  };
  if (first <= origin.told && !DTS_CANARY(92)) {
    ++counters.relay_duplicate;
    name_to(last);  // no half messages
    return false;
  }
  name_to(first - 1);
  origin.told = std::max(origin.told, last);
  return true;
}

// Sent before it was joined: by the way that was joined first.
bool Engine::State::is_historic(InboundStream& in, Sequence last) const {
  const bool historic = last <= in.history_to + (DTS_CANARY(37) ? 1 : 0);
  if (!in.origin) return historic;
  in.origin->live |= !historic;
  return historic && !in.origin->live;
}

const StreamRecord* Engine::State::find_relay(const NodeId& node, StreamId stream,
                                              const Peer* except) const {
  for (const auto& [id, peer] : peers.all()) {
    if (!peer->record.hub || peer.get() == except) continue;
    for (const StreamRecord& record : peer->record.streams)
      if (record.relay.node == node && record.relay.stream == stream) return &record;
  }
  return nullptr;
}

// `peer` no longer passes it on: if nobody does, it is closed for those who know it by its origin.
void Engine::State::relay_closed(const Relay& relay, const Peer& peer, Outbox& out) {
  if (!relay.any() || find_relay(relay.node, relay.stream, &peer)) return;
  const Peer* const origin = peers.find(relay.node);
  if (origin && PeerTable::find_stream(*origin, relay.stream)) return;
  note(out, Notice::Kind::stream_closed, relay.node, relay.stream);
}

// ---- The hub's side

// HUB; and the lists of another side of our own hub, heard on a link that both use: nothing passes
// between the two. True when the frame is dealt with.
bool Engine::State::receive_hub(Peer& peer, const wire::Frame& frame) {
  if (frame.type != wire::FrameType::hub)
    return options.hub && peer.record.hub == options.hub &&
           (frame.type == wire::FrameType::streams || frame.type == wire::FrameType::wants);
  if (!wire::read_token(frame.body, peer.record.hub)) ++counters.frame_malformed;
  return true;
}

void Engine::State::owe_beginning(Instant now, const OwnStream& s) {
  for (const auto& [node, peer] : peers.all()) {
    if (!peer->wants.match(s.record.family, s.record.family_name).any) continue;
    peer->push = true;
    peer->list_due = std::min(peer->list_due, now);
    peers.owe(*peer, now);
  }
}

void Engine::State::show_relay(Instant now, StreamId id, bool visible, std::vector<HubId> via) {
  OwnStream* const s = own(id);
  if (!s || !s->record.relay.any() || (visible == s->visible && via == s->record.relay.via)) return;
  if (s->visible) announcer.stream_changed(id, s->fingerprint, true);
  streams_visible -= s->visible;
  s->record.relay.via = std::move(via);
  s->visible = visible;
  if (visible) {
    s->fingerprint = 1;
    const auto mix = [&](std::uint64_t v) {
      s->fingerprint = (s->fingerprint ^ v) * 0x9e3779b97f4a7c15ull;
    };
    mix(id);
    mix(base::load<std::uint64_t>(s->record.relay.node.bytes.data()));
    for (const HubId hub : s->record.relay.via) mix(hub);
    s->fingerprint |= 1;
    announcer.stream_changed(id, s->fingerprint, false);
    ++streams_visible;
  } else {
    for (const auto& [node, peer] : peers.all()) peer->joined.erase(id);
  }
  s->announced = !started;
  routes_changed();
  if (started) change_due = std::min(change_due, now + milliseconds(1));
}

void Engine::State::begin_relay(StreamId id, Sequence next) {
  OwnStream* const s = own(id);
  if (!s || s->begun || !s->record.relay.any()) return;
  s->begun = true;
  s->record.next = next;
  s->history.restart(next);
}

void Engine::State::give_relay(Instant now, StreamId id) {
  OwnStream* const s = own(id);
  if (!s || !s->begun || s->given) return;
  s->given = true;
  routes_changed();
  owe_beginning(now, *s);
}

void Engine::State::end_relay(StreamId id) {
  OwnStream* const s = own(id);
  if (!s || !s->begun || !s->record.relay.any()) return;
  s->begun = s->given = false;
  s->history.restart(s->record.next);
  splitter.drop_stream(id);
  repairs.drop_stream(id);
  large.drop_stream(id);
  for (const auto& [node, peer] : peers.all()) peer->joined.erase(id);
  routes_changed();
}

// What lies between will not come: who waits for it hears it when it asks.
void Engine::State::skip_relay(Instant now, StreamId id, Sequence next) {
  OwnStream* const s = own(id);
  if (!s || !s->begun || !s->record.relay.any() || next <= s->record.next || DTS_CANARY(94)) return;
  s->record.next = next;
  s->history.restart(next);
  if (s->routes_version != routes_version) route(*s, now);
  if (!s->destinations.empty()) touch_tail(*s, now);
}

// How a message is cut so that it takes as many packets as it took at its origin; what its sequence
// leaves out is skipped.
Result<Cut> Engine::State::cut_of_relayed(Instant now, OwnStream& s, const MessageView& message) {
  const std::uint64_t size = message.bytes.size();
  if (!s.begun || message.first < s.record.next || message.last < message.first) {
    ++counters.relay_duplicate;
    return Error(ErrorCode::invalid_argument, "this message was passed on before");
  }
  const std::uint64_t count = message.last - message.first + 1;
  const std::uint64_t piece = std::max<std::uint64_t>(1, (size + count - 1) / count);
  if (piece > piece_bytes() || Splitter::count(size, static_cast<std::uint16_t>(piece)) != count) {
    skip_relay(now, s.record.stream, message.last + 1);
    ++counters.message_too_large;
    return too_narrow(size);
  }
  if (message.first > s.record.next) skip_relay(now, s.record.stream, message.first);
  return Cut{static_cast<std::uint16_t>(piece), message.compression};
}

}  // namespace dts::proto
