// Layouts of types known only at run time, and the containers that values of them are made of:
//   list      {elements, count, capacity}      elements contiguous on the heap
//   map       {tree}                           null while empty; a red-black tree of [key|value]
//             blocks, because a hostile publisher chooses the keys
//   optional  of a scalar: [value|flag] in place; of anything else: {content} on the heap
//   union     {which + 1, content}             content on the heap
// All zero bytes are the zero value of each. Any thread.
#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <vector>

#include <dts/declare/containers.hpp>
#include <dts/layout.hpp>
#include <dts/value.hpp>
#include <type/scalar.hpp>

namespace dts {

namespace {

constexpr std::size_t pointer_size = sizeof(void*);
static_assert(alignof(std::max_align_t) >= alignof(std::string));

char* offset(void* value, std::size_t bytes) { return static_cast<char*>(value) + bytes; }
const char* offset(const void* value, std::size_t bytes) {
  return static_cast<const char*>(value) + bytes;
}

constexpr std::size_t round_up(std::size_t size, std::size_t align) {
  return (size + align - 1) / align * align;
}

// Moving a container is moving its few words: the source becomes the zero value.
template <class Words>
void move_words(const Layout&, void* to, void* from) {
  *static_cast<Words*>(to) = *static_cast<Words*>(from);
  *static_cast<Words*>(from) = Words{};
}

// A value on the heap.
void* new_value(const Layout& layout) {
  void* memory = ::operator new(layout.size > 0 ? layout.size : 1);
  layout.construct(memory);
  return memory;
}
void delete_value(const Layout& layout, void* value) {
  layout.destroy(value);
  ::operator delete(value);
}

// ---- struct ----

void construct_structure(const Layout& layout, void* to) {
  for (const LayoutField& field : layout.fields) field.layout->construct(offset(to, field.offset));
}
void destroy_structure(const Layout& layout, void* value) {
  for (const LayoutField& field : layout.fields) field.layout->destroy(offset(value, field.offset));
}
void copy_structure(const Layout& layout, void* to, const void* from) {
  for (const LayoutField& field : layout.fields) {
    field.layout->copy(offset(to, field.offset), offset(from, field.offset));
  }
}
void move_structure(const Layout& layout, void* to, void* from) {
  for (const LayoutField& field : layout.fields) {
    field.layout->move(offset(to, field.offset), offset(from, field.offset));
  }
}

// ---- array ----

void construct_array(const Layout& layout, void* to) {
  for (std::size_t i = 0; i < layout.length; ++i) {
    layout.element->construct(offset(to, i * layout.element->size));
  }
}
void destroy_array(const Layout& layout, void* value) {
  for (std::size_t i = 0; i < layout.length; ++i) {
    layout.element->destroy(offset(value, i * layout.element->size));
  }
}
void copy_array(const Layout& layout, void* to, const void* from) {
  for (std::size_t i = 0; i < layout.length; ++i) {
    layout.element->copy(offset(to, i * layout.element->size),
                         offset(from, i * layout.element->size));
  }
}
void move_array(const Layout& layout, void* to, void* from) {
  for (std::size_t i = 0; i < layout.length; ++i) {
    layout.element->move(offset(to, i * layout.element->size),
                         offset(from, i * layout.element->size));
  }
}

// ---- list ----

struct DynamicList {
  void* elements = nullptr;
  std::size_t count = 0;
  std::size_t capacity = 0;
};

std::size_t list_count(const Layout&, const void* list) {
  return static_cast<const DynamicList*>(list)->count;
}
const void* list_elements(const Layout&, const void* list) {
  return static_cast<const DynamicList*>(list)->elements;
}

void list_reserve(const Layout& element, DynamicList& list, std::size_t count) {
  if (count <= list.capacity) return;
  const std::size_t capacity = std::max(count, list.capacity + list.capacity / 2);
  if (element.size != 0 && capacity > PTRDIFF_MAX / element.size) throw std::bad_alloc();
  void* elements = ::operator new(std::max<std::size_t>(capacity * element.size, 1));
  if (element.functions.move == nullptr) {
    if (list.count > 0) std::memcpy(elements, list.elements, list.count * element.size);
  } else {
    for (std::size_t i = 0; i < list.count; ++i) {
      void* from = offset(list.elements, i * element.size);
      element.move(offset(elements, i * element.size), from);
      element.destroy(from);
    }
  }
  ::operator delete(list.elements);
  list.elements = elements;
  list.capacity = capacity;
}

void* list_resize(const Layout& layout, void* value, std::size_t count) {
  DynamicList& list = *static_cast<DynamicList*>(value);
  const Layout& element = *layout.element;
  if (element.functions.destroy != nullptr) {
    for (std::size_t i = count; i < list.count; ++i) {
      element.destroy(offset(list.elements, i * element.size));
    }
  }
  if (count < list.count) list.count = count;
  list_reserve(element, list, count);
  if (element.functions.construct == nullptr) {
    if (count > list.count) {
      std::memset(offset(list.elements, list.count * element.size), 0,
                  (count - list.count) * element.size);
    }
    list.count = count;
  } else {
    for (; list.count < count; ++list.count) {
      element.construct(offset(list.elements, list.count * element.size));
    }
  }
  return list.elements;
}

void list_destroy(const Layout& layout, void* value) {
  list_resize(layout, value, 0);
  ::operator delete(static_cast<DynamicList*>(value)->elements);
}

// ---- map ----

// Orders the blocks of a map by the key that each begins with.
struct KeyLess {
  const Layout* key;
  bool operator()(const void* a, const void* b) const {
    if (key->kind == Kind::text) {
      return as_text(key->functions.view(*key, a)) < as_text(key->functions.view(*key, b));
    }
    const std::uint64_t x = load_integer(*key, a), y = load_integer(*key, b);
    return is_unsigned(*key) ? x < y : static_cast<std::int64_t>(x) < static_cast<std::int64_t>(y);
  }
};
using Tree = std::set<void*, KeyLess>;
struct DynamicMap {
  Tree* tree = nullptr;
};
using TreeIterator = Tree::const_iterator;
static_assert(sizeof(TreeIterator) == pointer_size);

std::size_t value_offset(const Layout& map) { return round_up(map.key->size, map.element->align); }

std::size_t map_count(const Layout&, const void* map) {
  const Tree* tree = static_cast<const DynamicMap*>(map)->tree;
  return tree == nullptr ? 0 : tree->size();
}

// The cursor is the iterator of the block handed out last.
bool map_next(const Layout& layout, const void* map, void** cursor, const void** key,
              const void** value) {
  const Tree* tree = static_cast<const DynamicMap*>(map)->tree;
  if (tree == nullptr) return false;
  TreeIterator at = tree->begin();
  if (*cursor != nullptr) {
    std::memcpy(static_cast<void*>(&at), cursor, sizeof at);
    ++at;
  }
  if (at == tree->end()) return false;
  *key = *at;
  *value = offset(static_cast<const void*>(*at), value_offset(layout));
  std::memcpy(cursor, static_cast<const void*>(&at), sizeof at);
  return true;
}

void map_clear(const Layout& layout, void* map) {
  Tree*& tree = static_cast<DynamicMap*>(map)->tree;
  if (tree == nullptr) return;
  for (void* block : *tree) {
    layout.key->destroy(block);
    layout.element->destroy(offset(block, value_offset(layout)));
    ::operator delete(block);
  }
  delete tree;
  tree = nullptr;
}

void* map_insert(const Layout& layout, void* map, const void* key) {
  Tree*& tree = static_cast<DynamicMap*>(map)->tree;
  if (tree == nullptr) tree = new Tree(KeyLess{layout.key});
  void* probe = const_cast<void*>(key);  // only compared
  const auto place = tree->lower_bound(probe);
  if (place != tree->end() && !tree->key_comp()(probe, *place)) return nullptr;
  void* block = ::operator new(value_offset(layout) + layout.element->size);
  layout.key->copy(block, key);
  layout.element->construct(offset(block, value_offset(layout)));
  tree->insert(place, block);
  return offset(block, value_offset(layout));
}

const void* map_find(const Layout& layout, const void* map, const void* key) {
  const Tree* tree = static_cast<const DynamicMap*>(map)->tree;
  if (tree == nullptr) return nullptr;
  const auto at = tree->find(const_cast<void*>(key));
  return at == tree->end() ? nullptr : offset(*at, value_offset(layout));
}

// ---- optional on the heap ----

struct HeapOptional {
  void* content = nullptr;
};

const void* heap_get(const Layout&, const void* optional) {
  return static_cast<const HeapOptional*>(optional)->content;
}
void heap_reset(const Layout& layout, void* optional) {
  void*& content = static_cast<HeapOptional*>(optional)->content;
  if (content == nullptr) return;
  delete_value(*layout.element, content);
  content = nullptr;
}
void* heap_set(const Layout& layout, void* optional) {
  heap_reset(layout, optional);
  return static_cast<HeapOptional*>(optional)->content = new_value(*layout.element);
}

// ---- optional in place: of what zero bytes and memcpy are enough for ----

bool has_value(const Layout& layout, const void* optional) {
  return *offset(optional, layout.element->size) != 0;
}
const void* place_get(const Layout& layout, const void* optional) {
  return has_value(layout, optional) ? optional : nullptr;
}
void* place_set(const Layout& layout, void* optional) {
  std::memset(optional, 0, layout.element->size);
  *offset(optional, layout.element->size) = 1;
  return optional;
}
void place_reset(const Layout& layout, void* optional) { std::memset(optional, 0, layout.size); }

// ---- union ----

struct DynamicUnion {
  std::uint32_t which_plus_1 = 0;
  void* content = nullptr;
};

std::uint32_t union_which(const Layout&, const void* value) {
  return static_cast<const DynamicUnion*>(value)->which_plus_1 - 1;  // 0 wraps to no_case
}
static_assert(Layout::no_case == 0xffffffff);
const void* union_held(const Layout&, const void* value) {
  return static_cast<const DynamicUnion*>(value)->content;
}
void union_reset(const Layout& layout, void* value) {
  DynamicUnion& held = *static_cast<DynamicUnion*>(value);
  if (held.content != nullptr) {
    delete_value(*layout.fields[held.which_plus_1 - 1].layout, held.content);
  }
  held = DynamicUnion{};
}
void* union_choose(const Layout& layout, void* value, std::uint32_t which) {
  union_reset(layout, value);
  if (which >= layout.fields.size()) return nullptr;
  DynamicUnion& held = *static_cast<DynamicUnion*>(value);
  held.content = new_value(*layout.fields[which].layout);
  held.which_plus_1 = which + 1;
  return held.content;
}

// ---- making the layouts ----

// All layouts of one type, owned together. The pointers among them go anywhere in here.
struct Graph {
  std::deque<Layout> layouts;
  std::deque<std::vector<LayoutField>> fields;
};

template <class T, Kind kind>
void set_scalar(Layout& layout) {
  layout.size = sizeof(T);
  layout.align = alignof(T);
  declared::set_life<T, true>(layout.functions);
  if constexpr (kind == Kind::text || kind == Kind::bytes) {
    layout.functions.view = &declared::BufferFunctions<T>::view;
    layout.functions.assign = &declared::BufferFunctions<T>::assign;
  }
}

void set_scalar(Layout& layout, Kind kind) {
  layout.kind = kind;
  switch (kind) {
    case Kind::text:
      set_scalar<std::string, Kind::text>(layout);
      return;
    case Kind::bytes:
      set_scalar<Bytes, Kind::bytes>(layout);
      return;
    case Kind::decimal:
      set_scalar<Decimal, Kind::decimal>(layout);
      return;
    case Kind::any:
      set_scalar<Any, Kind::any>(layout);
      return;
    case Kind::boolean:
    case Kind::i8:
    case Kind::u8:
      layout.size = 1;
      break;
    case Kind::i16:
    case Kind::u16:
      layout.size = 2;
      break;
    case Kind::i32:
    case Kind::u32:
    case Kind::f32:
      layout.size = 4;
      break;
    default:
      layout.size = 8;
      break;
  }
  layout.align = layout.size;
}

class Maker {
 public:
  Maker(const Type& type, Graph& graph) : type_(type), graph_(graph), nodes_(type.nodes().size()) {}

