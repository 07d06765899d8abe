// The one walk over a plan for formats that write names: what named.hpp says, with a notation's
// Reader. Names come in any order, most often in the type's: the next one expected is compared
// first. A name that the publisher's type does not have is refused, and so is one that is there
// twice: a message says what its type says. A decoder is immutable; any thread.
#pragma once

#include <format/named_scalars.hpp>

namespace dts::format::named {

template <class Reader>
class DecodeRun;

// What a Reader knows of the publisher's type before any message comes, if it has use for that.
template <class Reader>
struct PreparedOf {
  struct Prepared {
    explicit Prepared(const Type&) {}
  };
};
template <class Reader>
  requires requires { typename Reader::Prepared; }
struct PreparedOf<Reader> {
  using Prepared = typename Reader::Prepared;
};

template <class Reader>
class NamedDecoder final : public Decoder {
 public:
  NamedDecoder(std::shared_ptr<const Plan> plan, const DecodeLimits& limits)
      : plan_(std::move(plan)), limits_(limits), prepared_(plan_->publisher()) {
    for (const PlanPair& pair : plan_->pairs()) names_.emplace_back(*pair.from);
  }

  Result<void> decode(ByteView message, void* value) const override {
    return decode_shared(message, nullptr, value);
  }
  Result<void> decode_shared(ByteView message, const std::shared_ptr<const Bytes>& owner,
                             void* value) const override {
    Failure failure;
    Allowance allowance(limits_, message.size());
    DecodeRun<Reader> run(*this, message, allowance, failure, owner ? &owner : nullptr);
    if (run.message(value)) return {};
    return failure.error();
  }

  const Plan& plan() const noexcept { return *plan_; }
  const std::shared_ptr<const Plan>& shared_plan() const noexcept { return plan_; }
  const NameTable& names(const PlanPair& pair) const noexcept { return names_[pair.index]; }
  const auto& prepared() const noexcept { return prepared_; }

 private:
  std::shared_ptr<const Plan> plan_;
  DecodeLimits limits_;
  typename PreparedOf<Reader>::Prepared prepared_;
  std::vector<NameTable> names_;  // by PlanPair::index
};

// One decode call.
template <class Reader>
class DecodeRun : private Scalars<Reader> {
 public:
  using Walk = NamedDecoder<Reader>;

  DecodeRun(const Walk& walk, ByteView message, Allowance& allowance, Failure& failure,
            const std::shared_ptr<const Bytes>* owner)
      : Scalars<Reader>(message, allowance, failure, owner), walk_(&walk) {}

  bool message(void* to) {
    if constexpr (requires { typename Reader::Prepared; }) reader_.prepare(walk_->prepared());
    return reader_.begin() && value(walk_->plan().root(), to) && reader_.finish();
  }

 private:
  template <class Run>
  friend bool dts::format::read_nested(Run&, const PlanStep&, void*, Allowance&, Failure&);
  using Scalars<Reader>::allowance_;
  using Scalars<Reader>::failure_;
  using Scalars<Reader>::reader_;

  bool value(const PlanStep& step, void* to) {
    switch (step.action) {
      case Action::bits:
      case Action::number:
        return this->plain(step, to);
      case Action::text:
        return this->text(step, to);
      case Action::enumeration:
        return this->enumeration(step, walk_->names(*step.pair), to);
      case Action::bytes:
        return this->bytes(step, to);
      case Action::decimal:
        return reader_.decimal(*static_cast<Decimal*>(to)) || of_type(failure_, step);
      case Action::wrap:
        return hold(step, to);
      case Action::optional:
      case Action::unwrap: {
        bool is_null = false;
        if (!reader_.null(is_null)) return false;
        if (is_null) return store_empty(step, to, failure_);
        return step.action == Action::unwrap ? value(*step.element, to) : hold(step, to);
      }
      default:
        return read_nested(*this, step, to, allowance_, failure_);
    }
  }

