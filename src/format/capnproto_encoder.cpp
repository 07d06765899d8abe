// Capnproto encoder: one pass over the value. A message as it lies in memory, little-endian:
//
//   u32 segments - 1 = 0 | u32 words in the segment | root pointer | objects, each after its parent
//
//   struct pointer   offset:30 << 2 | 0, data words:16 << 32, pointers:16 << 48
//   list pointer     offset:30 << 2 | 1, element size:3 << 32, elements:29 << 35
//   (offset: words from the end of the pointer to the object)
//   list of structs  element size 7, "elements" counts words without the tag; then a tag word: a
//                    struct pointer whose offset is the number of structs; then the structs
#include <format/capnproto.hpp>

#include <deque>
#include <map>

#include <base/endian.hpp>
#include <base/text.hpp>
#include <dts/value.hpp>
#include <format/capnproto_shape.hpp>
#include <format/plan.hpp>

namespace dts::format::capnproto {

namespace {

// What most fields are, written without looking further: so many bytes copied into the data
// section, a bit of it, one of an enumeration's symbols, a text.
enum class Quick : std::uint8_t { none, copy1, copy2, copy4, copy8, bit, symbol, text };

// How values of one Layout are written.
struct Writer;
struct Member {
  std::uint32_t from = 0;  // bytes from the start of the struct
  Slot slot;
  const Writer* writer = nullptr;
  Quick quick = Quick::none;
  std::uint8_t bit = 0;           // bit: which
  std::uint16_t last_symbol = 0;  // symbol: from 0 up to this one
  std::uint32_t to = 0;           // bytes from the start of the data section or the pointers
};
struct Writer {
  const Layout* layout = nullptr;
  std::int8_t size = pointer_size;
  bool dense = false;               // an enumeration of 16 bits
  Shape shape;                      // structure, union_, map (an entry), optional (in a list)
  std::vector<Member> members;      // structure, union_
  const Writer* element = nullptr;  // list, array, map, optional
  const Writer* key = nullptr;      // map
};

class Encode final : public Encoder {
 public:
  Encode(const Layout& layout, const Binding* binding) : binding_(binding) {
    root_ = writer(layout);
    binding_ = nullptr;  // only needed until here
    made_.clear();
  }
  Result<void> encode(const void* value, Bytes& out) const override;

 private:
  const Writer* writer(const Layout& layout);
  const Binding* binding_;
  std::deque<Writer> writers_;
  std::map<const Layout*, Writer*> made_;
  const Writer* root_ = nullptr;
};

std::int8_t size_of(const Layout& layout) {
  if (layout.kind == Kind::enumeration) return is_dense(layout.type.root()) ? 4 : 5;
  if (layout.kind >= Kind::structure) return pointer_size;
  TypeRef type;
  type.kind = layout.kind;
  return capnproto::size_of(type, {});
}

void make_quick(Member& member, const Layout& layout, bool dense) {
  const Slot& slot = member.slot;
  if (slot.flat || slot.discriminant != Slot::none || slot.mask != 0) return;
  if (slot.size == pointer_size) {
    if (layout.kind == Kind::text) member.quick = Quick::text;
    member.to = slot.offset * 8;
  } else if (slot.size == 0) {
    member.quick = Quick::bit;
    member.to = slot.offset / 8;
    member.bit = static_cast<std::uint8_t>(1 << slot.offset % 8);
  } else if (layout.kind != Kind::enumeration) {
    static constexpr Quick copies[] = {Quick::copy1, Quick::copy2, Quick::copy4, Quick::copy8};
    member.quick = copies[slot.size - 3];
    member.to = slot.offset << (slot.size - 3);
  } else if (dense && layout.width == 4) {
    const TypeNode& node = layout.type.root();
    member.quick = Quick::symbol;
    member.to = slot.offset * 2;
    member.last_symbol =
        node.closed ? static_cast<std::uint16_t>(node.symbols.size() - 1) : std::uint16_t{0xffff};
  }
}

const Writer* Encode::writer(const Layout& layout) {
  const auto [found, fresh] = made_.try_emplace(&layout, nullptr);
  if (!fresh) return found->second;
  Writer& made = writers_.emplace_back();
  found->second = &made;  // before its members: a type may refer to itself
  made.layout = &layout;
  made.dense = layout.kind == Kind::enumeration && is_dense(layout.type.root());
  made.size = size_of(layout);
  if (layout.key != nullptr) made.key = writer(*layout.key);
  if (layout.element != nullptr) made.element = writer(*layout.element);
  if (layout.kind == Kind::structure || layout.kind == Kind::union_) {
    made.shape = shape_of(layout.type.root(), layout.type.nodes(), binding_);
    for (std::size_t i = 0; i < layout.fields.size(); ++i) {
      const LayoutField& field = layout.fields[i];
      Member member{field.offset, made.shape.slots[i], writer(*field.layout)};
      make_quick(member, *field.layout, member.writer->dense);
      made.members.push_back(member);
    }
  }
  if (layout.kind == Kind::optional) made.shape = optional_shape(size_of(*layout.element));
  if (layout.kind == Kind::map) {
    const bool optional = layout.element->kind == Kind::optional;
    const Layout& value = optional ? *layout.element->element : *layout.element;
    made.shape = entry_shape({size_of(*layout.key)}, {size_of(value), optional});
  }
  return &made;
}

// One encode call. Positions are bytes from the start of the message; pointers into the buffer
// do not outlive an allocate().
class Run {
 public:
  explicit Run(Bytes& out) : out_(out), start_(out.size()), first_(out.data() + start_) {}

