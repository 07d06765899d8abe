// The engine's selections: what subscribers do not take is kept from the paths where nobody takes
// it, and named to them as withheld (publisher); that is believed, and made good when more is
// wanted than before (receiver).
#include <algorithm>
#include <tuple>

#include <base/canary.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {

using std::chrono::milliseconds;

// ---- The publisher

// The peer is given the stream from `from` on; returns where it was told first that it begins.
// Asked for again, it begins there: that answer was lost, and data with it. It hears all that was
// sent from there on, so what it takes by what it took before goes on.
Sequence Engine::State::give_beginning(Instant now, Peer& peer, const OwnStream& s, Sequence from) {
  const auto [at, fresh] = peer.joined.try_emplace(s.record.stream);
  Peer::Joined& joined = at->second;
  if (fresh || now - joined.first > milliseconds(options.repair_age_ms_max)) {
    joined.first = now;
    joined.from = from;
  }
  joined.last = now;
  joined.selections = selections_of(peer, s);
  if (!joined.selections.empty()) routes_changed();
  return joined.from;
}

// More than when it was given the beginning? Then it is given one anew: what was kept from it may
// be what it wants.
bool Engine::State::takes_more(Peer& peer, StreamId stream, std::vector<Selection> now) {
  Peer::Joined& joined = peer.joined[stream];
  if (joined.selections == now) return false;
  peer.retaken.insert(stream);
  const auto took = [&](const Selection& s) {
    return std::find(joined.selections.begin(), joined.selections.end(), s) !=
           joined.selections.end();
  };
  const bool more =
      !joined.selections.empty() && (now.empty() || !std::all_of(now.begin(), now.end(), took));
  joined.selections = std::move(now);
  return more;
}

// What a peer takes, as bits of `all`, to which what is new is added.
std::uint32_t Engine::State::takes_of(const Peer& peer, const OwnStream& s, bool history,
                                      std::vector<StreamSelection>& all) const {
  const std::vector<Selection> taken = selections_of(peer, s);
  const auto joined = peer.joined.find(s.record.stream);
  std::uint32_t bits = 0;
  for (const Selection& selection : taken) {
    // Without repair a loss would never be made good, and who took another part before has a past
    // of its own: then only what depends on nothing before counts.
    Selection counted = selection;
    if (s.record.delivery == Delivery::stream || peer.retaken.contains(s.record.stream)) {
      counted.interval_ns = 0;
      counted.dead_bands.clear();
    }
    const bool unknown_state = counted.stateful() && joined == peer.joined.end();
    if (unknown_state || (!counted.stateful() && counted.where.empty()))
      return Withholding::everything;
    StreamSelection one{counted, fingerprint_of(selection, peer.record.node), {}, {}, false};
    if (counted.stateful()) {
      one.reader = peer.record.node;
      one.since = joined->second.first;
      one.history = history && !DTS_CANARY(85);
    }
    const auto at = std::find_if(all.begin(), all.end(), [&](const StreamSelection& have) {
      return have.fingerprint == one.fingerprint;
    });
    const auto place = static_cast<std::size_t>(at - all.begin());
    if (at == all.end()) {
      if (all.size() == kSelectionsPerStream) return Withholding::everything;
      all.push_back(std::move(one));
    }
    bits |= 1u << place;
  }
  return bits == 0 ? Withholding::everything : bits;
}

// A small message for some of the paths, or for none.
void Engine::State::publish_selected(Instant now, OwnStream& s, Sequence sequence,
                                     const MessageView& message, Outbox& out) {
  Withholding& w = *s.withholding;
  const std::vector<std::size_t>& taken = w.choose(*message.judge, sequence, sequence);
  s.history.keep(now, sequence, sequence, message.published_ns, {}, message.bytes, nullptr);
  if (w.paths().empty()) return;
  touch_tail(s, now);
  if (taken.size() < w.paths().size()) ++counters.messages_withheld;
  if (taken.empty()) return;
  Destinations some;
  std::uint64_t set = s.set;
  if (taken.size() < w.paths().size()) {
    some = w.destinations_of(taken);
    const auto [at, fresh] = sets.try_emplace(some, next_set);
    if (fresh) ++next_set;
    set = at->second;
  }
  const Destinations& to = some.empty() ? s.destinations : some;
  tell_withheld(s, taken, to, set, out);
  add_small(to, set, s.record.stream, sequence, message.published_ns, false, message.bytes, out);
}

