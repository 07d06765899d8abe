// Domain: the named space in which types are shared, and the object a program holds. Opening one
// never fails for a network reason: it degrades to this machine and says so (notices()).
//
//   dts::Domain domain;                                   // "default", this network
//   auto readings = domain.subscribe<Temperature>([](const Temperature& t, const dts::Sample& s)
//   {}); domain.publish(Temperature{18.4, 3}); domain.run(); // or start(), or fd() and poll()
//
// Threads: every member may be called from any thread. Handlers run on the thread that runs the
// loop (run, poll) or on the domain's own (start), without any lock held; one handler runs at a
// time per subscription, and a slow one does not hold up the others.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <dts/format.hpp>
#include <dts/publisher.hpp>
#include <dts/subscription.hpp>
#include <dts/transport.hpp>

namespace dts {

struct DomainOptions {
  std::string name;                     // empty: $DTS_DOMAIN, else "default"
  std::string node;                     // this program's name; empty: the executable's
  Labels labels;                        // on every source; added to $DTS_LABELS ("a=1,b=2")
  std::vector<std::string> transports;  // URLs; empty: {"udp://"}
  std::vector<std::string> interfaces;  // empty: $DTS_IFACE, else every usable one and lo
  std::vector<std::string> peers;       // host[:port], added to $DTS_PEERS
  std::function<void(std::string_view line)> log;  // empty: warnings go to stderr
  Formats formats = built_in_formats();
  Transports transport_table = built_in_transports();
};

// What is known of the other nodes: a copy, for tools.
struct StreamInfo {
  Source source;
  std::uint64_t messages = 0, bytes = 0;  // published so far, as of `counted`
  Time counted{};
};
struct InterestInfo {
  std::string type_name;  // a family or a pattern, as asked for
};
struct NodeInfo {
  NodeId id;
  std::string host, name, version, address;
  std::uint32_t process = 0;
  bool self = false;
  Duration up{};
  Duration clock_offset{};  // theirs minus ours, when known
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
  ~Domain();  // close()

  const std::string& name() const;

  // Publishing. The first form keeps one publisher per type inside the domain.
  template <class T>
  Result<void> publish(const T& value);
  template <class T>
  Result<Publisher<T>> publisher(PublishOptions options = {});
  Result<ValuePublisher> publisher(const Type& type, PublishOptions options = {});
  // Of values that lie as `layout`, which must outlive the publisher (those of C++ types do).
  Result<ValuePublisher> publisher(const Layout& layout, PublishOptions options = {});

  // Subscribing by type: everything of the family that is assignable to T.
  template <class T, class Handler>
  Subscription subscribe(Handler handler, SubscribeOptions options = {});
  // By name or pattern ("brewery.*", "*"), in the publisher's own types.
  Subscription subscribe(std::string_view pattern, ValueHandler handler,
                         SubscribeOptions options = {});
  // Into a type known only at run time.
  Subscription subscribe(const Type& type, ValueHandler handler, SubscribeOptions options = {});
  template <class T>
  Stream<T> stream(SubscribeOptions options = {});

  // The last value of each source, waiting at most `timeout` for the first answers.
  template <class T>
  std::vector<Reading<T>> latest(Duration timeout = std::chrono::milliseconds(500));
  std::vector<Reading<Value>> latest(std::string_view pattern,
                                     Duration timeout = std::chrono::milliseconds(500),
                                     SubscribeOptions options = {});

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
  template <class T>
  friend class Stream;
  Result<void> publish_at(const Layout& layout, const void* value);
  Subscription subscribe_at(const Layout& layout, ErasedHandler handler, SubscribeOptions options);
  std::shared_ptr<DomainCore> core_;
};

}  // namespace dts
