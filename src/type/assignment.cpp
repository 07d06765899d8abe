// Who can read whom: pairs of named types are worked off one after the other (a pair met again
// refers back to the first), so that depth stays bounded however the types refer to each other.
#include <dts/assignment.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <base/assert.hpp>
#include <type/conversion.hpp>
#include <type/default_value.hpp>

namespace dts {

namespace {

const char* noun(Kind kind) { return kind == Kind::union_ ? "case" : "field"; }

bool has_ids(const TypeNode& node) { return !node.fields.empty() && node.fields[0].id; }

bool has_alias(const Field& field, const std::string& name) {
  return std::find(field.aliases.begin(), field.aliases.end(), name) != field.aliases.end();
}

bool same_name(const Field& a, const Field& b) {
  return a.name == b.name || has_alias(a, b.name) || has_alias(b, a.name);
}

std::string unit_of(const Field& field) {
  std::string text;
  if (!field.unit.empty()) text = " [" + field.unit + "]";
  if (!field.quantity.empty()) text += " #" + field.quantity;
  return text;
}

// Why values measured as `p` cannot stand for values measured as `s`; empty: they can.
std::string unit_problem(const Field& p, const Field& s) {
  if (p.unit != s.unit) {
    if (p.unit.empty()) return "the publisher declares no unit";
    if (s.unit.empty()) return "the subscriber declares no unit";
    return "the units differ";
  }
  return p.quantity == s.quantity ? "" : "the quantities differ";
}

}  // namespace

class AssignmentMaker {
 public:
  AssignmentMaker(const Type& publisher, const Type& subscriber, const AssignmentOptions& options)
      : options_(options) {
    result_.publisher_ = publisher;
    result_.subscriber_ = subscriber;
  }

  Assignment make() {
    if (publisher().name() != subscriber().name() && !options_.shape) {
      refuse("", publisher().name() + " is not " + subscriber().name(),
             "subscribe to " + publisher().name());
    } else if (publisher().root().kind != subscriber().root().kind) {
      refuse_kinds("", publisher().root(), subscriber().root());
    } else {
      pair(0, 0, "");
      for (std::size_t i = 0; i < result_.pairs_.size(); ++i) work_off(i);
    }
    conclude();
    return std::move(result_);
  }

 private:
  // The field a conversion belongs to: where, and with which units it is written in reasons.
  struct Place {
    std::string path;
    std::string from_unit, to_unit;
    const Field* to = nullptr;  // null inside a list, array, map or optional
    Place inside(const char* mark) const { return {path + mark, from_unit, to_unit, nullptr}; }
  };
  using Match = std::pair<std::uint32_t, std::uint32_t>;

  const Type& publisher() const { return result_.publisher_; }
  const Type& subscriber() const { return result_.subscriber_; }

  void refuse(std::string path, std::string reason, std::string hint) {
    result_.refusals_.push_back({std::move(path), std::move(reason), std::move(hint)});
  }
  void refuse_kinds(const std::string& path, const TypeNode& from, const TypeNode& to) {
    refuse(path,
           "the " + std::string(kind_name(from.kind)) + " " + from.name +
               " cannot be read as the " + std::string(kind_name(to.kind)) + " " + to.name,
           "give one of them another name");
  }
  // "tank: i32 read as i64"
  void note(const std::string& path, const std::string& text) {
    result_.differences_.push_back(path.empty() ? text : path + ": " + text);
  }

  static std::string join(const std::string& path, const std::string& name) {
    return path.empty() ? name : path + "." + name;
  }

  void conclude() {
    if (!result_.refusals_.empty()) {
      result_.outcome_ = Outcome::refused;
      result_.pairs_.clear();
    } else if (publisher() == subscriber()) {
      result_.outcome_ = Outcome::identical;
      result_.differences_.clear();
    } else {
      result_.outcome_ = checked_ ? Outcome::checked : Outcome::adapted;
      if (result_.differences_.empty()) note("", "the order, ids or flags of members differ");
    }
  }

