// The engine's talk about itself: announcements, lists, types, probes, and the debts of answers.
#include <algorithm>

#include <proto/engine_state.hpp>

namespace dts::proto {

using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

Interest interest_of(const wire::WantEntry& e) {
  return {e.family, std::string(e.name), e.live, e.history};
}
wire::WantEntry entry_of(const Interest& want, bool removed) {
  return {removed, want.live, want.history, want.family, want.name};
}
StreamRecord record_of(const wire::StreamEntry& e) {
  StreamRecord r;
  r.stream = e.stream;
  r.family = e.family;
  r.family_name = e.family_name;
  r.type = e.type;
  r.format = e.format;
  r.binding = e.binding;
  r.delivery = static_cast<Delivery>(e.delivery);
  r.history = e.history;
  r.source = e.source;
  for (const auto& [key, value] : e.labels) r.labels.emplace_back(key, value);
  r.messages = e.messages;
  r.bytes = e.bytes;
  r.next = e.next;
  return r;
}
std::size_t bytes_in(const std::vector<Bytes>& parts) {
  std::size_t all = 0;
  for (const Bytes& part : parts) all += part.size() + wire::kPacketBytesMin;
  return all;
}

}  // namespace

void Engine::State::put(wire::FrameType type, ByteView body, const Destinations& to, Outbox& out) {
  if (control.room() < wire::kFrameHeaderBytes + body.size() ||
      control.frames() >= options.frames_per_packet_max)
    seal_control(to, out);
  DTS_ASSERT(control.room() >= wire::kFrameHeaderBytes + body.size());
  control.add(type, body);
}

void Engine::State::seal_control(const Destinations& to, Outbox& out) {
  if (control.empty()) return;
  const std::size_t length = control.seal(next_packet++, to, out);
  counters.packets_out += to.size();
  counters.control_packets_out += to.size();
  counters.control_bytes_out += to.size() * length;
}

bool Engine::State::is_validated(const Reach& reach) const {
  const PathTable::LinkState* link = paths.find(reach.transport, reach.link);
  return reach.validated || (link && link->link.same_host);
}

std::uint64_t Engine::State::token_for(const NodeId& node, const Reach& reach) const {
  std::uint64_t h = secret;
  const auto mix = [&](std::uint64_t v) {
    h = (h ^ v) * 0x9e3779b97f4a7c15ull;
    h ^= h >> 29;
  };
  mix(base::load<std::uint64_t>(node.bytes.data()));
  mix(std::uint64_t{reach.transport} << 16 | reach.link);
  for (std::size_t i = 0; i < reach.address.size; ++i) mix(reach.address.bytes[i]);
  return h | 1;
}

// An address that has not answered a challenge gets at most three times what it sent.
bool Engine::State::within_budget(Peer& peer, const Reach& reach, std::size_t bytes) {
  if (is_validated(reach)) return true;
  if (peer.bytes_out + bytes > 3 * peer.bytes_in) return false;
  peer.bytes_out += bytes;
  return true;
}

// Begins a packet to the peer: with the challenge or the response that is due. Null when there is
// no way, or not for that many bytes; then it is made up for when the address has proven itself.
const Reach* Engine::State::begin_unicast(Instant now, Peer& peer, std::size_t estimate,
                                          Destinations& to, Outbox& out) {
  const Reach* reach = paths.choose(peer.reaches, now, peer.period);
  if (!reach) return nullptr;
  to = {{reach->transport, reach->link, 0, reach->address}};
  Bytes token;
  wire::Writer writer(token);
  constexpr std::size_t bare = wire::kPacketBytesMin + 2 * (wire::kFrameHeaderBytes + 8);
  const bool fits = within_budget(peer, *reach, estimate + bare);
  if (!fits) {
    ++counters.answers_withheld;
    peer.withheld = true;
    if (!within_budget(peer, *reach, bare)) return nullptr;
  }
  if (!is_validated(*reach)) {
    writer.number(token_for(peer.record.node, *reach));
    put(wire::FrameType::challenge, token, to, out);
  }
  if (peer.challenge) {
    token.clear();
    writer.number(std::exchange(peer.challenge, 0));
    put(wire::FrameType::response, token, to, out);
  }
  if (fits) return reach;
  seal_control(to, out);
  return nullptr;
}

