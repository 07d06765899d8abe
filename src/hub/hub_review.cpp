// What a hub decides: which streams it passes on to which side, and what it subscribes to for that.
// It goes through all that its engines know, whenever something of it has changed.
#include <algorithm>

#include <base/canary.hpp>
#include <hub/hub.hpp>

namespace dts::hub {

using proto::Interest;
using proto::PeerRecord;
using proto::StreamRecord;
using proto::WantSet;

namespace {
bool contains(const std::vector<proto::HubId>& hubs, proto::HubId hub) {
  return std::find(hubs.begin(), hubs.end(), hub) != hubs.end();
}
bool share_any(const std::vector<proto::HubId>& a, const std::vector<proto::HubId>& b) {
  return std::any_of(a.begin(), a.end(), [&](proto::HubId hub) { return contains(b, hub); });
}
}  // namespace

bool Hub::is_own(const NodeId& node) const {
  return std::any_of(sides_.begin(), sides_.end(),
                     [&](const Side& side) { return side.engine->node() == node; });
}

void Hub::review(Instant now) {
  review_due_ = Instant::max();
  find_hubs();
  collect_wants(now);
  const Ways ways = collect_ways();
  for (const auto& [key, of_sides] : ways) judge(now, key, of_sides);
  drop_gone(now, ways);
}

void Hub::find_hubs() {
  for (Side& side : sides_) {
    side.hubs.clear();
    side.engine->for_each_peer([&](const PeerRecord& peer) {
      if (peer.hub) side.hubs.push_back(peer.hub);
    });
  }
}

// What is wanted on each side of the streams of each other; the sum of it is subscribed to there.
// A want that has come through this hub is none. Nor is one of a node that is on the other side as
// well, or that has come through a hub which is: they ask there.
void Hub::collect_wants(Instant now) {
  const std::size_t wants_max = proto::EngineOptions{}.wants_per_node_max;
  for (Side& side : sides_)
    for (WantSet& wants : side.wants_from) wants.clear();
  for (SideIndex from = 0; from < sides_.size(); ++from) {
    std::map<std::pair<FamilyId, std::string>, Interest> wanted;
    for (SideIndex to = 0; to < sides_.size(); ++to) {
      if (to == from) continue;
      sides_[to].engine->for_each_peer([&](const PeerRecord& peer) {
        if (peer.hub == options_.id) return;
        if (sides_[from].engine->find_peer(peer.node) != nullptr) return;
        for (const Interest& want : peer.wants) {
          if (want.via.size() >= proto::kHopsMax) continue;
          const bool come_back =
              contains(want.via, options_.id) || share_any(want.via, sides_[from].hubs);
          if (come_back && !DTS_CANARY(93)) continue;
          sides_[to].wants_from[from].add(want, wants_max);
          Interest mine = want;
          mine.selections.clear();  // of all it takes what one of them takes: everything
          mine.via.push_back(options_.id);
          const auto [at, fresh] = wanted.try_emplace({want.family, want.name}, mine);
          if (fresh) continue;
          Interest& have = at->second;
          have.live |= want.live;
          have.history |= want.history;
          if (std::pair(mine.via.size(), mine.via) < std::pair(have.via.size(), have.via))
            have.via = mine.via;
        }
      });
    }
    apply_wants(now, from, std::move(wanted));
  }
}

void Hub::apply_wants(Instant now, SideIndex index,
                      std::map<std::pair<FamilyId, std::string>, Interest> wanted) {
  Side& side = sides_[index];
  for (auto i = side.interests.begin(); i != side.interests.end();) {
    const Interest& have = i->second.interest;
    const auto want = wanted.find(i->first);
    const bool same = want != wanted.end() && want->second.live == have.live &&
                      want->second.history == have.history && want->second.via == have.via;
    if (same) {
      wanted.erase(want);
      ++i;
      continue;
    }
    // The new one first, so that what is wanted all the time is not forgotten in between.
    if (want != wanted.end()) {
      const proto::InterestId fresh = side.engine->add_interest(now, want->second, side.out);
      side.engine->remove_interest(now, i->second.id, side.out);
      i->second = {fresh, std::move(want->second)};
      wanted.erase(want);
      ++i;
    } else {
      side.engine->remove_interest(now, i->second.id, side.out);
      i = side.interests.erase(i);
    }
  }
  for (auto& [key, want] : wanted) {
    if (side.interests.size() >= proto::EngineOptions{}.wants_per_node_max) return;
    const proto::InterestId id = side.engine->add_interest(now, want, side.out);
    side.interests[key] = {id, std::move(want)};
  }
}

// The best way to each stream on each side.
Hub::Ways Hub::collect_ways() {
  Ways ways;
  records_ = 0;
  counters_.loops = counters_.hops_exceeded = 0;
  for (SideIndex i = 0; i < sides_.size(); ++i)
    sides_[i].engine->for_each_peer([&](const PeerRecord& peer) {
      if (peer.hub == options_.id) return;
      for (const StreamRecord& record : peer.streams) {
        ++records_;
        Way way{0, 0, &record, &peer};
        Key key{peer.node, record.stream};
        if (record.relay.any()) {
          if (contains(record.relay.via, options_.id)) {
            ++counters_.loops;
            continue;
          }
          way.hops = record.relay.via.size();
          way.hub = record.relay.via.back();
          key = {record.relay.node, record.relay.stream};
        }
        if (is_own(key.first)) continue;
        auto& of_sides = ways[key];
        of_sides.resize(sides_.size());
        if (!of_sides[i].is() || way.better_than(of_sides[i])) of_sides[i] = way;
      }
    });
  return ways;
}

// On which sides a stream can be passed on, and where this hub is the one to do it.
void Hub::judge(Instant now, const Key& key, const std::vector<Way>& ways) {
  auto at = passed_.find(key);
  if (at == passed_.end()) {
    const bool everywhere =
        std::all_of(ways.begin(), ways.end(), [](const Way& w) { return w.is() && w.hops == 0; });
    if (everywhere) return;
    if (passed_.size() >= options_.streams_max) {
      ++counters_.streams_refused;
      return;
    }
    at = passed_.emplace(key, Passed{}).first;
    at->second.targets.resize(sides_.size());
  }
  Passed& passed = at->second;
  passed.gone = Instant::max();
  passed.relayed = std::none_of(ways.begin(), ways.end(),
                                [](const Way& way) { return way.is() && way.hops == 0; });
  for (SideIndex to = 0; to < sides_.size(); ++to) {
    Target& target = passed.targets[to];
    if (!aim(now, key, target, to, ways)) {
      close(now, to, target);
      continue;
    }
    const Way mine{target.record.relay.via.size(), options_.id, nullptr, nullptr};
    target.visible = !ways[to].is() || mine.better_than(ways[to]) || DTS_CANARY(96);
    target.wanted = sides_[to]
                        .wants_from[target.from]
                        .match(target.record.family, target.record.family_name)
                        .any;
    sides_[to].engine->show_relay(now, target.stream, target.visible, target.record.relay.via,
                                  sides_[to].out);
  }
  keep_wanted(passed);
}

// From the best way on the other sides, but not to where the origin itself is heard.
bool Hub::aim(Instant now, const Key& key, Target& target, SideIndex to,
              const std::vector<Way>& ways) {
  SideIndex from = sides_.size();
  for (SideIndex i = 0; i < ways.size(); ++i)
    if (i != to && ways[i].is() && (from == sides_.size() || ways[i].better_than(ways[from])))
      from = i;
  if (from == sides_.size() || (ways[to].is() && ways[to].hops == 0 && !DTS_CANARY(90)))
    return false;
  const Way& way = ways[from];
  if (way.hops >= proto::kHopsMax - (DTS_CANARY(91) ? 1 : 0)) {
    ++counters_.hops_exceeded;
    return false;
  }
  target.from = from;
  target.record = *way.record;
  // The pace comes from the receivers on the stream's own side, the hub among them.
  target.record.waits = false;
  proto::Relay& relay = target.record.relay;
  if (!relay.any()) relay = {key.first, key.second, way.peer->host, way.peer->name, {}};
  relay.via.push_back(options_.id);
  if (target.stream) return true;
  const auto opened = sides_[to].engine->open_stream(now, target.record, {}, sides_[to].out);
  if (!opened) {
    ++counters_.streams_refused;
    return false;
  }
  target.stream = *opened;
  describe(now, target, to);
  return true;
}

// Its documents, for whoever asks on that side.
void Hub::describe(Instant now, const Target& target, SideIndex to) {
  const auto share = [&](TypeId id) {
    proto::Engine& from = *sides_[target.from].engine;
    const ByteView document = from.document_of(id);
    if (document.empty())
      from.want_document(now, id, sides_[target.from].out);
    else
      sides_[to].engine->offer_document(id, Bytes(document.begin(), document.end()));
  };
  share(target.record.type);
  if (!target.record.binding.is_zero()) share(proto::document_id(target.record.binding));
}

// While somebody on any side wants what comes from one, all keep it, so that a subscriber who comes
// later has a past, and a hub that stands by can go on.
void Hub::keep_wanted(Passed& passed) {
  for (SideIndex to = 0; to < sides_.size(); ++to) {
    Target& target = passed.targets[to];
    if (!target.stream) continue;
    target.kept =
        std::any_of(passed.targets.begin(), passed.targets.end(), [&](const Target& other) {
          return other.stream && other.wanted && other.from == target.from;
        });
    if (target.kept) {
      waiting_ = waiting_ || !target.given;
    } else {
      target.given = false;
      sides_[to].engine->end_relay(target.stream);
    }
  }
}

// Streams nobody has any more. One that another hub passed on may come back by a third.
void Hub::drop_gone(Instant now, const Ways& ways) {
  for (auto i = passed_.begin(); i != passed_.end();) {
    Passed& passed = i->second;
    if (ways.contains(i->first)) {
      ++i;
      continue;
    }
    if (passed.gone == Instant::max()) passed.gone = now;
    const Instant end = passed.gone + (passed.relayed ? options_.linger : Duration(0));
    if (now < end) {
      review_due_ = std::min(review_due_, end);
      ++i;
      continue;
    }
    for (SideIndex to = 0; to < sides_.size(); ++to) close(now, to, passed.targets[to]);
    i = passed_.erase(i);
  }
}

void Hub::close(Instant now, SideIndex to, Target& target) {
  if (target.stream) sides_[to].engine->close_stream(now, target.stream, sides_[to].out);
  target = {};
}

}  // namespace dts::hub
