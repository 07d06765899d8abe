// DomainCore: what a Domain is made of. It owns the one mutex of the program, the engine, the
// transports, the publishers and subscribers, and the loop. One class in several files, by job:
//
//   core.cpp        opening and closing, sending what the engine put out, telling people
//   publishing.cpp  publishers; submit(): step 3 of a value's way
//   flow.cpp        publishers that wait: for room, for confirmations; and slow subscribers
//   delivery.cpp    from an engine's message to the subscribers' queues and rounds; step 8
//   large.cpp       limits and progress of large messages
//   handing.cpp     running handlers; cancelling; the pulled subscriptions of Stream and latest
//   matching.cpp    which publishers a subscription is about
//   routing.cpp     which origin goes to which subscriber by which plan; what the engine notices
//   loop.cpp        run, start, poll: who receives, who stands by
//   knowledge.cpp   catalogue, types, counters
//   why.cpp         why nothing arrives
//   queries.cpp     asking: who is to answer, who has, the end
//   answering.cpp   answering the queries of others
//
// Any thread, unless a member says otherwise. `Lock&` among the arguments: the lock is held.
#pragma once

#include <atomic>
#include <bitset>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "domain/delivery.hpp"
#include "domain/environment.hpp"
#include "domain/judging.hpp"
#include "domain/queries.hpp"
#include "domain/sleep_watch.hpp"
#include "domain/why.hpp"
#include "proto/engine.hpp"

namespace dts {

using domain::Item;
using domain::Origin;
using domain::Plan;
using domain::Round;
using domain::Route;
using domain::Subscriber;

// A publisher. The last handle's destructor ends the source.
struct SourceState {
  std::shared_ptr<DomainCore> core;
  LayoutPtr layout;
  std::unique_ptr<Encoder> encoder;
  const Format* format = nullptr;
  std::shared_ptr<Origin> origin;
  proto::StreamId stream = 0;
  PublishOptions options;
  // Guarded by the Domain's lock: an encoder for dynamic values of a C++ type's publisher.
  std::shared_ptr<const Encoder> dynamic_encoder;
  LayoutPtr dynamic_layout;
  std::shared_ptr<domain::Answering> answering;  // the same lock; null: nobody has asked yet
  domain::SourceJudge judge;                     // the same lock
  std::uint64_t messages = 0, bytes = 0;
  std::vector<std::pair<NodeId, std::uint64_t>> refusers;  // of large messages, and their limits
  bool full = false;  // the engine has refused a message and has not said `writable` since
  std::map<proto::Sequence, std::set<NodeId>> commands;  // unanswered, and who has confirmed them
  ~SourceState();
};

class DomainCore : public std::enable_shared_from_this<DomainCore> {
 public:
  // The lock, held; when it goes out of scope, what had to wait for that is done: waking the loop
  // and writing log lines.
  class Lock {
   public:
    explicit Lock(DomainCore& core) : core_(core), lock_(core.mutex_) {}
    ~Lock() {
      if (lock_.owns_lock()) release();
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    void unlock() { release(); }
    void lock() { lock_.lock(); }
    std::unique_lock<std::mutex>& mutex() { return lock_; }

   private:
    void release();
    DomainCore& core_;
    std::unique_lock<std::mutex> lock_;
  };

  explicit DomainCore(DomainOptions options);
  ~DomainCore();
  DomainCore(const DomainCore&) = delete;
  DomainCore& operator=(const DomainCore&) = delete;

  // core.cpp
  void open();
  void close();
  const std::string& source_name() const { return source_name_; }  // "host/node"
  const domain::Environment& environment() const { return environment_; }
  std::vector<std::string> take_notices();
  void tell_error(std::string line);

  // publishing.cpp
  Result<std::shared_ptr<SourceState>> open_source(LayoutPtr layout, PublishOptions options);
  void close_source(SourceState& source);
  // `encoded` is kept when it is large: then it is replaced by other memory, or by null.
  Result<void> submit(SourceState& source, std::shared_ptr<Bytes>& encoded, const LayoutPtr& layout,
                      const void* value);
  Result<void> publish_once(const Layout& layout, const void* value);
  Result<void> publish_value(SourceState& source, const Value& value);
  Result<void> publish_at(SourceState& source, const void* value);
  Result<void> wait_writable(Duration timeout);
  std::size_t subscribers(const SourceState& source);
  ValuePublisher::Progress progress(const SourceState& source);
  Result<void> wait_for_subscribers(const SourceState& source, std::size_t count, Duration timeout);

