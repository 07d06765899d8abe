// Node: one process taking part: a real engine with a scripted application around it. It does what
// the Domain does (hands packets and time in, sends, delivers and joins what comes out, flushes at
// the end of each step, asks for documents it lacks) and tells the oracle everything. What the
// application has opened and subscribed to outlives a crash: the restarted process does it again,
// under a new node id. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <base/random.hpp>
#include <proto/engine.hpp>
#include <sim/clock.hpp>
#include <sim/network.hpp>
#include <sim/oracle.hpp>
#include <sim/selecting.hpp>
#include <sim/trace.hpp>

namespace dts::sim {

FamilyId family_id(std::string_view family_name);
std::string frames_text(ByteView packet);  // " announce wants", for people
// What an application says about a stream; the type's document is made from the family's name.
struct StreamPlan {
  std::string family_name;
  proto::Delivery delivery = proto::Delivery::event;
  std::uint32_t history = 1;
  std::vector<std::pair<std::string, std::string>> labels;
  std::uint32_t document_bytes = 200;
  bool waits = false;
};
Bytes document_for(const StreamPlan& plan);

struct NodeCounters {
  std::uint64_t steps = 0, ticks = 0, refused = 0;  // refused: publish said would_block
  std::uint64_t gone = 0, joined = 0, restarted = 0, limits = 0, evicted = 0;
};

class Node {
 public:
  struct Surroundings {
    Clock& clock;
    Network& network;
    Oracle& oracle;
    Trace& trace;
    const std::function<void(const Node&, const proto::Message&)>& delivered;  // may be empty
  };
  // `options` without node, host, process and port: those are filled in at each start.
  Node(Surroundings around, NodeIndex index, proto::EngineOptions options, std::uint64_t seed);

  void start();
  void stop(bool goodbye);  // without: a crash
  bool running() const { return engine_ != nullptr && !leaving_; }
  bool paused() const { return paused_; }
  void pause(bool paused);
  void suspend(bool suspended);
  void jump_wall(Duration by) { wall_offset_ += by; }
  // Its links have changed: tell the engine.
  void links_changed();

  // The application. Slots are the application's own names for what it opened; they stay valid.
  std::size_t open_stream(StreamPlan plan);
  void close_stream(std::size_t slot);
  std::size_t subscribe(proto::Interest interest);
  std::size_t subscribe_family(const std::string& family_name);
  std::size_t subscribe_pattern(const std::string& pattern);
  void unsubscribe(std::size_t slot);
  // A typed program has the documents of its own types.
  void offer(const StreamPlan& plan);
  // Some messages in one step; false when refused (also while not running or paused).
  bool publish(std::size_t slot, std::size_t bytes, std::size_t count = 1);

  // From now on the application takes so long for each message of a stream that waits, and holds
  // the reports of its publishers while many are left to it.
  void set_handling(Duration each) { handling_ = each; }
  void stop_application(Duration time);
  std::size_t application_backlog_max() const { return application_backlog_max_; }

  void receive(LinkIndex link, const Address& from, bool multicast, ByteView packet);

  // For the judges.
  struct Stream {
    StreamPlan plan;
    bool open = true;
    proto::StreamId id = 0;  // of this life
    proto::StreamRecord record;
    proto::Sequence last = 0;  // of what was published in this life
    std::unique_ptr<SelectionJudge> judge{};
  };
  struct Subscription {
    proto::Interest interest;
    bool active = true;
    proto::InterestId id = 0;
    Duration since{0};  // of this life
  };
  const std::vector<Stream>& streams() const { return streams_; }
  const std::vector<Subscription>& subscriptions() const { return subscriptions_; }
  bool wants(const proto::StreamRecord& record) const;  // now and from now on
  const proto::Engine& engine() const { return *engine_; }
  NodeIndex index() const { return index_; }
  NodeId id() const { return id_; }
  Duration started_at() const { return started_at_; }
  std::string name() const;
  const NodeCounters& counters() const { return counters_; }
  // By the clock of the run; nobody's wall clock may have jumped.
  static constexpr std::size_t application_holds_at = 512;
  static Duration published_at(const proto::Message& message);
  static std::int64_t wall_of(Duration time);  // what such a wall clock shows then
  std::string counters_text() const;           // of the engine, those that are not zero
  void count_memory();
  std::uint64_t memory_bytes_max() const { return memory_bytes_max_; }

 private:
  using Call = std::function<void(Instant now, proto::Outbox& out)>;
  Instant instant() const;
  std::int64_t wall_ns() const;
  void step(const Call& call);
  void drain();
  void judge(const proto::Message& message);
  void judge(const proto::Notice& notice);
  void send(const proto::Packet& packet);
  void hand_to_application(const proto::Message& message);
  Duration hold_ends() const;
  void release_holds(std::uint64_t life);
  void ask_for_documents();
  void open(Stream& stream);
  void add(Subscription& subscription);
  void schedule();
  void tick(std::uint64_t life);
  void end(const char* how);

  Surroundings around_;
  NodeIndex index_;
  proto::EngineOptions options_;
  base::Random random_;
  Duration monotonic_offset_;  // every machine's clock began at another time
  Duration wall_offset_{0};
  std::unique_ptr<proto::Engine> engine_;
  proto::TransportIndex transport_ = 0;
  proto::Outbox out_;
  NodeId id_{};
  std::uint64_t life_ = 0;
  Duration started_at_{0};
  bool paused_ = false, links_waiting_ = false;
  bool leaving_ = false;  // said goodbye, and stays as long as its engine wants to
  static constexpr Duration awake{-1};
  Duration suspended_since_ = awake, paused_at_{};
  std::vector<Stream> streams_;
  std::vector<Subscription> subscriptions_;
  std::vector<Bytes> offers_;
  Duration handling_{0}, handled_until_{0};  // the application has taken all by then
  std::deque<Duration> application_;         // what waits for it: the times when each will be taken
  std::size_t application_backlog_max_ = 0;
  std::set<std::pair<NodeId, proto::StreamId>> on_hold_;
  std::vector<TypeId> lacking_;  // documents to ask for at the end of the step
  Duration timer_at_ = Duration::max();
  Duration ticks_since_{0};
  std::uint64_t ticks_then_ = 0;
  NodeCounters counters_;
  Duration counted_at_{0};
  std::uint64_t memory_bytes_max_ = 0;
};

}  // namespace dts::sim
