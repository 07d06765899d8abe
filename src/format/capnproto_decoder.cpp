// Capnproto decoder: reads a single-segment message through a plan. The bytes are drawn in
// capnproto_encoder.cpp. Nothing outside the message is read, every object is visited once at
// most, and what Cap'n Proto calls a schema's evolution is ours to do by plan: here, a data section
// shorter than the type's reads as zeros, a longer one is cut.
#include <cstring>
#include <deque>
#include <map>

#include <base/endian.hpp>
#include <base/text.hpp>
#include <dts/value.hpp>
#include <format/capnproto.hpp>
#include <format/capnproto_shape.hpp>
#include <format/plan.hpp>
#include <type/unit_change.hpp>

namespace dts::format::capnproto {

namespace {

// A plan step and where Cap'n Proto puts what it reads.
struct Reader;
// What most fields are, read without looking further: so many bytes of the data section copied, or
// an f64 that changes its unit.
enum class Quick : std::uint8_t { none, copy1, copy2, copy4, copy8, unit };
struct Op {
  Quick quick = Quick::none;
  Slot slot;
  std::uint32_t to = 0;  // bytes from the start of the subscriber's struct
  const Reader* reader = nullptr;
  std::uint32_t member = 0;
  bool may_default = false;
};
struct Reader {
  const PlanStep* step = nullptr;
  Action action = Action::bits;
  std::int8_t size = pointer_size;
  bool object = false;  // lies inline in a list of structs
  bool dense = false;   // an enumeration of 16 bits
  // structure, union_, map (an entry), optional (an object)
  std::unique_ptr<const Shape> shape;
  std::vector<Op> ops;              // structure: what is read; union_: every case
  const Reader* element = nullptr;  // list, map, optional, wrap, unwrap
  const Reader* key = nullptr;      // map
};

class Decode final : public Decoder {
 public:
  Decode(std::unique_ptr<const Plan> plan, const Binding* binding, const DecodeLimits& limits)
      : plan_(std::move(plan)), limits_(limits), binding_(binding) {
    root_ = reader(plan_->root());
    binding_ = nullptr;  // only needed until here
    made_.clear();
  }
  Result<void> decode(ByteView message, void* value) const override {
    return read(message, nullptr, value);
  }
  Result<void> decode_shared(ByteView message, const std::shared_ptr<const Bytes>& owner,
                             void* value) const override {
    return read(message, owner ? &owner : nullptr, value);
  }

 private:
  Result<void> read(ByteView message, const std::shared_ptr<const Bytes>* owner, void* value) const;
  const Reader* reader(const PlanStep& step);
  void members(Reader& made, const PlanPair& pair);

