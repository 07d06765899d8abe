// Oracle: knows everything that was published and judges everything that was delivered. For each
// subscriber and stream it holds a cursor: every message or gap notice must begin exactly where
// the last one ended, a message must be one that was published, with its bytes, and what a gap
// names is never delivered afterwards. So at any time
//     delivered + named gaps = published since it joined, in order, exactly once,
// and expect_covered() demands that nothing is missing at the end. It never looks into an engine.
// One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <dts/bytes.hpp>
#include <dts/id.hpp>
#include <proto/engine.hpp>
#include <sim/clock.hpp>
#include <sim/selecting.hpp>

namespace dts::sim {

struct OracleCounters {
  std::uint64_t published = 0, delivered = 0, historic = 0;
  std::uint64_t gaps = 0, gap_sequences = 0, documents = 0;
  std::uint64_t event_gap_sequences = 0;  // of streams that promise every message
  std::uint64_t withheld_sequences = 0;   // named as what is not taken
  std::uint64_t lost_sequences = 0;       // named for any other reason
};

// "*" every family; "a.*" every family below a.; else exactly this one.
bool pattern_matches(std::string_view pattern, std::string_view family_name);
bool interest_matches(const proto::Interest& interest, const proto::StreamRecord& record);

class Oracle {
 public:
  explicit Oracle(const Clock& clock) : clock_(clock) {}

  // What was done.
  void node_started(NodeId node, std::string name);
  void stream_opened(NodeId node, const proto::StreamRecord& record, ByteView document);
  void published(NodeId node, proto::StreamId stream, proto::Sequence first, proto::Sequence last,
                 ByteView bytes, std::int64_t published_ns);
  void subscribed(NodeId subscriber, proto::InterestId id, const proto::Interest& interest);
  void unsubscribed(NodeId subscriber, proto::InterestId id);

  // What was seen.
  void delivered(NodeId subscriber, const proto::Message& message);
  void noticed(NodeId subscriber, const proto::Notice& notice);
  void document(NodeId subscriber, TypeId type, ByteView bytes);

  // What must be so now; each adds a violation when it is not. True when it was.
  // Everything published up to now was delivered or named.
  bool expect_covered(NodeId subscriber, NodeId node, proto::StreamId stream);
  // The message that ended with this sequence was delivered, not only named.
  bool expect_delivered(NodeId subscriber, NodeId node, proto::StreamId stream,
                        proto::Sequence last);
  // Nothing from this sequence on was missed at the beginning.
  bool expect_joined_by(NodeId subscriber, NodeId node, proto::StreamId stream,
                        proto::Sequence first);
  void expect_below(std::string what, std::uint64_t value, std::uint64_t bound);
  void violation(std::string text);

  // Nothing when the subscriber has not seen the stream.
  struct Cursor {
    proto::Sequence begin = 0;  // first sequence delivered or named; 0: nothing yet
    proto::Sequence next = 0;   // the one that must come next
    proto::Sequence last_delivered = 0;
    std::uint64_t delivered = 0, gaps = 0;
    bool live = false;  // a message that is not historic has come
    Duration delivered_at{0};
    // Of one who takes by what it took before, and nothing else: as its own gate stands. When
    // something was lost, or overheard before it was given its beginning, the publisher's may stand
    // elsewhere.
    std::unique_ptr<Gate> gate;
    bool astray = false;
    std::uint64_t historic = 0;
    std::set<proto::Sequence> withheld;  // when it wants more, the last of them come as history
    // Whether it is wanted, as of the subscriber's changes.
    bool wanted = false;
    std::uint64_t wanted_as_of = 0;
  };
  const Cursor* cursor(NodeId subscriber, NodeId node, proto::StreamId stream) const;
  proto::Sequence last_published(NodeId node, proto::StreamId stream) const;
  std::uint64_t messages_published(NodeId node, proto::StreamId stream) const;
  // "n3.1/2": stream 2 of the second life of node 3.
  std::string name_of(NodeId node) const;

  const std::vector<std::string>& violations() const { return violations_; }
  std::uint64_t violations_in_all() const { return violations_in_all_; }
  const OracleCounters& counters() const { return counters_; }

 private:
  struct Published {
    proto::Sequence first = 0, last = 0;
    std::uint64_t size = 0, hash = 0;
    std::int64_t published_ns = 0;
    std::uint8_t value = 0;
    Duration at{0};
  };
  struct Stream {
    proto::StreamRecord record;
    std::uint64_t document_hash = 0;
    std::vector<Published> messages;
  };
  using StreamKey = std::pair<NodeId, proto::StreamId>;
  struct HashOfKey {
    std::size_t operator()(const StreamKey& key) const {
      return std::hash<NodeId>{}(key.first) + key.second * 0x9e3779b97f4a7c15ull;
    }
  };
  struct Subscriber {
    struct Wanted {
      proto::Interest interest;
      Duration since{0};
    };
    std::unordered_map<proto::InterestId, Wanted> interests;
    std::unordered_map<StreamKey, Cursor, HashOfKey> cursors;
    std::uint64_t changes = 1;  // of the interests
  };

  const Stream* find(NodeId node, proto::StreamId stream) const;
  static const Published* find_message(const Stream& stream, proto::Sequence first);
  static bool wants(const Subscriber& subscriber, const proto::StreamRecord& record);
  // The subscriber's cursor in the stream; null when it does not want it.
  static Cursor* wanted_cursor(Subscriber& subscriber, const StreamKey& key, const Stream& stream);
  // Its subscriptions to this stream, those older than this.
  static std::vector<const proto::Interest*> interests_in(const Subscriber& subscriber,
                                                          const proto::StreamRecord& record,
                                                          Duration at);
  static void follow(const Subscriber& subscriber, Cursor& cursor, const Stream& stream,
                     const Published& message);
  struct Place {  // whose cursor; made into words only when something is wrong
    NodeId subscriber, node;
    proto::StreamId stream;
  };
  void violation(const Place& place, std::string text);
  void judge_withheld(const Subscriber& subscriber, Cursor& cursor, const Place& place,
                      const Stream& stream, const proto::Notice& notice);
  // Moves the cursor over first..last; false and a violation when it does not fit.
  bool advance(Cursor& cursor, const Place& place, std::string_view what, proto::Sequence first,
               proto::Sequence last);

  const Clock& clock_;
  std::unordered_map<NodeId, std::string> names_;
  std::unordered_map<StreamKey, Stream, HashOfKey> streams_;
  std::unordered_map<NodeId, Subscriber> subscribers_;
  std::unordered_map<TypeId, std::uint64_t> documents_;
  std::vector<std::string> violations_;  // the first hundred
  std::uint64_t violations_in_all_ = 0;
  OracleCounters counters_;
};

}  // namespace dts::sim
