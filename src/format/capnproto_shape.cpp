#include <format/capnproto_shape.hpp>

#include <algorithm>
#include <string>

namespace dts::format::capnproto {

namespace {

// The reference compiler's allocator: values go into the smallest hole that fits; a hole is what
// is left of a word after a smaller value was put into it. At most one hole per size.
class Allocator {
 public:
  std::uint32_t data_words = 0, pointers = 0;

  std::uint32_t take(int size) {
    if (size == 6) return data_words++;
    if (holes_[size] != 0) {
      const std::uint32_t offset = holes_[size];
      holes_[size] = 0;
      return offset;
    }
    const std::uint32_t offset = take(size + 1) * 2;
    holes_[size] = offset + 1;  // never 0: a hole follows what was taken
    return offset;
  }

  // Makes a value grow in place by joining it with the holes behind it.
  bool grow(int size, std::uint32_t offset, int target) {
    if (size == target) return true;
    if (size >= 6 || holes_[size] != offset + 1) return false;
    if (!grow(size + 1, offset / 2, target)) return false;
    holes_[size] = 0;
    return true;
  }

  Slot place(Measure field) {
    Slot slot;
    slot.size = field.size;
    if (field.optional && slot.size != pointer_size) slot.discriminant = take(4);
    slot.offset = slot.size == pointer_size ? pointers++ : take(slot.size);
    return slot;
  }

 private:
  std::uint32_t holes_[6] = {};
};

Shape finish(const Allocator& allocator, std::vector<Slot> slots) {
  Shape shape;
  shape.data_words = allocator.data_words;
  shape.pointers = allocator.pointers;
  shape.slots = std::move(slots);
  return shape;
}

// The cases share room: each takes the smallest place that holds it, or makes one grow.
Shape union_shape(const TypeNode& node, std::span<const TypeNode> nodes) {
  struct Room {
    int size;
    std::uint32_t offset;
  };
  Allocator allocator;
  Shape shape;
  std::vector<Room> rooms;
  std::uint32_t pointer = Slot::none;
  shape.discriminant = allocator.take(4);  // taken when the second member is met: the first is none
  for (const Field& field : node.fields) {
    Slot slot;
    slot.size = field.type.kind == Kind::optional ? pointer_size : size_of(field.type, nodes);
    if (slot.size == pointer_size) {
      if (pointer == Slot::none) pointer = allocator.pointers++;
      slot.offset = pointer;
    } else {
      Room* best = nullptr;
      for (Room& room : rooms) {
        if (room.size >= slot.size && (best == nullptr || room.size < best->size)) best = &room;
      }
      for (std::size_t i = 0; best == nullptr && i < rooms.size(); ++i) {
        Room& room = rooms[i];
        if (!allocator.grow(room.size, room.offset, slot.size)) continue;
        room = {slot.size, room.offset >> (slot.size - room.size)};
        best = &room;
      }
      if (best == nullptr) best = &rooms.emplace_back(Room{slot.size, allocator.take(slot.size)});
      slot.offset = best->offset << (best->size - slot.size);
    }
    slot.which = static_cast<std::uint16_t>(shape.slots.size() + 1);
    shape.slots.push_back(slot);
  }
  shape.data_words = allocator.data_words;
  shape.pointers = allocator.pointers;
  return shape;
}

Shape bound_shape(const TypeNode& node, std::span<const TypeNode> nodes, const BindingNode& bound) {
  Shape shape;
  shape.data_words = bound.data_words;
  shape.pointers = bound.pointers;
  shape.discriminant = bound.discriminant;
  shape.bound = true;
  const bool is_union = node.kind == Kind::union_;
  for (std::size_t i = 0; i < node.fields.size(); ++i) {
    const BindingMember& member = bound.members[i];
    const Measure field = measure(node.fields[i].type, nodes);
    Slot slot;
    slot.size = is_union && field.optional ? pointer_size : field.size;
    slot.offset = member.number;
    slot.flat = member.flat;
    slot.mask = member.mask;
    if (is_union)
      slot.which = static_cast<std::uint16_t>(member.discriminant);
    else if (field.optional && slot.size != pointer_size)
      slot.discriminant = member.discriminant;
    shape.slots.push_back(slot);
  }
  return shape;
}

// Why what a binding says of a member cannot be; empty: it can.
std::string problem_of(const Slot& slot, const Shape& shape) {
  const auto fits = [&](std::uint32_t offset, int size) {
    return (std::uint64_t{offset} + 1) << size <= std::uint64_t{shape.data_words} * 64;
  };
  if (slot.discriminant != Slot::none && !fits(slot.discriminant, 4))
    return "its discriminant lies outside of the data section";
  if (slot.flat) return {};
  if (slot.size == pointer_size)
    return slot.offset < shape.pointers ? "" : "it lies outside of the pointer section";
  if (!fits(slot.offset, slot.size)) return "it lies outside of the data section";
  if (slot.size < 6 && slot.mask >> (1u << slot.size) != 0) return "its mask is too wide";
  return {};
}

// The members of a group lie where those of the enclosing struct do: with its sections.
std::string flat_problem(const TypeRef& type, const Shape& shape, const Type& whole,
                         const Binding& binding) {
  const auto nodes = whole.nodes();
  if (type.kind != Kind::reference || nodes[type.node].kind == Kind::enumeration)
    return "only a struct or a union can lie in the enclosing struct";
  const BindingNode* inside = binding.find(nodes[type.node].name);
  if (inside == nullptr) return "the binding does not say how its members lie";
  if (inside->data_words > shape.data_words || inside->pointers > shape.pointers)
    return "its members lie outside of the enclosing struct";
  return {};
}

}  // namespace

Result<void> check_binding(const Binding& binding, const Type& type) {
  const auto refuse = [&](const std::string& where, std::string why) {
    return Error(ErrorCode::unsupported, "the binding is not one for capnproto", where,
                 std::move(why));
  };
  if (!binding.valid()) return refuse(type.name(), "it is empty");
  if (binding.format() != "capnproto") return refuse(type.name(), "it is for " + binding.format());
  if (binding.type() != type.id()) return refuse(type.name(), "it is for another type");
  for (const TypeNode& node : type.nodes()) {
    const BindingNode* bound = binding.find(node.name);
    if (bound == nullptr || node.kind == Kind::enumeration) continue;
    if (bound->data_words > 0xffff || bound->pointers > 0xffff)
      return refuse(node.name, "a struct has at most 65535 words of data and 65535 pointers");
    const Shape shape = bound_shape(node, type.nodes(), *bound);
    const bool is_union = node.kind == Kind::union_;
    if (is_union && (std::uint64_t{shape.discriminant} + 1) * 16 > shape.data_words * 64ull)
      return refuse(node.name, "its discriminant lies outside of the data section");
    std::vector<std::uint32_t> cases;
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
      const std::string where = node.name + "." + node.fields[i].name;
      std::string problem = problem_of(shape.slots[i], shape);
      if (problem.empty() && shape.slots[i].flat)
        problem = flat_problem(node.fields[i].type, shape, type, binding);
      if (!problem.empty()) return refuse(where, std::move(problem));
      if (!is_union) continue;
      if (bound->members[i].discriminant > 0xffff) return refuse(where, "a case has 16 bits");
      cases.push_back(bound->members[i].discriminant);
    }
    std::sort(cases.begin(), cases.end());
    if (std::adjacent_find(cases.begin(), cases.end()) != cases.end())
      return refuse(node.name, "two of its cases have one discriminant");
  }
  return {};
}