Bytes Engine::State::announce_body(Instant now, bool starting) const {
  wire::Announce a;
  a.flags = starting ? wire::kAnnounceStarting : 0;
  a.unicast_port = options.unicast_port;
  a.process = options.process;
  a.wall_ns = wall(now);
  a.up_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<milliseconds>(now - started_at).count());
  a.period_ms = static_cast<std::uint32_t>(
      std::chrono::duration_cast<milliseconds>(announcer.period(peers.size(), paths.links().size()))
          .count());
  a.streams_digest = announcer.streams_digest();
  a.streams_count = streams_open;
  a.wants_digest = announcer.wants_digest();
  a.wants_count = static_cast<std::uint32_t>(wants.size());
  a.host = options.host;
  a.name = options.name;
  a.version = options.version;
  a.domain = options.domain;
  Bytes body;
  wire::Writer writer(body);
  write(writer, a);
  return body;
}

std::vector<Bytes> Engine::State::want_parts(
    wire::ListHead head, const std::vector<Announcer::WantChange>& entries) const {
  std::vector<Bytes> parts(1);
  const std::size_t room = control.body_max() - wire::kListHeadBytes - 32;
  Bytes entry;
  for (const auto& [want, removed] : entries) {
    entry.clear();
    wire::Writer writer(entry);
    write(writer, entry_of(want, removed));
    if (parts.back().size() + entry.size() > room) parts.emplace_back();
    parts.back().insert(parts.back().end(), entry.begin(), entry.end());
  }
  head.parts = static_cast<std::uint16_t>(parts.size());
  for (Bytes& part : parts) {
    Bytes whole;
    wire::Writer writer(whole);
    write(writer, head);
    writer.bytes(part);
    part = std::move(whole);
    ++head.part;
  }
  return parts;
}

std::vector<Bytes> Engine::State::all_want_parts() const {
  std::vector<Announcer::WantChange> entries;
  for (Interest& want : wants.list()) entries.push_back({std::move(want), false});
  return want_parts({wire::ListHead::Kind::complete, 0, announcer.wants_digest(), 0, 1}, entries);
}

std::vector<StreamId> Engine::State::open_ids(const Peer* wanted_by) const {
  std::vector<StreamId> ids;
  for (const auto& s : streams)
    if (s && (!wanted_by || wanted_by->wants.match(s->record.family, s->record.family_name).any))
      ids.push_back(s->record.stream);
  return ids;
}

// To everybody: who we are, what has changed, and, at the start, our lists if they fit.
void Engine::State::announce(Instant now, Outbox& out) {
  seal_open(out);
  Destinations to = paths.control_groups();
  for (const Path& path : named) to.push_back({path.transport, path.link, 0, path.address});
  for (const auto& [node, peer] : peers.all()) {  // those that do not hear our multicast
    const Reach* reach = paths.choose(peer->reaches, now, peer->period);
    if (!reach || paths.by_multicast(*reach, now, peer->period) || !is_validated(*reach)) continue;
    const Destination d{reach->transport, reach->link, 0, reach->address};
    if (std::find(to.begin(), to.end(), d) == to.end()) to.push_back(d);
  }
  const bool starting = announcer.starting() && peers.size() == 0;
  put(wire::FrameType::announce, announce_body(now, starting), to, out);
  if (announcer.starting()) {
    announcer.take_changes();
    change_due = Instant::max();
    for (const auto& s : streams)
      if (s) s->announced = true;
    const auto put_if_fits = [&](wire::FrameType type, const std::vector<Bytes>& parts) {
      if (parts.size() == 1 && parts[0].size() + wire::kFrameHeaderBytes <= control.room())
        put(type, parts[0], to, out);
    };
    if (wants.size()) put_if_fits(wire::FrameType::wants, all_want_parts());
    if (streams_open)
      put_if_fits(wire::FrameType::streams, stream_parts({wire::ListHead::Kind::complete, 0,
                                                          announcer.streams_digest(), 0, 1},
                                                         open_ids(nullptr)));
    if (starting && control.room() > wire::kFrameHeaderBytes) {  // what it earns is an answer
      const Bytes padding(control.room() - wire::kFrameHeaderBytes);
      put(wire::FrameType::padding, padding, to, out);
    }
  } else {
    put_changes(now, to, out);
    for (const auto& s : streams) {
      if (!s || !std::exchange(s->since_announce, false) || s->destinations.empty()) continue;
      if (control.room() < 16 || control.frames() >= options.frames_per_packet_max) break;
      Bytes body;
      wire::Writer writer(body);
      write(writer, wire::Digest{s->record.stream, s->record.next - 1});
      put(wire::FrameType::digest, body, to, out);
    }
  }
  seal_control(to, out);
}

