// The public classes: thin handles on DomainCore.
#include <dts/domain.hpp>

#include "base/text.hpp"
#include "domain/core.hpp"

namespace dts {

namespace {

std::shared_ptr<Subscriber> subscriber_of(const Layout* layout, SubscribeOptions options) {
  auto subscriber = std::make_shared<Subscriber>();
  if (layout != nullptr) {
    subscriber->layout = LayoutPtr(LayoutPtr(), layout);  // of a C++ type: lives for ever
    subscriber->name = layout->type.name();
    subscriber->family = layout->type.family();
  }
  subscriber->options = std::move(options);
  return subscriber;
}

std::shared_ptr<DomainCore> open_core(DomainOptions options) {
  auto core = std::make_shared<DomainCore>(std::move(options));
  core->open();
  return core;
}

DomainOptions named(std::string_view name) {
  DomainOptions options;
  options.name = std::string(name);
  return options;
}

}  // namespace

Domain::Domain(std::string_view name) : core_(open_core(named(name))) {}
Domain::Domain(DomainOptions options) : core_(open_core(std::move(options))) {}

Domain& Domain::operator=(Domain&& other) noexcept {
  if (this != &other) {
    if (core_) core_->close();
    core_ = std::move(other.core_);
  }
  return *this;
}

Domain::~Domain() {
  if (core_) core_->close();
}

const std::string& Domain::name() const { return core_->environment().domain; }
const std::string& Domain::host() const { return core_->environment().host; }
const std::string& Domain::source() const { return core_->source_name(); }

Result<ValuePublisher> Domain::publisher(const Type& type, PublishOptions options) {
  if (!type.valid()) return Error(ErrorCode::invalid_type, "there is no type to publish");
  DTS_ASSIGN(LayoutPtr layout, Layout::of(type));
  DTS_ASSIGN(std::shared_ptr<SourceState> state,
             core_->open_source(std::move(layout), std::move(options)));
  return ValuePublisher(std::move(state));
}

Result<ValuePublisher> Domain::publisher(const Layout& layout, PublishOptions options) {
  DTS_ASSIGN(std::shared_ptr<SourceState> state,
             core_->open_source(LayoutPtr(LayoutPtr(), &layout), std::move(options)));
  return ValuePublisher(std::move(state));
}

Result<void> Domain::publish_at(const Layout& layout, const void* value) {
  return core_->publish_once(layout, value);
}

Subscription Domain::subscribe(std::string_view pattern, ValueHandler handler,
                               SubscribeOptions options) {
  std::shared_ptr<Subscriber> subscriber = subscriber_of(nullptr, std::move(options));
  subscriber->name = std::string(pattern);
  subscriber->value_handler = std::move(handler);
  return core_->subscribe(std::move(subscriber));
}

Subscription Domain::subscribe(const Type& type, ValueHandler handler, SubscribeOptions options) {
  return subscribe_to(type, std::move(handler), std::move(options), By::family);
}

Subscription Domain::subscribe_shape(const Type& type, ValueHandler handler,
                                     SubscribeOptions options) {
  return subscribe_to(type, std::move(handler), std::move(options), By::shape);
}

Subscription Domain::subscribe_to(const Type& type, ValueHandler handler, SubscribeOptions options,
                                  By by) {
  if (!type.valid())
    return core_->refuse("an empty type", Error(ErrorCode::invalid_type, "there is no type"));
  Result<LayoutPtr> layout = Layout::of(type);
  if (!layout) return core_->refuse(type.name(), layout.error());
  std::shared_ptr<Subscriber> subscriber = subscriber_of(nullptr, std::move(options));
  subscriber->layout = std::move(*layout);
  subscriber->name = type.name();
  subscriber->family = type.family();
  subscriber->by_shape = by == By::shape;
  subscriber->value_handler = std::move(handler);
  return core_->subscribe(std::move(subscriber));
}

Subscription Domain::subscribe_at(const Layout& layout, ErasedHandler handler,
                                  SubscribeOptions options, By by) {
  std::shared_ptr<Subscriber> subscriber = subscriber_of(&layout, std::move(options));
  subscriber->by_shape = by == By::shape;
  subscriber->handler = std::move(handler);
  return core_->subscribe(std::move(subscriber));
}

Subscription Domain::stream_at(const Layout& layout, SubscribeOptions options) {
  std::shared_ptr<Subscriber> subscriber = subscriber_of(&layout, std::move(options));
  subscriber->pulled = true;
  return core_->subscribe(std::move(subscriber));
}

void Domain::latest_at(const Layout& layout, Duration timeout, SubscribeOptions options,
                       const ErasedHandler& sink) {
  core_->latest(subscriber_of(&layout, std::move(options)), timeout,
                [&](const void* value, const Layout& its, const Value*, const Sample& sample) {
                  sink(value, its, sample);
                });
}

std::vector<Reading<Value>> Domain::latest(std::string_view pattern, Duration timeout,
                                           SubscribeOptions options) {
  std::vector<Reading<Value>> readings;
  std::shared_ptr<Subscriber> subscriber = subscriber_of(nullptr, std::move(options));
  subscriber->name = std::string(pattern);
  core_->latest(std::move(subscriber), timeout,
                [&](const void*, const Layout&, const Value* value, const Sample& sample) {
                  for (Reading<Value>& reading : readings) {
                    if (!reading.sample.same_source(sample)) continue;
                    reading = Reading<Value>{*value, sample};
                    return;
                  }
                  readings.push_back(Reading<Value>{*value, sample});
                });
  return readings;
}

Result<QueryEnd> Domain::query_at(const Layout& layout, Query query, Duration timeout,
                                  SubscribeOptions options, const ErasedHandler& sink) {
  return core_->query(subscriber_of(&layout, std::move(options)), query, timeout,
                      [&](const void* value, const Layout& its, const Value*,
                          const Sample& sample) { sink(value, its, sample); });
}

Result<Answers<Value>> Domain::query(std::string_view pattern, Query query, Duration timeout,
                                     SubscribeOptions options) {
  Answers<Value> answers;
  std::shared_ptr<Subscriber> subscriber = subscriber_of(nullptr, std::move(options));
  subscriber->name = std::string(pattern);
  Result<QueryEnd> end =
      core_->query(std::move(subscriber), query, timeout,
                   [&](const void*, const Layout&, const Value* value, const Sample& sample) {
                     answers.rows.push_back(Reading<Value>{*value, sample});
                   });
  if (!end) return end.error();
  answers.missing = std::move(end->missing);
  answers.sources = end->sources;
  return answers;
}

Subscription Domain::query_at(const Layout& layout, Query query, ErasedHandler handler,
                              QueryDone done, Duration timeout, SubscribeOptions options) {
  std::shared_ptr<Subscriber> subscriber = subscriber_of(&layout, std::move(options));
  subscriber->handler = std::move(handler);
  return core_->query(std::move(subscriber), query, std::move(done), timeout);
}

Subscription Domain::query(std::string_view pattern, Query query, ValueHandler handler,
                           QueryDone done, Duration timeout, SubscribeOptions options) {
  std::shared_ptr<Subscriber> subscriber = subscriber_of(nullptr, std::move(options));
  subscriber->name = std::string(pattern);
  subscriber->value_handler = std::move(handler);
  return core_->query(std::move(subscriber), query, std::move(done), timeout);
}

void Domain::run() { core_->run(); }
void Domain::start() { core_->start(); }
int Domain::fd() const { return core_->fd(); }
std::size_t Domain::poll(Duration timeout) { return core_->poll(timeout); }
void Domain::stop() { core_->stop(); }
void Domain::close() { core_->close(); }

Catalogue Domain::catalogue() const { return core_->catalogue(); }
void Domain::refresh() { core_->refresh(); }
Result<Type> Domain::type(TypeId id, Duration timeout) { return core_->type(id, timeout); }
std::vector<Type> Domain::types(std::string_view family, Duration timeout) {
  return core_->types(family, timeout);
}
Why Domain::why(std::string_view family) const { return core_->why_family(family); }
std::vector<Counter> Domain::counters() const { return core_->counters(); }
std::vector<std::string> Domain::notices() { return core_->take_notices(); }

// Publishers

Result<void> ValuePublisher::publish(const Value& value) const {
  if (!state_) return Error(ErrorCode::closed, "this publisher is empty");
  return state_->core->publish_value(*state_, value);
}

Result<void> ValuePublisher::publish_at(const void* value) const {
  if (!state_) return Error(ErrorCode::closed, "this publisher is empty");
  return state_->core->publish_at(*state_, value);
}

Result<void> ValuePublisher::wait_writable(Duration timeout) const {
  if (!state_) return Error(ErrorCode::closed, "this publisher is empty");
  return state_->core->wait_writable(timeout);
}

ValuePublisher::Progress ValuePublisher::progress() const {
  return state_ ? state_->core->progress(*state_) : Progress{};
}

std::size_t ValuePublisher::subscribers() const {
  return state_ ? state_->core->subscribers(*state_) : 0;
}

Result<void> ValuePublisher::wait_for_subscribers(std::size_t count, Duration timeout) const {
  if (!state_) return Error(ErrorCode::closed, "this publisher is empty");
  return state_->core->wait_for_subscribers(*state_, count, timeout);
}

const Type& ValuePublisher::type() const { return state_->layout->type; }
const Source& ValuePublisher::source() const { return *state_->origin->source; }

// Subscriptions

Subscription::Subscription(Subscription&& other) noexcept
    : core_(std::move(other.core_)),
      id_(std::exchange(other.id_, 0)),
      error_(std::move(other.error_)) {}

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    cancel();
    core_ = std::move(other.core_);
    id_ = std::exchange(other.id_, 0);
    error_ = std::move(other.error_);
  }
  return *this;
}

