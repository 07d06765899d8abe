// The engine's way out: numbers, history, routes, the open packet, large messages, tail digests.
#include <algorithm>

#include <base/canary.hpp>
#include <base/crc32c.hpp>
#include <base/sha256.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {

using std::chrono::milliseconds;

namespace {

// After the last data of a stream, DIGEST is sent at these times (then in announcements).
constexpr Duration kTailTimes[] = {milliseconds(20), milliseconds(100), milliseconds(500)};
constexpr unsigned kTailStages = 3;
// And so often while data flows: what can be repaired, to how many, how far away.
constexpr Duration kFlowPeriod = milliseconds(250);
// That a large group has grown, or is farther away than it was told, is said so often, at first
// quickly: who does not hear it asks too early, and as one of too many.
constexpr unsigned kAudienceNews = 6;
constexpr Duration wait_for_news(unsigned left) {
  return std::chrono::microseconds(500 << (kAudienceNews - left));
}

std::uint64_t fingerprint_of(ByteView bytes) {
  const base::Sha256 hash = base::sha256(bytes);
  return base::load<std::uint64_t>(hash.data()) | 1;
}

Error no_such_stream() {
  return Error(ErrorCode::closed, "this stream is not open", {}, "it was closed or never opened",
               "open a publisher again");
}

}  // namespace

wire::StreamEntry entry_of(const StreamRecord& r) {
  wire::StreamEntry e;
  e.stream = r.stream;
  e.family = r.family;
  e.family_name = r.family_name;
  e.type = r.type;
  e.format = r.format;
  e.binding = r.binding;
  e.delivery = static_cast<std::uint8_t>(r.delivery);
  e.waits = r.waits;
  e.history = r.history;
  e.source = r.source;
  for (const auto& [key, value] : r.labels) e.labels.emplace_back(key, value);
  e.messages = r.messages;
  e.bytes = r.bytes;
  e.next = r.next;
  e.via = r.relay.via;
  e.origin_node = r.relay.node;
  e.origin_stream = r.relay.stream;
  e.origin_host = r.relay.host;
  e.origin_name = r.relay.name;
  return e;
}

Result<StreamId> Engine::State::open_stream(Instant now, StreamRecord record, Bytes document) {
  if (streams_open >= options.streams_per_node_max && !closed.empty())
    forget_closed(closed.front());
  if (streams_open >= options.streams_per_node_max)
    return Error(ErrorCode::limit_reached, "too many streams in this process", {},
                 "streams_per_node_max is " + std::to_string(options.streams_per_node_max),
                 "close publishers that are no longer used");
  record.stream = static_cast<StreamId>(streams.size() + 1);
  if (!record.relay.any()) record.next = 1;
  record.waits = record.waits && record.delivery != Delivery::command;
  record.messages = record.bytes = 0;
  Bytes encoded;
  wire::Writer writer(encoded);
  bool fits = record.family_name.size() <= 255 && record.source.size() <= 255 &&
              record.labels.size() <= 255;
  for (const auto& [key, value] : record.labels) fits &= key.size() <= 255 && value.size() <= 255;
  if (fits) write(writer, entry_of(record));
  if (!fits || encoded.size() + 32 + wire::kListHeadBytes > control.body_max())
    return Error(ErrorCode::too_large, "the labels and names of a publisher are too long", {},
                 "all of them have to fit one packet of " +
                     std::to_string(options.packet_bytes_max) + " bytes",
                 "use fewer or shorter labels");
  if (!document.empty()) types.offer(record.type, std::move(document));
  const bool keeps_none =
      record.delivery == Delivery::stream || record.delivery == Delivery::command;
  std::uint32_t values = keeps_none ? 0 : record.delivery == Delivery::state ? 1 : record.history;
  values = std::min(values, options.history_values_max);
  record.history = values;
  const History::Limits limits{
      values, options.history_bytes_per_stream_max,
      record.delivery == Delivery::stream ? 0 : options.repair_bytes_per_stream_max,
      milliseconds(options.repair_age_ms_max)};
  auto s = std::make_unique<OwnStream>(limits, history_budget);
  s->record = std::move(record);
  s->fingerprint = fingerprint_of(encoded);
  const StreamId id = s->record.stream;
  ++streams_open;
  s->visible = s->begun = s->given = !s->record.relay.any();
  if (!s->visible) {
    streams.push_back(std::move(s));
    return id;
  }
  s->announced = !started;
  announcer.stream_changed(id, s->fingerprint, false);
  own_waiting += s->record.waits;
  streams.push_back(std::move(s));
  ++streams_visible;
  if (started) change_due = std::min(change_due, now + milliseconds(1));
  return id;
}

