#include <format/protobuf_writer.hpp>

#include <algorithm>

#include <base/endian.hpp>

namespace dts::format::protobuf::writing {

namespace {

Code code_of(const Layout& layout, Coding coding) {
  switch (layout.kind) {
    case Kind::boolean:
      return Code::boolean;
    case Kind::enumeration:
      return Code::symbol;
    case Kind::text:
      return Code::text;
    case Kind::bytes:
      return Code::bytes;
    case Kind::time:
      return Code::time;
    case Kind::duration:
      return Code::duration;
    case Kind::decimal:
      return Code::decimal;
    case Kind::any:
      return Code::any;
    case Kind::union_:
      return Code::one_case;
    case Kind::structure:
    case Kind::list:
    case Kind::array:
    case Kind::map:
    case Kind::optional:
      return Code::message;
    default:
      if (coding == Coding::natural) return Code::plain;
      if (coding == Coding::zigzag) return Code::signs;
      return wire_of(layout.kind, coding) == four ? Code::bits4 : Code::bits8;
  }
}

bool is_signed(const Layout& layout) {
  const Kind kind = layout.kind;
  if (kind == Kind::enumeration) return layout.is_signed;
  return kind == Kind::i8 || kind == Kind::i16 || kind == Kind::i32 || kind == Kind::i64;
}

// Whether the symbols that may be sent are all those from one to another: then they are known
// by their place.
bool in_a_row(Op& op) {
  const TypeNode& node = op.layout->type.root();
  const auto& symbols = node.symbols;  // by value
  if (!node.closed) {
    op.first_symbol = INT32_MIN;
    op.last_symbol = UINT32_MAX;
    return true;
  }
  if (symbols.empty()) return false;
  op.first_symbol = symbols.front().value;
  op.last_symbol = static_cast<std::uint32_t>(symbols.size() - 1);
  return std::int64_t{symbols.back().value} - op.first_symbol == op.last_symbol;
}

Quick quick_of(Op& op) {
  if (op.form == Form::optional) return op.code == Code::message ? Quick::message : Quick::held;
  if (op.form == Form::repeated) {
    const std::uint32_t width = op.code == Code::bits8     ? 8
                                : op.code == Code::bits4   ? 4
                                : op.code == Code::boolean ? 1
                                                           : 0;
    // They lie in memory as they are sent.
    return op.packed && width == op.layout->element->size ? Quick::block : Quick::none;
  }
  if (op.form != Form::single || op.implicit) return Quick::none;
  switch (op.code) {
    case Code::boolean:
      return Quick::boolean;
    case Code::plain:
      if (op.size == 8) return Quick::u64;
      return op.size == 4 && !op.is_signed ? Quick::u32 : Quick::none;
    case Code::signs:
      return op.size == 8 ? Quick::i64 : op.size == 4 ? Quick::i32 : Quick::none;
    case Code::bits4:
      return op.size == 4 ? Quick::bits4 : Quick::none;
    case Code::bits8:
      return Quick::bits8;
    case Code::symbol:
      return in_a_row(op) ? Quick::symbol : Quick::none;
    case Code::text:
      return Quick::text;
    case Code::message:
      return Quick::message;
    default:
      return Quick::none;
  }
}

Op tagged(std::uint32_t number, Wire wire) {
  Op op;
  op.number = number;
  std::uint8_t bytes[10] = {};
  op.tag_size =
      static_cast<std::uint8_t>(write_varint(bytes, std::uint64_t{number} << 3 | wire) - bytes);
  op.tag = base::load<std::uint64_t>(bytes);
  return op;
}

}  // namespace

Result<Op> Writers::single(const Layout& layout, std::uint32_t number, const Numbers& numbers) {
  DTS_ASSIGN(const Writer* value, writer(layout, numbers));
  Op op = tagged(number, value->wire);
  op.code = value->code;
  op.size = value->size;
  op.is_signed = value->is_signed;
  op.layout = &layout;
  op.writer = value;
  return op;
}

// A field that may be there or not, or several times.
Result<Op> Writers::field(const Layout& layout, std::uint32_t number, const Numbers& numbers) {
  if (layout.kind == Kind::list || layout.kind == Kind::array) {
    DTS_ASSIGN(Op op, single(*layout.element, number, numbers));
    op.packed = numbers.packed && op.writer->wire != length;
    if (op.packed) {
      const Op packed = tagged(number, length);
      op.tag = packed.tag;
      op.tag_size = packed.tag_size;
    }
    op.form = Form::repeated;
    op.layout = &layout;
    return op;
  }
  if (layout.kind == Kind::map) {
    DTS_ASSIGN(Op op, single(*layout.element, 2, numbers));
    Numbers key_numbers;
    key_numbers.coding = numbers.key;
    DTS_ASSIGN(op.key, writer(*layout.key, key_numbers));
    const Op entry = tagged(number, length);
    op.tag = entry.tag;
    op.tag_size = entry.tag_size;
    op.number = number;
    op.form = Form::map;
    op.layout = &layout;
    return op;
  }
  if (layout.kind != Kind::optional) return single(layout, number, numbers);
  DTS_ASSIGN(Op op, single(*layout.element, number, numbers));
  op.form = Form::optional;
  op.layout = &layout;
  return op;
}

Result<const Writer*> Writers::writer(const Layout& layout, const Numbers& numbers) {
  const bool named = layout.kind == Kind::structure || layout.kind == Kind::union_;
  const auto [found, fresh] = made_.try_emplace({&layout, named ? Numbers{} : numbers}, nullptr);
  if (!fresh) return found->second;
  Writer& made = writers_.emplace_back();
  found->second = &made;  // before its members: a type may refer to itself
  made.layout = &layout;
  const Coding coding = coding_of(layout.kind, numbers.coding);
  made.code = code_of(layout, coding);
  made.wire = wire_of(layout.kind, coding);
  made.size = static_cast<std::uint8_t>(std::min<std::uint32_t>(layout.size, 8));
  made.is_signed = is_signed(layout);
  if (named) {
    DTS_TRY(members(made));
  } else if (made.code == Code::message) {
    DTS_ASSIGN(Op op, field(layout, 1, numbers));
    made.ops.push_back(op);
  }
  made.room = scalar_bytes_max;
  made.is_short = made.code == Code::message;
  for (std::uint32_t i = 0; made.code == Code::message && i < made.ops.size(); ++i) {
    Op& op = made.ops[i];
    op.quick = quick_of(op);
    made.room += op.tag_size + varint_bytes_max;
    made.is_short &= op.quick >= Quick::boolean && op.quick <= Quick::bits8;
    if (op.form == Form::repeated || (op.form == Form::single && op.code == Code::bytes))
      made.bulky.push_back(i);
  }
  made.is_short &= made.room - scalar_bytes_max < 0x80;
  return &made;
}

Result<void> Writers::members(Writer& made) {
  const Layout& layout = *made.layout;
  const TypeNode& node = layout.type.root();
  DTS_ASSIGN(const std::vector<Slot> slots, slots_of(node, binding_));
  const bool is_union = layout.kind == Kind::union_;
  for (std::uint32_t i = 0; i < slots.size(); ++i) {
    const Layout& member = *layout.fields[i].layout;
    const Slot& slot = slots[i];
    if (slot.flat && !is_union) {
      DTS_TRY(flat_cases(made, layout, i));
      continue;
    }
    // A case is told from the others by being there: what may be left out is put into a message.
    DTS_ASSIGN(Op op, is_union ? single(member, slot.number, slot.numbers)
                               : field(member, slot.number, slot.numbers));
    op.implicit = slot.implicit && op.form == Form::single;
    op.from = layout.fields[i].offset;
    op.member = i;
    made.ops.push_back(op);
  }
  std::vector<std::uint32_t> numbers;
  for (const Op& op : made.ops) numbers.push_back(op.number);
  DTS_TRY(check_distinct(node, std::move(numbers)));
  if (is_union) return {};
  std::sort(made.ops.begin(), made.ops.end(),
            [](const Op& a, const Op& b) { return a.number < b.number; });
  return {};
}

Result<void> Writers::flat_cases(Writer& made, const Layout& layout, std::uint32_t member) {
  const Layout& field = *layout.fields[member].layout;
  const Layout& inner = field.kind == Kind::optional ? *field.element : field;
  if (inner.kind != Kind::union_) {
    return Error(ErrorCode::unsupported, "only a union can lie flat in a message",
                 layout.type.root().fields[member].name,
                 "this is " + std::string(kind_name(inner.kind)));
  }
  DTS_ASSIGN(const std::vector<Slot> slots, slots_of(inner.type.root(), binding_));
  for (std::uint32_t i = 0; i < slots.size(); ++i) {
    DTS_ASSIGN(Op op, single(*inner.fields[i].layout, slots[i].number, slots[i].numbers));
    op.form = Form::flat;
    op.from = layout.fields[member].offset;
    op.member = member;
    op.which = i;
    op.layout = &field;
    made.ops.push_back(op);
  }
  return {};
}

Result<std::unique_ptr<const Writers>> Writers::make(const Layout& layout, const Binding* binding) {
  std::unique_ptr<Writers> made(new Writers(binding));
  DTS_ASSIGN(made->root_, made->writer(layout, {}));
  made->binding_ = nullptr;
  made->made_.clear();
  return std::unique_ptr<const Writers>(std::move(made));
}

}  // namespace dts::format::protobuf::writing
