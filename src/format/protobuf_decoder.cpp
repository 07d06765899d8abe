// Protobuf decoder: reads a message through a plan in one pass. The bytes are drawn in
// protobuf_shape.hpp. Fields come in any order, but nearly always in the one that is expected.
// Nothing outside the message is read; a run of list elements is counted, hopping from length to
// length, before there is memory for it.
#include <array>
#include <cstring>

#include <base/endian.hpp>
#include <base/text.hpp>
#include <dts/value.hpp>
#include <format/decode_tally.hpp>
#include <format/protobuf.hpp>
#include <format/protobuf_reader.hpp>
#include <format/protobuf_values.hpp>
#include <format/short_copy.hpp>
#include <type/unit_change.hpp>

namespace dts::format::protobuf {

namespace {

using namespace reading;

class Decode final : public Decoder {
 public:
  Decode(std::unique_ptr<const Plan> plan, std::unique_ptr<const Readers> readers,
         const DecodeLimits& limits)
      : plan_(std::move(plan)), readers_(std::move(readers)), limits_(limits) {}
  Result<void> decode(ByteView message, void* value) const override {
    return read(message, nullptr, value);
  }
  Result<void> decode_shared(ByteView message, const std::shared_ptr<const Bytes>& owner,
                             void* value) const override {
    return read(message, owner ? &owner : nullptr, value);
  }

 private:
  Result<void> read(ByteView message, const std::shared_ptr<const Bytes>* owner, void* value) const;

  std::unique_ptr<const Plan> plan_;
  std::unique_ptr<const Readers> readers_;
  DecodeLimits limits_;
};

// One decode call.
class Run final : public Values {
 public:
  Run(std::size_t message_bytes, const std::shared_ptr<const Bytes>* owner,
      const DecodeLimits& limits)
      : Values(message_bytes, owner, limits) {}

  bool message(const Reader& root, ByteView bytes, void* to) {
    return inside(root, bytes.data(), bytes.data() + bytes.size(), static_cast<std::byte*>(to));
  }

 private:
  // ---- messages

  bool inside(const Reader& reader, Cursor at, Cursor end, std::byte* to) override {
    if (!allowance_.enter(failure)) return false;
    const Message& message = *reader.message;
    const bool fine = reader.read == Read::one_case ? one_case(reader, at, end, to)
                                                    : fields(message, at, end, to);
    allowance_.leave();
    return fine;
  }

  // The next field of a message: its tag, and what is known of it.
  Cursor next(const Message& message, const Op* expected, Cursor at, Cursor end,
              std::uint32_t& field_tag, const Op*& op) {
    at = tag(at, end, field_tag);
    if (at == nullptr) return nullptr;
    if (expected != message.ops.data() + message.ops.size() && expected->tag == field_tag) {
      op = expected;
      return at;
    }
    op = message.find(field_tag >> 3);
    if (op != nullptr && op->reader != nullptr && op->tag != field_tag && op->other != field_tag) {
      bad("a field of another wire type than its own");
      return name(message, *op) ? at : nullptr;
    }
    return at;
  }
  bool name(const Message& message, const Op& op) {
    return message.pair != nullptr && failure.in(message.pair->from->fields[op.member].name);
  }

  static constexpr std::size_t words_max = TypeLimits::members_max / 64;

  // What is known of the message whose fields are being read.
  struct Frame {
    Frame(const Message& of, std::byte* place, std::size_t counters_before)
        : message(of), to(place), counters(counters_before), expected(of.ops.data()) {
      seen[0] = 0;
      for (std::size_t i = 64; i < of.absent.size(); i += 64) seen[i / 64] = 0;
    }
    // False: it has been seen.
    bool see(std::uint16_t bit) {
      std::uint64_t& word = seen[bit / 64];
      const std::uint64_t before = word;
      word |= std::uint64_t{1} << bit % 64;
      return word != before;
    }
    // All from `first` to before `last`: usually a run of bits, set at once.
    void see(const Op* first, const Op* last) {
      if (first == last) return;
      if (message.bits_in_order)
        seen[0] |= (std::uint64_t{2} << last[-1].bit) - (std::uint64_t{1} << first->bit);
      else
        for (; first != last; ++first) see(first->bit);
    }
    void forget(std::uint16_t bit) { seen[bit / 64] &= ~(std::uint64_t{1} << bit % 64); }

