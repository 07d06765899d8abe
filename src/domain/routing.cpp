// Which origin goes to which subscriber, by which plan; and what the engine's notices change in
// that. All of it with the lock held.
#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "domain/core.hpp"

namespace dts {

namespace {

constexpr std::size_t gone_max = 1024;
constexpr std::size_t other_domains_max = 64;

std::string_view how_gone(proto::Notice::Kind kind) {
  return kind == proto::Notice::Kind::node_left   ? "left"
         : kind == proto::Notice::Kind::node_gone ? "is no longer heard"
                                                  : "restarted";
}

// Is there a Blob anywhere in a value of this layout? `seen`: a type may refer to itself.
bool has_blob(const Layout& layout, std::set<const Layout*>& seen) {
  if (layout.functions.borrow != nullptr) return true;
  if (!seen.insert(&layout).second) return false;
  if (layout.element != nullptr && has_blob(*layout.element, seen)) return true;
  return std::any_of(layout.fields.begin(), layout.fields.end(),
                     [&](const LayoutField& field) { return has_blob(*field.layout, seen); });
}

}  // namespace

// A stream that a hub passes on is known by its origin, whichever way it comes.
DomainCore::StreamKey DomainCore::key_of(NodeId node, const proto::StreamRecord& record) {
  if (record.relay.any()) return {record.relay.node, record.relay.stream};
  return {node, record.stream};
}

std::string DomainCore::suffix_of(const std::string& base, FamilyId family, StreamKey key) const {
  const auto found = names_.find({base, family});
  if (found == names_.end()) return {};
  const auto at = std::find(found->second.begin(), found->second.end(), key);
  const auto place = at - found->second.begin() + 1;
  return place == 1 ? std::string() : "#" + std::to_string(place);
}

std::shared_ptr<const Source> DomainCore::describe(NodeId node, const std::string& host,
                                                   const std::string& name,
                                                   const proto::StreamRecord& record) {
  auto source = std::make_shared<Source>();
  const proto::Relay& relay = record.relay;
  const StreamKey known_by = key_of(node, record);
  source->host = relay.any() ? relay.host : host;
  source->node = relay.any() ? relay.name : name;
  source->node_id = known_by.first;
  source->stream = known_by.second;
  source->name = source->host + "/" + source->node;
  if (!record.source.empty()) source->name += "/" + record.source;
  source->name += suffix_of(source->name, record.family, known_by);
  for (const auto& [key, value] : record.labels) source->labels[key] = value;
  source->type_name = record.family_name;
  source->type = record.type;
  const Format* format = find_format(options_.formats, record.format);
  source->format =
      format != nullptr ? std::string(format->name()) : "format " + std::to_string(record.format);
  source->profile = static_cast<Profile>(record.delivery);
  return source;
}

std::shared_ptr<Origin> DomainCore::origin_of(NodeId node, proto::StreamId,
                                              const proto::StreamRecord& record) {
  const StreamKey key = key_of(node, record);
  if (const auto found = origins_.find(key); found != origins_.end()) return found->second;
  auto origin = std::make_shared<Origin>();
  origin->node = key.first;
  origin->stream = key.second;
  origin->local = node == engine_->node();
  origin->family = record.family;
  origin->format = record.format;
  origin->binding_id = record.binding;
  origin->waits = record.waits;
  origin->announced_first = record.messages;
  std::string host = environment_.host, name = environment_.node;
  if (node != engine_->node()) {
    const proto::PeerRecord* peer = engine_->find_peer(node);
    host = peer != nullptr && !peer->host.empty() ? peer->host : "unknown";
    name = peer != nullptr && !peer->name.empty() ? peer->name : node.short_hex();
  }
  std::string base =
      record.relay.any() ? record.relay.host + "/" + record.relay.name : host + "/" + name;
  if (!record.source.empty()) base += "/" + record.source;
  auto& same = names_[{base, record.family}];
  const auto place = std::find(same.begin(), same.end(), std::nullopt);
  if (place != same.end())
    *place = key;
  else
    same.push_back(key);
  origin->source = describe(node, host, name, record);
  complete(*origin);
  origins_.emplace(key, origin);
  last_news_ = clock();
  return origin;
}

void DomainCore::make_plan(Plan& plan, const Subscriber& subscriber, const Origin& origin) const {
  const Type& type = origin.type;
  const Binding& binding = origin.binding;
  const Format* format = find_format(options_.formats, origin.format);
  if (format == nullptr) {
    plan.error =
        Error(ErrorCode::unknown_format, "it is published in a format this program does not have",
              {}, "format number " + std::to_string(plan.format));
    return;
  }
  LayoutPtr layout = subscriber.layout;
  if (layout == nullptr) {
    Result<LayoutPtr> made = Layout::of(type);
    if (!made) {
      plan.error = made.error();
      return;
    }
    layout = std::move(*made);
  }
  AssignmentOptions loosened;
  loosened.lenient_units = subscriber.options.lenient_units;
  loosened.shape = subscriber.by_shape;
  const Assignment assignment = Assignment::make(type, layout->type, loosened);
  plan.outcome = assignment.outcome();
  plan.differences = assignment.differences();
  if (!assignment.readable()) {
    plan.refusals = assignment.refusals();
    plan.error = Error(ErrorCode::incompatible_type, "it cannot be read as subscribed", {},
                       plan.refusals.empty() ? "" : plan.refusals.front().text());
    return;
  }
  Result<std::unique_ptr<Decoder>> decoder =
      binding.valid() ? format->bound_decoder(assignment, *layout, binding)
                      : format->decoder(assignment, *layout);
  if (!decoder) {
    plan.error = decoder.error();
    return;
  }
  if (subscriber.layout == nullptr) {
    // In the publisher's own type: what is selected is known only now.
    Result<std::unique_ptr<domain::Selection>> selection =
        domain::Selection::make(subscriber.options, *layout);
    if (!selection) {
      plan.error = selection.error();
      plan.unselectable = true;
      return;
    }
    plan.selection = std::move(*selection);
    plan.value = Value(layout);
  }
  plan.decoder = std::move(*decoder);
}

Plan* DomainCore::plan_for(Subscriber& subscriber, const Origin& origin) {
  const TypeId id = origin.source->type;
  for (const auto& plan : subscriber.plans)
    if (plan->type == id && plan->format == origin.format && plan->binding == origin.binding_id)
      return plan.get();
  auto plan = std::make_unique<Plan>();
  plan->type = id;
  plan->format = origin.format;
  plan->binding = origin.binding_id;
  make_plan(*plan, subscriber, origin);
  // Of many types most may be meant to be left out.
  if (plan->decoder == nullptr && !subscriber.by_pattern) {
    // One line: a place in an expression is shown by whoever asks why.
    const std::string reason = plan->error.text();
    std::string line = origin.source->type_name + " of " + origin.source->name +
                       " is not delivered: " + reason.substr(0, reason.find('\n'));
    for (std::size_t i = 1; i < plan->refusals.size(); ++i) line += "; " + plan->refusals[i].text();
    warn(std::move(line));
  }
  subscriber.plans.push_back(std::move(plan));
  return subscriber.plans.back().get();
}

void DomainCore::route(Origin& origin, proto::Outbox& out) {
  origin.routed = true;
  std::vector<Route> before;
  before.swap(origin.routes);
  const auto consider = [&](Subscriber* subscriber) {
    Route to;
    for (Route& old : before)
      if (old.subscriber.get() == subscriber) to.last = old.last;
    to.verdict = verdict_of(*subscriber, *origin.source);
    if (to.verdict == Route::Verdict::deliver && origin.described()) {
      to.plan = plan_for(*subscriber, origin);
      if (to.plan->decoder == nullptr)
        to.verdict = to.plan->unselectable ? Route::Verdict::filtered : Route::Verdict::refused;
    }
    const auto owner = subscribers_.find(subscriber->id);
    if (owner == subscribers_.end()) return;
    to.subscriber = owner->second;
    origin.routes.push_back(std::move(to));
  };
  if (origin.query != 0) {  // an answer is for whoever asked
    if (const OpenQuery* query = find_query(origin.query)) consider(query->subscriber.get());
  } else {
    if (const auto found = by_family_.find(origin.family); found != by_family_.end())
      for (Subscriber* subscriber : found->second) consider(subscriber);
    for (Subscriber* subscriber : by_pattern_)
      if (matches(*subscriber, origin.family, origin.source->type_name)) consider(subscriber);
  }
  const bool needed = std::any_of(origin.routes.begin(), origin.routes.end(), [](const Route& to) {
    return to.verdict == Route::Verdict::deliver;
  });
  if (!needed || origin.described() || origin.unusable) return;
  if (!origin.type.valid()) engine_->want_document(clock(), origin.source->type, out);
  if (!origin.binding_id.is_zero() && !origin.binding.valid())
    engine_->want_document(clock(), proto::document_id(origin.binding_id), out);
}

// Takes what is known of the origin's type and binding.
void DomainCore::complete(Origin& origin) {
  if (!origin.type.valid()) {
    origin.type = known_type(origin.source->type);
    // Known to be broken, not merely unknown.
    origin.unusable = !origin.type.valid() && !engine_->document_of(origin.source->type).empty();
  }
  if (!origin.type.valid() || origin.binding_id.is_zero() || origin.binding.valid()) return;
  const ByteView document = engine_->document_of(proto::document_id(origin.binding_id));
  if (document.empty()) return;
  Result<Binding> binding = Binding::from_document(document, origin.type);
  if (binding) {
    origin.binding = std::move(*binding);
    return;
  }
  ++documents_invalid_;
  origin.unusable = true;
  tell("a binding document is not valid: " + binding.error().text() + ", binding " +
       origin.binding_id.hex() + " of " + origin.source->name);
}

void DomainCore::learn(const Type& type) {
  if (!types_.emplace(type.id(), type).second) return;
  const ByteView document = type.document();
  engine_->offer_document(type.id(), Bytes(document.begin(), document.end()));
}

Type DomainCore::known_type(TypeId id) {
  if (const auto found = types_.find(id); found != types_.end()) return found->second;
  const ByteView document = engine_->document_of(id);
  if (document.empty()) return {};
  Result<Type> type = Type::from_document(document);
  if (!type || type->id() != id) {
    ++documents_invalid_;
    tell("a type document is not valid: " + (type ? "it has another id" : type.error().text()) +
         ", type " + id.short_hex());
    return {};
  }
  types_.emplace(id, *type);
  return *type;
}

void DomainCore::document_arrived(TypeId id, proto::Outbox& out) {
  for (const auto& [key, origin] : origins_) {
    const bool concerned =
        origin->source->type == id ||
        (!origin->binding_id.is_zero() && proto::document_id(origin->binding_id) == id);
    if (!concerned || origin->described() || origin->unusable) continue;
    complete(*origin);
    if (!origin->described() && !origin->unusable) continue;
    route(*origin, out);
    std::deque<domain::Held> held;
    held.swap(origin->held);
    origin->held_bytes = 0;
    if (origin->held_lost_from != 0) {
      proto::Notice gap;
      gap.kind = proto::Notice::Kind::gap;
      gap.node = origin->node;
      gap.stream = origin->stream;
      gap.from = std::exchange(origin->held_lost_from, 0);
      gap.to = origin->held_lost_to;
      gap.reason = proto::Notice::GapReason::overflow;
      deliver_gap(nullptr, gap);
    }
    for (domain::Held& message : held) {
      if (origin->source->profile == Profile::command) expect_handling(*origin, message.last);
      const Item item = item_of(*origin, message);
      for (Route& to : origin->routes) hand(nullptr, to, item);
    }
  }
  release_holds(out);
}

void DomainCore::forget(StreamKey key, std::string_view how) {
  const auto found = origins_.find(key);
  if (found == origins_.end()) return;
  // It may still come by a hub.
  if (key.first != engine_->node() && engine_->find_relay(key.first, key.second) != nullptr) return;
  const std::shared_ptr<Origin> origin = found->second;
  if (gone_.size() < gone_max || gone_.contains(origin->family))
    gone_[origin->family] = Gone{origin->source->name, std::string(how), clock()};
  for (auto it = names_.begin(); it != names_.end(); ++it) {
    if (it->first.second != origin->family) continue;
    const auto place = std::find(it->second.begin(), it->second.end(), key);
    if (place == it->second.end()) continue;
    place->reset();
    while (!it->second.empty() && !it->second.back()) it->second.pop_back();
    if (it->second.empty()) names_.erase(it);
    break;
  }
  if (last_origin_ == origin.get()) last_origin_ = nullptr;
  std::erase(on_hold_, origin.get());
  origins_.erase(found);
  retired_.push_back(origin);
}

void DomainCore::forget_node(const NodeId& node, std::string_view how) {
  std::vector<StreamKey> keys;
  for (const auto& [key, origin] : origins_)
    if (key.first == node) keys.push_back(key);
  for (const StreamKey& key : keys) forget(key, how);
}

// Streams of a node that somebody here wants: known before their first message, so that the type
// is here, and the plan made, when it comes.
void DomainCore::meet_streams(NodeId node, const Subscriber* only, proto::Outbox& out) {
  std::vector<proto::StreamId> streams;
  if (const proto::PeerRecord* peer = engine_->find_peer(node))
    for (const proto::StreamRecord& record : peer->streams)
      if (only != nullptr ? matches(*only, record) : wanted(record))
        streams.push_back(record.stream);
  for (const proto::StreamId stream : streams) {
    const proto::StreamRecord* record = engine_->find_stream(node, stream);
    if (record == nullptr) continue;
    const std::shared_ptr<Origin> origin = origin_of(node, stream, *record);
    if (!origin->routed) route(*origin, out);
  }
}

void DomainCore::tell_trouble(const proto::Notice& notice) {
  using What = proto::Notice::Kind;
  if (notice.kind == What::own_id_elsewhere)
    return tell(
        "somebody sends under this node's id: its packets come back changed, or are forged");
  if (notice.kind != What::multicast_blocked)
    return tell(notice.text.empty() ? std::string("a limit was reached") : notice.text);
  const proto::PeerRecord* peer = engine_->find_peer(notice.node);
  tell("multicast between here and " +
       (peer != nullptr ? peer->host + "/" + peer->name : notice.node.short_hex()) +
       " does not get through: values go by unicast (try: dts doctor; is it a switch with IGMP "
       "snooping and no querier?)");
  rejoin_groups(clock());
}

void DomainCore::meet_stream(const NodeId& node, proto::StreamId stream, proto::Outbox& out) {
  const proto::StreamRecord* record = engine_->find_stream(node, stream);
  if (record != nullptr && wanted(*record)) {
    const std::shared_ptr<Origin> origin = origin_of(node, stream, *record);
    if (!origin->routed) route(*origin, out);
  }
  last_news_ = clock();
}

void DomainCore::heed(proto::Outbox& out, Round* round) {
  using What = proto::Notice::Kind;
  for (std::size_t i = 0; i < out.notices.size(); ++i) {  // what is done here may add notices
    const proto::Notice notice = out.notices[i];
    switch (notice.kind) {
      case What::gap:
        deliver_gap(round, notice);
        break;
      case What::document:
        document_arrived(notice.type, out);
        break;
      case What::stream_opened:
        meet_stream(notice.node, notice.stream, out);
        break;
      case What::streams_listed:
        meet_streams(notice.node, nullptr, out);
        [[fallthrough]];
      case What::node_joined:
        last_news_ = clock();
        break;
      case What::stream_closed:
        forget({notice.node, notice.stream}, "left");
        break;
      case What::node_left:
      case What::node_gone:
      case What::node_restarted:
        forget_node(notice.node, how_gone(notice.kind));
        break;
      case What::writable:
      case What::evicted:
      case What::confirmed:
        heed_flow(notice);
        break;
      case What::other_domain:
        if (!notice.text.empty() && other_domains_.size() < other_domains_max)
          other_domains_.insert(notice.text);
        break;
      case What::arriving:
        deliver_arriving(round, notice);
        break;
      case What::too_large:
      case What::refused:
        notice.kind == What::refused ? tell_refused(notice) : note_too_large(notice);
        break;
      case What::other_version:  // counted, and seen by why()
      case What::interest_changed:
      case What::probe_answer:
        break;
      case What::query:
      case What::answer:
      case What::receiver_isolated:
      case What::receiver_restored:
        hear(notice, out);
        break;
      case What::multicast_blocked:
      case What::own_id_elsewhere:
      case What::limit:
        tell_trouble(notice);
        break;
    }
  }
  if (out.notices.empty()) return;
  changed();
  if (!queries_.empty()) query_due_ = Instant{};  // it may have been what they waited for
  out.notices.clear();
}

// Does it take what was not sent here before it came?
bool DomainCore::takes_more(const Subscriber& subscriber) const {
  return std::none_of(subscribers_.begin(), subscribers_.end(), [&](const auto& entry) {
    const Subscriber& other = *entry.second;
    return &other != &subscriber && !other.answers && other.options.live &&
           other.name == subscriber.name &&
           (!other.announced || other.announced == subscriber.announced);
  });
}

// To a subscription that joins late, what this domain has itself: all that its own publishers
// keep, the last value of the others.
void DomainCore::offer_last(Subscriber& subscriber, Origin& origin) {
  for (Route& to : origin.routes) {
    if (to.subscriber.get() != &subscriber) continue;
    if (!origin.local) {
      if (origin.last.bytes == nullptr) return;
      // A newer one was withheld: the publisher sends it, now that it is wanted.
      if (origin.withheld_to > origin.last.last && takes_more(subscriber)) return;
      domain::Held last = origin.last;  // a copy: its memory serves again
      last.bytes = std::make_shared<const Bytes>(*origin.last.bytes);
      last.historic = true;
      hand(nullptr, to, item_of(origin, last));
      return;
    }
    engine_->for_each_kept(
        origin.stream, [&](proto::Sequence first, proto::Sequence last, std::int64_t published_ns,
                           ByteView bytes, Compression compression) {
          domain::Held kept{first, last, published_ns, true, nullptr, compression};
          kept.bytes = std::make_shared<const Bytes>(bytes.begin(), bytes.end());
          hand(nullptr, to, item_of(origin, kept));
        });
  }
}

Subscription DomainCore::refuse(std::string_view name, Error error) {
  tell_error(std::string(name) + " cannot be subscribed to: " + error.text());
  return Subscription(std::move(error));
}

// Gives it its place among the subscribers; who sends to it is another matter.
void DomainCore::enrol(const std::shared_ptr<Subscriber>& subscriber) {
  subscriber->id = next_id_++;
  subscriber->since = clock();
  subscriber->stops_then = stops_.load();
  if (subscriber->layout != nullptr) {
    learn(subscriber->layout->type);
    if (!subscriber->pulled) subscriber->value = Value(subscriber->layout);
    std::set<const Layout*> seen;
    subscriber->borrows = has_blob(*subscriber->layout, seen);
    subscriber->by_pattern = subscriber->by_shape;
  } else {
    subscriber->by_pattern = is_glob(subscriber->name);
    if (!subscriber->by_pattern) subscriber->family = family_of(subscriber->name);
  }
  subscribers_[subscriber->id] = subscriber;
}

Subscription DomainCore::subscribe(std::shared_ptr<Subscriber> subscriber) {
  if (const Result<void> usable = select(*subscriber); !usable)
    return refuse(subscriber->name, usable.error());
  Lock lock(*this);
  if (closed_) return Subscription(Error(ErrorCode::closed, "this domain is closed"));
  enrol(subscriber);
  Subscriber* s = subscriber.get();
  if (s->by_pattern)
    by_pattern_.push_back(s);
  else
    by_family_[s->family].push_back(s);

  if (!s->by_shape) s->announced = domain::announced_selection(s->options, s->layout.get());
  proto::Outbox out;
  for (std::string& name : interests_of(*s)) {
    proto::Interest interest;
    interest.family = is_glob(name) ? FamilyId{} : family_of(name);
    interest.name = std::move(name);
    interest.live = s->options.live;
    interest.history = s->options.history;
    interest.bytes_max = bytes_max_of(*s);
    if (s->announced) interest.selections.push_back(*s->announced);
    s->interests.push_back(engine_->add_interest(clock(), std::move(interest), out));
  }
  if (!s->options.quiet) silence_due_ = std::min(silence_due_, s->since + std::chrono::seconds(2));

  for (const auto& [key, origin] : origins_) {
    if (!matches(*s, origin->family, origin->source->type_name)) continue;
    route(*origin, out);
    if (s->options.history) offer_last(*s, *origin);
  }
  std::vector<NodeId> peers;
  engine_->for_each_peer([&](const proto::PeerRecord& peer) { peers.push_back(peer.node); });
  for (const NodeId& peer : peers) meet_streams(peer, s, out);
  const std::uint64_t id = s->id;
  settle(out);
  return Subscription(shared_from_this(), id);
}

std::shared_ptr<Subscriber> DomainCore::remove(std::uint64_t id, proto::Outbox& out) {
  const auto found = subscribers_.find(id);
  if (found == subscribers_.end()) return nullptr;
  std::shared_ptr<Subscriber> subscriber = found->second;
  subscribers_.erase(found);
  subscriber->cancelled.store(true);
  ended_.delivered += subscriber->delivered.get();
  ended_.lost += subscriber->lost;
  ended_.overrun += subscriber->overrun;
  ended_.conflated += subscriber->conflated;
  ended_.undecodable += subscriber->undecodable.get();
  ended_.discarded += subscriber->discarded.get();
  ended_.defaulted += subscriber->defaulted.get();
  ended_.trimmed += subscriber->trimmed.get();
  ended_.unknown += subscriber->unknown.get();
  ended_.filtered += subscriber->filtered + subscriber->not_taken.get() + subscriber->withheld;
  ended_.withheld += subscriber->withheld;
  ended_.too_large += subscriber->too_large;
  ended_.refused += subscriber->refused;
  std::erase(by_pattern_, subscriber.get());
  std::erase(ready_, subscriber.get());
  if (const auto family = by_family_.find(subscriber->family); family != by_family_.end()) {
    std::erase(family->second, subscriber.get());
    if (family->second.empty()) by_family_.erase(family);
  }
  for (const auto& [key, origin] : origins_)
    std::erase_if(origin->routes, [&](const Route& to) { return to.subscriber == subscriber; });
  release_holds();
  for (const proto::InterestId interest : subscriber->interests)
    if (!closed_) engine_->remove_interest(clock(), interest, out);
  if (OpenQuery* query = find_query(subscriber->query)) end_query(*query, out);
  return subscriber;
}

}  // namespace dts
