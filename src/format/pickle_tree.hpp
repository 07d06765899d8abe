// What a pickle says, as a tree of inert nodes: values, and names of classes that are never looked
// up. The machine (pickle_machine.hpp) makes it, the reader (pickle_reader.hpp) walks it. Text and
// bytes stay in the message, which must outlive the tree. One thread.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <dts/bytes.hpp>

namespace dts::format::pickle {

enum class NodeKind : std::uint8_t {
  none,
  boolean,
  integer,
  big,  // an integer of more than 64 bits
  real,
  text,
  bytes,
  list,
  tuple,
  set,
  dict,
  label,   // module.name: what GLOBAL and STACK_GLOBAL leave
  object,  // NEWOBJ of a label; its fields when BUILD gave it some
  member,  // of an enumeration: a label and the value or the name
  time,
  duration,
  zone,  // the offset of a time
  decimal,
  uuid,
};

using Index = std::uint32_t;  // of a node
constexpr Index no_node = 0xffffffff;

struct Node {
  struct Links {
    std::uint32_t first, last;
  };
  NodeKind kind;
  // boolean: its value. integer: it is -1 - bits. text: a `str` of Python 2, which may be bytes.
  // label: something was made of it. object: BUILD was there.
  bool flag;
  std::uint32_t at;  // byte of the opcode that made it
  union {
    std::uint64_t bits;        // integer
    std::int64_t nanoseconds;  // time, duration, zone
    double real;
    const std::uint8_t* data;  // text, bytes, big (little-endian), decimal (text), uuid
    // list, tuple, set, dict: the first of its cells, and the mark behind the last one.
    // label: the texts module and name. object: the label and the dict of its fields, or no_node.
    // member: the label and the value.
    Links links;
  };
  std::uint64_t size;  // bytes at data; cells of a list, tuple, set or dict (two per entry)

  std::string_view text() const { return {reinterpret_cast<const char*>(data), size}; }
  bool holds_nodes() const {
    return (kind >= NodeKind::list && kind <= NodeKind::dict) || kind == NodeKind::object;
  }
};
static_assert(sizeof(Node) == 24);

// A row of plain things, the first of them without the heap: a small message needs none.
template <class T, std::size_t inline_count>
class Row {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Row() = default;
  ~Row() {
    if (!is_inline()) std::free(first_);
  }
  Row(const Row&) = delete;
  Row& operator=(const Row&) = delete;

  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  T& operator[](std::size_t i) noexcept { return first_[i]; }
  const T& operator[](std::size_t i) const noexcept { return first_[i]; }
  T* end() noexcept { return first_ + size_; }
  T& back() noexcept { return first_[size_ - 1]; }
  void shrink(std::size_t size) noexcept { size_ = size; }
  // Room for one more is there: see grow().
  void push(T value) noexcept { first_[size_++] = value; }
  bool full() const noexcept { return size_ == capacity_; }
  // Makes room for `capacity` of them. False: there is no memory.
  bool grow(std::size_t capacity) {
    T* fresh = static_cast<T*>(is_inline() ? std::malloc(capacity * sizeof(T))
                                           : std::realloc(first_, capacity * sizeof(T)));
    if (fresh == nullptr) return false;
    if (is_inline()) std::memcpy(fresh, first_, size_ * sizeof(T));
    first_ = fresh;
    capacity_ = capacity;
    return true;
  }

 private:
  bool is_inline() const noexcept { return first_ == inline_place(); }
  T* inline_place() noexcept { return reinterpret_cast<T*>(inline_); }
  const T* inline_place() const noexcept { return reinterpret_cast<const T*>(inline_); }

  alignas(T) std::byte inline_[inline_count * sizeof(T)];
  T* first_ = inline_place();
  std::size_t size_ = 0;
  std::size_t capacity_ = inline_count;
};

struct Tree {
  Row<Node, 96> nodes;
  // What lists, tuples, sets and dicts hold, in order:
  //   item item item end           or, when something else was put behind meanwhile,
  //   item item link --> item end
  Row<std::uint32_t, 192> cells;
  std::vector<std::unique_ptr<std::uint8_t[]>> unescaped;  // text that is not in the message as is
  Index root = no_node;

  static constexpr std::uint32_t link = 0x80000000;
  static constexpr std::uint32_t end = 0xffffffff;

  const Node& operator[](Index index) const { return nodes[index]; }
  // The item at `cell`, which is then the next one's place. Called once per item at most.
  Index item(std::size_t& cell) const {
    std::uint32_t at = cells[cell];
    if ((at & link) != 0) {
      cell = at & ~link;
      at = cells[cell];
    }
    ++cell;
    return at;
  }
  // "os.system", printable and cut.
  std::string label_name(Index label) const;
  // "a list at byte 12", "the text "abc" at byte 3".
  std::string describe(Index node) const;
};

}  // namespace dts::format::pickle
