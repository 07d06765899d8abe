// What the engine learns of its peers: announcements and lists, and what it then asks and owes.
#include <algorithm>

#include <base/canary.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {

using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

// So often in a row a peer is asked for its lists; then once after each of its announcements.
constexpr unsigned kAskedMax = 10;

Interest interest_of(const wire::WantEntry& e) {
  Interest want{e.family, std::string(e.name), e.live, e.history};
  want.selections = wire::read_selections(e.selections);
  want.via = e.via;
  return want;
}
}  // namespace

StreamRecord record_of(const wire::StreamEntry& e) {
  StreamRecord r;
  r.stream = e.stream;
  r.family = e.family;
  r.family_name = e.family_name;
  r.type = e.type;
  r.format = e.format;
  r.binding = e.binding;
  r.delivery = static_cast<Delivery>(e.delivery);
  r.waits = e.waits;
  r.history = e.history;
  r.source = e.source;
  for (const auto& [key, value] : e.labels) r.labels.emplace_back(key, value);
  r.messages = e.messages;
  r.bytes = e.bytes;
  r.next = e.next;
  if (!e.via.empty())
    r.relay = {e.origin_node, e.origin_stream, std::string(e.origin_host),
               std::string(e.origin_name), e.via};
  return r;
}

// One of our own interests was added or removed: the merged want of that family or pattern.
void Engine::State::interest_changed(Instant now, const Interest& key) {
  Interest merged = key;
  merged.live = merged.history = false;
  bool any = false;
  SelectionUnion taken;
  for (const auto& [id, interest] : interests) {
    const bool same = key.family.is_zero() ? interest.family.is_zero() && interest.name == key.name
                                           : interest.family == key.family;
    if (!same) continue;
    any = true;
    merged.live |= interest.live;
    merged.history |= interest.history;
    if (interest.live) taken.add(interest.selections);
    merged.via = interest.via;
  }
  const Interest* const had = wants.find(key.family, key.name);
  // One that takes by what it took before is told from its beginning on, and as the only one.
  merged.selections = taken.take(false);
  if (had && had->live && merged.selections != had->selections)
    merged.selections = taken.take(true);
  const auto fingerprint = [](const Interest& want) {
    std::uint64_t h = want.live * 2u + want.history + 4u;
    for (const Selection& s : want.selections)
      h = (h ^ fingerprint_of(s, NodeId{})) * 0x100000001b3ull;
    for (const std::uint8_t c : as_bytes(want.name)) h = (h ^ c) * 0x100000001b3ull;
    for (const HubId hub : want.via) h = (h ^ hub) * 0x100000001b3ull;
    h ^= base::load<std::uint64_t>(want.family.bytes.data());
    h *= 0x9e3779b97f4a7c15ull;
    return (h ^ h >> 31) | 1;
  };
  if (had) {
    const Interest old = *had;
    if (any && old.live == merged.live && old.history == merged.history &&
        old.selections == merged.selections && old.via == merged.via)
      return;
    announcer.want_changed(old, fingerprint(old), true);
    wants.remove(old.family, old.name);
  }
  ++wants_version;
  groups_changed = !DTS_CANARY(16) || any == false;
  if (any) {
    if (!wants.add(merged, options.wants_per_node_max)) {
      ++counters.wants_refused;
      return;
    }
    announcer.want_changed(merged, fingerprint(merged), false);
    for (const auto& [node, peer] : peers.all())
      if (!(curious && peer->streams_progress.scope() == 0)) {
        peer->scope_ok = false;  // it hears what is wanted now, and says what it has of it
        peer->record.streams_complete = peer->record.announced && peer->streams_count == 0;
        peers.owe(*peer, now + std::chrono::seconds(1));
      }
  }
  if (started) change_due = std::min(change_due, now + microseconds(200));
}