  // The index of the pair, new or met before.
  std::uint32_t pair(std::uint32_t from, std::uint32_t to, const std::string& path) {
    const auto next = static_cast<std::uint32_t>(result_.pairs_.size());
    const auto [entry, is_new] = pair_of_.emplace(Match{from, to}, next);
    if (is_new) {
      NodePair& added = result_.pairs_.emplace_back();
      added.from = from;
      added.to = to;
      paths_.push_back(path);
    }
    return entry->second;
  }

  void work_off(std::size_t index) {
    // By value: pairs_ grows on the way.
    NodePair pair = result_.pairs_[index];
    const std::string path = paths_[index];
    const TypeNode& from = publisher().nodes()[pair.from];
    const TypeNode& to = subscriber().nodes()[pair.to];
    if (from.kind == Kind::enumeration) {
      enumeration(from, to, path, pair);
    } else {
      members(from, to, path, pair);
    }
    result_.pairs_[index] = std::move(pair);
  }

  // ---- structs and unions

  void members(const TypeNode& from, const TypeNode& to, const std::string& path, NodePair& pair) {
    std::set<std::uint32_t> read;
    std::size_t matched = 0;
    for (const auto& [p, s] : match(from, to, path)) {
      const Field& field = from.fields[p];
      const std::string field_path = join(path, field.name);
      if (s == kNone) {
        unread(field, from, to, field_path);
        continue;
      }
      ++matched;
      if (s == kRefused) continue;
      read.insert(s);
      pair.members.push_back({p, s, member(field, to.fields[s], field_path)});
    }
    if (matched == 0 && !(from.fields.empty() && to.fields.empty())) {
      refuse(path,
             from.name + " has no " + noun(from.kind) + " in common with what is expected here",
             "dts type diff shows both");
    }
    for (std::uint32_t s = 0; s < to.fields.size(); ++s) {
      if (to.kind == Kind::structure && !read.contains(s) && !claimed_.contains(&to.fields[s])) {
        absent(to.fields[s], join(path, to.fields[s].name), s, pair);
      }
    }
    if (to.kind == Kind::union_ && to.closed && !from.closed) checked_ = true;
  }

  static constexpr std::uint32_t kNone = 0xffffffff;     // no such member
  static constexpr std::uint32_t kRefused = 0xfffffffe;  // one that contradicts

  // For every publisher member the subscriber's, in the publisher's order.
  std::vector<Match> match(const TypeNode& from, const TypeNode& to, const std::string& path) {
    claimed_.clear();
    return has_ids(from) && has_ids(to) ? match_by_id(from, to, path) : match_by_name(from, to);
  }

  // The id decides, and the name must agree: an id used again, or names swapped under the same ids,
  // would be read as something else without a sign.
  std::vector<Match> match_by_id(const TypeNode& from, const TypeNode& to,
                                 const std::string& path) {
    std::map<std::uint32_t, std::uint32_t> by_id;
    std::map<std::string_view, std::uint32_t> by_name;
    for (std::uint32_t s = 0; s < to.fields.size(); ++s) {
      by_id[*to.fields[s].id] = s;
      by_name[to.fields[s].name] = s;
    }
    std::vector<Match> matches;
    for (std::uint32_t p = 0; p < from.fields.size(); ++p) {
      const Field& field = from.fields[p];
      const auto same_id = by_id.find(*field.id);
      const auto other = by_name.find(field.name);
      if (same_id != by_id.end() && same_name(field, to.fields[same_id->second])) {
        matches.emplace_back(p, same_id->second);
        continue;
      }
      const bool contradicts = same_id != by_id.end() || other != by_name.end();
      matches.emplace_back(p, contradicts ? kRefused : kNone);
      const std::string field_path = join(path, field.name);
      if (same_id != by_id.end()) {
        const Field& mine = to.fields[same_id->second];
        claimed_.insert(&mine);
        refuse(field_path,
               "id @" + std::to_string(*field.id) + " is " + field.name + " there and " +
                   mine.name + " here",
               "if it was renamed, declare the old name as an alias");
      } else if (other != by_name.end()) {
        const Field& mine = to.fields[other->second];
        claimed_.insert(&mine);
        refuse(field_path,
               "its id is @" + std::to_string(*field.id) + " there and @" +
                   std::to_string(*mine.id) + " here",
               "give it the id it had");
      }
    }
    return matches;
  }