  bool message(const Writer& root, const void* value) {
    const std::size_t root_pointer = allocate(2) + 8;
    if (!pointer(root, value, root_pointer)) return false;
    base::store(at(4), static_cast<std::uint32_t>(used_ / 8 - 1));
    out_.resize(start_ + used_);
    return true;
  }
  void undo() { out_.resize(start_); }
  Failure failure;

 private:
  static constexpr std::size_t bytes_max = std::size_t{1} << 31;  // offsets have 30 bits
  static constexpr std::size_t large_bytes_min = 4096;
  static constexpr std::size_t zeros_ahead_max = 64 * 1024;

  std::uint8_t* at(std::size_t position) { return first_ + position; }

  std::size_t allocate(std::size_t words) {
    const std::size_t position = used_;
    used_ += words * 8;
    if (used_ > room_)
      resize(start_ + used_ + std::clamp<std::size_t>(out_.size(), 192, zeros_ahead_max));
    return position;
  }
  [[gnu::noinline]] void resize(std::size_t size) {
    out_.resize(size);
    first_ = out_.data() + start_;
    room_ = size - start_;
  }

  bool room(std::size_t count, std::size_t each) {
    if (count < (1u << 29) && count * each < bytes_max - used_) return true;
    return failure.set(ErrorCode::too_large, "the value is too large for a Cap'n Proto message");
  }

  void store_pointer(std::size_t position, std::size_t target, std::uint64_t kind,
                     std::uint64_t high) {
    const auto offset = static_cast<std::uint64_t>((target - position) / 8 - 1);
    base::store(at(position), (offset << 2 & 0xffffffff) | kind | high << 32);
  }
  static std::uint64_t shape_word(std::uint32_t data_words, std::uint32_t pointers) {
    return data_words | std::uint64_t{pointers} << 16;
  }

  // An object of its own, found by the pointer at `position`.
  std::size_t object(std::uint32_t data_words, std::uint32_t pointers, std::size_t position) {
    const std::size_t target = allocate(data_words + pointers);
    // An empty struct points at itself: offset -1 keeps it apart from null.
    if (data_words + pointers == 0) {
      base::store(at(position), std::uint64_t{0xfffffffc});
      return target;
    }
    store_pointer(position, target, 0, shape_word(data_words, pointers));
    return target;
  }

  bool blob(ByteView bytes, bool is_text, std::size_t position) {
    const std::size_t size = bytes.size() + (is_text ? 1 : 0);  // text ends with a zero byte
    if (!room(size, 1)) return false;
    store_pointer(position, block(bytes, size), 1, 2 | size << 3);
    return true;
  }

  // As many words as `size` bytes need, which begin with these.
  std::size_t block(ByteView bytes, std::size_t size) {
    if (bytes.size() < large_bytes_min) {
      const std::size_t target = allocate((size + 7) / 8);
      if (!bytes.empty()) std::memcpy(at(target), bytes.data(), bytes.size());
      return target;
    }
    // Appended, so that the room for it is not filled with zeros first.
    const std::size_t target = used_, begin = start_ + used_;
    used_ += (size + 7) / 8 * 8;
    const std::size_t end = start_ + used_;
    // With some to spare, so that what follows does not move it all; the system gives memory for
    // what is written only.
    if (end > out_.capacity()) out_.reserve(std::max(end + end / 8, 2 * out_.capacity()));
    out_.resize(begin);
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    resize(end);
    return target;
  }

