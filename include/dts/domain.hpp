// Domain: the named space in which types are shared, and the object a program holds. Opening one
// never fails for a network reason: it degrades to this machine and says so (notices()).
//
//   dts::Domain domain;  // "default", this network
//   auto readings = domain.subscribe<Temperature>([](const Temperature& t, const dts::Sample& s) {
//   });
//   domain.publish(Temperature{18.4, 3});
//   domain.run();  // or start(), or fd() and poll()
//
// Threads: every member may be called from any thread. Handlers run on the threads that run the
// loop (run, poll) or on the domain's own (start), without any lock held; one handler runs at a
// time per subscription, and a slow one does not hold up the others (with poll() it does: there is
// one thread only). A handler must not throw. After fork() the child must leave the domains of its
// parent alone and open its own. Every member but the destructor may be called in a handler.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <dts/declare.hpp>
#include <dts/format.hpp>
#include <dts/publisher.hpp>
#include <dts/query.hpp>
#include <dts/subscription.hpp>
#include <dts/transport.hpp>

namespace dts {

struct DomainOptions {
  std::string name;                            // empty: $DTS_DOMAIN, else "default"
  std::string node;                            // this program's name; empty: the executable's
  Labels labels;                               // on every source; added to $DTS_LABELS ("a=1,b=2")
  std::vector<std::string> transports;         // URLs; empty: $DTS_TRANSPORTS, else udp, shm
  std::vector<std::string> interfaces;         // empty: $DTS_IFACE, else every usable one and lo
  std::vector<std::string> peers;              // host[:port], added to $DTS_PEERS
  std::uint64_t message_bytes_max = 1u << 30;  // larger messages are neither sent nor taken
  std::function<void(std::string_view line)> log;  // empty: warnings go to stderr
  Formats formats = built_in_formats();
  Transports transport_table = built_in_transports();
};

// What is known of the other nodes: a copy, for tools.
struct StreamInfo {
  Source source;
  std::uint64_t messages = 0, bytes = 0;  // published so far, as of `counted`
  Time counted{};
  std::uint32_t keeps = 0;  // values at most that it still has for late joiners and queries
};
struct InterestInfo {
  std::string type_name;  // a family or a pattern, as asked for
  std::string selection;  // what of the values is taken, "celsius > 18"; empty: everything
};
// A way to another node, by which it was heard.
struct PathInfo {
  std::string transport, link, address;  // "udp", "eth0", "10.1.0.2:40112"
  std::string kind;                      // what it is: "memory of this machine", "a cable"
  Duration heard{};                      // so long ago
  bool taken = false;                    // what goes to that node goes this way
  bool by_group = false;                 // together with what goes to others there
  bool proven = false;                   // the node has answered there
  bool silent = false;                   // nothing heard for too long: only if there is no other
};
struct NodeInfo {
  NodeId id;
  std::string host, name, version, address;
  std::uint32_t process = 0;
  bool self = false;
  Duration up{};
  Duration clock_offset{};  // theirs minus ours, when known
  double loss = 0;          // the share of a stream it wants that did not arrive at first, lately
  std::string losses;       // ... in words, with whose doing it is; empty: next to none
  std::vector<PathInfo> paths;  // the one that is taken first
  Time heard{};
  std::vector<StreamInfo> streams;
  std::vector<InterestInfo> wants;
};
struct Catalogue {
  std::string domain;
  std::vector<Link> links;
  std::vector<NodeInfo> nodes;             // this one first
  std::vector<std::string> other_domains;  // heard, by hash or name
  std::uint64_t other_versions = 0;        // packets of another wire version
};

// Named monotonic counters: every dropped packet or message is in one of them.
struct Counter {
  std::string name;
  std::uint64_t value = 0;
};

class Domain {
 public:
  explicit Domain(std::string_view name = {});
  explicit Domain(DomainOptions options);
  Domain(Domain&&) noexcept = default;
  Domain& operator=(Domain&& other) noexcept;
  ~Domain();  // close()

  const std::string& name() const;
  // How this program is called by the others: its host, and host/node.
  const std::string& host() const;
  const std::string& source() const;

