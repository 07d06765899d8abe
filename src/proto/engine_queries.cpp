// The engine's queries: asking, repeating, and answering with streams for one reader.
#include <algorithm>

#include <base/text.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {

using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

// An answer is not sent again sooner than this.
constexpr Duration kAgainMin = milliseconds(50);
// Silent publishers up to here are asked again one by one, more of them by the group.
constexpr std::size_t kUnicastMax = 8;

bool about(const Question& q, const FamilyId& family, const std::string& name) {
  return q.family.is_zero() ? base::glob_match(q.name, name) : q.family == family;
}

std::size_t bytes_of(const std::vector<Reply::Value>& values) {
  std::size_t bytes = 0;
  for (const Reply::Value& value : values) bytes += value.bytes->size();
  return bytes;
}

}  // namespace

Result<QueryToken> Engine::State::ask(Instant now, Question question, Outbox& out) {
  if (asked_queries.full())
    return Error(ErrorCode::limit_reached, "too many queries at once", {},
                 "at most " + std::to_string(options.queries_open_max),
                 "wait for the answers of some");
  const QueryToken token = random.next() | 1;
  Bytes body;
  wire::Writer writer(body);
  write(writer, wire::Query{token, question.family, question.name, question.from_ns, question.to_ns,
                            question.limit, question.filter, question.text});
  // A bare packet's room, less what begin_unicast may put in front.
  if (question.name.size() > 255 || question.filter.size() > 0xffff ||
      question.text.size() > 0xffff || body.size() + 32 > control.body_max())
    return Error(ErrorCode::too_large, "the query is too long", {},
                 "its filter and text have to fit one packet of " +
                     std::to_string(options.packet_bytes_max) + " bytes",
                 "a shorter one");
  seal_open(out);
  AskedQueries::Asked& query = asked_queries.open(now, token, std::move(question), std::move(body));
  Destinations to = paths.control_groups();
  for (const Path& path : named) to.push_back({path.transport, path.link, 0, path.address});
  for (const auto& [node, peer] : peers.all()) {
    const Reach* reach = paths.choose(peer->reaches, now, peer->period);
    if (!reach || paths.by_multicast(*reach, now, peer->period) || !is_validated(*reach)) continue;
    const Destination d{reach->transport, reach->link, 0, reach->address};
    if (std::find(to.begin(), to.end(), d) == to.end()) to.push_back(d);
  }
  ++counters.queries_out;
  put(wire::FrameType::query, query.body, to, out);
  seal_control(to, out);
  return token;
}

// Whoever publishes it and has not answered in full is asked again.
void Engine::State::repeat(Instant now, AskedQueries::Asked& query, Outbox& out) {
  std::vector<Peer*> silent;
  for (const auto& [node, peer] : peers.all()) {
    const auto said = query.said.find(node);
    if (said != query.said.end() && said->second.complete()) continue;
    const auto& all = peer->record.streams;
    if (std::any_of(all.begin(), all.end(), [&](const StreamRecord& r) {
          return about(query.question, r.family, r.family_name);
        }))
      silent.push_back(peer.get());
  }
  if (silent.size() > kUnicastMax) {
    const Destinations to = paths.control_groups();
    put(wire::FrameType::query, query.body, to, out);
    seal_control(to, out);
  }
  for (Peer* peer : silent) {
    const Reach* reach = paths.choose(peer->reaches, now, peer->period);
    if (silent.size() > kUnicastMax && reach && paths.by_multicast(*reach, now, peer->period))
      continue;
    Destinations to;
    if (!begin_unicast(now, *peer, query.body.size() + 64, to, out)) continue;
    put(wire::FrameType::query, query.body, to, out);
    seal_control(to, out);
  }
}

void Engine::State::end_query(QueryToken token, Outbox& out) {
  AskedQueries::Asked* const query = asked_queries.find(token);
  if (!query) return;
  for (const auto& [node, stream] : query->streams) {
    Peer* const peer = peers.find(node);
    if (!peer) continue;
    forget_inbound(*peer, stream, false, out);
    answer_records -=
        std::erase_if(peer->answers, [id = stream](const auto& r) { return r.stream == id; });
  }
  asked_queries.close(token);
}

