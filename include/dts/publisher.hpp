// Publisher<T>: a handle for publishing values of one type, for hot loops and for labels. Any
// thread may publish through any handle. Copies share one source; dropping the last ends it.
// After the domain is closed publishing fails with `closed`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <dts/binding.hpp>
#include <dts/query.hpp>
#include <dts/sample.hpp>
#include <dts/value.hpp>

namespace dts {

class DomainCore;
struct SourceState;

struct PublishOptions {
  Labels labels;
  Profile profile = Profile::event;
  std::string format = "capnproto";
  std::uint32_t history = 1;  // values kept for late joiners; `stream` keeps none
  std::string name;           // of the source behind host/node; empty: none
  Binding binding;  // the coding of a foreign schema, in `format`; it travels with the type
};

// Of a type known only at run time. The base of Publisher<T>.
class ValuePublisher {
 public:
  ValuePublisher() = default;
  // The value must be of this publisher's exact type. Never blocks on the network; fails with
  // `would_block` only when the backlog of a large-message burst is full (see wait_writable).
  Result<void> publish(const Value& value) const;
  // Waits until the backlog has room, at most `timeout`.
  Result<void> wait_writable(Duration timeout) const;
  // How many subscribers (nodes) want this type now.
  std::size_t subscribers() const;
  // Waits until there are so many, at most `timeout`; then fails with `timeout`.
  Result<void> wait_for_subscribers(std::size_t count, Duration timeout) const;
  // Answers queries from now on with what the handler sends, instead of with the values kept for
  // late joiners (PublishOptions::history); an empty handler undoes that. See <dts/query.hpp>.
  Result<void> on_query(QueryHandler handler) const;
  const Type& type() const;
  const Source& source() const;
  bool active() const noexcept { return state_ != nullptr; }

  // The value at `value` lies as the Layout this publisher was made for (Domain::publisher).
  // Step 1 of 9: encoded and submitted in one call.
  Result<void> publish_at(const void* value) const;

 protected:
  friend class Domain;
  friend class DomainCore;
  explicit ValuePublisher(std::shared_ptr<SourceState> state) : state_(std::move(state)) {}
  std::shared_ptr<SourceState> state_;
};

template <class T>
class Publisher : public ValuePublisher {
 public:
  Publisher() = default;
  Result<void> publish(const T& value) const { return publish_at(&value); }
  // The handler takes (const dts::Query&, dts::Answer<T>&).
  template <class Handler>
  Result<void> on_query(Handler handler) const {
    return ValuePublisher::on_query(
        [handler = std::move(handler)](const Query& query, ValueAnswer& answer) mutable {
          Answer<T> typed(answer);
          handler(query, typed);
        });
  }

 private:
  friend class Domain;
  explicit Publisher(ValuePublisher publisher) : ValuePublisher(std::move(publisher)) {}
};

}  // namespace dts
