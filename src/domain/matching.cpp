// Which publishers a subscription is about: by family, pattern or shape, with pins and labels; and
// how each announced type stands to it. All of it with the lock held, unless it says otherwise.
#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "domain/core.hpp"

namespace dts {

namespace {

using domain::Pin;

constexpr std::size_t pins_max = 256;

bool pinned(const Subscriber& subscriber, const Source& source) {
  return std::any_of(subscriber.pins.begin(), subscriber.pins.end(), [&](const Pin& pin) {
    return base::glob_match(pin.name, source.type_name) &&
           source.type.hex().compare(0, pin.id_prefix.size(), pin.id_prefix) == 0;
  });
}

// "brewery.Temperature", "brewery.*", "brewery.Temperature@9f3a7c1e", "@9f3a7c1e"
Result<Pin> parse_pin(const std::string& text) {
  const std::size_t at = text.find('@');
  Pin pin{text.substr(0, at), at == std::string::npos ? std::string() : text.substr(at + 1)};
  if (pin.name.empty() && at == 0) pin.name = "*";
  const bool named = DomainCore::is_glob(pin.name) || is_type_name(pin.name);
  const bool hex = pin.id_prefix.find_first_not_of("0123456789abcdef") == std::string::npos &&
                   (at == std::string::npos || !pin.id_prefix.empty());
  if (named && hex) return pin;
  return Error(ErrorCode::invalid_argument,
               "\"" + base::printable(text) + "\" is neither a family nor an exact type", "pin", {},
               "brewery.Temperature, or brewery.Temperature@9f3a7c1e");
}

}  // namespace

// A pattern's own literal name needs no pattern.
bool DomainCore::is_glob(std::string_view text) {
  return text.find_first_of("*?") != std::string_view::npos;
}

// Without the lock: the subscriber is nobody else's yet.
Result<void> DomainCore::select(Subscriber& subscriber) {
  const SubscribeOptions& options = subscriber.options;
  if (!options.pin.empty() && !subscriber.by_shape)
    return Error(ErrorCode::invalid_argument, "only a subscription by shape is pinned", "pin", {},
                 "subscribe_shape(), or the option `exact`");
  if (options.pin.size() > pins_max)
    return Error(ErrorCode::limit_reached, "too many pins", "pin", {},
                 "at most " + std::to_string(pins_max));
  for (const std::string& text : options.pin) {
    DTS_ASSIGN(Pin pin, parse_pin(text));
    subscriber.pins.push_back(std::move(pin));
  }
  if (subscriber.layout == nullptr) return domain::Selection::check(options);
  DTS_ASSIGN(subscriber.selection, domain::Selection::make(options, *subscriber.layout));
  return {};
}

// What the publishers are told: a family, or a pattern, each once.
std::vector<std::string> DomainCore::interests_of(const Subscriber& subscriber) {
  if (!subscriber.by_shape) return {subscriber.name};
  std::set<std::string> names;
  for (const Pin& pin : subscriber.pins) names.insert(pin.name);
  if (names.empty()) names.insert("*");
  return {names.begin(), names.end()};
}

bool DomainCore::matches(const Subscriber& subscriber, FamilyId family,
                         std::string_view name) const {
  if (!subscriber.by_pattern) return subscriber.family == family;
  if (!subscriber.by_shape) return base::glob_match(subscriber.name, name);
  const std::vector<Pin>& pins = subscriber.pins;
  return pins.empty() || std::any_of(pins.begin(), pins.end(), [&](const Pin& pin) {
           return base::glob_match(pin.name, name);
         });
}

bool DomainCore::matches(const Subscriber& subscriber, const proto::StreamRecord& record) const {
  return record.relay.node != engine_->node() &&
         matches(subscriber, record.family, record.family_name);
}

bool DomainCore::wanted(const proto::StreamRecord& record) const {
  if (record.relay.node == engine_->node()) return false;  // our own, come back by a hub
  if (by_family_.contains(record.family)) return true;
  for (const auto& [token, query] : queries_)
    if (matches(*query->subscriber, record)) return true;
  return std::any_of(by_pattern_.begin(), by_pattern_.end(),
                     [&](const Subscriber* s) { return matches(*s, record); });
}

Route::Verdict DomainCore::verdict_of(const Subscriber& subscriber, const Source& source) const {
  const SubscribeOptions& options = subscriber.options;
  if (options.exact && *options.exact != source.type) return Route::Verdict::filtered;
  if (!subscriber.pins.empty() && !pinned(subscriber, source)) return Route::Verdict::filtered;
  if (!options.source.empty() && !base::glob_match(options.source, source.name))
    return Route::Verdict::filtered;
  for (const auto& [key, value] : options.labels) {
    const auto found = source.labels.find(key);
    if (found == source.labels.end() || found->second != value) return Route::Verdict::filtered;
  }
  return Route::Verdict::deliver;
}

// By exact type, those that match first; then by name.
std::vector<Match> DomainCore::matches_of(std::uint64_t id) {
  Lock lock(*this);
  const std::shared_ptr<Subscriber> subscriber = find_subscriber(id);
  if (subscriber == nullptr) return {};
  std::map<std::pair<std::string, TypeId>, Match> by_type;
  for (const auto& [key, origin] : origins_) {
    for (const Route& to : origin->routes) {
      if (to.subscriber != subscriber) continue;
      const Source& source = *origin->source;
      Match& match = by_type[{source.type_name, source.type}];
      match.sources.push_back(source.name);
      const Match::State state = to.verdict == Route::Verdict::filtered  ? Match::State::filtered
                                 : to.plan == nullptr                    ? Match::State::unknown
                                 : to.verdict == Route::Verdict::refused ? Match::State::refused
                                                                         : Match::State::matched;
      const bool first = match.sources.size() == 1;
      if (!first && state != Match::State::matched) continue;  // one of its sources is enough
      match.type_name = source.type_name;
      match.type = source.type;
      match.state = state;
      if (to.plan == nullptr) continue;
      match.outcome = to.plan->outcome;
      match.differences = to.plan->differences;
      match.refusals = to.plan->reasons();
    }
  }
  std::vector<Match> all;
  for (auto& [key, match] : by_type) {
    std::sort(match.sources.begin(), match.sources.end());
    all.push_back(std::move(match));
  }
  std::stable_partition(all.begin(), all.end(),
                        [](const Match& m) { return m.state == Match::State::matched; });
  return all;
}

}  // namespace dts
