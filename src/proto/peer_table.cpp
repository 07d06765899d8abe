#include <proto/peer_table.hpp>

#include <algorithm>
#include <utility>

namespace dts::proto {

Peer* PeerTable::find(const NodeId& node) {
  if (last_ && last_->record.node == node) return last_;
  const auto at = index_.find(node);
  if (at == index_.end()) return nullptr;
  return last_ = at->second;
}

Peer* PeerTable::add(const NodeId& node, Instant now) {
  if (peers_.size() >= peers_max_) return nullptr;
  auto peer = std::make_unique<Peer>(window_);
  peer->record.node = node;
  peer->record.first_heard = peer->record.last_heard = now;
  Peer* const added = peer.get();
  peers_.emplace(node, std::move(peer));
  index_.emplace(node, added);
  if (const auto half = half_known_index_.find(node); half != half_known_index_.end()) {
    const std::size_t hole = half->second;
    half_known_index_.erase(half);
    if (hole + 1 != half_known_.size()) {
      half_known_[hole] = half_known_.back();
      half_known_index_[half_known_[hole].first] = hole;
    }
    half_known_.pop_back();
  }
  return added;
}

void PeerTable::remove(const NodeId& node) {
  last_ = nullptr;
  const auto at = index_.find(node);
  if (at == index_.end()) return;
  Peer& peer = *at->second;
  if (peer.owed_at != Instant::max()) owed_.erase({peer.owed_at, node});
  unname(peer);
  index_.erase(at);
  peers_.erase(node);
}

std::size_t PeerTable::name_hash(std::string_view host, std::string_view name) {
  const std::hash<std::string_view> hash;
  return hash(host) * 31 + hash(name);
}

void PeerTable::unname(const Peer& peer) {
  auto [i, end] = by_name_.equal_range(name_hash(peer.record.host, peer.record.name));
  while (i != end && i->second != &peer) ++i;
  if (i != end) by_name_.erase(i);
}

void PeerTable::rename(Peer& peer, std::string_view host, std::string_view name) {
  if (peer.named && peer.record.host == host && peer.record.name == name) return;
  if (std::exchange(peer.named, true)) unname(peer);
  peer.record.host = host;
  peer.record.name = name;
  by_name_.emplace(name_hash(host, name), &peer);
}

std::vector<const Peer*> PeerTable::namesakes(const Peer& peer) const {
  std::vector<const Peer*> found;
  const PeerRecord& r = peer.record;
  for (auto [i, end] = by_name_.equal_range(name_hash(r.host, r.name)); i != end; ++i)
    if (i->second != &peer && i->second->record.host == r.host && i->second->record.name == r.name)
      found.push_back(i->second);
  std::sort(found.begin(), found.end(),
            [](const Peer* a, const Peer* b) { return a->record.node < b->record.node; });
  return found;
}

void PeerTable::owe(Peer& peer, Instant due) {
  if (due >= peer.owed_at) return;
  if (peer.owed_at != Instant::max()) owed_.erase({peer.owed_at, peer.record.node});
  peer.owed_at = due;
  owed_.emplace(due, peer.record.node);
}

Peer* PeerTable::take_owed(Instant now) {
  if (owed_due() > now) return nullptr;
  Peer* const peer = find(owed_.begin()->second);
  owed_.erase(owed_.begin());
  peer->owed_at = Instant::max();
  return peer;
}

bool PeerTable::half_known(const NodeId& node, Instant now, base::Random& random) {
  constexpr Duration again = std::chrono::milliseconds(500);
  if (const auto at = half_known_index_.find(node); at != half_known_index_.end()) {
    Instant& asked = half_known_[at->second].second;
    if (now - asked < again) return false;
    asked = now;
    return true;
  }
  if (half_known_max_ == 0) return false;
  if (half_known_.size() < half_known_max_) {
    half_known_index_.emplace(node, half_known_.size());
    half_known_.emplace_back(node, now);
    return true;
  }
  const std::size_t victim = random.below(half_known_.size());
  half_known_index_.erase(half_known_[victim].first);
  half_known_[victim] = {node, now};
  half_known_index_.emplace(node, victim);
  return true;
}

const Peer* PeerTable::predecessor(const Peer& fresh) const {
  const auto same_address = [&](const Peer& old) {
    return std::any_of(old.reaches.begin(), old.reaches.end(), [&](const Reach& a) {
      return std::any_of(fresh.reaches.begin(), fresh.reaches.end(), [&](const Reach& b) {
        return a.transport == b.transport && a.link == b.link && a.address == b.address;
      });
    });
  };
  for (const Peer* old : namesakes(fresh))
    if (same_address(*old)) return old;
  return nullptr;
}

StreamRecord* PeerTable::find_stream(Peer& peer, StreamId stream) {
  auto& streams = is_answer(stream) ? peer.answers : peer.record.streams;
  const auto at =
      std::lower_bound(streams.begin(), streams.end(), stream,
                       [](const StreamRecord& r, StreamId id) { return r.stream < id; });
  return at == streams.end() || at->stream != stream ? nullptr : &*at;
}

std::uint64_t PeerTable::memory_bytes() const {
  std::uint64_t bytes = half_known_.size() * 64;
  for (const auto& [node, peer] : peers_) {
    constexpr std::size_t places = 240;  // in the tables, and what the names take
    bytes += sizeof(Peer) + places + peer->reaches.capacity() * sizeof(Reach) +
             peer->duplicates.memory_bytes() + peer->wants.size() * 128 +
             peer->record.streams.size() * (sizeof(StreamRecord) + 64);
    for (const auto& [id, in] : peer->inbound) {
      bytes += sizeof(InboundStream) + in->early_bytes;
      for (const auto& [first, held] : in->held)
        bytes += 64 + (held.bytes ? held.bytes->size() : 0);
    }
  }
  return bytes;
}

}  // namespace dts::proto
