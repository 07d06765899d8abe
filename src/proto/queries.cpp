#include <proto/queries.hpp>

#include <algorithm>

namespace dts::proto {

using std::chrono::milliseconds;

Parts::Said Parts::add(std::uint16_t part, std::uint16_t parts) {
  constexpr std::uint16_t parts_max = 4096;
  if (parts > parts_max || part >= parts || (all_ != 0 && parts != all_)) return Said::absurd;
  all_ = parts;
  return said_.insert(part).second ? Said::fresh : Said::again;
}

AskedQueries::Asked& AskedQueries::open(Instant now, QueryToken token, Question question,
                                        Bytes body) {
  Asked& asked = asked_[token];
  asked.question = std::move(question);
  asked.body = std::move(body);
  asked.due = now + milliseconds(100);
  deadline_ = std::min(deadline_, asked.due);
  return asked;
}

AskedQueries::Asked* AskedQueries::find(QueryToken token) {
  const auto at = asked_.find(token);
  return at == asked_.end() ? nullptr : &at->second;
}

std::vector<AskedQueries::Asked*> AskedQueries::take_due(Instant now) {
  std::vector<Asked*> due;
  if (deadline_ > now) return due;
  deadline_ = Instant::max();
  for (auto& [token, asked] : asked_) {
    if (asked.due <= now) {
      ++asked.repeats;
      asked.due = now + milliseconds(asked.repeats < quick_repeats ? 100 << asked.repeats : 1000);
      due.push_back(&asked);
    }
    deadline_ = std::min(deadline_, asked.due);
  }
  return due;
}

bool HeardQueries::answered(const Heard& heard) {
  return !heard.parts.empty() &&
         std::all_of(heard.parts.begin(), heard.parts.end(), [](const Part& p) { return p.said; });
}

void HeardQueries::remove(std::map<Key, Heard>::iterator at, std::vector<StreamId>& lost) {
  bytes_ -= cost_of(at->second.question);
  for (const Part& part : at->second.parts) {
    bytes_ -= part.body.size();
    if (part.stream) lost.push_back(part.stream);
  }
  heard_.erase(at);
}

HeardQueries::Outcome HeardQueries::hear(Instant now, const NodeId& node, QueryToken token,
                                         Question question, Duration wait,
                                         std::vector<StreamId>& lost) {
  if (const auto at = heard_.find({node, token}); at != heard_.end()) {
    at->second.expires = now + kept_;  // it is still being waited for
    return Outcome::again;
  }
  // One that has its answer makes room: repeated, it would be answered anew and dropped there.
  const auto make_room = [&](auto first, auto last) {
    auto oldest = last;
    for (auto i = first; i != last; ++i)
      if (answered(i->second) && (oldest == last || i->second.expires < oldest->second.expires))
        oldest = i;
    if (oldest == last) return false;
    remove(oldest, lost);
    return true;
  };
  const auto begin = heard_.lower_bound({node, 0}), end = heard_.upper_bound({node, ~QueryToken{}});
  const auto of_node = static_cast<std::size_t>(std::distance(begin, end));
  if (of_node >= per_node_max_ && !make_room(begin, end)) return Outcome::refused;
  if (heard_.size() >= queries_max_ && !make_room(heard_.begin(), heard_.end()))
    return Outcome::refused;
  bytes_ += cost_of(question);
  Heard& heard = heard_[{node, token}];
  heard.node = node;
  heard.token = token;
  heard.question = std::move(question);
  heard.due = now + wait;
  heard.expires = now + kept_;
  deadline_ = std::min(deadline_, heard.due);
  return Outcome::fresh;
}

HeardQueries::Heard* HeardQueries::find(const NodeId& node, QueryToken token) {
  const auto at = heard_.find({node, token});
  return at == heard_.end() ? nullptr : &at->second;
}

std::vector<HeardQueries::Heard*> HeardQueries::take_due(Instant now) {
  std::vector<Heard*> due;
  if (deadline_ > now) return due;
  for (auto& [key, heard] : heard_) {
    if (heard.due > now) continue;
    heard.due = Instant::max();
    due.push_back(&heard);
  }
  return due;
}

std::vector<HeardQueries::Heard*> HeardQueries::take_withheld(const NodeId& node) {
  std::vector<Heard*> taken;
  for (auto i = heard_.lower_bound({node, 0}); i != heard_.end() && i->first.first == node; ++i)
    if (std::exchange(i->second.withheld, false)) taken.push_back(&i->second);
  return taken;
}

std::vector<StreamId> HeardQueries::expire(Instant now) {
  std::vector<StreamId> lost;
  if (deadline_ > now) return lost;
  deadline_ = Instant::max();
  for (auto i = heard_.begin(); i != heard_.end();) {
    const auto at = i++;
    if (at->second.expires <= now)
      remove(at, lost);
    else
      deadline_ = std::min({deadline_, at->second.due, at->second.expires});
  }
  return lost;
}

std::vector<StreamId> HeardQueries::forget(const NodeId& node) {
  std::vector<StreamId> lost;
  for (auto i = heard_.lower_bound({node, 0}); i != heard_.end() && i->first.first == node;)
    remove(i++, lost);
  return lost;
}

bool HeardQueries::say(Heard& heard, std::uint16_t part, std::uint16_t parts, Bytes body,
                       StreamId stream) {
  if (heard.parts.empty()) heard.parts.resize(parts);
  if (part >= heard.parts.size() || heard.parts[part].said) return false;
  bytes_ += body.size();
  heard.parts[part] = {true, stream, std::move(body)};
  return true;
}

}  // namespace dts::proto
