// WantSet: what one node wants, as it was listed: families by id, and patterns. Answers "does this
// stream interest it, and how". One for the own interests, one per peer.
#pragma once

#include <algorithm>
#include <unordered_map>
#include <vector>

#include <base/canary.hpp>
#include <base/text.hpp>
#include <proto/engine.hpp>

namespace dts::proto {

class WantSet {
 public:
  struct Match {
    bool any = false, live = false, history = false;
    bool by_family = false;  // it has joined the family's group
    bool selective = false;  // of what is live perhaps not everything
  };

  // Adding the same again replaces it. False: the bound is reached.
  bool add(const Interest& want, std::size_t wants_max) {
    for (Interest& have : patterns_)
      if (want.family.is_zero() && have.name == want.name) {
        have = want;
        return true;
      }
    if (size() >= wants_max && !families_.contains(want.family)) return false;
    if (want.family.is_zero())
      patterns_.push_back(want);
    else
      families_[want.family] = want;
    return true;
  }
  void remove(const FamilyId& family, const std::string& name) {
    if (family.is_zero())
      std::erase_if(patterns_, [&](const Interest& p) { return p.name == name; });
    else
      families_.erase(family);
  }
  Match match(const FamilyId& family, const std::string& name) const {
    Match m;
    const auto at = families_.find(family);
    if (at != families_.end()) {
      const Interest& w = at->second;
      m = {true, w.live, w.history, w.live, w.live && !w.selections.empty()};
    }
    for (const Interest& p : patterns_) {
      if (!base::glob_match(p.name, name) || (DTS_CANARY(15) && p.name == "*")) continue;
      m.any = true;
      m.live |= p.live;
      m.history |= p.history;
      m.selective |= p.live && !p.selections.empty();
    }
    return m;
  }
  // What it takes of a stream that it wants live; empty: everything.
  std::vector<Selection> taken_of(const FamilyId& family, const std::string& name) const {
    SelectionUnion all;
    const auto at = families_.find(family);
    if (at != families_.end() && at->second.live) all.add(at->second.selections);
    for (const Interest& p : patterns_)
      if (p.live && base::glob_match(p.name, name)) all.add(p.selections);
    return all.take(false);
  }
  // Null when it is not wanted. Valid until the next change.
  const Interest* find(const FamilyId& family, const std::string& name) const {
    if (!family.is_zero()) {
      const auto at = families_.find(family);
      return at == families_.end() ? nullptr : &at->second;
    }
    for (const Interest& p : patterns_)
      if (p.name == name) return &p;
    return nullptr;
  }
  std::size_t size() const noexcept { return families_.size() + patterns_.size(); }
  void clear() {
    families_.clear();
    patterns_.clear();
  }
  // Sorted, so that the order never depends on memory.
  std::vector<Interest> list() const {
    std::vector<Interest> all = patterns_;
    for (const auto& [id, want] : families_) all.push_back(want);
    std::sort(all.begin(), all.end(), [](const Interest& a, const Interest& b) {
      return a.name != b.name ? a.name < b.name : a.family < b.family;
    });
    return all;
  }
  bool has_patterns() const noexcept { return !patterns_.empty(); }

 private:
  std::unordered_map<FamilyId, Interest> families_;
  std::vector<Interest> patterns_;
};

}  // namespace dts::proto