  // handing.cpp
  Subscription subscribe(std::shared_ptr<Subscriber> subscriber);
  void cancel(std::uint64_t id);
  void end(std::uint64_t id);
  bool next(std::uint64_t id, void* value, Sample& sample, std::optional<Duration> timeout);
  // One item of a pulled subscription: into `value`, or null for into its own memory.
  using Sink = std::function<void(const void* value, const Layout& layout, const Value* dynamic,
                                  const Sample& sample)>;
  void latest(std::shared_ptr<Subscriber> subscriber, Duration timeout, const Sink& sink);
  SubscriptionCounters counters_of(std::uint64_t id);

  // matching.cpp, routing.cpp
  static bool is_glob(std::string_view text);
  std::vector<Match> matches_of(std::uint64_t id);
  Subscription refuse(std::string_view name, Error error);

  // queries.cpp, answering.cpp
  Result<QueryEnd> query(std::shared_ptr<Subscriber> subscriber, const Query& query,
                         Duration timeout, const Sink& sink);
  Subscription query(std::shared_ptr<Subscriber> subscriber, const Query& query, QueryDone done,
                     Duration timeout);
  Result<void> on_query(SourceState& source, QueryHandler handler);

  // loop.cpp
  void run();
  void start();
  void stop();
  int fd() const { return epoll_; }
  std::size_t poll(Duration timeout);

  // knowledge.cpp, why.cpp
  Catalogue catalogue();
  void refresh();
  Result<Type> type(TypeId id, Duration timeout);
  std::vector<Type> types(std::string_view family, Duration timeout);
  std::vector<Counter> counters();
  Why why_of(std::uint64_t id);
  Why why_family(std::string_view family);

 private:
  friend class Lock;
  using StreamKey = std::pair<NodeId, proto::StreamId>;
  struct StreamKeyHash {
    std::size_t operator()(const StreamKey& key) const noexcept {
      return std::hash<NodeId>()(key.first) ^ (std::size_t{key.second} * 0x9e3779b97f4a7c15u);
    }
  };
  struct OpenTransport {
    std::unique_ptr<Transport> transport;
    std::string url;
    std::vector<Link> links;
    std::bitset<256> joined;  // groups
  };
  // A thread in run(), of start(), or for the time of a poll().
  struct LoopThread {
    std::unique_ptr<Round> round;
    std::thread::id thread;
  };
  static constexpr std::size_t loop_threads_max = 8;

  // core.cpp
  void open_transport(const std::string& url);
  void name_peer(const std::string& peer);
  void add_peer(std::size_t transport, const std::string& peer, const Result<Address>& address);
  Instant clock() const { return std::chrono::steady_clock::now(); }
  std::int64_t wall_at(Instant now);
  void wake_up(Instant now, proto::Outbox& out);
  void rejoin_groups(Instant now);
  void tell_trouble(const proto::Notice& notice);
  void send(proto::Outbox& out);  // sends the packets and follows groups; notices stay
  void follow_groups();
  void follow_links(Instant now, proto::Outbox& out);
  void settle(proto::Outbox& out);  // send, heed notices, arm the timer; for calls out of the loop
  void arm_timer();
  void tell(std::string line);  // a notice and a log line
  void warn(std::string line);  // a log line
  void changed();               // wakes whoever waits for knowledge or values
  void wake();                  // the loop has something to do; done when the lock is released
  // Waits until `done` or the deadline, running the loop if nobody else does. False: deadline.
  bool wait(Lock& lock, Instant deadline, const std::function<bool()>& done);
  void leave(Lock& lock);
  void hear(const proto::Notice& notice, proto::Outbox& out);
  void tell_isolation(const proto::Notice& notice);
  void list_paths(NodeInfo& node, Instant now) const;
  void watch_overflow(Instant now);

