// The engine's flow control: streams that wait for their receivers (publisher), how far we are
// with those of others (receiver), and the confirmations of commands.
#include <algorithm>

#include <base/canary.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {

using std::chrono::milliseconds;

namespace {
// An overdue report is asked for, each time twice as long after the last time, but never later than
// this.
constexpr Duration kReportOverdueMax = milliseconds(200);
// What a question says was sent may still be read from another socket.
constexpr Duration kTailWait = milliseconds(20);
// What a node says it has room for is never less, nor more.
constexpr std::uint32_t kRoomMin = 32u << 10, kRoomMax = 4u << 20;
}  // namespace

// ---- The publisher

// All that is in flight can still be repaired.
std::uint64_t Engine::State::window_bytes_of(const OwnStream& s) const {
  if (s.record.delivery == Delivery::stream) return options.send_window_bytes;
  return std::min<std::uint64_t>(
      {options.send_window_bytes, options.repair_bytes_per_stream_max * 3 / 4,
       std::max<std::uint64_t>(kRoomMin, options.repair_bytes_max / 2 / (own_waiting + 1))});
}

// Has it room for a message of this cost? A large one must find it for all of itself: what it
// would push out of the history could not be repaired any more.
bool Engine::State::has_room(const OwnStream& s, std::uint64_t cost) const {
  const StreamId id = s.record.stream;
  if (!splitter.holds(id) && cost <= open.message_bytes_max() + kPacketCost)
    return window.full(id, std::max(cost, kWindowProbe)).empty();
  const Splitter::Unsent unsent = splitter.unsent(id);
  const std::uint64_t before = window.in_flight(id) + unsent.total - unsent.sent;
  return before == 0 || before + cost <= window_bytes_of(s);
}

bool Engine::State::is_full(Instant now, OwnStream& s, std::uint64_t cost, Outbox& out) {
  const bool small =
      !splitter.holds(s.record.stream) && cost <= open.message_bytes_max() + kPacketCost;
  const bool room = small ? window.open(now, s.record.stream, cost) : has_room(s, cost);
  tell_evicted(out);
  return !room;
}

Error Engine::State::refuse_full(Instant now, OwnStream& s, std::uint64_t cost, Outbox& out) {
  ++counters.window_full;
  s.blocked = true;
  s.blocked_cost = cost;
  expect_reports(now, s);
  seal_open(out);  // it may be what they are to report
  ask_for_rest(now, s, s.record.next - 1, out);
  return Error(ErrorCode::would_block, "a subscriber is slower than this", {}, "its window is full",
               "publish more slowly");
}

void Engine::State::mark_flow(Instant now, StreamId stream, Sequence sequence) {
  window.mark(now, stream, sequence, [&](const NodeId& node) {
    const Peer* const peer = peers.find(node);
    return peer ? peer->record.last_heard : now;
  });
}

// True: this packet is to ask for a report.
bool Engine::State::note_sent(Instant now, OwnStream& s, Sequence sequence, std::uint64_t cost,
                              std::span<const NodeId> to) {
  if (!window.sent(s.record.stream, cost, to)) return false;
  mark_flow(now, s.record.stream, sequence);
  expect_reports(now, s);
  return true;
}

// It would be here by now, but for a loss.
Duration Engine::State::report_overdue(const OwnStream& s) const {
  return std::min(2 * NackTimer::hold_off(audience_of(s)), kReportOverdueMax);
}

void Engine::State::expect_reports(Instant now, OwnStream& s) {
  if (s.asking) return;
  s.asking = true;
  asking.push_back(s.record.stream);
  s.report_wait = report_overdue(s);
  s.report_due = now + s.report_wait;
  flow_due = std::min(flow_due, s.report_due);
}

void Engine::State::unblock(OwnStream& s, Outbox& out) {
  if (!s.blocked || !has_room(s, s.blocked_cost)) return;
  s.blocked = false;
  note(out, Notice::Kind::writable, options.node, s.record.stream);
}

void Engine::State::tell_evicted(Outbox& out) {
  if (!window.any_evicted()) return;
  for (const Window::Evicted& evicted : window.take_evicted()) {
    ++counters.receivers_evicted;
    note(out, Notice::Kind::evicted, evicted.node, evicted.stream);
  }
}

