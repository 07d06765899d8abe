// The engine's repair: asking for what is missing (receiver), sending it again or naming it
// (publisher), and hushing those who would ask for the same.
#include <algorithm>

#include <base/canary.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {

using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {
// Network cards with several queues reorder: a hole this young may still be filled. What is not
// repaired is named then.
constexpr Duration kReorderMax = milliseconds(3);
// A value of a state that something newer has followed is not waited for longer than this.
constexpr Duration kStateWait = milliseconds(100);
// A repair that is promised may be lost as well: it is not waited for longer than this.
constexpr Duration kPromiseMax = milliseconds(50);
// How long it counts that we have lost something.
constexpr Duration kHealthKept = std::chrono::seconds(10);
constexpr unsigned kHealthNews = 4;
// After a silence (Peer::healed) everybody misses the same: the first NACKs are spread.
constexpr std::uint64_t kHealSpreadUs = 250'000;
constexpr std::size_t kRunsPerNack = 128;

std::uint32_t microseconds_of(Instant now) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<microseconds>(now.time_since_epoch()).count());
}
}  // namespace

// ---- The receiver

bool Engine::State::repairs_of(const InboundStream& in) {
  return in.record && in.record->delivery != Delivery::stream;
}

// When something that is found missing now is looked at.
Instant Engine::State::miss_due(Instant now, const Peer& peer, const InboundStream& in) {
  if (!repairs_of(in)) return now + kReorderMax;
  Duration wait = NackTimer::first(in.audience, random);
  if (DTS_CANARY(56)) wait = std::chrono::seconds(11);
  if (now - peer.healed < milliseconds(10) && !NackTimer::is_small(in.audience))
    wait += microseconds(random.below(kHealSpreadUs));
  return now + wait;
}

bool Engine::State::worth_asking(Instant now, const InboundStream& in,
                                 const GapDetector::Miss& miss) const {
  if (!repairs_of(in) || DTS_CANARY(51) || in.gaps.crowded()) return false;
  if (DTS_CANARY(97) && miss.tries >= 12) return false;
  const bool followed = miss.to + 1 < in.gaps.next();
  const Duration longest = in.record->delivery == Delivery::state && followed
                               ? kStateWait
                               : Duration(milliseconds(options.repair_age_ms_max));
  return now - miss.since <= longest;
}

// What is due is asked for, or given up and named.
void Engine::State::service_misses(Instant now, Peer& peer, InboundStream& in, Outbox& out) {
  if (now < in.ask_next && !in.gaps.crowded()) return;
  wire::Nack nack;
  while (const GapDetector::Miss* const due = in.gaps.due(now)) {
    const GapDetector::Miss miss = *due;
    if (!worth_asking(now, in, miss)) {
      name_gap(peer, in, miss.from, miss.to, Notice::GapReason::lost, out);
      drain(peer, in, out);
      continue;
    }
    nack.runs.push_back({DTS_CANARY(49) ? miss.to : miss.from, miss.to});
    in.gaps.postpone(miss.from, miss.to, now + NackTimer::again(in.audience, miss.tries, random),
                     GapDetector::Because::asked);
    in.ask_next = now + NackTimer::together;
    if (nack.runs.size() == kRunsPerNack) send_nack(now, peer, in, nack, out);
  }
  if (!nack.runs.empty()) send_nack(now, peer, in, nack, out);
}

// To the publisher; in a large group to the family's group as well, where others hear it.
void Engine::State::send_nack(Instant now, Peer& peer, InboundStream& in, wire::Nack& nack,
                              Outbox& out) {
  nack.publisher = peer.record.node;
  nack.stream = in.stream;
  nack.loss = static_cast<std::uint8_t>(in.loss * 255);
  if (now - lossy > kHealthKept || in.loss >= loss) {
    loss = in.loss;
    lossy = now;
  }
  if (peer.stamped != Instant{}) {
    nack.flags |= wire::kNackEcho;
    nack.echo_us = peer.stamp_us + microseconds_of(now) - microseconds_of(peer.stamped);
  }
  if (now - overflowed < kHealthKept) nack.flags |= wire::kNackOverflow;
  std::sort(nack.runs.begin(), nack.runs.end(),
            [](const wire::Run& a, const wire::Run& b) { return a.from < b.from; });
  Bytes body;
  wire::Writer writer(body);
  Destinations to;
  const Reach* const reach = begin_unicast(now, peer, 64 + nack.runs.size() * 4, to, out);
  if (reach) {
    write(writer, nack, control.body_max());
    put(wire::FrameType::nack, body, to, out);
    seal_control(to, out);
    ++counters.nacks_out;
  }
  if (reach && !NackTimer::is_small(in.audience) && paths.by_multicast(*reach, now, peer.period)) {
    const Group group = group_of(options.domain, in.record->family_name);
    to = {{reach->transport, reach->link, group, std::nullopt}};
    put(wire::FrameType::nack, body, to, out);
    seal_control(to, out);
  }
  nack.runs.clear();
}