// Destinations of a stream: for each peer that wants it the cheapest way, each way once.
void Engine::State::route(OwnStream& s, Instant now) {
  s.routes_version = routes_version;
  s.destinations.clear();
  s.receivers.clear();
  std::vector<NodeId> reached;  // those of the receivers that get data already
  const Group group = group_of(options.domain, s.record.family_name);
  std::map<std::pair<TransportIndex, LinkIndex>, Destinations> wireless;
  std::vector<StreamSelection> selections;
  std::vector<Withholding::Receiver> ears;
  for (const auto& [node, peer] : peers.all()) {
    WantSet::Match m;
    if (s.reader.is_zero())
      m = peer->wants.match(s.record.family, s.record.family_name);
    else
      m.live = node == s.reader;  // an answer: by unicast
    if (!m.live || !(s.visible || s.closed()) || !s.given) continue;
    const Reach* reach = paths.choose(peer->reaches, now, peer->period);
    if (!reach) continue;
    s.receivers.push_back(node);
    reached.push_back(node);
    const Destination unicast{reach->transport, reach->link, 0, reach->address};
    const Destination multicast{reach->transport, reach->link, group, std::nullopt};
    if (DTS_CANARY(45) && !m.by_family) continue;
    const bool grouped = m.by_family && paths.by_multicast(*reach, now, peer->period);
    // Heard by unicast alone so far: it has joined the family's group, so data goes there at once,
    // and not to an address that has not answered yet.
    const bool met_just_now = m.by_family && !reach->multicast && !is_validated(*reach) &&
                              paths.find(reach->transport, reach->link)->groups;
    const bool by_group = met_just_now || grouped;
    ears.push_back(
        {node, by_group ? multicast : unicast,
         m.selective ? takes_of(*peer, s, m.history, selections) : Withholding::everything});
    if (met_just_now) {
      s.destinations.push_back(multicast);
    } else if (!grouped) {
      // Nobody's word for an address is taken: data goes there when it has answered.
      if (is_validated(*reach))
        s.destinations.push_back(unicast);
      else
        reached.pop_back();
    } else if (paths.find(reach->transport, reach->link)->link.wireless && is_validated(*reach)) {
      wireless[{reach->transport, reach->link}].push_back(unicast);
      ears.back().to = unicast;
    } else {
      s.destinations.push_back(multicast);
    }
  }
  for (const auto& [link, unicasts] : wireless) {
    if (unicasts.size() <= PathTable::wireless_unicast_max)
      s.destinations.insert(s.destinations.end(), unicasts.begin(), unicasts.end());
    else
      s.destinations.push_back({link.first, link.second, group, std::nullopt});
    for (Withholding::Receiver& ear : ears)
      if (unicasts.size() > PathTable::wireless_unicast_max &&
          std::find(unicasts.begin(), unicasts.end(), ear.to) != unicasts.end())
        ear.to = s.destinations.back();
  }
  std::sort(s.destinations.begin(), s.destinations.end());
  s.destinations.erase(std::unique(s.destinations.begin(), s.destinations.end()),
                       s.destinations.end());
  if (s.record.waits) window.follow(s.record.stream, reached, window_bytes_of(s));
  if (sets.size() > 8192) sets.clear();  // numbers are never reused: only packing suffers
  const auto [at, fresh] = sets.try_emplace(s.destinations, next_set);
  if (fresh) ++next_set;
  s.set = at->second;
  audience_changed(s, now);
  if (selections.empty()) return s.withholding.reset();
  if (!s.withholding) s.withholding = std::make_unique<Withholding>();
  s.withholding->reroute(routes_version, std::move(selections), s.destinations, std::move(ears));
}