  Result<const Layout*> make() {
    // Named types first, so that a part may point to one that is not complete; then their insides,
    // each when its size is needed.
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      nodes_[i].layout = &graph_.layouts.emplace_back();
      nodes_[i].layout->kind = type_.nodes()[i].kind;
      nodes_[i].layout->type = type_.at(static_cast<std::uint32_t>(i));
    }
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) DTS_TRY(complete(i));
    // What lies on the heap was not measured on the way, or pointed to a node not yet complete.
    return nodes_[0].layout;
  }

 private:
  enum class State { untouched, going_on, complete };
  struct Node {
    Layout* layout = nullptr;
    State state = State::untouched;
  };

  Error too_large(const std::string& what) const {
    return Error(
        ErrorCode::too_large, what + " does not fit in memory as one value", type_.name(),
        "arrays in it multiply to more than " + std::to_string(Layout::dynamic_size_max) + " bytes",
        "use list<T> instead of array<T, N> for large or nested arrays");
  }

  Result<void> complete(std::uint32_t index) {
    Node& node = nodes_[index];
    const TypeNode& described = type_.nodes()[index];
    if (node.state == State::complete) return {};
    if (node.state == State::going_on) {
      return Error(ErrorCode::invalid_type, described.name + " contains itself", type_.name(), {},
                   "let it contain an optional or a list of itself");
    }
    node.state = State::going_on;
    switch (described.kind) {
      case Kind::enumeration:
        node.layout->width = 4;
        node.layout->size = node.layout->align = 4;
        break;
      case Kind::union_:
        DTS_TRY(complete_union(described, *node.layout));
        break;
      default:
        DTS_TRY(complete_structure(described, *node.layout));
        break;
    }
    node.state = State::complete;
    return {};
  }

