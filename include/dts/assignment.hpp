// Assignment: can a subscriber of type S read a publisher of type P, and how, field by field?
// Computed once per pair; the formats compile their decode plans from it. Immutable; any thread.
// The rules are in docs/reference/types.md ("Who can read whom").
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dts/type.hpp>

namespace dts {

enum class Outcome : std::uint8_t {
  identical,  // the same exact type
  adapted,    // differs, and cannot fail at run time
  checked,    // differs, and may fail per message
  refused,    // with a reason and a path
};
std::string_view outcome_name(Outcome outcome);

// Why not: `path` is the field ("pressure.value"), `reason` one line
// ("f64 [bar] cannot be read as i32 [kPa]: would round"), `hint` what to try.
struct Refusal {
  std::string path;
  std::string reason;
  std::string hint;

  // The one text of it, wherever it is shown: "pressure: ... (try: declare f64 [bar] here)".
  std::string text() const;
};

// How one value is turned into another.
enum class Conversion : std::uint8_t {
  copy,         // same kind, same meaning
  widen,        // exact: iN->iM, uN->uM, uN->iM, f32->f64, ints that fit f64 or f32
  narrow,       // what the field asked for: checked value by value
  structure,    // `pair` says how, member by member
  enumeration,  // by symbol through `pair`
  union_,       // by case through `pair`
  list,         // list->list, array->list, array->array of the same length: `element`
  array,        // list->array, array->shorter array: checked on length, `element`
  map,          // `key`, `element`
  optional,     // optional<T> -> optional<U>: `element`
  wrap,         // T -> optional<U>: `element`
  unwrap,       // optional<T> -> U with a default (or checked): `element`
};

// A change of unit, composed from exact fractions: y = x * scale + offset, or with `offset_first`
// y = (x + offset) * scale. Each constant is the sum of two doubles, so that the result is the
// exact one, rounded once.
struct UnitChange {
  double scale = 1, scale_low = 0;
  double offset = 0, offset_low = 0;
  bool offset_first = false;
  std::int64_t factor = 0;  // integer to integer: y = x * factor; 0: there is no such factor
  std::string text;         // "(x - 32)*5/9"
};

struct Step {
  Conversion conversion = Conversion::copy;
  OnMisfit misfit = OnMisfit::discard;  // of the field; discard within lists, arrays and maps
  std::uint32_t pair = 0;               // structure, enumeration, union_: index into pairs()
  std::uint32_t unit = no_unit;         // copy, widen, narrow: index into units()
  const TypeRef* from = nullptr;        // in the publisher's nodes
  const TypeRef* to = nullptr;          // in the subscriber's nodes
  std::vector<Step>
      arguments;  // list, array, optional, wrap, unwrap: [element]; map: [key, element]
  static constexpr std::uint32_t no_unit = 0xffffffff;
};

// One member of P read into one member of S.
struct MemberStep {
  std::uint32_t from = 0;  // index into the publisher node's fields
  std::uint32_t to = 0;    // index into the subscriber node's fields
  Step step;
};

// A (publisher node, subscriber node) pair. Recursion refers back to an earlier pair.
struct NodePair {
  std::uint32_t from = 0;             // publisher node
  std::uint32_t to = 0;               // subscriber node
  std::vector<MemberStep> members;    // structure, union_: in the publisher's order
  std::vector<std::uint32_t> absent;  // structure: S members that P lacks: default or empty
  // enumeration: (publisher value, subscriber value) by symbol, sorted by the former. A value not
  // listed is kept as it is when S is open; when S is closed it does not fit.
  std::vector<std::pair<std::int32_t, std::int32_t>> symbols;
};

// What a subscription may loosen.
struct AssignmentOptions {
  // A unit declared on one side only is taken to hold on the other as well.
  bool lenient_units = false;
  // Named types are compared by what they hold, whatever they are called. A field then counts only
  // when it has a unit or a quantity tag on both sides, or the same name and exactly the same type.
  bool shape = false;
};

class Assignment {
 public:
  // Never fails: a refusal is a result. `publisher` and `subscriber` are kept.
  static Assignment make(const Type& publisher, const Type& subscriber,
                         const AssignmentOptions& options = {});

  Outcome outcome() const noexcept { return outcome_; }
  bool readable() const noexcept { return outcome_ != Outcome::refused; }
  bool converts_units() const noexcept { return converts_units_; }
  const Type& publisher() const noexcept { return publisher_; }
  const Type& subscriber() const noexcept { return subscriber_; }
  // Every reason, outer types first, each in the order of the publisher's members; empty unless
  // refused.
  const std::vector<Refusal>& refusals() const& noexcept { return refusals_; }
  std::vector<Refusal> refusals() && { return std::move(refusals_); }
  // What differs though it can be read, for people: "field \"tank\": i32 read as i64".
  const std::vector<std::string>& differences() const& noexcept { return differences_; }
  std::vector<std::string> differences() && { return std::move(differences_); }
  // pairs()[0] is the root pair; empty when refused.
  const std::vector<NodePair>& pairs() const& noexcept { return pairs_; }
  std::vector<NodePair> pairs() && { return std::move(pairs_); }
  const std::vector<UnitChange>& units() const& noexcept { return units_; }
  std::vector<UnitChange> units() && { return std::move(units_); }

 private:
  friend class AssignmentMaker;
  Outcome outcome_ = Outcome::refused;
  bool converts_units_ = false;
  Type publisher_, subscriber_;
  std::vector<Refusal> refusals_;
  std::vector<std::string> differences_;
  std::vector<NodePair> pairs_;
  std::vector<UnitChange> units_;
};

// What differs between two types, member by member, for people: unchanged lines start with "  ",
// those of `a` only with "- ", those of `b` only with "+ ". Named types that are equal are left
// out; empty when the types are identical.
std::string diff(const Type& a, const Type& b);

}  // namespace dts
