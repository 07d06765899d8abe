// Handing values to handlers, without the lock: one thread per round, one handler at a time per
// subscriber. And the other ways out: the pulled subscriptions of Stream and latest(), cancelling.
#include <algorithm>

#include "domain/core.hpp"
#include "format/decode_tally.hpp"

namespace dts {

using domain::calm;
using domain::young;

namespace {

constexpr std::size_t borrowed_bytes_min = 4096;  // a smaller message lends nothing

// Says which subscriber's handler this thread may be in. cancel() sets `cancelled` and then looks
// at `current`; here it is the other way round: one of the two sees the other.
void enter(Round& round, Subscriber* subscriber) {
  round.current.store(subscriber, std::memory_order_seq_cst);
}

}  // namespace

// `noexcept`: a handler that throws ends the program, at the place where it threw.
std::size_t DomainCore::run_items(Round& round) noexcept {
  Sample sample;
  std::size_t handled = 0;
  Subscriber* current = nullptr;
  const auto leave = [&] {
    if (current == nullptr || !current->cancelled.load(std::memory_order_seq_cst)) return;
    Lock lock(*this);  // cancel() may be waiting for this handler's end
    changed_.notify_all();
  };
  const std::size_t size = round.items.size();
  for (;;) {
    const std::size_t i = round.next.fetch_add(1, std::memory_order_acq_rel);
    if (i >= size) break;
    Item& item = round.items[i];
    if (item.subscriber != current) {
      enter(round, item.subscriber);
      leave();
      current = item.subscriber;
    }
    if (current->cancelled.load(std::memory_order_seq_cst)) continue;
    run_item(round, item, sample);
    ++handled;
  }
  enter(round, nullptr);
  leave();
  return handled;
}

void DomainCore::run_item(Round& round, Item& item, Sample& sample) {
  Subscriber& subscriber = *item.subscriber;
  if (item.is_gap) {
    tell_gap(subscriber, item, {});
    return;
  }
  if (item.origin == nullptr) {
    subscriber.task();
    return;
  }
  Plan& plan = *item.plan;
  const bool dynamic = subscriber.layout == nullptr;
  Value& value = dynamic ? plan.value : subscriber.value;
  const bool command = item.origin->source->profile == Profile::command;
  if (!decode(subscriber, item, value.data(), round.received_at, sample)) {
    if (command) handled_now(item, false);
    return;
  }
  subscriber.last_ns.store(round.steady_ns, std::memory_order_relaxed);
  if (subscriber.handler)
    subscriber.handler(value.data(), value.layout(), sample);
  else
    subscriber.value_handler(value, sample);
  // What the handler did not keep of a large message makes room for the next one.
  if (subscriber.borrows && item.owner && item.bytes.size() >= borrowed_bytes_min)
    (void)value.clear({});
  if (command) handled_now(item, true);
}

void DomainCore::handled_now(const Item& item, bool well) {
  Lock lock(*this);
  if (!closed_) handled(*item.origin, item.last, well);
}

// What was compressed becomes what was published on the thread that hands it out, without the lock.
Result<void> DomainCore::decode_item(Item& item, void* value) {
  if (item.packed != nullptr) {
    DTS_ASSIGN(item.owner, item.packed->unpack());
    item.bytes = *item.owner;
    item.packed = nullptr;
  }
  const Decoder& decoder = *item.plan->decoder;
  return item.owner ? decoder.decode_shared(item.bytes, item.owner, value)
                    : decoder.decode(item.bytes, value);
}

bool DomainCore::decode(Subscriber& subscriber, Item& item, void* value, Time received,
                        Sample& sample) {
  format::DecodeTally& tally = format::decode_tally();
  tally = {};
  const Result<void> decoded = decode_item(item, value);
  if (!decoded) {
    const ErrorCode code = decoded.error().code();
    subscriber.undecodable.add(item.last - item.first + 1);
    if (item.plan->outcome == Outcome::checked &&
        (code == ErrorCode::wrong_value || code == ErrorCode::missing_field))
      subscriber.discarded.add(1);
    std::string detail = decoded.error().text();
    tell_gap(subscriber, item, detail);
    Lock lock(*this);
    subscriber.decode_error = std::move(detail);
    return false;
  }
  if (tally.any()) {
    subscriber.defaulted.add(tally.defaulted);
    subscriber.trimmed.add(tally.trimmed);
    subscriber.unknown.add(tally.unknown);
  }
  SampleAccess::source(sample, item.origin->source);
  SampleAccess::set(sample, item.last, item.published_ns, received, item.bytes, item.historic,
                    item.plan->converted());
  domain::Selection* const selection =
      subscriber.layout != nullptr ? subscriber.selection.get() : item.plan->selection.get();
  if (selection != nullptr &&
      !selection->takes(value, {item.origin->node, item.origin->stream}, item.published_ns)) {
    subscriber.not_taken.add(item.last - item.first + 1);
    subscriber.not_taken_ns.store(clock().time_since_epoch().count(), std::memory_order_relaxed);
    return false;
  }
  subscriber.delivered.add(item.last - item.first + 1);
  subscriber.bytes.add(item.bytes.size());
  return true;
}

void DomainCore::tell_gap(const Subscriber& subscriber, const Item& item, std::string detail) {
  if (item.arriving) {
    if (subscriber.options.on_arriving)
      subscriber.options.on_arriving(
          {item.origin->source, item.first, item.last, item.bytes_here, item.bytes_in_all});
    return;
  }
  if (!subscriber.options.on_gap) return;
  Gap gap;
  gap.source = item.origin->source;
  gap.from = item.first;
  gap.to = item.last;
  gap.reason = item.is_gap ? item.reason : Gap::Reason::undecodable;
  gap.detail = item.detail != nullptr ? *item.detail : std::move(detail);
  subscriber.options.on_gap(gap);
}

std::shared_ptr<Subscriber> DomainCore::find_subscriber(std::uint64_t id) const {
  const auto found = subscribers_.find(id);
  return found == subscribers_.end() ? nullptr : found->second;
}

void DomainCore::cancel(std::uint64_t id) {
  std::shared_ptr<Subscriber> subscriber;
  bool inside = false;  // called from its own handler
  {
    Lock lock(*this);
    proto::Outbox out;
    subscriber = remove(id, out);
    if (subscriber == nullptr) return;
    if (!closed_) settle(out);
    const auto here = std::this_thread::get_id();
    const auto running = [&] {
      for (const Round* round : rounds_) {
        if (round->current.load(std::memory_order_seq_cst) != subscriber.get()) continue;
        if (round->thread.load() == here)
          inside = true;
        else
          return true;
      }
      return false;
    };
    lock.unlock();  // what settle() wanted done
    lock.lock();
    while (running()) {
      ++waiting_;
      changed_.wait(lock.mutex());
      --waiting_;
    }
    changed();  // next() of another thread
  }
  if (inside) return;
  // Nobody runs them any more: what they hold is released now, on this thread.
  subscriber->task = nullptr;
  subscriber->handler = nullptr;
  subscriber->value_handler = nullptr;
}

void DomainCore::end(std::uint64_t id) {
  Lock lock(*this);
  if (const std::shared_ptr<Subscriber> subscriber = find_subscriber(id)) {
    subscriber->ended = true;
    changed();
    wake();
  }
}

bool DomainCore::next(std::uint64_t id, void* value, Sample& sample,
                      std::optional<Duration> timeout) {
  Lock lock(*this);
  const std::shared_ptr<Subscriber> subscriber = find_subscriber(id);
  if (subscriber == nullptr) return false;
  const Instant deadline = timeout ? clock() + *timeout : Instant::max();
  const auto over = [&] {
    return closed_ || subscriber->cancelled.load() || subscriber->ended ||
           stops_.load(std::memory_order_acquire) != subscriber->stops_then;
  };
  const auto something = [&] {
    return over() || !subscriber->queue.empty() || !subscriber->dropped.empty();
  };
  while (wait(lock, deadline, something)) {
    if (over()) return false;
    Item item;
    if (!subscriber->dropped.empty()) {
      item = std::move(subscriber->dropped.front());
      subscriber->dropped.erase(subscriber->dropped.begin());
    } else {
      item = std::move(subscriber->queue.front());
      subscriber->queue.pop_front();
      if (!item.is_gap) subscriber->queue_bytes -= item.size();
      drained(*subscriber);
    }
    lock.unlock();
    bool got = false;
    if (item.is_gap) {
      tell_gap(*subscriber, item, {});
    } else if (decode(*subscriber, item, value, now(), sample)) {
      got = true;
      SampleAccess::forget_message(sample);
      subscriber->last_ns.store(clock().time_since_epoch().count(), std::memory_order_relaxed);
    }
    lock.lock();
    if (!item.is_gap && item.origin->source->profile == Profile::command && !closed_)
      handled(*item.origin, item.last, got);
    if (got) return true;
  }
  return false;
}

// The last values: until everybody who should answer has, and it is calm; or until the timeout.
void DomainCore::latest(std::shared_ptr<Subscriber> asked, Duration timeout, const Sink& sink) {
  asked->pulled = true;
  asked->options.live = false;
  asked->options.history = true;
  asked->options.quiet = true;
  Subscriber& subscriber = *asked;
  const Subscription subscription = subscribe(std::move(asked));
  if (!subscription.active()) return;
  Lock lock(*this);
  const Instant deadline = clock() + timeout;
  const auto answered = [&] {
    bool sources = false;
    for (const auto& [key, origin] : origins_)
      for (const Route& to : origin->routes) {
        if (to.subscriber.get() != &subscriber || to.verdict != Route::Verdict::deliver) continue;
        if (to.last == 0 && origin->announced_first > 0) return false;
        sources = true;
      }
    bool peers = false, complete = true;
    engine_->for_each_peer([&](const proto::PeerRecord& peer) {
      peers = true;
      complete = complete && peer.streams_complete;
    });
    // The first word of a publisher may be lost.
    const bool settling = clock() - opened_ < young;
    return complete && (sources || (!settling && (peers || !origins_.empty())));
  };
  for (;;) {
    const Instant calm_at = std::max(last_news_, subscriber.since) + calm;
    wait(lock, std::min(deadline, std::max(calm_at, clock() + std::chrono::milliseconds(1))),
         [&] { return closed_ || !subscriber.queue.empty(); });
    while (!subscriber.queue.empty()) {
      Item item = std::move(subscriber.queue.front());
      subscriber.queue.pop_front();
      if (item.is_gap) continue;
      subscriber.queue_bytes -= item.size();
      drained(subscriber);
      last_news_ = clock();
      lock.unlock();
      const bool dynamic = subscriber.layout == nullptr;
      Value typed;
      if (!dynamic) typed = Value(subscriber.layout);
      Value& value = dynamic ? item.plan->value : typed;
      Sample sample;
      if (decode(subscriber, item, value.data(), now(), sample)) {
        SampleAccess::forget_message(sample);
        sink(value.data(), value.layout(), dynamic ? &value : nullptr, sample);
      }
      lock.lock();
    }
    const Instant now = clock();
    if (closed_ || now >= deadline) return;
    if (now >= std::max(last_news_, subscriber.since) + calm && answered()) return;
  }
}

SubscriptionCounters DomainCore::counters_of(std::uint64_t id) {
  Lock lock(*this);
  SubscriptionCounters counters;
  const std::shared_ptr<Subscriber> s = find_subscriber(id);
  if (s == nullptr) return counters;
  counters.delivered = s->delivered.get();
  counters.bytes = s->bytes.get();
  counters.lost = s->lost;
  counters.overrun = s->overrun;
  counters.conflated = s->conflated;
  counters.undecodable = s->undecodable.get();
  counters.discarded = s->discarded.get();
  counters.defaulted = s->defaulted.get();
  counters.trimmed = s->trimmed.get();
  counters.unknown = s->unknown.get();
  counters.filtered = s->filtered + s->not_taken.get() + s->withheld;
  counters.withheld = s->withheld;
  counters.too_large = s->too_large;
  counters.refused = s->refused;
  return counters;
}

}  // namespace dts
