// Plan: how a publisher's values become a subscriber's, compiled from an Assignment and the
// subscriber's Layout, the same for every format. A format's decoder walks it while it reads: the
// conversion is fused into the store. What the bytes look like is the format's own business.
// Immutable once made; any thread. The Layout must outlive the plan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <base/endian.hpp>
#include <dts/assignment.hpp>
#include <dts/format.hpp>
#include <dts/layout.hpp>
#include <dts/value.hpp>

namespace dts::format {

struct PlanPair;

enum class Action : std::uint8_t {
  bits,    // same bits on both sides: bool, integers, floats, time, duration
  number,  // a number that is widened, narrowed or changes its unit
  text,
  bytes,
  decimal,
  any,
  enumeration,
  list,  // a list or array into a list or array
  map,
  optional,
  wrap,    // a T into an optional
  unwrap,  // an optional into a T, with a default
  structure,
  union_,
};

// How one value of the publisher's is stored into one place of the subscriber's.
struct PlanStep {
  Action action = Action::bits;
  Kind from = Kind::boolean;  // the publisher's kind, references resolved
  OnMisfit misfit = OnMisfit::discard;
  bool exact = false;                 // number: the field is narrow, and each value is checked
  const Layout* to = nullptr;         // how the place lies
  const TypeRef* source = nullptr;    // the publisher's type, in the publisher's nodes
  const PlanPair* pair = nullptr;     // structure, enumeration, union_
  const PlanStep* element = nullptr;  // list, map (the value), optional, wrap, unwrap
  const PlanStep* key = nullptr;      // map
  // unwrap: what an empty optional becomes; use_default: what does not fit becomes; null: an error.
  const void* fallback = nullptr;
  const UnitChange* unit = nullptr;  // number: another unit
};

// An f64 of another unit, which always fits: in_unit() is all it takes.
inline bool only_changes_unit(const PlanStep& step) {
  return step.action == Action::number && step.unit != nullptr && step.from == Kind::f64 &&
         step.to->kind == Kind::f64;
}

// One of the publisher's fields or cases.
struct PlanMember {
  const PlanStep* step = nullptr;  // null: the subscriber does not read it
  std::uint32_t to = 0;            // index into the subscriber's fields
  std::uint32_t offset = 0;        // of the place in the subscriber's struct
  bool required = false;           // may not be left out of the message
};

// Puts a copy of `from` in the place of `to`.
struct PlanFill {
  std::uint32_t offset = 0;
  const Layout* layout = nullptr;
};

// A named type of the publisher's and the one of the subscriber's it is read into.
struct PlanPair {
  std::uint32_t index = 0;  // into Plan::pairs()
  std::uint32_t node = 0;   // into the publisher's nodes
  const TypeNode* from = nullptr;
  const Layout* to = nullptr;
  std::vector<PlanMember> members;  // parallel to from->fields
  std::vector<PlanFill> absent;     // the subscriber's fields the publisher does not have
  // A subscriber's struct with the subscriber's defaults for `absent` and the publisher's,
  // converted, for what a message leaves out.
  const std::byte* defaults = nullptr;
  // enumeration: publisher's value -> subscriber's value, sorted; `same`: all equal.
  std::vector<std::pair<std::int32_t, std::int32_t>> symbols;
  bool same = true;
  // enumeration: so many values from the first on are stored as they are; 0: look at each.
  std::int64_t first_kept = 0;
  std::uint64_t kept = 0;
  bool keeps(std::int64_t symbol) const noexcept {
    return static_cast<std::uint64_t>(symbol) - static_cast<std::uint64_t>(first_kept) < kept;
  }
};

// Why a value could not be read or written. The path is built on the way out. Every encode and
// decode call has one, and nearly none needs its words: those are made when something fails.
class Failure {
 public:
  // All return false, so that `return failure.set(...)` reads well.
  bool set(ErrorCode error_code, std::string what_text, std::string why_text = {},
           std::string hint_text = {});
  // As set(), of a value that does not fit.
  bool set_misfit(ErrorCode error_code, std::string what_text, std::string why_text = {},
                  std::string hint_text = {});
  // The reason and the hint of what was set, said later.
  bool because(std::string why_text);
  bool hint(std::string hint_text);
  bool in(std::string_view segment);
  bool in(std::size_t index) { return in(std::string_view(std::to_string(index))); }

  bool is_set() const noexcept { return words_ != nullptr; }
  // The message is right, but a value does not fit the subscriber's field.
  bool is_misfit() const noexcept { return words_ != nullptr && words_->misfit; }
  // The value is of another type than was expected, and nothing says which.
  bool lacks_reason() const noexcept {
    return words_ != nullptr && words_->code == ErrorCode::wrong_value && words_->why.empty();
  }
  Error error() const;

 private:
  struct Words {
    ErrorCode code = ErrorCode::decode;
    bool misfit = false;
    std::string what, why, hint, path;
  };
  Words& words();

  std::unique_ptr<Words> words_;
};

// What is left of what one message may make us do: levels of nesting and bytes of memory.
struct Allowance {
  std::uint32_t depth = 0;
  std::uint64_t bytes = 0;

  Allowance(const DecodeLimits& limits, std::size_t message_bytes);
  bool take(std::uint64_t count, std::uint64_t each, Failure& failure) {
    if (each != 0 && count > bytes / each) return refuse_bytes(failure);
    bytes -= count * each;
    return true;
  }
  bool enter(Failure& failure) {
    if (depth == 0) return refuse_depth(failure);
    --depth;
    return true;
  }
  void leave() { ++depth; }

