#include <format/plan.hpp>

#include <algorithm>
#include <base/assert.hpp>
#include <base/endian.hpp>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <format/convert.hpp>
#include <format/decode_tally.hpp>
#include <limits>
#include <map>
#include <type/unit_change.hpp>

namespace dts::format {

bool Failure::set(ErrorCode error_code, std::string what_text, std::string why_text,
                  std::string hint_text) {
  Words& said = words();
  said.code = error_code;
  said.misfit = false;
  said.what = std::move(what_text);
  said.why = std::move(why_text);
  said.hint = std::move(hint_text);
  return false;
}

bool Failure::set_misfit(ErrorCode error_code, std::string what_text, std::string why_text,
                         std::string hint_text) {
  set(error_code, std::move(what_text), std::move(why_text), std::move(hint_text));
  words_->misfit = true;
  return false;
}

bool Failure::because(std::string why_text) {
  words().why = std::move(why_text);
  return false;
}

bool Failure::hint(std::string hint_text) {
  words().hint = std::move(hint_text);
  return false;
}

bool Failure::in(std::string_view segment) {
  std::string& path = words().path;
  path = path.empty() ? std::string(segment) : std::string(segment) + "." + path;
  return false;
}

Error Failure::error() const {
  if (words_ == nullptr) return Error(ErrorCode::decode, {});
  return Error(words_->code, words_->what, words_->path, words_->why, words_->hint);
}

Failure::Words& Failure::words() {
  if (words_ == nullptr) words_ = std::make_unique<Words>();
  return *words_;
}

Allowance::Allowance(const DecodeLimits& limits, std::size_t message_bytes)
    : depth(limits.depth_max),
      bytes(std::min<std::uint64_t>(limits.allocation_bytes_max,
                                    std::uint64_t{message_bytes} * 64 + 64 * 1024)) {}

bool Allowance::refuse_bytes(Failure& failure) {
  return failure.set(ErrorCode::limit_reached, "the message needs too much memory",
                     "a message may grow to 64 times its size in memory");
}

bool Allowance::refuse_depth(Failure& failure) {
  return failure.set(ErrorCode::limit_reached, "the value is nested too deeply",
                     "64 levels are allowed");
}

std::string kind_text(Kind kind) { return std::string(kind_name(kind)); }

// ---- stores -------------------------------------------------------------------------------------

namespace {

// What does not fit: the default of a field that wants it, else the failure.
bool misfit(const PlanStep& step, void* to, Failure& failure, std::string what,
            std::string why = {}) {
  if (step.misfit == OnMisfit::use_default && step.fallback != nullptr) {
    overwrite(*step.to, to, step.fallback);
    ++decode_tally().defaulted;
    return true;
  }
  return failure.set_misfit(ErrorCode::wrong_value, std::move(what), std::move(why));
}

template <class From>
std::string number_text(From value) {
  if constexpr (std::is_integral_v<From>) {
    return std::to_string(value);
  } else {
    char text[40];
    std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value));
    return text;
  }
}

template <class From>
[[gnu::cold, gnu::noinline]] bool out_of_range(const PlanStep& step, void* to, From value,
                                               Failure& failure) {
  return misfit(step, to, failure,
                number_text(value) + " does not fit " + kind_text(step.to->kind));
}

template <class To, class From>
bool store_integer(const PlanStep& step, void* to, From value, Failure& failure) {
  if (!std::in_range<To>(value)) return out_of_range(step, to, value, failure);
  base::store(to, static_cast<To>(value));
  return true;
}

// Is the integer `value` the float `stored`, to the bit?
template <class To, class From>
bool is_exactly(To stored, From value) {
  // 2^63 and 2^64 are floats, but no integers: the cast back would be undefined.
  constexpr To limit =
      static_cast<To>(std::is_signed_v<From> ? 9223372036854775808.0 : 18446744073709551616.0);
  return stored < limit && static_cast<From>(stored) == value;
}

template <class To, class From>
bool store_float(const PlanStep& step, void* to, From value, Failure& failure) {
  const To stored = static_cast<To>(value);
  if constexpr (std::is_floating_point_v<From>) {
    if (step.exact && std::isinf(stored) && !std::isinf(value))
      return out_of_range(step, to, value, failure);
  } else if (step.exact && !is_exactly(stored, value)) {
    return out_of_range(step, to, value, failure);
  }
  base::store(to, stored);
  return true;
}