  std::unique_ptr<const Plan> plan_;
  DecodeLimits limits_;
  const Binding* binding_;
  std::deque<Reader> readers_;
  std::map<const PlanStep*, Reader*> made_;
  const Reader* root_ = nullptr;
};

const Reader* Decode::reader(const PlanStep& step) {
  const auto [found, fresh] = made_.try_emplace(&step, nullptr);
  if (!fresh) return found->second;
  Reader& made = readers_.emplace_back();
  found->second = &made;  // before its members: a type may refer to itself
  const auto nodes = plan_->publisher().nodes();
  made.step = &step;
  made.action = step.action;
  made.object =
      step.from >= Kind::structure
          ? step.from != Kind::enumeration
          : step.from == Kind::decimal || step.from == Kind::any || step.from == Kind::optional;
  if (step.source != nullptr) made.size = size_of(*step.source, nodes);
  made.dense = step.from == Kind::enumeration && made.size == 4;
  if (step.element != nullptr) made.element = reader(*step.element);
  if (step.key != nullptr) made.key = reader(*step.key);
  if (step.action == Action::optional || step.action == Action::unwrap)
    made.shape = std::make_unique<Shape>(optional_shape(size_of(step.source->arguments[0], nodes)));
  if (step.action == Action::map) {
    made.shape = std::make_unique<Shape>(entry_shape(measure(step.source->arguments[0], nodes),
                                                     measure(step.source->arguments[1], nodes)));
  }
  if (step.action == Action::structure || step.action == Action::union_) members(made, *step.pair);
  return &made;
}

Quick quick_of(const Op& op, const PlanStep& step) {
  static constexpr Quick copies[] = {Quick::copy1, Quick::copy2, Quick::copy4, Quick::copy8};
  if (op.slot.size < 3 || op.slot.mask != 0) return Quick::none;
  if (step.action == Action::bits) return copies[op.slot.size - 3];
  return only_changes_unit(step) ? Quick::unit : Quick::none;
}

void Decode::members(Reader& made, const PlanPair& pair) {
  auto shape = std::make_unique<Shape>(shape_of(*pair.from, plan_->publisher().nodes(), binding_));
  made.ops.reserve(pair.members.size());
  for (std::uint32_t i = 0; i < pair.members.size(); ++i) {
    const PlanMember& member = pair.members[i];
    if (member.step == nullptr && made.action == Action::structure) continue;
    Op op;
    op.slot = shape->slots[i];
    op.to = member.offset;
    op.member = i;
    if (member.step != nullptr) {
      op.reader = reader(*member.step);
      // A pointer that is null stands for the default in a schema, which we never leave it to.
      op.may_default = shape->bound && made.action == Action::structure &&
                       op.slot.size == pointer_size && !op.slot.flat &&
                       pair.from->fields[i].default_value.has_value();
      op.quick = quick_of(op, *member.step);
    }
    made.ops.push_back(op);
  }
  shape->slots = {};  // each is with its op
  made.shape = std::move(shape);
}

// A struct in the message.
struct Object {
  const std::uint8_t* data = nullptr;
  std::size_t data_bytes = 0;
  const std::uint8_t* pointers = nullptr;
  std::size_t pointer_count = 0;

  template <class T>
  T load(std::size_t index) const {
    return (index + 1) * sizeof(T) <= data_bytes ? base::load<T>(data + index * sizeof(T)) : T{};
  }
  const std::uint8_t* pointer(std::size_t index) const {
    static constexpr std::uint8_t null[8] = {};
    return index < pointer_count ? pointers + index * 8 : null;
  }
};

struct List {
  const std::uint8_t* first = nullptr;
  std::size_t count = 0;
  std::size_t data_bytes = 0, pointer_count = 0;  // of a list of structs
  Object object(std::size_t index) const {
    const std::uint8_t* data = first + index * (data_bytes + pointer_count * 8);
    return {data, data_bytes, data + data_bytes, pointer_count};
  }
};

// One decode call.
class Run {
 public:
  Run(ByteView segment, const std::shared_ptr<const Bytes>* owner, const DecodeLimits& limits)
      : segment_(segment),
        owner_(owner),
        untouched_(segment.size() / 8),
        allowance_(limits, segment.size()) {}

  bool message(const Reader& root, void* to) {
    if (base::load<std::uint64_t>(segment_.data()) == 0) return bad("the root pointer is null");
    return pointer(root, segment_.data(), to);
  }
  Failure failure;

 private:
  bool bad(const char* why) {
    return failure.set(ErrorCode::decode, "not a valid Cap'n Proto message", why);
  }

  // The object a pointer word leads to, and its size in words, checked and counted.
  bool target(const std::uint8_t* pointer, std::uint64_t word, std::uint64_t words,
              const std::uint8_t*& object) {
    const std::int64_t offset = static_cast<std::int32_t>(word) >> 2;
    const std::int64_t index = (pointer - segment_.data()) / 8 + 1 + offset;
    const std::int64_t limit = static_cast<std::int64_t>(segment_.size() / 8);
    if (index < 0 || index > limit || words > static_cast<std::uint64_t>(limit - index))
      return bad("a pointer leads out of the message");
    if (words > untouched_) return bad("an object is pointed at more than once");
    untouched_ -= words;
    object = segment_.data() + index * 8;
    return true;
  }