  bool hold(const PlanStep& step, void* to) {
    return allowance_.take(1, step.to->element->size, failure_) &&
           value(*step.element, step.to->functions.set(*step.to, to));
  }

  // ---- lists and maps ---------------------------------------------------------------------------

  bool list(const PlanStep& step, void* to) {
    const PlanStep& element = *step.element;
    const bool numbers = element.from >= Kind::i8 && element.from <= Kind::f64;
    if (numbers) {
      bool is_block = false;
      ByteView block;
      if (!reader_.numbers(element.from, is_block, block)) return of_type(failure_, step);
      if (is_block) return this->number_block(step, block, to);
    }
    Container list;
    if (!reader_.begin_list(list)) return of_type(failure_, step);
    if (list.count != Container::unknown) return counted_list(step, list, to, numbers);
    return uncounted_list(step, list, to);
  }

  bool counted_list(const PlanStep& step, Container& list, void* to, bool numbers) {
    const Layout& layout = *step.to;
    const PlanStep& element = *step.element;
    const std::size_t count = list.count, size = layout.element->size;
    std::byte* first = nullptr;
    std::size_t kept = 0;
    if (!allowance_.take(count, size, failure_) ||
        !resize(step, to, count, kept, first, failure_)) {
      return false;
    }
    std::size_t i = 0;
    if constexpr (requires { reader_.items(list, Kind::f64, first, kept, i); }) {
      if (numbers && element.action == Action::bits &&
          !reader_.items(list, element.from, first, kept, i)) {
        return false;
      }
    }
    bool more = false;
    for (;; ++i) {
      if (!reader_.next_item(list, more)) return failure_.in(i);
      if (!more) break;
      if (i >= count) return not_expected(failure_, "an element", "the end of the list");
      if (!(i < kept ? value(element, first + i * size) : reader_.skip())) return failure_.in(i);
    }
    if (i != count) return not_expected(failure_, "the end of the list", "an element");
    return reader_.end_list(list);
  }

  bool uncounted_list(const PlanStep& step, Container& list, void* to) {
    const Layout& layout = *step.to;
    const bool fixed = layout.kind == Kind::array;
    std::size_t capacity = fixed ? layout.length : layout.functions.count(layout, to);
    std::size_t count = 0;
    std::byte* first = nullptr;
    if (!resize(layout, to, capacity, first, failure_)) return false;
    for (;; ++count) {
      bool more = false;
      if (!reader_.next_item(list, more)) return failure_.in(count);
      if (!more) break;
      if (count >= capacity && fixed) {
        if (!trims(step)) return resize(layout, to, count + 1, first, failure_);  // and says so
        if (!reader_.skip()) return failure_.in(count);
        continue;
      }
      if (!allowance_.take(1, layout.element->size, failure_)) return failure_.in(count);
      if (count == capacity) {
        capacity = std::max<std::size_t>(8, capacity * 2);
        if (!resize(layout, to, capacity, first, failure_)) return false;
      }
      if (!value(*step.element, first + count * layout.element->size)) return failure_.in(count);
    }
    return resize(step, to, count, capacity, first, failure_) && reader_.end_list(list);
  }

  bool map(const PlanStep& step, void* to) {
    const Layout& layout = *step.to;
    Container map;
    if (!reader_.begin_map(map)) return of_type(failure_, step);
    layout.functions.map_clear(layout, to);
    MapKey key(*layout.key);
    for (;;) {
      bool more = false;
      if (!reader_.next_entry(map, more)) return false;
      if (!more) break;
      if (!allowance_.take(1, map_entry_bytes(layout), failure_)) return false;
      if (!value(*step.key, key.place())) return failure_.in("key");
      void* place = layout.functions.map_insert(layout, to, key.place());
      if (place == nullptr) return there_twice(failure_, key_text(*layout.key, key.place()));
      if (!reader_.middle_of_entry(map) || !value(*step.element, place) || !reader_.end_entry(map))
        return failure_.in(key_text(*layout.key, key.place()));
    }
    return reader_.end_map(map);
  }