Result<Sequence> Engine::State::publish(Instant now, StreamId id, const MessageView& message,
                                        Outbox& out) {
  OwnStream* const s = own(id);
  if (!s || s->closed()) return no_such_stream();
  if (!s->announced && change_due != Instant::max()) announce(now, out);
  if (s->routes_version != routes_version) route(*s, now);
  Cut cut{piece_bytes(), message.compression};
  bool small = message.bytes.size() <= open.message_bytes_max() &&
               message.compression == Compression::none && !splitter.holds(id);
  if (s->record.relay.any()) {
    DTS_ASSIGN(cut, cut_of_relayed(now, *s, message));
    small = small && message.first == message.last;
  }
  if (!small) return publish_large(now, *s, message, cut, out);
  const std::uint64_t cost = message.bytes.size() + kMessageCost + (open.empty() ? kPacketCost : 0);
  if (s->record.waits && is_full(now, *s, cost, out)) return refuse_full(now, *s, cost, out);
  const Sequence sequence = s->record.next++;
  ++s->record.messages;
  s->record.bytes += message.bytes.size();
  ++counters.messages_out;
  if (s->selects(message)) {
    publish_selected(now, *s, sequence, message, out);
    return sequence;
  }
  s->history.keep(now, sequence, sequence, message.published_ns, {}, message.bytes, nullptr);
  if (!s->destinations.empty()) {
    add_small(s->destinations, s->set, id, sequence, message.published_ns, false, message.bytes,
              out);
    if (s->record.waits && note_sent(now, *s, sequence, cost)) open.ask_report();
  }
  if (!s->receivers.empty()) touch_tail(*s, now);
  return sequence;
}

Result<Sequence> Engine::State::publish_large(Instant now, OwnStream& s, const MessageView& message,
                                              Cut cut, Outbox& out) {
  const std::uint64_t size = message.bytes.size();
  if (size > options.message_bytes_max) {
    ++counters.message_too_large;
    return Error(
        ErrorCode::too_large, "the message is too large", {},
        std::to_string(size) + " bytes, at most " + std::to_string(options.message_bytes_max),
        "split the value, or raise message_bytes_max on both sides");
  }
  // Who wants it may be nowhere to be reached yet.
  const bool wanted = !s.receivers.empty(), sent = !s.destinations.empty();
  if (sent && s.record.waits && is_full(now, s, size + kPacketCost, out))
    return refuse_full(now, s, size + kPacketCost, out);
  if (sent && !splitter.has_room(size)) {
    ++counters.backlog_full;
    backlog_blocked = true;
    return Error(ErrorCode::would_block, "the backlog of large messages is full", {},
                 std::to_string(splitter.bytes()) + " bytes wait to be sent",
                 "publish more slowly, or wait_writable()");
  }
  const Sequence first = s.record.next, count = Splitter::count(size, cut.piece);
  const std::vector<std::size_t>* taken = nullptr;  // null: all
  if (sent && s.selects(message)) {
    taken = &s.withholding->choose(*message.judge, first, first + count - 1);
    if (taken->size() < s.destinations.size()) ++counters.messages_withheld;
  }
  s.record.next += count - (DTS_CANARY(47) ? 1 : 0);
  ++s.record.messages;
  s.record.bytes += size;
  ++counters.messages_out;
  std::shared_ptr<const Bytes> bytes;
  if (wanted || s.history.keeps(size))
    bytes = message.owner ? message.owner : copy_of(message.bytes);
  s.history.keep(now, first, first + count - 1, message.published_ns, cut, message.bytes, bytes);
  if (wanted && s.record.delivery != Delivery::stream)
    large.keep(now,
               {s.record.stream, first, first + count - 1, cut, message.published_ns, bytes, {}});
  if (sent && (!taken || !taken->empty())) {
    Splitter::Job job{s.record.stream,      first,       cut,
                      message.published_ns, false,       std::move(bytes),
                      s.destinations,       s.receivers, 0};
    if (taken) select_large(s, *taken, job, out);
    splitter.push(std::move(job));
    pump(now, out);
  }
  if (wanted) touch_tail(s, now);
  return first + count - 1;
}