Subscription::~Subscription() { cancel(); }

void Subscription::cancel() {
  if (id_ != 0) core_->cancel(std::exchange(id_, 0));
  core_.reset();
}

Result<void> Subscription::status() const {
  if (id_ != 0) return {};
  return error_ != nullptr ? *error_ : Error(ErrorCode::closed, "there is no subscription");
}

Why Subscription::why() const {
  if (id_ != 0) return core_->why_of(id_);
  Why why;
  if (error_ == nullptr) return why;
  why.reason =
      error_->code() == ErrorCode::filter ? WhyQuiet::filtered : WhyQuiet::incompatible_type;
  why.text = "there is no subscription: " + error_->what();
  if (!error_->where().empty()) why.evidence.push_back("at " + error_->where() + error_->why());
  why.hint = error_->hint();
  return why;
}

std::vector<Match> Subscription::matches() const {
  return id_ == 0 ? std::vector<Match>{} : core_->matches_of(id_);
}

SubscriptionCounters Subscription::counters() const {
  return id_ == 0 ? SubscriptionCounters{} : core_->counters_of(id_);
}

bool Subscription::next(void* value, Sample& sample, std::optional<Duration> timeout) const {
  return id_ != 0 && core_->next(id_, value, sample, timeout);
}

void Subscription::end() const {
  if (id_ != 0) core_->end(id_);
}