// A message for the splitter: those it goes to, and what they were not told before it. Not while
// older ones of the stream wait there: they would be taken for lost.
void Engine::State::select_large(OwnStream& s, const std::vector<std::size_t>& taken,
                                 Splitter::Job& job, Outbox& out) {
  if (taken.size() < s.withholding->paths().size()) {
    job.destinations = s.withholding->destinations_of(taken);
    job.receivers = s.withholding->receivers_of(taken);
  }
  if (splitter.holds(s.record.stream)) return;
  for (const std::size_t way : taken) {  // each in a packet of its own: they are large anyhow
    const std::vector<std::size_t> one{way};
    tell_withheld(s, one, s.withholding->destinations_of(one), 0, out);
    seal_open(out);
  }
}

Bytes Engine::State::withheld_body(StreamId stream, const wire::Run& run,
                                   std::vector<std::uint64_t> fingerprints) {
  Bytes body;
  wire::Writer writer(body);
  write(writer,
        wire::Gap{stream, run.from, run.to, wire::Gap::Reason::withheld, std::move(fingerprints)});
  return body;
}

// What these paths were not told yet, in front of what goes to them now: in the same packet when it
// is the same for all of them.
void Engine::State::tell_withheld(OwnStream& s, const std::vector<std::size_t>& taken,
                                  const Destinations& to, std::uint64_t set, Outbox& out) {
  std::vector<Withholding::Path>& all = s.withholding->paths();
  const Withholding::Path& first = all[taken.front()];
  bool none = true, same = true;
  for (const std::size_t way : taken) {
    none &= all[way].untold.empty();
    same &= all[way].untold.runs() == first.untold.runs() &&
            all[way].fingerprints == first.fingerprints;
  }
  if (none) return;
  if (!same) seal_open(out);
  for (const std::size_t way : taken) {
    Withholding::Path& path = all[way];
    for (const wire::Run& run : path.untold.runs()) {
      const Bytes body = withheld_body(s.record.stream, run, path.fingerprints);
      if (!same) {
        put(wire::FrameType::gap, body, {path.to}, out);
      } else if (way == taken.front() && !open.add_frame(set, to, wire::FrameType::gap, body)) {
        seal_open(out);
        open.add_frame(set, to, wire::FrameType::gap, body);
      }
    }
    if (!same) seal_control({path.to}, out);
    path.untold.clear();
  }
}

// To one who misses from..to: what it does not take is named, the rest is sent again.
void Engine::State::answer_withheld(Instant now, OwnStream& s, Peer& peer, const wire::Run& run,
                                    Outbox& out) {
  const NodeId& node = peer.record.node;
  Bytes bodies;
  Destinations to;
  Sequence next = run.from;
  const auto repair = [&](Sequence from, Sequence end) {
    const bool all = !NackTimer::is_small(audience_of(s));
    if (from <= end &&
        repairs.ask(now, s.record.stream, from, end, node, all) == RepairQueue::Outcome::full)
      ++counters.repairs_refused;
  };
  s.withholding->visit_withheld(node, run.from, run.to, [&](const wire::Run& withheld) {
    repair(next, withheld.from - 1);
    next = withheld.to + 1;
    if (!begin_unicast(now, peer, 128, to, out)) return;
    put(wire::FrameType::gap,
        withheld_body(s.record.stream, withheld, s.withholding->fingerprints_of(node)), to, out);
    seal_control(to, out);
  });
  repair(next, run.to);
}

// ---- The receiver

