// The engine's streams at their end: our own, which are repaired for a while after they were
// closed, and those of others, which stay until what was still missing has come or is named.
#include <algorithm>

#include <base/canary.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {

using std::chrono::milliseconds;

namespace {
// So many closed streams are kept for repair, and less than this share of the repair window.
constexpr std::size_t kClosedMax = 1024;
constexpr std::uint64_t kClosedShare = 2;
// What a stream of another node sent before it was closed may be on its way for so long. While
// something of it is missing that is looked at again as often.
constexpr Duration kOnItsWay = milliseconds(100);
}  // namespace

// ---- The publisher

// Somebody may miss something that is still kept.
bool Engine::State::is_owed(Instant now, const OwnStream& s) const {
  return s.visible && s.record.delivery != Delivery::stream && !s.receivers.empty() &&
         s.last_data != Instant{} && now - s.last_data < milliseconds(options.repair_age_ms_max);
}

// It is in nobody's list from now on, but its last data is told of and repaired as before.
void Engine::State::close_stream(Instant now, StreamId id, Outbox& out) {
  OwnStream* const s = own(id);
  if (!s || s->closed()) return;
  seal_open(out);
  if (s->routes_version != routes_version) route(*s, now);
  const bool owed = is_owed(now, *s);
  if (s->visible) announcer.stream_changed(id, s->fingerprint, true);
  streams_visible -= s->visible;
  s->visible = false;
  own_waiting -= s->record.waits;
  s->record.waits = s->blocked = false;
  window.drop(id);
  if (std::exchange(s->asking, false)) std::erase(asking, id);
  if (started) change_due = std::min(change_due, now + milliseconds(1));
  s->gone_due = now + milliseconds(options.repair_age_ms_max);
  closed.push_back(id);
  if (!owed || DTS_CANARY(100)) return forget_closed(id);
  gone_due = std::min(gone_due, s->gone_due);
  while (
      closed.size() > kClosedMax ||
      (closed.size() > 1 && history_budget.repair_used > options.repair_bytes_max / kClosedShare))
    forget_closed(closed.front());
}

// Of what the peer has been given: the newest, as many as fit beside a list.
std::vector<StreamId> Engine::State::closed_ids(const Peer& peer) const {
  constexpr std::size_t ids_max = 32;
  std::vector<StreamId> ids;
  for (auto id = closed.rbegin(); id != closed.rend() && ids.size() < ids_max; ++id)
    if (peer.joined.contains(*id)) ids.push_back(*id);
  return ids;
}

// How far those went that are closed: in front of the list that lacks them.
void Engine::State::put_ends(Instant now, const std::vector<StreamId>& ids, const Destinations& to,
                             Outbox& out) {
  Bytes body;
  for (const StreamId id : ids) {
    const OwnStream* const s = own(id);
    if (!s || !s->closed() || s->destinations.empty()) continue;
    body.clear();
    wire::Writer writer(body);
    write(writer, digest_of(now, *s));
    put(wire::FrameType::digest, body, to, out);
  }
}

void Engine::State::forget_closed(StreamId id) {
  std::erase(closed, id);
  std::erase(tail, id);
  splitter.drop_stream(id);
  repairs.drop_stream(id);
  large.drop_stream(id);
  for (const auto& [node, peer] : peers.all()) peer->joined.erase(id);
  streams[id - 1].reset();
  --streams_open;
}

void Engine::State::sweep_closed(Instant now) {
  if (gone_due > now) return;
  gone_due = Instant::max();
  for (const StreamId id : std::deque<StreamId>(closed)) {
    OwnStream& s = *own(id);
    if (s.gone_due <= now && splitter.holds(id)) s.gone_due = now + std::chrono::seconds(1);
    if (s.gone_due <= now)
      forget_closed(id);
    else
      gone_due = std::min(gone_due, s.gone_due);
  }
}

// ---- The receiver

void Engine::State::close_later(Instant now, Peer& peer, StreamId stream) {
  if (!PeerTable::find_stream(peer, stream) || DTS_CANARY(17)) return;
  const auto [at, fresh] = closing.try_emplace({peer.record.node, stream}, now + kOnItsWay);
  if (fresh) closing_due = std::min(closing_due, at->second);
}

// Is something of the stream still asked for? What is asked for in vain is named after a while.
bool Engine::State::is_awaited(Instant now, const Peer& peer, StreamId stream) const {
  const auto at = peer.inbound.find(stream);
  if (at == peer.inbound.end()) return false;
  const InboundStream& in = *at->second;
  return in.joined ? repairs_of(in) && !in.gaps.complete() : now < in.give_up;
}

void Engine::State::sweep_closing(Instant now, Outbox& out) {
  if (closing_due > now) return;
  closing_due = Instant::max();
  for (auto i = closing.begin(); i != closing.end();) {
    const auto [node, stream] = i->first;
    Peer* const peer = peers.find(node);
    if (i->second <= now && peer && is_awaited(now, *peer, stream)) i->second = now + kOnItsWay;
    if (i->second > now) {
      closing_due = std::min(closing_due, i->second);
      ++i;
      continue;
    }
    i = closing.erase(i);
    if (!peer) continue;
    forget_inbound(*peer, stream, true, out);
    const StreamRecord* const record = PeerTable::find_stream(*peer, stream);
    const Relay relay = record ? record->relay : Relay{};
    const std::size_t erased = std::erase_if(
        peer->record.streams, [id = stream](const StreamRecord& r) { return r.stream == id; });
    if (erased) note(out, Notice::Kind::stream_closed, node, stream);
    relay_closed(relay, *peer, out);
    records -= erased;
  }
}

}  // namespace dts::proto
