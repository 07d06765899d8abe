#include <sim/oracle.hpp>

#include <algorithm>

#include <sim/trace.hpp>

namespace dts::sim {

namespace {
constexpr std::size_t violations_kept = 100;

std::string range_text(proto::Sequence first, proto::Sequence last) {
  if (first == last) return std::to_string(first);
  return std::to_string(first) + ".." + std::to_string(last);
}
}  // namespace

bool pattern_matches(std::string_view pattern, std::string_view family_name) {
  if (pattern == "*") return true;
  if (pattern.ends_with(".*"))
    return family_name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == family_name;
}

bool interest_matches(const proto::Interest& interest, const proto::StreamRecord& record) {
  if (!interest.family.is_zero()) return interest.family == record.family;
  return pattern_matches(interest.name, record.family_name);
}

void Oracle::node_started(NodeId node, std::string name) {
  if (!names_.emplace(node, std::move(name)).second) violation("two nodes with one id");
}

void Oracle::stream_opened(NodeId node, const proto::StreamRecord& record, ByteView document) {
  const auto [it, fresh] = streams_.try_emplace({node, record.stream});
  if (!fresh)
    violation(name_of(node) + " used the stream id " + std::to_string(record.stream) + " twice");
  it->second.record = record;
  it->second.document_hash = hash_of(document);
  documents_[record.type] = it->second.document_hash;
}

void Oracle::published(NodeId node, proto::StreamId stream, proto::Sequence first,
                       proto::Sequence last, ByteView bytes, std::int64_t published_ns) {
  const auto it = streams_.find({node, stream});
  if (it == streams_.end()) return violation(name_of(node) + " published on an unknown stream");
  auto& messages = it->second.messages;
  const proto::Sequence expected = messages.empty() ? 1 : messages.back().last + 1;
  if (first != expected || last < first)
    violation(name_of(node) + "/" + std::to_string(stream) + " numbered a message " +
              range_text(first, last) + " where " + std::to_string(expected) + " is next");
  messages.push_back(
      {first, last, bytes.size(), hash_of(bytes), published_ns, value_of(bytes), clock_.now()});
  ++counters_.published;
}

void Oracle::subscribed(NodeId subscriber, proto::InterestId id, const proto::Interest& interest) {
  Subscriber& s = subscribers_[subscriber];
  s.interests[id] = {interest, clock_.now()};
  ++s.changes;
}

void Oracle::unsubscribed(NodeId subscriber, proto::InterestId id) {
  Subscriber& s = subscribers_[subscriber];
  s.interests.erase(id);
  ++s.changes;
  // What nobody wants any more may begin anew later.
  std::erase_if(s.cursors, [&](const auto& entry) {
    const Stream* stream = find(entry.first.first, entry.first.second);
    return stream == nullptr || !wants(s, stream->record);
  });
}

const Oracle::Stream* Oracle::find(NodeId node, proto::StreamId stream) const {
  const auto it = streams_.find({node, stream});
  return it == streams_.end() ? nullptr : &it->second;
}

const Oracle::Published* Oracle::find_message(const Stream& stream, proto::Sequence first) {
  const auto it = std::lower_bound(
      stream.messages.begin(), stream.messages.end(), first,
      [](const Published& message, proto::Sequence sequence) { return message.first < sequence; });
  return it == stream.messages.end() || it->first != first ? nullptr : &*it;
}

bool Oracle::wants(const Subscriber& subscriber, const proto::StreamRecord& record) {
  return std::any_of(
      subscriber.interests.begin(), subscriber.interests.end(),
      [&](const auto& entry) { return interest_matches(entry.second.interest, record); });
}

Oracle::Cursor* Oracle::wanted_cursor(Subscriber& subscriber, const StreamKey& key,
                                      const Stream& stream) {
  const auto at = subscriber.cursors.find(key);
  if (at == subscriber.cursors.end()) {
    if (!wants(subscriber, stream.record)) return nullptr;
    Cursor& fresh = subscriber.cursors[key];
    fresh.wanted = true;
    fresh.wanted_as_of = subscriber.changes;
    return &fresh;
  }
  Cursor& cursor = at->second;
  if (cursor.wanted_as_of != subscriber.changes) {
    cursor.wanted = wants(subscriber, stream.record);
    cursor.wanted_as_of = subscriber.changes;
  }
  return cursor.wanted ? &cursor : nullptr;
}

std::vector<const proto::Interest*> Oracle::interests_in(const Subscriber& subscriber,
                                                         const proto::StreamRecord& record,
                                                         Duration at) {
  std::vector<const proto::Interest*> all;
  for (const auto& [id, wanted] : subscriber.interests)
    if (wanted.since < at && wanted.interest.live && interest_matches(wanted.interest, record))
      all.push_back(&wanted.interest);
  return all;
}

// Its gate sees what it is given.
void Oracle::follow(const Subscriber& subscriber, Cursor& cursor, const Stream& stream,
                    const Published& message) {
  const auto wanted = interests_in(subscriber, stream.record, Duration::max());
  const bool alone = wanted.size() == 1 && wanted[0]->selections.size() == 1 &&
                     wanted[0]->selections[0].stateful();
  if (!alone) return cursor.gate.reset();
  if (!cursor.gate || cursor.gate->selection() != wanted[0]->selections[0])
    cursor.gate = std::make_unique<Gate>(wanted[0]->selections[0]);
  cursor.gate->takes(message.value, message.published_ns);
}

// None of these messages may be one that is taken by whom had subscribed when it was published.
void Oracle::judge_withheld(const Subscriber& subscriber, Cursor& cursor, const Place& place,
                            const Stream& stream, const proto::Notice& notice) {
  for (const Published& message : stream.messages) {
    if (message.last < notice.from || message.first > notice.to) continue;
    const auto wanted = interests_in(subscriber, stream.record, message.at);
    bool taken = false;
    for (const proto::Interest* interest : wanted) {
      taken |= interest->selections.empty();
      for (const proto::Selection& selection : interest->selections) {
        if (!selection.stateful() || wanted.size() > 1)
          taken |= Gate(selection).admits(message.value);
        else if (cursor.gate && !cursor.astray)
          taken |= cursor.gate->would_take(message.value, message.published_ns);
      }
    }
    if (taken) violation(place, "withheld, though it takes it: " + std::to_string(message.first));
    for (proto::Sequence s = message.first; s <= message.last; ++s) cursor.withheld.insert(s);
  }
}

bool Oracle::advance(Cursor& cursor, const Place& place, std::string_view what,
                     proto::Sequence first, proto::Sequence last) {
  bool fits = true;
  if (cursor.begin == 0) {
    cursor.begin = first;
  } else if (first != cursor.next) {
    fits = false;
    violation(place,
              std::string(first < cursor.next ? "twice or out of order: " : "silently missed: ") +
                  std::string(what) + " " + range_text(first, last) + " came where " +
                  std::to_string(cursor.next) + " was due");
  }
  if (last < first) {
    fits = false;
    violation(place, std::string(what) + " ends before it begins");
  }
  cursor.next = std::max(cursor.next, last + 1);
  return fits;
}

void Oracle::delivered(NodeId subscriber, const proto::Message& message) {
  const Place where{subscriber, message.node, message.stream};
  const Stream* stream = find(message.node, message.stream);
  if (stream == nullptr) return violation(where, "delivered from a stream that never was");
  Cursor* const wanted =
      wanted_cursor(subscribers_[subscriber], {message.node, message.stream}, *stream);
  if (wanted == nullptr)
    return violation(where, "delivered, but nobody asked for " + stream->record.family_name);
  Cursor& cursor = *wanted;
  const Published* published = find_message(*stream, message.first);
  if (published == nullptr || published->last != message.last)
    return violation(where, "delivered " + range_text(message.first, message.last) +
                                ", which was not published as one message");
  if (message.bytes.size() != published->size || hash_of(message.bytes) != published->hash)
    violation(where, "message " + range_text(message.first, message.last) +
                         " arrived with other bytes than were published");
  if (message.published_ns != published->published_ns)
    violation(where, "message " + std::to_string(message.first) + " has another time");
  if (message.record == nullptr || message.record->family != stream->record.family ||
      message.record->type != stream->record.type ||
      message.record->labels != stream->record.labels)
    violation(where, "delivered without the record of its stream");
  if (message.historic && cursor.withheld.erase(message.first) == 1) {
    ++counters_.delivered;
    return;
  }
  if (message.historic && cursor.live)
    violation(where, "history after a live message: " + std::to_string(message.first));
  advance(cursor, where, "message", message.first, message.last);
  cursor.historic += message.historic;
  cursor.astray |= cursor.historic > stream->record.history;
  follow(subscribers_[subscriber], cursor, *stream, *published);
  cursor.live = cursor.live || !message.historic;
  cursor.last_delivered = std::max(cursor.last_delivered, message.last);
  cursor.delivered_at = clock_.now();
  ++cursor.delivered;
  ++counters_.delivered;
  counters_.historic += message.historic;
}

void Oracle::noticed(NodeId subscriber, const proto::Notice& notice) {
  if (notice.kind == proto::Notice::Kind::stream_closed) {
    // Should it come back, history comes first again (but nothing twice).
    const auto at = subscribers_[subscriber].cursors.find({notice.node, notice.stream});
    if (at != subscribers_[subscriber].cursors.end()) at->second.live = false;
  }
  if (notice.kind != proto::Notice::Kind::gap) return;
  const Place where{subscriber, notice.node, notice.stream};
  const Stream* stream = find(notice.node, notice.stream);
  if (stream == nullptr) return violation(where, "a gap in a stream that never was");
  if (stream->messages.empty() || notice.to > stream->messages.back().last)
    return violation(where,
                     "a gap " + range_text(notice.from, notice.to) + " beyond what was published");
  Cursor* const wanted =
      wanted_cursor(subscribers_[subscriber], {notice.node, notice.stream}, *stream);
  if (wanted == nullptr) return violation(where, "a gap in what nobody asked for");
  Cursor& cursor = *wanted;
  advance(cursor, where, "gap", notice.from, notice.to);
  const bool withheld = notice.reason == proto::Notice::GapReason::withheld;
  cursor.astray |= !withheld;
  (withheld ? counters_.withheld_sequences : counters_.lost_sequences) +=
      notice.to - notice.from + 1;
  if (withheld) judge_withheld(subscribers_[subscriber], cursor, where, *stream, notice);
  ++cursor.gaps;
  ++counters_.gaps;
  counters_.gap_sequences += notice.to - notice.from + 1;
  if (stream->record.delivery == proto::Delivery::event)
    counters_.event_gap_sequences += notice.to - notice.from + 1;
}

void Oracle::document(NodeId subscriber, TypeId type, ByteView bytes) {
  const auto it = documents_.find(type);
  if (it == documents_.end())
    return violation(name_of(subscriber) + " has a document nobody offered");
  if (it->second != hash_of(bytes))
    violation(name_of(subscriber) + " has a wrong document for " + type.short_hex());
  ++counters_.documents;
}

bool Oracle::expect_covered(NodeId subscriber, NodeId node, proto::StreamId stream) {
  const proto::Sequence last = last_published(node, stream);
  const Cursor* c = cursor(subscriber, node, stream);
  const proto::Sequence covered = c == nullptr ? 0 : c->next - 1;
  if (last == 0 || covered >= last) return true;
  violation(Place{subscriber, node, stream},
            "neither delivered nor named: " + range_text(covered + 1, last) +
                (c == nullptr ? " (nothing ever came)" : ""));
  return false;
}

bool Oracle::expect_delivered(NodeId subscriber, NodeId node, proto::StreamId stream,
                              proto::Sequence last) {
  const Cursor* c = cursor(subscriber, node, stream);
  if (c != nullptr && c->last_delivered >= last) return true;
  violation(
      Place{subscriber, node, stream},
      "not delivered: " + std::to_string(last) +
          (c == nullptr ? " (nothing ever came)"
                        : " (the last that came is " + std::to_string(c->last_delivered) + ")"));
  return false;
}

bool Oracle::expect_joined_by(NodeId subscriber, NodeId node, proto::StreamId stream,
                              proto::Sequence first) {
  const Cursor* c = cursor(subscriber, node, stream);
  if (c != nullptr && c->begin <= first) return true;
  violation(Place{subscriber, node, stream},
            "joined too late: " +
                (c == nullptr ? std::string("nothing came") : "at " + std::to_string(c->begin)) +
                ", expected from " + std::to_string(first));
  return false;
}

void Oracle::expect_below(std::string what, std::uint64_t value, std::uint64_t bound) {
  if (value > bound)
    violation(std::move(what) + " is " + std::to_string(value) + ", allowed are " +
              std::to_string(bound));
}

void Oracle::violation(std::string text) {
  ++violations_in_all_;
  if (violations_.size() >= violations_kept) return;
  char stamp[32];
  std::snprintf(stamp, sizeof stamp, "%.6f s: ", static_cast<double>(clock_.now().count()) / 1e9);
  violations_.push_back(stamp + std::move(text));
}

const Oracle::Cursor* Oracle::cursor(NodeId subscriber, NodeId node, proto::StreamId stream) const {
  const auto s = subscribers_.find(subscriber);
  if (s == subscribers_.end()) return nullptr;
  const auto it = s->second.cursors.find({node, stream});
  return it == s->second.cursors.end() ? nullptr : &it->second;
}

proto::Sequence Oracle::last_published(NodeId node, proto::StreamId stream) const {
  const Stream* s = find(node, stream);
  return s == nullptr || s->messages.empty() ? 0 : s->messages.back().last;
}

std::uint64_t Oracle::messages_published(NodeId node, proto::StreamId stream) const {
  const Stream* s = find(node, stream);
  return s == nullptr ? 0 : s->messages.size();
}

std::string Oracle::name_of(NodeId node) const {
  const auto it = names_.find(node);
  return it == names_.end() ? "unknown node " + node.short_hex() : it->second;
}

void Oracle::violation(const Place& place, std::string text) {
  violation(name_of(place.subscriber) + " <- " + name_of(place.node) + "/" +
            std::to_string(place.stream) + " " + std::move(text));
}

}  // namespace dts::sim