  std::vector<Match> match_by_name(const TypeNode& from, const TypeNode& to) {
    std::map<std::string_view, std::uint32_t> by_name, by_alias, theirs;
    for (std::uint32_t s = 0; s < to.fields.size(); ++s) by_name[to.fields[s].name] = s;
    for (const Field& field : from.fields) theirs.emplace(field.name, 0);
    for (std::uint32_t s = 0; s < to.fields.size(); ++s) {
      if (theirs.contains(to.fields[s].name)) continue;  // the name itself goes before its aliases
      for (const std::string& alias : to.fields[s].aliases) by_alias.emplace(alias, s);
    }
    std::set<std::uint32_t> taken;
    std::vector<Match> matches;
    for (std::uint32_t p = 0; p < from.fields.size(); ++p) {
      auto found = by_name.find(from.fields[p].name);
      const bool is_name = found != by_name.end();
      if (!is_name) found = by_alias.find(from.fields[p].name);
      const bool usable =
          is_name || (found != by_alias.end() && taken.insert(found->second).second);
      matches.emplace_back(p, usable ? found->second : kNone);
    }
    return matches;
  }

  // In P only.
  void unread(const Field& field, const TypeNode& from, const TypeNode& to,
              const std::string& path) {
    if (from.kind == Kind::union_) {
      if (to.closed) checked_ = true;
      return note(path, to.closed ? "a case not known here: the message is discarded"
                                  : "a case not known here: read as unknown");
    }
    if (field.key) {
      return refuse(path, "the key " + field.name + " is not read here",
                    "declare it as a key here");
    }
    if (field.must_understand) {
      return refuse(path, "it must be understood and is not declared here", "declare it here");
    }
    note(path, "not read here");
  }

  // In S only.
  void absent(const Field& field, const std::string& path, std::uint32_t index, NodePair& pair) {
    if (field.key) return refuse(path, "the publisher has no such key", "publish it as a key");
    if (field.default_value) {
      pair.absent.push_back(index);
      return note(path,
                  "not published, reads as its default " +
                      default_to_text(*field.default_value, field.type, subscriber().nodes()));
    }
    if (field.type.kind == Kind::optional) {
      pair.absent.push_back(index);
      return note(path, "not published, reads as none");
    }
    refuse(path, "the publisher has no such field, and it has no default",
           "declare a default or optional<" + subscriber().print(field.type) + ">");
  }

  Step member(const Field& from, const Field& to, const std::string& path) {
    const Place place{path, unit_of(from), unit_of(to), &to};
    if (from.name != to.name) note(path, "read as " + to.name);
    const std::size_t before = result_.refusals_.size();
    Step step = convert(from.type, to.type, place);
    const std::string problem = unit_problem(from, to);
    if (!problem.empty()) {
      const bool same_place =
          result_.refusals_.size() > before && result_.refusals_.back().path == path;
      if (same_place) {
        result_.refusals_.back().reason += ", and " + problem;
        result_.refusals_.back().hint =
            "declare " + publisher().print(from.type) + place.from_unit + " here";
      } else {
        refuse_types(from.type, to.type, place, problem, unit_hint(from, to));
      }
    }
    if (from.key != to.key) {
      refuse(path, from.key ? "it is a key there and none here" : "it is a key here and none there",
             "make it a key on both sides");
    } else if (from.key && step.conversion != Conversion::copy &&
               step.conversion != Conversion::enumeration && before == result_.refusals_.size()) {
      refuse_types(from.type, to.type, place, "a key keeps its type",
                   "declare " + publisher().print(from.type));
    }
    if (from.default_value != to.default_value && before == result_.refusals_.size())
      note_default(from, to, path);
    return step;
  }

  void note_default(const Field& from, const Field& to, const std::string& path) {
    const auto text = [](const Field& field, const Type& type) {
      return field.default_value ? default_to_text(*field.default_value, field.type, type.nodes())
                                 : std::string("none");
    };
    const std::string theirs = text(from, publisher()), ours = text(to, subscriber());
    if (theirs != ours) note(path, "default " + theirs + " there, " + ours + " here");
  }

