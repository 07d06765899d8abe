// Asking: who is to answer a query, who has, and the end of it. The answers themselves come as the
// messages of streams do: an Origin each, whose one subscriber is the query's.
#include <algorithm>

#include "base/text.hpp"
#include "domain/core.hpp"

namespace dts {

using domain::calm;
using domain::OpenQuery;
using domain::young;

namespace {

constexpr std::size_t queue_messages_max = 1u << 20;
constexpr std::size_t queue_bytes_max = 256u << 20;
constexpr std::size_t unread_max = 64;

std::int64_t ns_of(const std::optional<Time>& time) {
  return time ? time->time_since_epoch().count() : 0;
}

Result<void> check(const Query& query) {
  if (!query.where.empty()) DTS_TRY(Filter::check(query.where, "where"));
  if (query.range.from && query.range.to && *query.range.from > *query.range.to)
    return Error(ErrorCode::invalid_argument, "the range ends before it begins",
                 to_rfc3339(*query.range.from), "it is to end at " + to_rfc3339(*query.range.to));
  return {};
}

std::string of_all(std::uint64_t missing, std::string_view what) {
  return std::to_string(missing) + (missing == 1 ? " value" : " values") + std::string(what);
}

}  // namespace

OpenQuery* DomainCore::find_query(proto::QueryToken token) const {
  const auto found = queries_.find(token);
  return found == queries_.end() ? nullptr : found->second.get();
}

Result<std::shared_ptr<OpenQuery>> DomainCore::open_query(
    const std::shared_ptr<Subscriber>& subscriber, const Query& query, QueryDone done,
    Duration timeout) {
  DTS_TRY(check(query));
  subscriber->options.quiet = true;
  subscriber->options.history = true;
  subscriber->options.queue_messages_max = queue_messages_max;
  subscriber->options.queue_bytes_max = queue_bytes_max;
  DTS_TRY(select(*subscriber));
  Lock lock(*this);
  if (closed_) return Error(ErrorCode::closed, "this domain is closed");
  proto::Outbox out;
  if (!started_) settle(out);  // an asker is known before it asks
  enrol(subscriber);
  auto question = std::make_shared<proto::Question>();
  question->family = subscriber->family;
  question->name = subscriber->name;
  question->from_ns = ns_of(query.range.from);
  question->to_ns = ns_of(query.range.to);
  question->limit = query.limit;
  question->filter = query.where;
  question->text = query.text;
  // So that those who publish it are known: to be able to say who does not answer.
  subscriber->interests.push_back(engine_->add_interest(
      clock(), {question->family, question->name, /*live=*/false, /*history=*/false}, out));
  Result<proto::QueryToken> token = engine_->ask(clock(), *question, out);
  if (!token) {
    remove(subscriber->id, out);
    settle(out);
    return token.error();
  }
  auto asked = std::make_shared<OpenQuery>();
  asked->token = subscriber->query = *token;
  asked->question = std::move(question);
  asked->subscriber = subscriber;
  asked->began = clock();
  asked->deadline = asked->began + timeout;
  subscriber->options.on_gap = [this, asked = std::weak_ptr<OpenQuery>(asked)](const Gap& gap) {
    const std::shared_ptr<OpenQuery> its = asked.lock();
    if (its == nullptr || gap.reason == Gap::Reason::lost) return;
    Lock inner(*this);
    if (its->unread.size() < unread_max)
      its->unread.push_back({gap.source->name, NoAnswer::Why::incomplete,
                             gap.detail.empty()
                                 ? of_all(gap.count(), " came faster than they were taken")
                                 : "a value could not be read: " + gap.detail});
  };
  if (!subscriber->pulled)
    subscriber->task = [this, asked, done = std::move(done)] {
      QueryEnd end;
      {
        Lock inner(*this);
        end = asked->end;
        end.missing.insert(end.missing.end(), asked->unread.begin(), asked->unread.end());
      }
      if (done) done(end);
    };
  queries_[asked->token] = asked;
  query_due_ = std::min(query_due_, asked->began);
  std::vector<NodeId> peers;
  engine_->for_each_peer([&](const proto::PeerRecord& peer) { peers.push_back(peer.node); });
  for (const NodeId& peer : peers) meet_streams(peer, subscriber.get(), out);
  hear_query(engine_->node(), asked->token, asked->question, out);
  settle(out);
  return asked;
}

Subscription DomainCore::query(std::shared_ptr<Subscriber> subscriber, const Query& query,
                               QueryDone done, Duration timeout) {
  const Result<std::shared_ptr<OpenQuery>> asked =
      open_query(subscriber, query, std::move(done), timeout);
  if (!asked) return refuse(subscriber->name, asked.error());
  return Subscription(shared_from_this(), subscriber->id);
}

Result<QueryEnd> DomainCore::query(std::shared_ptr<Subscriber> subscriber, const Query& query,
                                   Duration timeout, const Sink& sink) {
  subscriber->pulled = true;
  DTS_ASSIGN(const std::shared_ptr<OpenQuery> asked, open_query(subscriber, query, {}, timeout));
  const Subscription subscription(shared_from_this(), subscriber->id);
  Lock lock(*this);
  const auto something = [&] { return closed_ || asked->over || !subscriber->queue.empty(); };
  while (!closed_ && !(asked->over && subscriber->queue.empty())) {
    if (!wait(lock, asked->deadline, something) && !closed_) {
      proto::Outbox out;
      check_queries(clock(), out);
      settle(out);
    }
    while (!closed_ && !subscriber->queue.empty()) {
      Item item = std::move(subscriber->queue.front());
      subscriber->queue.pop_front();
      if (item.is_gap || item.origin == nullptr) continue;
      subscriber->queue_bytes -= item.bytes.size();
      lock.unlock();
      const bool dynamic = subscriber->layout == nullptr;
      Value typed;
      if (!dynamic) typed = Value(subscriber->layout);
      Value& value = dynamic ? item.plan->value : typed;
      Sample sample;
      if (decode(*subscriber, item, value.data(), now(), sample)) {
        SampleAccess::forget_message(sample);
        sink(value.data(), value.layout(), dynamic ? &value : nullptr, sample);
      }
      lock.lock();
    }
  }
  if (closed_) return Error(ErrorCode::closed, "the domain was closed before all had answered");
  QueryEnd end = asked->end;
  end.missing.insert(end.missing.end(), asked->unread.begin(), asked->unread.end());
  return end;
}

// The stream of an answer: read as any other, under the name of the source it is of.
std::shared_ptr<Origin> DomainCore::answer_origin(OpenQuery& query, NodeId node, proto::StreamId of,
                                                  const proto::StreamRecord& record) {
  const proto::PeerRecord* peer = engine_->find_peer(node);
  proto::StreamRecord published = record;
  published.stream = of;
  auto origin = std::make_shared<Origin>();
  origin->node = node;
  origin->stream = record.stream;
  origin->query = query.token;
  origin->family = record.family;
  origin->format = record.format;
  origin->binding_id = record.binding;
  origin->source = describe(node, peer->host.empty() ? "unknown" : peer->host,
                            peer->name.empty() ? node.short_hex() : peer->name, published);
  complete(*origin);
  return origin;
}

void DomainCore::hear_answer(const proto::Notice& notice, proto::Outbox& out) {
  OpenQuery* const query = find_query(notice.token);
  const proto::PeerRecord* peer = engine_->find_peer(notice.node);
  if (query == nullptr || peer == nullptr) return;
  const proto::Notice::Answered& said = notice.answered;
  OpenQuery::Node& node = query->nodes[notice.node];
  node.parts = said.parts;
  node.said.insert(said.of);
  const proto::StreamRecord* published = engine_->find_stream(notice.node, said.of);
  const std::string name = published == nullptr
                               ? peer->host + "/" + peer->name
                               : describe(notice.node, peer->host, peer->name, *published)->name;
  if (said.error) {
    query->notes.push_back({name, NoAnswer::Why::refused, base::printable(notice.text)});
    return;
  }
  ++query->sources;
  if (said.left_out > 0)
    query->notes.push_back({name, NoAnswer::Why::incomplete,
                            of_all(said.left_out, " more, older ones, did not fit one answer")});
  if (notice.stream == 0) return;
  const proto::StreamRecord* record = engine_->find_stream(notice.node, notice.stream);
  if (record == nullptr) return;
  const std::shared_ptr<Origin> origin = answer_origin(*query, notice.node, said.of, *record);
  origins_[{notice.node, notice.stream}] = origin;
  query->coming[{notice.node, notice.stream}] = {origin, record->next - 1, 0, 0};
  route(*origin, out);
}

// One of our own sources has answered one of our own queries.
void DomainCore::answer_here(proto::QueryToken token, proto::Reply reply) {
  OpenQuery* const query = find_query(token);
  const auto source = sources_.find(reply.of);
  if (query == nullptr) return;
  OpenQuery::Node& node = query->nodes[engine_->node()];
  node.parts = reply.parts;
  node.said.insert(reply.of);
  query_due_ = Instant{};
  if (source == sources_.end()) return;
  const Origin& published = *source->second->origin;
  if (!reply.error.empty()) {
    query->notes.push_back({published.source->name, NoAnswer::Why::refused, reply.error});
    return;
  }
  ++query->sources;
  if (reply.left_out > 0)
    query->notes.push_back({published.source->name, NoAnswer::Why::incomplete,
                            of_all(reply.left_out, " more, older ones, did not fit one answer")});
  auto origin = std::make_shared<Origin>();
  origin->node = published.node;
  origin->stream = published.stream;
  origin->source = published.source;
  origin->family = published.family;
  origin->type = published.type;
  origin->format = published.format;
  origin->binding_id = published.binding_id;
  origin->binding = published.binding;
  origin->query = token;
  proto::Outbox out;
  route(*origin, out);
  proto::Sequence sequence = 0;
  for (proto::Reply::Value& value : reply.values) {
    Item item;
    item.origin = origin.get();
    item.owner = std::move(value.bytes);
    item.bytes = *item.owner;
    item.first = item.last = ++sequence;
    item.published_ns = value.published_ns;
    item.historic = true;
    for (Route& to : origin->routes) hand(nullptr, to, item);
  }
  query->coming[{origin->node, origin->stream}] = {origin, sequence, sequence, 0};
}

void DomainCore::answer_came(const Origin& origin, proto::Sequence last, std::uint64_t missing) {
  OpenQuery* const query = find_query(origin.query);
  if (query == nullptr) return;
  const auto coming = query->coming.find({origin.node, origin.stream});
  if (coming == query->coming.end()) return;
  coming->second.told = std::max(coming->second.told, last);
  coming->second.missing += missing;
  if (coming->second.told >= coming->second.last) query_due_ = Instant{};
}

// Every publisher that is known and meant.
void DomainCore::for_each_asked(
    const OpenQuery& query,
    const std::function<void(NodeId, proto::StreamId, const std::shared_ptr<const Source>&)>&
        visit) {
  const proto::Question& question = *query.question;
  const auto consider = [&](NodeId node, proto::StreamId stream,
                            const std::shared_ptr<const Source>& source) {
    if (verdict_of(*query.subscriber, *source) == Route::Verdict::deliver)
      visit(node, stream, source);
  };
  const auto about = [&](FamilyId family, const std::string& name) {
    return question.family.is_zero() ? base::glob_match(question.name, name)
                                     : question.family == family;
  };
  for (const auto& [stream, source] : sources_)
    if (about(source->origin->family, source->origin->source->type_name))
      consider(engine_->node(), stream, source->origin->source);
  engine_->for_each_peer([&](const proto::PeerRecord& peer) {
    for (const proto::StreamRecord& record : peer.streams)
      if (about(record.family, record.family_name))
        consider(peer.node, record.stream, describe(peer.node, peer.host, peer.name, record));
  });
}

// Has everybody said everything, as far as one can know?
bool DomainCore::answered(const OpenQuery& query) {
  const Instant now = clock();
  const bool settling = now - opened_ < young;
  if (settling && now < std::max(last_news_, query.began) + calm) return false;
  bool sources = false, complete = true;
  engine_->for_each_peer(
      [&](const proto::PeerRecord& peer) { complete = complete && peer.streams_complete; });
  if (!complete) return false;
  for (const auto& [key, coming] : query.coming)
    if (!coming.settled()) return false;
  for_each_asked(query, [&](NodeId node, proto::StreamId stream, const auto&) {
    sources = true;
    const auto said = query.nodes.find(node);
    complete = complete && said != query.nodes.end() &&
               (said->second.complete() || said->second.said.contains(stream));
  });
  for (const auto& [node, said] : query.nodes) complete = complete && said.complete();
  return complete && (sources || !settling);  // the first word of a publisher may be lost
}

void DomainCore::check_queries(Instant now, proto::Outbox& out) {
  query_due_ = Instant::max();
  std::vector<std::shared_ptr<OpenQuery>> open;
  for (const auto& [token, query] : queries_) open.push_back(query);
  for (const std::shared_ptr<OpenQuery>& query : open) {
    if (now >= query->deadline || answered(*query)) {
      end_query(*query, out);
      continue;
    }
    query_due_ = std::min(query_due_, query->deadline);
    const Instant calm_at = std::max(last_news_, query->began) + calm;
    if (calm_at > now) query_due_ = std::min(query_due_, calm_at);
    if (opened_ + young > now) query_due_ = std::min(query_due_, opened_ + young);
  }
}

std::vector<NoAnswer> DomainCore::missing_of(const OpenQuery& query) {
  std::vector<NoAnswer> missing = query.notes;
  for (const auto& [key, coming] : query.coming) {
    const std::string& name = coming.origin->source->name;
    const auto refused = std::find_if(
        coming.origin->routes.begin(), coming.origin->routes.end(),
        [](const Route& to) { return to.verdict == Route::Verdict::refused && to.plan; });
    if (refused != coming.origin->routes.end())
      missing.push_back({name, NoAnswer::Why::refused, refused->plan->error.text()});
    else if (coming.missing > 0)
      missing.push_back({name, NoAnswer::Why::incomplete, "some of its values were lost"});
    else if (coming.told < coming.last)
      missing.push_back({name, NoAnswer::Why::incomplete, "the rest did not come in time"});
    else if (!coming.settled())
      missing.push_back({name, NoAnswer::Why::incomplete, "its type did not come in time"});
  }
  return missing;
}

void DomainCore::end_query(OpenQuery& open, proto::Outbox& out) {
  const std::shared_ptr<OpenQuery> query = queries_.at(open.token);
  queries_.erase(query->token);
  query->over = true;
  query->end.sources = query->sources;
  query->end.missing = missing_of(*query);
  for_each_asked(*query, [&](NodeId node, proto::StreamId stream, const auto& source) {
    const auto said = query->nodes.find(node);
    const bool has = said != query->nodes.end() &&
                     (said->second.complete() || said->second.said.contains(stream));
    if (!has)
      query->end.missing.push_back({source->name, NoAnswer::Why::silent,
                                    "no answer within " + to_text(query->deadline - query->began)});
  });
  engine_->end_query(clock(), query->token, out);
  for (auto& [key, coming] : query->coming) {
    const auto at = origins_.find(key);
    if (at != origins_.end() && at->second == coming.origin) {
      if (last_origin_ == coming.origin.get()) last_origin_ = nullptr;
      origins_.erase(at);
    }
    retired_.push_back(std::move(coming.origin));
  }
  query->coming.clear();
  const std::shared_ptr<Subscriber> subscriber = std::exchange(query->subscriber, nullptr);
  subscriber->query = 0;
  for (const proto::InterestId interest : subscriber->interests)
    engine_->remove_interest(clock(), interest, out);
  subscriber->interests.clear();
  if (!subscriber->cancelled.load() && !subscriber->pulled) call(subscriber);
  changed();
}

}  // namespace dts
