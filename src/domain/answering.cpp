// Answering queries: with the values a publisher keeps, or with what its handler says. Questions
// queue up per publisher and are answered one at a time on the threads that run handlers.
#include <algorithm>

#include "base/compression.hpp"
#include "base/text.hpp"
#include "domain/core.hpp"

namespace dts {

using domain::Answering;
using domain::AskedHere;

namespace {

// Of one answer; the engine's own bounds are the same (EngineOptions).
constexpr std::size_t answer_values_max = 4096;
constexpr std::size_t answer_bytes_max = 16u << 20;
// Of a value that is compressed where it is kept, for filtering it.
constexpr std::uint64_t plain_bytes_max = 1u << 30;

std::optional<Time> time_of(std::int64_t ns) {
  return ns == 0 ? std::nullopt : std::optional(Time(Duration(ns)));
}

Query query_of(const proto::Question& question) {
  Query query;
  query.where = question.filter;
  query.range = {time_of(question.from_ns), time_of(question.to_ns)};
  query.text = question.text;
  query.limit = question.limit;
  return query;
}

Result<std::unique_ptr<Encoder>> encoder_of(const Format& format, const Layout& layout,
                                            const Binding& binding) {
  return binding.valid() ? format.bound_encoder(layout, binding) : format.encoder(layout);
}

bool in_range(const proto::Question& question, std::int64_t published_ns) {
  return (question.from_ns == 0 || published_ns >= question.from_ns) &&
         (question.to_ns == 0 || published_ns <= question.to_ns);
}

}  // namespace

Result<void> AnswerState::add(const void* value, std::int64_t published_ns) {
  const TimeRange& range = query.range;
  const Time published{Duration(published_ns)};
  if ((range.from && published < *range.from) || (range.to && published > *range.to)) return {};
  if (!filter.empty() && !filter.matches(value)) return {};
  auto message = std::make_shared<Bytes>();
  DTS_TRY(source.encoder->encode(value, *message));
  bytes += message->size();
  values.push_back({published_ns, std::move(message), Compression::none});
  const auto drop = [&] {
    bytes -= values.front().bytes->size();
    values.pop_front();
  };
  if (query.limit != 0 && values.size() > query.limit) drop();
  while (values.size() > answer_values_max || bytes > answer_bytes_max) {
    drop();
    ++left_out;
  }
  return {};
}

// The publisher's answers, made with the first question or the handler.
Result<std::shared_ptr<Answering>> DomainCore::answering_of(SourceState& source) {
  if (source.answering != nullptr) return source.answering;
  auto made = std::make_shared<Answering>();
  made->stream = source.stream;
  made->layout = source.layout;
  made->format = source.format;
  made->binding = source.options.binding;
  DTS_ASSIGN(made->encoder, encoder_of(*made->format, *made->layout, made->binding));
  const Assignment same = Assignment::make(made->layout->type, made->layout->type);
  DTS_ASSIGN(made->decoder, made->binding.valid()
                                ? made->format->bound_decoder(same, *made->layout, made->binding)
                                : made->format->decoder(same, *made->layout));
  auto runner = std::make_shared<Subscriber>();
  runner->id = next_id_++;
  runner->name = source.layout->type.name();
  runner->options.quiet = true;
  runner->answers = true;
  runner->since = clock();
  runner->task = [this, made = std::weak_ptr<Answering>(made)] {
    if (const std::shared_ptr<Answering> answering = made.lock()) answer_next(*answering);
  };
  subscribers_[runner->id] = runner;
  made->runner = std::move(runner);
  return source.answering = std::move(made);
}

Result<void> DomainCore::on_query(SourceState& source, QueryHandler handler) {
  Lock lock(*this);
  if (closed_) return Error(ErrorCode::closed, "the domain is closed");
  DTS_ASSIGN(const std::shared_ptr<Answering> answering, answering_of(source));
  answering->handler = handler ? std::make_shared<const QueryHandler>(std::move(handler)) : nullptr;
  return {};
}

// Something to do for the loop, in its turn among what this subscriber is to be handed.
void DomainCore::call(const std::shared_ptr<Subscriber>& owner) {
  Item item;
  item.subscriber = owner.get();
  owner->queue.push_back(std::move(item));
  if (owner->claim != nullptr || owner->ready) return;
  owner->ready = true;
  ready_.push_back(owner.get());
  wake();
}

// Everything here that publishes what is asked for has a part in the answer.
std::uint16_t DomainCore::hear_query(const NodeId& asker, proto::QueryToken token,
                                     std::shared_ptr<const proto::Question> question,
                                     proto::Outbox& out) {
  std::vector<SourceState*> ours;
  for (const auto& [stream, source] : sources_) {
    const Type& type = source->layout->type;
    const bool asked = question->family.is_zero() ? base::glob_match(question->name, type.name())
                                                  : type.family() == question->family;
    if (asked) ours.push_back(source);
  }
  std::sort(ours.begin(), ours.end(),
            [](const auto* a, const auto* b) { return a->stream < b->stream; });
  const proto::PeerRecord* peer = engine_->find_peer(asker);
  AskedHere asked{asker,
                  token,
                  0,
                  static_cast<std::uint16_t>(ours.size()),
                  std::move(question),
                  peer == nullptr ? source_name_ : peer->host + "/" + peer->name};
  for (SourceState* source : ours) {
    const Result<std::shared_ptr<Answering>> answering = answering_of(*source);
    proto::Reply reply;
    reply.of = source->stream;
    reply.part = asked.part;
    reply.parts = asked.parts;
    if (!answering)
      reply.error = answering.error().text();
    else if ((*answering)->asked.size() >= Answering::waiting_max)
      reply.error = "it has too many other queries to answer; ask again later";
    if (reply.error.empty()) {
      (*answering)->asked.push_back(asked);
      call((*answering)->runner);
    } else {
      give_answer(asked, std::move(reply), out);
    }
    ++asked.part;
  }
  return asked.parts;
}

// Without the lock, by the thread that has the claim.
void DomainCore::answer_next(Answering& answering) {
  AskedHere asked;
  std::shared_ptr<const QueryHandler> handler;
  std::vector<proto::Reply::Value> kept;
  {
    Lock lock(*this);
    if (closed_ || answering.asked.empty()) return;
    asked = std::move(answering.asked.front());
    answering.asked.pop_front();
    handler = answering.handler;
    if (handler == nullptr) kept = kept_values(answering.stream, *asked.question);
  }
  const Query query = query_of(*asked.question);
  AnswerState state{answering, query, asked.asker_name, {}, {}, 0, 0, {}};
  Result<Filter> filter =
      query.where.empty() ? Filter() : Filter::compile(query.where, *answering.layout, "where");
  if (!filter) {  // in one line: the asker knows the expression
    const Error& error = filter.error();
    state.error = error.what() + (error.hint().empty() ? "" : "; " + error.hint());
  } else {
    state.filter = std::move(*filter);
    if (handler != nullptr) {
      ValueAnswer answer(state);
      (*handler)(query, answer);
    } else {
      select_kept(answering, std::move(kept), state);
    }
  }
  proto::Reply reply;
  reply.of = answering.stream;
  reply.part = asked.part;
  reply.parts = asked.parts;
  reply.values.assign(std::make_move_iterator(state.values.begin()),
                      std::make_move_iterator(state.values.end()));
  reply.left_out = state.left_out;
  reply.error = std::move(state.error);
  Lock lock(*this);
  if (closed_) return;
  proto::Outbox out;
  give_answer(asked, std::move(reply), out);
  settle(out);
}

std::vector<proto::Reply::Value> DomainCore::kept_values(proto::StreamId stream,
                                                         const proto::Question& question) {
  std::vector<proto::Reply::Value> kept;
  engine_->for_each_kept(stream, [&](proto::Sequence, proto::Sequence, std::int64_t published_ns,
                                     ByteView bytes, Compression compression) {
    if (in_range(question, published_ns))
      kept.push_back(
          {published_ns, std::make_shared<const Bytes>(bytes.begin(), bytes.end()), compression});
  });
  return kept;
}

// Those of the kept values that are asked for, as they were encoded.
void DomainCore::select_kept(Answering& answering, std::vector<proto::Reply::Value> kept,
                             AnswerState& state) {
  if (!state.filter.empty()) {
    if (!answering.value.valid()) answering.value = Value(answering.layout);
    std::erase_if(kept, [&](const proto::Reply::Value& each) {
      void* const value = answering.value.data();
      Bytes plain;
      if (each.compression != Compression::none) {
        Result<Bytes> unpacked = base::decompress(each.compression, *each.bytes, plain_bytes_max);
        if (!unpacked) return true;
        plain = std::move(*unpacked);
      }
      const ByteView message = each.compression == Compression::none ? *each.bytes : plain;
      return !answering.decoder->decode(message, value) || !state.filter.matches(value);
    });
  }
  if (state.query.limit != 0 && kept.size() > state.query.limit)
    kept.erase(kept.begin(), kept.end() - static_cast<std::ptrdiff_t>(state.query.limit));
  for (proto::Reply::Value& each : kept) state.values.push_back(std::move(each));
}

// To whoever asked: over the network, or to a query of this domain itself.
void DomainCore::give_answer(const AskedHere& asked, proto::Reply reply, proto::Outbox& out) {
  if (asked.asker == engine_->node())
    answer_here(asked.token, std::move(reply));
  else
    engine_->answer(clock(), asked.asker, asked.token, std::move(reply), out);
}

// The public side.

Result<void> ValueAnswer::send_at(const void* value, std::optional<Time> published) {
  return state_.add(value, published.value_or(now()).time_since_epoch().count());
}

Result<void> ValueAnswer::send(const Value& value, std::optional<Time> published) {
  const Layout& layout = *state_.source.layout;
  if (!value.valid() || value.type() != layout.type)
    return Error(ErrorCode::incompatible_type, "an answer is of the publisher's type",
                 layout.type.name(), value.valid() ? "this is " + value.type().name() : "no value");
  if (&value.layout() == &layout) return send_at(value.data(), published);
  Answering& source = state_.source;
  if (source.other_layout != value.layout_ptr()) {
    DTS_ASSIGN(source.other_encoder, encoder_of(*source.format, value.layout(), source.binding));
    source.other_layout = value.layout_ptr();
  }
  Bytes message;
  DTS_TRY(source.other_encoder->encode(value.data(), message));
  if (!source.value.valid()) source.value = Value(source.layout);
  DTS_TRY(source.decoder->decode(message, source.value.data()));
  return send_at(source.value.data(), published);
}

void ValueAnswer::refuse(std::string_view why) {
  state_.error = why.empty() ? std::string_view("it did not say why") : why;
}
const std::string& ValueAnswer::asker() const { return state_.asker; }

Result<void> ValuePublisher::on_query(QueryHandler handler) const {
  if (!state_) return Error(ErrorCode::closed, "this publisher is empty");
  return state_->core->on_query(*state_, std::move(handler));
}

}  // namespace dts