template <class From>
bool store_number(const PlanStep& step, void* to, From value, Failure& failure) {
  switch (step.to->kind) {
    case Kind::i8:
      return store_integer<std::int8_t>(step, to, value, failure);
    case Kind::i16:
      return store_integer<std::int16_t>(step, to, value, failure);
    case Kind::i32:
      return store_integer<std::int32_t>(step, to, value, failure);
    case Kind::i64:
    case Kind::time:
    case Kind::duration:
      return store_integer<std::int64_t>(step, to, value, failure);
    case Kind::u8:
      return store_integer<std::uint8_t>(step, to, value, failure);
    case Kind::u16:
      return store_integer<std::uint16_t>(step, to, value, failure);
    case Kind::u32:
      return store_integer<std::uint32_t>(step, to, value, failure);
    case Kind::u64:
      return store_integer<std::uint64_t>(step, to, value, failure);
    case Kind::f32:
      return store_float<float>(step, to, value, failure);
    case Kind::f64:
      return store_float<double>(step, to, value, failure);
    default:
      return failure.set(ErrorCode::decode,
                         "a number cannot be stored as " + kind_text(step.to->kind));
  }
}

bool is_real(Kind kind) { return kind == Kind::f32 || kind == Kind::f64; }

// A whole number in another unit, into a float, or by a whole factor.
template <class From>
bool store_in_unit(const PlanStep& step, void* to, From value, Failure& failure) {
  if (is_real(step.to->kind)) {
    const auto x = static_cast<double>(value);
    if (step.exact && !is_exactly(x, value)) return out_of_range(step, to, value, failure);
    const double y = in_unit(*step.unit, x);
    return step.to->kind == Kind::f32 ? store_float<float>(step, to, y, failure)
                                      : store_float<double>(step, to, y, failure);
  }
  const __int128 y = static_cast<__int128>(value) * step.unit->factor;  // at most 127 bits
  if (y < std::numeric_limits<std::int64_t>::min() || y > std::numeric_limits<std::uint64_t>::max())
    return out_of_range(step, to, value, failure);
  return y < 0 ? store_number(step, to, static_cast<std::int64_t>(y), failure)
               : store_number(step, to, static_cast<std::uint64_t>(y), failure);
}

[[gnu::cold, gnu::noinline]] bool no_float(const PlanStep& step, Failure& failure) {
  return failure.set(ErrorCode::decode, "a float cannot be stored as " + kind_text(step.to->kind));
}

}  // namespace

bool store_signed(const PlanStep& step, void* to, std::int64_t value, Failure& failure) {
  return step.unit != nullptr ? store_in_unit(step, to, value, failure)
                              : store_number(step, to, value, failure);
}

bool store_unsigned(const PlanStep& step, void* to, std::uint64_t value, Failure& failure) {
  return step.unit != nullptr ? store_in_unit(step, to, value, failure)
                              : store_number(step, to, value, failure);
}

bool store_real(const PlanStep& step, void* to, double value, Failure& failure) {
  if (step.unit != nullptr) value = in_unit(*step.unit, value);
  if (step.to->kind == Kind::f64) return store_float<double>(step, to, value, failure);
  if (step.to->kind == Kind::f32) return store_float<float>(step, to, value, failure);
  return no_float(step, failure);
}

bool is_symbol_of(const TypeNode& node, std::int64_t value) {
  return find_symbol(node, value) != nullptr;
}

const Symbol* find_symbol(const TypeNode& node, std::int64_t value) {
  const auto& symbols = node.symbols;  // sorted by value
  if (value >= 0 && value < static_cast<std::int64_t>(symbols.size()) &&
      symbols[static_cast<std::size_t>(value)].value == value) {
    return &symbols[static_cast<std::size_t>(value)];
  }
  const auto found = std::lower_bound(symbols.begin(), symbols.end(), value,
                                      [](const Symbol& s, std::int64_t v) { return s.value < v; });
  return found != symbols.end() && found->value == value ? &*found : nullptr;
}

namespace {

// Can the integer of this enumeration in memory have the value?
bool holds(const Layout& layout, std::int64_t value) {
  if (layout.width == 8) return layout.is_signed || value >= 0;
  const int bits = 8 * layout.width - (layout.is_signed ? 1 : 0);
  const std::int64_t end = std::int64_t{1} << bits;
  return value < end && value >= (layout.is_signed ? -end : 0);
}

}  // namespace

