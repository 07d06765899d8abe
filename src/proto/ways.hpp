// Ways: the streams that may reach us by more than one way: from their origin and from hubs that
// pass them on. The sequences are the origin's on each of them, so how far a stream has been handed
// out, or named, is one number, and whatever comes again by another way is told by it. What no way
// is left to bring is named. Bounded; sends nothing.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <proto/inbound_stream.hpp>

namespace dts::proto {

struct StreamOrigin {
  NodeId node{};
  StreamId stream = 0;
  bool begun = false;
  bool live = false;                   // what was published since it was joined has come
  Sequence told = 0;                   // handed out, or named, up to here, once it has begun
  std::vector<InboundStream*> ways{};  // those that have been joined
  std::shared_ptr<const StreamRecord> record{};  // of the last of them
  // Up to here no way is left that brings anything.
  Sequence floor() const {
    Sequence least = ways.empty() ? 0 : ~Sequence{0};
    for (const InboundStream* way : ways) least = std::min(least, way->told);
    return least;
  }
};

class Ways {
 public:
  using Origin = StreamOrigin;
  using Key = std::pair<NodeId, StreamId>;

  explicit Ways(std::size_t origins_max) : origins_max_(origins_max) {}

  std::shared_ptr<Origin> find(const Key& key) const {
    const auto at = origins_.find(key);
    return at == origins_.end() ? nullptr : at->second;
  }
  std::shared_ptr<Origin> add(const Key& key) {
    if (auto known = find(key)) return known;
    if (origins_.size() >= origins_max_) {  // one that nothing comes from
      const auto idle = std::find_if(origins_.begin(), origins_.end(),
                                     [](const auto& o) { return o.second->ways.empty(); });
      if (idle != origins_.end()) origins_.erase(idle);
    }
    auto made = std::make_shared<Origin>(Origin{key.first, key.second});
    if (origins_.size() < origins_max_) origins_.emplace(key, made);
    return made;
  }
  // Those that nothing comes from and nobody wants any more.
  template <class Wanted>
  void forget_unless(Wanted wanted) {
    std::erase_if(origins_, [&](const auto& o) {
      return o.second->ways.empty() && !(o.second->record && wanted(*o.second->record));
    });
  }
  void remove(const Origin& origin) { origins_.erase({origin.node, origin.stream}); }
  std::uint64_t memory_bytes() const { return origins_.size() * (sizeof(Origin) + 96); }

 private:
  std::size_t origins_max_;
  std::map<Key, std::shared_ptr<Origin>> origins_;
};

}  // namespace dts::proto
