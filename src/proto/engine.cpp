// The engine's public face, its counters, and its use of time.
#include <array>
#include <proto/engine.hpp>

#include <algorithm>

#include <base/canary.hpp>
#include <base/sha256.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {

using std::chrono::milliseconds;

namespace {
std::uint32_t big_endian(const base::Sha256& hash) {
  return std::uint32_t{hash[0]} << 24 | std::uint32_t{hash[1]} << 16 | std::uint32_t{hash[2]} << 8 |
         hash[3];
}
base::Sha256 hash_of_domain(std::string_view domain) {
  return base::sha256({as_bytes(std::string_view("dts-domain\0", 11)), as_bytes(domain)});
}
}  // namespace

Group group_of(std::string_view domain, std::string_view family_name) {
  const base::Sha256 hash =
      base::sha256({as_bytes(std::string_view("dts-group\0", 10)), as_bytes(domain),
                    as_bytes(std::string_view("\0", 1)), as_bytes(family_name)});
  return static_cast<Group>(1 + big_endian(hash) % 255);
}

std::uint32_t domain_hash(std::string_view domain) {
  return base::load<std::uint32_t>(hash_of_domain(domain).data());
}

void EngineCounters::for_each(
    const std::function<void(std::string_view, std::uint64_t)>& visit) const {
#define DTS_VISIT(member) visit(#member, member)
  DTS_VISIT(packets_in);
  DTS_VISIT(packets_out);
  DTS_VISIT(messages_in);
  DTS_VISIT(messages_out);
  DTS_VISIT(control_packets_out);
  DTS_VISIT(control_bytes_out);
  DTS_VISIT(packet_short);
  DTS_VISIT(packet_bad_magic);
  DTS_VISIT(packet_bad_checksum);
  DTS_VISIT(packet_other_version);
  DTS_VISIT(packet_other_domain);
  DTS_VISIT(packet_own);
  DTS_VISIT(packet_duplicate);
  DTS_VISIT(packet_too_many_frames);
  DTS_VISIT(frame_malformed);
  DTS_VISIT(frame_unknown);
  DTS_VISIT(frame_unexpected);
  DTS_VISIT(data_duplicate);
  DTS_VISIT(data_unwanted);
  DTS_VISIT(data_unknown_stream);
  DTS_VISIT(gap_packets);
  DTS_VISIT(join_expired);
  DTS_VISIT(join_inconsistent);
  DTS_VISIT(join_no_room);
  DTS_VISIT(message_too_large);
  DTS_VISIT(messages_refused);
  DTS_VISIT(backlog_full);
  DTS_VISIT(window_full);
  DTS_VISIT(receivers_evicted);
  DTS_VISIT(relay_duplicate);
  DTS_VISIT(nacks_out);
  DTS_VISIT(nacks_in);
  DTS_VISIT(repairs_out);
  DTS_VISIT(repairs_refused);
  DTS_VISIT(repairs_isolated);
  DTS_VISIT(messages_withheld);
  DTS_VISIT(sequences_withheld);
  DTS_VISIT(document_mismatch);
  DTS_VISIT(document_refused);
  DTS_VISIT(document_unasked);
  DTS_VISIT(nodes_refused);
  DTS_VISIT(streams_refused);
  DTS_VISIT(wants_refused);
  DTS_VISIT(answers_withheld);
  DTS_VISIT(queries_out);
  DTS_VISIT(queries_in);
  DTS_VISIT(queries_refused);
  DTS_VISIT(answers_out);
  DTS_VISIT(answers_in);
  DTS_VISIT(answers_unasked);
  DTS_VISIT(answers_refused);
#undef DTS_VISIT
}

Engine::State::State(EngineOptions engine_options, std::uint64_t seed)
    : options(std::move(engine_options)),
      random(seed),
      secret(random.next()),
      domain(domain_hash(options.domain)),
      peers(options),
      strangers(options.half_known_nodes_max),
      announcer(options),
      types(options.documents_max, options.documents_bytes_max),
      joiner(options, spare),
      splitter(options.backlog_bytes_max),
      window(options.send_window_bytes),
      history_budget{options.history_bytes_max, options.repair_bytes_max},
      answers_budget{options.answers_bytes_max, 0},
      large(options.repair_bytes_max, milliseconds(options.repair_age_ms_max)),
      control(domain, options.node),
      open(domain, options.node),
      mend(domain, options.node),
      ways(options.streams_max),
      asked_queries(options.queries_open_max),
      heard_queries(options.queries_heard_max, options.queries_heard_per_node_max,
                    milliseconds(options.answer_age_ms_max)) {
  options.message_bytes_max = std::min<std::uint64_t>(options.message_bytes_max, 0x7fffffff);
  control.limit(paths.packet_bytes(options.packet_bytes_max));
  open.limit(paths.packet_bytes(options.packet_bytes_max));
  mend.limit(paths.packet_bytes(options.packet_bytes_max));
}

