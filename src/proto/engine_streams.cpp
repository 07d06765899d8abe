// The engine's streams of others: data put in order, fragments joined, history fetched, gaps named.
#include <algorithm>
#include <tuple>

#include <base/canary.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {

using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {
// HISTORY is asked for again after this, and given up after that; what it promised and has not come
// by then is asked for piece by piece.
constexpr Duration kHistoryRetry = milliseconds(20), kHistoryMax = milliseconds(500),
                   kHistoryWait = milliseconds(100);
constexpr unsigned kHistoryRequestsMax = 4;
// Where a stream that nobody has described began to be heard is kept so long.
constexpr Duration kBeginKept = milliseconds(5000);
// What came before its stream was joined: of a node, of all.
constexpr std::uint64_t kEarlyBytesOfNode = 2u << 20, kEarlyBytesMax = 16u << 20;
}  // namespace

// The receiving end of a stream we want (or may want: its record is still to come).
InboundStream* Engine::State::inbound(Instant now, Peer& peer, StreamId stream) {
  if (const auto at = peer.inbound.find(stream); at != peer.inbound.end()) return at->second.get();
  const StreamRecord* record = PeerTable::find_stream(peer, stream);
  // Its list lacks the stream: a new one, read before its announcement, or none for us.
  const bool judged =
      is_answer(stream) || (peer.record.streams_complete && stream <= peer.unwanted_to);
  if (record ? !wants_stream(*record) : judged) {
    ++counters.data_unwanted;
    return nullptr;
  }
  if (wants.size() == 0 && !record) {
    ++counters.data_unwanted;
    return nullptr;
  }
  if (peer.inbound.size() >= options.streams_per_node_max) {
    ++counters.streams_refused;
    return nullptr;
  }
  auto in = std::make_unique<InboundStream>();
  in->stream = stream;
  in->give_up = now + kHistoryMax;
  in->request_due = now + kHistoryRetry;
  InboundStream* const made = in.get();
  peer.inbound.emplace(stream, std::move(in));
  watch(peer, *made, made->request_due);
  return made;
}

void Engine::State::hold_early(Peer& peer, InboundStream& in, wire::FrameType type, ByteView body) {
  if (const auto begin = InboundStream::begin_of(type, body))
    in.begin = std::min(in.begin, begin->sequence);
  const std::size_t cost = InboundStream::Early::cost_of(body);
  if (peer.early_bytes + cost > kEarlyBytesOfNode || early_bytes + cost > kEarlyBytesMax) {
    ++counters.data_unknown_stream;
    return;
  }
  in.early.push_back({type, Bytes(body.begin(), body.end())});
  in.early_bytes += cost;
  peer.early_bytes += cost;
  early_bytes += cost;
}

std::vector<InboundStream::Early> Engine::State::take_early(Peer& peer, InboundStream& in) {
  early_bytes -= in.early_bytes;
  peer.early_bytes -= std::exchange(in.early_bytes, 0);
  return std::exchange(in.early, {});
}

void Engine::State::replay(Instant now, Peer& peer, std::vector<InboundStream::Early> frames,
                           Outbox& out) {
  for (auto& frame : frames) {
    const std::size_t messages_before = out.messages.size();
    // What is delivered out of this copy must live as long as the outbox.
    const auto owner = std::make_shared<const Bytes>(std::move(frame.body));
    if (frame.type == wire::FrameType::data)
      receive_data(now, peer, *owner, out);
    else
      receive_fragment(now, peer, nullptr, *owner, out);
    for (std::size_t i = messages_before; i < out.messages.size(); ++i)
      if (!out.messages[i].owner) out.messages[i].owner = owner;
  }
}

// A node has announced itself whose data was read first: now it is a peer's data.
void Engine::State::replay_stranger(Instant now, Peer& peer, Outbox& out) {
  auto early = strangers.take(peer.record.node);
  if (!early) return;
  for (const auto& [stream, begin] : early->begins)
    if (InboundStream* in = inbound(now, peer, stream); in && !in->joined)
      in->begin = std::min(in->begin, begin);
  replay(now, peer, std::move(early->frames), out);
}

// The record of a stream has come: from here HISTORY is waited for.
void Engine::State::described(Instant now, Peer& peer, StreamId stream) {
  InboundStream* const in = inbound(now, peer, stream);
  if (!in || in->joined) return;
  in->request_due = now + kHistoryRetry;
  in->give_up = now + kHistoryMax;
  watch(peer, *in, in->request_due);
}