// Somebody asks for what we miss too, or the publisher says that it will come: not now, then.
void Engine::State::hush(Instant now, Peer& peer, StreamId stream, std::span<const wire::Run> runs,
                         GapDetector::Because why) {
  const auto at = peer.inbound.find(stream);
  if (at == peer.inbound.end() || !at->second->joined) return;
  InboundStream& in = *at->second;
  const Instant due = now + NackTimer::round_trip(in.audience) + NackTimer::hold_off(in.audience) +
                      NackTimer::first(in.audience, random);
  for (const wire::Run& run : runs) in.gaps.postpone(run.from, run.to, due, why);
}

void Engine::State::receive_confirm(Instant now, Peer& peer, ByteView body) {
  wire::Confirm confirm;
  if (!read(body, confirm)) {
    ++counters.frame_malformed;
    return;
  }
  const Duration within = std::min<Duration>(microseconds(confirm.within_us), kPromiseMax);
  hush(now + within, peer, confirm.stream, confirm.runs, GapDetector::Because::promised);
}

void Engine::State::receive_gap(Instant now, Peer& peer, ByteView body, Outbox& out) {
  wire::Gap gap;
  if (!read(body, gap)) {
    ++counters.frame_malformed;
    return;
  }
  const auto at = peer.inbound.find(gap.stream);
  if (at == peer.inbound.end() || !at->second->joined) return;
  if (gap.reason == wire::Gap::Reason::withheld)
    receive_withheld(now, peer, *at->second, gap, out);
  else
    name_unavailable(peer, *at->second, gap.from, gap.to, false, out);
}

// The publisher no longer has from..to: what we miss of it is named. Nothing else is believed.
// `asked_for`: only what has been asked for, the rest may be on its way.
void Engine::State::name_unavailable(Peer& peer, InboundStream& in, Sequence from, Sequence to,
                                     bool asked_for, Outbox& out) {
  std::vector<GapDetector::Range> lost;
  for (const GapDetector::Miss& miss : in.gaps.misses())
    if (miss.from <= to && miss.to >= from && (miss.tries || !asked_for))
      lost.push_back({std::max(miss.from, from), std::min(miss.to, to)});
  for (const GapDetector::Range& range : lost)
    name_gap(peer, in, range.from, range.to, Notice::GapReason::unavailable, out);
  if (!lost.empty()) drain(peer, in, out);
}

// Behind our announcement, when there is something to say; and some times that it is over.
void Engine::State::put_health(Instant now, const Destinations& to, Outbox& out) {
  wire::Health health;
  if (now - lossy < kHealthKept) health.loss = static_cast<std::uint8_t>(loss * 255);
  if (now - overflowed < kHealthKept) health.flags = wire::kHealthOverflow;
  const bool well = health.loss <= static_cast<std::uint8_t>(LossReports::usual * 255);
  if (!well || health.flags)
    health_news = kHealthNews;
  else if (health_news == 0)
    return;
  --health_news;
  health.buffer_bytes = receive_buffer_bytes;
  Bytes body;
  wire::Writer writer(body);
  write(writer, health);
  put(wire::FrameType::health, body, to, out);
}

// ---- The publisher

wire::Audience Engine::State::audience_of(const OwnStream& s) const {
  return wire::Audience::of(
      s.receivers.size(),
      static_cast<std::uint32_t>(std::chrono::duration_cast<microseconds>(round_trip).count()));
}

wire::Digest Engine::State::digest_of(Instant now, const OwnStream& s) const {
  const Sequence last = splitter.first_unsent(s.record.stream, s.record.next) - 1;
  const Sequence first = std::min(s.history.first_kept(), large.first(s.record.stream, last + 1));
  return {s.record.stream, last, std::min(std::max(first, s.withdrawn + 1), last + 1),
          audience_of(s), microseconds_of(now)};
}

// The round trip grows at once and shrinks slowly: it is the far ones that count.
void Engine::State::note_round_trip(Instant now, const wire::Nack& nack) {
  if (!(nack.flags & wire::kNackEcho)) return;
  const std::uint32_t us = microseconds_of(now) - nack.echo_us;
  if (us > 10'000'000 || now - microseconds(us) <= called_late) return;
  const Duration sample =
      std::clamp<Duration>(microseconds(us), NackTimer::round_trip_min, NackTimer::round_trip_max);
  round_trip += sample > round_trip ? (sample - round_trip) / 2 : (sample - round_trip) / 16;
}

