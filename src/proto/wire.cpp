#include <proto/wire.hpp>

#include <algorithm>

namespace dts::proto::wire {

Header read_header(const std::uint8_t* p) noexcept {
  Header h;
  h.version = p[2];
  h.flags = p[3];
  h.domain = base::load<std::uint32_t>(p + 4);
  std::memcpy(h.node.bytes.data(), p + 8, h.node.bytes.size());
  h.number = base::load<std::uint64_t>(p + 20);
  return h;
}

void write_header(std::uint8_t* p, const Header& h) noexcept {
  p[0] = kMagic[0];
  p[1] = kMagic[1];
  p[2] = h.version;
  p[3] = h.flags;
  base::store(p + 4, h.domain);
  std::memcpy(p + 8, h.node.bytes.data(), h.node.bytes.size());
  base::store(p + 20, h.number);
}

//  | type u8 | length u16 | body |
bool next_frame(ByteView& rest, Frame& frame) noexcept {
  if (rest.size() < kFrameHeaderBytes) return false;
  const std::size_t length = base::load<std::uint16_t>(rest.data() + 1);
  if (rest.size() - kFrameHeaderBytes < length) return false;
  frame = {static_cast<FrameType>(rest[0]), rest.subspan(kFrameHeaderBytes, length)};
  rest = rest.subspan(kFrameHeaderBytes + length);
  return true;
}

DataHead read_data_head(Reader& r) noexcept {
  DataHead h;
  h.flags = r.number<std::uint8_t>();
  h.stream = r.number<std::uint32_t>();
  h.first = r.number<std::uint64_t>();
  h.published_ns = r.number<std::int64_t>();
  return h;
}

void write_data_head(std::uint8_t* to, const DataHead& h) noexcept {
  to[0] = h.flags;
  base::store(to + 1, h.stream);
  base::store(to + 5, h.first);
  base::store(to + 13, h.published_ns);
}

bool read(ByteView body, Fragment& f) noexcept {
  Reader r(body);
  f.flags = r.number<std::uint8_t>();
  f.stream = r.number<std::uint32_t>();
  f.sequence = r.number<std::uint64_t>();
  f.total = r.number<std::uint32_t>();
  f.piece = r.number<std::uint16_t>();
  f.index = r.number<std::uint32_t>();
  f.published_ns = r.number<std::int64_t>();
  f.bytes = r.rest();
  if (!r.ok() || f.piece == 0 || f.total > 0x7fffffffu) return false;
  if (f.compression() > Compression::zstd) return false;
  if (f.index >= f.count() || f.sequence <= f.index || f.sequence >> 62) return false;
  const std::uint64_t rest = f.total - std::uint64_t{f.index} * f.piece;
  return f.bytes.size() == rest ||
         (f.bytes.size() < rest && !f.bytes.empty() && f.bytes.size() % f.piece == 0);
}

Fragment Fragment::part(std::uint64_t from, std::uint64_t to) const noexcept {
  Fragment some = *this;
  some.sequence = from;
  some.index += static_cast<std::uint32_t>(from - sequence);
  const std::size_t begin = (from - sequence) * piece, end = (to + 1 - sequence) * piece;
  some.bytes = bytes.subspan(begin, std::min(end, bytes.size()) - begin);
  return some;
}

void write_fragment_head(std::uint8_t* to, const Fragment& f) noexcept {
  to[0] = f.flags;
  base::store(to + 1, f.stream);
  base::store(to + 5, f.sequence);
  base::store(to + 13, f.total);
  base::store(to + 17, f.piece);
  base::store(to + 19, f.index);
  base::store(to + 23, f.published_ns);
}

namespace {
Audience read_audience(Reader& r) noexcept {
  Audience a;
  a.group = r.number<std::uint8_t>();
  a.round_trip_us = r.number<std::uint32_t>();
  return a;
}
void write(Writer& w, const Audience& a) {
  w.number(a.group);
  w.number(a.round_trip_us);
}
}  // namespace

bool read(ByteView body, Digest& d) noexcept {
  Reader r(body);
  d.stream = r.number<std::uint32_t>();
  d.last = r.number<std::uint64_t>();
  d.first = r.number<std::uint64_t>();
  d.audience = read_audience(r);
  d.stamp_us = r.number<std::uint32_t>();
  return r.ok() && !(d.last >> 62) && d.first != 0 && d.first <= d.last + 1;
}
void write(Writer& w, const Digest& d) {
  w.number(d.stream);
  w.number(d.last);
  w.number(d.first);
  write(w, d.audience);
  w.number(d.stamp_us);
}

bool read(ByteView body, Announce& a) noexcept {
  Reader r(body);
  a.flags = r.number<std::uint8_t>();
  a.unicast_port = r.number<std::uint16_t>();
  a.process = r.number<std::uint32_t>();
  a.wall_ns = r.number<std::int64_t>();
  a.up_ms = r.number<std::uint64_t>();
  a.period_ms = r.number<std::uint32_t>();
  a.streams_digest = r.number<std::uint64_t>();
  a.streams_count = r.number<std::uint32_t>();
  a.wants_digest = r.number<std::uint64_t>();
  a.wants_count = r.number<std::uint32_t>();
  a.host = r.text();
  a.name = r.text();
  a.version = r.text();
  a.domain = r.text();
  return r.ok();
}
void write(Writer& w, const Announce& a) {
  w.number(a.flags);
  w.number(a.unicast_port);
  w.number(a.process);
  w.number(a.wall_ns);
  w.number(a.up_ms);
  w.number(a.period_ms);
  w.number(a.streams_digest);
  w.number(a.streams_count);
  w.number(a.wants_digest);
  w.number(a.wants_count);
  w.text(a.host);
  w.text(a.name);
  w.text(a.version);
  w.text(a.domain);
}

bool read(Reader& r, ListHead& h) noexcept {
  const auto kind = r.number<std::uint8_t>();
  h.kind = static_cast<ListHead::Kind>(kind);
  h.base = r.number<std::uint64_t>();
  h.digest = r.number<std::uint64_t>();
  h.part = r.number<std::uint16_t>();
  h.parts = r.number<std::uint16_t>();
  return r.ok() && kind <= 1 && h.part < h.parts;
}
void write(Writer& w, const ListHead& h) {
  w.number(static_cast<std::uint8_t>(h.kind));
  w.number(h.base);
  w.number(h.digest);
  w.number(h.part);
  w.number(h.parts);
}

void put_heads(ListHead head, std::vector<Bytes>& parts) {
  head.parts = static_cast<std::uint16_t>(parts.size());
  for (Bytes& part : parts) {
    Bytes whole;
    Writer writer(whole);
    write(writer, head);
    writer.bytes(part);
    part = std::move(whole);
    ++head.part;
  }
}

namespace {
bool read_hubs(Reader& r, std::size_t hops, std::vector<std::uint64_t>& via) {
  via.clear();
  if (hops > kHubsMax) return false;
  for (; hops && r.ok(); --hops) via.push_back(r.number<std::uint64_t>());
  return r.ok();
}
bool read_relay(Reader& r, StreamEntry& e) {
  const auto hops = r.number<std::uint8_t>();
  if (hops == 0) return true;
  e.origin_node = r.id<NodeId>();
  e.origin_stream = r.number<std::uint32_t>();
  e.origin_host = r.text();
  e.origin_name = r.text();
  return read_hubs(r, hops, e.via) && !e.origin_node.is_zero() && e.origin_stream != 0 &&
         e.origin_stream < kAnswerStreams;
}
}  // namespace

bool read(Reader& all, StreamEntry& e) {
  e = {};
  e.closed = all.number<std::uint8_t>() & 1;
  Reader r(all.bytes(all.number<std::uint16_t>()));
  e.stream = r.number<std::uint32_t>();
  if (e.closed) return all.ok() && r.ok();
  e.family = r.id<FamilyId>();
  e.family_name = r.text();
  e.type = r.id<TypeId>();
  e.format = r.number<std::uint8_t>();
  e.binding = r.id<BindingId>();
  e.delivery = r.number<std::uint8_t>();
  e.waits = r.number<std::uint8_t>() & 1;
  const std::uint64_t history = r.varint();
  e.history = static_cast<std::uint32_t>(history < 0xffffffffu ? history : 0xffffffffu);
  e.source = r.text();
  for (unsigned n = r.number<std::uint8_t>(); n && r.ok(); --n) {
    const std::string_view key = r.text();
    e.labels.emplace_back(key, r.text());
  }
  e.messages = r.varint();
  e.bytes = r.varint();
  e.next = r.varint();
  if (r.ok() && !r.done() && !read_relay(r, e)) return false;
  return all.ok() && r.ok() && e.delivery <= 3 && e.next != 0 && !(e.next >> 62);
}
void write(Writer& out, const StreamEntry& e) {
  Bytes record;
  Writer w(record);
  w.number(e.stream);
  if (!e.closed) {
    w.bytes(e.family.view());
    w.text(e.family_name);
    w.bytes(e.type.view());
    w.number(e.format);
    w.bytes(e.binding.view());
    w.number(e.delivery);
    w.number(static_cast<std::uint8_t>(e.waits));
    w.varint(e.history);
    w.text(e.source);
    w.number(static_cast<std::uint8_t>(e.labels.size()));
    for (const auto& [key, value] : e.labels) {
      w.text(key);
      w.text(value);
    }
    w.varint(e.messages);
    w.varint(e.bytes);
    w.varint(e.next);
    if (!e.via.empty()) {
      w.number(static_cast<std::uint8_t>(e.via.size()));
      w.bytes(e.origin_node.view());
      w.number(e.origin_stream);
      w.text(e.origin_host);
      w.text(e.origin_name);
      for (const std::uint64_t hub : e.via) w.number(hub);
    }
  }
  out.number(static_cast<std::uint8_t>(e.closed));
  out.number(static_cast<std::uint16_t>(record.size()));
  out.bytes(record);
}

//  | flags u8 (1 removed, 2 live, 4 history, 16 hubs) | family 8 | name | hops u8, hub u64 * hops |
bool read(Reader& r, WantEntry& e) {
  const auto flags = r.number<std::uint8_t>();
  e.removed = flags & 1;
  e.live = flags & 2;
  e.history = flags & 4;
  e.family = r.id<FamilyId>();
  e.name = r.text();
  e.selections = flags & 8 ? r.bytes(r.number<std::uint16_t>()) : ByteView();
  e.via.clear();
  return r.ok() && (!(flags & 16) || read_hubs(r, r.number<std::uint8_t>(), e.via));
}
void write(Writer& w, const WantEntry& e) {
  w.number(static_cast<std::uint8_t>((e.removed ? 1 : 0) | (e.live ? 2 : 0) | (e.history ? 4 : 0) |
                                     (e.selections.empty() ? 0 : 8) | (e.via.empty() ? 0 : 16)));
  w.bytes(e.family.view());
  w.text(e.name);
  if (!e.selections.empty()) {
    w.number(static_cast<std::uint16_t>(e.selections.size()));
    w.bytes(e.selections);
  }
  if (e.via.empty()) return;
  w.number(static_cast<std::uint8_t>(e.via.size()));
  for (const std::uint64_t hub : e.via) w.number(hub);
}

void write_selection(Writer& w, const Selection& s) {
  w.bytes(s.type.view());
  w.number(static_cast<std::uint16_t>(s.where.size()));
  w.bytes(as_bytes(s.where));
  w.varint(s.interval_ns);
  w.number(static_cast<std::uint8_t>(s.dead_bands.size()));
  for (const auto& [field, width] : s.dead_bands) {
    w.text(field);
    w.text(width);
  }
}
std::vector<Selection> read_selections(ByteView selections) {
  std::vector<Selection> all;
  Reader r(selections);
  while (!r.done()) {
    if (all.size() == kSelectionsPerWant) return {};
    Selection& s = all.emplace_back();
    s.type = r.id<TypeId>();
    s.where = as_text(r.bytes(r.number<std::uint16_t>()));
    s.interval_ns = r.varint();
    for (std::size_t bands = r.number<std::uint8_t>(); bands && r.ok(); --bands) {
      const std::string_view field = r.text();
      s.dead_bands.emplace_back(field, r.text());
    }
    if (!r.ok()) return {};
  }
  return all;
}

bool read(ByteView body, ListRequest& q) noexcept {
  Reader r(body);
  q.flags = r.number<std::uint8_t>();
  return r.ok();
}
void write(Writer& w, const ListRequest& q) { w.number(q.flags); }

bool read(ByteView body, History& h) noexcept {
  Reader r(body);
  h.stream = r.number<std::uint32_t>();
  h.from = r.number<std::uint64_t>();
  h.to = r.number<std::uint64_t>();
  h.audience = read_audience(r);
  return r.ok() && h.from != 0 && !(h.to >> 62) && h.from <= h.to + 1;
}
void write(Writer& w, const History& h) {
  w.number(h.stream);
  w.number(h.from);
  w.number(h.to);
  write(w, h.audience);
}

bool read(ByteView body, HistoryRequest& q) noexcept {
  Reader r(body);
  q.stream = r.number<std::uint32_t>();
  return r.ok();
}
void write(Writer& w, const HistoryRequest& q) { w.number(q.stream); }

bool read(ByteView body, TypeRequest& q) noexcept {
  Reader r(body);
  q.type = r.id<TypeId>();
  q.offset = r.number<std::uint32_t>();
  return r.ok();
}
void write(Writer& w, const TypeRequest& q) {
  w.bytes(q.type.view());
  w.number(q.offset);
}

bool read(ByteView body, TypePart& p) noexcept {
  Reader r(body);
  p.type = r.id<TypeId>();
  p.total = r.number<std::uint32_t>();
  p.offset = r.number<std::uint32_t>();
  p.bytes = r.rest();
  return r.ok() && p.total != 0 && std::uint64_t{p.offset} + p.bytes.size() <= p.total;
}
void write(Writer& w, const TypePart& p) {
  w.bytes(p.type.view());
  w.number(p.total);
  w.number(p.offset);
  w.bytes(p.bytes);
}

bool read(ByteView body, Refuse& refusal) noexcept {
  Reader r(body);
  refusal.stream = r.number<std::uint32_t>();
  refusal.first = r.number<std::uint64_t>();
  refusal.bytes_max = r.number<std::uint64_t>();
  return r.ok();
}

void write(Writer& w, const Refuse& refusal) {
  w.number(refusal.stream);
  w.number(refusal.first);
  w.number(refusal.bytes_max);
}

bool read(ByteView body, Progress& p) noexcept {
  Reader r(body);
  p.stream = r.number<std::uint32_t>();
  p.sequence = r.number<std::uint64_t>();
  p.room = r.number<std::uint32_t>();
  return r.ok();
}
void write(Writer& w, const Progress& p) {
  w.number(p.stream);
  w.number(p.sequence);
  w.number(p.room);
}

bool read(ByteView body, Report& report) noexcept {
  Reader r(body);
  report.stream = r.number<std::uint32_t>();
  report.sequence = r.number<std::uint64_t>();
  return r.ok();
}
void write(Writer& w, const Report& report) {
  w.number(report.stream);
  w.number(report.sequence);
}

bool read(ByteView body, Health& h) noexcept {
  Reader r(body);
  h.loss = r.number<std::uint8_t>();
  h.flags = r.number<std::uint8_t>();
  h.buffer_bytes = r.number<std::uint32_t>();
  return r.ok();
}
void write(Writer& w, const Health& h) {
  w.number(h.loss);
  w.number(h.flags);
  w.number(h.buffer_bytes);
}

bool read_runs(Reader& r, std::vector<Run>& runs) {
  runs.clear();
  std::uint64_t next = r.number<std::uint64_t>();
  if (next == 0) return false;
  while (r.ok() && !r.done()) {
    const std::uint64_t skip = r.varint(), count = r.varint();
    if (!r.ok() || count == 0 || runs.size() == kRunsMax || (skip == 0) != runs.empty())
      return false;
    if (skip >> 62 || count >> 62 || next >> 62) return false;
    next += skip;
    if ((next + count) >> 62) return false;
    runs.push_back({next, next + count - 1});
    next += count;
  }
  return r.ok() && !runs.empty();
}
std::size_t write_runs(Writer& w, std::span<const Run> runs, std::size_t room) {
  if (runs.empty() || room < sizeof(std::uint64_t)) return 0;
  room -= sizeof(std::uint64_t);
  std::uint64_t next = runs.front().from;
  w.number(next);
  std::size_t written = 0;
  for (const Run& run : runs.first(std::min(runs.size(), kRunsMax))) {
    const std::uint64_t skip = run.from - next, count = run.to - run.from + 1;
    const std::size_t bytes = varint_bytes(skip) + varint_bytes(count);
    if (bytes > room) break;
    room -= bytes;
    w.varint(skip);
    w.varint(count);
    next = run.to + 1;
    ++written;
  }
  return written;
}

bool read(ByteView body, Nack& n) {
  Reader r(body);
  n.publisher = r.id<NodeId>();
  n.stream = r.number<std::uint32_t>();
  n.flags = r.number<std::uint8_t>();
  n.loss = r.number<std::uint8_t>();
  n.echo_us = r.number<std::uint32_t>();
  return read_runs(r, n.runs);
}
std::size_t write(Writer& w, const Nack& n, std::size_t room) {
  w.bytes(n.publisher.view());
  w.number(n.stream);
  w.number(n.flags);
  w.number(n.loss);
  w.number(n.echo_us);
  return write_runs(w, n.runs, room > kNackHeadBytes ? room - kNackHeadBytes : 0);
}

bool read(ByteView body, Confirm& c) {
  Reader r(body);
  c.stream = r.number<std::uint32_t>();
  c.within_us = r.number<std::uint32_t>();
  return read_runs(r, c.runs);
}
std::size_t write(Writer& w, const Confirm& c, std::size_t room) {
  w.number(c.stream);
  w.number(c.within_us);
  return write_runs(w, c.runs, room > 8 ? room - 8 : 0);
}

bool read(ByteView body, Gap& g) {
  Reader r(body);
  g.stream = r.number<std::uint32_t>();
  g.from = r.number<std::uint64_t>();
  g.to = r.number<std::uint64_t>();
  g.reason = Gap::Reason{r.number<std::uint8_t>()};
  if (g.reason == Gap::Reason::withheld)
    for (std::size_t count = r.number<std::uint8_t>(); count && r.ok(); --count)
      g.selections.push_back(r.number<std::uint64_t>());
  return r.ok() && g.from != 0 && !(g.to >> 62) && g.from <= g.to;
}
void write(Writer& w, const Gap& g) {
  w.number(g.stream);
  w.number(g.from);
  w.number(g.to);
  w.number(static_cast<std::uint8_t>(g.reason));
  if (g.reason != Gap::Reason::withheld) return;
  w.number(static_cast<std::uint8_t>(g.selections.size()));
  for (const std::uint64_t fingerprint : g.selections) w.number(fingerprint);
}

bool read(ByteView body, Probe& p) noexcept {
  Reader r(body);
  p.flags = r.number<std::uint8_t>();
  p.token = r.number<std::uint64_t>();
  return r.ok();
}
void write(Writer& w, const Probe& p) {
  w.number(p.flags);
  w.number(p.token);
}

bool read_token(ByteView body, std::uint64_t& token) noexcept {
  Reader r(body);
  token = r.number<std::uint64_t>();
  return r.ok();
}

namespace {
std::string_view read_long_text(Reader& r) noexcept {
  return as_text(r.bytes(r.number<std::uint16_t>()));
}
void write_long_text(Writer& w, std::string_view text) {
  text = text.substr(0, 0xffff);
  w.number(static_cast<std::uint16_t>(text.size()));
  w.bytes(as_bytes(text));
}
}  // namespace

bool read(ByteView body, Query& q) noexcept {
  Reader r(body);
  q.token = r.number<std::uint64_t>();
  r.number<std::uint8_t>();  // flags: none defined
  q.family = r.id<FamilyId>();
  q.name = r.text();
  q.from_ns = r.number<std::int64_t>();
  q.to_ns = r.number<std::int64_t>();
  q.limit = r.varint();
  q.filter = read_long_text(r);
  q.text = read_long_text(r);
  return r.ok() && q.token != 0 && !q.name.empty();
}
void write(Writer& w, const Query& q) {
  w.number(q.token);
  w.number(std::uint8_t{0});
  w.bytes(q.family.view());
  w.text(q.name);
  w.number(q.from_ns);
  w.number(q.to_ns);
  w.varint(q.limit);
  write_long_text(w, q.filter);
  write_long_text(w, q.text);
}

bool read(ByteView body, Answer& a) {
  Reader r(body);
  a.token = r.number<std::uint64_t>();
  const auto status = r.number<std::uint8_t>();
  a.status = static_cast<Answer::Status>(status);
  a.part = r.number<std::uint16_t>();
  a.parts = r.number<std::uint16_t>();
  a.of = r.number<std::uint32_t>();
  a.left_out = r.varint();
  if (!r.ok() || status > 2 || a.part >= a.parts) return false;
  if (a.status == Answer::Status::error) a.error = read_long_text(r);
  if (a.status == Answer::Status::follow)
    return read(r, a.entry) && !a.entry.closed && a.entry.stream >= kAnswerStreams;
  return r.ok();
}
void write(Writer& w, const Answer& a) {
  w.number(a.token);
  w.number(static_cast<std::uint8_t>(a.status));
  w.number(a.part);
  w.number(a.parts);
  w.number(a.of);
  w.varint(a.left_out);
  if (a.status == Answer::Status::error) write_long_text(w, a.error);
  if (a.status == Answer::Status::follow) write(w, a.entry);
}

}  // namespace dts::proto::wire