namespace {
// Some entries of a DATA frame: those behind the first `skip`, at most `count` of them.
struct Entries {
  ByteView bytes;
  std::uint64_t published = 0;  // of the message before them: theirs are differences
  Sequence count = 0;
};
Entries entries_of(ByteView all, std::uint64_t published, Sequence skip, Sequence count) {
  Entries e;
  wire::Reader reader(all);
  const auto next = [&](std::uint64_t& time) {
    const std::uint64_t size = reader.varint();
    time += static_cast<std::uint64_t>(reader.signed_varint());
    reader.bytes(size);
    return reader.ok();
  };
  for (; skip && !reader.done(); --skip)
    if (!next(published)) return e;
  e.published = published;
  const std::size_t begin = all.size() - reader.left();
  std::size_t end = begin;
  for (; e.count < count && !reader.done(); ++e.count) {
    if (!next(published)) break;
    end = all.size() - reader.left();
  }
  e.bytes = all.subspan(begin, end - begin);
  return e;
}
constexpr Sequence kAllEntries = ~Sequence{0};
}  // namespace

void Engine::State::receive_data(Instant now, Peer& peer, ByteView body, Outbox& out) {
  wire::Reader reader(body);
  const wire::DataHead head = wire::read_data_head(reader);
  if (!reader.ok() || head.first == 0 || head.first >> 62) {
    ++counters.frame_malformed;
    return;
  }
  InboundStream* const in = inbound(now, peer, head.stream);
  if (!in) return;
  if (!in->joined) return hold_early(peer, *in, wire::FrameType::data, body);
  const auto published = static_cast<std::uint64_t>(head.published_ns);
  const ByteView entries = body.subspan(wire::kDataHeadBytes);
  if (in->gaps.complete() && head.first == in->gaps.next() && in->held.empty()) {
    const Sequence count = deliver_run(peer, *in, head.first, published, entries, nullptr, out);
    in->gaps.arrived_in_order(count);
    in->loss -= in->loss * (1.0f / 64);
    return;
  }
  const Entries all = entries_of(entries, published, 0, kAllEntries);
  if (all.bytes.size() != entries.size()) ++counters.frame_malformed;
  if (all.count == 0) return;
  const Sequence next = in->gaps.next();
  const Instant due = head.first > next ? miss_due(now, peer, *in) : now;
  arrivals.clear();
  const auto arrival = in->gaps.arrived(head.first, head.first + all.count - 1, now, due, arrivals);
  if (arrival == GapDetector::Arrival::absurd) {
    ++counters.frame_unexpected;
    return;
  }
  if (head.first < next && !arrivals.empty()) in->gaps.hurry(NackTimer::quick_tries, now);
  if (head.first >= next) in->loss += ((head.first > next ? 1.0f : 0.0f) - in->loss) * (1.0f / 64);
  Sequence taken = 0;
  for (const GapDetector::Range& range : arrivals) {
    const Sequence count = range.to - range.from + 1;
    const Entries run =
        count == all.count ? all : entries_of(entries, published, range.from - head.first, count);
    take_run(peer, *in, range.from, range.to, run.published, run.bytes, out);
    taken += count;
  }
  counters.data_duplicate += all.count - taken;
  if (taken < all.count && head.flags & wire::kDataHistoric && !in->withheld.empty())
    deliver_late(peer, *in, head.first, published, entries, out);
  drain(peer, *in, out);
  if (!in->gaps.complete()) watch(peer, *in, in->gaps.deadline());
}

// Messages that have arrived: handed out, or held until it is their turn.
void Engine::State::take_run(Peer& peer, InboundStream& in, Sequence first, Sequence last,
                             std::uint64_t published, ByteView entries, Outbox& out) {
  const bool first_in_line = in.held.empty() || in.held.begin()->first > first;
  if (in.gaps.settled() > last && first_in_line) {
    deliver_run(peer, in, first, published, entries, nullptr, out);
    return;
  }
  InboundStream::Held held;
  held.last = last;
  held.published_ns = static_cast<std::int64_t>(published);
  held.bytes = std::make_shared<const Bytes>(entries.begin(), entries.end());
  held.kind = InboundStream::Held::Kind::run;
  hold(peer, in, first, std::move(held), out);
}

