// What is known of the others: the catalogue, types by id and by family, counters.
#include <unistd.h>

#include <algorithm>

#include "domain/core.hpp"

namespace dts {

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
  for (const auto& [stream, source] : sources_) {
    StreamInfo info;
    info.source = *source->origin->source;
    info.messages = source->messages;
    info.bytes = source->bytes;
    info.counted = wall;
    self.streams.push_back(std::move(info));
  }
  std::sort(self.streams.begin(), self.streams.end(),
            [](const auto& a, const auto& b) { return a.source.stream < b.source.stream; });
  std::set<std::string> wants;
  for (const auto& [id, subscriber] : subscribers_)
    if (!subscriber->answers) wants.insert(subscriber->name);
  for (const std::string& want : wants) self.wants.push_back({want});
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
    for (const proto::StreamRecord& record : peer.streams) {
      StreamInfo info;
      const auto origin = origins_.find({peer.node, record.stream});
      info.source = origin != origins_.end() ? *origin->second->source
                                             : *describe(peer.node, peer.host, peer.name, record);
      info.messages = record.messages;
      info.bytes = record.bytes;
      info.counted = node.heard;
      node.streams.push_back(std::move(info));
    }
    for (const proto::Interest& want : peer.wants) node.wants.push_back({want.name});
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
    sum.filtered += s->filtered + s->not_taken.get();
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
  counters.push_back({"refused", sum.refused});
  counters.push_back({"held_dropped", held_dropped_});
  counters.push_back({"messages_unroutable", messages_unroutable_});
  counters.push_back({"documents_invalid", documents_invalid_});
  return counters;
}

}  // namespace dts
