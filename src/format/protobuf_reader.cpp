#include <format/protobuf_reader.hpp>

#include <algorithm>

namespace dts::format::protobuf::reading {

namespace {

bool is_signed(Kind kind) { return kind >= Kind::i8 && kind <= Kind::i64; }

Read read_of(const PlanStep& step, Coding coding) {
  switch (step.action) {
    case Action::enumeration:
      return Read::symbol;
    case Action::text:
      return Read::text;
    case Action::bytes:
      return Read::bytes;
    case Action::decimal:
      return Read::decimal;
    case Action::any:
      return Read::any;
    case Action::structure:
      return Read::structure;
    case Action::union_:
      return Read::one_case;
    case Action::number:
      return Read::number;
    case Action::bits:
      break;
    default:
      return Read::container;
  }
  if (step.from == Kind::time) return Read::time;
  if (step.from == Kind::duration) return Read::duration;
  if (step.from == Kind::boolean) return Read::boolean;
  if (coding == Coding::zigzag) return Read::signs;
  if (coding == Coding::natural) return is_signed(step.from) ? Read::whole : Read::plain;
  const Wire wire = wire_of(step.from, coding);
  if (wire == four && step.to->size == 4) return Read::bits4;
  return wire == eight ? Read::bits8 : Read::number;
}

constexpr std::uint32_t index_max = 256;

}  // namespace

const Op* Message::find(std::uint32_t number) const {
  if (number < index.size()) return index[number] == 0 ? nullptr : &ops[index[number] - 1u];
  const auto found =
      std::lower_bound(ops.begin(), ops.end(), number,
                       [](const Op& op, std::uint32_t n) { return op.number() < n; });
  return found != ops.end() && found->number() == number ? &*found : nullptr;
}

Result<std::unique_ptr<const Readers>> Readers::make(const Plan& plan, const Binding* binding) {
  std::unique_ptr<Readers> made(new Readers(binding));
  made->nodes_ = plan.publisher().nodes();
  DTS_ASSIGN(made->root_, made->reader(plan.root(), {}));
  made->binding_ = nullptr;
  made->made_.clear();
  made->pairs_.clear();
  return std::unique_ptr<const Readers>(std::move(made));
}

Result<const Reader*> Readers::reader(const PlanStep& step, const Numbers& numbers) {
  const auto [found, fresh] = made_.try_emplace({&step, numbers}, nullptr);
  if (!fresh) return found->second;
  Reader& made = readers_.emplace_back();
  found->second = &made;  // before its members: a type may refer to itself
  made.step = &step;
  if (step.action == Action::wrap) {
    made.wrap = &step;
    made.step = step.element;
  }
  const PlanStep& inner = *made.step;
  made.coding = coding_of(inner.from, numbers.coding);
  made.wire = wire_of(inner.from, made.coding);
  made.read = read_of(inner, made.coding);
  made.size = static_cast<std::uint8_t>(std::min<std::uint32_t>(inner.to->size, 8));
  made.largest = ~std::uint64_t{0} >> (64 - 8 * std::max<unsigned>(made.size, 1));
  if (is_signed(inner.from)) made.largest >>= 1;
  if (made.read == Read::structure || made.read == Read::one_case) {
    DTS_ASSIGN(made.message, message(*inner.pair));
  } else if (made.read == Read::container) {
    DTS_ASSIGN(Op op, field(inner, 1, numbers));
    Message& around = messages_.emplace_back();
    op.absent = op.form == Form::optional ? Absent::empty : Absent::clear;
    if (op.length != 0) around.arrays = 1;
    around.ops.push_back(op);
    finish(around);
    made.message = &around;
  }
  return &made;
}

Result<Op> Readers::single(const PlanStep& step, std::uint32_t number, const Numbers& numbers) {
  Op op;
  DTS_ASSIGN(op.reader, reader(step, numbers));
  op.form = Form::single;
  op.read = op.reader->wrap == nullptr ? op.reader->read : Read::container;
  op.tag = op.other = number << 3 | op.reader->wire;
  op.step = &step;
  return op;
}

// A field that may be there or not, or several times.
Result<Op> Readers::field(const PlanStep& step, std::uint32_t number, const Numbers& numbers) {
  const bool wrapped = step.action == Action::wrap;
  const PlanStep& inner = wrapped ? *step.element : step;
  Op op;
  switch (inner.action) {
    case Action::list: {
      DTS_ASSIGN(op, single(*inner.element, number, numbers));
      if (op.reader->wire != length) {
        op.other = number << 3 | length;
        if (numbers.packed) std::swap(op.tag, op.other);
      }
      op.form = Form::repeated;
      op.many = true;
      if (inner.to->kind == Kind::array) op.length = inner.to->length;
      if (inner.from == Kind::array) op.length = inner.source->length;
      break;
    }
    case Action::map: {
      DTS_ASSIGN(op.reader, reader(*inner.element, numbers));
      Numbers key_numbers;
      key_numbers.coding = numbers.key;
      DTS_ASSIGN(op.key, reader(*inner.key, key_numbers));
      op.tag = op.other = number << 3 | length;
      op.form = Form::map;
      op.many = true;
      break;
    }
    case Action::optional:
    case Action::unwrap: {
      DTS_ASSIGN(op, single(*inner.element, number, numbers));
      op.form = Form::optional;
      break;
    }
    default:
      return single(step, number, numbers);
  }
  op.step = &inner;
  op.wrap = wrapped ? &step : nullptr;
  return op;
}

Result<const Message*> Readers::message(const PlanPair& pair) {
  const auto [found, fresh] = pairs_.try_emplace(&pair, nullptr);
  if (!fresh) return found->second;
  Message& made = messages_.emplace_back();
  found->second = &made;  // before its members: a type may refer to itself
  made.pair = &pair;
  DTS_TRY(members(made));
  std::vector<std::uint32_t> numbers;
  for (const Op& op : made.ops) numbers.push_back(op.number());
  DTS_TRY(check_distinct(*pair.from, std::move(numbers)));
  finish(made);
  return &made;
}

namespace {

Absent absent_of(const Op& op, const Slot& slot, const Field& field) {
  switch (op.form) {
    case Form::optional:
      return Absent::empty;  // whatever its default: an empty one is left out
    case Form::map:
      return Absent::clear;
    case Form::repeated:
      // An array is never without elements.
      if (field.type.kind == Kind::array)
        return field.default_value ? Absent::use_default : Absent::refuse;
      return Absent::clear;
    default:
      if (slot.implicit) return Absent::zero;
      return field.default_value ? Absent::use_default : Absent::refuse;
  }
}

}  // namespace

Result<void> Readers::members(Message& made) {
  const PlanPair& pair = *made.pair;
  const TypeNode& node = *pair.from;
  const bool is_union = node.kind == Kind::union_;
  DTS_ASSIGN(const std::vector<Slot> slots, slots_of(node, binding_));
  made.ops.reserve(slots.size());
  for (std::uint32_t i = 0; i < slots.size(); ++i) {
    const Slot& slot = slots[i];
    const PlanStep* step = pair.members[i].step;
    const auto bit = static_cast<std::uint16_t>(is_union ? 0 : i);
    if (step == nullptr) {
      DTS_TRY(skipped(made, node, slot, i, bit));
      continue;
    }
    Op op;
    op.to = pair.members[i].offset;
    op.member = i;
    op.bit = bit;
    op.step = step;
    if (slot.flat && !is_union) {
      DTS_TRY(flat_cases(made, op));
      continue;
    }
    const Op whole = op;
    DTS_ASSIGN(op, is_union ? single(*step, slot.number, slot.numbers)
                            : field(*step, slot.number, slot.numbers));
    op.to = whole.to;
    op.member = i;
    op.bit = bit;
    op.absent = is_union ? Absent::nothing : absent_of(op, slot, node.fields[i]);
    if (op.length != 0) op.filled = made.arrays++;
    made.ops.push_back(op);
  }
  return {};
}

// The cases of a oneof, in the message around it. `whole` is the union's own field.
Result<void> Readers::flat_cases(Message& made, const Op& whole) {
  const PlanStep* step = whole.step;
  while (step->action == Action::wrap || step->action == Action::optional ||
         step->action == Action::unwrap)
    step = step->element;
  if (step->action != Action::union_) {
    return Error(ErrorCode::unsupported, "only a union can lie flat in a message",
                 made.pair->from->fields[whole.member].name,
                 "this is " + std::string(kind_name(step->from)));
  }
  const PlanPair& cases = *step->pair;
  DTS_ASSIGN(const std::vector<Slot> slots, slots_of(*cases.from, binding_));
  for (std::uint32_t i = 0; i < slots.size(); ++i) {
    Op op = whole;
    if (cases.members[i].step != nullptr) {
      DTS_ASSIGN(const Op held, single(*cases.members[i].step, slots[i].number, slots[i].numbers));
      op.tag = op.other = held.tag;
      op.reader = held.reader;
    } else {  // a case the subscriber does not know
      op.tag = op.other =
          slots[i].number << 3 | wire_of(cases.from->fields[i].type.kind, Coding::natural);
    }
    op.form = Form::flat;
    op.absent = Absent::no_case;
    op.which = i;
    made.ops.push_back(op);
  }
  return {};
}

// What the subscriber does not read; of a oneof every case.
Result<void> Readers::skipped(Message& made, const TypeNode& node, const Slot& slot,
                              std::uint32_t member, std::uint16_t bit) {
  const auto add = [&](std::uint32_t number) {
    Op op;
    op.tag = op.other = number << 3;  // any wire type: nobody looks at it
    op.member = member;
    op.bit = bit;
    op.many = node.kind != Kind::union_;
    made.ops.push_back(op);
  };
  if (!slot.flat || node.kind == Kind::union_) {
    add(slot.number);
    return {};
  }
  const TypeRef* type = &node.fields[member].type;
  if (type->kind == Kind::optional) type = &type->arguments[0];
  if (type->kind != Kind::reference || nodes_[type->node].kind != Kind::union_) return {};
  DTS_ASSIGN(const std::vector<Slot> cases, slots_of(nodes_[type->node], binding_));
  for (const Slot& each : cases) add(each.number);
  return {};
}

namespace {

Read quick_of(const Op& op) {
  if (op.form == Form::single) {
    const bool is_unit = op.read == Read::number && only_changes_unit(*op.step);
    return is_unit && op.reader->wire == eight ? Read::unit : op.read;
  }
  const bool as_it_is = op.reader->read == Read::bits8 || op.reader->read == Read::bits4;
  const bool is_list = op.form == Form::repeated && op.length == 0 && op.wrap == nullptr;
  // A list that is not packed has another tag.
  return is_list && as_it_is && op.reader->wrap == nullptr && (op.tag & 7) == length
             ? Read::block
             : Read::container;
}

}  // namespace

void Readers::finish(Message& made) {
  std::sort(made.ops.begin(), made.ops.end(),
            [](const Op& a, const Op& b) { return a.number() < b.number(); });
  made.bits_in_order = made.ops.size() <= 64;
  for (std::size_t i = 0; i < made.ops.size(); ++i) {
    Op& op = made.ops[i];
    made.bits_in_order &= op.bit == i;
    if (op.reader != nullptr && op.form != Form::flat) {
      op.quick = quick_of(op);
      op.size = op.reader->size;
      op.largest = op.reader->largest;
      std::uint8_t bytes[varint_bytes_max] = {};
      const auto size = static_cast<std::uint8_t>(write_varint(bytes, op.tag) - bytes);
      if (size <= 2) {
        op.tag_size = size;
        op.tag_word = base::load<std::uint16_t>(bytes);
        op.tag_mask = size == 1 ? 0xff : 0xffff;
      }
    }
    if (op.bit >= made.absent.size()) made.absent.resize(op.bit + 1u, nullptr);
    made.absent[op.bit] = &op;
    if (op.number() > index_max) continue;
    if (op.number() >= made.index.size()) made.index.resize(op.number() + 1u, 0);
    made.index[op.number()] = static_cast<std::uint16_t>(i + 1);
  }
}

}  // namespace dts::format::protobuf::reading