  bool expect(std::uint64_t word, std::uint64_t kind) {
    if ((word & 3) == kind) return true;
    return bad((word & 3) == 2   ? "it has several segments; send it as a single one"
               : (word & 3) == 3 ? "it contains a capability"
                                 : "a pointer of the wrong kind");
  }

  bool follow(const std::uint8_t* pointer, Object& object) {
    const auto word = base::load<std::uint64_t>(pointer);
    if (word == 0) return true;  // null: everything is zero
    const std::uint64_t data_words = word >> 32 & 0xffff, pointers = word >> 48;
    if (!expect(word, 0) || !target(pointer, word, data_words + pointers, object.data))
      return false;
    object.data_bytes = data_words * 8;
    object.pointers = object.data + object.data_bytes;
    object.pointer_count = pointers;
    return true;
  }

  // A list whose elements have the size code `code` (7: structs).
  bool follow(const std::uint8_t* pointer, std::uint64_t code, List& list) {
    const auto word = base::load<std::uint64_t>(pointer);
    if (word == 0) return true;  // null: empty
    if (!expect(word, 1)) return false;
    if ((word >> 32 & 7) != code) return bad("list elements of the wrong size");
    const std::uint64_t count = word >> 35;
    static constexpr std::uint8_t bits[8] = {0, 1, 8, 16, 32, 64, 64, 64};
    const std::uint64_t words = code == 7 ? count + 1 : (count * bits[code] + 63) / 64;
    if (!target(pointer, word, words, list.first)) return false;
    list.count = count;
    if (code != 7) return true;
    const auto tag = base::load<std::uint64_t>(list.first);
    list.first += 8;
    list.count = tag >> 2 & 0x3fffffff;
    list.data_bytes = (tag >> 32 & 0xffff) * 8;
    list.pointer_count = tag >> 48;
    if ((tag & 3) != 0 || list.count * (list.data_bytes / 8 + list.pointer_count) > count)
      return bad("a list of structs does not add up");
    return true;
  }

  bool scalar(const Reader& reader, std::uint64_t raw, void* to) {
    const PlanStep& step = *reader.step;
    switch (step.action) {
      case Action::bits:
        std::memcpy(to, &raw, step.to->size);
        return true;
      case Action::enumeration: {
        const std::int64_t value = reader.dense ? std::int64_t{static_cast<std::uint16_t>(raw)}
                                                : std::int64_t{static_cast<std::int32_t>(raw)};
        return store_symbol(step, to, value, failure);
      }
      case Action::wrap:
        return scalar(*reader.element, raw, set(step, to));
      default:
        return number(step, raw, to);
    }
  }
  bool number(const PlanStep& step, std::uint64_t raw, void* to) {
    switch (step.from) {
      case Kind::i8:
        return store_signed(step, to, static_cast<std::int8_t>(raw), failure);
      case Kind::i16:
        return store_signed(step, to, static_cast<std::int16_t>(raw), failure);
      case Kind::i32:
        return store_signed(step, to, static_cast<std::int32_t>(raw), failure);
      case Kind::u8:
      case Kind::u16:
      case Kind::u32:
      case Kind::u64:
        return store_unsigned(step, to, raw, failure);
      case Kind::f32:
        return store_real(step, to, base::load<float>(&raw), failure);
      case Kind::f64:
        return store_real(step, to, base::load<double>(&raw), failure);
      default:
        return store_signed(step, to, static_cast<std::int64_t>(raw), failure);
    }
  }

  // `data` holds values of 2^size bits.
  static std::uint64_t raw(const Object& object, const Slot& slot) {
    return bits(object, slot) ^ slot.mask;
  }
  static std::uint64_t bits(const Object& object, const Slot& slot) {
    switch (slot.size) {
      case 0:
        return object.load<std::uint8_t>(slot.offset / 8) >> slot.offset % 8 & 1;
      case 3:
        return object.load<std::uint8_t>(slot.offset);
      case 4:
        return object.load<std::uint16_t>(slot.offset);
      case 5:
        return object.load<std::uint32_t>(slot.offset);
      default:
        return object.load<std::uint64_t>(slot.offset);
    }
  }