// "None of these selections takes them": believed when ours are among them.
void Engine::State::receive_withheld(Instant now, Peer& peer, InboundStream& in,
                                     const wire::Gap& gap, Outbox& out) {
  if (!in.record) return;
  if (in.taken_as_of != wants_version) {
    in.taken_as_of = wants_version;
    in.taken.clear();
    for (const Selection& s : wants.taken_of(in.record->family, in.record->family_name))
      in.taken.push_back(fingerprint_of(s, options.node));
  }
  const auto judged = [&](std::uint64_t fingerprint) {
    return std::find(gap.selections.begin(), gap.selections.end(), fingerprint) !=
           gap.selections.end();
  };
  const bool ours = !in.taken.empty() && std::all_of(in.taken.begin(), in.taken.end(), judged);
  if (!ours && !DTS_CANARY(83)) return tell_wants_again(now, peer);
  const Sequence next = in.gaps.next();
  if (gap.to >= next && gap.to - next > GapDetector::jump_max) {
    ++counters.frame_unexpected;
    return;
  }
  if (gap.from > next) in.gaps.published(gap.from - 1, now, miss_due(now, peer, in));
  std::vector<GapDetector::Range> withheld;
  for (const GapDetector::Miss& miss : in.gaps.misses())
    if (miss.from <= gap.to && miss.to >= gap.from)
      withheld.push_back({std::max(miss.from, gap.from), std::min(miss.to, gap.to)});
  if (gap.to >= next) withheld.push_back({std::max(next, gap.from), gap.to});
  for (const GapDetector::Range& range : withheld)
    name_gap(peer, in, range.from, range.to, Notice::GapReason::withheld, out);
  if (!in.gaps.complete()) watch(peer, in, in.gaps.deadline());
}

// It judges by what we took before: the news of it was lost, or has not arrived yet.
void Engine::State::tell_wants_again(Instant now, Peer& peer) {
  if (now - peer.retold < milliseconds(100)) return;
  peer.retold = now;
  peer.list_flags |= wire::kListWants;
  peer.list_due = std::min(peer.list_due, now);
  peers.owe(peer, now);
}

// Somebody here wants of these streams what was withheld: the last values are asked for, unless the
// publisher sends them when it hears of it.
void Engine::State::ask_withheld(Instant now, const Interest& added) {
  for (const auto& [node, peer] : peers.all()) {
    for (const auto& [id, in] : peer->inbound) {
      if (!in->joined || !in->record || !added.history) continue;
      const bool meant = added.family.is_zero()
                             ? base::glob_match(added.name, in->record->family_name)
                             : added.family == in->record->family;
      const std::vector<Selection> had =
          wants.taken_of(in->record->family, in->record->family_name);
      const bool covered =
          !added.selections.empty() &&
          std::all_of(added.selections.begin(), added.selections.end(), [&](const Selection& s) {
            return std::find(had.begin(), had.end(), s) != had.end();
          });
      if (!meant || had.empty() || covered) continue;
      in->renewing = true;
      in->requests = 0;
      in->request_due = added.live ? now + milliseconds(20) : now;
      watch(*peer, *in, in->request_due);
    }
  }
}

// History of what was withheld from us and is wanted now: it comes behind what was told, once.
void Engine::State::deliver_late(Peer& peer, InboundStream& in, Sequence first,
                                 std::uint64_t published, ByteView entries, Outbox& out) {
  wire::Reader reader(entries);
  for (Sequence sequence = first; !reader.done(); ++sequence) {
    const std::uint64_t size = reader.varint();
    published += static_cast<std::uint64_t>(reader.signed_varint());
    const ByteView bytes = reader.bytes(size);
    if (!reader.ok()) return;
    if (!in.withheld.contains(sequence) && !DTS_CANARY(88)) continue;
    in.withheld.remove(sequence, sequence);
    in.renewing = false;
    ++counters.messages_in;
    Message& m = out.messages.emplace_back();
    std::tie(m.node, m.stream) = whose(peer, in);
    m.first = m.last = sequence;
    m.published_ns = static_cast<std::int64_t>(published);
    m.bytes = bytes;
    m.historic = true;
    m.record = in.record.get();
  }
}

}  // namespace dts::proto