void Engine::State::note(Outbox& out, Notice::Kind kind, const NodeId& node, StreamId stream,
                         std::string text) {
  Notice& notice = out.notices.emplace_back();
  notice.kind = kind;
  notice.node = node;
  notice.stream = stream;
  notice.text = std::move(text);
}

void Engine::State::set_limits(Outbox& out) {
  seal_open(out);
  control.limit(paths.packet_bytes(options.packet_bytes_max));
  open.limit(paths.packet_bytes(options.packet_bytes_max));
  mend.limit(paths.packet_bytes(options.packet_bytes_max));
}

void Engine::State::tick(Instant now, Outbox& out) {
  buried_before = std::move(buried);
  buried.clear();
  if (started && change_due <= now) announce(now, out);
  if (started && announcer.due() <= now) {
    announce(now, out);
    announcer.announced(now, peers.size(), paths.links().size(), random);
    spare.trim();
    for (const auto& s : streams)
      if (s) s->history.expire(now);
    for (const NodeId& node : losses.expire(now)) restore_receiver(node, out);
  }
  while (Peer* const peer = peers.take_owed(now)) {
    settle_debts(now, *peer, out);
    // What is due now and could not be done waits for the peer's next packet.
    const Instant due = std::min({peer->announce_due, peer->list_due, peer->ask_due});
    if (due != Instant::max()) peers.owe(*peer, std::max(due, now + milliseconds(1)));
  }
  request_types(now, out);
  service_watched(now, out);
  counters.data_unknown_stream += strangers.expire(now);
  if (joiner.messages()) expire_joins(now, out);
  service_queries(now, out);
  if (started) send_tails(now, false, out);
  if (started) service_flow(now, out);
  pump(now, out);
  pump_repairs(now, out);
  large.expire(now, splitter.bytes());
  sweep(now, out);
  go_on_departing(now, out);
  go_on_leaving(now, out);
}

// Peers that are gone or have left, streams that were closed.
void Engine::State::sweep(Instant now, Outbox& out) {
  sweep_closed(now);
  sweep_closing(now, out);
  if (sweep_due > now) return;
  sweep_due = Instant::max();
  std::vector<std::pair<NodeId, Notice::Kind>> gone;
  for (const auto& [node, peer] : peers.all()) {
    Instant silent_until =
        peer->record.last_heard + options.announce_missed_max * peer->period * 5 / 4;
    if (woken != Instant{}) silent_until = std::max(silent_until, woken + peer->period * 5 / 4);
    if (peer->leave_due <= now)
      gone.emplace_back(node, Notice::Kind::node_left);
    else if (silent_until <= now)
      gone.emplace_back(node, Notice::Kind::node_gone);
    else
      sweep_due =
          std::min({sweep_due, silent_until, peer->leave_due, tell_unheard(now, *peer, out)});
  }
  for (const auto& [node, kind] : gone)
    if (!DTS_CANARY(19) || kind == Notice::Kind::node_left) remove_peer(node, kind, out);
}

void Engine::State::remove_peer(const NodeId& node, Notice::Kind kind, Outbox& out) {
  Peer* const peer = peers.find(node);
  if (!peer) return;
  std::vector<StreamId> ids;
  for (const auto& [id, in] : peer->inbound) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  for (StreamId id : ids) forget_inbound(*peer, id, true, out);
  for (const StreamRecord& r : peer->record.streams) {
    note(out, Notice::Kind::stream_closed, node, r.stream);
    relay_closed(r.relay, *peer, out);
  }
  note(out, kind, node);
  for (const Peer* successor : peers.namesakes(*peer)) {
    if (successor->record.first_heard <= peer->record.last_heard) continue;
    note(out, Notice::Kind::node_restarted, successor->record.node, 0, node.hex());
    break;
  }
  records -= peer->record.streams.size();
  forget_queries(*peer);
  splitter.forget(node);
  window.forget(node);
  repairs.forget(node);
  losses.forget(node);
  peers.remove(node);
  routes_changed();
}