    const Message& message;
    std::byte* to;
    std::size_t counters;
    const Op* expected;
    bool is_in_order = true;              // nothing from `expected` on has been seen
    std::uint64_t seen[words_max];        // by bit; only as many words as there are bits for
    std::vector<std::uint16_t> given_up;  // bits of fields that took their default
  };

  bool fields(const Message& message, Cursor at, Cursor end, std::byte* to) {
    Frame frame(message, to, filled_.size());
    const std::uint64_t* seen = frame.seen;
    if (message.arrays != 0) filled_.resize(frame.counters + message.arrays, 0);
    if (message.pair != nullptr && !message.pair->absent.empty()) store_absent(*message.pair, to);
    while (at != end) {
      if (frame.is_in_order) at = quick_fields(frame, at, end);
      if (at == end) break;
      at = any_field(frame, at, end);
      if (at == nullptr) return false;
    }
    const auto& given_up = frame.given_up;
    const std::size_t counters = frame.counters;
    if (!absent(message, seen, to)) return false;
    if (message.arrays == 0) return true;
    for (const std::uint16_t bit : given_up) frame.forget(bit);
    const bool fine = arrays_full(message, seen, counters, to);
    filled_.resize(counters);
    return fine;
  }

  // The fields that come as they are expected, up to one that wants more than quick().
  Cursor quick_fields(Frame& frame, Cursor at, const Cursor end) {
    const Op* const last = frame.message.ops.data() + frame.message.ops.size();
    const Op* op = frame.expected;
    std::byte* const to = frame.to;
    // Every field has a tag and at least one byte.
    while (end - at >= 2 && op != last &&
           (base::load<std::uint16_t>(at) & op->tag_mask) == op->tag_word) {
      const Cursor behind = quick(*op, at + op->tag_size, end, to + op->to);
      if (behind == nullptr) break;
      at = behind;
      ++op;
    }
    frame.see(frame.expected, op);
    frame.expected = op;
    return at;
  }

  // A value that does not fit: does its field want the default instead? Then it has it.
  bool give_up(const Message& message, const Op& op, std::byte* to) {
    return message.pair != nullptr && op.member < message.pair->members.size() &&
           message.pair->members[op.member].step != nullptr &&
           recover(message.pair->members[op.member], to, failure);
  }

  // The next field, whatever it is.
  [[gnu::noinline]] Cursor any_field(Frame& frame, Cursor at, Cursor end) {
    const Message& message = frame.message;
    std::uint32_t field_tag = 0;
    const Op* op = nullptr;
    at = next(message, frame.expected, at, end, field_tag, op);
    if (at == nullptr) return nullptr;
    if (op == nullptr) return skip_unknown(field_tag, at, end);
    frame.is_in_order &= op + 1 >= frame.expected;
    const bool first = frame.see(op->bit);
    if (!first && !op->many) {
      bad(op->form == Form::flat ? "two cases of a union are there" : "a field is there twice");
      name(message, *op);
      return nullptr;
    }
    const auto& given_up = frame.given_up;
    if (std::find(given_up.begin(), given_up.end(), op->bit) != given_up.end())
      return skip(field_tag, at, end);
    const std::uint32_t depth = allowance_.depth;
    const Cursor behind = field(*op, field_tag, at, end, frame.to + op->to, first, frame.counters);
    frame.expected = op + 1;
    if (behind != nullptr) return behind;
    name(message, *op);
    if (!give_up(message, *op, frame.to)) return nullptr;
    frame.given_up.push_back(op->bit);
    allowance_.depth = depth;
    filled_.resize(frame.counters + message.arrays);
    return skip(field_tag, at, end);
  }

