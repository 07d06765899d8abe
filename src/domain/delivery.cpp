// Step 8 of a value's way: from the engine's message to the rounds and queues of subscribers.
// All of it with the lock held; handlers run later (handing.cpp).
#include <algorithm>
#include <iterator>

#include "domain/core.hpp"

namespace dts {

namespace {

constexpr std::size_t held_messages_max = 256;
constexpr std::size_t held_bytes_max = 1u << 20;
constexpr std::size_t from_queue_max = 256;  // in one round, of one subscriber
constexpr std::size_t gaps_waiting_max = 1024;
constexpr std::size_t last_bytes_max = 64 * 1024;  // of a message kept for late subscriptions

}  // namespace

// The engine hands out messages and notices apart. A gap is told between the messages of its stream
// where it belongs: this matters when the engine has waited for something and lets go of several.
void DomainCore::take_in(proto::Outbox& out, Round* round) {
  if (out.messages.empty()) {
    if (!out.notices.empty()) heed(out, round);
    return;
  }
  const auto is_gap = [](const proto::Notice& n) { return n.kind == proto::Notice::Kind::gap; };
  const auto gaps_begin = std::stable_partition(out.notices.begin(), out.notices.end(),
                                                [&](const auto& n) { return !is_gap(n); });
  std::vector<proto::Notice> gaps(std::make_move_iterator(gaps_begin),
                                  std::make_move_iterator(out.notices.end()));
  out.notices.erase(gaps_begin, out.notices.end());
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
  if (!out.notices.empty()) heed(out, round);
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
    // The type's document is on its way: the message waits for it.
    while (!origin->held.empty() && (origin->held.size() >= held_messages_max ||
                                     origin->held_bytes + message.bytes.size() > held_bytes_max)) {
      ++held_dropped_;
      origin->held_bytes -= origin->held.front().bytes->size();
      origin->held.pop_front();
    }
    origin->held_bytes += message.bytes.size();
    // The owner may be the whole frame that the message lies in: then it is copied.
    const bool is_all = message.owner && message.owner->size() == message.bytes.size();
    origin->held.push_back(
        {message.first, message.last, message.published_ns, message.historic,
         is_all ? message.owner
                : std::make_shared<Bytes>(message.bytes.begin(), message.bytes.end())});
    return;
  }
  if (round != nullptr && origin->source->profile != Profile::stream) {
    domain::Held& last = origin->last;
    last.first = message.first;
    last.last = message.last;
    last.published_ns = message.published_ns;
    origin->newest = message.bytes;
    if (!origin->last_is_new) {
      origin->last_is_new = true;
      round->heard.push_back(origin);
    }
  }
  for (Route& to : origin->routes) {
    Item item;
    item.origin = origin;
    item.bytes = message.bytes;
    item.first = message.first;
    item.last = message.last;
    item.published_ns = message.published_ns;
    item.historic = message.historic;
    if (message.owner) item.owner = message.owner;
    hand(round, to, std::move(item));
  }
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
  }
  round.heard.clear();
}

void DomainCore::deliver_gap(Round* round, const proto::Notice& notice) {
  const auto found = origins_.find({notice.node, notice.stream});
  if (found == origins_.end()) return;  // nobody here had anything from it: nothing to miss
  Origin& origin = *found->second;
  if (origin.query != 0) answer_came(origin, notice.to, notice.to - notice.from + 1);
  using From = proto::Notice::GapReason;
  for (Route& to : origin.routes) {
    if (to.verdict != Route::Verdict::deliver) continue;
    Subscriber& subscriber = *to.subscriber;
    subscriber.lost += notice.to - notice.from + 1;
    if (!subscriber.options.on_gap) continue;
    Item item;
    item.subscriber = &subscriber;
    item.origin = &origin;
    item.first = notice.from;
    item.last = notice.to;
    item.is_gap = true;
    item.reason = notice.reason == From::unavailable ? Gap::Reason::unavailable
                  : notice.reason == From::restarted ? Gap::Reason::restarted
                                                     : Gap::Reason::lost;
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

void DomainCore::enqueue(Subscriber& subscriber, Item item) {
  if (!item.is_gap) {
    if (item.owner == nullptr) {
      item.owner = std::make_shared<const Bytes>(item.bytes.begin(), item.bytes.end());
      item.bytes = *item.owner;
    }
    make_room(subscriber, item);
    subscriber.queue_bytes += item.bytes.size();
  } else if (subscriber.queue.size() >= 2 * subscriber.options.queue_messages_max) {
    return;  // counted in `lost`
  }
  item.kept = item.origin->shared_from_this();
  subscriber.queue.push_back(std::move(item));
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
  const auto full = [&] {
    return !subscriber.queue.empty() &&
           (subscriber.queue.size() >= options.queue_messages_max ||
            subscriber.queue_bytes + item.bytes.size() > options.queue_bytes_max);
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
    subscriber.queue_bytes -= item.bytes.size();
    // Counted in packets, as everything published is.
    (reason == Gap::Reason::conflated ? subscriber.conflated : subscriber.overrun) +=
        item.last - item.first + 1;
    item.reason = reason;
  }
  if (!subscriber.options.on_gap) return;
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
  subscriber.dropped.push_back(std::move(gap));
}

void DomainCore::take_from_queue(Round& round, Subscriber& subscriber) {
  for (Item& gap : subscriber.dropped) round.items.push_back(std::move(gap));
  subscriber.dropped.clear();
  for (std::size_t i = 0; i < from_queue_max && !subscriber.queue.empty(); ++i) {
    Item& item = subscriber.queue.front();
    if (!item.is_gap) subscriber.queue_bytes -= item.bytes.size();
    round.items.push_back(std::move(item));
    subscriber.queue.pop_front();
  }
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
      if (item.owner == nullptr) {
        item.owner = std::make_shared<const Bytes>(item.bytes.begin(), item.bytes.end());
        item.bytes = *item.owner;
      }
      subscriber.queue_bytes += item.bytes.size();
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