Instant Engine::State::next_deadline() const {
  Instant due = std::min({change_due, peers.owed_due(), sweep_due, watch_due, closing_due, gone_due,
                          announcer.due(), types.deadline(), strangers.deadline(),
                          asked_queries.deadline(), heard_queries.deadline()});
  if (started) due = std::min({due, tail_due, flow_due});
  if (!splitter.empty()) due = std::min(due, large_due);
  due = std::min({due, repairs.deadline(), large.deadline()});
  if (departing) due = std::min(due, depart_check);
  if (leaving) due = std::min({due, bye_due, leave_due});
  if (joiner.messages()) due = std::min(due, joiner.deadline());
  return due;
}

Engine::Engine(EngineOptions options, std::uint64_t seed)
    : state_(std::make_unique<State>(std::move(options), seed)) {}
Engine::~Engine() = default;

TransportIndex Engine::add_transport(Capabilities capabilities,
                                     std::uint32_t receive_buffer_bytes) {
  state_->buffers.push_back(receive_buffer_bytes);
  return state_->paths.add_transport(capabilities);
}

void Engine::set_links(Instant now, TransportIndex transport, std::vector<Link> links,
                       Outbox& out) {
  State& s = *state_;
  s.paths.set_links(transport, std::move(links));
  s.set_limits(out);
  s.routes_changed();
  if (s.started) s.change_due = std::min(s.change_due, now);
}

void Engine::add_named_peer(Instant now, Path path, Outbox&) {
  state_->named.push_back(std::move(path));
  if (state_->started) state_->change_due = std::min(state_->change_due, now);
}

void Engine::start(Instant now, std::int64_t wall_ns, Outbox& out) {
  State& s = *state_;
  s.wall_base = now;
  s.wall_base_ns = wall_ns;
  s.started_at = now;
  s.started = true;
  s.announcer.start(now);
  s.announce(now, out);
}

void Engine::woke(Instant now, Outbox& out) {
  State& s = *state_;
  if (!s.started) return;
  s.woken = now;
  for (const auto& [node, peer] : s.peers.all())
    for (Reach& reach : peer->reaches)
      if (reach.multicast) reach.multicast_heard = now;  // what was missed says nothing
  s.announcer.start(now);
  s.announce(now, out);
}

void Engine::stop(Instant now, Outbox& out) {
  if (state_->started) state_->depart(now, out);
}
bool Engine::leaving() const { return state_->departing || state_->leaving; }

Result<StreamId> Engine::open_stream(Instant now, StreamRecord record, Bytes document, Outbox&) {
  return state_->open_stream(now, std::move(record), std::move(document));
}
void Engine::close_stream(Instant now, StreamId stream, Outbox& out) {
  state_->close_stream(now, stream, out);
}
Result<Sequence> Engine::publish(Instant now, StreamId stream, MessageView message, Outbox& out) {
  return state_->publish(now, stream, message, out);
}
void Engine::show_relay(Instant now, StreamId stream, bool visible, std::vector<HubId> via,
                        Outbox&) {
  state_->show_relay(now, stream, visible, std::move(via));
}
void Engine::begin_relay(StreamId stream, Sequence next) { state_->begin_relay(stream, next); }
void Engine::give_relay(Instant now, StreamId stream, Outbox&) { state_->give_relay(now, stream); }
void Engine::end_relay(StreamId stream) { state_->end_relay(stream); }
void Engine::skip_relay(Instant now, StreamId stream, Sequence next, Outbox&) {
  state_->skip_relay(now, stream, next);
}
void Engine::flush(Instant, Outbox& out) { state_->seal_open(out); }
bool Engine::has_open_packet() const { return !state_->open.empty(); }
Engine::Unsent Engine::unsent(StreamId stream) const {
  const Splitter::Unsent unsent = state_->splitter.unsent(stream);
  return {unsent.total, unsent.sent};
}

void Engine::for_each_kept(
    StreamId stream,
    const std::function<void(Sequence first, Sequence last, std::int64_t published_ns,
                             ByteView bytes, Compression compression)>& visit) const {
  const OwnStream* s = state_->own(stream);
  if (!s) return;
  for (std::size_t i = 0; i < s->history.size(); ++i) {
    const History::Value value = s->history.at(i);
    visit(value.first, value.last, value.published_ns, value.bytes(), value.cut.compression);
  }
}