// One receiver that loses far more than the others does not set their pace: it gets the last values
// again, and of the rest it hears that it is gone.
bool Engine::State::serves_apart(Instant now, Peer& peer, const wire::Nack& nack,
                                 const OwnStream& s, Outbox& out) {
  const auto change = losses.reported(now, peer.record.node, static_cast<float>(nack.loss) / 255,
                                      s.receivers.size());
  peer.record.health.overflows |= (nack.flags & wire::kNackOverflow) != 0;
  if (change == LossReports::Change::isolated) {
    peer.record.isolated = true;
    peer.record.health.loss = static_cast<float>(nack.loss) / 255;
    note(out, Notice::Kind::receiver_isolated, peer.record.node);
  }
  if (change == LossReports::Change::restored) restore_receiver(peer.record.node, out);
  return losses.is_isolated(peer.record.node);
}

void Engine::State::restore_receiver(const NodeId& node, Outbox& out) {
  Peer* const peer = peers.find(node);
  if (!peer) return;
  peer->record.isolated = false;
  note(out, Notice::Kind::receiver_restored, node);
}

// From a node that has not announced itself yet, to a publisher that has.
void Engine::State::overhear_nack(Instant now, ByteView body) {
  wire::Nack nack;
  if (!read(body, nack)) {
    ++counters.frame_malformed;
    return;
  }
  if (Peer* const publisher = peers.find(nack.publisher))
    hush(now, *publisher, nack.stream, nack.runs, GapDetector::Because::another_asked);
}

void Engine::State::receive_nack(Instant now, Peer& peer, ByteView body, Outbox& out) {
  wire::Nack nack;
  if (!read(body, nack)) {
    ++counters.frame_malformed;
    return;
  }
  if (nack.publisher != options.node) {
    if (Peer* const publisher = peers.find(nack.publisher))
      hush(now, *publisher, nack.stream, nack.runs, GapDetector::Because::another_asked);
    return;
  }
  OwnStream* const s = own(nack.stream);
  if (!s && nack.stream - 1 < streams.size() && !nack.runs.empty()) {  // closed, long ago
    ++counters.nacks_in;
    return send_gap(now, nack.stream, peer, nack.runs.front().from, nack.runs.back().to, out);
  }
  const bool for_another = s && !s->reader.is_zero() && s->reader != peer.record.node;
  if (!s || for_another || s->record.delivery == Delivery::stream ||
      !peer.wants.match(s->record.family, s->record.family_name).any) {
    ++counters.frame_unexpected;
    return;
  }
  ++counters.nacks_in;
  if (leaving && DTS_CANARY(71)) return;
  nack_heard = now;
  stay(now);
  if (s->withholding && s->routes_version != routes_version) route(*s, now);  // what it takes now
  wire::Digest have = digest_of(now, *s);
  const bool apart = serves_apart(now, peer, nack, *s, out);
  if (!apart) note_round_trip(now, nack);
  audience_changed(*s, now);
  const bool all = !apart && !NackTimer::is_small(have.audience);
  if (apart) have.first = s->history.size() ? s->history.at(0).first : have.last + 1;
  for (wire::Run& run : nack.runs) {
    run.to = std::min(run.to, have.last - (DTS_CANARY(52) && have.last ? 1 : 0));
    if (run.from > run.to) continue;
    if (run.from < have.first) {
      if (apart) counters.repairs_isolated += std::min(run.to, have.first - 1) - run.from + 1;
      send_gap(now, nack.stream, peer, run.from, std::min(run.to, have.first - 1), out);
      run.from = have.first;
    }
    if (run.from > run.to) continue;
    if (s->withholding) {
      answer_withheld(now, *s, peer, run, out);
      continue;
    }
    if (repairs.ask(now, nack.stream, run.from, run.to, peer.record.node, all) ==
        RepairQueue::Outcome::full)
      ++counters.repairs_refused;
  }
  pump_repairs(now, out);
  if (repairs.time_to_send() > round_trip) confirm(now, *s, peer, nack, all, out);
}

// "It will come", to whoever would ask again meanwhile.
void Engine::State::confirm(Instant now, OwnStream& s, Peer& asker, const wire::Nack& nack,
                            bool all, Outbox& out) {
  if (all && now - s.confirmed < round_trip) return;
  const auto within = std::chrono::ceil<microseconds>(repairs.time_to_send());
  wire::Confirm c{nack.stream, static_cast<std::uint32_t>(within.count()), {}};
  for (const wire::Run& run : nack.runs)
    if (run.from <= run.to) c.runs.push_back(run);
  if (c.runs.empty()) return;
  Bytes body;
  wire::Writer writer(body);
  write(writer, c, control.body_max());
  Destinations to;
  if (all)
    to = s.destinations;
  else if (!begin_unicast(now, asker, body.size() + 64, to, out))
    return;
  if (all) s.confirmed = now;
  put(wire::FrameType::ncf, body, to, out);
  seal_control(to, out);
}