  static std::string unit_hint(const Field& from, const Field& to) {
    if (from.unit.empty() != to.unit.empty()) return "declare the same unit on both sides";
    if (from.unit != to.unit) return "declare [" + from.unit + "] here";
    return "declare the same quantity tag on both sides";
  }

  // ---- the type of one field

  void refuse_types(const TypeRef& from, const TypeRef& to, const Place& place,
                    const std::string& why, std::string hint) {
    refuse(place.path,
           publisher().print(from) + place.from_unit + " cannot be read as " +
               subscriber().print(to) + place.to_unit + ": " + why,
           std::move(hint));
  }

  Step convert(const TypeRef& from, const TypeRef& to, const Place& place) {
    Step step;
    step.from = from;
    step.to = to;
    if (to.kind == Kind::optional) {
      const bool both = from.kind == Kind::optional;
      step.conversion = both ? Conversion::optional : Conversion::wrap;
      if (!both) note(place.path, "read as optional");
      // An optional that is not there on the other side stays within its field.
      Place inside = place;
      inside.to = nullptr;
      step.arguments.push_back(convert(both ? from.arguments[0] : from, to.arguments[0], inside));
      return step;
    }
    if (from.kind == Kind::optional) return unwrap(std::move(step), place);
    const bool many_from = from.kind == Kind::list || from.kind == Kind::array;
    const bool many_to = to.kind == Kind::list || to.kind == Kind::array;
    if (many_from && many_to) return elements(std::move(step), place);
    if (from.kind == Kind::map && to.kind == Kind::map) return entries(std::move(step), place);
    if (from.kind == Kind::reference && to.kind == Kind::reference)
      return named(std::move(step), place);
    const std::optional<Conversion> conversion = scalar_conversion(from.kind, to.kind);
    if (!conversion) {
      refuse_types(from, to, place, std::string(why_not(from.kind, to.kind)), hint_for(from));
      return step;
    }
    step.conversion = *conversion;
    if (*conversion != Conversion::copy) {
      note(place.path, publisher().print(from) + " read as " + subscriber().print(to));
    }
    return step;
  }

  std::string hint_for(const TypeRef& from) const {
    return "declare " + publisher().print(from) + " here";
  }

  Step unwrap(Step step, const Place& place) {
    step.conversion = Conversion::unwrap;
    if (place.to == nullptr || !place.to->default_value) {
      refuse_types(step.from, step.to, place, "it may be missing",
                   place.to == nullptr
                       ? hint_for(step.from)
                       : "declare a default or " + publisher().print(step.from) + " here");
      return step;
    }
    note(place.path, "when missing, reads as the default here");
    Place inside = place;
    inside.to = nullptr;
    step.arguments.push_back(convert(step.from.arguments[0], step.to, inside));
    return step;
  }

  Step elements(Step step, const Place& place) {
    const TypeRef &from = step.from, &to = step.to;
    if (from.kind == Kind::array && to.kind == Kind::array && from.length != to.length) {
      refuse_types(from, to, place, "the lengths differ", hint_for(from));
    }
    step.conversion = Conversion::list;
    if (from.kind == Kind::list && to.kind == Kind::array) {
      step.conversion = Conversion::array;
      checked_ = true;
      note(place.path, "a list read as " + std::to_string(to.length) +
                           " elements: another length discards the message");
    } else if (from.kind != to.kind) {
      note(place.path, "an array read as a list");
    }
    step.arguments.push_back(convert(from.arguments[0], to.arguments[0], place.inside("[]")));
    return step;
  }

  Step entries(Step step, const Place& place) {
    step.conversion = Conversion::map;
    const TypeRef from_key = step.from.arguments[0], to_key = step.to.arguments[0];
    if (from_key.kind != to_key.kind) {
      Place inside = place.inside("[key]");
      inside.from_unit.clear();
      inside.to_unit.clear();
      refuse_types(from_key, to_key, inside, "a map keeps its key type", hint_for(from_key));
      return step;
    }
    step.arguments.push_back(convert(from_key, to_key, place.inside("[key]")));
    step.arguments.push_back(
        convert(step.from.arguments[1], step.to.arguments[1], place.inside("[]")));
    return step;
  }

