// The engine's limits on large messages: what a receiver refuses because of its size, and what the
// publisher does when it is told.
#include <algorithm>

#include <base/text.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {

// The largest message that one of our interests in the stream takes.
std::uint64_t Engine::State::bytes_max_of(const StreamRecord& record) const {
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
  return f.total > options.message_bytes_max ||
         (f.total > bytes_max_least && in.record && f.total > bytes_max_of(*in.record));
}

// The message is named, and its publisher told not to send the rest.
void Engine::State::refuse(Instant now, Peer& peer, InboundStream& in, const wire::Fragment& f,
                           Outbox& out) {
  ++counters.message_too_large;
  const std::uint64_t limit = in.record ? bytes_max_of(*in.record) : options.message_bytes_max;
  Notice& notice = out.notices.emplace_back();
  notice.kind = Notice::Kind::too_large;
  notice.node = peer.record.node;
  notice.stream = in.stream;
  notice.bytes = f.total;
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

}  // namespace dts::proto
