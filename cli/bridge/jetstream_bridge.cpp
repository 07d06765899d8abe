#include <cli/bridge/jetstream_bridge.hpp>

#include <algorithm>
#include <deque>

#include <base/text.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr std::size_t kSourcesMax = 4096;
constexpr std::size_t kToldMax = 64;
// The server's clock, which tells when it got a value, may be so far behind the publisher's.
constexpr Duration kClockSlack = std::chrono::minutes(5);
constexpr std::string_view kLabel = "kept_of";
constexpr std::string_view kCountNames[] = {"received", "kept",     "known",
                                            "not_kept", "missed",   "foreign",
                                            "queries",  "answered", "stood_aside"};

KeptValue described(const Value& value, const Sample& sample) {
  const Source& source = sample.origin();
  KeptValue kept;
  kept.type = value.type().id().hex();
  kept.source = KeptValue::source_of(sample.source());
  kept.labels.insert(sample.labels().begin(), sample.labels().end());
  kept.node = source.node_id.hex();
  kept.stream = source.stream;
  kept.sequence = sample.sequence();
  kept.published_ns = sample.published().time_since_epoch().count();
  return kept;
}

bool same_stream(const KeptValue& one, const KeptValue& other) {
  return one.node == other.node && one.stream == other.stream;
}

}  // namespace

JetStreamBridge::JetStreamBridge(Session& session, Options options)
    : session_(session), options_(std::move(options)) {}

Result<std::unique_ptr<JetStreamBridge>> JetStreamBridge::open(Session& session, Options options) {
  options.store.domain = session.domain().name();
  std::unique_ptr<JetStreamBridge> bridge(new JetStreamBridge(session, std::move(options)));
  DTS_ASSIGN(bridge->store_, KeptStore::open(bridge->options_.store));
  DTS_TRY(bridge->read_store());
  bridge->event("started", "keeping values of the domain " +
                               base::printable(session.domain().name()) + " in JetStream at " +
                               bridge->store_->place() +
                               "; sources kept there: " + grouped(bridge->kept_.size()));
  bridge->subscribe();
  return bridge;
}

// What was kept before: of each source the last value says whose the others are.
Result<void> JetStreamBridge::read_store() {
  DTS_TRY(store_->read_types([this](std::string_view id, ByteView document) {
    const Result<Type> type = Type::from_document(document);
    if (type && type->id().hex() == id)
      types_.emplace(type->id(), *type);
    else
      ++count(Count::foreign);
    return true;
  }));
  return store_->read_last_of_each([this](std::string_view key, ByteView content) {
    Result<KeptValue> value = KeptValue::decode(content);
    const Result<TypeId> id = value ? TypeId::from_hex(value->type) : value.error();
    const auto type = id ? types_.find(*id) : types_.end();
    const bool ours = type != types_.end() && value->source_key() == key;
    const Result<Kept*> kept = ours ? kept_of(*value, type->second) : Error(ErrorCode::decode);
    if (!kept) {
      ++count(Count::foreign);
      return true;
    }
    (*kept)->last = std::move(*value);
    (*kept)->last.message.clear();
    return true;
  });
}

void JetStreamBridge::subscribe() {
  for (const std::string& pattern : options_.patterns) {
    SubscribeOptions options;
    options.quiet = true;
    options.on_gap = [this](const Gap& gap) {
      count(Count::missed) += gap.count();
      event("missed", gap.source->type_name + " of " + base::printable(gap.source->name) + ", " +
                          std::to_string(gap.from) + " to " + std::to_string(gap.to) + ": " +
                          std::string(gap_reason_name(gap.reason)));
    };
    subscriptions_.push_back(session_.domain().subscribe(
        pattern, [this](const Value& value, const Sample& sample) { keep(value, sample); },
        std::move(options)));
  }
}

Session::End JetStreamBridge::run() {
  for (;;) {
    const auto end = session_.run(
        {},
        [&] {
          for (const KeptStore::Event& event : store_->take_events()) follow(event);
          session_.out().flush();
          return false;
        },
        store_->handle());
    if (end != Session::End::deadline && end != Session::End::done) return end;
  }
}