  // What most fields are. Null: none of those, or there is something wrong: then field() reads it
  // again, and tells.
  [[gnu::always_inline]] inline Cursor quick(const Op& op, Cursor at, Cursor end, std::byte* to) {
    std::uint64_t raw = 0;
    switch (op.quick) {
      case Read::bits8:
        if (end - at < 8) return nullptr;
        std::memcpy(to, at, 8);
        return at + 8;
      case Read::bits4:
        if (end - at < 4) return nullptr;
        std::memcpy(to, at, 4);
        return at + 4;
      case Read::boolean:
        if (at == end || *at > 1) return nullptr;
        base::store(to, *at);
        return at + 1;
      case Read::plain:
        at = read_varint(at, end, raw);
        if (at == nullptr || raw > op.largest) return nullptr;
        store_low(to, raw, op.size);
        return at;
      case Read::signs: {
        at = read_varint(at, end, raw);
        const std::int64_t whole = unzigzag(raw);
        if (at == nullptr || static_cast<std::uint64_t>(whole ^ whole >> 63) > op.largest)
          return nullptr;
        store_low(to, static_cast<std::uint64_t>(whole), op.size);
        return at;
      }
      case Read::symbol:
        at = read_varint(at, end, raw);
        if (at == nullptr || !op.step->pair->keeps(static_cast<std::int64_t>(raw))) return nullptr;
        store_low(to, raw, op.size);
        return at;
      case Read::unit:
        if (end - at < 8) return nullptr;
        base::store(to, in_unit(*op.step->unit, base::load<double>(at)));
        return at + 8;
      case Read::number:
        return converted(*op.reader, at, end, to);
      case Read::text:
        return short_text(*op.step->to, at, end, to);
      case Read::block:
        return block(op, at, end, to);
      default:
        return nullptr;
    }
  }
  // A call, as block() is: quick_fields() then keeps what it needs in registers, and a record takes
  // a tenth less time. Of texts with one byte of length.
  [[gnu::noinline]] Cursor short_text(const Layout& layout, Cursor at, Cursor end, void* to) {
    if (at == end || *at >= 0x80 || *at >= end - at) return nullptr;
    const ByteView text(at + 1, *at);
    if (text.size() > allowance_.bytes || !base::is_utf8(as_text(text))) return nullptr;
    allowance_.bytes -= text.size();
    layout.functions.assign(layout, to, text);
    return at + 1 + text.size();
  }
  // A list whose elements are all in one place, as nearly always.
  [[gnu::noinline]] Cursor block(const Op& op, Cursor at, Cursor end, void* list) {
    std::uint64_t size = 0;
    at = read_varint(at, end, size);
    if (at == nullptr || size > static_cast<std::size_t>(end - at) || size > allowance_.bytes ||
        (size & (op.size - 1u)) != 0)
      return nullptr;
    allowance_.bytes -= size;
    const Layout& layout = *op.step->to;
    void* place = layout.functions.resize(layout, list, size / op.size);
    copy_short(place, at, size);
    return at + size;
  }

  // A field that the publisher's type does not have.
  Cursor skip_unknown(std::uint32_t field_tag, Cursor at, Cursor end) {
    ++decode_tally().unknown;
    return skip(field_tag, at, end);
  }

  Cursor field(const Op& op, std::uint32_t field_tag, Cursor at, Cursor end, std::byte* to,
               bool first, std::size_t counters) {
    switch (op.form) {
      case Form::single:
        return op.read == Read::container ? value(*op.reader, at, end, to)
                                          : plain(*op.reader, op.read, at, end, to);
      case Form::optional:
        if (op.step->action == Action::optional) {
          if (!take(op.step->to->element->size)) return nullptr;
          return value(*op.reader, at, end, set(*op.step, to));
        }
        return value(*op.reader, at, end, to);  // unwrap
      case Form::repeated:
        return repeated(op, field_tag, at, end, through(op, to, first), first, counters);
      case Form::map:
        return entry(op, at, end, through(op, to, first), first);
      case Form::flat:
        return flat_case(op, field_tag, at, end, to);
      default:
        return skip(field_tag, at, end);
    }
  }