// A shared copy.
std::shared_ptr<const Bytes> Engine::State::copy_of(ByteView bytes) {
  const std::shared_ptr<Bytes> memory = spare.take(bytes.size());
  memory->assign(bytes.begin(), bytes.end());
  return memory;
}

void Engine::State::add_small(const Destinations& destinations, std::uint64_t set, StreamId stream,
                              Sequence sequence, std::int64_t published_ns, bool historic,
                              ByteView bytes, Outbox& out) {
  if (open.add(set, destinations, stream, sequence, published_ns, historic, bytes)) return;
  seal_open(out);
  // Kept since packets were larger, it may not fit: who misses it asks, and hears that it is gone.
  if (!open.add(set, destinations, stream, sequence, published_ns, historic, bytes))
    ++counters.message_too_large;
}

void Engine::State::seal_open(Outbox& out) {
  if (open.empty()) return;
  counters.packets_out += open.destinations().size();
  repairs.data_sent(open.seal(next_packet++, out));
}

void Engine::State::pump(Instant now, Outbox& out) {
  if (splitter.empty()) return;
  seal_open(out);
  large_due = Instant::max();
  std::size_t shut = 0;  // streams that cannot go on, one after the other
  while (!splitter.empty()) {
    const Splitter::Job& job = splitter.front();
    const std::size_t bulk = bulk_bytes(job.destinations);
    wire::Fragment f = splitter.fragment(bulk);
    if (bulk < f.piece &&
        !fits(f)) {  // cut when packets were larger: who misses it asks, and hears
      ++counters.message_too_large;
      splitter.advance();
      continue;
    }
    OwnStream* waits = job.historic ? nullptr : own(job.stream);
    // Of a command's last packet PROGRESS says that it was handled.
    const bool command =
        waits && waits->record.delivery == Delivery::command && f.until() == f.last();
    if (waits && !waits->record.waits) waits = nullptr;
    const std::uint64_t cost = f.bytes.size() + kMessageCost;
    if (!(waits ? window.open(now, job.stream, cost)
                : window.open(now, job.receivers, f.bytes.size()))) {
      large_due = std::min(large_due, window.deadline());
      if (waits) {
        expect_reports(now, *waits);
        ask_for_rest(now, *waits, f.sequence - 1, out);
      }
      if (++shut == splitter.in_turn()) break;
      splitter.pass();
      continue;
    }
    shut = 0;
    if (waits) {
      if (note_sent(now, *waits, f.until(), cost, job.receivers)) f.flags |= wire::kFragmentReport;
    } else if (window.sent(job.receivers, f.bytes.size()) && !command) {
      f.flags |= wire::kFragmentReport;
      window.mark(now, job.receivers, f.stream, f.sequence);
    }
    repairs.data_sent(put_fragment(f, job.bytes, job.destinations, out));
    if (f.total > Window::report_bytes) large_sent = now;
    const StreamId stream = job.stream;
    splitter.advance(f.pieces());
    if (OwnStream* s = own(stream); s && s->in_tail) s->last_data = now;
  }
  tell_evicted(out);
  for (const StreamId id : asking)
    if (OwnStream* const s = own(id)) unblock(*s, out);
  if (backlog_blocked && splitter.bytes() <= options.backlog_bytes_max / 2) {
    backlog_blocked = false;
    note(out, Notice::Kind::writable, options.node);
  }
}

