// Queries: the questions under way. AskedQueries: our own, whom to ask again and when, and what
// has been said to them. HeardQueries: those of others, which are answered once however often they
// are repeated. Tables with times; they send nothing and know no streams but by number. Bounded.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <base/random.hpp>
#include <proto/engine.hpp>

namespace dts::proto {

// The parts of one node's answer: one for each of its sources.
class Parts {
 public:
  enum class Said { fresh, again, absurd };
  Said add(std::uint16_t part, std::uint16_t parts);
  bool complete() const noexcept { return all_ != 0 && said_.size() == all_; }

 private:
  std::uint16_t all_ = 0;
  std::set<std::uint16_t> said_;
};

class AskedQueries {
 public:
  // A question is repeated after these, then every second.
  static constexpr unsigned quick_repeats = 3;
  struct Asked {
    Question question;
    Bytes body;  // of the QUERY frame
    Instant due = Instant::max();
    unsigned repeats = 0;
    std::map<NodeId, Parts> said;
    std::vector<std::pair<NodeId, StreamId>> streams;
  };

  explicit AskedQueries(std::size_t queries_max) : queries_max_(queries_max) {}
  bool full() const noexcept { return asked_.size() >= queries_max_; }
  Asked& open(Instant now, QueryToken token, Question question, Bytes body);
  Asked* find(QueryToken token);
  void close(QueryToken token) { asked_.erase(token); }
  bool any() const noexcept { return !asked_.empty(); }
  // The questions to repeat now; each is due again later.
  std::vector<Asked*> take_due(Instant now);
  Instant deadline() const noexcept { return deadline_; }

 private:
  std::size_t queries_max_;
  std::map<QueryToken, Asked> asked_;
  Instant deadline_ = Instant::max();  // a lower bound
};

class HeardQueries {
 public:
  struct Part {
    bool said = false;
    StreamId stream = 0;  // of the values; 0: there are none
    Bytes body;           // of the ANSWER frame
  };
  struct Heard {
    NodeId node{};
    QueryToken token = 0;
    Question question;
    Instant due{};          // told then; max: it was
    Instant expires{};      // forgotten then
    Instant sent{};         // answers, last
    bool withheld = false;  // the asker's address is to prove itself first
    std::vector<Part> parts;
  };
  enum class Outcome { fresh, again, refused };

  HeardQueries(std::size_t queries_max, std::size_t per_node_max, Duration kept)
      : queries_max_(queries_max), per_node_max_(per_node_max), kept_(kept) {}

  // A question has come; `wait`: a fresh one is told only then. `refused`: as many of this node are
  // not answered yet. What a full table loses goes to `lost`.
  Outcome hear(Instant now, const NodeId& node, QueryToken token, Question question, Duration wait,
               std::vector<StreamId>& lost);
  Heard* find(const NodeId& node, QueryToken token);
  // Those that are to be told now.
  std::vector<Heard*> take_due(Instant now);
  // Forgets the old ones (after take_due), and all of a node; the streams of their answers are done
  // with.
  std::vector<StreamId> expire(Instant now);
  std::vector<StreamId> forget(const NodeId& node);
  // Those of this node that were withheld.
  std::vector<Heard*> take_withheld(const NodeId& node);
  Instant deadline() const noexcept { return deadline_; }
  std::size_t size() const noexcept { return heard_.size(); }
  std::uint64_t memory_bytes() const noexcept { return bytes_ + heard_.size() * sizeof(Heard); }
  // The ANSWER of a part; false: there is no such part, or it was said before.
  bool say(Heard& heard, std::uint16_t part, std::uint16_t parts, Bytes body, StreamId stream);

 private:
  using Key = std::pair<NodeId, QueryToken>;
  static std::size_t cost_of(const Question& q) {
    return q.name.size() + q.filter.size() + q.text.size();
  }
  void remove(std::map<Key, Heard>::iterator at, std::vector<StreamId>& lost);
  static bool answered(const Heard& heard);

  std::size_t queries_max_, per_node_max_;
  Duration kept_;
  std::map<Key, Heard> heard_;
  std::uint64_t bytes_ = 0;
  Instant deadline_ = Instant::max();  // a lower bound
};

}  // namespace dts::proto