  Result<void> complete_union(const TypeNode& described, Layout& layout) {
    layout.size = sizeof(DynamicUnion);
    layout.align = alignof(DynamicUnion);
    layout.functions.destroy = &union_reset;
    layout.functions.copy = &declared::copy_by_parts;
    layout.functions.move = &move_words<DynamicUnion>;
    layout.functions.which = &union_which;
    layout.functions.held = &union_held;
    layout.functions.choose = &union_choose;
    std::vector<LayoutField>& fields = graph_.fields.emplace_back();
    for (const Field& field : described.fields) {
      DTS_ASSIGN(const Layout* part, outside(field.type));
      fields.push_back({0, part});
    }
    layout.fields = fields;
    return {};
  }

  Result<void> complete_structure(const TypeNode& described, Layout& layout) {
    std::vector<LayoutField>& fields = graph_.fields.emplace_back();
    std::uint64_t size = 0;
    bool has_construct = false, has_destroy = false, has_copy = false, has_move = false;
    for (const Field& field : described.fields) {
      DTS_ASSIGN(const Layout* part, inside(field.type));
      size = round_up(size, part->align);
      fields.push_back({static_cast<std::uint32_t>(size), part});
      size += part->size;
      if (size > Layout::dynamic_size_max) return too_large(described.name);
      layout.align = std::max(layout.align, part->align);
      has_construct |= part->functions.construct != nullptr;
      has_destroy |= part->functions.destroy != nullptr;
      has_copy |= part->functions.copy != nullptr;
      has_move |= part->functions.move != nullptr;
    }
    layout.size =
        static_cast<std::uint32_t>(round_up(std::max<std::uint64_t>(size, 1), layout.align));
    if (has_construct) layout.functions.construct = &construct_structure;
    if (has_destroy) layout.functions.destroy = &destroy_structure;
    if (has_copy) layout.functions.copy = &copy_structure;
    if (has_move) layout.functions.move = &move_structure;
    layout.fields = fields;
    return {};
  }