  // Where the list or map lies that the field adds to.
  static void* through(const Op& op, void* to, bool first) {
    if (op.wrap == nullptr) return to;
    if (first) return set(*op.wrap, to);
    // Ours, and set before.
    return const_cast<void*>(op.wrap->to->functions.get(*op.wrap->to, to));
  }

  // ---- lists

  // Room for `count` more elements, or for those `kept` of them when the rest is cut.
  bool grow(const Op& op, void* list, std::size_t count, bool first, std::size_t counters,
            std::size_t& kept, std::byte*& place) {
    const Layout& layout = *op.step->to;
    const std::size_t step = layout.element->size;
    const std::size_t needed = op.length == 0 ? count : first ? op.length : 0;
    std::uint64_t memory = 0;
    if (__builtin_mul_overflow(needed, step, &memory)) memory = UINT64_MAX;
    if (!take(memory)) return false;
    std::size_t old = 0, all = count;
    kept = count;
    if (op.length != 0) {
      std::uint32_t& filled = filled_[counters + op.filled];
      const bool cuts = trims(*op.step);
      const std::size_t fits = op.length - filled;
      if (count > fits && !(cuts && op.step->from == Kind::list))
        return wrong_count(op, filled + count);
      all = cuts ? layout.length : op.length;
      old = std::min<std::size_t>(filled, all);
      kept = std::min(count, all - old);
      if (filled <= all && count > all - filled) ++decode_tally().trimmed;
      filled += static_cast<std::uint32_t>(std::min(count, fits));
    } else if (!first) {
      old = layout.functions.count(layout, list);
      all = old + count;
    }
    // What it held before is overwritten, and its memory used again.
    std::byte* elements = nullptr;
    if (!resize(layout, list, all, elements, failure)) return false;
    place = elements + old * step;
    return true;
  }
  bool wrong_count(const Op& op, std::size_t count) {
    std::string what = std::to_string(count) + " elements, not " + std::to_string(op.length);
    if (op.step->from == Kind::array) return wrong(std::move(what)) != nullptr;
    return failure.set_misfit(ErrorCode::wrong_value, std::move(what));
  }

  Cursor repeated(const Op& op, std::uint32_t field_tag, Cursor at, Cursor end, void* list,
                  bool first, std::size_t counters) {
    if ((field_tag & 7) == length && op.reader->wire != length)
      return packed(op, at, end, list, first, counters);
    // All that come one after the other.
    std::size_t count = 0;
    std::uint32_t found = field_tag;
    for (Cursor ahead = at; found == field_tag;) {
      ahead = skip(found, ahead, end);
      if (ahead == nullptr) return nullptr;
      ++count;
      if (ahead == end) break;
      ahead = tag(ahead, end, found);
      if (ahead == nullptr) return nullptr;
    }
    std::byte* place = nullptr;
    std::size_t kept = 0;
    if (!grow(op, list, count, first, counters, kept, place)) return nullptr;
    const std::size_t step = op.step->to->element->size;
    for (std::size_t i = 0; i < count; ++i, place += step) {
      if (i != 0) at = tag(at, end, found);
      at = i < kept ? value(*op.reader, at, end, place) : skip(field_tag, at, end);
      if (at == nullptr) {
        failure.in(i);
        return nullptr;
      }
    }
    return at;
  }

  Cursor packed(const Op& op, Cursor at, Cursor end, void* list, bool first, std::size_t counters) {
    ByteView bytes;
    at = slice(at, end, bytes);
    if (at == nullptr) return nullptr;
    const Reader& reader = *op.reader;
    const std::size_t width = reader.wire == eight ? 8 : reader.wire == four ? 4 : 0;
    if (width != 0 ? bytes.size() % width != 0 : !bytes.empty() && bytes.back() >= 0x80)
      return bad("a packed list ends within a number");
    const std::size_t count =
        width != 0 ? bytes.size() / width
                   : static_cast<std::size_t>(std::count_if(bytes.begin(), bytes.end(),
                                                            [](auto b) { return b < 0x80; }));
    std::byte* place = nullptr;
    std::size_t kept = 0;
    if (!grow(op, list, count, first, counters, kept, place)) return nullptr;
    if (reader.wrap == nullptr && (reader.read == Read::bits8 || reader.read == Read::bits4)) {
      if (kept != 0) std::memcpy(place, bytes.data(), kept * width);
      return at;
    }
    const std::size_t step = op.step->to->element->size;
    Cursor from = bytes.data();
    const Cursor last = from + bytes.size();
    for (std::size_t i = 0; i < kept; ++i, place += step) {
      from = value(reader, from, last, place);
      if (from == nullptr) {
        failure.in(i);
        return nullptr;
      }
    }
    return at;
  }