 private:
  static bool refuse_bytes(Failure& failure);
  static bool refuse_depth(Failure& failure);
};

class Plan {
 public:
  // `possible`: the format leaves values out, so the publisher's defaults are prepared as well.
  enum class Omission { never, possible };
  static Result<std::unique_ptr<const Plan>> make(const Assignment& assignment,
                                                  const Layout& layout, Omission omission);
  ~Plan();
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  const Type& publisher() const noexcept { return publisher_; }
  const PlanStep& root() const noexcept { return *root_; }
  const std::deque<PlanPair>& pairs() const noexcept { return pairs_; }

 private:
  friend class PlanMaker;
  struct Block {
    const Layout* layout;
    std::unique_ptr<std::byte[]> memory;
  };
  Plan() = default;

  Type publisher_;  // keeps the nodes alive
  const PlanStep* root_ = nullptr;
  std::deque<PlanStep> steps_;
  std::vector<UnitChange> units_;
  std::deque<PlanPair> pairs_;
  std::vector<Block> blocks_;
};

// The low bytes of an integer.
inline void store_low(void* to, std::uint64_t value, std::size_t size) {
  switch (size) {
    case 1:
      return base::store(to, static_cast<std::uint8_t>(value));
    case 2:
      return base::store(to, static_cast<std::uint16_t>(value));
    case 4:
      return base::store(to, static_cast<std::uint32_t>(value));
    default:
      base::store(to, value);
  }
}

// All stores: false means that the value does not fit, and `failure` says so. A field that wants
// its default instead has got it, and the store is true.

// Stores of a number of the publisher's kind.
bool store_signed(const PlanStep& step, void* to, std::int64_t value, Failure& failure);
bool store_unsigned(const PlanStep& step, void* to, std::uint64_t value, Failure& failure);
bool store_real(const PlanStep& step, void* to, double value, Failure& failure);
// A value of the publisher's enumeration.
bool look_up_symbol(const PlanStep& step, void* to, std::int64_t value, Failure& failure);
inline bool store_symbol(const PlanStep& step, void* to, std::int64_t value, Failure& failure) {
  if (!step.pair->keeps(value)) return look_up_symbol(step, to, value, failure);
  store_low(to, static_cast<std::uint64_t>(value), step.to->width);
  return true;
}
// The publisher's optional is empty; `step` is optional or unwrap.
bool store_empty(const PlanStep& step, void* to, Failure& failure);
// The publisher's union holds no case, or one the subscriber does not know.
bool store_no_case(const PlanStep& step, void* to, Failure& failure);
// The subscriber's fields that the publisher lacks.
void store_absent(const PlanPair& pair, void* to);
void store_default(const PlanPair& pair, const PlanMember& member, void* to);

// A value that holds others, one level deeper: `run` has a function for each.
template <class Run>
bool read_nested(Run& run, const PlanStep& step, void* to, Allowance& allowance, Failure& failure) {
  if (!allowance.enter(failure)) return false;
  bool fine;
  switch (step.action) {
    case Action::list:
      fine = run.list(step, to);
      break;
    case Action::map:
      fine = run.map(step, to);
      break;
    case Action::structure:
      fine = run.structure(step, to);
      break;
    case Action::union_:
      fine = run.held_case(step, to);
      break;
    default:
      fine = run.any(step, *static_cast<Any*>(to));
  }
  allowance.leave();
  return fine;
}

// A decoder calls this when it could not store the value of `member` into the struct `to`. True: a
// part of the value did not fit and the field wants its default, which is there now. The decoder
// then passes over the value, or what is left of it, and goes on.
bool recover(const PlanMember& member, void* to, Failure& failure);

// Makes the list or array `to` hold the first `kept` of the `count` elements of a message: all, or,
// where the field wants its list trimmed, as many as its array has. `first` is where they lie. The
// decoder passes over the others.
bool resize(const PlanStep& step, void* to, std::size_t count, std::size_t& kept, std::byte*& first,
            Failure& failure);
// The same for a list of which nothing is trimmed.
bool resize(const Layout& list, void* to, std::size_t count, std::byte*& first, Failure& failure);
// Are elements that an array has no place for passed over?
inline bool trims(const PlanStep& step) {
  return step.misfit == OnMisfit::trim && step.to->kind == Kind::array;
}

// Bytes of a message that lie in **owner become those of a Blob without a copy, if they are worth
// keeping all of the message for. False: not done, copy them.
inline constexpr std::size_t borrow_bytes_min = 4096;
inline bool borrow(const Layout& layout, void* to, ByteView bytes,
                   const std::shared_ptr<const Bytes>* owner) {
  if (owner == nullptr || layout.functions.borrow == nullptr || bytes.size() < borrow_bytes_min)
    return false;
  layout.functions.borrow(layout, to, bytes, *owner);
  return true;
}

// A key on its way into a map.
class MapKey {
 public:
  explicit MapKey(const Layout& layout);
  ~MapKey() { layout_.destroy(place_); }
  MapKey(const MapKey&) = delete;
  MapKey& operator=(const MapKey&) = delete;
  void* place() noexcept { return place_; }

 private:
  const Layout& layout_;
  alignas(std::max_align_t) std::byte place_[64];
};
// What an entry of a map costs in memory, with what its tree needs.
inline std::uint64_t map_entry_bytes(const Layout& map) {
  return std::uint64_t{map.key->size} + map.element->size + 48;
}

// Overwrites the constructed value `to` with a copy of `from`.
void overwrite(const Layout& layout, void* to, const void* from);

// The integer of an enumeration in memory.
std::int64_t load_symbol(const Layout& layout, const void* from);
bool is_symbol_of(const TypeNode& node, std::int64_t value);
const Symbol* find_symbol(const TypeNode& node, std::int64_t value);
std::string kind_text(Kind kind);

}  // namespace dts::format
