#include <proto/peer_table.hpp>

#include <algorithm>

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
  index_.erase(node);
  peers_.erase(node);
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
  for (const auto& [node, old] : peers_) {
    if (old.get() == &fresh || old->record.host != fresh.record.host ||
        old->record.name != fresh.record.name)
      continue;
    if (same_address(*old)) return old.get();
  }
  return nullptr;
}

StreamRecord* PeerTable::find_stream(Peer& peer, StreamId stream) {
  auto& streams = peer.record.streams;
  const auto at =
      std::lower_bound(streams.begin(), streams.end(), stream,
                       [](const StreamRecord& r, StreamId id) { return r.stream < id; });
  return at == streams.end() || at->stream != stream ? nullptr : &*at;
}

std::uint64_t PeerTable::memory_bytes() const {
  std::uint64_t bytes = half_known_.size() * 64;
  for (const auto& [node, peer] : peers_) {
    bytes += sizeof(Peer) + peer->duplicates.memory_bytes() + peer->wants.size() * 128 +
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
