// Hub: passes streams from network to network. It has an engine for each side; what somebody on one
// side wants and a node of another has, it subscribes to there and publishes here, as a stream that
// says whose it is and keeps the origin's sequences, times and bytes. Repair, history and types
// work on each side by themselves. Rules (docs/wire.md, "Passing on"): never back to where a stream
// comes from, at most eight hubs in a row, none twice; of several hubs one passes a stream on, and
// the others keep what they would, ready to go on when it is gone.
//
// Sans-IO, like the engines: packets, time and links go in, packets come out. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <hub/questions.hpp>
#include <proto/engine.hpp>
#include <proto/want_set.hpp>

namespace dts::hub {

using SideIndex = std::size_t;

struct HubOptions {
  proto::HubId id = 0;                               // random, not 0
  std::size_t streams_max = 4096;                    // passed on, in all
  Duration settle = std::chrono::milliseconds(300);  // after the start others are listened to
  Duration linger = std::chrono::seconds(3);         // a stream whose way is gone may come back
};

struct HubCounters {
  std::uint64_t messages = 0, bytes = 0;  // passed on, once for each side they went to
  std::uint64_t gaps = 0;                 // sequences named by one side and so on the others
  std::uint64_t blocked = 0, narrow = 0, duplicate = 0;  // messages not passed on
  std::uint64_t hops_exceeded = 0, loops = 0;            // streams left alone
  std::uint64_t streams_refused = 0;                     // more than streams_max
  std::uint64_t questions = 0, questions_refused = 0;
  void for_each(const std::function<void(std::string_view, std::uint64_t)>& visit) const;
};

class Hub {
 public:
  explicit Hub(HubOptions options);

  // Before start(). `engine` is given the hub's id and a short period of announcing.
  SideIndex add_side(std::string name, proto::EngineOptions engine, std::uint64_t seed);
  std::size_t sides() const { return sides_.size(); }
  const std::string& name_of(SideIndex side) const { return sides_[side].name; }
  // For transports, links, groups, and whoever looks.
  proto::Engine& engine(SideIndex side) { return *sides_[side].engine; }
  const proto::Engine& engine(SideIndex side) const { return *sides_[side].engine; }
  // What to send on that side; the caller clears it.
  proto::Outbox& outbox(SideIndex side) { return sides_[side].out; }

  void start(Instant now, std::int64_t wall_ns);
  // Says goodbye on all sides and passes nothing on any more. While leaving(), what was just sent
  // may still be asked for: go on with receive() and tick().
  void stop(Instant now);
  bool leaving() const;
  void receive(Instant now, std::int64_t wall_ns, SideIndex side, const proto::Path& from,
               ByteView packet);
  void tick(Instant now, std::int64_t wall_ns);
  // Ends a batch of the above: what gathers is put out.
  void flush(Instant now);
  Instant next_deadline() const;

  // A stream on one of the sides it is passed on to.
  struct Passage {
    NodeId node{};
    proto::StreamId stream = 0;
    const proto::StreamRecord* record = nullptr;
    SideIndex from = 0, to = 0;
    bool active = false;  // this hub does it; else another, or the origin is heard there
    bool wanted = false;  // on that side
    std::uint64_t messages = 0, bytes = 0;
  };
  void for_each_passage(const std::function<void(const Passage&)>& visit) const;
  const HubCounters& counters() const { return counters_; }
  HubOptions const& options() const { return options_; }

 private:
  using Key = std::pair<NodeId, proto::StreamId>;  // the origin's
  // One of the ways a stream can be had on a side.
  struct Way {
    std::size_t hops = ~std::size_t{0};
    proto::HubId hub = 0;  // the last passed; 0: the origin itself
    const proto::StreamRecord* record = nullptr;
    const proto::PeerRecord* peer = nullptr;
    bool is() const { return record != nullptr; }
    bool better_than(const Way& other) const {
      return hops != other.hops ? hops < other.hops : hub < other.hub;
    }
  };
  // A stream on one of the sides it is passed on to, from the best way on the others.
  struct Target {
    proto::StreamId stream = 0;  // ours, on that side; 0: not open
    SideIndex from = 0;
    proto::StreamRecord record;  // as it is said there
    bool visible = false, wanted = false;
    bool kept = false;   // somebody on some side wants what comes from there
    bool given = false;  // others get it: what it has of the past is here
    std::uint64_t messages = 0, bytes = 0;
  };
  struct Passed {
    bool relayed = false;           // another hub brings it
    Instant gone = Instant::max();  // nobody has had it since
    std::vector<Target> targets;    // by side
  };
  struct Side {
    std::string name;
    std::unique_ptr<proto::Engine> engine;
    proto::Outbox out;
    struct Held {
      proto::InterestId id = 0;
      proto::Interest interest;
    };
    std::map<std::pair<FamilyId, std::string>, Held> interests;
    // What of another side's streams is wanted here, by the other side's index.
    std::vector<proto::WantSet> wants_from;
    std::vector<proto::HubId> hubs;  // heard here
  };
  using Ways = std::map<Key, std::vector<Way>>;  // by side

  void take(Instant now, SideIndex side);
  void pass(Instant now, SideIndex side, const proto::Message& message);
  void pass_to(Instant now, SideIndex to, Target& target, const proto::Message& message);
  void give(Instant now, SideIndex to, Target& target);
  void name_gap(Instant now, SideIndex side, const proto::Notice& notice);
  void hear_question(Instant now, SideIndex side, const proto::Notice& notice);
  void hear_answer(Instant now, SideIndex side, const proto::Notice& notice);
  void answer(Instant now, const Questions::Ready& ready);
  void end_questions(Instant now);
  void share_document(SideIndex side, TypeId type);
  // What is there and what is wanted has changed.
  void review(Instant now);
  void find_hubs();
  void collect_wants(Instant now);
  void apply_wants(Instant now, SideIndex side,
                   std::map<std::pair<FamilyId, std::string>, proto::Interest> wanted);
  Ways collect_ways();
  void judge(Instant now, const Key& key, const std::vector<Way>& ways);
  bool aim(Instant now, const Key& key, Target& target, SideIndex to, const std::vector<Way>& ways);
  void describe(Instant now, const Target& target, SideIndex to);
  void drop_gone(Instant now, const Ways& ways);
  void close(Instant now, SideIndex to, Target& target);
  void keep_wanted(Passed& passed);
  void begin_waiting(Instant now);
  bool is_own(const NodeId& node) const;

  HubOptions options_;
  std::vector<Side> sides_;
  std::map<Key, Passed> passed_;
  Questions questions_;
  HubCounters counters_;
  Instant review_due_ = Instant::max(), settled_ = Instant::max();
  bool stopped_ = false;
  bool waiting_ = false;  // some stream is wanted and has not begun
  std::size_t records_ = 0;
};

}  // namespace dts::hub