// Hands out the messages of some entries; returns how many they were.
Sequence Engine::State::deliver_run(Peer& peer, InboundStream& in, Sequence first,
                                    std::uint64_t published, ByteView entries,
                                    const std::shared_ptr<const Bytes>& owner, Outbox& out) {
  wire::Reader reader(entries);
  Sequence sequence = first;
  for (; !reader.done(); ++sequence) {
    const std::uint64_t size = reader.varint();
    published += static_cast<std::uint64_t>(reader.signed_varint());
    const ByteView bytes = reader.bytes(size);
    if (!reader.ok()) {
      ++counters.frame_malformed;
      break;
    }
    if (in.origin && !comes_first(in, sequence, sequence, out)) continue;
    ++counters.messages_in;
    Message& m = out.messages.emplace_back();
    std::tie(m.node, m.stream) = whose(peer, in);
    m.first = m.last = sequence;
    m.published_ns = static_cast<std::int64_t>(published);
    m.bytes = bytes;
    m.historic = is_historic(in, sequence);
    m.record = in.record.get();
    if (owner) m.owner = owner;
  }
  in.told = sequence - 1;
  return sequence - first;
}

void Engine::State::receive_fragment(Instant now, Peer& peer, const Path* from, ByteView body,
                                     Outbox& out) {
  wire::Fragment f;
  if (!read(body, f)) {
    ++counters.frame_malformed;
    return;
  }
  InboundStream* const in = inbound(now, peer, f.stream);
  if (!in) return;
  if (from && !in->waits()) report_progress(now, *from, *in, f, out);
  if (!in->joined) return hold_early(peer, *in, wire::FrameType::fragment, body);
  const Sequence next = in->gaps.next();
  arrivals.clear();
  const auto arrival = in->gaps.arrived(
      f.sequence, f.until(), now, f.sequence > next ? miss_due(now, peer, *in) : now, arrivals);
  if (arrival == GapDetector::Arrival::absurd) {
    ++counters.frame_unexpected;
    return;
  }
  if (f.sequence < next && !arrivals.empty()) in->gaps.hurry(NackTimer::quick_tries, now);
  // History of what was withheld: what begins to be wanted may be wanted now.
  const bool late = arrival == GapDetector::Arrival::duplicate &&
                    f.flags & wire::kFragmentHistoric && in->withheld.contains(f.first()) &&
                    in->withheld.contains(f.last());
  if (late) return take_pieces(now, peer, *in, f, true, out);
  std::uint64_t fresh = 0;
  for (const GapDetector::Range& range : arrivals) {
    fresh += range.to - range.from + 1;
    take_pieces(now, peer, *in, f.part(range.from, range.to), false, out);
  }
  counters.data_duplicate += f.pieces() - fresh;
}

// Pieces that have not been here yet. `late`: of what was withheld before.
void Engine::State::take_pieces(Instant now, Peer& peer, InboundStream& in, const wire::Fragment& f,
                                bool late, Outbox& out) {
  if (turn_down(now, peer, in, f, late, out)) return;
  Joiner::Joined joined = joiner.add(now, peer.record.node, f);
  if (joined.tell) tell_arriving(peer, in, f, joined.arrived, out);
  using enum Joiner::Outcome;
  switch (joined.outcome) {
    case completed:
      if (late) {
        in.withheld.remove(f.first(), f.last());
        in.renewing = false;
        deliver(peer, in, f.first(), f.last(), f.published_ns, std::move(joined.message),
                f.compression(), out);
        out.messages.back().historic = true;
        break;
      }
      accept(peer, in, f.first(), f.last(), f.published_ns, std::move(joined.message),
             f.compression(), out);
      break;
    case inconsistent:
      ++counters.join_inconsistent;
      break;
    case no_room:
      ++counters.join_no_room;
      break;
    case duplicate:
      ++counters.data_duplicate;
      break;
    case stored:
      break;
  }
  if (!late && (joined.outcome == inconsistent || joined.outcome == no_room))
    name_gap(peer, in, f.first(), f.last(), Notice::GapReason::overflow, out);
  if (joined.evicted) {  // last: it may let those pass that stand behind what has just come
    const auto& range = *joined.evicted;
    ++counters.join_no_room;
    if (const auto at = peer.inbound.find(range.key.stream); at != peer.inbound.end())
      name_gap(peer, *at->second, range.key.first, range.last, Notice::GapReason::overflow, out);
  }
  drain(peer, in, out);
  if (!in.gaps.complete()) watch(peer, in, in.gaps.deadline());
}