bool look_up_symbol(const PlanStep& step, void* to, std::int64_t value, Failure& failure) {
  const PlanPair& pair = *step.pair;
  if (!pair.same || pair.to->type.root().closed || pair.from->closed) {
    const auto found =
        std::lower_bound(pair.symbols.begin(), pair.symbols.end(), value,
                         [](const auto& row, std::int64_t v) { return row.first < v; });
    if (found != pair.symbols.end() && found->first == value) {
      value = found->second;
    } else if (pair.to->type.root().closed || pair.from->closed) {
      const TypeNode& closed = pair.from->closed ? *pair.from : pair.to->type.root();
      // A symbol only the publisher has is unknown to an open subscriber, and kept.
      if (!pair.from->closed || !is_symbol_of(*pair.from, value) || pair.to->type.root().closed) {
        return misfit(step, to, failure,
                      std::to_string(value) + " is not a symbol of " + closed.name,
                      "the enumeration is closed");
      }
    }
  }
  const Layout& layout = *step.to;
  if (!holds(layout, value)) {
    return misfit(
        step, to, failure,
        std::to_string(value) + " does not fit " + layout.type.name() + " in this program");
  }
  store_low(to, static_cast<std::uint64_t>(value), layout.width);
  return true;
}

std::int64_t load_symbol(const Layout& layout, const void* from) {
  switch (layout.width) {
    case 1:
      return layout.is_signed ? std::int64_t{base::load<std::int8_t>(from)}
                              : std::int64_t{base::load<std::uint8_t>(from)};
    case 2:
      return layout.is_signed ? std::int64_t{base::load<std::int16_t>(from)}
                              : std::int64_t{base::load<std::uint16_t>(from)};
    case 4:
      return layout.is_signed ? std::int64_t{base::load<std::int32_t>(from)}
                              : std::int64_t{base::load<std::uint32_t>(from)};
    default:
      return base::load<std::int64_t>(from);
  }
}

bool resize(const PlanStep& step, void* to, std::size_t count, std::size_t& kept, std::byte*& first,
            Failure& failure) {
  kept = trims(step) ? std::min<std::size_t>(count, step.to->length) : count;
  if (kept < count) ++decode_tally().trimmed;
  return resize(*step.to, to, kept, first, failure);
}

bool resize(const Layout& list, void* to, std::size_t count, std::byte*& first, Failure& failure) {
  if (list.kind == Kind::array) {
    if (count != list.length) {
      return failure.set_misfit(ErrorCode::wrong_value, std::to_string(count) + " elements, not " +
                                                            std::to_string(list.length));
    }
    // The elements of a value we were handed to overwrite.
    first = static_cast<std::byte*>(const_cast<void*>(list.functions.elements(list, to)));
    return true;
  }
  first = static_cast<std::byte*>(list.functions.resize(list, to, count));
  return true;
}

MapKey::MapKey(const Layout& layout) : layout_(layout) {
  DTS_ASSERT(layout.size <= sizeof place_);
  layout.construct(place_);
}

void overwrite(const Layout& layout, void* to, const void* from) {
  if (layout.functions.copy == nullptr) {
    std::memcpy(to, from, layout.size);
    return;
  }
  layout.destroy(to);
  layout.copy(to, from);
}

bool store_empty(const PlanStep& step, void* to, Failure& failure) {
  if (step.action == Action::optional) {
    step.to->functions.reset(*step.to, to);
    return true;
  }
  if (step.fallback == nullptr) {
    return failure.set_misfit(ErrorCode::missing_field, "no value",
                              "the publisher left an optional value out that the subscriber needs",
                              "make the field optional, or give it a default");
  }
  overwrite(*step.to, to, step.fallback);
  return true;
}

bool store_no_case(const PlanStep& step, void* to, Failure& failure) {
  const Layout& layout = *step.pair->to;
  if (layout.type.root().closed || layout.functions.choose == nullptr) {
    return misfit(step, to, failure, "no case that " + layout.type.name() + " knows",
                  "the union is closed");
  }
  layout.functions.choose(layout, to, Layout::no_case);
  return true;
}

bool recover(const PlanMember& member, void* to, Failure& failure) {
  const PlanStep& step = *member.step;
  if (!failure.is_misfit() || step.misfit != OnMisfit::use_default) return false;
  overwrite(*step.to, static_cast<std::byte*>(to) + member.offset, step.fallback);
  ++decode_tally().defaulted;
  failure = Failure();
  return true;
}

void store_absent(const PlanPair& pair, void* to) {
  for (const PlanFill& fill : pair.absent) {
    overwrite(*fill.layout, static_cast<std::byte*>(to) + fill.offset, pair.defaults + fill.offset);
  }
}