  Step named(Step step, const Place& place) {
    const TypeNode& from = publisher().nodes()[step.from.node];
    const TypeNode& to = subscriber().nodes()[step.to.node];
    if (from.name != to.name && !options_.shape) {
      refuse_types(step.from, step.to, place, "they are different types",
                   "use " + from.name + " here");
      return step;
    }
    if (from.kind != to.kind) {
      refuse_kinds(place.path, from, to);
      return step;
    }
    step.conversion = from.kind == Kind::structure     ? Conversion::structure
                      : from.kind == Kind::enumeration ? Conversion::enumeration
                                                       : Conversion::union_;
    step.pair = pair(step.from.node, step.to.node, place.path);
    return step;
  }

  // ---- enumerations

  void enumeration(const TypeNode& from, const TypeNode& to, const std::string& path,
                   NodePair& pair) {
    std::map<std::string_view, std::int32_t> value_of;
    std::map<std::int32_t, std::string_view> name_of;
    for (const Symbol& symbol : to.symbols) {
      value_of[symbol.name] = symbol.value;
      name_of[symbol.value] = symbol.name;
    }
    for (const Symbol& symbol : from.symbols) {
      const auto mine = value_of.find(symbol.name);
      if (mine != value_of.end()) {
        pair.symbols.emplace_back(symbol.value, mine->second);
        if (mine->second != symbol.value) {
          note(path, symbol.name + " is " + std::to_string(symbol.value) + " there and " +
                         std::to_string(mine->second) + " here");
        }
        continue;
      }
      if (to.closed) {
        checked_ = true;
        note(path, symbol.name + " is not known here: the message is discarded");
      } else if (const auto other = name_of.find(symbol.value); other != name_of.end()) {
        // Kept as a number it would read as another symbol.
        refuse(path,
               "the value " + std::to_string(symbol.value) + " is " + symbol.name + " there and " +
                   std::string(other->second) + " here",
               "give " + std::string(other->second) + " a value of its own");
      } else {
        note(path, symbol.name + " is not known here: kept as " + std::to_string(symbol.value));
      }
    }
    // An open enumeration may carry values without a symbol.
    if (to.closed && !from.closed) checked_ = true;
    if (from.closed != to.closed)
      note(path, from.closed ? "closed there, open here" : "open there, closed here");
    if (pair.symbols.empty()) {
      refuse(path, from.name + " has no symbol in common with what is expected here",
             "dts type diff shows both");
    }
    refuse_permuted(from, path, pair);
  }

  // Symbols that swapped their values (or moved round in a ring): somebody renumbered by mistake.
  void refuse_permuted(const TypeNode& from, const std::string& path, const NodePair& pair) {
    const std::map<std::int32_t, std::int32_t> moved(pair.symbols.begin(), pair.symbols.end());
    std::set<std::int32_t> seen;
    for (const auto& [start, end] : moved) {
      if (start == end) continue;
      std::set<std::int32_t> chain;
      std::int32_t at = start;
      while (!seen.contains(at) && chain.insert(at).second) {
        const auto next = moved.find(at);
        if (next == moved.end()) break;
        at = next->second;
        if (at != start) continue;
        std::string names;
        for (const Symbol& symbol : from.symbols) {
          if (chain.contains(symbol.value)) names += (names.empty() ? "" : ", ") + symbol.name;
        }
        refuse(path, "the values of " + names + " are exchanged", "give them back their values");
      }
      seen.insert(chain.begin(), chain.end());
    }
  }

  AssignmentOptions options_;
  Assignment result_;
  bool checked_ = false;
  std::map<Match, std::uint32_t> pair_of_;
  std::vector<std::string> paths_;  // of each pair, where it was met first
  std::set<const Field*> claimed_;  // of the pair at hand: refused already, so not absent as well
};

Assignment Assignment::make(const Type& publisher, const Type& subscriber,
                            const AssignmentOptions& options) {
  DTS_ASSERT(publisher.valid() && subscriber.valid());
  return AssignmentMaker(publisher, subscriber, options).make();
}

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::identical:
      return "identical";
    case Outcome::adapted:
      return "adapted";
    case Outcome::checked:
      return "checked";
    case Outcome::refused:
      return "refused";
  }
  return "unknown";
}

}  // namespace dts