void Engine::State::forget_unwanted(Outbox& out) {
  std::erase_if(told,
                [&](const auto& t) { return !t.second.record || !wants_stream(*t.second.record); });
  ways.forget_unless([&](const StreamRecord& record) { return wants_stream(record); });
  for (const auto& [node, peer] : peers.all()) {
    std::vector<StreamId> gone;
    for (const auto& [id, in] : peer->inbound) {
      const StreamRecord* record = PeerTable::find_stream(*peer, id);
      if (record && !wants_stream(*record)) gone.push_back(id);
    }
    std::sort(gone.begin(), gone.end());
    for (StreamId id : gone) forget_inbound(*peer, id, false, out);
    if (!curious)
      records -= std::erase_if(peer->record.streams,
                               [&](const StreamRecord& r) { return !wants_stream(r); });
  }
}

Peer* Engine::State::receive_announce(Instant now, const Path& from, const wire::Header& header,
                                      ByteView body, Outbox& out) {
  wire::Announce a;
  if (!read(body, a)) {
    ++counters.frame_malformed;
    return peers.find(header.node);
  }
  Peer* peer = peers.find(header.node);
  const bool fresh = peer == nullptr;
  if (fresh) {
    peer = peers.add(header.node, now);
    if (!peer) {
      ++counters.nodes_refused;
      if (!std::exchange(told_nodes, true))
        note(out, Notice::Kind::limit, header.node, 0, "more nodes than nodes_max");
      return nullptr;
    }
    PathTable::heard(peer->reaches, now, peer->period, from);
    peer->duplicates.fresh(header.number);
    routes_changed();
  }
  PeerRecord& r = peer->record;
  peers.rename(*peer, a.host, a.name);
  r.version = a.version;
  r.process = a.process;
  r.started = now - std::chrono::milliseconds(std::min<std::uint64_t>(a.up_ms, 1ull << 40));
  r.wall_offset_ns = static_cast<std::int64_t>(static_cast<std::uint64_t>(a.wall_ns) -
                                               static_cast<std::uint64_t>(wall(now)));
  r.announced = true;
  peer->period =
      std::clamp<Duration>(milliseconds(a.period_ms), milliseconds(10), std::chrono::seconds(600));
  if (a.streams_digest != peer->streams_digest || a.wants_digest != peer->wants_digest)
    peer->asked = 0;
  else if (peer->asked == kAskedMax)
    --peer->asked;  // once more: it may be reachable again
  peer->streams_digest = a.streams_digest;
  peer->streams_count = a.streams_count;
  peer->wants_digest = a.wants_digest;
  peer->wants_count = a.wants_count;
  sweep_due = std::min(sweep_due, now + 3 * peer->period);
  for (const StreamRecord& stream : r.streams)  // those whose beginning was asked for in vain
    if (!peer->inbound.contains(stream.stream) && wants_stream(stream))
      inbound(now, *peer, stream.stream);
  if (fresh) {
    note(out, Notice::Kind::node_joined, header.node);
    if (const Peer* old = peers.predecessor(*peer))
      remove_peer(NodeId(old->record.node), Notice::Kind::node_gone, out);
  }
  const bool unheard = !from.multicast && a.flags & wire::kAnnounceUnheard &&
                       PathTable::unheard(peer->reaches, now, peer->period, from);
  if (unheard) routes_changed();
  if (fresh || unheard || a.flags & wire::kAnnounceStarting) {
    const std::uint64_t spread_us =
        peers.size() <= 16 ? 0 : std::min<std::uint64_t>(500'000, 1000 * peers.size());
    peer->announce_due = std::min(peer->announce_due, now + microseconds(random.below(spread_us)));
    peers.owe(*peer, peer->announce_due);
  }
  return peer;
}

void Engine::State::receive_streams(Instant now, Peer& peer, ByteView body, Outbox& out) {
  wire::Reader reader(body);
  wire::ListHead head;
  if (!read(reader, head)) {
    ++counters.frame_malformed;
    return;
  }
  bool begun = false;
  const ListProgress::Part part = peer.streams_progress.add(head, begun);
  if (part == ListProgress::Part::ignore) return;
  if (begun) peer.listed.clear();
  const bool complete = head.kind == wire::ListHead::Kind::complete;
  wire::StreamEntry entry;
  while (!reader.done()) {
    if (!read(reader, entry)) {
      ++counters.frame_malformed;
      peer.streams_progress.forget();
      return;
    }
    if (complete) peer.listed.insert(entry.stream);
    apply_stream(now, peer, entry, out);
  }
  if (part != ListProgress::Part::finished || !complete) return;
  peer.scope_ok = head.base == 0 || (!curious && head.base == announcer.wants_digest());
  for (const StreamRecord& r : peer.record.streams)
    if (!peer.listed.contains(r.stream) && (head.base == 0 || wants_stream(r)))
      close_later(now, peer, r.stream);
  peer.listed.clear();
}

void Engine::State::apply_stream(Instant now, Peer& peer, const wire::StreamEntry& entry,
                                 Outbox& out) {
  if (entry.closed) return close_later(now, peer, entry.stream);
  StreamRecord record = record_of(entry);
  const bool wanted = wants_stream(record);
  if (!wanted && !curious) return;
  auto& all = peer.record.streams;
  if (StreamRecord* have = PeerTable::find_stream(peer, entry.stream)) {
    *have = std::move(record);
    closing.erase({peer.record.node, entry.stream});
    if (wanted) inbound(now, peer, entry.stream);  // asks for the beginning if it does not come
  } else {
    if (all.size() >= options.streams_per_node_max || records >= options.streams_max) {
      ++counters.streams_refused;
      return;
    }
    const auto at =
        std::lower_bound(all.begin(), all.end(), entry.stream,
                         [](const StreamRecord& r, StreamId id) { return r.stream < id; });
    all.insert(at, std::move(record));
    ++records;
    note(out, Notice::Kind::stream_opened, peer.record.node, entry.stream);
    if (wanted) described(now, peer, entry.stream);
  }
}

void Engine::State::receive_wants(Peer& peer, ByteView body, Outbox& out) {
  wire::Reader reader(body);
  wire::ListHead head;
  if (!read(reader, head)) {
    ++counters.frame_malformed;
    return;
  }
  bool begun = false;
  const ListProgress::Part part = peer.wants_progress.add(head, begun);
  if (part == ListProgress::Part::ignore) return;
  if (begun) peer.wants.clear();
  wire::WantEntry entry;
  while (!reader.done()) {
    if (!read(reader, entry)) {
      ++counters.frame_malformed;
      peer.wants_progress.forget();
      return;
    }
    if (entry.removed)
      peer.wants.remove(entry.family, std::string(entry.name));
    else if (!peer.wants.add(interest_of(entry), options.wants_per_node_max))
      ++counters.wants_refused;
  }
  routes_changed();
  if (part != ListProgress::Part::finished) return;
  wants_listed(peer, out);
}

void Engine::State::wants_listed(Peer& peer, Outbox& out) {
  routes_changed();
  peer.record.wants = peer.wants.list();
  const auto unwanted = [&](StreamId id) {
    const OwnStream* s = own(id);
    return !s || !peer.wants.match(s->record.family, s->record.family_name).any;
  };
  std::erase_if(peer.retaken, unwanted);
  for (auto at = peer.joined.begin(); at != peer.joined.end();) {
    const bool gone =
        unwanted(at->first) || takes_more(peer, at->first, selections_of(peer, *own(at->first)));
    at = gone ? peer.joined.erase(at) : std::next(at);
  }
  peer.push = peer.wants.size() != 0;
  note(out, Notice::Kind::interest_changed, peer.record.node);
}

// A list announced as empty needs no listing.
void Engine::State::apply_empty_lists(Instant now, Peer& peer, Outbox& out) {
  if (!peer.record.announced) return;
  const auto held = [](const ListProgress& progress, std::uint64_t digest) {
    return progress.known() && progress.digest() == digest;
  };
  if (peer.streams_count == 0 && !held(peer.streams_progress, peer.streams_digest)) {
    peer.streams_progress.set_empty(peer.streams_digest);
    for (const StreamRecord& r : peer.record.streams) close_later(now, peer, r.stream);
  }
  if (peer.wants_count == 0 && !held(peer.wants_progress, peer.wants_digest)) {
    peer.wants_progress.set_empty(peer.wants_digest);
    peer.wants.clear();
    wants_listed(peer, out);
  }
}

// Are its lists what it announced? If not, ask: after a random while, unless they come anyhow.
void Engine::State::check_complete(Instant now, Peer& peer, Outbox& out) {
  const bool have_streams =
      peer.streams_count == 0 || (peer.streams_progress.known() && peer.scope_ok &&
                                  peer.streams_progress.digest() == peer.streams_digest);
  if (have_streams && !peer.record.streams_complete)
    note(out, Notice::Kind::streams_listed, peer.record.node);
  peer.record.streams_complete = have_streams;
  const bool have_wants =
      peer.wants_progress.known() && peer.wants_progress.digest() == peer.wants_digest;
  const bool ask_wants = !have_wants && (streams_open > 0 || curious);
  const bool ask_streams = !have_streams && (wants.size() > 0 || curious);
  const bool own_side = options.hub && peer.record.hub == options.hub;
  if (!peer.record.announced || own_side || (!ask_wants && !ask_streams)) {
    peer.ask_due = Instant::max();
    peer.asked = 0;
    return;
  }
  if (peer.ask_due != Instant::max() || peer.asked >= (DTS_CANARY(20) ? 1 : kAskedMax)) return;
  const Duration wait = peer.asked  ? milliseconds(30) * (1 << std::min(peer.asked, 6u))
                        : ask_wants ? Duration(0)
                                    : Duration(milliseconds(30));
  const std::uint64_t spread_us = std::min<std::uint64_t>(200'000, 1000 * peers.size());
  peer.ask_due = now + wait + microseconds(random.below(spread_us));
  peers.owe(peer, peer.ask_due);
}

// Does what this peer is owed by now.
void Engine::State::settle_debts(Instant now, Peer& peer, Outbox& out) {
  apply_empty_lists(now, peer, out);
  if (peer.push) push(now, peer, out);
  if (peer.announce_due <= now) announce_to(now, peer, out);
  if (!peer.withheld) {
    for (const wire::TypeRequest& request : std::exchange(peer.type_requests, {}))
      answer_type(now, peer, request, out);
    resume_answers(now, peer, out);
  }
  if (peer.list_due <= now) {
    if (peer.list_flags)
      send_list(now, peer, out);
    else
      peer.list_due = Instant::max();
  }
  check_complete(now, peer, out);
  if (peer.ask_due <= now) {
    peer.ask_due = Instant::max();
    ++peer.asked;
    const bool have_wants =
        peer.wants_progress.known() && peer.wants_progress.digest() == peer.wants_digest;
    wire::ListRequest request;
    if (!have_wants) request.flags |= wire::kListWants;
    if (!peer.record.streams_complete)
      request.flags |= curious ? wire::kListAllStreams : wire::kListStreams;
    Destinations to;
    if (begin_unicast(now, peer, 64, to, out)) {
      Bytes body;
      wire::Writer writer(body);
      write(writer, request);
      put(wire::FrameType::list_request, body, to, out);
      seal_control(to, out);
    }
    check_complete(now, peer, out);
  }
  // Data by unicast waits until the peer has answered a challenge: ask until it does.
  const Reach* reach = paths.choose(peer.reaches, now, peer.period);
  const bool unicast = streams_open > 0 && reach && !is_validated(*reach) &&
                       (peer.wants.has_patterns() ||
                        (peer.wants.size() && !paths.by_multicast(*reach, now, peer.period)));
  const bool ask = unicast && now - peer.challenged >= milliseconds(50);
  if (ask) peer.challenged = now;
  if (peer.challenge || ask) {
    Destinations to;
    if (begin_unicast(now, peer, 0, to, out)) seal_control(to, out);
  }
}

// Heard, but never announced: it is asked once in a while, with no more bytes than it sent.
void Engine::State::ask_who(Instant now, const Path& from, const NodeId& node,
                            std::size_t packet_bytes, Outbox& out) {
  if (!peers.half_known(node, now, random)) return;
  constexpr std::size_t bytes = wire::kPacketBytesMin + wire::kFrameHeaderBytes + 1;
  if (packet_bytes < bytes) return;
  const Destinations to{{from.transport, from.link, 0, from.address}};
  Bytes body;
  wire::Writer writer(body);
  write(writer,
        wire::ListRequest{static_cast<std::uint8_t>(wire::kListStreams | wire::kListWants)});
  put(wire::FrameType::list_request, body, to, out);
  seal_control(to, out);
}

}  // namespace dts::proto