  bool arrays_full(const Message& message, const std::uint64_t* seen, std::size_t counters,
                   std::byte* to) {
    for (const Op& op : message.ops) {
      if (op.length == 0) continue;
      if ((seen[op.bit / 64] >> op.bit % 64 & 1) == 0) continue;
      const std::uint32_t filled = filled_[counters + op.filled];
      if (filled == op.length) continue;
      wrong_count(op, filled);
      name(message, op);
      if (!give_up(message, op, to)) return false;
    }
    return true;
  }

  // ---- maps

  // One entry: a message with the key as field 1 and the value as field 2, in any order.
  Cursor entry(const Op& op, Cursor at, Cursor end, void* map, bool first) {
    const Layout& layout = *op.step->to;
    if (first) layout.functions.map_clear(layout, map);
    ByteView bytes;
    at = slice(at, end, bytes);
    if (at == nullptr || !allowance_.enter(failure) || !take(map_entry_bytes(layout)))
      return nullptr;
    const Cursor last = bytes.data() + bytes.size();
    Cursor found[2] = {nullptr, nullptr};
    const std::uint32_t tags[2] = {1u << 3 | op.key->wire, 2u << 3 | op.reader->wire};
    for (Cursor inner = bytes.data(); inner != last;) {
      std::uint32_t field_tag = 0;
      inner = tag(inner, last, field_tag);
      if (inner == nullptr) return nullptr;
      const std::uint32_t index = (field_tag >> 3) - 1;
      if (index <= 1) {
        if (field_tag != tags[index]) return bad("a field of another wire type than its own");
        if (found[index] != nullptr) return bad("a field is there twice");
        found[index] = inner;
      }
      inner = index <= 1 ? skip(field_tag, inner, last) : skip_unknown(field_tag, inner, last);
      if (inner == nullptr) return nullptr;
    }
    MapKey key(*layout.key);
    if (read_or_zero(*op.key, found[0], last, key.place()) == nullptr) return nullptr;
    void* place = layout.functions.map_insert(layout, map, key.place());
    if (place == nullptr) {
      failure.set(ErrorCode::decode, "a key of a map is there twice");
      return nullptr;
    }
    if (read_or_zero(*op.reader, found[1], last, place) == nullptr) return nullptr;
    allowance_.leave();
    return at;
  }
  Cursor read_or_zero(const Reader& reader, Cursor at, Cursor end, void* to) {
    return at != nullptr ? value(reader, at, end, to)
                         : value(reader, zeros, zeros + sizeof zeros, to);
  }

  // ---- unions

  bool one_case(const Reader& reader, Cursor at, Cursor end, void* to) {
    const Message& message = *reader.message;
    bool chosen = false;
    while (at != end) {
      std::uint32_t field_tag = 0;
      const Op* op = nullptr;
      at = next(message, message.ops.data(), at, end, field_tag, op);
      if (at == nullptr) return false;
      if (op == nullptr) {
        at = skip_unknown(field_tag, at, end);
      } else if (std::exchange(chosen, true)) {
        return bad("two cases of a union are there") != nullptr;
      } else if (op->form == Form::skip) {  // one the subscriber does not know
        at = skip(field_tag, at, end);
        if (at != nullptr && !store_no_case(*reader.step, to, failure)) return false;
      } else {
        at = held(*op, op->member, *reader.step, at, end, to);
      }
      if (at == nullptr) return false;
    }
    return chosen || no_case(*reader.step, to);
  }
  bool no_case(const PlanStep& step, void* to) {
    if (!step.pair->from->closed) return store_no_case(step, to, failure);
    return failure.set(ErrorCode::decode, "no case of " + step.pair->from->name + " is set",
                       "the union is closed");
  }
  Cursor held(const Op& op, std::uint32_t which, const PlanStep& step, Cursor at, Cursor end,
              void* to) {
    const PlanMember& member = step.pair->members[which];
    if (!take(member.step->to->size)) return nullptr;
    void* place = step.to->functions.choose(*step.to, to, member.to);
    at = value(*op.reader, at, end, place);
    if (at == nullptr) failure.in(step.pair->from->fields[which].name);
    return at;
  }

