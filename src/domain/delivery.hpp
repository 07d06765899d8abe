// What delivery works with: an Origin is a publisher as seen from here, a Subscriber a
// subscription, a Plan the way from one to the other, an Item one message (or gap) on its way to
// one subscriber, a Round the items one thread is handing to handlers.
// Everything is guarded by the Domain's lock except what says otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <dts/domain.hpp>
#include <dts/format.hpp>
#include <dts/sample.hpp>
#include <dts/subscription.hpp>
#include <dts/transport.hpp>
#include <dts/value.hpp>

#include "domain/packed.hpp"
#include "domain/selection.hpp"
#include "proto/engine.hpp"

namespace dts {

// The one way to fill a Sample.
struct SampleAccess {
  static void source(Sample& s, const std::shared_ptr<const Source>& source) {
    if (s.source_ != source) s.source_ = source;
  }
  static void set(Sample& s, std::uint64_t sequence, std::int64_t published_ns, Time received,
                  ByteView message, bool historic, bool converted) {
    s.sequence_ = sequence;
    s.published_ = Time(Duration(published_ns));
    s.received_ = received;
    s.message_ = message;
    s.historic_ = historic;
    s.converted_ = converted;
  }
  static void forget_message(Sample& s) { s.message_ = {}; }
};

}  // namespace dts

namespace dts::domain {

struct Round;
struct Subscriber;

// How one exact type in one format is read into one subscriber's memory. Owned by the subscriber,
// never changed once made.
struct Plan {
  TypeId type{};
  std::uint8_t format = 0;
  BindingId binding{};
  Outcome outcome = Outcome::refused;
  std::vector<std::string> differences;
  // Dynamic: reused from message to message, by whoever holds the subscriber's claim. It owns the
  // layout that the decoder was made for, and so outlives it.
  Value value;
  std::unique_ptr<Decoder> decoder;      // null: refused, or not selectable
  std::unique_ptr<Selection> selection;  // dynamic; null: everything is taken
  bool unselectable = false;             // what the subscription selects by is not in this type
  std::vector<Refusal> refusals;
  Error error{ErrorCode::ok};

  bool converted() const noexcept { return outcome != Outcome::identical; }
  // Why nothing is delivered by it; empty when something is.
  std::vector<Refusal> reasons() const {
    if (decoder != nullptr || !refusals.empty()) return refusals;
    const std::string why = error.why().starts_with('\n') ? std::string() : error.why();
    return {{"", error.what() + (why.empty() ? "" : ": " + why), error.hint()}};
  }
};

// Of a subscription by shape: a family or pattern, and how the type's id begins.
struct Pin {
  std::string name, id_prefix;
};

// Where an origin's messages go.
struct Route {
  enum class Verdict : std::uint8_t { deliver, filtered, refused };
  std::shared_ptr<Subscriber> subscriber;
  Plan* plan = nullptr;
  Verdict verdict = Verdict::deliver;
  proto::Sequence last = 0;  // delivered: an older one is history told twice
};

// A message whose type is not known yet.
struct Held {
  proto::Sequence first = 0, last = 0;
  std::int64_t published_ns = 0;
  bool historic = false;
  std::shared_ptr<const Bytes> bytes;
  Compression compression = Compression::none;
};

// One publisher as seen from here: in another node, or in this one.
struct Origin : std::enable_shared_from_this<Origin> {
  NodeId node{};
  proto::StreamId stream = 0;
  std::shared_ptr<const Source> source;
  FamilyId family{};
  Type type;  // not valid(): the document is not here yet
  std::uint8_t format = 0;
  BindingId binding_id{};  // zero: none is needed
  Binding binding;         // not valid(): not needed, or its document is not here yet
  bool local = false;
  bool waits = false;    // its publisher waits for its subscribers
  bool on_hold = false;  // and is told nothing while some here are slow, or its type is not known
  // Of the profile `command`: whose handlers have not all returned, and how many have not.
  std::map<proto::Sequence, std::size_t> commands;
  bool routed = false;      // `routes` is up to date
  bool unusable = false;    // its type or binding document is not valid
  std::uint64_t query = 0;  // the token, when it is the answer to a query of ours
  std::vector<Route> routes;
  std::deque<Held> held;
  std::size_t held_bytes = 0;
  proto::Sequence held_lost_from = 0, held_lost_to = 0;  // dropped of them: named when it is known
  Held last;                 // the last message, for a second subscription here that joins late
  bool last_is_new = false;  // `newest` in a round's receive memory is to become `last`
  ByteView newest;
  std::shared_ptr<const Bytes> newest_owner;  // when it lies in memory of its own
  std::uint64_t messages = 0;                 // received here
  std::uint64_t announced_first = 0;          // messages published, when it was first seen
  // Refused by the engine for their size, the newest of them: what the gaps of these will say.
  struct TooLarge {
    proto::Sequence first = 0, last = 0;
    std::uint64_t bytes = 0;
  };
  std::deque<TooLarge> too_large;
  // How much of a large message had come, when it was told last.
  struct {
    std::uint64_t bytes = 0, of = 0;
    Instant at{};
  } arriving;
  std::uint64_t withheld = 0;       // sequences not sent here, as nobody here takes them
  proto::Sequence withheld_to = 0;  // up to here, if not delivered, withheld by the publisher

