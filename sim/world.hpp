// World: one run. It owns the clock, the network, the nodes, the oracle and the trace; lets faults
// loose, heals them, and demands that everything works again (liveness): everybody knows everybody,
// what was lost is named, the dead are forgotten, new messages and documents arrive.
// Scenarios build on it. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <base/random.hpp>
#include <sim/hub_node.hpp>
#include <sim/node.hpp>

namespace dts::sim {

struct RunOptions {
  std::uint64_t seed = 1;
  std::uint32_t nodes = 0;                        // 0: as many as the scenario likes
  std::function<void(const std::string&)> lines;  // the trace, for people
  // Less than the seed would do (see shrink.hpp):
  std::vector<std::string> without{};  // parts of Faults, or "churn", "large", "burst"
  Duration storm_max = Duration::max();
  std::uint64_t publish_max = ~std::uint64_t{0};  // steps of publishing
};

// Random traffic of all nodes; rates per node and second.
struct Traffic {
  double publish = 0;  // steps of 1..burst messages
  double churn = 0;    // opening and closing streams, subscribing and unsubscribing
  std::size_t burst = 4;
  std::size_t large_bytes = 0;  // up to this, once in a while
  double large = 0;             // of the publishing steps
};

class World {
 public:
  explicit World(RunOptions options);

  const RunOptions& options() const { return options_; }
  base::Random& random() { return random_; }
  Clock& clock() { return clock_; }
  Network& network() { return network_; }
  Oracle& oracle() { return oracle_; }
  // Of the nodes added from now on.
  proto::EngineOptions& engine_options() { return engine_options_; }
  // Called for every message delivered.
  std::function<void(const Node&, const proto::Message&)> delivered;
  Trace& trace() { return trace_; }
  Node& node(std::size_t index) { return *nodes_[index]; }
  std::size_t nodes() const { return nodes_.size(); }
  HubNode& hub(std::size_t index) { return *hubs_[index]; }
  std::size_t hubs() const { return hubs_.size(); }
  const std::vector<std::string>& families() const { return families_; }

  // Not started.
  Node& add_node(MachineIndex machine, const std::vector<LanIndex>& lans);
  // Between these LANs, on machines of its own.
  HubNode& add_hub(const std::vector<LanIndex>& lans);
  // So many machines on one LAN, one node each (sometimes two), with streams and subscriptions
  // among `families` families drawn from the seed; started.
  void populate(std::size_t nodes, std::size_t families, std::size_t streams_per_node,
                std::uint32_t mtu_bytes = 1400, bool wireless = false);
  // The same on LANs that are there: each node on one of them, now and then on two.
  void populate_on(std::size_t lans, std::size_t nodes, std::size_t families,
                   std::size_t streams_per_node);
  // More events in a second than any run has for a reason are a storm: a violation, and the end of
  // all that would happen, so that the run comes to its end.
  void run_for(Duration time);
  // As long as the options allow.
  void storm_for(Duration time) { run_for(std::min(time, options_.storm_max)); }
  bool without(std::string_view part) const;

  // From now until heal().
  void unleash(const Faults& faults);
  // From now until the next set_traffic().
  void set_traffic(const Traffic& traffic);

  // Ends all faults and starts the crashed.
  void heal();
  // Without faults and traffic: runs on for long enough, then demands all that is listed above.
  void expect_liveness();
  bool anybody_waits() const;
  // Parts of it; each looks at what is now.
  void expect_acquainted();
  void expect_covered();
  void expect_documents();
  void expect_new_messages(Duration within);
  void expect_bounds(std::uint64_t memory_bytes_max);
  // Every pair of a running publisher's open stream and a running subscriber that wants it and
  // can hear it, perhaps by hubs.
  struct Pair {
    Node& subscriber;
    Node& publisher;
    const Node::Stream& stream;
  };
  void for_each_pair(const std::function<void(const Pair&)>& visit);
  bool reaches(const Node& from, const Node& to) const;

  std::uint64_t control_bytes() const;
  std::uint64_t control_packets() const;

 private:
  void strike();
  void strike(Node& node);
  void strike(HubNode& hub);
  template <class Process>
  void crash(Process& process, Duration back_after);
  void plug(MachineIndex machine, bool plugged);
  void suspend(MachineIndex machine, bool suspended);
  Duration upto(Duration most);
  // What ends by itself must not end something newer.
  void later(Duration delay, std::function<void()> end);
  void receive(NodeIndex to, LinkIndex link, const Address& from, bool multicast, ByteView packet);
  void act();
  void act(Node& node);
  void churn(Node& node);
  void equip(Node& node, std::size_t streams_per_node);
  void start_all();
  StreamPlan random_plan();
  std::string random_pattern();

  RunOptions options_;
  // One each, so that less of one thing leaves the others as they were.
  base::Random random_, plan_random_, fault_random_, traffic_random_;
  Clock clock_;
  Duration second_{0};             // one began here
  std::uint64_t events_then_ = 0;  // before it
  Trace trace_;
  Network network_;
  Oracle oracle_;
  proto::EngineOptions engine_options_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<HubNode>> hubs_;
  struct Socket {
    Node* node = nullptr;  // null: a side of a hub
    HubNode* hub = nullptr;
    hub::SideIndex side = 0;
  };
  std::vector<Socket> sockets_;  // by NodeIndex
  std::vector<std::string> families_;
  Traffic traffic_;
  std::uint64_t published_ = 0;  // steps
  std::vector<MachineIndex> unplugged_;
  std::uint64_t traffic_turn_ = 0, faults_turn_ = 0;  // older events do nothing
};

}  // namespace dts::sim