// What was opened, closed, added or removed since the last announcement.
void Engine::State::put_changes(Instant now, const Destinations& to, Outbox& out) {
  change_due = Instant::max();
  if (!announcer.changed()) return;
  constexpr std::size_t parts_max = 64;  // beyond that peers ask
  Announcer::Changes changes = announcer.take_changes();
  using Kind = wire::ListHead::Kind;
  if (!changes.wants.empty()) {
    const auto parts = want_parts(
        {Kind::change, changes.wants_base, announcer.wants_digest(), 0, 1}, changes.wants);
    if (parts.size() <= parts_max)
      for (const Bytes& part : parts) put(wire::FrameType::wants, part, to, out);
  }
  if (changes.streams.empty()) return;
  const auto parts = stream_parts(
      {Kind::change, changes.streams_base, announcer.streams_digest(), 0, 1}, changes.streams);
  if (parts.size() <= parts_max)
    for (const Bytes& part : parts) put(wire::FrameType::streams, part, to, out);
  Bytes body;
  for (StreamId id : changes.streams) {
    OwnStream* s = own(id);
    if (!s) continue;
    s->announced = true;
    if (s->routes_version != routes_version) route(*s, now);
    if (s->record.next != 1 || s->receivers.empty() || parts.size() > parts_max) {
      for (const auto& [node, peer] : peers.all())
        if (peer->wants.match(s->record.family, s->record.family_name).any) {
          peer->push = true;
          peer->list_due = std::min(peer->list_due, now);
          owe(now);
        }
      continue;
    }
    body.clear();
    wire::Writer writer(body);
    write(writer, wire::History{id, 1, 0});  // for everybody it begins at 1
    put(wire::FrameType::history, body, to, out);
    for (const NodeId& node : s->receivers)
      if (Peer* peer = peers.find(node)) peer->joined[id] = now;
  }
}

// To one peer that has just appeared: who we are and what we want.
void Engine::State::announce_to(Instant now, Peer& peer, Outbox& out) {
  peer.announce_due = Instant::max();
  const Bytes body = announce_body(now, false);
  const std::vector<Bytes> parts = wants.size() ? all_want_parts() : std::vector<Bytes>();
  const bool inlined = parts.size() == 1 && parts[0].size() + body.size() + 64 < control.body_max();
  Destinations to;
  if (!begin_unicast(now, peer, body.size() + (inlined ? parts[0].size() : 0) + 16, to, out))
    return;
  put(wire::FrameType::announce, body, to, out);
  if (inlined) put(wire::FrameType::wants, parts[0], to, out);
  seal_control(to, out);
}

// The answer to LIST_REQUEST.
void Engine::State::send_list(Instant now, Peer& peer, Outbox& out) {
  const std::uint8_t flags = std::exchange(peer.list_flags, std::uint8_t{0});
  peer.list_due = Instant::max();
  using Kind = wire::ListHead::Kind;
  std::vector<Bytes> wants_out, streams_out;
  if (flags & wire::kListWants) wants_out = all_want_parts();
  if (flags & wire::kListAllStreams)
    streams_out =
        stream_parts({Kind::complete, 0, announcer.streams_digest(), 0, 1}, open_ids(nullptr));
  else if (flags & wire::kListStreams && peer.wants_progress.known())
    streams_out = stream_parts(
        {Kind::complete, peer.wants_progress.digest(), announcer.streams_digest(), 0, 1},
        open_ids(&peer));
  const Bytes body = announce_body(now, false);
  Destinations to;
  if (!begin_unicast(now, peer, body.size() + 16 + bytes_in(wants_out) + bytes_in(streams_out), to,
                     out)) {
    peer.list_flags = flags;  // again when the address has proven itself
    return;
  }
  put(wire::FrameType::announce, body, to, out);
  for (const Bytes& part : wants_out) put(wire::FrameType::wants, part, to, out);
  for (const Bytes& part : streams_out) put(wire::FrameType::streams, part, to, out);
  seal_control(to, out);
}