  // All that is needed to read its messages is here.
  bool described() const noexcept {
    return type.valid() && (binding_id.is_zero() || binding.valid());
  }
};

// One message, or one gap, on its way to one subscriber; or, without origin, a call of its task.
struct Item {
  Subscriber* subscriber = nullptr;
  Origin* origin = nullptr;
  Plan* plan = nullptr;
  ByteView bytes;  // in a receive batch, or in *owner
  proto::Sequence first = 0, last = 0;
  std::int64_t published_ns = 0;
  bool historic = false, is_gap = false;
  bool arriving = false;  // is_gap too: no gap but the progress of a large message
  Gap::Reason reason = Gap::Reason::lost;
  std::uint64_t bytes_here = 0, bytes_in_all = 0;  // arriving
  std::shared_ptr<Packed> packed;                  // instead of `bytes`, until it is unpacked
  std::shared_ptr<const std::string> detail;       // of a gap
  std::shared_ptr<const Bytes> owner;
  std::shared_ptr<Origin> kept;  // set while the item waits in a queue
  // What it takes when it is handed out.
  std::uint64_t size() const noexcept { return packed != nullptr ? packed->size() : bytes.size(); }
};

// Written by the thread that holds the claim, read by anybody.
struct Tally {
  std::atomic<std::uint64_t> value{0};
  void add(std::uint64_t n) {
    value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t get() const { return value.load(std::memory_order_relaxed); }
};

struct Subscriber {
  std::uint64_t id = 0;
  std::string name;  // the family, or the pattern
  FamilyId family{};
  bool by_pattern = false;  // of families: several may be meant
  bool by_shape = false;    // whatever the family is called; by_pattern too
  std::vector<Pin> pins;
  bool pulled = false;         // by next(): no handler
  bool answers = false;        // it runs the queries of a publisher: no subscription of anybody
  std::uint64_t query = 0;     // the token, when it gets the answers to a query of ours
  std::function<void()> task;  // for items without a message, see DomainCore::call
  LayoutPtr layout;            // null: in the publisher's own types
  ErasedHandler handler;
  ValueHandler value_handler;
  SubscribeOptions options;
  std::vector<proto::InterestId> interests;

  std::vector<std::unique_ptr<Plan>> plans;
  Value value;                           // of `layout`, reused; see Plan::value
  std::unique_ptr<Selection> selection;  // over `layout`; null: everything is taken
  bool borrows = false;  // `value` may share a message's memory: it has a Blob somewhere

  std::atomic<bool> cancelled{false};  // any thread
  bool ended = false;                  // next() returns
  std::uint64_t stops_then = 0;        // calls of stop() when it began: one more ends it
  Round* claim = nullptr;              // the round whose thread may run its handler
  bool ready = false;                  // in the list of those with something in the queue
  std::deque<Item> queue;
  std::size_t queue_bytes = 0;
  std::vector<Item> dropped;  // gaps for what overflowed: older than all of the queue
  bool holding = false;       // slow: those who wait for it are to wait
  bool evicted = false;       // a publisher here no longer does
  Instant moved{};            // something was taken from the queue, or it was empty

  Tally delivered, bytes, undecodable, discarded, not_taken;  // by the claim's thread
  Tally defaulted, trimmed, unknown;                          // the same
  std::uint64_t lost = 0, overrun = 0, conflated = 0;         // under the lock
  std::uint64_t filtered = 0, refused = 0, routed = 0;        // under the lock
  std::uint64_t withheld = 0;  // under the lock: by publishers, because of `selection`
  std::optional<proto::Selection> announced;  // of what it takes; none: everything
  std::uint64_t too_large = 0;                // under the lock
  std::atomic<std::int64_t> last_ns{0};       // steady clock, of the last value
  std::atomic<std::int64_t> not_taken_ns{0};  // the same, of the last not taken
  Instant since{};
  bool silence_told = false;
  std::string decode_error;  // the last

  Subscriber() = default;
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
};

// What one thread receives and hands out. `items` does not change while the thread is in
// handlers; who advances `next` owns the item. Another thread takes what is left by moving `next`
// behind the end.
struct Round {
  std::vector<ReceiveBatch> batches;  // one per transport
  std::vector<bool> receive;          // is there something to receive, as far as one knows
  proto::Outbox out;
  std::vector<Item> items;
  std::atomic<std::size_t> next{0};
  std::vector<std::shared_ptr<Subscriber>> claimed;
  std::vector<Origin*> heard;  // those whose `last_is_new`
  std::atomic<Subscriber*> current{nullptr};
  std::atomic<std::thread::id> thread{};
  Time received_at{};
  std::int64_t steady_ns = 0;
  bool in_handlers = false, timer = false, woken = false;
  static constexpr std::size_t taken = ~std::size_t{0} / 2;
};

}  // namespace dts::domain