bool is_dense(const TypeNode& enumeration) {
  const auto& symbols = enumeration.symbols;  // sorted by value, which are distinct
  return !symbols.empty() && symbols.front().value == 0 &&
         symbols.back().value == static_cast<std::int64_t>(symbols.size()) - 1;
}

std::int8_t size_of(const TypeRef& type, std::span<const TypeNode> nodes) {
  switch (type.kind) {
    case Kind::boolean:
      return 0;
    case Kind::i8:
    case Kind::u8:
      return 3;
    case Kind::i16:
    case Kind::u16:
      return 4;
    case Kind::i32:
    case Kind::u32:
    case Kind::f32:
      return 5;
    case Kind::i64:
    case Kind::u64:
    case Kind::f64:
    case Kind::time:
    case Kind::duration:
      return 6;
    case Kind::reference: {
      const TypeNode& node = nodes[type.node];
      if (node.kind != Kind::enumeration) return pointer_size;
      return is_dense(node) ? 4 : 5;
    }
    default:
      return pointer_size;
  }
}

Shape shape_of(const TypeNode& node, std::span<const TypeNode> nodes, const Binding* binding) {
  if (const BindingNode* bound = binding != nullptr ? binding->find(node.name) : nullptr)
    return bound_shape(node, nodes, *bound);
  if (node.kind == Kind::union_) return union_shape(node, nodes);
  Allocator allocator;
  std::vector<Slot> slots;
  slots.reserve(node.fields.size());
  for (const Field& field : node.fields)
    slots.push_back(allocator.place(measure(field.type, nodes)));
  return finish(allocator, std::move(slots));
}

Shape entry_shape(Measure key, Measure value) {
  Allocator allocator;
  std::vector<Slot> slots{allocator.place(key)};
  slots.push_back(allocator.place(value));
  return finish(allocator, std::move(slots));
}

Shape optional_shape(std::int8_t size) {
  Allocator allocator;
  std::vector<Slot> slots{allocator.place({size, true})};
  return finish(allocator, std::move(slots));
}

Measure measure(const TypeRef& type, std::span<const TypeNode> nodes) {
  const bool optional = type.kind == Kind::optional;
  return {size_of(optional ? type.arguments[0] : type, nodes), optional};
}

}  // namespace dts::format::capnproto