void Engine::State::receive_digest(Instant now, Peer& peer, ByteView body, Outbox& out) {
  wire::Digest d;
  if (!read(body, d)) {
    ++counters.frame_malformed;
    return;
  }
  peer.stamp_us = d.stamp_us;
  peer.stamped = now == called_late ? Instant{} : now;
  const auto at = peer.inbound.find(d.stream);
  if (at == peer.inbound.end() || !at->second->joined) return;
  InboundStream& in = *at->second;
  in.audience = d.audience;
  // Who asked for the last values only misses nothing of what comes later.
  if (in.record && !wants.match(in.record->family, in.record->family_name).live) return;
  const Instant due = d.last >= in.gaps.next() ? miss_due(now, peer, in) : now;
  if (!in.gaps.published(d.last - (DTS_CANARY(43) && d.last ? 1 : 0), now, due)) {
    ++counters.frame_unexpected;
    return;
  }
  if (repairs_of(in)) name_unavailable(peer, in, 1, d.first - 1, true, out);
  if (!in.gaps.complete()) watch(peer, in, in.gaps.deadline());
}

void Engine::State::receive_history(Instant now, Peer& peer, ByteView body, Outbox& out) {
  wire::History h;
  if (!read(body, h) || h.to + 1 - h.from > GapDetector::jump_max) {
    ++counters.frame_malformed;
    return;
  }
  const StreamRecord* record = PeerTable::find_stream(peer, h.stream);
  if (!record || !wants_stream(*record)) return;
  if (h.to + 1 > record->next + GapDetector::jump_max) {
    ++counters.frame_unexpected;
    return;
  }
  InboundStream* const in = inbound(now, peer, h.stream);
  if (in && in->joined && in->renewing) {  // does it bring what was withheld?
    in->renewing = false;
    in->withheld.visit(h.from, h.to, [&](const wire::Run&) { in->renewing = true; });
  }
  if (!in) return;
  if (in->joined) {  // taken for closed, or not wanted, in between: nobody tells its tail
    if (!is_answer(h.stream) && wants.match(record->family, record->family_name).live &&
        in->gaps.published(h.to, now, now + kHistoryWait) && !in->gaps.complete())
      watch(peer, *in, in->gaps.deadline());
    return;
  }
  // What came while this was being asked for belongs to us as well.
  in->audience = h.audience;
  const bool near = in->begin < h.from && h.to - in->begin <= GapDetector::jump_max;
  join(now, peer, *in, near ? in->begin : h.from, h.to, out);
}

// From here on the stream is complete from `from`: what does not come is named.
void Engine::State::join(Instant now, Peer& peer, InboundStream& in, Sequence from, Sequence to,
                         Outbox& out) {
  if (const StreamRecord* record = PeerTable::find_stream(peer, in.stream))
    in.record = std::make_shared<const StreamRecord>(*record);
  if (const auto before = told.find({peer.record.node, in.stream}); before != told.end()) {
    in.told = DTS_CANARY(39) ? from - 1 : before->second.told;
    told.erase(before);
    if (from > in.told + 1)
      tell_gap(peer, in, in.told + 1, from - 1, Notice::GapReason::unavailable, out);
    if (!DTS_CANARY(40)) from = in.told + 1 > from ? in.told + 1 : from;
    to = std::max(to, from - 1);
  }
  in.joined = true;
  in.history_to = to;
  in.told = std::max(in.told, from - 1);
  add_way(peer, in, from, to);
  in.gaps.begin(from, to, now, now + (repairs_of(in) ? kHistoryWait : kHistoryMax));
  replay(now, peer, take_early(peer, in), out);
  if (in.waits()) {  // the publisher learns how much room there is
    ++waiting_streams;
    in.reported = in.gaps.settled() - 1;
    send_progress(now, peer, in.stream, in.reported, out);
  }
  if (!in.gaps.complete()) watch(peer, in, in.gaps.deadline());
}

void Engine::State::deliver(Peer& peer, InboundStream& in, Sequence first, Sequence last,
                            std::int64_t published_ns, std::shared_ptr<const Bytes> bytes,
                            Compression compression, Outbox& out) {
  in.told = std::max(in.told, last);
  if (in.origin && !comes_first(in, first, last, out)) return;
  ++counters.messages_in;
  Message& m = out.messages.emplace_back();
  std::tie(m.node, m.stream) = whose(peer, in);
  m.first = first;
  m.last = last;
  m.published_ns = published_ns;
  m.bytes = *bytes;
  m.historic = is_historic(in, first);
  m.record = in.record.get();
  m.owner = std::move(bytes);
  m.compression = compression;
}