  // Turns the bits in which a value's default differs from zero.
  void turn(std::int8_t size, std::size_t data, std::uint32_t offset, std::uint64_t mask) {
    if (size == 0) {
      at(data)[offset / 8] ^= static_cast<std::uint8_t>((mask & 1) << offset % 8);
      return;
    }
    const std::size_t bytes = std::size_t{1} << (size - 3);
    for (std::size_t i = 0; i < bytes; ++i)
      at(data)[offset * bytes + i] ^= static_cast<std::uint8_t>(mask >> 8 * i);
  }

  bool scalar(const Writer& writer, const Slot& slot, const void* from, std::size_t data) {
    if (!scalar(writer, from, data, slot.offset)) return false;
    if (slot.mask != 0) turn(writer.size, data, slot.offset, slot.mask);
    return true;
  }
  bool scalar(const Writer& writer, const void* from, std::size_t data, std::uint32_t offset) {
    if (writer.layout->kind == Kind::enumeration) {
      const std::int64_t value = load_symbol(*writer.layout, from);
      const std::int64_t least = writer.dense ? 0 : INT32_MIN;
      const std::int64_t most = writer.dense ? 0xffff : INT32_MAX;
      const TypeNode& node = writer.layout->type.root();
      if (value < least || value > most || (node.closed && !is_symbol_of(node, value))) {
        return failure.set(ErrorCode::encode, std::to_string(value) + " is not a symbol of " +
                                                  node.name + " and cannot be sent");
      }
      if (writer.dense)
        base::store(at(data) + offset * 2, static_cast<std::uint16_t>(value));
      else
        base::store(at(data) + offset * 4, static_cast<std::int32_t>(value));
      return true;
    }
    switch (writer.size) {
      case 0:
        if (base::load<std::uint8_t>(from) != 0) {
          at(data)[offset / 8] |= static_cast<std::uint8_t>(1 << offset % 8);
        }
        return true;
      case 3:
        at(data)[offset] = base::load<std::uint8_t>(from);
        return true;
      case 4:
        base::store(at(data) + offset * 2, base::load<std::uint16_t>(from));
        return true;
      case 5:
        base::store(at(data) + offset * 4, base::load<std::uint32_t>(from));
        return true;
      default:
        base::store(at(data) + offset * 8, base::load<std::uint64_t>(from));
        return true;
    }
  }

  // A field of a struct at `data` whose pointers are at `pointers`.
  bool field(const Writer& writer, const Slot& slot, const void* from, std::size_t data,
             std::size_t pointers) {
    if (slot.flat) return flat(writer, from, data, pointers);
    if (slot.discriminant != Slot::none) {
      const void* held = writer.layout->functions.get(*writer.layout, from);
      if (held == nullptr) return true;  // 0: none
      base::store(at(data) + slot.discriminant * 2, std::uint16_t{1});
      return scalar(*writer.element, slot, held, data);
    }
    if (slot.size != pointer_size) return scalar(writer, slot, from, data);
    const std::size_t position = pointers + std::size_t{slot.offset} * 8;
    if (writer.layout->kind != Kind::optional) return pointer(writer, from, position);
    const void* held = writer.layout->functions.get(*writer.layout, from);
    return held == nullptr || pointer(*writer.element, held, position);  // null: none
  }

  bool text(const Layout& layout, const void* from, std::size_t position) {
    const ByteView text = layout.functions.view(layout, from);
    if (!base::is_utf8(as_text(text)))
      return failure.set(ErrorCode::encode, "the text is not valid UTF-8");
    return blob(text, true, position);
  }

  // What lies by pointer.
  bool pointer(const Writer& writer, const void* from, std::size_t position) {
    const Layout& layout = *writer.layout;
    switch (layout.kind) {
      case Kind::text:
        return text(layout, from, position);
      case Kind::bytes:
        return blob(layout.functions.view(layout, from), false, position);
      default:
        break;
    }
    if (!enter()) return false;
    const bool fine = nested(writer, from, position);
    ++depth_;
    return fine;
  }

  bool enter() {
    if (depth_ == 0) {
      return failure.set(ErrorCode::encode, "the value is nested too deeply",
                         "64 levels are allowed");
    }
    --depth_;
    return true;
  }

  // A group: its members lie in the enclosing struct.
  bool flat(const Writer& writer, const void* from, std::size_t data, std::size_t pointers) {
    if (!enter()) return false;
    const bool fine = inside(writer, from, data, pointers);
    ++depth_;
    return fine;
  }