// Names and small things of the public headers.

std::string_view profile_name(Profile profile) {
  switch (profile) {
    case Profile::event:
      return "event";
    case Profile::state:
      return "state";
    case Profile::stream:
      return "stream";
    case Profile::command:
      return "command";
  }
  return "unknown";
}

std::string_view no_answer_name(NoAnswer::Why why) {
  switch (why) {
    case NoAnswer::Why::silent:
      return "silent";
    case NoAnswer::Why::incomplete:
      return "incomplete";
    case NoAnswer::Why::refused:
      return "refused";
  }
  return "unknown";
}

std::string_view match_state_name(Match::State state) {
  switch (state) {
    case Match::State::matched:
      return "matched";
    case Match::State::refused:
      return "refused";
    case Match::State::filtered:
      return "filtered";
    case Match::State::unknown:
      break;
  }
  return "unknown";
}

std::string_view gap_reason_name(Gap::Reason reason) {
  switch (reason) {
    case Gap::Reason::lost:
      return "lost";
    case Gap::Reason::overrun:
      return "overrun";
    case Gap::Reason::conflated:
      return "conflated";
    case Gap::Reason::undecodable:
      return "undecodable";
    case Gap::Reason::unavailable:
      return "unavailable";
    case Gap::Reason::restarted:
      return "restarted";
    case Gap::Reason::too_large:
      return "too_large";
  }
  return "unknown";
}

double Sample::age_ms() const {
  return std::chrono::duration<double, std::milli>(now() - published_).count();
}

}  // namespace dts