void JetStreamBridge::finish() {
  for (Subscription& subscription : subscriptions_) subscription.cancel();
  if (const std::size_t left = store_->flush(std::chrono::seconds(2)); left > 0) {
    count(Count::not_kept) += left;
    event("not_kept",
          "values handed over last: " + grouped(left) + "; the servers do not confirm them");
  }
  for (const KeptStore::Event& event : store_->take_events()) follow(event);
  Output& out = session_.out();
  JsonObject counters;
  counters.text("event", "counters");
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    counters.count(kCountNames[i], counts_[i]);
    if (counts_[i] != 0) parts.push_back(std::string(kCountNames[i]) + " " + grouped(counts_[i]));
  }
  if (out.json())
    out.line(counters.str());
  else
    out.note(parts.empty() ? "nothing came by" : joined(parts, ", "));
}

// ---- Keeping -----------------------------------------------------------------------------------

void JetStreamBridge::keep(const Value& value, const Sample& sample) {
  ++count(Count::received);
  KeptValue fresh = described(value, sample);
  const auto refused = [&](const std::string& why) {
    not_kept(value.type().name() + " of " + fresh.source, fresh.sequence, why);
  };
  const Result<Kept*> found = kept_of(fresh, value.type());
  if (!found) return refused(found.error().text());
  Kept& kept = **found;
  // The last values of a publisher come again with each start of this bridge.
  if (same_stream(kept.last, fresh) && fresh.sequence <= kept.last.sequence) {
    ++count(Count::known);
    return;
  }
  kept.last = fresh;
  Bytes message;
  if (const auto done = kept.encoder->encode(value.data(), message); !done)
    return refused(done.error().text());
  fresh.message.assign(message.begin(), message.end());
  const Result<Bytes> bytes = fresh.encode();
  if (!bytes) return refused(bytes.error().text());
  keep_type(kept.type);
  if (!store_->add(fresh.source_key(), fresh.id(), *bytes))
    refused("too much waits for the servers, or it is larger than they take");
}

Result<JetStreamBridge::Kept*> JetStreamBridge::kept_of(const KeptValue& value, const Type& type) {
  const std::string key = value.source_key();
  if (const auto known = kept_.find(key); known != kept_.end()) return &known->second;
  if (kept_.size() >= kSourcesMax)
    return Error(ErrorCode::limit_reached, "values of more than 4,096 sources are kept");
  const Format& format = *find_format(built_in_formats(), "capnproto");
  Kept kept{.type = type};
  DTS_ASSIGN(kept.layout, Layout::of(type));
  DTS_ASSIGN(kept.encoder, format.encoder(*kept.layout));
  DTS_ASSIGN(kept.decoder, format.decoder(Assignment::make(type, type), *kept.layout));
  PublishOptions options;
  options.labels.insert(value.labels.begin(), value.labels.end());
  options.labels[std::string(kLabel)] = value.source;
  options.history = 0;
  DTS_ASSIGN(kept.publisher, session_.domain().publisher(*kept.layout, options));
  DTS_TRY(kept.publisher.on_query(
      [this, key](const Query& query, ValueAnswer& to) { answer(key, query, to); }));
  return &kept_.emplace(key, std::move(kept)).first->second;
}

// Without its type a value cannot be read. The server may be away: then it is put there later.
void JetStreamBridge::keep_type(const Type& type) {
  if (types_.contains(type.id()) || unstored_.contains(type.id())) return;
  const Bytes document(type.document().begin(), type.document().end());
  const auto done = store_->add_type(type.id().hex(), document);
  if (!done) event("later", done.error().text());
  (done ? types_ : unstored_).emplace(type.id(), type);
}

void JetStreamBridge::follow(const KeptStore::Event& event) {
  switch (event.what) {
    case KeptStore::Event::What::kept:
      count(Count::kept) += event.count;
      return;
    case KeptStore::Event::What::lost:
      return this->event("lost", "the connection to " + store_->place() +
                                     " is lost: " + event.text + "; trying again");
    case KeptStore::Event::What::back: {
      this->event("connected", "connected to " + store_->place());
      for (const auto& [id, type] : std::exchange(unstored_, {})) keep_type(type);
      return;
    }
    case KeptStore::Event::What::refused:
      ++count(Count::not_kept);
      return this->event("not_kept", event.id + ": the servers refuse it: " + event.text);
  }
}