  bool nested(const Writer& writer, const void* from, std::size_t position) {
    switch (writer.layout->kind) {
      case Kind::list:
      case Kind::array:
        return list(writer, from, position);
      case Kind::map:
        return map(writer, from, position);
      default: {
        const Room size = room_of(writer);
        if (!room(1, size.bytes())) return false;
        const std::size_t target = object(size.data_words, size.pointers, position);
        return inside(writer, from, target, target + size.data_words * 8);
      }
    }
  }

  // What an object of its own occupies.
  struct Room {
    std::uint32_t data_words, pointers;
    std::size_t bytes() const { return (std::size_t{data_words} + pointers) * 8; }
  };
  static Room room_of(const Writer& writer) {
    switch (writer.layout->kind) {
      case Kind::decimal:
        return {2, 0};
      case Kind::any:
        return {0, 2};
      default:
        return {writer.shape.data_words, writer.shape.pointers};
    }
  }
  bool structure(const Writer& writer, const void* from, std::size_t data, std::size_t pointers) {
    std::uint8_t* to = at(data);
    for (const Member& member : writer.members) {
      const auto* place = static_cast<const std::byte*>(from) + member.from;
      if (quick(member, place, to)) continue;
      if (!(member.quick == Quick::text
                ? text(*member.writer->layout, place, pointers + member.to)
                : field(*member.writer, member.slot, place, data, pointers))) {
        const auto index = static_cast<std::size_t>(&member - writer.members.data());
        return failure.in(writer.layout->type.root().fields[index].name);
      }
      to = at(data);  // it may have moved
    }
    return true;
  }
  // What lies in the data section `to`, as nearly always. By comparisons, as the decoder does it.
  static bool quick(const Member& member, const void* from, std::uint8_t* to) {
    to += member.to;
    if (member.quick == Quick::copy8) {
      base::store(to, base::load<std::uint64_t>(from));
    } else if (member.quick == Quick::copy4) {
      base::store(to, base::load<std::uint32_t>(from));
    } else if (member.quick == Quick::bit) {
      if (base::load<std::uint8_t>(from) != 0) *to |= member.bit;
    } else if (member.quick == Quick::symbol) {
      const auto symbol = base::load<std::uint32_t>(from);
      if (symbol > member.last_symbol) return false;
      base::store(to, static_cast<std::uint16_t>(symbol));
    } else if (member.quick == Quick::copy1) {
      *to = base::load<std::uint8_t>(from);
    } else if (member.quick == Quick::copy2) {
      base::store(to, base::load<std::uint16_t>(from));
    } else {
      return false;
    }
    return true;
  }

  // The inside of an object: structure, union_, decimal, any, optional.
  bool inside(const Writer& writer, const void* from, std::size_t data, std::size_t pointers) {
    const Layout& layout = *writer.layout;
    switch (layout.kind) {
      case Kind::structure:
        return structure(writer, from, data, pointers);
      case Kind::union_:
        return held_case(writer, from, data, pointers);
      case Kind::decimal: {
        const auto& decimal = *static_cast<const Decimal*>(from);
        base::store(at(data), decimal.coefficient);
        base::store(at(data) + 8, decimal.exponent);
        return true;
      }
      case Kind::any: {
        const auto& any = *static_cast<const Any*>(from);
        if (!any.type.valid()) return true;
        return blob(any.type.document(), false, pointers) && blob(any.message, false, pointers + 8);
      }
      default:
        return field(writer, writer.shape.slots[0], from, data, pointers);
    }
  }

  bool held_case(const Writer& writer, const void* from, std::size_t data, std::size_t pointers) {
    const Layout& layout = *writer.layout;
    const TypeNode& node = layout.type.root();
    const std::uint32_t which = layout.functions.which(layout, from);
    if (which >= writer.members.size()) {
      if (!node.closed && !writer.shape.bound) return true;  // discriminant 0: no case
      return failure.set(ErrorCode::encode, "no case of " + node.name + " is set",
                         node.closed ? "the union is closed" : "its schema has no number for that");
    }
    const Member& member = writer.members[which];
    base::store(at(data) + writer.shape.discriminant * 2, member.slot.which);
    const void* held = layout.functions.held(layout, from);
    const std::size_t position = pointers + std::size_t{member.slot.offset} * 8;
    const bool fine = member.slot.flat ? flat(*member.writer, held, data, pointers)
                      : member.slot.size == pointer_size
                          ? pointer(*member.writer, held, position)
                          : scalar(*member.writer, member.slot, held, data);
    return fine || failure.in(node.fields[which].name);
  }