std::vector<NodeId> Engine::receivers_of(StreamId stream) const {
  std::vector<NodeId> nodes;
  if (const OwnStream* s = state_->own(stream))
    for (const auto& [node, peer] : state_->peers.all())
      if (peer->wants.match(s->record.family, s->record.family_name).live) nodes.push_back(node);
  return nodes;
}
std::vector<NodeId> Engine::waiting_for(StreamId stream) const {
  return state_->window.full(stream, State::kWindowProbe);
}
void Engine::ask_again(Instant now, StreamId stream, Sequence sequence, Outbox& out) {
  if (OwnStream* s = state_->own(stream)) state_->ask_report(now, *s, s->receivers, sequence, out);
}
void Engine::withdraw(StreamId stream, Sequence sequence) {
  OwnStream* const s = state_->own(stream);
  if (s && sequence < s->record.next) s->withdrawn = std::max(s->withdrawn, sequence);
}
void Engine::hold(NodeId node, StreamId stream) { state_->hold_reports(node, stream); }
void Engine::release(Instant now, NodeId node, StreamId stream, Outbox& out) {
  state_->release_reports(now, node, stream, out);
}
void Engine::confirm(Instant now, NodeId node, StreamId stream, Sequence sequence, Outbox& out) {
  state_->confirm_command(now, node, stream, sequence, out);
}

std::size_t Engine::subscribers_of(StreamId stream) const {
  const OwnStream* s = state_->own(stream);
  if (!s) return 0;
  std::size_t count = 0;
  for (const auto& [node, peer] : state_->peers.all()) {
    const WantSet::Match m = peer->wants.match(s->record.family, s->record.family_name);
    count += m.live && std::any_of(peer->reaches.begin(), peer->reaches.end(), [&](const Reach& r) {
               return (m.by_family && r.multicast) || state_->is_validated(r);
             });
  }
  return count;
}

InterestId Engine::add_interest(Instant now, Interest interest, Outbox&) {
  State& s = *state_;
  const InterestId id = s.next_interest++;
  const auto at = s.interests.emplace(id, std::move(interest)).first;
  s.ask_withheld(now, at->second);
  s.bytes_max_least = std::min(s.bytes_max_least, at->second.bytes_max);
  if (!at->second.family.is_zero() && at->second.live)
    s.interest_groups[DTS_CANARY(27) ? 1 : id] = group_of(s.options.domain, at->second.name);
  s.interest_changed(now, at->second);
  return id;
}

void Engine::remove_interest(Instant now, InterestId id, Outbox& out) {
  State& s = *state_;
  const auto at = s.interests.find(id);
  if (at == s.interests.end()) return;
  const Interest removed = std::move(at->second);
  s.interests.erase(at);
  s.interest_groups.erase(id);
  s.interest_changed(now, removed);
  s.forget_unwanted(out);
}

std::vector<Group> Engine::groups() const {
  std::array<bool, 256> wanted{};
  wanted[0] = true;
  for (const auto& [id, group] : state_->interest_groups) wanted[group] = true;
  std::vector<Group> all;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i]) all.push_back(static_cast<Group>(i));
  return all;
}
bool Engine::groups_changed() { return std::exchange(state_->groups_changed, false); }

void Engine::offer_document(TypeId type, Bytes document) {
  if (!state_->types.offer(type, std::move(document))) ++state_->counters.document_refused;
}
void Engine::want_document(Instant now, TypeId type, Outbox&) { state_->types.want(now, type); }
ByteView Engine::document_of(TypeId type) const { return state_->types.find(type); }

void Engine::refresh(Instant now, Outbox& out) {
  State& s = *state_;
  s.curious = true;
  Bytes body;
  wire::Writer writer(body);
  write(writer,
        wire::ListRequest{static_cast<std::uint8_t>(wire::kListAllStreams | wire::kListWants)});
  for (const auto& [node, peer] : s.peers.all()) {
    peer->record.streams_complete = peer->streams_count == 0;
    peer->scope_ok = false;
    peer->asked = 0;
    Destinations to;
    if (!s.begin_unicast(now, *peer, 64, to, out)) continue;
    s.put(wire::FrameType::list_request, body, to, out);
    s.seal_control(to, out);
  }
}

void Engine::probe(Instant now, TransportIndex transport, LinkIndex link, std::optional<Address> to,
                   bool answer_on_group, std::uint64_t token, Outbox& out) {
  State& s = *state_;
  if (s.probes.size() >= 64) s.probes.erase(s.probes.begin());
  s.probes[token] = now;
  Bytes body;
  wire::Writer writer(body);
  write(writer, wire::Probe{answer_on_group ? wire::kProbeAnswerOnGroup : std::uint8_t{0}, token});
  const Destinations destination{{transport, link, 0, to}};
  s.put(wire::FrameType::probe, body, destination, out);
  s.seal_control(destination, out);
}

