// EarlyStore: data of nodes that have not announced themselves yet. Sockets are read in any order,
// so the first data of a node can be read before its first ANNOUNCE: it is kept until that comes,
// for a second at most, within bounds of each node and of all. Where each stream began to be heard
// is kept longer, so that what was not kept can be named. Sends nothing, counts nothing.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include <base/random.hpp>
#include <proto/inbound_stream.hpp>

namespace dts::proto {

class EarlyStore {
 public:
  static constexpr std::size_t node_bytes_max = 2u << 20, all_bytes_max = 8u << 20;
  static constexpr std::size_t streams_max = 64;  // of a node
  static constexpr Duration kept_max = std::chrono::seconds(1);
  static constexpr Duration begins_kept_max = std::chrono::seconds(10);

  struct Node {
    Instant due{};  // the frames go; later everything
    std::vector<InboundStream::Early> frames;
    std::size_t bytes = 0;
    std::map<StreamId, Sequence> begins;  // the first sequence heard of each stream
  };

  explicit EarlyStore(std::size_t nodes_max) : nodes_max_(nodes_max) {}

  // How many frames were dropped for it: this one, when there is no room, or another node's.
  std::size_t hold(Instant now, const NodeId& node, wire::FrameType type, ByteView body,
                   base::Random& random) {
    const auto begin = InboundStream::begin_of(type, body);
    if (!begin || nodes_max_ == 0) return 1;
    std::size_t dropped = 0;
    if (!nodes_.contains(node) && nodes_.size() >= nodes_max_) dropped += evict(random);
    const auto [at, fresh] = nodes_.try_emplace(node);
    Node& n = at->second;
    if (fresh || n.frames.empty()) n.due = now + kept_max;
    due_ = std::min(due_, n.due);
    const auto known = n.begins.find(begin->stream);
    if (known != n.begins.end())
      known->second = std::min(known->second, begin->sequence);
    else if (n.begins.size() < streams_max)
      n.begins.emplace(begin->stream, begin->sequence);
    else
      return dropped + 1;
    const std::size_t cost = InboundStream::Early::cost_of(body);
    if (n.bytes + cost > node_bytes_max || bytes_ + cost > all_bytes_max) return dropped + 1;
    n.frames.push_back({type, Bytes(body.begin(), body.end())});
    n.bytes += cost;
    bytes_ += cost;
    return dropped;
  }

  // What was kept of a node that has announced itself.
  std::optional<Node> take(const NodeId& node) {
    const auto at = nodes_.find(node);
    if (at == nodes_.end()) return std::nullopt;
    Node taken = std::move(at->second);
    bytes_ -= taken.bytes;
    nodes_.erase(at);
    return taken;
  }

  // How many frames went because their node stayed unknown.
  std::size_t expire(Instant now) {
    if (due_ > now) return 0;
    std::size_t dropped = 0;
    due_ = Instant::max();
    for (auto i = nodes_.begin(); i != nodes_.end();) {
      Node& n = i->second;
      if (n.due <= now) {
        if (n.frames.empty()) {
          i = nodes_.erase(i);
          continue;
        }
        dropped += n.frames.size();
        bytes_ -= std::exchange(n.bytes, 0);
        n.frames = {};
        n.due = now + begins_kept_max;
      }
      due_ = std::min(due_, n.due);
      ++i;
    }
    return dropped;
  }

  Instant deadline() const noexcept { return due_; }
  bool empty() const noexcept { return nodes_.empty(); }
  std::uint64_t memory_bytes() const {
    std::uint64_t all = bytes_;
    for (const auto& [node, n] : nodes_) all += 160 + 64 * n.begins.size();
    return all;
  }

 private:
  std::size_t evict(base::Random& random) {
    NodeId somewhere{};
    for (std::uint8_t& byte : somewhere.bytes) byte = static_cast<std::uint8_t>(random.below(256));
    auto victim = nodes_.lower_bound(somewhere);
    if (victim == nodes_.end()) victim = nodes_.begin();
    const std::size_t dropped = victim->second.frames.size();
    bytes_ -= victim->second.bytes;
    nodes_.erase(victim);
    return dropped;
  }

  std::size_t nodes_max_;
  std::map<NodeId, Node> nodes_;  // ordered, so that what happens never depends on memory
  std::size_t bytes_ = 0;
  Instant due_ = Instant::max();
};

}  // namespace dts::proto