void JetStreamBridge::not_kept(const std::string& source, std::uint64_t sequence,
                               const std::string& why) {
  ++count(Count::not_kept);
  if (!session_.out().json() && ++told_ > kToldMax) return;
  event("not_kept", base::printable(source) + ", " + std::to_string(sequence) + ": " + why +
                        (told_ == kToldMax ? "; more of them are only counted" : ""));
}

void JetStreamBridge::event(std::string_view what, const std::string& text) {
  Output& out = session_.out();
  if (out.json())
    out.line(JsonObject().text("event", what).text("text", text).str());
  else
    out.note(text);
  out.flush();
}

// ---- Answering ---------------------------------------------------------------------------------

void JetStreamBridge::answer(const std::string& key, const Query& query, ValueAnswer& answer) {
  ++count(Count::queries);
  const Kept& kept = kept_.at(key);
  if (left_to_another(kept)) {
    ++count(Count::stood_aside);
    return;
  }
  if (const auto given = give(kept, key, query, answer); !given)
    answer.refuse(given.error().what() + ": " + given.error().why());
}

// Of several bridges that keep a source, the one of the lowest node id answers.
bool JetStreamBridge::left_to_another(const Kept& kept) const {
  const Source& own = kept.publisher.source();
  const Catalogue catalogue = session_.domain().catalogue();
  return std::any_of(catalogue.nodes.begin(), catalogue.nodes.end(), [&](const NodeInfo& node) {
    return node.id < own.node_id &&
           std::any_of(node.streams.begin(), node.streams.end(), [&](const StreamInfo& stream) {
             return stream.source.type == own.type && stream.source.labels == own.labels;
           });
  });
}

Result<void> JetStreamBridge::give(const Kept& kept, const std::string& key, const Query& query,
                                   ValueAnswer& answer) {
  // By stream: how many of its last values its publisher, who is there, has itself.
  std::map<std::pair<std::string, std::uint32_t>, std::size_t> theirs;
  const Catalogue catalogue = session_.domain().catalogue();
  for (const NodeInfo& node : catalogue.nodes)
    for (const StreamInfo& stream : node.streams)
      if (stream.source.type == kept.type.id())
        theirs[{stream.source.node_id.hex(), stream.source.stream}] = stream.keeps;
  std::map<std::pair<std::string, std::uint32_t>, std::uint64_t> seen;  // what came twice is one
  std::map<std::pair<std::string, std::uint32_t>, std::deque<KeptValue>> held;
  Value value(kept.layout);
  std::optional<Error> failed;
  const auto give_one = [&](const KeptValue& one) {
    auto given = kept.decoder->decode(one.message, value.data());
    if (given) given = answer.send_at(value.data(), Time(Duration(one.published_ns)));
    if (!given) failed = given.error();
    count(Count::answered) += given ? 1 : 0;
  };
  std::optional<Time> from = query.range.from;
  if (from) *from -= kClockSlack;
  DTS_TRY(store_->read(key, from, [&](std::string_view, ByteView content) {
    Result<KeptValue> one = KeptValue::decode(content);
    if (!one || one->source_key() != key) {
      ++count(Count::foreign);
      return true;
    }
    const std::pair stream(one->node, one->stream);
    std::uint64_t& last = seen[stream];
    if (one->sequence <= last) return true;
    last = one->sequence;
    const auto live = theirs.find(stream);
    if (live == theirs.end()) {
      give_one(*one);
    } else {
      std::deque<KeptValue>& newest = held[stream];
      newest.push_back(std::move(*one));
      if (newest.size() <= live->second) return true;
      give_one(newest.front());
      newest.pop_front();
    }
    return !failed;
  }));
  if (failed) return *failed;
  return {};
}

}  // namespace dts::cli