  Cursor flat_case(const Op& op, std::uint32_t field_tag, Cursor at, Cursor end, void* to) {
    const PlanStep* step = op.step;
    for (; step->action != Action::union_; step = step->element) {
      if (step->action == Action::unwrap) continue;
      if (!take(step->to->element->size)) return nullptr;
      to = set(*step, to);
    }
    if (op.reader != nullptr) return held(op, op.which, *step, at, end, to);
    at = skip(field_tag, at, end);
    return at != nullptr && store_no_case(*step, to, failure) ? at : nullptr;
  }

  // ---- what is not there

  bool absent(const Message& message, const std::uint64_t* seen, std::byte* to) {
    const std::size_t bits = message.absent.size();
    for (std::size_t base = 0; base < bits; base += 64) {
      const std::size_t left = bits - base;
      std::uint64_t missing = ~seen[base / 64];
      if (left < 64) missing &= (std::uint64_t{1} << left) - 1;
      for (; missing != 0; missing &= missing - 1) {
        const Op* op = message.absent[base + static_cast<unsigned>(__builtin_ctzll(missing))];
        if (op == nullptr || left_out(message, *op, to + op->to)) continue;
        name(message, *op);
        if (!give_up(message, *op, to)) return false;
      }
    }
    return true;
  }

  bool left_out(const Message& message, const Op& op, std::byte* place) {
    switch (op.absent) {
      case Absent::nothing:
        return true;
      case Absent::refuse: {
        const Field& field = message.pair->from->fields[op.member];
        return failure.set(ErrorCode::missing_field, "field \"" + field.name + "\" is missing",
                           "it is " + kind_text(op.step->from) + " and has no default");
      }
      case Absent::use_default:
        store_default(*message.pair, message.pair->members[op.member], place - op.to);
        return true;
      case Absent::zero:
        return value(*op.reader, zeros, zeros + sizeof zeros, place) != nullptr;
      case Absent::empty:
        return store_empty(*op.step, place, failure);
      case Absent::clear:
        return clear(op, through(op, place, true));
      default:
        return no_flat_case(*op.step, place);
    }
  }
  bool clear(const Op& op, void* to) {
    const Layout& layout = *op.step->to;
    std::byte* first = nullptr;
    if (op.form == Form::repeated) return resize(layout, to, 0, first, failure);
    layout.functions.map_clear(layout, to);
    return true;
  }
  bool no_flat_case(const PlanStep& step, void* to) {
    if (step.action == Action::union_) return no_case(step, to);
    if (step.action == Action::wrap) return no_case(*step.element, set(step, to));
    return store_empty(step, to, failure);
  }

  std::vector<std::uint32_t> filled_;  // of the arrays of the messages we are in
};

Result<void> Decode::read(ByteView message, const std::shared_ptr<const Bytes>* owner,
                          void* value) const {
  Run run(message.size(), owner, limits_);
  if (run.message(readers_->root(), message, value)) return {};
  return run.failure.error();
}

}  // namespace

Result<std::unique_ptr<Decoder>> make_decoder(const Assignment& assignment, const Layout& layout,
                                              const Binding* binding, const DecodeLimits& limits) {
  DTS_ASSIGN(auto plan, Plan::make(assignment, layout, Plan::Omission::possible));
  DTS_ASSIGN(auto readers, Readers::make(*plan, binding));
  return std::unique_ptr<Decoder>(new Decode(std::move(plan), std::move(readers), limits));
}

}  // namespace dts::format::protobuf