void store_default(const PlanPair& pair, const PlanMember& member, void* to) {
  overwrite(*member.step->to, static_cast<std::byte*>(to) + member.offset,
            pair.defaults + member.offset);
}

// ---- making -------------------------------------------------------------------------------------

class PlanMaker {
 public:
  PlanMaker(const Assignment& assignment, Plan::Omission omission, Plan& plan)
      : assignment_(assignment), omission_(omission), plan_(plan) {}

  Result<void> make(const Layout& layout) {
    plan_.publisher_ = assignment_.publisher();
    plan_.units_ = assignment_.units();
    const PlanPair* root = pair(0, layout);
    PlanStep& step = plan_.steps_.emplace_back();
    step.from = root->from->kind;
    step.action = action_of(step.from);
    step.to = &layout;
    step.pair = root;
    plan_.root_ = &step;
    return prepare_omitted();
  }

 private:
  static Action action_of(Kind named) {
    return named == Kind::structure     ? Action::structure
           : named == Kind::enumeration ? Action::enumeration
                                        : Action::union_;
  }

  std::byte* block(const Layout& layout) {
    // new[] of std::byte is aligned for every fundamental type.
    auto memory = std::make_unique<std::byte[]>(std::max<std::size_t>(layout.size, 1));
    std::byte* place = memory.get();
    layout.construct(place);
    plan_.blocks_.push_back({&layout, std::move(memory)});
    return place;
  }

  const PlanPair* pair(std::uint32_t index, const Layout& layout) {
    const auto [found, fresh] = made_.try_emplace({index, &layout}, nullptr);
    if (!fresh) return found->second;
    PlanPair& made = plan_.pairs_.emplace_back();
    found->second = &made;  // before its members: a type may refer to itself
    const NodePair& source = assignment_.pairs()[index];
    made.index = static_cast<std::uint32_t>(plan_.pairs_.size() - 1);
    made.node = source.from;
    made.from = &plan_.publisher_.nodes()[source.from];
    made.to = &layout;
    if (made.from->kind == Kind::enumeration) {
      made.symbols = source.symbols;
      made.same = std::all_of(made.symbols.begin(), made.symbols.end(),
                              [](const auto& row) { return row.first == row.second; });
      keep_symbols(made);
      return &made;
    }
    members(made, source);
    return &made;
  }

  // Nearly every enumeration has the same symbols on both sides, one after the other.
  static void keep_symbols(PlanPair& made) {
    std::int64_t first = INT32_MIN, last = INT32_MAX;
    if (made.from->closed || made.to->type.root().closed) {
      if (made.symbols.empty()) return;
      first = made.symbols.front().first;
      last = made.symbols.back().first;
      if (last - first != static_cast<std::int64_t>(made.symbols.size()) - 1) return;
    }
    if (!made.same || !holds(*made.to, first) || !holds(*made.to, last)) return;
    made.first_kept = first;
    made.kept = static_cast<std::uint64_t>(last - first) + 1;
  }

  void members(PlanPair& made, const NodePair& source) {
    const Layout& layout = *made.to;
    const bool is_structure = layout.kind == Kind::structure;
    std::byte* defaults = nullptr;
    if (is_structure && (!source.absent.empty() || omission_ == Plan::Omission::possible ||
                         needs_fallback(source))) {
      defaults = block(layout);
      apply_defaults(layout, defaults);
      made.defaults = defaults;
    }
    for (std::uint32_t field : source.absent) {
      made.absent.push_back({layout.fields[field].offset, layout.fields[field].layout});
    }
    made.members.resize(made.from->fields.size());
    for (const MemberStep& member : source.members) {
      PlanMember& to = made.members[member.from];
      const LayoutField& place = layout.fields[member.to];
      to.to = member.to;
      to.offset = place.offset;
      // An optional that wants its default and has none declared is empty.
      const Field& field = layout.type.root().fields[member.to];
      const bool has_default = field.default_value || field.misfit == OnMisfit::use_default;
      const void* fallback = defaults != nullptr && has_default ? defaults + place.offset : nullptr;
      to.step = step(member.step, *place.layout, fallback);
    }
    for (std::size_t i = 0; i < made.members.size(); ++i) {
      const Field& field = made.from->fields[i];
      made.members[i].required = !field.default_value && field.type.kind != Kind::optional;
    }
  }