// A packet with a part of the message `of`; returns its bytes.
std::size_t Engine::State::put_fragment(const wire::Fragment& f,
                                        const std::shared_ptr<const Bytes>& of,
                                        const Destinations& to, Outbox& out) {
  counters.packets_out += to.size();
  if (bulk_bytes(to) >= f.bytes.size() && !f.bytes.empty()) {
    wire::write_fragment_head(
        control.add(wire::FrameType::fragment, wire::kFragmentHeadBytes, f.bytes.size()), f);
    const bool intact = std::all_of(
        to.begin(), to.end(), [this](const Destination& d) { return paths.intact(d.transport); });
    return control.seal(next_packet++, to, out, f.bytes, of, !intact);
  }
  std::uint8_t* body =
      control.add(wire::FrameType::fragment, wire::kFragmentHeadBytes + f.bytes.size());
  wire::write_fragment_head(body, f);
  if (!f.bytes.empty())
    std::memcpy(body + wire::kFragmentHeadBytes, f.bytes.data(), f.bytes.size());
  return control.seal(next_packet++, to, out);
}

void Engine::State::touch_tail(OwnStream& s, Instant now) {
  if (s.record.delivery == Delivery::stream) return;
  s.last_data = now;
  s.tail_stage = 0;
  s.tail_announced = 0;
  if (DTS_CANARY(48)) return;
  enter_tail(s, now + kTailTimes[0]);
}

void Engine::State::enter_tail(OwnStream& s, Instant due) {
  tail_due = std::min(tail_due, due);
  if (std::exchange(s.in_tail, true)) return;
  tail.push_back(s.record.stream);
}

// Data goes to this peer by another way than so far: what it was sent before may not have come,
// and it would not know.
void Engine::State::renew_tails(Instant now, const Peer& peer) {
  for (const auto& [id, joined] : peer.joined)
    if (OwnStream* const s = own(id);
        s && s->last_data != Instant{} && s->last_data >= joined.first)
      touch_tail(*s, now);
}

// The first data after a group has grown is followed by DIGESTs at once: receivers that take it for
// small, or for near, would all ask before they hear one another.
void Engine::State::audience_changed(OwnStream& s, Instant now) {
  const wire::Audience a = audience_of(s);
  if (NackTimer::is_small(a) || s.record.delivery == Delivery::stream) return;
  if (a.group <= s.told.group && a.round_trip_us <= s.told.round_trip_us * 3 / 2) return;
  s.told = a;
  s.audience_news = kAudienceNews;
  enter_tail(s, now);
}

void Engine::State::send_tails(Instant now, bool all, Outbox& out) {
  if (!all && tail_due > now) return;
  tail_due = Instant::max();
  struct Tail {
    std::vector<Bytes> withheld;
    std::vector<wire::Digest> digests;
  };
  std::map<Destination, Tail> tails;
  std::vector<StreamId> left;
  for (StreamId id : tail) {
    OwnStream* s = own(id);
    if (!s) continue;
    if (s->routes_version != routes_version) route(*s, now);
    const bool waiting = splitter.holds(id);  // its last data is still to come
    const bool stage_over =
        s->tail_stage < kTailStages && now >= s->last_data + kTailTimes[s->tail_stage];
    const bool news = s->audience_news && now >= s->last_digest + wait_for_news(s->audience_news);
    if (all || news || (!waiting && (stage_over || now >= s->last_digest + kFlowPeriod))) {
      const wire::Digest digest = digest_of(now, *s);
      for (std::size_t i = 0; i < s->destinations.size(); ++i) {
        Destination d = s->destinations[i];
        d.group = 0;
        Tail& to = tails[d];
        to.digests.push_back(digest);
        if (!s->withholding || waiting) continue;
        Withholding::Path& path = s->withholding->paths()[i];
        for (const wire::Run& run : path.untold.runs())
          to.withheld.push_back(withheld_body(id, run, path.fingerprints));
        path.untold.clear();
      }
      s->told = digest.audience;
      s->audience_news -= s->audience_news > 0;
      s->last_digest = now;
      s->tail_stage += stage_over;
    }
    const bool over = s->tail_stage >= kTailStages;
    if ((over && !s->audience_news) || s->destinations.empty()) {
      s->in_tail = false;
      s->audience_news = 0;
      continue;
    }
    left.push_back(id);
    if (waiting)
      tail_due = std::min(tail_due, now + kTailTimes[0]);
    else if (!over)
      tail_due = std::min(tail_due, s->last_data + kTailTimes[s->tail_stage]);
    if (s->audience_news)
      tail_due = std::min(tail_due, s->last_digest + wait_for_news(s->audience_news));
  }
  tail = std::move(left);
  Bytes body;
  for (const auto& [destination, due] : tails) {
    const Destinations to{destination};
    for (const Bytes& withheld : due.withheld) put(wire::FrameType::gap, withheld, to, out);
    for (const wire::Digest& digest : due.digests) {
      body.clear();
      wire::Writer writer(body);
      write(writer, digest);
      put(wire::FrameType::digest, body, to, out);
    }
    seal_control(to, out);
  }
}