  // Publishing: the message leaves on this thread at once; in a fast burst, while a loop runs,
  // messages may wait up to a fraction of a millisecond to share packets. The first form keeps one
  // publisher per type inside the domain.
  template <class T>
  Result<void> publish(const T& value);
  template <class T>
  Result<Publisher<T>> publisher(PublishOptions options = {});
  Result<ValuePublisher> publisher(const Type& type, PublishOptions options = {});
  // Of values that lie as `layout`, which must outlive the publisher (those of C++ types do).
  Result<ValuePublisher> publisher(const Layout& layout, PublishOptions options = {});

  // Subscribing by type: everything of the family that is assignable to T. The handler takes
  // (const T&) or (const T&, const Sample&). When it cannot be done (a filter with an error) the
  // subscription is not active, its status() and why() say so, and a line is logged.
  template <class T, class Handler>
  Subscription subscribe(Handler handler, SubscribeOptions options = {});
  // By name or pattern ("brewery.*", "*"), in the publisher's own types.
  Subscription subscribe(std::string_view pattern, ValueHandler handler,
                         SubscribeOptions options = {});
  // Into a type known only at run time.
  Subscription subscribe(const Type& type, ValueHandler handler, SubscribeOptions options = {});
  // By shape: everything that is assignable to T, whatever its family is called, as long as the
  // fields that T has carry the same units or tags, or name and type. This asks for all that is
  // published on the domain (unless pinned): matches() says what came of it.
  template <class T, class Handler>
  Subscription subscribe_shape(Handler handler, SubscribeOptions options = {});
  Subscription subscribe_shape(const Type& type, ValueHandler handler,
                               SubscribeOptions options = {});
  // T must be default-constructible.
  template <class T>
  Stream<T> stream(SubscribeOptions options = {});

  // The last value of each source, waiting at most `timeout`; earlier when all have answered.
  template <class T>
  std::vector<Reading<T>> latest(Duration timeout = std::chrono::milliseconds(500),
                                 SubscribeOptions options = {});
  std::vector<Reading<Value>> latest(std::string_view pattern,
                                     Duration timeout = std::chrono::milliseconds(500),
                                     SubscribeOptions options = {});

  // Asks everybody who publishes T (or a type that matches the pattern) and waits, at most
  // `timeout`, until all of them have answered: with the values they keep, or what their handlers
  // say. Of the options those that select sources and values count.
  template <class T>
  Result<Answers<T>> query(Query query = {}, Duration timeout = std::chrono::seconds(1),
                           SubscribeOptions options = {});
  Result<Answers<Value>> query(std::string_view pattern, Query query = {},
                               Duration timeout = std::chrono::seconds(1),
                               SubscribeOptions options = {});
  // The same without waiting: `handler`, as of subscribe(), gets the values as they come, then
  // `done` is called once. Dropping the handle abandons the query.
  template <class T, class Handler>
  Subscription query(Query query, Handler handler, QueryDone done,
                     Duration timeout = std::chrono::seconds(1), SubscribeOptions options = {});
  Subscription query(std::string_view pattern, Query query, ValueHandler handler, QueryDone done,
                     Duration timeout = std::chrono::seconds(1), SubscribeOptions options = {});

  // The loop: one of these three.
  void run();                               // on this thread until stop()
  void start();                             // on threads of the domain
  int fd() const;                           // readable when poll() has work; includes timers
  std::size_t poll(Duration timeout = {});  // one round; messages handled
  void stop();                              // run() returns; any thread, any signal handler
  void close();  // says goodbye to the peers, cancels everything; idempotent

  // Knowledge.
  Catalogue catalogue() const;
  // Asks the peers for their lists and counters again (tools: to compute rates).
  void refresh();
  // The exact type by id, when its document is known here; asks the bus for it at most `timeout`.
  Result<Type> type(TypeId id, Duration timeout = std::chrono::milliseconds(500));
  // The types seen in a family, waiting at most `timeout` for the first.
  std::vector<Type> types(std::string_view family,
                          Duration timeout = std::chrono::milliseconds(500));
  // Why a subscriber of this family gets nothing, for tools.
  Why why(std::string_view family) const;
  std::vector<Counter> counters() const;
  // Things to tell people once: a small buffer, a vanished interface, another wire version.
  std::vector<std::string> notices();

