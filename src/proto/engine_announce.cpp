// The engine's talk about itself: announcements, lists, beginnings, each within what an address
// has earned.
#include <algorithm>

#include <base/canary.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {

using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

// How far a stream has come is said in so many announcements after its last data.
constexpr unsigned kTailAnnounced = 3;

wire::WantEntry entry_of(const Interest& want, bool removed) {
  return {removed, want.live, want.history, want.family, want.name, {}, want.via};
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
  peer.bytes_out += DTS_CANARY(24) ? 100 * bytes : bytes;
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

Bytes Engine::State::announce_body(Instant now, std::uint8_t flags) const {
  wire::Announce a;
  a.flags = flags;
  a.unicast_port = options.unicast_port;
  a.process = options.process;
  a.wall_ns = wall(now);
  a.up_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<milliseconds>(now - started_at).count());
  a.period_ms = static_cast<std::uint32_t>(
      std::chrono::duration_cast<milliseconds>(announcer.period(peers.size(), paths.links().size()))
          .count());
  a.streams_digest = announcer.streams_digest();
  a.streams_count = streams_visible;
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

void Engine::State::put_announcement(Instant now, std::uint8_t flags, const Destinations& to,
                                     Outbox& out) {
  put(wire::FrameType::announce, announce_body(now, flags), to, out);
  if (!options.hub) return;
  Bytes body;
  wire::Writer writer(body);
  writer.number(options.hub);
  put(wire::FrameType::hub, body, to, out);
}

std::vector<Bytes> Engine::State::want_parts(
    wire::ListHead head, const std::vector<Announcer::WantChange>& entries) const {
  std::vector<Bytes> parts(1);
  const std::size_t room = control.body_max() - wire::kListHeadBytes - 32;
  Bytes entry, selections;
  for (const auto& [want, removed] : entries) {
    entry.clear();
    selections.clear();
    wire::Writer writer(entry), selected(selections);
    for (const Selection& s : want.selections) wire::write_selection(selected, s);
    wire::WantEntry e = entry_of(want, removed);
    // What would not fit is decided here.
    if (!removed && want.name.size() + selections.size() + 32 <= room) e.selections = selections;
    write(writer, e);
    if (parts.back().size() + entry.size() > room) parts.emplace_back();
    parts.back().insert(parts.back().end(), entry.begin(), entry.end());
  }
  wire::put_heads(head, parts);
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
    if (s && s->visible &&
        (!wanted_by || wanted_by->wants.match(s->record.family, s->record.family_name).any))
      ids.push_back(s->record.stream);
  return ids;
}

// To everybody: who we are, what has changed, and, at the start, our lists if they fit.
void Engine::State::announce(Instant now, Outbox& out) {
  constexpr std::size_t routes_per_announcement = 16;
  seal_open(out);
  Destinations to = paths.control_groups();
  for (const Path& path : named) to.push_back({path.transport, path.link, 0, path.address});
  for (const auto& [node, peer] : peers.all()) {  // those that do not hear our multicast
    const Reach* reach = paths.choose(peer->reaches, now, peer->period);
    follow_multicast(now, *peer, reach, out);
    if (!reach || paths.by_multicast(*reach, now, peer->period) || !is_validated(*reach)) continue;
    const Destination d{reach->transport, reach->link, 0, reach->address};
    if (std::find(to.begin(), to.end(), d) == to.end()) to.push_back(d);
  }
  const bool starting = announcer.starting() && peers.size() == 0;
  put_announcement(now, starting ? wire::kAnnounceStarting : std::uint8_t{0}, to, out);
  put_health(now, to, out);
  if (announcer.starting()) {
    announcer.take_changes();
    change_due = Instant::max();
    std::vector<StreamId> fresh;
    for (const auto& s : streams)
      if (s && s->visible && !std::exchange(s->announced, true)) fresh.push_back(s->record.stream);
    const auto put_if_fits = [&](wire::FrameType type, const std::vector<Bytes>& parts) {
      const bool fits =
          parts.size() == 1 && parts[0].size() + wire::kFrameHeaderBytes <= control.room();
      if (fits) put(type, parts[0], to, out);
      return fits;
    };
    if (wants.size()) put_if_fits(wire::FrameType::wants, all_want_parts());
    const bool listed = streams_open && put_if_fits(wire::FrameType::streams,
                                                    stream_parts({wire::ListHead::Kind::complete, 0,
                                                                  announcer.streams_digest(), 0, 1},
                                                                 open_ids(nullptr)));
    // Who waited hears it from the beginning, without having to ask.
    put_beginnings(now, fresh, listed, to, out);
    if (starting && control.room() > wire::kFrameHeaderBytes) {  // what it earns is an answer
      const Bytes padding(control.room() - wire::kFrameHeaderBytes);
      put(wire::FrameType::padding, padding, to, out);
    }
  } else {
    put_changes(now, to, out);
    // A group that has grown is told so before there is anything to lose.
    std::size_t routed = 0;
    for (const auto& s : streams)
      if (s && s->routes_version != routes_version && routed++ < routes_per_announcement)
        route(*s, now);
    for (const auto& s : streams) {
      if (!s || s->destinations.empty()) continue;
      if (s->tail_announced >= kTailAnnounced && !s->closed()) continue;
      if (control.room() < 48 || control.frames() >= options.frames_per_packet_max) break;
      ++s->tail_announced;
      Bytes body;
      wire::Writer writer(body);
      write(writer, digest_of(now, *s));
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
  put_ends(now, changes.streams, to, out);
  const auto parts = stream_parts(
      {Kind::change, changes.streams_base, announcer.streams_digest(), 0, 1}, changes.streams);
  if (parts.size() <= parts_max)
    for (const Bytes& part : parts) put(wire::FrameType::streams, part, to, out);
  put_beginnings(now, changes.streams, parts.size() <= parts_max, to, out);
}

// The beginnings of streams that are announced for the first time, to those that want them:
// HISTORY for everybody when nothing has been published and the record is `described` in front of
// it, else to each what it needs.
void Engine::State::put_beginnings(Instant now, const std::vector<StreamId>& ids, bool described,
                                   const Destinations& to, Outbox& out) {
  Bytes body;
  for (StreamId id : ids) {
    OwnStream* s = own(id);
    if (!s || !s->visible) continue;
    s->announced = true;
    if (s->routes_version != routes_version) route(*s, now);
    if (s->record.next != 1 || s->receivers.empty() || !described) {
      owe_beginning(now, *s);
      continue;
    }
    body.clear();
    wire::Writer writer(body);
    write(writer, wire::History{id, 1, 0, {}});  // for everybody it begins at 1
    put(wire::FrameType::history, body, to, out);
    for (const NodeId& node : s->receivers)
      if (Peer* peer = peers.find(node)) give_beginning(now, *peer, *s, 1);
  }
}

// Whether multicast between us and the peer works may have changed. While it does not, people are
// reminded every minute: joining the groups again may help a switch that has forgotten us.
void Engine::State::follow_multicast(Instant now, Peer& peer, const Reach* reach, Outbox& out) {
  constexpr Duration again = std::chrono::minutes(1);
  const bool was = peer.blocked != Instant{};
  const bool blocked = reach && reach->multicast && paths.find(reach->transport, reach->link) &&
                       !paths.by_multicast(*reach, now, peer.period);
  if (blocked != was) routes_changed();
  if (blocked && !was) renew_tails(now, peer);
  if (blocked && (!was || now - peer.blocked >= again)) {
    peer.blocked = now;
    note(out, Notice::Kind::multicast_blocked, peer.record.node);
  }
  if (!blocked) peer.blocked = Instant{};
}

// A peer whose multicast has fallen silent is told so by unicast, once a period: if it lives, it
// answers, and sends by unicast what it has sent to groups. Returns when to look again.
Instant Engine::State::tell_unheard(Instant now, Peer& peer, Outbox& out) {
  if (!started) return Instant::max();  // or leaving: that would take back the goodbye
  const Reach* reach = paths.choose(peer.reaches, now, peer.period);
  if (!reach || !reach->multicast || !paths.find(reach->transport, reach->link))
    return Instant::max();
  const Instant due =
      std::max(reach->multicast_heard + 3 * peer.period, peer.unheard_told + peer.period);
  if (due > now) return due;
  peer.unheard_told = now;
  announce_to(now, peer, out, wire::kAnnounceUnheard);
  return now + peer.period;
}

// To one peer, by unicast: who we are and what we want.
void Engine::State::announce_to(Instant now, Peer& peer, Outbox& out, std::uint8_t flags) {
  peer.announce_due = Instant::max();
  const Bytes body = announce_body(now, flags);
  const std::vector<Bytes> parts = wants.size() ? all_want_parts() : std::vector<Bytes>();
  const bool inlined = parts.size() == 1 && parts[0].size() + body.size() + 64 < control.body_max();
  Destinations to;
  if (!begin_unicast(now, peer, body.size() + (inlined ? parts[0].size() : 0) + 16, to, out))
    return;
  put_announcement(now, flags, to, out);
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
  else if (flags & wire::kListStreams && peer.wants_progress.known() && peer.wants.size())
    streams_out = stream_parts(
        {Kind::complete, peer.wants_progress.digest(), announcer.streams_digest(), 0, 1},
        open_ids(&peer));
  const std::vector<StreamId> ends = closed_ids(peer);
  const Bytes body = announce_body(now);
  Destinations to;
  if (!begin_unicast(
          now, peer,
          body.size() + 16 + bytes_in(wants_out) + bytes_in(streams_out) + ends.size() * kEndBytes,
          to, out)) {
    peer.list_flags = flags;  // again when the address has proven itself
    return;
  }
  put_announcement(now, 0, to, out);
  if (!streams_out.empty()) put_ends(now, ends, to, out);
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
    peers.owe(peer, peer.list_due);
    return;
  }
  const std::vector<Bytes> parts =
      stream_parts({wire::ListHead::Kind::complete, peer.wants_progress.digest(),
                    announcer.streams_digest(), 0, 1},
                   ids);
  const std::vector<StreamId> ends = closed_ids(peer);
  const Bytes body = announce_body(now);
  const std::vector<Bytes> want_list = wants.size() ? all_want_parts() : std::vector<Bytes>();
  const bool first_contact = std::exchange(peer.announce_due, Instant::max()) != Instant::max();
  const bool inlined = first_contact && want_list.size() == 1;
  Destinations to;
  if (!begin_unicast(now, peer,
                     body.size() + 64 + bytes_in(parts) + beginnings_bytes(fresh) +
                         ends.size() * kEndBytes + (inlined ? bytes_in(want_list) : 0),
                     to, out)) {
    peer.push = peer.withheld;
    return;
  }
  put_announcement(now, 0, to, out);
  if (inlined) put(wire::FrameType::wants, want_list[0], to, out);
  put_ends(now, ends, to, out);
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

}  // namespace dts::proto