  bool list(const Writer& writer, const void* from, std::size_t position) {
    const Layout& layout = *writer.layout;
    const Writer& element = *writer.element;
    const std::size_t count =
        layout.kind == Kind::array ? layout.length : layout.functions.count(layout, from);
    const auto* elements = static_cast<const std::byte*>(layout.functions.elements(layout, from));
    const std::size_t step = element.layout->size;
    if (is_object(*element.layout)) {
      const Room size = room_of(element);
      std::size_t target;
      if (!objects(size, count, position, target)) return false;
      for (std::size_t i = 0; i < count; ++i, target += size.bytes()) {
        if (!inside(element, elements + i * step, target, target + size.data_words * 8))
          return failure.in(i);
      }
      return true;
    }
    if (element.size == pointer_size) {
      if (!room(count, 8)) return false;
      const std::size_t target = allocate(count);
      store_pointer(position, target, 1, 6 | count << 3);
      for (std::size_t i = 0; i < count; ++i) {
        if (!pointer(element, elements + i * step, target + i * 8)) return failure.in(i);
      }
      return true;
    }
    const std::size_t bits = std::size_t{1} << element.size;
    if (!room(count, (bits + 7) / 8)) return false;
    const std::uint64_t code = element.size == 0 ? 1 : static_cast<std::uint64_t>(element.size - 1);
    if (element.size != 0 && element.layout->kind != Kind::enumeration) {
      const ByteView numbers(reinterpret_cast<const std::uint8_t*>(elements), count * step);
      store_pointer(position, block(numbers, numbers.size()), 1, code | count << 3);
      return true;
    }
    const std::size_t target = allocate((count * bits + 63) / 64);
    store_pointer(position, target, 1, code | count << 3);
    for (std::size_t i = 0; i < count; ++i) {
      if (!scalar(element, elements + i * step, target, static_cast<std::uint32_t>(i)))
        return failure.in(i);
    }
    return true;
  }

  // Lies inline in a list of structs.
  static bool is_object(const Layout& layout) {
    return layout.kind == Kind::structure || layout.kind == Kind::union_ ||
           layout.kind == Kind::decimal || layout.kind == Kind::any ||
           layout.kind == Kind::optional;
  }

  // Room for `count` structs in a row; `first` is where they start.
  bool objects(Room size, std::size_t count, std::size_t position, std::size_t& first) {
    if (!room(count, std::max<std::size_t>(size.bytes(), 1))) return false;
    const std::size_t words = count * size.bytes() / 8;
    const std::size_t target = allocate(words + 1);
    store_pointer(position, target, 1, 7 | words << 3);
    base::store(at(target), std::uint64_t{count} << 2 | shape_word(size.data_words, size.pointers)
                                                            << 32);
    first = target + 8;
    return true;
  }

  bool map(const Writer& writer, const void* from, std::size_t position) {
    const Layout& layout = *writer.layout;
    const Shape& shape = writer.shape;
    std::size_t target;
    const std::size_t count = layout.functions.map_count(layout, from);
    const Room size{shape.data_words, shape.pointers};
    if (!objects(size, count, position, target)) return false;
    void* cursor = nullptr;
    const void *key = nullptr, *value = nullptr;
    for (std::size_t i = 0; i < count; ++i, target += size.bytes()) {
      if (!layout.functions.map_next(layout, from, &cursor, &key, &value)) break;
      const std::size_t pointers = target + size.data_words * 8;
      if (!field(*writer.key, shape.slots[0], key, target, pointers) ||
          !field(*writer.element, shape.slots[1], value, target, pointers)) {
        return failure.in(i);
      }
    }
    return true;
  }

  Bytes& out_;
  const std::size_t start_;
  std::uint8_t* first_;   // out_ from start_ on
  std::size_t room_ = 0;  // zeros behind used_ included
  std::size_t used_ = 0;
  std::uint32_t depth_ = depth_max;
};

Result<void> Encode::encode(const void* value, Bytes& out) const {
  Run run(out);
  if (run.message(*root_, value)) return {};
  run.undo();
  return run.failure.error();
}

}  // namespace

Result<std::unique_ptr<Encoder>> make_encoder(const Layout& layout, const Binding* binding) {
  return std::unique_ptr<Encoder>(new Encode(layout, binding));
}

}  // namespace dts::format::capnproto