 private:
  Result<void> publish_at(const Layout& layout, const void* value);
  enum class By : bool { family, shape };
  Subscription subscribe_at(const Layout& layout, ErasedHandler handler, SubscribeOptions options,
                            By by);
  Subscription subscribe_to(const Type& type, ValueHandler handler, SubscribeOptions options,
                            By by);
  template <class T, class Handler>
  static ErasedHandler erased(Handler handler);
  Subscription stream_at(const Layout& layout, SubscribeOptions options);
  Result<QueryEnd> query_at(const Layout& layout, Query query, Duration timeout,
                            SubscribeOptions options, const ErasedHandler& sink);
  Subscription query_at(const Layout& layout, Query query, ErasedHandler handler, QueryDone done,
                        Duration timeout, SubscribeOptions options);
  void latest_at(const Layout& layout, Duration timeout, SubscribeOptions options,
                 const ErasedHandler& sink);
  std::shared_ptr<DomainCore> core_;
};

template <class T>
Result<void> Domain::publish(const T& value) {
  return publish_at(layout_of<T>(), &value);
}

template <class T>
Result<Publisher<T>> Domain::publisher(PublishOptions options) {
  Result<ValuePublisher> made = publisher(layout_of<T>(), std::move(options));
  if (!made) return made.error();
  return Publisher<T>(std::move(*made));
}

template <class T, class Handler>
ErasedHandler Domain::erased(Handler handler) {
  constexpr bool with_sample = std::is_invocable_v<Handler&, const T&, const Sample&>;
  static_assert(with_sample || std::is_invocable_v<Handler&, const T&>,
                "the handler must take (const T&) or (const T&, const dts::Sample&)");
  return [handler = std::move(handler)](const void* value, const Layout&,
                                        [[maybe_unused]] const Sample& sample) mutable {
    if constexpr (with_sample)
      handler(*static_cast<const T*>(value), sample);
    else
      handler(*static_cast<const T*>(value));
  };
}

template <class T, class Handler>
Subscription Domain::subscribe(Handler handler, SubscribeOptions options) {
  return subscribe_at(layout_of<T>(), erased<T>(std::move(handler)), std::move(options),
                      By::family);
}

template <class T, class Handler>
Subscription Domain::subscribe_shape(Handler handler, SubscribeOptions options) {
  return subscribe_at(layout_of<T>(), erased<T>(std::move(handler)), std::move(options), By::shape);
}

template <class T>
Stream<T> Domain::stream(SubscribeOptions options) {
  return Stream<T>(stream_at(layout_of<T>(), std::move(options)));
}

template <class T>
std::vector<Reading<T>> Domain::latest(Duration timeout, SubscribeOptions options) {
  std::vector<Reading<T>> readings;
  latest_at(layout_of<T>(), timeout, std::move(options),
            [&](const void* value, const Layout&, const Sample& sample) {
              for (Reading<T>& reading : readings) {
                if (!reading.sample.same_source(sample)) continue;
                reading = Reading<T>{*static_cast<const T*>(value), sample};
                return;
              }
              readings.push_back(Reading<T>{*static_cast<const T*>(value), sample});
            });
  return readings;
}

template <class T>
Result<Answers<T>> Domain::query(Query query, Duration timeout, SubscribeOptions options) {
  Answers<T> answers;
  Result<QueryEnd> end =
      query_at(layout_of<T>(), std::move(query), timeout, std::move(options),
               [&](const void* value, const Layout&, const Sample& sample) {
                 answers.rows.push_back(Reading<T>{*static_cast<const T*>(value), sample});
               });
  if (!end) return end.error();
  answers.missing = std::move(end->missing);
  answers.sources = end->sources;
  return answers;
}

template <class T, class Handler>
Subscription Domain::query(Query query, Handler handler, QueryDone done, Duration timeout,
                           SubscribeOptions options) {
  return query_at(layout_of<T>(), std::move(query), erased<T>(std::move(handler)), std::move(done),
                  timeout, std::move(options));
}

// The version of the protocol this library speaks, as in every packet (docs/wire.md).
unsigned protocol_version() noexcept;

}  // namespace dts