  // ---- structs and unions -----------------------------------------------------------------------

  bool structure(const PlanStep& step, void* to) {
    const PlanPair& pair = *step.pair;
    Container structure;
    if (!reader_.begin_struct(structure)) return of_type(failure_, step);
    if (!pair.absent.empty()) store_absent(pair, to);
    const NameTable& names = walk_->names(pair);
    Seen seen(pair.members.size());
    std::uint32_t expected = 0;
    for (;;) {
      std::uint32_t index = expected;
      if (!is_expected(structure, names, expected)) {
        bool more = false;
        std::string_view name;
        if (!reader_.next_member(structure, more, name)) return false;
        if (!more) break;
        if (!names.is(expected, name) && !find(pair, names, name, index)) return false;
      }
      expected = index + 1;
      if (!seen.add(index)) return there_twice(failure_, names[index]);
      const PlanMember& target = pair.members[index];
      const bool fine = target.step != nullptr ? field(target, to) : reader_.skip();
      if (!fine || !reader_.end_member(structure)) return failure_.in(names[index]);
    }
    return reader_.end_struct(structure) &&
           (seen.count() == pair.members.size() || left_out(pair, seen, to));
  }

  bool is_expected(Container& structure, const NameTable& names, std::uint32_t expected) {
    if constexpr (requires { reader_.next_is(structure, names[expected]); }) {
      return expected < names.size() && reader_.next_is(structure, names[expected]);
    } else {
      return false;
    }
  }

  // What does not fit is passed over where the field wants its default.
  bool field(const PlanMember& target, void* to) {
    void* place = static_cast<std::byte*>(to) + target.offset;
    if (target.step->misfit != OnMisfit::use_default) {
      // Most fields are numbers: those are read without a call, in 1 to 4 percent less time.
      const Action action = target.step->action;
      const bool is_plain = action == Action::bits || action == Action::number;
      return is_plain ? this->plain(*target.step, place) : value(*target.step, place);
    }
    const auto start = reader_.mark();
    const std::uint32_t depth = allowance_.depth;
    if (value(*target.step, place)) return true;
    if (!recover(target, to, failure_)) return false;
    reader_.go_to(start);
    allowance_.depth = depth;
    return reader_.skip();
  }

  bool find(const PlanPair& pair, const NameTable& names, std::string_view name,
            std::uint32_t& index) {
    index = names.find(name);
    return index != NameTable::none || no_such_member(failure_, *pair.from, name, names);
  }

  // What the message does not hold: the publisher's default, an empty optional, or an error.
  bool left_out(const PlanPair& pair, const Seen& seen, void* to) {
    for (std::size_t i = 0; i < pair.members.size(); ++i) {
      if (seen.test(i)) continue;
      const PlanMember& target = pair.members[i];
      const Field& field = pair.from->fields[i];
      if (target.required) return member_missing(failure_, walk_->plan().publisher(), field);
      if (target.step == nullptr) continue;
      if (field.default_value) {
        store_default(pair, target, to);
      } else if (!store_empty(*target.step, static_cast<std::byte*>(to) + target.offset,
                              failure_)) {
        return failure_.in(field.name);
      }
    }
    return true;
  }

  bool held_case(const PlanStep& step, void* to) {
    const PlanPair& pair = *step.pair;
    Container container;
    bool none = false;
    std::string_view name;
    if (!reader_.begin_case(container, none, name)) return of_type(failure_, step);
    if (none) {
      if (!pair.from->closed) return store_no_case(step, to, failure_);
      return failure_.set(ErrorCode::missing_field, "no case of " + pair.from->name + " is set",
                          "the union is closed");
    }
    const NameTable& names = walk_->names(pair);
    std::uint32_t index;
    if (!find(pair, names, name, index)) return false;
    const PlanMember& target = pair.members[index];
    bool fine;
    if (target.step == nullptr) {
      fine = reader_.skip() && store_no_case(step, to, failure_);
    } else {
      fine = allowance_.take(1, target.step->to->size, failure_) &&
             value(*target.step, pair.to->functions.choose(*pair.to, to, target.to));
    }
    return (fine && reader_.end_case(container)) || failure_.in(names[index]);
  }