Result<QueryToken> Engine::ask(Instant now, Question question, Outbox& out) {
  return state_->ask(now, std::move(question), out);
}
void Engine::end_query(Instant, QueryToken token, Outbox& out) { state_->end_query(token, out); }
void Engine::answer(Instant now, NodeId asker, QueryToken token, Reply reply, Outbox& out) {
  state_->answer(now, asker, token, std::move(reply), out);
}

void Engine::receive_overflowed(Instant now, std::uint32_t buffer_bytes) {
  state_->overflowed = now;
  state_->receive_buffer_bytes = buffer_bytes;
}

void Engine::receive(Instant now, std::int64_t wall_ns, const Path& from, ByteView packet,
                     Outbox& out) {
  state_->wall_base = now;
  state_->wall_base_ns = wall_ns;
  state_->look_at_clock(now);
  state_->receive(now, from, packet, out);
}

void Engine::tick(Instant now, std::int64_t wall_ns, Outbox& out) {
  state_->wall_base = now;
  state_->wall_base_ns = wall_ns;
  state_->look_at_clock(now);
  state_->tick(now, out);
}

Instant Engine::next_deadline() const { return state_->wake_due = state_->next_deadline(); }

void Engine::for_each_peer(const std::function<void(const PeerRecord&)>& visit) const {
  for (const auto& [node, peer] : state_->peers.all()) {
    if (const Reach* r = state_->paths.choose(peer->reaches, peer->record.last_heard, peer->period))
      peer->record.path = {r->transport, r->link, r->address, false};
    visit(peer->record);
  }
}
const StreamRecord* Engine::find_stream(NodeId node, StreamId stream) const {
  const Peer* peer = state_->peers.find(node);
  return peer ? PeerTable::find_stream(*peer, stream) : nullptr;
}
const PeerRecord* Engine::find_peer(NodeId node) const {
  const Peer* peer = state_->peers.find(node);
  return peer ? &peer->record : nullptr;
}
std::vector<Engine::PeerPath> Engine::paths_to(Instant now, NodeId node) const {
  const Peer* const peer = state_->peers.find(node);
  std::vector<PeerPath> all;
  if (!peer) return all;
  const Reach* const taken = state_->paths.choose(peer->reaches, now, peer->period);
  for (const Reach& reach : peer->reaches) {
    if (!state_->paths.find(reach.transport, reach.link)) continue;
    const bool by_group = state_->paths.by_multicast(reach, now, peer->period);
    const PeerPath path{Path{reach.transport, reach.link, reach.address, by_group}, reach.heard,
                        &reach == taken, state_->is_validated(reach),
                        PathTable::is_silent(reach, now, peer->period)};
    all.insert(path.taken ? all.begin() : all.end(), path);
  }
  return all;
}
std::optional<Engine::Arrived> Engine::arrived(NodeId node, StreamId stream) const {
  if (const auto origin = state_->ways.find({node, stream}); origin && !origin->ways.empty()) {
    bool historic = false;
    for (const InboundStream* way : origin->ways) historic |= origin->told < way->history_to;
    return Arrived{origin->told + 1, historic};
  }
  const Peer* const peer = state_->peers.find(node);
  if (!peer) return std::nullopt;
  const auto at = peer->inbound.find(stream);
  if (at == peer->inbound.end() || !at->second->joined) return std::nullopt;
  return Arrived{at->second->told + 1, at->second->told < at->second->history_to};
}
const StreamRecord* Engine::find_relay(NodeId node, StreamId stream) const {
  return state_->find_relay(node, stream, nullptr);
}
const EngineCounters& Engine::counters() const { return state_->counters; }

std::uint64_t Engine::memory_bytes() const {
  const State& s = *state_;
  return s.peers.memory_bytes() + s.strangers.memory_bytes() + s.joiner.memory_bytes() +
         s.splitter.bytes() + s.large.bytes() + s.repairs.memory_bytes() + s.losses.memory_bytes() +
         s.held_bytes + s.history_budget.memory + s.answers_budget.memory +
         s.answers.size() * sizeof(OwnStream) + s.heard_queries.memory_bytes() +
         s.answer_records * sizeof(StreamRecord) + s.types.memory_bytes() + s.ways.memory_bytes() +
         s.closing.size() * 80 + s.streams.size() * 8 + s.streams_open * sizeof(OwnStream);
}
base::SpareBytes Engine::spare() const { return state_->spare; }
NodeId Engine::node() const { return state_->options.node; }

}  // namespace dts::proto