void Engine::State::ask_report(Instant now, const OwnStream& s, const std::vector<NodeId>& nodes,
                               Sequence sequence, Outbox& out) {
  Bytes body;
  wire::Writer writer(body);
  write(writer, wire::Report{s.record.stream, sequence});
  for (const NodeId& node : nodes) {
    Destinations to;
    Peer* const peer = peers.find(node);
    if (!peer || !begin_unicast(now, *peer, 64, to, out)) continue;
    put(wire::FrameType::report, body, to, out);
    seal_control(to, out);
  }
}

// What went after the last report was asked for may stand in the way, of a large message or because
// a receiver has less room than before: then nothing is owed, and it is asked for as well. `last`
// is the last sequence that went.
void Engine::State::ask_for_rest(Instant now, OwnStream& s, Sequence last, Outbox& out) {
  const StreamId id = s.record.stream;
  if (!window.owing(id).empty() || !window.in_flight(id)) return;
  mark_flow(now, id, last);
  ask_report(now, s, window.owing(id), last, out);
}

// Reports that are overdue: asked for, or their node evicted.
void Engine::State::service_flow(Instant now, Outbox& out) {
  if (flow_due > now) return;
  flow_due = Instant::max();
  std::vector<StreamId> still;
  for (const StreamId id : std::exchange(asking, {})) {
    OwnStream* const s = own(id);
    if (!s) continue;
    if (s->routes_version != routes_version) route(*s, now);
    if (s->report_due <= now) {
      if (s->blocked) window.open(now, id, s->blocked_cost);
      tell_evicted(out);
      const std::vector<NodeId> owing = window.owing(id);
      const Sequence last = splitter.first_unsent(id, s->record.next) - 1;
      if (!DTS_CANARY(63)) ask_report(now, *s, owing, last, out);
      s->report_wait = std::min(2 * s->report_wait, kReportOverdueMax);
      s->report_due = now + s->report_wait;
      unblock(*s, out);
      s->asking = s->blocked || !owing.empty();
    }
    if (!s->asking) continue;
    still.push_back(id);
    flow_due = std::min(flow_due, s->report_due);
  }
  asking.insert(asking.end(), still.begin(), still.end());
}

void Engine::State::receive_progress(Instant now, Peer& peer, ByteView body, Outbox& out) {
  wire::Progress p;
  if (!read(body, p)) {
    ++counters.frame_malformed;
    return;
  }
  OwnStream* const s = own(p.stream);
  if (!s || p.sequence >= s->record.next) {
    ++counters.frame_unexpected;
    return;
  }
  if (s->record.delivery == Delivery::command) {
    note(out, Notice::Kind::confirmed, peer.record.node, p.stream);
    out.notices.back().from = p.sequence;
  }
  if (s->record.waits && s->routes_version != routes_version) route(*s, now);
  const bool moved = window.reported(now, peer.record.node, p.stream, p.sequence,
                                     std::clamp(p.room, kRoomMin, kRoomMax), s->record.waits);
  pump(now, out);
  if (!s->record.waits) return;
  if (moved) {
    s->report_wait = report_overdue(*s);
    s->report_due = now + s->report_wait;
  }
  unblock(*s, out);
  if (s->blocked && !splitter.holds(p.stream)) ask_for_rest(now, *s, s->record.next - 1, out);
}

// ---- The receiver

// What may be under way to us by this transport: its buffer, shared by the streams that wait; a
// quarter is left to the others.
std::uint32_t Engine::State::room_of(TransportIndex transport) const {
  const std::uint32_t known = transport < buffers.size() ? buffers[transport] : 0;
  const std::uint64_t bytes = known ? known : options.send_window_bytes;
  const std::uint64_t share = bytes * 3 / 4 / std::max<std::size_t>(1, waiting_streams);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(share, kRoomMin, kRoomMax));
}

void Engine::State::send_progress(Instant now, Peer& peer, StreamId stream, Sequence sequence,
                                  Outbox& out) {
  Destinations to;
  const Reach* const reach = begin_unicast(now, peer, 64, to, out);
  if (!reach) return;
  Bytes report;
  wire::Writer writer(report);
  write(writer, wire::Progress{stream, sequence, room_of(reach->transport)});
  put(wire::FrameType::progress, report, to, out);
  seal_control(to, out);
}