  // A part that lies inside its owner: its size must be known now.
  Result<const Layout*> inside(const TypeRef& ref) {
    if (ref.kind == Kind::reference) {
      DTS_TRY(complete(ref.node));
      return nodes_[ref.node].layout;
    }
    return composite(ref);
  }
  // A part on the heap: a named type may be completed later.
  Result<const Layout*> outside(const TypeRef& ref) {
    if (ref.kind == Kind::reference) return nodes_[ref.node].layout;
    return composite(ref);
  }

  Result<const Layout*> composite(const TypeRef& ref) {
    Layout& layout = graph_.layouts.emplace_back();
    switch (ref.kind) {
      case Kind::list:
        DTS_TRY(make_list(ref, layout));
        break;
      case Kind::array:
        DTS_TRY(make_array(ref, layout));
        break;
      case Kind::map:
        DTS_TRY(make_map(ref, layout));
        break;
      case Kind::optional:
        DTS_TRY(make_optional(ref, layout));
        break;
      default:
        set_scalar(layout, ref.kind);
        break;
    }
    return &layout;
  }

  Result<void> make_list(const TypeRef& ref, Layout& layout) {
    layout.kind = Kind::list;
    DTS_ASSIGN(layout.element, outside(ref.arguments[0]));
    layout.size = sizeof(DynamicList);
    layout.align = alignof(DynamicList);
    layout.functions.destroy = &list_destroy;
    layout.functions.copy = &declared::copy_by_parts;
    layout.functions.move = &move_words<DynamicList>;
    layout.functions.count = &list_count;
    layout.functions.resize = &list_resize;
    layout.functions.elements = &list_elements;
    return {};
  }