void Engine::State::receive_query(Instant now, const Path& from, Peer& peer, ByteView body,
                                  Outbox& out) {
  wire::Query q;
  if (!read(body, q)) {
    ++counters.frame_malformed;
    return;
  }
  const Question question{q.family, std::string(q.name),   q.from_ns,          q.to_ns,
                          q.limit,  std::string(q.filter), std::string(q.text)};
  const bool ours = std::any_of(streams.begin(), streams.end(), [&](const auto& s) {
    return s && about(question, s->record.family, s->record.family_name);
  });
  if (!ours) return;
  // With many nodes the answers come spread.
  const Duration spread = std::min<Duration>(milliseconds(100), milliseconds(peers.size()));
  const auto spread_us = static_cast<std::uint64_t>(spread / microseconds(1));
  const bool wait = from.multicast && peers.size() > 2;
  std::vector<StreamId> lost;
  const auto outcome = heard_queries.hear(
      now, peer.record.node, q.token, question,
      wait ? Duration(microseconds(random.below(spread_us))) : Duration(0), lost);
  close_answers(lost);
  if (outcome == HeardQueries::Outcome::refused) {
    ++counters.queries_refused;
    return;
  }
  if (outcome == HeardQueries::Outcome::fresh) {
    ++counters.queries_in;
    return service_queries(now, out);
  }
  HeardQueries::Heard* const query = heard_queries.find(peer.record.node, q.token);
  if (now - query->sent < kAgainMin) return;
  send_answers(now, peer, *query, out);
}

void Engine::State::service_queries(Instant now, Outbox& out) {
  for (HeardQueries::Heard* query : heard_queries.take_due(now)) {
    note(out, Notice::Kind::query, query->node);
    Notice& n = out.notices.back();
    n.token = query->token;
    n.question = std::make_shared<const Question>(query->question);
  }
  close_answers(heard_queries.expire(now));
  for (AskedQueries::Asked* query : asked_queries.take_due(now)) repeat(now, *query, out);
}

void Engine::State::answer(Instant now, const NodeId& asker, QueryToken token, Reply reply,
                           Outbox& out) {
  HeardQueries::Heard* const query = heard_queries.find(asker, token);
  Peer* const peer = peers.find(asker);
  const OwnStream* source = own(reply.of);
  if (!query || !peer || !source || reply.parts == 0 || reply.part >= reply.parts) {
    ++counters.answers_refused;  // it took too long: nobody waits any more
    return;
  }
  wire::Answer a;
  a.token = token;
  a.part = reply.part;
  a.parts = reply.parts;
  a.of = reply.of;
  StreamId stream = 0;
  if (reply.error.empty() && !reply.values.empty()) {
    stream = open_answer(now, asker, reply);
    if (!stream) {
      ++counters.answers_refused;
      reply.error = "too many answers are under way here; ask again later";
    }
  }
  a.left_out = reply.left_out;
  if (stream) {
    a.status = wire::Answer::Status::follow;
    a.entry = entry_of(own(stream)->record);
  } else if (!reply.error.empty()) {
    a.status = wire::Answer::Status::error;
    a.error = std::string_view(reply.error).substr(0, 512);
  }
  Bytes body;
  wire::Writer writer(body);
  write(writer, a);
  if (!heard_queries.say(*query, a.part, a.parts, std::move(body), stream)) {
    if (stream) close_answers({stream});
    return;
  }
  send_answer(now, *peer, *query, query->parts[a.part], out);
}

// The stream that holds the values; 0 when there is no room for it. What is too much for one answer
// is left out of it, the oldest first.
StreamId Engine::State::open_answer(Instant now, const NodeId& asker, Reply& reply) {
  auto& values = reply.values;
  std::size_t bytes = bytes_of(values), drop = 0;
  while (values.size() - drop > options.answer_values_max || bytes > options.answer_bytes_max)
    bytes -= values[drop++].bytes->size();
  values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(drop));
  reply.left_out += drop;
  const bool room = answers.size() < options.answer_streams_max &&
                    answers_budget.history_used + bytes <= answers_budget.history_max;
  if (!room || values.empty() || next_answer == ~StreamId{0}) return 0;
  const auto count = static_cast<std::uint32_t>(values.size());
  const History::Limits limits{count, bytes + count * History::kEntryBytes, 0, {}};
  auto s = std::make_unique<OwnStream>(limits, answers_budget);
  s->record = own(reply.of)->record;
  s->record.stream = next_answer++;
  s->record.history = count;
  s->record.messages = values.size();
  s->record.bytes = bytes;
  s->reader = asker;
  s->announced = true;
  const std::uint16_t piece = piece_bytes();
  Sequence next = 1;
  for (const Reply::Value& value : values) {
    const bool cut =
        value.bytes->size() > open.message_bytes_max() || value.compression != Compression::none;
    const Sequence packets = cut ? Splitter::count(value.bytes->size(), piece) : 1;
    s->history.keep(now, next, next + packets - 1, value.published_ns,
                    cut ? Cut(piece, value.compression) : Cut(), *value.bytes,
                    cut ? value.bytes : nullptr);
    next += packets;
  }
  s->record.next = next;
  const StreamId id = s->record.stream;
  answers.emplace(id, std::move(s));
  return id;
}

