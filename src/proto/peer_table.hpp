// PeerTable: every node heard, with its lists, its paths and the receiving ends of its streams;
// and the half-known ones (heard, but not yet announced), which cost little and are evicted at
// random. Bounded. Sends nothing.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <base/random.hpp>
#include <proto/duplicate_filter.hpp>
#include <proto/inbound_stream.hpp>
#include <proto/list_progress.hpp>
#include <proto/path_table.hpp>
#include <proto/want_set.hpp>

namespace dts::proto {

struct Peer {
  explicit Peer(std::uint32_t duplicate_window) : duplicates(duplicate_window) {}
  PeerRecord record;
  std::vector<Reach> reaches;
  Instant blocked{};       // told that its multicast, or ours to it, does not arrive; zero: it does
  Instant unheard_told{};  // that its multicast is silent
  bool named = false;      // it has said its names
  DuplicateFilter duplicates;
  Duration period{std::chrono::seconds(2)};

  // Its lists: announced, and held.
  std::uint64_t streams_digest = 0, wants_digest = 0;
  std::uint32_t streams_count = 0, wants_count = 0;
  ListProgress streams_progress, wants_progress;
  std::unordered_set<StreamId> listed;  // while a complete list of streams is coming
  WantSet wants;
  Instant ask_due = Instant::max();    // LIST_REQUEST
  unsigned asked = 0;                  // in a row, without success
  bool scope_ok = false;               // the held list covers what we want now
  Instant leave_due = Instant::max();  // it said BYE: what it sent before may still come
  std::uint64_t bye_number = 0;

  // What we owe it.
  Instant announce_due = Instant::max();  // our ANNOUNCE, by unicast
  Instant list_due = Instant::max();      // our lists
  std::uint8_t list_flags = 0;
  Instant retold{};                  // our wants, because it judged by others
  bool push = false;                 // its wants have changed: bring it what it has not joined
  Instant owed_at = Instant::max();  // when it is looked at, in PeerTable's order of debts
  // Own streams it was given the beginning of: when at first and last, which one at first, and
  // what it took of them at last.
  struct Joined {
    Instant first{}, last{};
    Sequence from = 1;
    std::vector<Selection> selections;
  };
  std::unordered_map<StreamId, Joined> joined;
  // Of those it takes a part of, those it took another part of before: what it took last is not
  // known.
  std::unordered_set<StreamId> retaken;

  // Amplification: until it has proven its address it gets at most three times what it sent.
  Instant challenged{};   // last, so that data may go to it by unicast
  bool withheld = false;  // something was: again when it has
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::uint64_t challenge = 0;  // to be answered; 0: none

  // For repair: the last stamp of a DIGEST of it and when it came; when a long silence ended.
  std::uint32_t stamp_us = 0;
  Instant stamped{}, healed{};

  std::vector<wire::TypeRequest> type_requests;  // withheld

  std::vector<StreamRecord> answers;  // to our queries, sorted by number
  std::unordered_map<StreamId, std::unique_ptr<InboundStream>> inbound;
  std::size_t early_bytes = 0;  // of all of them
  StreamId unwanted_to = 0;     // streams up to here that its complete list lacks are not for us
};

class PeerTable {
 public:
  // Ordered, so that what happens never depends on memory.
  using Peers = std::map<NodeId, std::unique_ptr<Peer>>;

  PeerTable(const EngineOptions& options)
      : peers_max_(options.nodes_max),
        half_known_max_(options.half_known_nodes_max),
        window_(options.duplicate_window_packets) {}

  Peer* find(const NodeId& node);
  const Peer* find(const NodeId& node) const { return const_cast<PeerTable*>(this)->find(node); }
  // Null: the table is full.
  Peer* add(const NodeId& node, Instant now);
  void remove(const NodeId& node);
  const Peers& all() const noexcept { return peers_; }
  std::size_t size() const noexcept { return peers_.size(); }

  // A node that has not announced itself was heard. True when it should be asked who it is.
  bool half_known(const NodeId& node, Instant now, base::Random& random);
  std::size_t half_known_size() const noexcept { return half_known_.size(); }
  // What it says about itself; by these names its other runs are found.
  void rename(Peer& peer, std::string_view host, std::string_view name);
  // The others of the same host and name, by id.
  std::vector<const Peer*> namesakes(const Peer& peer) const;
  // The peer that `fresh` is the next run of: the same host, name and address. Another restart is
  // told when the old node is gone.
  const Peer* predecessor(const Peer& fresh) const;

  // Debts: which peer is to be looked at when. The earliest of several times counts.
  void owe(Peer& peer, Instant due);
  Instant owed_due() const noexcept {
    return owed_.empty() ? Instant::max() : owed_.begin()->first;
  }
  // The next peer that is due; null: none now.
  Peer* take_owed(Instant now);

  std::uint64_t memory_bytes() const;

  // Records of streams, kept sorted by number; those of answers as well.
  static StreamRecord* find_stream(Peer& peer, StreamId stream);
  static const StreamRecord* find_stream(const Peer& peer, StreamId stream) {
    return find_stream(const_cast<Peer&>(peer), stream);
  }

 private:
  static std::size_t name_hash(std::string_view host, std::string_view name);
  void unname(const Peer& peer);

  std::uint32_t peers_max_, half_known_max_, window_;
  Peers peers_;
  std::unordered_map<NodeId, Peer*> index_;
  std::unordered_multimap<std::size_t, Peer*> by_name_;  // by a hash of host and name
  std::set<std::pair<Instant, NodeId>> owed_;
  Peer* last_ = nullptr;                                // packets come in runs
  std::vector<std::pair<NodeId, Instant>> half_known_;  // and when it was asked
  std::unordered_map<NodeId, std::size_t> half_known_index_;
};

}  // namespace dts::proto
