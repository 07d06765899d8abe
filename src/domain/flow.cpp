// Publishers that wait: for room at their subscribers, or for confirmations of commands. And the
// other end: subscribers that are slow hold back the reports of those who wait for them.
// All of it with the lock held; while a publisher waits others have it.
#include <algorithm>

#include "domain/core.hpp"
#include "proto/window.hpp"

namespace dts {

namespace {

// A confirmation that is overdue is asked for after the first, then each time later.
constexpr Duration confirmation_overdue = std::chrono::milliseconds(20);
constexpr Duration confirmation_overdue_max = std::chrono::milliseconds(200);
constexpr std::size_t commands_max = 1024;  // of one publisher, whose handlers have not returned

// "host/a, host/b and 3 more"
std::string joined(const std::vector<std::string>& names) {
  constexpr std::size_t names_max = 4;
  std::string all;
  for (std::size_t i = 0; i < names.size() && i < names_max; ++i)
    all += (i > 0 ? ", " : "") + names[i];
  if (names.size() > names_max) all += " and " + std::to_string(names.size() - names_max) + " more";
  return all;
}

}  // namespace

std::string DomainCore::name_of(const NodeId& node) const {
  if (node == engine_->node()) return source_name_;
  const proto::PeerRecord* peer = engine_->find_peer(node);
  return peer == nullptr ? node.short_hex() : peer->host + "/" + peer->name;
}

void DomainCore::heed_flow(const proto::Notice& notice) {
  if (notice.kind == proto::Notice::Kind::evicted) return tell_evicted(notice.node, notice.stream);
  if (notice.kind == proto::Notice::Kind::confirmed)
    return confirmed(notice.stream, notice.from, notice.node);
  const auto source = sources_.find(notice.stream);  // writable
  if (source != sources_.end()) {
    source->second->full = false;
    return;
  }
  blocked_ = false;  // the backlog of all
  for (const auto& [stream, other] : sources_) other->full = false;
}

// ---- Waiting for room

Result<void> DomainCore::submit_waiting(Lock& lock, SourceState& source, Encoded& encoded) {
  const Instant until = clock() + source.options.when_full.max;
  const auto can_go_on = [&] {
    return closed_ || (!source.full && !blocked_ && room_here(source, encoded.bytes->size()));
  };
  for (;;) {
    flush(clock());
    take_in(out_, nullptr);
    arm_timer();
    if (!wait(lock, until, can_go_on) && !closed_) return too_slow(source);
    const Result<proto::Sequence> done = submit_now(source, encoded);
    if (done) return {};
    if (done.error().code() != ErrorCode::would_block) return done.error();
    if (clock() > until) return too_slow(source);
  }
}

Error DomainCore::too_slow(const SourceState& source) {
  std::vector<std::string> names;
  for (const NodeId& node : engine_->waiting_for(source.stream)) names.push_back(name_of(node));
  if (!room_here(source, 0)) names.push_back(source_name_);
  const std::string who = joined(names);
  return Error(ErrorCode::would_block,
               "subscribers of " + source.origin->source->type_name + " do not keep up", {},
               "waited " + to_text(source.options.when_full.max) + " for " +
                   (who.empty() ? std::string("what is still to be sent") : who),
               "publish more slowly, wait longer, or let who is slow lose the oldest "
               "(dts::drop_oldest)");
}

// The subscribers in this domain: have their queues room for so many bytes more?
bool DomainCore::room_here(const SourceState& source, std::size_t bytes) {
  for (const Route& to : source.origin->routes) {
    if (to.verdict != Route::Verdict::deliver) continue;
    Subscriber& subscriber = *to.subscriber;
    const SubscribeOptions& options = subscriber.options;
    if (subscriber.evicted || subscriber.queue.empty() ||
        (subscriber.queue.size() < options.queue_messages_max &&
         subscriber.queue_bytes + bytes <= options.queue_bytes_max))
      continue;
    if (clock() - subscriber.moved < proto::Window::stillness_max) return false;
    subscriber.evicted = true;
    ++evicted_here_;
    tell_evicted(engine_->node(), source.stream);
  }
  return true;
}

void DomainCore::tell_evicted(NodeId node, proto::StreamId stream) {
  const auto source = sources_.find(stream);
  if (source == sources_.end()) return;
  tell(name_of(node) + " has taken nothing of " + source->second->origin->source->type_name +
       " for 5 s: it is no longer waited for until it does");
}

// ---- Being waited for

// Half full: the publisher hears no more of how far we are, until a quarter is left.
void DomainCore::hold_if_full(Subscriber& subscriber, Origin& origin) {
  const SubscribeOptions& options = subscriber.options;
  if (subscriber.queue.size() < options.queue_messages_max / 2 &&
      subscriber.queue_bytes < options.queue_bytes_max / 2)
    return;
  subscriber.holding = true;
  hold_reports(origin);
}

void DomainCore::hold_reports(Origin& origin) {
  if (origin.local || origin.on_hold) return;
  origin.on_hold = true;
  on_hold_.push_back(&origin);
  engine_->hold(origin.node, origin.stream);
}

void DomainCore::drained(Subscriber& subscriber) {
  subscriber.moved = clock();
  subscriber.evicted = false;
  if (!subscriber.holding) return;
  changed();  // a publisher of this domain may have room now
  const SubscribeOptions& options = subscriber.options;
  if (subscriber.queue.size() > options.queue_messages_max / 4 ||
      subscriber.queue_bytes > options.queue_bytes_max / 4)
    return;
  subscriber.holding = false;
  release_holds();
}

void DomainCore::release_holds() {
  if (on_hold_.empty()) return;
  proto::Outbox out;
  release_holds(out);
  send(out);
}

void DomainCore::release_holds(proto::Outbox& out) {
  if (closed_) return;
  std::erase_if(on_hold_, [&](Origin* origin) {
    if (!origin->held.empty()) return false;
    for (const Route& to : origin->routes)
      if (to.subscriber->holding) return false;
    origin->on_hold = false;
    engine_->release(clock(), origin->node, origin->stream, out);
    return true;
  });
}

// ---- Commands

std::vector<DomainCore::Receiver> DomainCore::receivers_of(const SourceState& source) const {
  std::vector<Receiver> receivers;
  for (const NodeId& node : engine_->receivers_of(source.stream))
    receivers.push_back({node, name_of(node)});
  for (const Route& to : source.origin->routes)
    if (to.verdict == Route::Verdict::deliver) {
      receivers.push_back({engine_->node(), source_name_});
      break;
    }
  return receivers;
}

// Who is to confirm, of those that subscribe now; `missing`: who does not subscribe.
std::vector<DomainCore::Receiver> DomainCore::awaited_by(const SourceState& source,
                                                         std::vector<std::string>& missing) {
  const ConfirmedBy& by = source.options.confirmed_by;
  std::vector<Receiver> receivers = receivers_of(source);
  missing.clear();
  if (by.nodes.empty()) {
    if (receivers.size() < by.count)
      missing.push_back(std::to_string(by.count - receivers.size()) + " more");
    return receivers;
  }
  for (const std::string& name : by.nodes)
    if (std::none_of(receivers.begin(), receivers.end(),
                     [&](const Receiver& r) { return r.name == name; }))
      missing.push_back(name);
  std::erase_if(receivers, [&](const Receiver& r) {
    return std::find(by.nodes.begin(), by.nodes.end(), r.name) == by.nodes.end();
  });
  return receivers;
}

Result<void> DomainCore::submit_command(Lock& lock, SourceState& source, Encoded& encoded) {
  const ConfirmedBy& by = source.options.confirmed_by;
  const std::string& type = source.origin->source->type_name;
  const Instant until = clock() + by.within;
  std::vector<std::string> missing;
  std::vector<Receiver> awaited;
  const auto all_there = [&] {
    awaited = awaited_by(source, missing);
    return closed_ || missing.empty();
  };
  if (!wait(lock, until, all_there) && !closed_)
    return Error(
        ErrorCode::timeout, "the command was not sent", {},
        joined(missing) + " did not subscribe to " + type + " within " + to_text(by.within),
        "dts nodes; dts show " + type);
  const Result<proto::Sequence> sent = submit_now(source, encoded);
  if (!sent) return sent.error();
  flush(clock());
  take_in(out_, nullptr);
  arm_timer();
  const proto::Sequence sequence = *sent;
  source.commands[sequence];  // before the lock is let go of: confirmations may come at once
  const std::size_t enough = by.nodes.empty() ? std::min(by.count, awaited.size()) : awaited.size();
  const auto done = [&] { return closed_ || source.commands[sequence].size() >= enough; };
  Duration overdue = confirmation_overdue;
  while (!wait(lock, std::min(until, clock() + overdue), done) && !closed_ && clock() < until) {
    proto::Outbox out;
    engine_->ask_again(clock(), source.stream, sequence, out);
    send(out);
    overdue = std::min(2 * overdue, confirmation_overdue_max);
  }
  const bool confirmed_by_all = done();
  const std::set<NodeId> confirmed = std::move(source.commands[sequence]);
  source.commands.erase(sequence);
  if (closed_) return Error(ErrorCode::closed, "the domain is closed");
  if (confirmed_by_all) return {};
  engine_->withdraw(source.stream, sequence);
  std::vector<std::string> silent;
  for (const Receiver& receiver : awaited)
    if (!confirmed.contains(receiver.node)) silent.push_back(receiver.name);
  return Error(ErrorCode::timeout, "the command was not confirmed", {},
               joined(silent) + " did not say within " + to_text(by.within) + " that " + type +
                   " was handled; it may have been, or not",
               "dts why " + type + " there; a longer time, if its handler takes longer");
}

void DomainCore::confirmed(proto::StreamId stream, proto::Sequence sequence, const NodeId& node) {
  const auto source = sources_.find(stream);
  if (source == sources_.end()) return;
  const auto command = source->second->commands.find(sequence);
  if (command == source->second->commands.end()) return;
  command->second.insert(node);
  changed();
}

// A command is on its way to its handlers: all of them must return.
void DomainCore::expect_handling(Origin& origin, proto::Sequence last) {
  const auto handlers = std::count_if(
      origin.routes.begin(), origin.routes.end(),
      [](const Route& to) { return to.verdict == Route::Verdict::deliver && to.plan != nullptr; });
  if (handlers == 0) return;
  origin.commands[last] = static_cast<std::size_t>(handlers);
  if (origin.commands.size() > commands_max) origin.commands.erase(origin.commands.begin());
}

void DomainCore::handled(Origin& origin, proto::Sequence last, bool well) {
  const auto command = origin.commands.find(last);
  if (command == origin.commands.end()) return;
  if (well && --command->second > 0) return;
  origin.commands.erase(command);
  if (!well) return;
  if (origin.local) return confirmed(origin.stream, last, engine_->node());
  proto::Outbox out;
  engine_->confirm(clock(), origin.node, origin.stream, last, out);
  send(out);
}

}  // namespace dts