void Engine::State::close_answers(const std::vector<StreamId>& streams_done) {
  for (StreamId id : streams_done) {
    splitter.drop_stream(id);
    if (const OwnStream* s = own(id))
      if (Peer* peer = peers.find(s->reader)) peer->joined.erase(id);
    answers.erase(id);
  }
}

void Engine::State::send_answers(Instant now, Peer& peer, HeardQueries::Heard& query, Outbox& out) {
  for (const HeardQueries::Part& part : query.parts)
    if (part.said) send_answer(now, peer, query, part, out);
}

// ANSWER, and what it announces; when the address has not proven itself, within what it has earned.
void Engine::State::send_answer(Instant now, Peer& peer, HeardQueries::Heard& query,
                                const HeardQueries::Part& part, Outbox& out) {
  if (splitter.holds(part.stream)) return;  // the last time is not over
  query.sent = now;
  seal_open(out);
  std::size_t bytes = part.body.size() + 64;
  if (part.stream) bytes += beginnings_bytes({part.stream});
  Destinations to;
  if (!begin_unicast(now, peer, bytes, to, out)) {
    query.withheld = peer.withheld;
    return;
  }
  ++counters.answers_out;
  put(wire::FrameType::answer, part.body, to, out);
  seal_control(to, out);
  if (part.stream) send_beginnings(now, peer, {part.stream}, out);
}

void Engine::State::resume_answers(Instant now, Peer& peer, Outbox& out) {
  if (heard_queries.size() == 0) return;
  for (HeardQueries::Heard* query : heard_queries.take_withheld(peer.record.node))
    send_answers(now, peer, *query, out);
}

void Engine::State::receive_answer(Instant now, Peer& peer, ByteView body, Outbox& out) {
  constexpr std::size_t of_node_max = 1024;
  wire::Answer a;
  if (!read(body, a)) {
    ++counters.frame_malformed;
    return;
  }
  AskedQueries::Asked* const query = asked_queries.find(a.token);
  if (!query) {
    ++counters.answers_unasked;
    return;
  }
  const bool follow = a.status == wire::Answer::Status::follow;
  StreamRecord record;
  if (follow) {
    record = record_of(a.entry);
    const bool known = PeerTable::find_stream(peer, record.stream) != nullptr;
    if (known) return;  // told again
    const bool room = peer.answers.size() < of_node_max &&
                      answer_records < 16 * std::size_t{options.answer_streams_max};
    if (!about(query->question, record.family, record.family_name) || !room) {
      ++counters.answers_refused;
      return;
    }
  }
  const Parts::Said said = query->said[peer.record.node].add(a.part, a.parts);
  if (said != Parts::Said::fresh) {
    counters.answers_refused += said == Parts::Said::absurd;
    return;
  }
  ++counters.answers_in;
  if (follow) {
    auto& all = peer.answers;
    const auto at =
        std::lower_bound(all.begin(), all.end(), record.stream,
                         [](const StreamRecord& r, StreamId id) { return r.stream < id; });
    all.insert(at, record);
    ++answer_records;
    query->streams.emplace_back(peer.record.node, record.stream);
  }
  note(out, Notice::Kind::answer, peer.record.node, record.stream, std::string(a.error));
  Notice& n = out.notices.back();
  n.token = a.token;
  n.answered = {a.part, a.parts, a.of, a.left_out, a.status == wire::Answer::Status::error};
  if (follow) described(now, peer, record.stream);
}

// The peer is gone, and what it asked and answered with it.
void Engine::State::forget_queries(Peer& peer) {
  close_answers(heard_queries.forget(peer.record.node));
  answer_records -= peer.answers.size();
  peer.answers.clear();
}

}  // namespace dts::proto
