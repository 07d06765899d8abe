// Step 8 of a value's way: from the engine's message to the rounds and queues of subscribers.
// All of it with the lock held; handlers run later (handing.cpp).
#include <algorithm>
#include <iterator>

#include "domain/core.hpp"

namespace dts {

namespace {

constexpr std::size_t held_messages_max = 8192;
constexpr std::size_t held_bytes_max = 1u << 20;
constexpr std::size_t from_queue_max = 256;  // in one round, of one subscriber
constexpr std::size_t gaps_waiting_max = 1024;
constexpr std::size_t window_messages_max = 65536, window_bytes_max = 16u << 20;
constexpr std::size_t last_bytes_max = 64 * 1024;  // of a message kept for late subscriptions

}  // namespace

// The engine hands out messages and notices apart. A gap is told between the messages of its stream
// where it belongs: this matters when the engine has waited for something and lets go of several.
// Who has gone is forgotten last, when all that came of it is told.
void DomainCore::take_in(proto::Outbox& out, Round* round) {
  if (out.messages.empty()) {
    if (!out.notices.empty()) heed(out, round);
    return;
  }
  using What = proto::Notice::Kind;
  const auto take = [&](const auto& which) {
    const auto begin = std::stable_partition(out.notices.begin(), out.notices.end(),
                                             [&](const auto& notice) { return !which(notice); });
    std::vector<proto::Notice> taken(std::make_move_iterator(begin),
                                     std::make_move_iterator(out.notices.end()));
    out.notices.erase(begin, out.notices.end());
    return taken;
  };
  std::vector<proto::Notice> gaps =
      take([](const proto::Notice& notice) { return notice.kind == What::gap; });
  const std::vector<proto::Notice> gone = take([](const proto::Notice& notice) {
    return notice.kind == What::stream_closed || notice.kind == What::node_left ||
           notice.kind == What::node_gone || notice.kind == What::node_restarted;
  });
  if (!out.notices.empty()) heed(out, round);
  for (const proto::Message& message : out.messages) {
    std::erase_if(gaps, [&](const proto::Notice& gap) {
      const bool before =
          gap.node == message.node && gap.stream == message.stream && gap.to < message.first;
      if (before) deliver_gap(round, gap);
      return before;
    });
    deliver(round, message, out);
  }
  out.messages.clear();
  for (const proto::Notice& gap : gaps) deliver_gap(round, gap);
  out.notices.insert(out.notices.end(), gone.begin(), gone.end());
  if (!out.notices.empty()) heed(out, round);
}

// The type's document is on its way: the message waits for it, and so does a publisher that waits.
// What was asked for, an answer or the past, comes faster than a document does: there is more room
// for it. Of too many the oldest are named when the document is here.
void DomainCore::hold(Origin& origin, const proto::Message& message) {
  if (origin.waits) hold_reports(origin);
  const bool roomy = origin.waits || origin.query != 0 || message.historic;
  const std::size_t messages_max = held_messages_max + (roomy ? window_messages_max : 0);
  const std::size_t bytes_max = held_bytes_max + (roomy ? window_bytes_max : 0);
  while (!origin.held.empty() && (origin.held.size() >= messages_max ||
                                  origin.held_bytes + message.bytes.size() > bytes_max)) {
    ++held_dropped_;
    if (origin.held_lost_from == 0) origin.held_lost_from = origin.held.front().first;
    origin.held_lost_to = origin.held.front().last;
    origin.held_bytes -= origin.held.front().bytes->size();
    origin.held.pop_front();
  }
  origin.held_bytes += message.bytes.size();
  // The owner may be the whole frame that the message lies in: then it is copied.
  const bool is_all = message.owner && message.owner->size() == message.bytes.size();
  origin.held.push_back(
      {message.first, message.last, message.published_ns, message.historic,
       is_all ? message.owner : std::make_shared<Bytes>(message.bytes.begin(), message.bytes.end()),
       message.compression});
}

void DomainCore::deliver(Round* round, const proto::Message& message, proto::Outbox& out) {
  Origin* origin = last_origin_;
  if (origin == nullptr || origin->stream != message.stream || origin->node != message.node) {
    const auto found = origins_.find({message.node, message.stream});
    if (found != origins_.end()) {
      origin = found->second.get();
    } else {
      if (message.record == nullptr) {
        ++messages_unroutable_;
        return;
      }
      origin = origin_of(message.node, message.stream, *message.record).get();
    }
    last_origin_ = origin;
  }
  if (!origin->routed) route(*origin, out);
  ++origin->messages;
  if (origin->query != 0) answer_came(*origin, message.last, 0);

  if (!origin->described() && !origin->unusable) {
    const bool needed =
        std::any_of(origin->routes.begin(), origin->routes.end(),
                    [](const Route& to) { return to.verdict == Route::Verdict::deliver; });
    if (!needed) {
      for (Route& to : origin->routes) to.subscriber->filtered += message.last - message.first + 1;
      return;
    }
    hold(*origin, message);
    return;
  }
  if (round != nullptr &&
      (origin->source->profile == Profile::event || origin->source->profile == Profile::state)) {
    domain::Held& last = origin->last;
    last.first = message.first;
    last.last = message.last;
    last.published_ns = message.published_ns;
    last.compression = message.compression;
    origin->newest = message.bytes;
    origin->newest_owner = message.owner;
    if (!origin->last_is_new) {
      origin->last_is_new = true;
      round->heard.push_back(origin);
    }
  }
  if (origin->source->profile == Profile::command) expect_handling(*origin, message.last);
  Item item;
  item.origin = origin;
  item.bytes = message.bytes;
  item.first = message.first;
  item.last = message.last;
  item.published_ns = message.published_ns;
  item.historic = message.historic;
  if (message.owner) item.owner = message.owner;
  if (message.compression != Compression::none) pack(item, message.compression);
  for (Route& to : origin->routes) hand(round, to, item);
}

Item DomainCore::item_of(Origin& origin, const domain::Held& held) {
  Item item;
  item.origin = &origin;
  item.bytes = *held.bytes;
  item.owner = held.bytes;
  item.first = held.first;
  item.last = held.last;
  item.published_ns = held.published_ns;
  item.historic = held.historic;
  if (held.compression != Compression::none) pack(item, held.compression);
  return item;
}

// Its bytes are compressed: they are unpacked when it is handed out, once for all subscribers.
// What would become more than the caps allow is refused now.
void DomainCore::pack(Item& item, Compression compression) {
  if (item.owner == nullptr || item.owner->size() != item.bytes.size())
    item.owner = std::make_shared<const Bytes>(item.bytes.begin(), item.bytes.end());
  Result<std::shared_ptr<domain::Packed>> packed =
      domain::Packed::make(compression, std::move(item.owner), options_.message_bytes_max);
  item.owner = nullptr;
  item.bytes = {};
  if (packed) {
    item.packed = std::move(*packed);
    return;
  }
  ++expansions_refused_;
  item.is_gap = true;
  item.reason = Gap::Reason::too_large;
  item.detail = std::make_shared<const std::string>(packed.error().why());
}

// Once per round and origin, not per message: the newest message is copied out of the receive
// memory.
void DomainCore::keep_last(Round& round) {
  for (Origin* origin : round.heard) {
    domain::Held& last = origin->last;
    origin->last_is_new = false;
    if (origin->newest.size() > last_bytes_max)
      last.bytes = nullptr;
    else if (last.bytes.use_count() == 1)  // its memory serves again
      std::const_pointer_cast<Bytes>(last.bytes)
          ->assign(origin->newest.begin(), origin->newest.end());
    else
      last.bytes = std::make_shared<Bytes>(origin->newest.begin(), origin->newest.end());
    origin->newest_owner = nullptr;
  }
  round.heard.clear();
}

void DomainCore::deliver_gap(Round* round, const proto::Notice& notice) {
  const auto found = origins_.find({notice.node, notice.stream});
  if (found == origins_.end()) return;  // nobody here had anything from it: nothing to miss
  Origin& origin = *found->second;
  std::uint64_t too_large_bytes = 0;
  for (const Origin::TooLarge& each : origin.too_large)
    if (each.first <= notice.to && notice.from <= each.last) too_large_bytes = each.bytes;
  if (origin.query != 0) answer_came(origin, notice.to, notice.to - notice.from + 1);
  using From = proto::Notice::GapReason;
  if (notice.reason == From::withheld) {
    origin.withheld_to = notice.to;
    origin.withheld += notice.to - notice.from + 1;
    for (Route& to : origin.routes) {
      Subscriber& subscriber = *to.subscriber;
      if (to.verdict != Route::Verdict::deliver || !subscriber.announced) continue;
      to.last = std::max(to.last, notice.to);  // should it come for others, it has been judged
      subscriber.withheld += notice.to - notice.from + 1;
      subscriber.not_taken_ns.store(clock().time_since_epoch().count(), std::memory_order_relaxed);
    }
    return;
  }
  for (Route& to : origin.routes) {
    if (to.verdict != Route::Verdict::deliver) continue;
    Subscriber& subscriber = *to.subscriber;
    (notice.reason == From::too_large ? subscriber.too_large : subscriber.lost) +=
        notice.to - notice.from + 1;
    if (!subscriber.options.on_gap) continue;
    Item item;
    item.subscriber = &subscriber;
    item.origin = &origin;
    item.first = notice.from;
    item.last = notice.to;
    item.is_gap = true;
    item.reason = notice.reason == From::unavailable ? Gap::Reason::unavailable
                  : notice.reason == From::restarted ? Gap::Reason::restarted
                  : notice.reason == From::too_large ? Gap::Reason::too_large
                                                     : Gap::Reason::lost;
    if (item.reason == Gap::Reason::too_large && too_large_bytes > 0)
      item.detail = too_large_text(subscriber, too_large_bytes);
    place(round, to.subscriber, std::move(item));
  }
}

// To one subscriber: into this round when the subscriber is free, else into its queue.
void DomainCore::hand(Round* round, Route& to, Item item) {
  Subscriber& subscriber = *to.subscriber;
  if (to.verdict == Route::Verdict::filtered) {
    subscriber.filtered += item.last - item.first + 1;
    return;
  }
  if (to.verdict == Route::Verdict::refused || to.plan == nullptr) {
    ++subscriber.refused;
    return;
  }
  if (item.last <= to.last) return;  // told before, to this subscriber: history asked by another
  if (item.historic && !subscriber.options.history) return;
  if (!item.is_gap && item.size() > bytes_max_of(subscriber)) {  // another subscriber takes it
    item.is_gap = true;
    item.reason = Gap::Reason::too_large;
    item.detail = too_large_text(subscriber, item.size());
  }
  if (item.is_gap) subscriber.too_large += item.last - item.first + 1;
  to.last = item.last;
  ++subscriber.routed;
  item.subscriber = &subscriber;
  item.plan = to.plan;
  place(round, to.subscriber, std::move(item));
}

void DomainCore::place(Round* round, const std::shared_ptr<Subscriber>& owner, Item item) {
  Subscriber& subscriber = *owner;
  if (round != nullptr && !subscriber.pulled && subscriber.queue.empty() &&
      subscriber.dropped.empty()) {
    if (subscriber.claim == nullptr) {
      subscriber.claim = round;
      round->claimed.push_back(owner);
    }
    if (subscriber.claim == round) {
      round->items.push_back(std::move(item));
      return;
    }
  }
  enqueue(subscriber, std::move(item));
}

// What it has to say must outlive the receive memory.
void DomainCore::keep_bytes(Item& item) {
  if (item.owner != nullptr || item.packed != nullptr) return;
  item.owner = std::make_shared<const Bytes>(item.bytes.begin(), item.bytes.end());
  item.bytes = *item.owner;
}

void DomainCore::enqueue(Subscriber& subscriber, Item item) {
  if (!item.is_gap) {
    keep_bytes(item);
    make_room(subscriber, item);
    subscriber.queue_bytes += item.size();
  } else if (item.arriving && !subscriber.queue.empty() && subscriber.queue.back().arriving &&
             subscriber.queue.back().origin == item.origin) {
    subscriber.queue.back().bytes_here = item.bytes_here;
    return;
  } else if (subscriber.queue.size() >= 2 * subscriber.options.queue_messages_max) {
    return;  // counted in `lost` or `too_large`
  }
  item.kept = item.origin->shared_from_this();
  if (subscriber.queue.empty()) subscriber.moved = clock();
  Origin& origin = *item.origin;
  subscriber.queue.push_back(std::move(item));
  if (origin.waits) hold_if_full(subscriber, origin);
  if (subscriber.pulled) {
    changed();
    wake();
  } else if (subscriber.claim == nullptr && !subscriber.ready) {
    subscriber.ready = true;
    ready_.push_back(&subscriber);
    wake();
  }
}

void DomainCore::make_room(Subscriber& subscriber, const Item& item) {
  const SubscribeOptions& options = subscriber.options;
  // What was on its way when a publisher that waits was told to stop must find room.
  const bool waits = item.origin->waits;
  const auto full = [&] {
    return !subscriber.queue.empty() &&
           (subscriber.queue.size() >=
                options.queue_messages_max + (waits ? window_messages_max : 0) ||
            subscriber.queue_bytes + item.size() >
                options.queue_bytes_max + (waits ? window_bytes_max : 0));
  };
  if (!full()) return;
  if (item.origin->source->profile == Profile::state) {
    // The newest counts: everything older of this source makes way.
    std::deque<Item> kept;
    for (Item& queued : subscriber.queue) {
      if (queued.is_gap || queued.origin != item.origin)
        kept.push_back(std::move(queued));
      else
        drop(subscriber, queued, Gap::Reason::conflated);
    }
    subscriber.queue.swap(kept);
  }
  while (full()) {
    Item oldest = std::move(subscriber.queue.front());
    subscriber.queue.pop_front();
    drop(subscriber, oldest, Gap::Reason::overrun);
  }
}

// The item will not be handed out; a gap takes its place, in front of the queue.
void DomainCore::drop(Subscriber& subscriber, Item& item, Gap::Reason reason) {
  if (!item.is_gap) {
    subscriber.queue_bytes -= item.size();
    // Counted in packets, as everything published is.
    (reason == Gap::Reason::conflated ? subscriber.conflated : subscriber.overrun) +=
        item.last - item.first + 1;
    item.reason = reason;
  }
  if (!subscriber.options.on_gap || item.arriving) return;
  for (Item& gap : subscriber.dropped) {
    if (gap.origin != item.origin || gap.reason != item.reason || gap.last + 1 != item.first)
      continue;
    gap.last = item.last;
    return;
  }
  if (subscriber.dropped.size() >= gaps_waiting_max) return;  // counted all the same
  Item gap;
  gap.subscriber = &subscriber;
  gap.origin = item.origin;
  gap.kept = item.kept;
  gap.first = item.first;
  gap.last = item.last;
  gap.is_gap = true;
  gap.reason = item.reason;
  gap.detail = item.detail;
  subscriber.dropped.push_back(std::move(gap));
}

void DomainCore::take_from_queue(Round& round, Subscriber& subscriber) {
  for (Item& gap : subscriber.dropped) round.items.push_back(std::move(gap));
  subscriber.dropped.clear();
  for (std::size_t i = 0; i < from_queue_max && !subscriber.queue.empty(); ++i) {
    Item& item = subscriber.queue.front();
    if (!item.is_gap) subscriber.queue_bytes -= item.size();
    round.items.push_back(std::move(item));
    subscriber.queue.pop_front();
  }
  drained(subscriber);
}

void DomainCore::take_ready(Round& round) {
  std::vector<Subscriber*> ready;
  ready.swap(ready_);
  for (Subscriber* subscriber : ready) {
    subscriber->ready = false;
    if (subscriber->claim != nullptr) continue;  // its thread puts it back when it is done
    subscriber->claim = &round;
    round.claimed.push_back(subscribers_.at(subscriber->id));
    take_from_queue(round, *subscriber);
  }
}

void DomainCore::release(Round& round) {
  for (const std::shared_ptr<Subscriber>& subscriber : round.claimed) {
    if (subscriber->claim != &round) continue;
    subscriber->claim = nullptr;
    if (subscriber->cancelled.load() || subscriber->ready) continue;
    if (subscriber->queue.empty() && subscriber->dropped.empty()) continue;
    subscriber->ready = true;
    ready_.push_back(subscriber.get());
    wake();
  }
  round.claimed.clear();
  round.items.clear();
}

// A handler is slow: what the round's thread has not begun goes back to the queues, in front, and
// other threads hand it out. Its bytes lie in that thread's receive memory, so they are copied.
void DomainCore::take_over(Round& round) {
  const std::size_t begin = round.next.exchange(Round::taken);
  if (begin >= round.items.size()) return;
  Subscriber* const busy = begin == 0 ? nullptr : round.items[begin - 1].subscriber;
  for (const std::shared_ptr<Subscriber>& subscriber : round.claimed)
    for (; !subscriber->dropped.empty(); subscriber->dropped.pop_back())
      subscriber->queue.push_front(std::move(subscriber->dropped.back()));
  for (std::size_t i = round.items.size(); i-- > begin;) {
    Item item = round.items[i];
    Subscriber& subscriber = *item.subscriber;
    if (!item.is_gap && item.origin != nullptr) {
      keep_bytes(item);
      subscriber.queue_bytes += item.size();
    }
    if (item.kept == nullptr && item.origin != nullptr) item.kept = item.origin->shared_from_this();
    subscriber.queue.push_front(std::move(item));
  }
  for (const std::shared_ptr<Subscriber>& subscriber : round.claimed) {
    if (subscriber.get() == busy || subscriber->claim != &round) continue;
    subscriber->claim = nullptr;
    if (subscriber->cancelled.load() || subscriber->ready || subscriber->queue.empty()) continue;
    subscriber->ready = true;
    ready_.push_back(subscriber.get());
  }
}

}  // namespace dts
