// The engine's care of large messages: what a receiver refuses because of its size, what the
// publisher does when it is told, and what becomes of half a message.
#include <algorithm>
#include <tuple>

#include <base/canary.hpp>
#include <base/text.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {

namespace {
// Of the message as it was published, as far as this piece tells: a compressed one begins with it.
std::uint64_t message_bytes(const wire::Fragment& f) {
  const bool tells = f.compression() != Compression::none && f.index == 0 && f.bytes.size() >= 4;
  return tells ? base::load<std::uint32_t>(f.bytes.data()) : f.total;
}
}  // namespace

// The publisher is no further ahead than these allow. While much is missing it hears only that we
// live: what is repaired would fall behind what is lost, until there were more holes than we keep.
void Engine::State::report_progress(Instant now, const Path& from, InboundStream& in,
                                    const wire::Fragment& f, Outbox& out) {
  constexpr std::size_t holes_max = GapDetector::misses_max / 4;
  constexpr Duration alive = std::chrono::milliseconds(5);
  if (f.flags & wire::kFragmentReport) in.asked = f.sequence;
  if (in.asked == in.reported) return;
  const bool command = in.record && in.record->delivery == Delivery::command;
  const bool behind = in.gaps.misses().size() > holes_max && !command;
  if (behind && now - in.answered < alive) return;
  if (!behind) in.reported = in.asked;
  in.answered = now;
  const Destinations to{{from.transport, from.link, 0, from.address}};
  Bytes report;
  wire::Writer writer(report);
  write(writer, wire::Progress{f.stream, in.reported, room_of(from.transport)});
  put(wire::FrameType::progress, report, to, out);
  seal_control(to, out);
}

// The largest message that one of our interests in the stream takes. Answers are nobody's interest.
std::uint64_t Engine::State::bytes_max_of(const StreamRecord& record) const {
  if (is_answer(record.stream)) return options.message_bytes_max;
  std::uint64_t most = 0;
  for (const auto& [id, interest] : interests) {
    const bool meant = interest.family.is_zero()
                           ? base::glob_match(interest.name, record.family_name)
                           : interest.family == record.family;
    if (meant) most = std::max(most, std::min(interest.bytes_max, options.message_bytes_max));
  }
  return most;
}

bool Engine::State::is_too_large(const InboundStream& in, const wire::Fragment& f) const {
  const std::uint64_t bytes = std::max<std::uint64_t>(f.total, message_bytes(f));
  return bytes > options.message_bytes_max ||
         (bytes > bytes_max_least && in.record && bytes > bytes_max_of(*in.record));
}

// The message is named, and its publisher told not to send the rest.
void Engine::State::refuse(Instant now, Peer& peer, InboundStream& in, const wire::Fragment& f,
                           Outbox& out) {
  ++counters.message_too_large;
  const std::uint64_t limit = in.record ? bytes_max_of(*in.record) : options.message_bytes_max;
  Notice& notice = out.notices.emplace_back();
  notice.kind = Notice::Kind::too_large;
  std::tie(notice.node, notice.stream) = whose(peer, in);
  notice.from = f.first();
  notice.to = f.last();
  notice.bytes = message_bytes(f);
  notice.bytes_max = limit;
  name_gap(peer, in, f.first(), f.last(), Notice::GapReason::too_large, out);
  Destinations to;
  if (!begin_unicast(now, peer, 64, to, out)) return;
  Bytes body;
  wire::Writer writer(body);
  write(writer, wire::Refuse{in.stream, f.first(), limit});
  put(wire::FrameType::refuse, body, to, out);
  seal_control(to, out);
}

// Is it of a message that will not be taken? `late`: of one that was withheld, and is wanted now.
bool Engine::State::turn_down(Instant now, Peer& peer, InboundStream& in, const wire::Fragment& f,
                              bool late, Outbox& out) {
  if (!late && in.names(f.first()))  // its beginning has been named: it never becomes whole
    name_gap(peer, in, f.sequence, f.last(), Notice::GapReason::lost, out);
  else if (is_too_large(in, f))
    refuse(now, peer, in, f, out);
  else
    return false;
  if (!in.gaps.complete()) watch(peer, in, in.gaps.deadline());
  return true;
}

void Engine::State::tell_arriving(const Peer& peer, const InboundStream& in,
                                  const wire::Fragment& f, std::uint64_t arrived, Outbox& out) {
  Notice& notice = out.notices.emplace_back();
  notice.kind = Notice::Kind::arriving;
  std::tie(notice.node, notice.stream) = whose(peer, in);
  notice.from = f.first();
  notice.to = f.last();
  notice.bytes = arrived;
  notice.bytes_max = f.total;
}

void Engine::State::receive_refuse(Peer& peer, ByteView body, Outbox& out) {
  wire::Refuse refusal;
  if (!read(body, refusal)) {
    ++counters.frame_malformed;
    return;
  }
  const OwnStream* const s = own(refusal.stream);
  if (!s || refusal.first >= s->record.next) {
    ++counters.frame_unexpected;
    return;
  }
  ++counters.messages_refused;
  splitter.forget(peer.record.node, refusal.stream, refusal.first);
  Notice& notice = out.notices.emplace_back();
  notice.kind = Notice::Kind::refused;
  notice.node = peer.record.node;
  notice.stream = refusal.stream;
  notice.from = refusal.first;
  notice.bytes_max = refusal.bytes_max;
}

// Nothing of a message has come for a while: what it lacks has been published, and is missed. True:
// it is asked for until it comes or is given up as any other hole.
bool Engine::State::ask_for_rest_of(Instant now, const Joiner::Range& half) {
  Peer* const peer = peers.find(half.key.node);
  if (!peer || DTS_CANARY(102)) return false;
  const auto at = peer->inbound.find(half.key.stream);
  if (at == peer->inbound.end() || !repairs_of(*at->second)) return false;
  InboundStream& in = *at->second;
  if (!in.gaps.published(half.last, now, miss_due(now, *peer, in))) return false;
  const auto& misses = in.gaps.misses();
  if (std::none_of(misses.begin(), misses.end(), [&](const GapDetector::Miss& miss) {
        return miss.from <= half.last && miss.to >= half.key.first;
      }))
    return false;  // it was settled in another way: what comes of it comes too late
  watch(*peer, in, in.gaps.deadline());
  return true;
}

void Engine::State::expire_joins(Instant now, Outbox& out) {
  while (const auto half = joiner.stalled(now))
    if (ask_for_rest_of(now, *half)) joiner.keep(half->key);
  while (const auto range = joiner.expire(now)) {
    ++counters.join_expired;
    Peer* const peer = peers.find(range->key.node);
    if (!peer) continue;
    const auto at = peer->inbound.find(range->key.stream);
    if (at == peer->inbound.end()) continue;
    name_gap(*peer, *at->second, range->key.first, range->last, Notice::GapReason::lost, out);
    drain(*peer, *at->second, out);
  }
}

}  // namespace dts::proto