  // publishing.cpp
  // A value to be sent, encoded; `packed`: compressed as well, null when that is not shorter.
  // Whoever takes the memory over leaves null.
  struct Encoded {
    std::shared_ptr<Bytes> bytes, packed;
    const LayoutPtr& layout;
    const void* value;
  };
  Result<void> submit_locked(SourceState& source, Encoded& encoded);
  Result<proto::Sequence> submit_now(SourceState& source, Encoded& encoded);
  std::size_t subscribers_of(const SourceState& source) const;
  void flush(Instant now);
  bool offer_local(Origin& origin, proto::Sequence sequence, std::int64_t published_ns,
                   const std::shared_ptr<Bytes>& encoded);

  // flow.cpp
  struct Receiver {
    NodeId node;
    std::string name;
  };
  Result<void> submit_waiting(Lock& lock, SourceState& source, Encoded& encoded);
  Result<void> submit_command(Lock& lock, SourceState& source, Encoded& encoded);
  Error too_slow(const SourceState& source);
  bool room_here(const SourceState& source, std::size_t bytes);
  void hold_if_full(Subscriber& subscriber, Origin& origin);
  void hold_reports(Origin& origin);
  void drained(Subscriber& subscriber);
  void release_holds();
  void release_holds(proto::Outbox& out);
  void heed_flow(const proto::Notice& notice);
  void tell_evicted(NodeId node, proto::StreamId stream);
  std::string name_of(const NodeId& node) const;
  std::vector<Receiver> receivers_of(const SourceState& source) const;
  std::vector<Receiver> awaited_by(const SourceState& source, std::vector<std::string>& missing);
  void expect_handling(Origin& origin, proto::Sequence last);
  void handled(Origin& origin, proto::Sequence last, bool well);
  void confirmed(proto::StreamId stream, proto::Sequence sequence, const NodeId& node);

  // routing.cpp
  std::shared_ptr<Origin> origin_of(NodeId node, proto::StreamId stream,
                                    const proto::StreamRecord& record);
  std::shared_ptr<const Source> describe(NodeId node, const std::string& host,
                                         const std::string& name,
                                         const proto::StreamRecord& record);
  static StreamKey key_of(NodeId node, const proto::StreamRecord& record);
  std::string suffix_of(const std::string& base, FamilyId family, StreamKey key) const;
  void route(Origin& origin, proto::Outbox& out);
  Plan* plan_for(Subscriber& subscriber, const Origin& origin);
  void make_plan(Plan& plan, const Subscriber& subscriber, const Origin& origin) const;
  void complete(Origin& origin);

  // matching.cpp
  static Result<void> select(Subscriber& subscriber);
  static std::vector<std::string> interests_of(const Subscriber& subscriber);
  bool matches(const Subscriber& subscriber, const proto::StreamRecord& record) const;
  bool matches(const Subscriber& subscriber, FamilyId family, std::string_view name) const;
  Route::Verdict verdict_of(const Subscriber& subscriber, const Source& source) const;
  bool wanted(const proto::StreamRecord& record) const;

  void enrol(const std::shared_ptr<Subscriber>& subscriber);
  bool takes_more(const Subscriber& subscriber) const;
  void offer_last(Subscriber& subscriber, Origin& origin);
  // All that a call of the engine has brought: notices, and messages with the gaps between them.
  void take_in(proto::Outbox& out, Round* round);
  void heed(proto::Outbox& out, Round* round);  // the engine's notices
  void learn(const Type& type);
  Type known_type(TypeId id);
  void document_arrived(TypeId id, proto::Outbox& out);
  void forget(StreamKey key, std::string_view how);
  void forget_node(const NodeId& node, std::string_view how);
  void meet_stream(const NodeId& node, proto::StreamId stream, proto::Outbox& out);
  void meet_streams(NodeId node, const Subscriber* only, proto::Outbox& out);

  // delivery.cpp
  void hold(Origin& origin, const proto::Message& message);
  void deliver(Round* round, const proto::Message& message, proto::Outbox& out);
  void deliver_gap(Round* round, const proto::Notice& notice);
  Item item_of(Origin& origin, const domain::Held& held);
  void pack(Item& item, Compression compression);
  void hand(Round* round, Route& route, Item item);
  void place(Round* round, const std::shared_ptr<Subscriber>& owner, Item item);
  static void keep_bytes(Item& item);
  void enqueue(Subscriber& subscriber, Item item);
  void make_room(Subscriber& subscriber, const Item& item);
  void drop(Subscriber& subscriber, Item& item, Gap::Reason reason);
  static void keep_last(Round& round);
  void take_ready(Round& round);
  void take_from_queue(Round& round, Subscriber& subscriber);
  void release(Round& round);
  void take_over(Round& round);