  static void* set(const PlanStep& step, void* to) { return step.to->functions.set(*step.to, to); }

  // Where the content of an optional of the publisher's goes; null after a failure.
  void* content(const Reader& reader, void* to) {
    if (reader.action == Action::unwrap) return to;
    if (!allowance_.take(1, reader.step->to->element->size, failure)) return nullptr;
    return set(*reader.step, to);
  }

  bool field(const Reader& reader, const Slot& slot, const Object& object, void* to) {
    if (slot.flat) return flat(reader, object, to);
    if (reader.action == Action::optional || reader.action == Action::unwrap) {
      if (slot.discriminant != Slot::none) {
        const auto some = object.load<std::uint16_t>(slot.discriminant);
        if (some == 0) return store_empty(*reader.step, to, failure);
        if (some != 1) return bad("an optional is neither none nor some");
      } else if (base::load<std::uint64_t>(object.pointer(slot.offset)) == 0) {
        return store_empty(*reader.step, to, failure);
      }
      void* place = content(reader, to);
      return place != nullptr && plain(*reader.element, slot, object, place);
    }
    return plain(reader, slot, object, to);
  }
  // A group: its members lie in the enclosing struct.
  bool flat(const Reader& reader, const Object& object, void* to) {
    if (!allowance_.enter(failure)) return false;
    const bool fine = inside(reader, object, to);
    allowance_.leave();
    return fine;
  }
  bool plain(const Reader& reader, const Slot& slot, const Object& object, void* to) {
    if (slot.flat) return flat(reader, object, to);
    return slot.size == pointer_size ? pointer(reader, object.pointer(slot.offset), to)
                                     : scalar(reader, raw(object, slot), to);
  }

  // What lies by pointer.
  bool pointer(const Reader& reader, const std::uint8_t* position, void* to) {
    const PlanStep& step = *reader.step;
    if (step.action == Action::wrap) {
      if (!allowance_.take(1, step.to->element->size, failure)) return false;
      return pointer(*reader.element, position, set(step, to));
    }
    if (step.action == Action::text || step.action == Action::bytes)
      return blob(step, position, to);
    if (!allowance_.enter(failure)) return false;
    bool fine;
    if (step.action == Action::list) {
      fine = list(reader, position, to);
    } else if (step.action == Action::map) {
      fine = map(reader, position, to);
    } else {
      Object object;
      fine = follow(position, object) && inside(reader, object, to);
    }
    allowance_.leave();
    return fine;
  }

  bool blob(const PlanStep& step, const std::uint8_t* position, void* to) {
    List list;
    if (!follow(position, 2, list)) return false;
    ByteView bytes(list.first, list.count);
    if (step.action == Action::text && list.first != nullptr) {
      if (bytes.empty() || bytes.back() != 0) return bad("a text does not end with a zero byte");
      bytes = bytes.first(bytes.size() - 1);
      if (!base::is_utf8(as_text(bytes)))
        return failure.set(ErrorCode::decode, "a text is not valid UTF-8");
    }
    if (borrow(*step.to, to, bytes, owner_)) return true;
    if (!allowance_.take(bytes.size(), 1, failure)) return false;
    step.to->functions.assign(*step.to, to, bytes);
    return true;
  }

  // The inside of an object: structure, union_, decimal, any, optional.
  bool inside(const Reader& reader, const Object& object, void* to) {
    const PlanStep& step = *reader.step;
    switch (step.action) {
      case Action::structure:
        return structure(reader, object, to);
      case Action::union_:
        return held_case(reader, object, to);
      case Action::decimal:
        *static_cast<Decimal*>(to) = {object.load<std::int64_t>(0), object.load<std::int8_t>(8)};
        return true;
      case Action::any:
        return any(object, *static_cast<Any*>(to));
      case Action::wrap:
        if (!allowance_.take(1, step.to->element->size, failure)) return false;
        return inside(*reader.element, object, set(step, to));
      default:
        return field(reader, reader.shape->slots[0], object, to);
    }
  }