// A frame of data has been read: its publisher may want to know, now or when what is missing
// before it has come. DATA and FRAGMENT begin alike.
//  | flags u8 | stream u32 | sequence u64 |
void Engine::State::heard_data(Instant now, Peer& peer, ByteView body, Outbox& out) {
  wire::Reader reader(body);
  const auto flags = reader.number<std::uint8_t>();
  const auto at = peer.inbound.find(reader.number<std::uint32_t>());
  const auto sequence = reader.number<std::uint64_t>();
  if (!reader.ok() || at == peer.inbound.end() || !at->second->waits()) return;
  static_assert(wire::kDataReport == wire::kFragmentReport);
  InboundStream& in = *at->second;
  if (flags & wire::kDataReport) ask_about(in, sequence);
  answer_report(now, peer, in, out);
}

// Each question is answered when it can be, not with the last one: the window moves on while the
// rest of it is being repaired. One that was lost comes with its repair, after those behind it; and
// who has joined lately is further than what is asked about.
void Engine::State::ask_about(InboundStream& in, Sequence sequence) {
  std::deque<Sequence>& asked = in.questions;
  const auto at = std::lower_bound(asked.begin(), asked.end(), sequence);
  if (at != asked.end() && *at == sequence) return;
  asked.insert(at, sequence);
  if (asked.size() > InboundStream::questions_max) asked.erase(asked.end() - 2);
}

// Everything up to what was asked about is here, or named.
void Engine::State::answer_report(Instant now, Peer& peer, InboundStream& in, Outbox& out) {
  const Sequence have = in.gaps.settled() - 1;
  if ((in.on_hold && !DTS_CANARY(64)) || in.questions.empty() || have < in.questions.front())
    return;
  while (!in.questions.empty() && in.questions.front() <= have) in.questions.pop_front();
  in.reported = std::max(in.reported, have);
  send_progress(now, peer, in.stream, in.reported, out);
}

void Engine::State::receive_report(Instant now, Peer& peer, ByteView body, Outbox& out) {
  wire::Report report;
  if (!read(body, report)) {
    ++counters.frame_malformed;
    return;
  }
  const auto at = peer.inbound.find(report.stream);
  if (at == peer.inbound.end() || !at->second->joined || !at->second->record) return;
  InboundStream& in = *at->second;
  if (in.record->delivery == Delivery::command) {
    if (std::find(in.handled.begin(), in.handled.end(), report.sequence) != in.handled.end())
      send_progress(now, peer, in.stream, report.sequence, out);
    return;
  }
  if (!in.waits()) return;
  // What was sent last may be lost, and of the profile `stream` no DIGEST tells.
  if (in.gaps.published(report.sequence, now, now + kTailWait) && !in.gaps.complete())
    watch(peer, in, in.gaps.deadline());
  if (report.sequence > in.reported) ask_about(in, report.sequence);
  if (!in.on_hold || DTS_CANARY(64)) in.reported = in.gaps.settled() - 1;
  send_progress(now, peer, in.stream, in.reported, out);
}

void Engine::State::hold_reports(const NodeId& node, StreamId stream) {
  Peer* const peer = peers.find(node);
  if (!peer) return;
  const auto at = peer->inbound.find(stream);
  if (at != peer->inbound.end()) at->second->on_hold = true;
}

void Engine::State::release_reports(Instant now, const NodeId& node, StreamId stream, Outbox& out) {
  Peer* const peer = peers.find(node);
  if (!peer) return;
  const auto at = peer->inbound.find(stream);
  if (at == peer->inbound.end() || DTS_CANARY(65)) return;
  at->second->on_hold = false;
  if (at->second->waits()) answer_report(now, *peer, *at->second, out);
}

void Engine::State::confirm_command(Instant now, const NodeId& node, StreamId stream,
                                    Sequence sequence, Outbox& out) {
  Peer* const peer = peers.find(node);
  if (!peer) return;
  const auto at = peer->inbound.find(stream);
  if (at == peer->inbound.end()) return;
  std::deque<Sequence>& handled = at->second->handled;
  handled.push_back(sequence);
  if (handled.size() > InboundStream::handled_max) handled.pop_front();
  send_progress(now, *peer, stream, sequence, out);
}

}  // namespace dts::proto