// A whole message whose packets have arrived: delivered now, or held until its turn.
void Engine::State::accept(Peer& peer, InboundStream& in, Sequence first, Sequence last,
                           std::int64_t published_ns, std::shared_ptr<const Bytes> bytes,
                           Compression compression, Outbox& out) {
  const bool first_in_line = in.held.empty() || in.held.begin()->first > first;
  if (in.gaps.settled() > last && first_in_line)
    return deliver(peer, in, first, last, published_ns, std::move(bytes), compression, out);
  hold(peer, in, first,
       {last, published_ns, std::move(bytes), InboundStream::Held::Kind::message, {}, compression},
       out);
}

// Bounded: rather than hold more, what is waited for is given up.
void Engine::State::hold(Peer& peer, InboundStream& in, Sequence first, InboundStream::Held held,
                         Outbox& out) {
  held_bytes += held.cost();
  in.held.emplace(first, std::move(held));
  while ((in.held.size() > InboundStream::held_max || held_bytes > options.held_bytes_max) &&
         !in.gaps.complete()) {
    const GapDetector::Miss miss = in.gaps.misses().front();
    name_gap(peer, in, miss.from, miss.to, Notice::GapReason::overflow, out);
    drain(peer, in, out);
  }
}

void Engine::State::drain(Peer& peer, InboundStream& in, Outbox& out) {
  using Kind = InboundStream::Held::Kind;
  while (!in.held.empty()) {
    const Sequence first = in.held.begin()->first;
    if (in.held.begin()->second.last >= in.gaps.settled() && !DTS_CANARY(38)) return;
    const InboundStream::Held held = std::move(in.held.begin()->second);
    in.held.erase(in.held.begin());
    held_bytes -= held.cost();
    if (held.kind == Kind::gap)
      tell_gap(peer, in, first, held.last, held.reason, out);
    else if (held.kind == Kind::message)
      deliver(peer, in, first, held.last, held.published_ns, held.bytes, held.compression, out);
    else
      deliver_run(peer, in, first, static_cast<std::uint64_t>(held.published_ns), *held.bytes,
                  held.bytes, out);
  }
}

// Names from..to, and with it every half message that overlaps it: in its turn, and nothing twice.
void Engine::State::name_gap(Peer& peer, InboundStream& in, Sequence from, Sequence to,
                             Notice::GapReason reason, Outbox& out) {
  joiner.drop(peer.record.node, in.stream, from, to);
  in.gaps.settle(from, to);
  from = std::max(from, in.told + 1);
  auto i = in.held.upper_bound(from);
  if (i != in.held.begin()) --i;
  while (i != in.held.end() && i->first <= to) {
    if (i->second.kind != InboundStream::Held::Kind::gap || i->second.last < from) {
      ++i;
      continue;
    }
    from = std::min(from, i->first);
    to = std::max(to, i->second.last);
    held_bytes -= i->second.cost();
    i = in.held.erase(i);
  }
  if (from <= to) {
    const auto [at, added] = in.held.emplace(
        from, InboundStream::Held{to, 0, nullptr, InboundStream::Held::Kind::gap, reason});
    if (added) held_bytes += at->second.cost();
  }
  drain(peer, in, out);
}

void Engine::State::tell_gap(Peer& peer, InboundStream& in, Sequence from, Sequence to,
                             Notice::GapReason reason, Outbox& out) {
  in.told = to;
  const bool withheld = reason == Notice::GapReason::withheld;
  if (withheld) in.withheld.append(from, to);
  if (in.origin) return settle_ways(*in.origin, reason, out);
  (withheld ? counters.sequences_withheld : counters.gap_packets) += to - from + 1;
  Notice& notice = out.notices.emplace_back();
  notice.kind = Notice::Kind::gap;
  notice.node = peer.record.node;
  notice.stream = in.stream;
  notice.from = from;
  notice.to = to;
  notice.reason = reason;
}

void Engine::State::watch(Peer& peer, InboundStream& in, Instant due) {
  watch_due = std::min(watch_due, due);
  if (std::exchange(in.watched, true)) return;
  watched.emplace(peer.record.node, in.stream);
}