  static bool needs_fallback(const NodePair& source) {
    return std::any_of(source.members.begin(), source.members.end(), [](const MemberStep& m) {
      return m.step.conversion == Conversion::unwrap || m.step.misfit == OnMisfit::use_default;
    });
  }

  const PlanStep* step(const Step& source, const Layout& layout, const void* fallback = nullptr) {
    PlanStep& made = plan_.steps_.emplace_back();
    made.from = source.from->kind == Kind::reference
                    ? plan_.publisher_.nodes()[source.from->node].kind
                    : source.from->kind;
    made.to = &layout;
    made.source = source.from;
    made.misfit = source.misfit;
    made.fallback = fallback;
    if (source.unit != Step::no_unit) made.unit = &plan_.units_[source.unit];
    switch (source.conversion) {
      case Conversion::copy:
        made.action = made.unit != nullptr ? Action::number : copy_of(made.from);
        break;
      case Conversion::narrow:
        made.exact = true;
        [[fallthrough]];
      case Conversion::widen:
        made.action = Action::number;
        break;
      case Conversion::structure:
      case Conversion::union_:
      case Conversion::enumeration:
        made.action = action_of(made.from);
        made.pair = pair(source.pair, layout);
        break;
      case Conversion::list:
      case Conversion::array:
        made.action = Action::list;
        made.element = step(source.arguments[0], *layout.element);
        break;
      case Conversion::map:
        made.action = Action::map;
        made.key = step(source.arguments[0], *layout.key);
        made.element = step(source.arguments[1], *layout.element);
        break;
      case Conversion::optional:
      case Conversion::wrap:
        made.action = source.conversion == Conversion::wrap ? Action::wrap : Action::optional;
        made.element = step(source.arguments[0], *layout.element);
        break;
      case Conversion::unwrap:
        made.action = Action::unwrap;
        made.element = step(source.arguments[0], layout, fallback);
        break;
    }
    return &made;
  }

  static Action copy_of(Kind kind) {
    switch (kind) {
      case Kind::text:
        return Action::text;
      case Kind::bytes:
        return Action::bytes;
      case Kind::decimal:
        return Action::decimal;
      case Kind::any:
        return Action::any;
      default:
        return Action::bits;
    }
  }

  // The publisher's defaults, converted: for messages that leave a value out.
  Result<void> prepare_omitted() {
    if (omission_ == Plan::Omission::never) return {};
    for (PlanPair& pair : plan_.pairs_) {
      if (pair.from->kind != Kind::structure) continue;
      const bool any_default =
          std::any_of(pair.from->fields.begin(), pair.from->fields.end(),
                      [](const Field& f) { return f.default_value.has_value(); });
      if (!any_default) continue;
      // Constructed with its defaults applied.
      DTS_ASSIGN(const Value origin, Value::of(plan_.publisher_.at(pair.node)));
      std::byte* to = block(*pair.to);
      overwrite(*pair.to, to, pair.defaults);
      for (std::size_t i = 0; i < pair.members.size(); ++i) {
        const PlanMember& member = pair.members[i];
        if (member.step == nullptr || !pair.from->fields[i].default_value) continue;
        const LayoutField& from = origin.layout().fields[i];
        Failure failure;
        if (!convert(*member.step, *from.layout,
                     static_cast<const std::byte*>(origin.data()) + from.offset, to + member.offset,
                     failure)) {
          failure.in(pair.from->fields[i].name);
          return failure.error();
        }
      }
      pair.defaults = to;
    }
    return {};
  }

  const Assignment& assignment_;
  Plan::Omission omission_;
  Plan& plan_;
  std::map<std::pair<std::uint32_t, const Layout*>, PlanPair*> made_;
};

Plan::~Plan() {
  for (Block& block : blocks_) block.layout->destroy(block.memory.get());
}

Result<std::unique_ptr<const Plan>> Plan::make(const Assignment& assignment, const Layout& layout,
                                               Omission omission) {
  if (!assignment.readable()) {
    const auto& refusals = assignment.refusals();
    const Refusal first = refusals.empty() ? Refusal{} : refusals[0];
    return Error(ErrorCode::incompatible_type,
                 assignment.subscriber().name() + " cannot read what is published", first.path,
                 first.reason, first.hint);
  }
  DTS_ASSERT(assignment.subscriber() == layout.type);
  std::unique_ptr<Plan> plan(new Plan);
  DTS_TRY(PlanMaker(assignment, omission, *plan).make(layout));
  return std::unique_ptr<const Plan>(std::move(plan));
}

}  // namespace dts::format
