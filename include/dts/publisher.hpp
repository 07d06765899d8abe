// Publisher<T>: a handle for publishing values of one type, for hot loops and for labels. Any
// thread may publish through any handle. Copies share one source; dropping the last ends it.
// After the domain is closed publishing fails with `closed`.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <dts/binding.hpp>
#include <dts/compression.hpp>
#include <dts/query.hpp>
#include <dts/sample.hpp>
#include <dts/value.hpp>

namespace dts {

class DomainCore;
struct SourceState;

// What publishing does when subscribers do not keep up.
struct WhenFull {
  bool waits = false;
  Duration max{};
};
// It goes on: who is slower loses the oldest and is told so. The default.
inline constexpr WhenFull drop_oldest{};
// It waits until the slowest has room, at most `max`, then publish() fails with `would_block` and
// nothing was published: so nothing is lost at full speed. The first 32 subscribers are waited
// for; one that takes nothing at all for 5 s no longer is, until it does again.
constexpr WhenFull wait(Duration max = std::chrono::milliseconds(100)) { return {true, max}; }

// Profile `command`: who has to have handled the value before publish() returns.
struct ConfirmedBy {
  std::vector<std::string> nodes{};  // "host/node"; empty: any `count` of the subscribers
  std::size_t count = 1;
  Duration within = std::chrono::seconds(1);  // then publish() fails and says who has not
};

struct PublishOptions {
  Labels labels;
  Profile profile = Profile::event;
  std::string format = "capnproto";
  std::uint32_t history = 1;  // values kept for late joiners; `stream` keeps none
  std::string name;           // of the source behind host/node; empty: none
  // Messages above so many bytes travel compressed, where that saves an eighth or more; done by the
  // publishing thread. Subscribers see them as they were.
  Compression compression = Compression::none;
  std::size_t compress_above_bytes = 4096;
  Binding binding;  // the coding of a foreign schema, in `format`; it travels with the type
  WhenFull when_full = drop_oldest;
  ConfirmedBy confirmed_by{};  // profile `command`
};

// Of a type known only at run time. The base of Publisher<T>.
class ValuePublisher {
 public:
  ValuePublisher() = default;
  // The value must be of this publisher's exact type. Never blocks on the network, unless the
  // options say so (when_full, profile `command`; handlers may run meanwhile, on this thread if it
  // is the one that polls); fails with `would_block` only then, or when the backlog of a
  // large-message burst is full (see wait_writable).
  Result<void> publish(const Value& value) const;
  // Waits until the backlog has room, at most `timeout`.
  Result<void> wait_writable(Duration timeout) const;
  // Of the large messages that are being sent: their bytes as they travel, perhaps compressed, and
  // how many have gone; zeros when all have.
  struct Progress {
    std::uint64_t total = 0, sent = 0;
  };
  Progress progress() const;
  // How many subscribers (nodes) want this type and can be reached now.
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
