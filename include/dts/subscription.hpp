// Subscription: values of a type (or of all types that match a pattern) arriving at a handler, a
// queue, or a loop. Dropping the handle unsubscribes; it returns only when no handler of it is
// running (except from within that handler).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <dts/layout.hpp>
#include <dts/sample.hpp>
#include <dts/value.hpp>
#include <dts/why.hpp>

namespace dts {

class DomainCore;

// A field that must move by `width` before the next value of a source is taken: "0.5", in the
// field's unit; "1[degF]", in another; "5%" of the last value; "500ms" of a duration.
struct DeadBand {
  std::string field, width;
};

struct SubscribeOptions {
  Labels labels;                // only sources that have all of these
  std::string source;           // only sources whose name matches this glob; empty: all
  std::optional<TypeId> exact;  // only this exact type of the family
  std::size_t queue_messages_max = 1024;
  std::size_t queue_bytes_max = 8u << 20;
  // Larger messages are refused: a gap says so, and their publisher is told. 0: as the domain's.
  std::uint64_t message_bytes_max = 0;
  bool history = true;  // the last values at once
  bool live = true;     // false: only the last values (what `dts get` does)
  bool quiet = false;   // no log line when nothing arrives
  std::function<void(const Gap&)> on_gap;
  // Runs as the handler does. While that is busy, or behind it in the queue, only the newest is
  // told.
  std::function<void(const Arriving&)> on_arriving;

  // Which values are taken, after decoding, over the type the subscriber receives: its own, or by
  // name and pattern the publisher's. What is not taken counts as filtered. The language and the
  // rules: docs/reference/filters.md. The order: where, rate, dead bands.
  std::string where;                 // "celsius > 20 and tank in (1, 2)"; empty: all
  double rate_hz_max = 0;            // of each source, by its own clock; 0: all
  std::vector<DeadBand> dead_bands;  // a value is taken when any of these fields has moved

  // A unit declared on one side only is taken to hold on the other as well.
  bool lenient_units = false;
  // subscribe_shape: only these families or exact types ("brewery.Temperature",
  // "brewery.Temperature@9f3a7c1e", "brewery.*"); empty: all that fit.
  std::vector<std::string> pin;
};

// How one exact type that is announced on the domain stands to a subscription.
struct Match {
  enum class State : std::uint8_t {
    matched,   // its values are delivered
    refused,   // not readable: `refusals`
    filtered,  // labels, source, exact or pin leave it out, or `where` cannot be applied to it
    unknown,   // its description is not here yet
  };
  std::string type_name;
  TypeId type;
  State state = State::unknown;
  Outcome outcome = Outcome::refused;    // matched: identical, adapted or checked
  std::vector<Refusal> refusals;         // refused, or `where` cannot be applied: why
  std::vector<std::string> differences;  // adapted, checked
  std::vector<std::string> sources;
};
std::string_view match_state_name(Match::State state);

// Monotonic since the subscription began. delivered + filtered + conflated + overrun + undecodable
// + lost + too_large (in packets) accounts for everything published to it.
struct SubscriptionCounters {
  std::uint64_t delivered = 0, bytes = 0;
  std::uint64_t lost = 0, overrun = 0, conflated = 0, undecodable = 0;
  std::uint64_t discarded = 0;  // of undecodable: whole messages with a value that does not fit
  // What was done to delivered values that did not fit, where their fields say so: they became the
  // default (use_default), or a list was cut (trim).
  std::uint64_t defaulted = 0, trimmed = 0;
  std::uint64_t unknown = 0;    // fields of messages that the publisher's own type does not have
  std::uint64_t filtered = 0;   // by labels, source, where, rate or dead band
  std::uint64_t withheld = 0;   // of filtered: not even sent here, the publisher saw to it
  std::uint64_t too_large = 0;  // in packets, as lost: larger than message_bytes_max
  std::uint64_t refused = 0;    // of sources whose type is not assignable
};

// A handler as the domain sees it: a decoded value and what comes with it.
using ErasedHandler = std::function<void(const void* value, const Layout& layout, const Sample&)>;
using ValueHandler = std::function<void(const Value&, const Sample&)>;

class Subscription {
 public:
  Subscription() = default;  // nothing
  Subscription(Subscription&&) noexcept;
  Subscription& operator=(Subscription&&) noexcept;
  ~Subscription();

  bool active() const noexcept { return id_ != 0; }
  // Why it is not active: what subscribe() met, such as a filter with an error.
  Result<void> status() const;
  void cancel();
  // Why nothing arrives, now. Any thread.
  Why why() const;
  // The types announced that it could receive, by name, and how each stands to it. Any thread.
  std::vector<Match> matches() const;
  SubscriptionCounters counters() const;
  // For Stream: the next value into `value`, which lies as the Layout subscribed with. False when
  // none came within `timeout` (none: for ever) or the subscription has ended.
  bool next(void* value, Sample& sample, std::optional<Duration> timeout) const;
  // For Stream: next() returns, now and from now on. Any thread.
  void end() const;

 private:
  friend class DomainCore;
  Subscription(std::shared_ptr<DomainCore> core, std::uint64_t id)
      : core_(std::move(core)), id_(id) {}
  explicit Subscription(Error error) : error_(std::make_shared<const Error>(std::move(error))) {}
  std::shared_ptr<DomainCore> core_;
  std::uint64_t id_ = 0;
  std::shared_ptr<const Error> error_;
};

// A value and what came with it, by value.
template <class T>
struct Reading {
  T value;
  Sample sample;
};

// Blocking iteration: for (auto& [value, sample] : domain.stream<Temperature>()) ...
// Ends when the domain is closed or stopped or stop() is called. One thread iterates; it runs the
// loop itself when nobody else does. Values wait in the subscription's bounded queue.
template <class T>
class Stream {
 public:
  // The next value, waiting at most `timeout`; empty on timeout or at the end.
  std::optional<Reading<T>> next(std::optional<Duration> timeout = {}) {
    std::optional<Reading<T>> reading(std::in_place);
    if (!subscription_.next(&reading->value, reading->sample, timeout)) reading.reset();
    return reading;
  }
  void stop() { subscription_.end(); }  // any thread
  Why why() const { return subscription_.why(); }
  Result<void> status() const { return subscription_.status(); }

  class Iterator {
   public:
    Reading<T>& operator*() { return *reading_; }
    Iterator& operator++() {
      reading_ = stream_->next();
      return *this;
    }
    bool operator!=(std::nullptr_t) const { return reading_.has_value(); }

   private:
    friend class Stream;
    explicit Iterator(Stream* stream) : stream_(stream), reading_(stream->next()) {}
    Stream* stream_;
    std::optional<Reading<T>> reading_;
  };
  Iterator begin() { return Iterator(this); }
  std::nullptr_t end() { return nullptr; }

 private:
  friend class Domain;
  explicit Stream(Subscription subscription) : subscription_(std::move(subscription)) {}
  Subscription subscription_;
};

}  // namespace dts