void Engine::State::send_gap(Instant now, StreamId stream, Peer& asker, Sequence from, Sequence to,
                             Outbox& out) {
  Destinations destinations;
  if (!begin_unicast(now, asker, 64, destinations, out)) return;
  Bytes body;
  wire::Writer writer(body);
  write(writer, wire::Gap{stream, from, to, {}, {}});
  put(wire::FrameType::gap, body, destinations, out);
  seal_control(destinations, out);
}

bool Engine::State::add_unicast(Instant now, Peer& peer, std::size_t bytes, Destinations& to,
                                Outbox& out) {
  Destinations one;
  if (!begin_unicast(now, peer, bytes, one, out)) return false;
  seal_control(one, out);  // a challenge, if any
  to.push_back(one.front());
  return true;
}

// Sends what was asked for, oldest first, as far as the repair share goes.
void Engine::State::pump_repairs(Instant now, Outbox& out) {
  while (const RepairQueue::Job* const job = repairs.front()) {
    if (!repairs.affordable(now)) return;
    OwnStream* const s = own(job->stream);
    const Duration hold_off = s ? NackTimer::hold_off(audience_of(*s)) : Duration{};
    if (!s) {
      repairs.sent(now, job->to, hold_off);
      continue;
    }
    if (s->routes_version != routes_version) route(*s, now);
    Destinations to;
    if (job->all) to = s->destinations;
    for (std::size_t i = 0; !job->all && i < job->askers.size(); ++i)
      if (Peer* const asker = peers.find(job->askers[i]))
        add_unicast(now, *asker, options.packet_bytes_max, to, out);
    // Nobody can be reached yet: they will ask again.
    repairs.sent(now, to.empty() ? job->to : send_repair(now, *s, *job, to, out), hold_off);
  }
}

// One packet of the job; returns up to where it goes. What is no longer there is said to be so.
Sequence Engine::State::send_repair(Instant now, OwnStream& s, const RepairQueue::Job& job,
                                    const Destinations& to, Outbox& out) {
  const auto gone = [&](Sequence end) {
    for (const NodeId& node : job.askers)
      if (Peer* const asker = peers.find(node))
        send_gap(now, job.stream, *asker, job.from, end, out);
    return end;
  };
  const auto again = [&](Sequence first, Sequence last, Cut cut, std::int64_t published_ns,
                         const std::shared_ptr<const Bytes>& bytes) {
    const wire::Fragment f = fragment_at(s, first, cut, published_ns, bytes, job.from);
    if (!fits(f)) return gone(std::min(job.to, last));  // cut when packets were larger
    ++counters.repairs_out;
    repairs.spend(put_fragment(f, bytes, to, out) * to.size());
    return job.from;
  };
  if (const LargeStore::Value* const v = large.find(job.stream, job.from))
    return again(v->first, v->last, v->cut, v->published_ns, v->bytes);
  const auto first = s.history.find(job.from);
  if (!first) return gone(std::min(job.to, std::max(job.from, s.history.first_kept() - 1)));
  if (first->large)
    return again(first->first, first->last, first->cut, first->published_ns, first->large);
  const auto [set, fresh] = sets.try_emplace(to, next_set);
  if (fresh) ++next_set;
  Sequence next = job.from;
  for (auto value = first; value && !value->large && next <= job.to; value = s.history.find(next)) {
    if (!mend.add(set->second, to, job.stream, next + (DTS_CANARY(50) ? 1 : 0), value->published_ns,
                  false, value->bytes()))
      break;
    ++next;
  }
  if (next == job.from) return gone(next);  // kept since packets were larger: it fits none now
  counters.packets_out += to.size();
  counters.repairs_out += next - job.from;
  repairs.spend(mend.seal(DTS_CANARY(53) ? next_packet - 1 : next_packet++, out) * to.size());
  return next - 1;
}

wire::Fragment Engine::State::fragment_at(const OwnStream& s, Sequence first, Cut cut,
                                          std::int64_t published_ns,
                                          const std::shared_ptr<const Bytes>& bytes,
                                          Sequence sequence) {
  Splitter::Job job;
  job.stream = s.record.stream;
  job.first = first;
  job.cut = cut;
  job.published_ns = published_ns;
  job.bytes = bytes;
  job.index =
      static_cast<std::uint32_t>(sequence - first - (DTS_CANARY(54) && sequence > first ? 1 : 0));
  return Splitter::fragment_of(job);
}

}  // namespace dts::proto