// A peer's wants are new to us: the records of what it wants, and the beginnings.
void Engine::State::push(Instant now, Peer& peer, Outbox& out) {
  peer.push = false;
  if (streams_open == 0) return;
  const std::vector<StreamId> ids = open_ids(&peer);
  std::vector<StreamId> fresh;
  for (StreamId id : ids)
    if (!peer.joined.contains(id)) fresh.push_back(id);
  if (fresh.empty()) {  // nothing urgent: still say that the list is complete
    peer.list_flags |= wire::kListStreams;
    const std::uint64_t spread_us = std::min<std::uint64_t>(500'000, 2000 * peers.size());
    peer.list_due = std::min(peer.list_due, now + microseconds(random.below(spread_us + 1)));
    owe(peer.list_due);
    return;
  }
  const std::vector<Bytes> parts =
      stream_parts({wire::ListHead::Kind::complete, peer.wants_progress.digest(),
                    announcer.streams_digest(), 0, 1},
                   ids);
  const Bytes body = announce_body(now, false);
  const std::vector<Bytes> want_list = wants.size() ? all_want_parts() : std::vector<Bytes>();
  const bool first_contact = std::exchange(peer.announce_due, Instant::max()) != Instant::max();
  const bool inlined = first_contact && want_list.size() == 1;
  Destinations to;
  if (!begin_unicast(now, peer,
                     body.size() + 64 + bytes_in(parts) + beginnings_bytes(fresh) +
                         (inlined ? bytes_in(want_list) : 0),
                     to, out)) {
    peer.push = peer.withheld;
    return;
  }
  put(wire::FrameType::announce, body, to, out);
  if (inlined) put(wire::FrameType::wants, want_list[0], to, out);
  for (const Bytes& part : parts) put(wire::FrameType::streams, part, to, out);
  seal_control(to, out);
  send_beginnings(now, peer, fresh, out);
}

std::size_t Engine::State::beginnings_bytes(const std::vector<StreamId>& ids) const {
  std::size_t bytes = 0;
  for (StreamId id : ids)
    if (const OwnStream* s = own(id)) bytes += 64 + s->history.bytes() + 40 * s->history.size();
  return bytes + bytes / 16;
}

void Engine::State::send_beginnings_within_budget(Instant now, Peer& peer,
                                                  const std::vector<StreamId>& ids, Outbox& out) {
  Destinations to;
  if (!begin_unicast(now, peer, beginnings_bytes(ids), to, out)) return;
  seal_control(to, out);
  send_beginnings(now, peer, ids, out);
}

// One of our own interests was added or removed: the merged want of that family or pattern.
void Engine::State::interest_changed(Instant now, const Interest& key) {
  Interest merged = key;
  merged.live = merged.history = false;
  bool any = false;
  for (const auto& [id, interest] : interests) {
    const bool same = key.family.is_zero() ? interest.family.is_zero() && interest.name == key.name
                                           : interest.family == key.family;
    if (!same) continue;
    any = true;
    merged.live |= interest.live;
    merged.history |= interest.history;
  }
  const auto fingerprint = [](const Interest& want) {
    std::uint64_t h = want.live * 2u + want.history + 4u;
    for (const std::uint8_t c : as_bytes(want.name)) h = (h ^ c) * 0x100000001b3ull;
    h ^= base::load<std::uint64_t>(want.family.bytes.data());
    h *= 0x9e3779b97f4a7c15ull;
    return (h ^ h >> 31) | 1;
  };
  if (const Interest* found = wants.find(key.family, key.name)) {
    const Interest old = *found;
    if (any && old.live == merged.live && old.history == merged.history) return;
    announcer.want_changed(old, fingerprint(old), true);
    wants.remove(old.family, old.name);
  }
  groups_changed = true;
  if (any) {
    if (!wants.add(merged, options.wants_per_node_max)) {
      ++counters.wants_refused;
      return;
    }
    announcer.want_changed(merged, fingerprint(merged), false);
    for (const auto& [node, peer] : peers.all())
      if (!(curious && peer->streams_progress.scope() == 0)) peer->scope_ok = false;
  }
  if (started) change_due = std::min(change_due, now + microseconds(200));
}

void Engine::State::forget_unwanted(Outbox& out) {
  std::erase_if(told, [&](const auto& t) {
    return !t.second.record || !wants_stream(*t.second.record);
  });
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
    PathTable::heard(peer->reaches, now, from);
    peer->duplicates.fresh(header.number);
    routes_changed();
  }
  PeerRecord& r = peer->record;
  r.host = a.host;
  r.name = a.name;
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
  peer->streams_digest = a.streams_digest;
  peer->streams_count = a.streams_count;
  peer->wants_digest = a.wants_digest;
  peer->wants_count = a.wants_count;
  sweep_due = std::min(sweep_due, now + options.announce_missed_max * peer->period * 5 / 4);
  if (fresh) {
    note(out, Notice::Kind::node_joined, header.node);
    if (const Peer* old = peers.predecessor(*peer))
      remove_peer(NodeId(old->record.node), Notice::Kind::node_gone, out);
  }
  if (fresh || a.flags & wire::kAnnounceStarting) {
    const std::uint64_t spread_us =
        peers.size() <= 16 ? 0 : std::min<std::uint64_t>(500'000, 1000 * peers.size());
    peer->announce_due = std::min(peer->announce_due, now + microseconds(random.below(spread_us)));
    owe(peer->announce_due);
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
  peer.scope_ok = head.base == 0 ? true : head.base == announcer.wants_digest();
  for (const StreamRecord& r : peer.record.streams)
    if (!peer.listed.contains(r.stream) && (head.base == 0 || wants_stream(r)))
      close_later(now, peer, r.stream);
  peer.listed.clear();
}

// What it sent before it was closed may still be on its way.
void Engine::State::close_later(Instant now, Peer& peer, StreamId stream) {
  if (!PeerTable::find_stream(peer, stream)) return;
  const auto [at, fresh] = closing.try_emplace({peer.record.node, stream}, now + milliseconds(100));
  if (fresh) closing_due = std::min(closing_due, at->second);
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
  }
  if (wanted) inbound(now, peer, entry.stream);  // asks for the beginning if it does not come
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
  std::erase_if(peer.joined, [&](const auto& joined) {
    const OwnStream* s = own(joined.first);
    return !s || !peer.wants.match(s->record.family, s->record.family_name).any;
  });
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
  if (!peer.record.announced || (!ask_wants && !ask_streams)) {
    peer.ask_due = Instant::max();
    peer.asked = 0;
    return;
  }
  constexpr unsigned asked_max = 10;  // then only after its next announcement of a change
  if (peer.ask_due != Instant::max() || peer.asked >= asked_max) return;
  const Duration wait = peer.asked  ? milliseconds(30) * (1 << std::min(peer.asked, 6u))
                        : ask_wants ? Duration(0)
                                    : Duration(milliseconds(30));
  const std::uint64_t spread_us = std::min<std::uint64_t>(200'000, 1000 * peers.size());
  peer.ask_due = now + wait + microseconds(random.below(spread_us));
  owe(peer.ask_due);
}

// Does what this peer is owed by now.
void Engine::State::settle_debts(Instant now, Peer& peer, Outbox& out) {
  apply_empty_lists(now, peer, out);
  if (peer.push) push(now, peer, out);
  if (peer.announce_due <= now) announce_to(now, peer, out);
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
  constexpr std::size_t packets_max = 64;
  const std::size_t room = control.body_max() - wire::kTypeHeadBytes - 32;
  const std::size_t end = std::min(document.size(), request.offset + packets_max * room);
  Destinations to;
  if (!begin_unicast(now, peer, (end - request.offset) * 17 / 16 + 64, to, out)) return;
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

void Engine::State::receive_response(Peer& peer, ByteView body) {
  std::uint64_t token = 0;
  if (!wire::read_token(body, token)) {
    ++counters.frame_malformed;
    return;
  }
  for (Reach& reach : peer.reaches) {
    if (reach.validated || token_for(peer.record.node, reach) != token) continue;
    reach.validated = true;
    routes_changed();
    if (std::exchange(peer.withheld, false)) {
      peer.push = true;
      if (peer.list_flags) peer.list_due = Instant{};
    }
    return;
  }
}

}  // namespace dts::proto