void Engine::State::service_watched(Instant now, Outbox& out) {
  if (watch_due > now) return;
  watch_due = Instant::max();
  for (auto i = watched.begin(); i != watched.end();) {
    const auto [node, stream] = *i;
    Peer* const peer = peers.find(node);
    const auto at = peer ? peer->inbound.find(stream) : decltype(peer->inbound.find(stream)){};
    Instant due = Instant::max();
    if (peer && at != peer->inbound.end()) {
      due = service(now, *peer, *at->second, out);
      const auto still = peer->inbound.find(stream);
      if (due == Instant::max() && still != peer->inbound.end()) still->second->watched = false;
    }
    watch_due = std::min(watch_due, due);
    i = due == Instant::max() ? watched.erase(i) : std::next(i);
  }
}

// Nobody has described the stream, or nothing came of it: what was held goes. Where it began is
// kept for a while, unless the peer's complete list says that it is not for us.
Instant Engine::State::drop_early(Instant now, Peer& peer, InboundStream& in) {
  const std::size_t dropped = take_early(peer, in).size();
  const bool unwanted = peer.record.streams_complete;
  (unwanted ? counters.data_unwanted : counters.data_unknown_stream) += dropped;
  if (dropped && !unwanted) return in.give_up = now + kBeginKept;
  if (unwanted && in.begin != InboundStream::nowhere)
    peer.unwanted_to = std::max(peer.unwanted_to, in.stream);
  peer.inbound.erase(StreamId{in.stream});
  return Instant::max();
}

// When it has to be looked at again; max when it waits for nothing.
Instant Engine::State::service(Instant now, Peer& peer, InboundStream& in, Outbox& out) {
  const bool known = PeerTable::find_stream(peer, in.stream) != nullptr;
  if (known && !in.joined && in.requests < kHistoryRequestsMax && in.request_due <= now)
    request_history(now, peer, in, out);
  if (!in.joined) {
    if (now < in.give_up)
      return in.requests < kHistoryRequestsMax && known ? std::min(in.request_due, in.give_up)
                                                        : in.give_up;
    if (!known || in.begin == InboundStream::nowhere) return drop_early(now, peer, in);
    join(now, peer, in, in.begin, in.begin - 1, out);
  }
  if (in.renewing && in.request_due <= now) {
    request_history(now, peer, in, out);
    in.renewing = in.requests < kHistoryRequestsMax;
  }
  service_misses(now, peer, in, out);
  drain(peer, in, out);
  if (in.waits()) answer_report(now, peer, in, out);
  const Instant ask_due = std::max(in.gaps.deadline(), in.ask_next);  // max: nothing is missed
  return in.renewing ? std::min(in.request_due, ask_due) : ask_due;
}

void Engine::State::request_history(Instant now, Peer& peer, InboundStream& in, Outbox& out) {
  ++in.requests;
  in.request_due = now + kHistoryRetry * (1 << in.requests);
  Destinations to;
  if (!begin_unicast(now, peer, 64, to, out)) return;
  Bytes body;
  wire::Writer writer(body);
  write(writer, wire::HistoryRequest{in.stream});
  put(wire::FrameType::history_request, body, to, out);
  seal_control(to, out);
}

// Takes the stream off the peer. `name_rest`: what was still awaited will not come: named.
void Engine::State::forget_inbound(Peer& peer, StreamId stream, bool name_rest, Outbox& out) {
  const auto at = peer.inbound.find(stream);
  if (at == peer.inbound.end()) return;
  InboundStream& in = *at->second;
  take_early(peer, in);
  if (in.origin && in.origin->ways.size() > 1) {  // another way brings what is still awaited
    joiner.drop_stream(peer.record.node, stream);
  } else if (name_rest && in.joined) {
    while (!in.gaps.complete()) {
      const GapDetector::Miss miss = in.gaps.misses().front();
      name_gap(peer, in, miss.from, miss.to, Notice::GapReason::lost, out);
      drain(peer, in, out);
    }
    for (const Joiner::Range& range : joiner.drop_stream(peer.record.node, stream))
      name_gap(peer, in, range.key.first, range.last, Notice::GapReason::lost, out);
    drain(peer, in, out);
    if (told.size() >= told_max) told.erase(told.begin());
    if (!in.origin) told[{peer.record.node, stream}] = {in.gaps.next() - 1, in.record};
  } else {
    joiner.drop_stream(peer.record.node, stream);
  }
  remove_way(in, name_rest, out);
  for (const auto& [first, held] : in.held) held_bytes -= held.cost();
  if (in.watched) watched.erase({peer.record.node, stream});
  if (in.waits()) --waiting_streams;
  if (in.record) buried.push_back(in.record);
  peer.inbound.erase(at);
}

}  // namespace dts::proto
