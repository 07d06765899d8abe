// Who can read whom: pairs of named types are worked off one after the other (a pair met again
// refers back to the first), so that depth stays bounded however the types refer to each other.
// Made once per pair of types while a message waits: what only people read is put together when
// there is something to tell.
#include <dts/assignment.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include <base/assert.hpp>
#include <type/assignment_match.hpp>
#include <type/conversion.hpp>
#include <type/default_value.hpp>
#include <type/unit.hpp>

namespace dts {

namespace {

const char* noun(Kind kind) { return kind == Kind::union_ ? "case" : "field"; }

std::string unit_of(const Field& field) {
  std::string text;
  if (!field.unit.empty()) text = " [" + field.unit + "]";
  if (!field.quantity.empty()) text += " #" + field.quantity;
  return text;
}

bool is_number(Kind kind) { return kind >= Kind::i8 && kind <= Kind::f64; }
bool is_integer(Kind kind) { return kind >= Kind::i8 && kind <= Kind::u64; }

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
      pair(0, 0, "", OnMisfit::discard);
      for (std::size_t i = 0; i < result_.pairs_.size(); ++i) work_off(i);
    }
    conclude();
    return std::move(result_);
  }

 private:
  // Where a conversion takes place: in which fields, how deep, and what the field asks for.
  struct Place {
    const std::string& base;  // the path of the struct
    const Field& from;
    const Field& to;
    std::uint32_t unit = Step::no_unit;
    OnMisfit misfit = OnMisfit::discard;
    bool direct = true;      // the field itself, so that its default counts
    std::string marks = {};  // "[]" within a list

    std::string path() const { return (base.empty() ? "" : base + ".") + from.name + marks; }
    Place inside(const char* mark) const {
      return {base, from, to, unit, OnMisfit::discard, false, marks + mark};
    }
    Place content() const { return {base, from, to, unit, misfit, false, marks}; }
  };

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
  // What becomes of a value that does not fit.
  static std::string otherwise(OnMisfit misfit) {
    return misfit == OnMisfit::use_default ? "reads as the default here" : "discards the message";
  }

  void conclude() {
    if (!result_.refusals_.empty()) {
      result_.outcome_ = Outcome::refused;
      result_.pairs_.clear();
      result_.units_.clear();
    } else if (publisher() == subscriber()) {
      result_.outcome_ = Outcome::identical;
      result_.differences_.clear();
    } else {
      result_.outcome_ = checked_ ? Outcome::checked : Outcome::adapted;
      if (result_.differences_.empty()) note("", "the order, ids or flags of members differ");
    }
    result_.converts_units_ = !result_.units_.empty();
  }

  // The index of the pair, new or met before.
  std::uint32_t pair(std::uint32_t from, std::uint32_t to, std::string path, OnMisfit misfit) {
    const std::uint64_t match = std::uint64_t{from} << 32 | to;
    const auto at =
        std::lower_bound(pair_of_.begin(), pair_of_.end(), match,
                         [](const auto& row, std::uint64_t wanted) { return row.first < wanted; });
    if (at != pair_of_.end() && at->first == match) return at->second;
    const auto next = static_cast<std::uint32_t>(result_.pairs_.size());
    pair_of_.insert(at, {match, next});
    NodePair& added = result_.pairs_.emplace_back();
    added.from = from;
    added.to = to;
    met_.push_back({std::move(path), misfit});
    return next;
  }

  void work_off(std::size_t index) {
    // By value: pairs_ and met_ grow on the way.
    NodePair pair = std::move(result_.pairs_[index]);
    const Met met = met_[index];
    const TypeNode& from = publisher().nodes()[pair.from];
    const TypeNode& to = subscriber().nodes()[pair.to];
    if (from.name != to.name) note(met.path, "it is called " + from.name + " there");
    if (from.kind == Kind::enumeration) {
      enumeration(from, to, met, pair);
    } else {
      members(from, to, met, pair);
    }
    result_.pairs_[index] = std::move(pair);
  }

  // Where a pair was met first, and what happens there to a value that does not fit.
  struct Met {
    std::string path;
    OnMisfit misfit;
  };

  // ---- structs and unions

  void members(const TypeNode& from, const TypeNode& to, const Met& met, NodePair& pair) {
    const MemberMatches matches = match_members(from, to);
    for (const MemberConflict& conflict : matches.conflicts)
      refuse(join(met.path, conflict.name), conflict.reason, conflict.hint);
    std::vector<bool> read(to.fields.size());
    std::size_t matched = 0;
    pair.members.reserve(from.fields.size());
    for (std::uint32_t p = 0; p < from.fields.size(); ++p) {
      const Field& field = from.fields[p];
      const std::uint32_t s = matches.to[p];
      if (s == MemberMatches::none) {
        unread(field, from, to, met);
        continue;
      }
      ++matched;
      if (s == MemberMatches::conflicting) continue;
      read[s] = true;
      const Field& mine = to.fields[s];
      if (from.name != to.name && !evident(field, mine)) {
        refuse(join(met.path, field.name),
               "under another name a field needs a unit, a quantity tag or exactly the same type",
               "declare " + publisher().print(field.type) + " here");
        continue;
      }
      pair.members.push_back({p, s, member(field, mine, met.path)});
    }
    if (matched == 0 && !(from.fields.empty() && to.fields.empty())) {
      refuse(met.path,
             from.name + " has no " + noun(from.kind) + " in common with what is expected here",
             "dts type diff shows both");
    }
    for (std::uint32_t s = 0; to.kind == Kind::structure && s < to.fields.size(); ++s) {
      if (!read[s] && !matches.claimed[s])
        absent(to.fields[s], join(met.path, to.fields[s].name), s, pair);
    }
    if (to.kind == Kind::union_ && to.closed && !from.closed) checked_ = true;
  }

  // Shape: do the two fields mean the same, though their structs have different names?
  bool evident(const Field& from, const Field& to) const {
    if (!from.unit.empty() && !to.unit.empty()) return true;
    if (!from.quantity.empty() && from.quantity == to.quantity) return true;
    return from.name == to.name && same_shape(from.type, to.type);
  }
  bool same_shape(const TypeRef& from, const TypeRef& to) const {
    if (from.kind != to.kind || from.length != to.length) return false;
    if (from.kind == Kind::reference)
      return publisher().nodes()[from.node].kind == subscriber().nodes()[to.node].kind;
    for (std::size_t i = 0; i < from.arguments.size(); ++i) {
      if (!same_shape(from.arguments[i], to.arguments[i])) return false;
    }
    return true;
  }

  // In P only.
  void unread(const Field& field, const TypeNode& from, const TypeNode& to, const Met& met) {
    std::string path = join(met.path, field.name);
    if (from.kind == Kind::union_) {
      if (to.closed) checked_ = true;
      return note(path, to.closed ? "a case not known here: " + otherwise(met.misfit)
                                  : "a case not known here: read as unknown");
    }
    if (field.key) {
      return refuse(std::move(path), "the key " + field.name + " is not read here",
                    "declare it as a key here");
    }
    if (field.must_understand) {
      return refuse(std::move(path), "it must be understood and is not declared here",
                    "declare it here");
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

  Step member(const Field& from, const Field& to, const std::string& base) {
    Place place{base, from, to};
    place.misfit = to.misfit;
    if (from.name != to.name) note(place.path(), "read as " + to.name);
    const std::size_t before = result_.refusals_.size();
    const UnitRelation relation = units(place);
    if (relation.change) {
      place.unit = static_cast<std::uint32_t>(result_.units_.size());
      result_.units_.push_back(*relation.change);
    }
    Step step = convert(from.type, to.type, place);
    if (!relation.problem.empty()) {
      const std::string path = place.path();
      const bool same_place =
          result_.refusals_.size() > before && result_.refusals_.back().path == path;
      if (same_place) {
        result_.refusals_.back().reason += ", and " + relation.problem;
        result_.refusals_.back().hint =
            "declare " + publisher().print(from.type) + unit_of(from) + " here";
      } else {
        refuse_types(from.type, to.type, place, relation.problem, relation.hint);
      }
    } else if (relation.change && before == result_.refusals_.size()) {
      note(place.path(), "[" + from.unit + "] read as [" + to.unit + "]: " + relation.change->text);
    }
    if (from.key != to.key) {
      refuse(place.path(),
             from.key ? "it is a key there and none here" : "it is a key here and none there",
             "make it a key on both sides");
    } else if (from.key && before == result_.refusals_.size() &&
               (step.unit != Step::no_unit || (step.conversion != Conversion::copy &&
                                               step.conversion != Conversion::enumeration))) {
      refuse_types(from.type, to.type, place, "a key keeps its type and unit",
                   "declare " + publisher().print(from.type) + unit_of(from) + " here");
    }
    if (from.default_value != to.default_value && before == result_.refusals_.size())
      note_default(from, to, place);
    return step;
  }

  void note_default(const Field& from, const Field& to, const Place& place) {
    const auto text = [](const Field& field, const Type& type) {
      return field.default_value ? default_to_text(*field.default_value, field.type, type.nodes())
                                 : std::string("none");
    };
    const std::string theirs = text(from, publisher()), ours = text(to, subscriber());
    if (theirs != ours) note(place.path(), "default " + theirs + " there, " + ours + " here");
  }

  // ---- units

  UnitRelation units(const Place& place) {
    const Field &from = place.from, &to = place.to;
    if (from.unit == to.unit && from.quantity == to.quantity) return {};
    if (from.unit.empty() != to.unit.empty()) {
      const Field& bare = from.unit.empty() ? from : to;
      if (options_.lenient_units && (bare.quantity.empty() || from.quantity == to.quantity)) {
        const Field& declared = from.unit.empty() ? to : from;
        note(place.path(), std::string("no unit ") + (from.unit.empty() ? "there" : "here") +
                               ", taken as" + unit_of(declared));
        return {};
      }
      return {
          from.unit.empty() ? "the publisher declares no unit" : "the subscriber declares no unit",
          "declare the same unit on both sides, or subscribe with lenient units",
          {}};
    }
    if (from.quantity != to.quantity) {
      return {from.unit == to.unit ? "the quantities differ" : "the units and quantities differ",
              "declare" + unit_of(from) + " here",
              {}};
    }
    return relate_units(from.unit, to.unit, from.quantity == "delta", !from.quantity.empty());
  }

  // ---- the type of one field

  void refuse_types(const TypeRef& from, const TypeRef& to, const Place& place,
                    const std::string& why, std::string hint) {
    refuse(place.path(),
           publisher().print(from) + unit_of(place.from) + " cannot be read as " +
               subscriber().print(to) + unit_of(place.to) + ": " + why,
           std::move(hint));
  }

  Step convert(const TypeRef& from, const TypeRef& to, const Place& place) {
    Step step;
    step.from = &from;
    step.to = &to;
    step.misfit = place.misfit;
    if (to.kind == Kind::optional) {
      const bool both = from.kind == Kind::optional;
      step.conversion = both ? Conversion::optional : Conversion::wrap;
      if (!both) note(place.path(), "read as optional");
      // An optional that is not there on the other side stays within its field.
      step.arguments.push_back(
          convert(both ? from.arguments[0] : from, to.arguments[0], place.content()));
      return step;
    }
    if (from.kind == Kind::optional) return unwrap(std::move(step), place);
    const bool many_from = from.kind == Kind::list || from.kind == Kind::array;
    const bool many_to = to.kind == Kind::list || to.kind == Kind::array;
    if (many_from && many_to) return elements(std::move(step), place);
    if (from.kind == Kind::map && to.kind == Kind::map) return entries(std::move(step), place);
    if (from.kind == Kind::reference && to.kind == Kind::reference)
      return named(std::move(step), place);
    return scalar(std::move(step), place);
  }

  Step scalar(Step step, const Place& place) {
    const Kind from = step.from->kind, to = step.to->kind;
    std::optional<Conversion> conversion = scalar_conversion(from, to);
    if (!conversion && place.to.narrow && can_narrow(from, to)) {
      conversion = Conversion::narrow;
      checked_ = true;
      note(place.path(), publisher().print(*step.from) + " read as " +
                             subscriber().print(*step.to) + ": what does not fit " +
                             otherwise(place.misfit));
    }
    if (!conversion) {
      std::string hint = hint_for(*step.from, place);
      if (can_narrow(from, to)) hint += ", or narrow to check each value";
      refuse_types(*step.from, *step.to, place, std::string(why_not(from, to)), std::move(hint));
      return step;
    }
    step.conversion = *conversion;
    if (*conversion == Conversion::widen) {
      note(place.path(),
           publisher().print(*step.from) + " read as " + subscriber().print(*step.to));
    }
    if (place.unit != Step::no_unit) change_unit(step, place);
    return step;
  }

  // Floats take any factor; integers only whole ones, and then may grow too large.
  void change_unit(Step& step, const Place& place) {
    const Kind from = step.from->kind, to = step.to->kind;
    if (!is_number(from) || !is_number(to)) {
      return refuse_types(*step.from, *step.to, place, "a decimal keeps its unit",
                          "declare" + unit_of(place.from) + " here");
    }
    step.unit = place.unit;
    if (!is_integer(to)) return;
    const std::int64_t factor = result_.units_[place.unit].factor;
    if (factor == 0) {
      return refuse_types(*step.from, *step.to, place, "would round",
                          "declare f64" + unit_of(place.to) + " here");
    }
    if (always_fits(from, factor, to)) return;
    checked_ = true;
    note(place.path(),
         "what is too large for " + subscriber().print(*step.to) + " " + otherwise(place.misfit));
  }

  // "declare f64 [kPa] here": the publisher's type, in the unit of the subscriber if it has one
  // that can be had.
  std::string hint_for(const TypeRef& from, const Place& place) const {
    return "declare " + publisher().print(from) +
           (place.unit == Step::no_unit ? "" : unit_of(place.to)) + " here";
  }

  Step unwrap(Step step, const Place& place) {
    step.conversion = Conversion::unwrap;
    const bool has_default = place.direct && place.to.default_value;
    if (!has_default && !place.to.narrow) {
      refuse_types(*step.from, *step.to, place, "it may be missing",
                   place.direct ? "declare a default or " + publisher().print(*step.from) + " here"
                                : hint_for(*step.from, place));
      return step;
    }
    if (!has_default) checked_ = true;
    note(place.path(), has_default ? "when missing, reads as the default here"
                                   : "when missing, discards the message");
    step.arguments.push_back(convert(step.from->arguments[0], *step.to, place.content()));
    return step;
  }

  Step elements(Step step, const Place& place) {
    const TypeRef &from = *step.from, &to = *step.to;
    const bool trims = place.misfit == OnMisfit::trim;
    step.conversion = Conversion::list;
    if (from.kind == Kind::array && to.kind == Kind::array && from.length != to.length) {
      if (trims && from.length > to.length) {
        step.conversion = Conversion::array;
        note(place.path(), "the first " + std::to_string(to.length) + " of " +
                               std::to_string(from.length) + " elements");
      } else {
        refuse_types(from, to, place, "the lengths differ",
                     hint_for(from, place) + (from.length > to.length ? ", or trim" : ""));
      }
    } else if (from.kind == Kind::list && to.kind == Kind::array) {
      step.conversion = Conversion::array;
      checked_ = true;
      note(place.path(), "a list read as " + std::to_string(to.length) + " elements: " +
                             (trims ? "what is longer is cut, a shorter one discards the message"
                                    : "another length " + otherwise(place.misfit)));
    } else if (from.kind != to.kind) {
      note(place.path(), "an array read as a list");
    }
    step.arguments.push_back(convert(from.arguments[0], to.arguments[0], place.inside("[]")));
    return step;
  }

  Step entries(Step step, const Place& place) {
    step.conversion = Conversion::map;
    const TypeRef &from_key = step.from->arguments[0], &to_key = step.to->arguments[0];
    Place key = place.inside("[key]");
    key.unit = Step::no_unit;
    if (from_key.kind != to_key.kind) {
      refuse(key.path(),
             publisher().print(from_key) + " cannot be read as " + subscriber().print(to_key) +
                 ": a map keeps its key type",
             "declare " + publisher().print(from_key) + " here");
      return step;
    }
    step.arguments.push_back(convert(from_key, to_key, key));
    step.arguments.push_back(
        convert(step.from->arguments[1], step.to->arguments[1], place.inside("[]")));
    return step;
  }

  Step named(Step step, const Place& place) {
    const TypeNode& from = publisher().nodes()[step.from->node];
    const TypeNode& to = subscriber().nodes()[step.to->node];
    if (from.name != to.name && !options_.shape) {
      refuse_types(*step.from, *step.to, place, "they are different types",
                   "use " + from.name + " here, or subscribe by shape");
      return step;
    }
    if (from.kind != to.kind) {
      refuse_kinds(place.path(), from, to);
      return step;
    }
    step.conversion = from.kind == Kind::structure     ? Conversion::structure
                      : from.kind == Kind::enumeration ? Conversion::enumeration
                                                       : Conversion::union_;
    step.pair = pair(step.from->node, step.to->node, place.path(), place.misfit);
    return step;
  }

  // ---- enumerations

  void enumeration(const TypeNode& from, const TypeNode& to, const Met& met, NodePair& pair) {
    const std::string& path = met.path;
    const SymbolMatches matches = match_symbols(from, to);
    pair.symbols = matches.common;
    for (const auto& [symbol, mine] : matches.moved) {
      note(path, symbol->name + " is " + std::to_string(symbol->value) + " there and " +
                     std::to_string(mine->value) + " here");
    }
    for (const Symbol* symbol : matches.unknown) {
      const Symbol* const other = symbol_of(to, symbol->value);
      if (to.closed) {
        checked_ = true;
        note(path, symbol->name + " is not known here: " + otherwise(met.misfit));
      } else if (other != nullptr) {
        // Kept as a number it would read as another symbol.
        refuse(path,
               "the value " + std::to_string(symbol->value) + " is " + symbol->name +
                   " there and " + other->name + " here",
               "give " + other->name + " a value of its own");
      } else {
        note(path, symbol->name + " is not known here: kept as " + std::to_string(symbol->value));
      }
    }
    if (from.name != to.name && !(matches.moved.empty() && matches.unknown.empty())) {
      refuse(path, "under another name an enumeration needs the same symbols and values",
             "use " + from.name + " here");
    }
    // An open enumeration may carry values without a symbol.
    if (to.closed && !from.closed) checked_ = true;
    if (from.closed != to.closed)
      note(path, from.closed ? "closed there, open here" : "open there, closed here");
    if (pair.symbols.empty()) {
      refuse(path, from.name + " has no symbol in common with what is expected here",
             "dts type diff shows both");
    }
    for (const std::string& names : matches.exchanged)
      refuse(path, "the values of " + names + " are exchanged", "give them back their values");
  }

  AssignmentOptions options_;
  Assignment result_;
  bool checked_ = false;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> pair_of_;  // sorted
  std::vector<Met> met_;                                          // of each pair
};

Assignment Assignment::make(const Type& publisher, const Type& subscriber,
                            const AssignmentOptions& options) {
  DTS_ASSERT(publisher.valid() && subscriber.valid());
  return AssignmentMaker(publisher, subscriber, options).make();
}

std::string Refusal::text() const {
  std::string line = path.empty() ? reason : path + ": " + reason;
  if (!hint.empty()) line += " (try: " + hint + ")";
  return line;
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