  // By comparisons: a jump through a table costs more than what it jumps to.
  static bool quick(const Op& op, const Object& object, void* place) {
    const std::uint32_t offset = op.slot.offset;
    if (op.quick == Quick::copy8)
      base::store(place, object.load<std::uint64_t>(offset));
    else if (op.quick == Quick::copy4)
      base::store(place, object.load<std::uint32_t>(offset));
    else if (op.quick == Quick::unit)
      base::store(place, in_unit(*op.reader->step->unit, object.load<double>(offset)));
    else if (op.quick == Quick::copy1)
      base::store(place, object.load<std::uint8_t>(offset));
    else if (op.quick == Quick::copy2)
      base::store(place, object.load<std::uint16_t>(offset));
    else
      return false;
    return true;
  }

  bool structure(const Reader& reader, const Object& object, void* to) {
    const PlanPair& pair = *reader.step->pair;
    store_absent(pair, to);
    for (const Op& op : reader.ops) {
      void* place = static_cast<std::byte*>(to) + op.to;
      if (quick(op, object, place)) continue;
      if (op.may_default && base::load<std::uint64_t>(object.pointer(op.slot.offset)) == 0)
        store_default(pair, pair.members[op.member], to);
      else if (!member(op, object, place) && !recover(pair.members[op.member], to, failure))
        return failure.in(pair.from->fields[op.member].name);
    }
    return true;
  }

  // What lies behind pointers is not read in order: a value that does not fit leaves nothing
  // behind.
  bool member(const Op& op, const Object& object, void* place) {
    const std::uint32_t depth = allowance_.depth;
    const bool fine = field(*op.reader, op.slot, object, place);
    allowance_.depth = depth;
    return fine;
  }

  bool held_case(const Reader& reader, const Object& object, void* to) {
    const PlanStep& step = *reader.step;
    const PlanPair& pair = *step.pair;
    const auto which = object.load<std::uint16_t>(reader.shape->discriminant);
    if (!reader.shape->bound && which > reader.ops.size())
      return bad("a union holds a case that its type does not have");
    if (!reader.shape->bound && which == 0 && pair.from->closed) {
      return failure.set(ErrorCode::decode, "no case of " + pair.from->name + " is set",
                         "the union is closed");
    }
    const Op* held = case_of(reader, which);
    if (held == nullptr && pair.from->closed)
      return bad("a union holds a case that its type does not have");
    if (held == nullptr || held->reader == nullptr) return store_no_case(step, to, failure);
    const Op& op = *held;
    const PlanMember& member = pair.members[op.member];
    if (!allowance_.take(1, member.step->to->size, failure)) return false;
    void* place = step.to->functions.choose(*step.to, to, member.to);
    return plain(*op.reader, op.slot, object, place) ||
           failure.in(pair.from->fields[op.member].name);
  }

  // Null: none of the type's.
  static const Op* case_of(const Reader& reader, std::uint16_t which) {
    if (!reader.shape->bound) return which == 0 ? nullptr : &reader.ops[which - 1u];
    if (which < reader.ops.size() && reader.ops[which].slot.which == which)
      return &reader.ops[which];
    for (const Op& op : reader.ops) {
      if (op.slot.which == which) return &op;
    }
    return nullptr;
  }

  bool any(const Object& object, Any& to) {
    List document, message;
    if (!follow(object.pointer(0), 2, document) || !follow(object.pointer(1), 2, message))
      return false;
    to = Any{};
    if (document.count == 0) return true;
    if (!allowance_.take(document.count + message.count, 1, failure)) return false;
    auto type = Type::from_document(ByteView(document.first, document.count));
    if (!type) {
      return failure.set(ErrorCode::decode, "the type of an any is not valid", type.error().what());
    }
    to.type = std::move(*type);
    to.message.assign(message.first, message.first + message.count);
    return true;
  }

