#include <format/capnproto_shape.hpp>

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
  return {allocator.data_words, allocator.pointers, 0, std::move(slots)};
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
    shape.slots.push_back(slot);
  }
  shape.data_words = allocator.data_words;
  shape.pointers = allocator.pointers;
  return shape;
}

}  // namespace

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

Shape shape_of(const TypeNode& node, std::span<const TypeNode> nodes) {
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