  // large.cpp
  void deliver_arriving(Round* round, const proto::Notice& notice);
  void note_too_large(const proto::Notice& notice);
  void tell_refused(const proto::Notice& notice);
  std::uint64_t bytes_max_of(const Subscriber& subscriber) const;
  std::shared_ptr<const std::string> too_large_text(const Subscriber& subscriber,
                                                    std::uint64_t bytes) const;

  // handing.cpp
  std::size_t run_items(Round& round) noexcept;  // without the lock
  void run_item(Round& round, Item& item, Sample& sample);
  static Result<void> decode_item(Item& item, void* value);
  bool decode(Subscriber& subscriber, Item& item, void* value, Time received, Sample& sample);
  void handled_now(const Item& item, bool well);
  void tell_gap(const Subscriber& subscriber, const Item& item, std::string detail);
  std::shared_ptr<Subscriber> find_subscriber(std::uint64_t id) const;
  std::shared_ptr<Subscriber> remove(std::uint64_t id, proto::Outbox& out);

  // loop.cpp
  void loop_thread();
  std::size_t serve_once(Lock& lock, LoopThread& me, Duration timeout);
  std::size_t serve_here(Lock& lock, Duration timeout);  // by a thread that is in no loop
  bool receive(Round& round, Duration timeout);          // without the lock
  void prepare(Round& round, Instant now);
  std::size_t hand_out(Lock& lock, Round& round);
  void stand_by(Lock& lock);
  void watch_handlers();
  void arm_watch();
  void call_receiver();
  void spawn();
  void obey_stop();
  void join(Lock& lock);
  std::unique_ptr<Round> spare_round();
  void meet_deadlines(Instant now, Round* round, proto::Outbox& out);
  void check_silence(Instant now);
  bool stopped() const { return stops_.load(std::memory_order_acquire) != stops_seen_; }
  bool may_serve_here() const;  // nobody receives, or this thread does and is in a handler
  bool loop_elsewhere() const;

  // queries.cpp
  using OpenQuery = domain::OpenQuery;
  Result<std::shared_ptr<OpenQuery>> open_query(const std::shared_ptr<Subscriber>& subscriber,
                                                const Query& query, QueryDone done,
                                                Duration timeout);
  void hear_answer(const proto::Notice& notice, proto::Outbox& out);
  std::shared_ptr<Origin> answer_origin(OpenQuery& query, NodeId node, proto::StreamId of,
                                        const proto::StreamRecord& record);
  void answer_here(proto::QueryToken token, proto::Reply reply);
  void answer_came(const Origin& origin, proto::Sequence last, std::uint64_t missing);
  bool answered(const OpenQuery& query);
  void for_each_asked(const OpenQuery& query,
                      const std::function<void(NodeId, proto::StreamId,
                                               const std::shared_ptr<const Source>&)>& visit);
  void check_queries(Instant now, proto::Outbox& out);
  void end_query(OpenQuery& query, proto::Outbox& out);
  static std::vector<NoAnswer> missing_of(const OpenQuery& query);
  OpenQuery* find_query(proto::QueryToken token) const;

  // answering.cpp
  Result<std::shared_ptr<domain::Answering>> answering_of(SourceState& source);
  void call(const std::shared_ptr<Subscriber>& owner);
  std::uint16_t hear_query(const NodeId& asker, proto::QueryToken token,
                           std::shared_ptr<const proto::Question> question, proto::Outbox& out);
  void answer_next(domain::Answering& answering);  // without the lock
  std::vector<proto::Reply::Value> kept_values(proto::StreamId stream,
                                               const proto::Question& question);
  static void select_kept(domain::Answering& answering, std::vector<proto::Reply::Value> kept,
                          AnswerState& state);
  void give_answer(const domain::AskedHere& asked, proto::Reply reply, proto::Outbox& out);

