// What is known of the others: the catalogue, types by id and by family, counters.
#include <unistd.h>

#include <algorithm>

#include "base/text.hpp"
#include "domain/core.hpp"
#include "domain/health.hpp"

namespace dts {

namespace {
void tell_losses(NodeInfo& node, const proto::Health& health) {
  node.loss = health.loss;
  node.losses = domain::losses_of(health);
}

void list_wants(NodeInfo& node, const proto::PeerRecord& peer) {
  for (const proto::Interest& want : peer.wants) {
    std::string selection;
    for (const proto::Selection& each : want.selections)
      selection += (selection.empty() ? "" : " or ") + domain::shown(each);
    node.wants.push_back({want.name, base::printable(selection)});
  }
}
}  // namespace

Catalogue DomainCore::catalogue() {
  Lock lock(*this);
  Catalogue catalogue;
  catalogue.domain = environment_.domain;
  for (const OpenTransport& open : transports_)
    catalogue.links.insert(catalogue.links.end(), open.links.begin(), open.links.end());
  const Instant now = clock();
  const Time wall{Duration(wall_at(now))};

  NodeInfo self;
  self.id = engine_->node();
  self.host = environment_.host;
  self.name = environment_.node;
  self.version = domain::version();
  for (const OpenTransport& open : transports_)
    if (self.address.empty()) self.address = open.transport->local_address();
  self.process = static_cast<std::uint32_t>(::getpid());
  self.self = true;
  self.up = now - opened_;
  self.heard = wall;
  for (const auto& [stream, source] : sources_)
    self.streams.push_back(
        {*source->origin->source, source->messages, source->bytes, wall,
         source->options.profile == Profile::stream ? 0 : source->options.history});
  std::sort(self.streams.begin(), self.streams.end(),
            [](const auto& a, const auto& b) { return a.source.stream < b.source.stream; });
  std::set<std::string> wants;
  for (const auto& [id, subscriber] : subscribers_)
    if (!subscriber->answers) wants.insert(subscriber->name);
  for (const std::string& want : wants) self.wants.push_back({want, {}});
  catalogue.nodes.push_back(std::move(self));
  engine_->for_each_peer([&](const proto::PeerRecord& peer) {
    NodeInfo node;
    node.id = peer.node;
    node.host = peer.host;
    node.name = peer.name;
    node.version = peer.version;
    if (peer.path.transport < transports_.size())
      node.address = transports_[peer.path.transport].transport->to_text(peer.path.address);
    node.process = peer.process;
    node.up = now - (peer.started == Instant{} ? peer.first_heard : peer.started);
    node.clock_offset = Duration(peer.wall_offset_ns);
    node.heard = wall - (now - peer.last_heard);
    tell_losses(node, peer.health);
    list_paths(node, now);
    for (const proto::StreamRecord& record : peer.streams) {
      StreamInfo info;
      const auto origin = origins_.find(key_of(peer.node, record));
      info.source = origin != origins_.end() ? *origin->second->source
                                             : *describe(peer.node, peer.host, peer.name, record);
      info.messages = record.messages;
      info.bytes = record.bytes;
      info.counted = node.heard;
      info.keeps = record.history;
      node.streams.push_back(std::move(info));
    }
    list_wants(node, peer);
    catalogue.nodes.push_back(std::move(node));
  });
  const auto place = [](const NodeInfo& n) {
    return std::tuple(!n.self, n.host, n.name, n.process, n.id);
  };
  std::sort(catalogue.nodes.begin(), catalogue.nodes.end(),
            [&](const NodeInfo& a, const NodeInfo& b) { return place(a) < place(b); });
  catalogue.other_domains.assign(other_domains_.begin(), other_domains_.end());
  catalogue.other_versions = engine_->counters().packet_other_version;
  return catalogue;
}

// What a way is decides between several (PathTable::choose), in this order.
void DomainCore::list_paths(NodeInfo& node, Instant now) const {
  for (const proto::Engine::PeerPath& each : engine_->paths_to(now, node.id)) {
    if (each.path.transport >= transports_.size()) continue;
    const OpenTransport& open = transports_[each.path.transport];
    const auto link = std::find_if(open.links.begin(), open.links.end(),
                                   [&](const Link& l) { return l.index == each.path.link; });
    if (link == open.links.end()) continue;
    const Capabilities able = open.transport->capabilities();
    PathInfo path;
    path.transport = open.transport->name();
    path.link = link->name;
    path.address = open.transport->to_text(each.path.address);
    path.kind = able.same_host    ? "memory of this machine"
                : link->same_host ? "this machine"
                : able.relayed    ? "through a third program"
                : link->wireless  ? "wireless"
                                  : "a cable";
    path.heard = now - each.heard;
    path.taken = each.taken;
    path.by_group = each.path.multicast;
    path.proven = each.proven;
    path.silent = each.silent;
    node.paths.push_back(std::move(path));
  }
}

// A receiver of ours that loses far more than the others: who it is, and whose doing it is.
void DomainCore::tell_isolation(const proto::Notice& notice) {
  const proto::PeerRecord* const peer = engine_->find_peer(notice.node);
  const std::string who = peer ? peer->host + "/" + peer->name : notice.node.hex();
  if (notice.kind == proto::Notice::Kind::receiver_restored)
    return warn(who + " is served as the others are again");
  warn(who + (peer ? " " + domain::losses_of(peer->health) : "") +
       ", and others nearly nothing: until that is over it gets only the last values again, and "
       "gaps for the rest");
}

// News of a node that is no one's business but the log's, or the queries'.
void DomainCore::hear(const proto::Notice& notice, proto::Outbox& out) {
  using What = proto::Notice::Kind;
  if (notice.kind == What::query)
    hear_query(notice.node, notice.token, notice.question, out);
  else if (notice.kind == What::answer)
    hear_answer(notice, out);
  else
    tell_isolation(notice);
}

// Packets that the transports had to drop because nobody read them: then it is not the network
// that loses, and the others are told so.
void DomainCore::watch_overflow(Instant now) {
  overflow_due_ = now + std::chrono::seconds(1);
  std::uint64_t sum = 0;
  std::uint32_t buffer_bytes = 0;
  for (const OpenTransport& open : transports_) {
    sum += open.transport->counters().receive_overflow;
    buffer_bytes = std::max(buffer_bytes, open.transport->receive_buffer_bytes());
  }
  if (sum > overflows_) engine_->receive_overflowed(now, buffer_bytes);
  overflows_ = sum;
}

void DomainCore::refresh() {
  Lock lock(*this);
  if (closed_) return;
  proto::Outbox out;
  engine_->refresh(clock(), out);
  settle(out);
}

Result<Type> DomainCore::type(TypeId id, Duration timeout) {
  Lock lock(*this);
  const Instant deadline = clock() + timeout;
  if (Type type = known_type(id); type.valid()) return type;
  if (closed_) return Error(ErrorCode::closed, "the domain is closed");
  proto::Outbox out;
  engine_->want_document(clock(), id, out);
  settle(out);
  wait(lock, deadline, [&] { return known_type(id).valid(); });
  if (Type type = known_type(id); type.valid()) return type;
  return Error(ErrorCode::unknown_type, "nobody could tell the type " + id.short_hex(), {},
               "no node that knows it answered within " + to_text(timeout));
}

std::vector<Type> DomainCore::types(std::string_view family, Duration timeout) {
  Lock lock(*this);
  const Instant deadline = clock() + timeout;
  const FamilyId wanted = family_of(family);
  if (!closed_) {
    proto::Outbox out;
    engine_->refresh(clock(), out);
    settle(out);
  }
  std::set<TypeId> asked;
  const auto seen = [&] {
    std::set<TypeId> ids;
    for (const auto& [stream, source] : sources_)
      if (source->layout->type.family() == wanted) ids.insert(source->layout->type.id());
    engine_->for_each_peer([&](const proto::PeerRecord& peer) {
      for (const proto::StreamRecord& record : peer.streams)
        if (record.family == wanted) ids.insert(record.type);
    });
    return ids;
  };
  // Every type seen is known, and nobody's list is still on its way.
  const auto complete = [&] {
    proto::Outbox out;
    bool all = true;
    const std::set<TypeId> ids = seen();
    for (const TypeId& id : ids) {
      if (known_type(id).valid()) continue;
      all = false;
      if (asked.insert(id).second && !closed_) engine_->want_document(clock(), id, out);
    }
    if (!out.empty()) settle(out);
    engine_->for_each_peer(
        [&](const proto::PeerRecord& peer) { all = all && peer.streams_complete; });
    return all && !ids.empty();
  };
  wait(lock, deadline, complete);
  std::vector<Type> types;
  for (const TypeId& id : seen())
    if (Type type = known_type(id); type.valid()) types.push_back(std::move(type));
  return types;
}

std::vector<Counter> DomainCore::counters() {
  Lock lock(*this);
  std::vector<Counter> counters;
  engine_->counters().for_each([&](std::string_view name, std::uint64_t value) {
    counters.push_back({std::string(name), value});
  });
  counters.push_back({"memory_bytes", engine_->memory_bytes()});
  for (const OpenTransport& open : transports_) {
    const TransportCounters c = open.transport->counters();
    const std::string prefix = std::string(open.transport->name()) + ".";
    const auto add = [&](const char* name, std::uint64_t value) {
      counters.push_back({prefix + name, value});
    };
    add("packets_sent", c.packets_sent);
    add("bytes_sent", c.bytes_sent);
    add("packets_received", c.packets_received);
    add("bytes_received", c.bytes_received);
    add("send_blocked", c.send_blocked);
    add("send_refused", c.send_refused);
    add("send_too_large", c.send_too_large);
    add("send_failed", c.send_failed);
    add("receive_overflow", c.receive_overflow);
    add("receive_ignored", c.receive_ignored);
    add("receive_failed", c.receive_failed);
  }
  SubscriptionCounters sum = ended_;
  for (const auto& [id, s] : subscribers_) {
    sum.delivered += s->delivered.get();
    sum.lost += s->lost;
    sum.overrun += s->overrun;
    sum.conflated += s->conflated;
    sum.undecodable += s->undecodable.get();
    sum.discarded += s->discarded.get();
    sum.defaulted += s->defaulted.get();
    sum.trimmed += s->trimmed.get();
    sum.unknown += s->unknown.get();
    sum.filtered += s->filtered + s->not_taken.get() + s->withheld;
    sum.withheld += s->withheld;
    sum.too_large += s->too_large;
    sum.refused += s->refused;
  }
  counters.push_back({"delivered", sum.delivered});
  counters.push_back({"lost", sum.lost});
  counters.push_back({"overrun", sum.overrun});
  counters.push_back({"conflated", sum.conflated});
  counters.push_back({"undecodable", sum.undecodable});
  counters.push_back({"discarded", sum.discarded});
  counters.push_back({"defaulted", sum.defaulted});
  counters.push_back({"trimmed", sum.trimmed});
  counters.push_back({"unknown", sum.unknown});
  counters.push_back({"filtered", sum.filtered});
  counters.push_back({"too_large", sum.too_large});
  counters.push_back({"withheld", sum.withheld});
  counters.push_back({"refused", sum.refused});
  counters.push_back({"expansions_refused", expansions_refused_});
  counters.push_back({"evicted_here", evicted_here_});
  counters.push_back({"held_dropped", held_dropped_});
  counters.push_back({"messages_unroutable", messages_unroutable_});
  counters.push_back({"documents_invalid", documents_invalid_});
  return counters;
}

}  // namespace dts