  // ---- any --------------------------------------------------------------------------------------

  // "type" and "value" in either order, or nothing. A value that comes before its type is skipped,
  // and read when the type is known.
  bool any(const PlanStep& step, Any& to) { return any_parts(to) || of_type(failure_, step); }
  bool any_parts(Any& to) {
    to = Any{};
    Container container;
    if (!reader_.begin_struct(container)) return false;
    std::string notation;
    bool has_type = false, has_value = false, was_read = false;
    auto held = reader_.mark();
    for (;;) {
      bool more = false;
      std::string_view name;
      if (!reader_.next_member(container, more, name)) return false;
      if (!more) break;
      const bool is_type = name == "type";
      if ((!is_type && name != "value") || (is_type ? has_type : has_value)) {
        return failure_.set(ErrorCode::wrong_value, quote(name) + " is not a key of an any", {},
                            "it has \"type\" and \"value\"");
      }
      if (is_type) {
        has_type = true;
        std::string_view text;
        if (!reader_.text(text)) return failure_.in("type");
        notation = text;
      } else {
        has_value = true;
        was_read = has_type;
        held = reader_.mark();
        if (!(has_type ? any_value(notation, to) : reader_.skip())) return failure_.in("value");
      }
      if (!reader_.end_member(container)) return false;
    }
    if (!reader_.end_struct(container)) return false;
    if (has_type != has_value)
      return failure_.set(ErrorCode::missing_field, "an any needs both \"type\" and \"value\"");
    if (!has_type || was_read) return true;
    const auto behind = reader_.mark();
    reader_.go_to(held);
    if (!any_value(notation, to)) return failure_.in("value");
    reader_.go_to(behind);
    return true;
  }

  bool any_value(const std::string& notation, Any& to) {
    Value content;
    std::unique_ptr<const Plan> plan;
    if (!any_of(notation, content, plan, failure_) ||
        !allowance_.take(1, content.layout().size, failure_)) {
      return false;
    }
    const Walk inner(std::move(plan), {});
    if (!any_content(inner, content.data()) || !close_any(content, to, failure_)) return false;
    return allowance_.take(to.message.size(), 1, failure_);
  }

  bool any_content(const Walk& inner, void* to) {
    if constexpr (requires { typename Reader::MessageReader; }) {
      using MessageReader = typename Reader::MessageReader;
      if (reader_.holds_message()) {
        ByteView bytes;
        if (!reader_.bytes(bytes)) return false;
        const NamedDecoder<MessageReader> walk(inner.shared_plan(), {});
        return DecodeRun<MessageReader>(walk, bytes, allowance_, failure_, nullptr).message(to);
      }
    }
    if constexpr (Reader::any_is_message) {
      ByteView bytes;
      if (!reader_.bytes(bytes)) return false;
      return DecodeRun(inner, bytes, allowance_, failure_, nullptr).message(to);
    } else {
      const Walk* outer = std::exchange(walk_, &inner);
      const bool fine = value(inner.plan().root(), to);
      walk_ = outer;
      return fine;
    }
  }

  const Walk* walk_;
};

template <class Reader>
Result<std::unique_ptr<Decoder>> make_decoder(const Assignment& assignment, const Layout& layout,
                                              const DecodeLimits& limits) {
  DTS_ASSIGN(auto plan, Plan::make(assignment, layout, Plan::Omission::possible));
  return std::unique_ptr<Decoder>(new NamedDecoder<Reader>(std::move(plan), limits));
}

}  // namespace dts::format::named