  // why.cpp
  static domain::PublisherEvidence evidence_of(const Origin* origin, const Source& source,
                                               const proto::StreamRecord& record,
                                               const Subscriber* subscriber, Instant now);
  domain::Evidence gather(const Subscriber* subscriber, std::string_view family);

  const DomainOptions options_;
  const domain::Environment environment_;
  const std::string source_name_;
  std::mutex mutex_;
  std::condition_variable changed_;  // knowledge, values for pulled subscriptions, handlers' ends
  std::size_t waiting_ = 0;          // threads in changed_
  bool closed_ = false, close_done_ = false;
  Instant opened_{};

  std::unique_ptr<proto::Engine> engine_;
  std::vector<OpenTransport> transports_;
  std::vector<OutgoingPacket> outgoing_;  // scratch of send()
  proto::Outbox out_;                     // publishing gathers here; empty between other calls
  std::int64_t wall_minus_steady_ns_ = 0;
  Instant wall_read_{};
  domain::SleepWatch sleep_;
  Instant rejoined_{};
  Instant last_flush_{};
  Instant flush_due_ = Instant::max();
  Instant silence_due_ = Instant::max();
  Instant query_due_ = Instant::max();
  bool started_ = false;         // the first announcement is out
  Instant overflow_due_{};       // when the transports are asked again what they had to drop
  std::uint64_t overflows_ = 0;  // what they said the last time
  bool leaving_ = false;         // goodbye was said, and the last values may still be asked for
  bool blocked_ = false;         // the engine's backlog is full

  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, std::shared_ptr<Subscriber>> subscribers_;
  std::unordered_map<FamilyId, std::vector<Subscriber*>> by_family_;
  std::vector<Subscriber*> by_pattern_;
  std::unordered_map<StreamKey, std::shared_ptr<Origin>, StreamKeyHash> origins_;
  Origin* last_origin_ = nullptr;                 // of the last message: the next one's, mostly
  std::vector<std::shared_ptr<Origin>> retired_;  // gone, perhaps still in some round
  std::unordered_map<proto::StreamId, SourceState*> sources_;
  std::unordered_map<const Layout*, std::shared_ptr<SourceState>> own_publishers_;
  std::unordered_map<TypeId, Type> types_;
  std::unordered_map<TypeId, LayoutPtr> layouts_;
  // In the order met; a place is empty once its source is gone.
  std::map<std::pair<std::string, FamilyId>, std::vector<std::optional<StreamKey>>> names_;
  std::map<proto::QueryToken, std::shared_ptr<OpenQuery>> queries_;
  struct Gone {
    std::string source, how;
    Instant at{};
  };
  std::unordered_map<FamilyId, Gone> gone_;
  std::set<std::string> other_domains_;
  SubscriptionCounters ended_;  // of the subscriptions that are over
  std::uint64_t documents_invalid_ = 0, messages_unroutable_ = 0, held_dropped_ = 0,
                expansions_refused_ = 0;
  std::vector<Origin*> on_hold_;  // their reports wait for slow subscribers
  std::uint64_t evicted_here_ = 0;
  Instant last_news_{};  // a peer, a stream or a value: latest() waits for calm

  std::vector<std::string> notices_, log_lines_;

  // The loop.
  int epoll_ = -1, wake_ = -1, timer_ = -1, watch_ = -1, halt_ = -1;
  std::atomic<std::uint64_t> stops_{0};  // calls of stop(), also from signal handlers
  std::uint64_t stops_seen_ = 0;         // of these, obeyed by the loop
  Instant armed_ = Instant::max();
  bool asleep_ = true;  // nobody looks at what is ready: a wake is needed
  bool wake_wanted_ = false, woken_ = false;
  LoopThread* receiver_ = nullptr;
  std::uint64_t handling_ = 0, handling_seen_ = 0;  // phases in handlers, of the receiver
  bool watch_armed_ = false;
  bool watcher_ = false;                // some thread stands by at the watch timer
  std::vector<std::thread::id> loops_;  // threads in run() and of start()
  std::size_t idle_ = 0;                // of these, waiting for the watcher's place
  std::condition_variable standby_;
  std::vector<std::thread> threads_;
  std::vector<std::unique_ptr<Round>> spare_rounds_;
  std::vector<Round*> rounds_;  // in handlers
  std::vector<Subscriber*> ready_;
};

}  // namespace dts
