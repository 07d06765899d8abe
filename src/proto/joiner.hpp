// Joiner: puts the fragments of large messages back together. Memory is taken as data arrives,
// never because a packet claims a length; bounded per node, in all, and by age. The order of
// messages and what to tell about lost ones is the engine's affair.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <base/spare_bytes.hpp>
#include <proto/engine.hpp>
#include <proto/wire.hpp>

namespace dts::proto {

class Joiner {
 public:
  struct Key {
    NodeId node;
    StreamId stream = 0;
    Sequence first = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Range {
    Key key;
    Sequence last = 0;
  };
  enum class Outcome {
    stored,
    completed,     // `message` is whole
    duplicate,     // had it
    inconsistent,  // contradicts the earlier fragments: the message is dropped
    no_room,       // a bound: this message is dropped
  };
  struct Joined {
    Outcome outcome = Outcome::stored;
    std::shared_ptr<const Bytes> message;
    std::optional<Range> evicted;  // an older message of the node, dropped to make room
    std::uint64_t arrived = 0;     // of the message
    bool tell = false;             // it takes long: time to say how much has arrived
  };

  static constexpr Duration tell_period = std::chrono::milliseconds(100);
  static constexpr Duration stalled_age = std::chrono::milliseconds(200);

  // What is larger than options.message_bytes_max is not to be added.
  explicit Joiner(const EngineOptions& options, base::SpareBytes spare = {})
      : spare_(std::move(spare)),
        bytes_max_(options.join_bytes_max),
        per_node_max_(options.join_messages_per_node_max),
        age_max_(std::chrono::milliseconds(options.join_age_ms_max)) {}

  Joined add(Instant now, const NodeId& node, const wire::Fragment& fragment);
  // Drops the half messages of the stream that overlap from..to and widens the range to hold them.
  void drop(const NodeId& node, StreamId stream, Sequence& from, Sequence& to);
  // Drops all of a stream; the ranges are named by the caller.
  std::vector<Range> drop_stream(const NodeId& node, StreamId stream);
  // The next message without progress for `stalled_age`; each once until it makes progress.
  std::optional<Range> stalled(Instant now);
  // What it lacks is asked for: it stays until it makes progress, or is dropped.
  void keep(const Key& key);
  // The next message without progress for too long, dropped.
  std::optional<Range> expire(Instant now);
  // When to call these two, until both say nothing; at times a little early.
  Instant deadline() const noexcept { return due_; }
  std::uint64_t memory_bytes() const noexcept { return bytes_; }
  std::size_t messages() const noexcept { return partials_.size(); }

 private:
  struct Partial {
    std::uint32_t total = 0, count = 0, arrived = 0;
    std::uint16_t piece = 0;
    Compression compression{};
    std::uint64_t arrived_bytes = 0, counted_bytes = 0;
    Instant progress{}, told{};
    bool takes_long = false;
    enum class State : std::uint8_t { moves, stalled, kept } state{};
    Instant due(Duration age_max) const;
    std::shared_ptr<Bytes> bytes;
    std::vector<std::uint64_t> have;  // a bit per piece
    bool note(std::uint32_t index);   // false: it is here already
  };
  using Partials = std::map<Key, Partial>;
  bool make_room(Partial& partial, std::uint64_t end);
  Outcome store(Partial& partial, const wire::Fragment& fragment);
  static void put(Partial& partial, std::uint64_t offset, ByteView piece);
  std::optional<Range> evict_oldest(const NodeId& node);
  Partials::iterator erase(Partials::iterator at);

  std::shared_ptr<Bytes> memory_for(std::uint64_t bytes);

  base::SpareBytes spare_;
  std::uint64_t bytes_max_, bytes_ = 0;
  std::uint32_t per_node_max_;
  Duration age_max_;
  Partials partials_;
  Partials::iterator last_used_ = partials_.end();  // fragments come in runs
  Instant due_ = Instant::max();                    // nothing is due before
};

}  // namespace dts::proto