// HISTORY says where each stream begins for this peer; what it may have of the past follows.
void Engine::State::send_beginnings(Instant now, Peer& peer, const std::vector<StreamId>& ids,
                                    Outbox& out) {
  const Reach* reach = paths.choose(peer.reaches, now, peer.period);
  if (!reach) return;
  seal_open(out);
  const Destinations to{{reach->transport, reach->link, 0, reach->address}};
  Bytes body;
  std::vector<std::pair<OwnStream*, std::size_t>> history;  // and how many values
  for (StreamId id : ids) {
    OwnStream* s = own(id);
    if (!s || !s->given) continue;
    const WantSet::Match m = peer.wants.match(s->record.family, s->record.family_name);
    const bool may = s->reader.is_zero() ? m.history : s->reader == peer.record.node;
    const std::size_t values = may ? s->history.size() : 0;
    wire::History h{id, s->record.next, s->record.next - 1, audience_of(*s)};
    if (values) h.from = s->history.at(0).first + (DTS_CANARY(46) ? 1 : 0);
    h.from = std::min(h.from, give_beginning(now, peer, *s, h.from));
    body.clear();
    wire::Writer writer(body);
    write(writer, h);
    put(wire::FrameType::history, body, to, out);
    if (values) history.emplace_back(s, values);
  }
  seal_control(to, out);
  const auto [set, fresh] = sets.try_emplace(to, next_set);
  if (fresh) ++next_set;
  for (const auto& [s, values] : history) {
    for (std::size_t i = 0; i < values; ++i) {
      const History::Value v = s->history.at(i);
      if (v.large)
        splitter.push({s->record.stream,
                       v.first,
                       v.cut,
                       v.published_ns,
                       true,
                       v.large,
                       to,
                       {peer.record.node},
                       0});
      else
        add_small(to, set->second, s->record.stream, v.first, v.published_ns, true, v.bytes(), out);
    }
  }
  seal_open(out);
  pump(now, out);
}

// Entries cut into bodies that fit a packet each; the head says which part each is.
std::vector<Bytes> Engine::State::stream_parts(wire::ListHead head,
                                               const std::vector<StreamId>& ids) const {
  std::vector<Bytes> parts(1);
  Bytes entry;
  const std::size_t room = control.body_max() - wire::kListHeadBytes - 32;
  for (StreamId id : ids) {
    entry.clear();
    wire::Writer writer(entry);
    wire::StreamEntry e;
    if (const OwnStream* s = own(id); s && s->visible) {
      e = entry_of(s->record);
    } else {
      e.closed = true;
      e.stream = id;
    }
    write(writer, e);
    if (parts.back().size() + entry.size() > room) parts.emplace_back();
    parts.back().insert(parts.back().end(), entry.begin(), entry.end());
  }
  wire::put_heads(head, parts);
  return parts;
}

}  // namespace dts::proto