  Result<void> make_array(const TypeRef& ref, Layout& layout) {
    layout.kind = Kind::array;
    layout.length = ref.length;
    DTS_ASSIGN(layout.element, inside(ref.arguments[0]));
    const Layout& element = *layout.element;
    const std::uint64_t size = std::uint64_t{ref.length} * element.size;
    if (size > Layout::dynamic_size_max) return too_large(type_.print(ref));
    layout.size = static_cast<std::uint32_t>(size);
    layout.align = element.align;
    if (element.functions.construct != nullptr) layout.functions.construct = &construct_array;
    if (element.functions.destroy != nullptr) layout.functions.destroy = &destroy_array;
    if (element.functions.copy != nullptr) layout.functions.copy = &copy_array;
    if (element.functions.move != nullptr) layout.functions.move = &move_array;
    layout.functions.count = &declared::array_count;
    layout.functions.resize = &declared::array_resize;
    layout.functions.elements = &declared::array_elements;
    return {};
  }

  Result<void> make_map(const TypeRef& ref, Layout& layout) {
    layout.kind = Kind::map;
    DTS_ASSIGN(layout.key, inside(ref.arguments[0]));
    DTS_ASSIGN(layout.element, outside(ref.arguments[1]));
    layout.size = sizeof(DynamicMap);
    layout.align = alignof(DynamicMap);
    layout.functions.destroy = &map_clear;
    layout.functions.copy = &declared::copy_by_parts;
    layout.functions.move = &move_words<DynamicMap>;
    layout.functions.map_count = &map_count;
    layout.functions.map_next = &map_next;
    layout.functions.map_clear = &map_clear;
    layout.functions.map_insert = &map_insert;
    layout.functions.map_find = &map_find;
    return {};
  }

  Result<void> make_optional(const TypeRef& ref, Layout& layout) {
    layout.kind = Kind::optional;
    DTS_ASSIGN(layout.element, outside(ref.arguments[0]));
    const Layout& element = *layout.element;
    const bool in_place = element.kind <= Kind::f64 || element.kind == Kind::time ||
                          element.kind == Kind::duration || element.kind == Kind::decimal;
    if (in_place) {
      layout.align = element.align;
      layout.size = static_cast<std::uint32_t>(round_up(element.size + 1, element.align));
      layout.functions.get = &place_get;
      layout.functions.set = &place_set;
      layout.functions.reset = &place_reset;
      return {};
    }
    layout.size = sizeof(HeapOptional);
    layout.align = alignof(HeapOptional);
    layout.functions.destroy = &heap_reset;
    layout.functions.copy = &declared::copy_by_parts;
    layout.functions.move = &move_words<HeapOptional>;
    layout.functions.get = &heap_get;
    layout.functions.set = &heap_set;
    layout.functions.reset = &heap_reset;
    return {};
  }

  const Type& type_;
  Graph& graph_;
  std::vector<Node> nodes_;
};

}  // namespace

Result<LayoutPtr> Layout::of(const Type& type) {
  if (!type.valid()) return Error(ErrorCode::invalid_argument, "an empty Type has no layout");
  auto graph = std::make_shared<Graph>();
  DTS_ASSIGN(const Layout* root, Maker(type, *graph).make());
  return LayoutPtr(std::move(graph), root);
}

}  // namespace dts