  bool list(const Reader& reader, const std::uint8_t* position, void* to) {
    const Reader& element = *reader.element;
    const Layout& target = *reader.step->to;
    static constexpr std::uint8_t codes[] = {1, 0, 0, 2, 3, 4, 5};  // by the size of a scalar
    const std::uint64_t code = element.object                 ? 7u
                               : element.size == pointer_size ? 6u
                                                              : codes[element.size];
    List list;
    if (!follow(position, code, list)) return false;
    if (!allowance_.take(list.count, target.element->size, failure)) return false;
    std::byte* place = nullptr;
    std::size_t kept = 0;
    if (!resize(*reader.step, to, list.count, kept, place, failure)) return false;
    const std::size_t step = target.element->size;
    if (element.action == Action::bits && element.size != 0) {
      if (kept != 0) std::memcpy(place, list.first, kept * step);
      return true;
    }
    for (std::size_t i = 0; i < kept; ++i, place += step) {
      bool fine;
      if (element.object) {
        fine = inside(element, list.object(i), place);
      } else if (element.size == pointer_size) {
        fine = pointer(element, list.first + i * 8, place);
      } else {
        const Object all{list.first, segment_.size(), nullptr, 0};  // checked by follow()
        fine = scalar(element, raw(all, {element.size, static_cast<std::uint32_t>(i), Slot::none}),
                      place);
      }
      if (!fine) return failure.in(i);
    }
    return true;
  }

  bool map(const Reader& reader, const std::uint8_t* position, void* to) {
    const Layout& target = *reader.step->to;
    List list;
    if (!follow(position, 7, list)) return false;
    target.functions.map_clear(target, to);
    MapKey key(*target.key);
    for (std::size_t i = 0; i < list.count; ++i) {
      const Object entry = list.object(i);
      if (!allowance_.take(1, map_entry_bytes(target), failure) ||
          !field(*reader.key, reader.shape->slots[0], entry, key.place())) {
        return failure.in(i);
      }
      void* place = target.functions.map_insert(target, to, key.place());
      if (place == nullptr) {
        failure.set(ErrorCode::decode, "a key of a map is there twice");
        return failure.in(i);
      }
      if (!field(*reader.element, reader.shape->slots[1], entry, place)) return failure.in(i);
    }
    return true;
  }

  ByteView segment_;
  const std::shared_ptr<const Bytes>* owner_;
  std::uint64_t untouched_;  // words; each object may be visited once
  Allowance allowance_;
};

Result<void> Decode::read(ByteView message, const std::shared_ptr<const Bytes>* owner,
                          void* value) const {
  const auto refuse = [](const char* why) {
    return Error(ErrorCode::decode, "not a valid Cap'n Proto message", {}, why);
  };
  if (message.size() < 16) return refuse("it is too short");
  if (base::load<std::uint32_t>(message.data()) != 0)
    return refuse("it has several segments; send it as a single one");
  const std::uint64_t words = base::load<std::uint32_t>(message.data() + 4);
  if (words == 0 || message.size() - 8 != words * 8)
    return refuse("its length is not the one its header gives");
  Run run(message.subspan(8), owner, limits_);
  if (run.message(*root_, value)) return {};
  return run.failure.error();
}

}  // namespace

Result<std::unique_ptr<Decoder>> make_decoder(const Assignment& assignment, const Layout& layout,
                                              const Binding* binding, const DecodeLimits& limits) {
  const auto omission = binding == nullptr ? Plan::Omission::never : Plan::Omission::possible;
  DTS_ASSIGN(auto plan, Plan::make(assignment, layout, omission));
  return std::unique_ptr<Decoder>(new Decode(std::move(plan), binding, limits));
}

}  // namespace dts::format::capnproto
