// The generic walks over values by their layouts: life cycle, copying part by part, equality.
#include <dts/layout.hpp>

#include <cmath>
#include <cstring>

#include <dts/declare/containers.hpp>
#include <dts/value.hpp>

namespace dts {

void Layout::construct(void* to) const {
  if (functions.construct != nullptr) {
    functions.construct(*this, to);
  } else {
    std::memset(to, 0, size);
  }
}

void Layout::destroy(void* value) const {
  if (functions.destroy != nullptr) functions.destroy(*this, value);
}

void Layout::copy(void* to, const void* from) const {
  if (functions.copy != nullptr) {
    functions.copy(*this, to, from);
  } else {
    std::memcpy(to, from, size);
  }
}

void Layout::move(void* to, void* from) const {
  if (functions.move != nullptr) {
    functions.move(*this, to, from);
  } else {
    std::memcpy(to, from, size);
  }
}

namespace {

const char* offset(const void* value, std::size_t bytes) {
  return static_cast<const char*>(value) + bytes;
}
char* offset(void* value, std::size_t bytes) { return static_cast<char*>(value) + bytes; }

// Over a constructed value.
void assign(const Layout& layout, void* to, const void* from) {
  layout.destroy(to);
  layout.copy(to, from);
}

void assign_elements(const Layout& element, void* to, const void* from, std::size_t count) {
  if (element.functions.copy == nullptr) {
    if (count > 0) std::memcpy(to, from, count * element.size);
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    assign(element, offset(to, i * element.size), offset(from, i * element.size));
  }
}

void assign_map(const Layout& layout, void* to, const void* from) {
  void* cursor = nullptr;
  const void* key;
  const void* value;
  while (layout.functions.map_next(layout, from, &cursor, &key, &value)) {
    if (void* place = layout.functions.map_insert(layout, to, key)) {
      assign(*layout.element, place, value);
    }
  }
}

void assign_union(const Layout& layout, void* to, const void* from) {
  const std::uint32_t which = layout.functions.which(layout, from);
  void* place = layout.functions.choose(layout, to, which);
  if (place != nullptr) {
    assign(*layout.fields[which].layout, place, layout.functions.held(layout, from));
  }
}

}  // namespace

namespace declared {

void copy_by_parts(const Layout& layout, void* to, const void* from) {
  const LayoutFunctions& functions = layout.functions;
  layout.construct(to);
  switch (layout.kind) {
    case Kind::structure:
      for (const LayoutField& field : layout.fields) {
        assign(*field.layout, offset(to, field.offset), offset(from, field.offset));
      }
      break;
    case Kind::list: {
      const std::size_t count = functions.count(layout, from);
      void* elements = functions.resize(layout, to, count);
      assign_elements(*layout.element, elements, functions.elements(layout, from), count);
      break;
    }
    case Kind::array:
      assign_elements(*layout.element, to, from, layout.length);
      break;
    case Kind::map:
      assign_map(layout, to, from);
      break;
    case Kind::optional:
      if (const void* content = functions.get(layout, from)) {
        assign(*layout.element, functions.set(layout, to), content);
      }
      break;
    case Kind::union_:
      assign_union(layout, to, from);
      break;
    default:
      break;  // scalars have a copy of their own
  }
}

std::size_t array_count(const Layout& layout, const void*) { return layout.length; }
void* array_resize(const Layout&, void* array, std::size_t) { return array; }
const void* array_elements(const Layout&, const void* array) { return array; }

}  // namespace declared

// ---- equality ----

namespace {

template <class Float>
bool equal_floats(const void* a, const void* b) {
  Float x, y;
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, b, sizeof y);
  return (std::isnan(x) && std::isnan(y)) || std::memcmp(a, b, sizeof x) == 0;
}

bool is_plain(Kind kind) {
  return kind == Kind::boolean || (kind >= Kind::i8 && kind <= Kind::u64) || kind == Kind::time ||
         kind == Kind::duration || kind == Kind::enumeration;
}

bool equal_elements(const Layout& element, const void* a, const void* b, std::size_t count) {
  if (count == 0) return true;
  if (is_plain(element.kind)) return std::memcmp(a, b, count * element.size) == 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!equal(element, offset(a, i * element.size), offset(b, i * element.size))) return false;
  }
  return true;
}

bool equal_maps(const Layout& layout, const void* a, const void* b) {
  const LayoutFunctions& functions = layout.functions;
  if (functions.map_count(layout, a) != functions.map_count(layout, b)) return false;
  void* cursor = nullptr;
  const void* key;
  const void* value;
  while (functions.map_next(layout, a, &cursor, &key, &value)) {
    const void* other = functions.map_find(layout, b, key);
    if (other == nullptr || !equal(*layout.element, value, other)) return false;
  }
  return true;
}

bool equal_unions(const Layout& layout, const void* a, const void* b) {
  const std::uint32_t which = layout.functions.which(layout, a);
  if (which != layout.functions.which(layout, b)) return false;
  return which == Layout::no_case ||
         equal(*layout.fields[which].layout, layout.functions.held(layout, a),
               layout.functions.held(layout, b));
}

}  // namespace

bool equal(const Layout& layout, const void* a, const void* b) {
  const LayoutFunctions& functions = layout.functions;
  switch (layout.kind) {
    case Kind::f32:
      return equal_floats<float>(a, b);
    case Kind::f64:
      return equal_floats<double>(a, b);
    case Kind::decimal:
      return *static_cast<const Decimal*>(a) == *static_cast<const Decimal*>(b);
    case Kind::any:
      return *static_cast<const Any*>(a) == *static_cast<const Any*>(b);
    case Kind::text:
    case Kind::bytes:
      return as_text(functions.view(layout, a)) == as_text(functions.view(layout, b));
    case Kind::structure:
      for (const LayoutField& field : layout.fields) {
        if (!equal(*field.layout, offset(a, field.offset), offset(b, field.offset))) return false;
      }
      return true;
    case Kind::list: {
      const std::size_t count = functions.count(layout, a);
      return count == functions.count(layout, b) &&
             equal_elements(*layout.element, functions.elements(layout, a),
                            functions.elements(layout, b), count);
    }
    case Kind::array:
      return equal_elements(*layout.element, a, b, layout.length);
    case Kind::map:
      return equal_maps(layout, a, b);
    case Kind::optional: {
      const void* x = functions.get(layout, a);
      const void* y = functions.get(layout, b);
      if (x == nullptr || y == nullptr) return x == y;
      return equal(*layout.element, x, y);
    }
    case Kind::union_:
      return equal_unions(layout, a, b);
    default:
      return std::memcmp(a, b, layout.size) == 0;
  }
}

}  // namespace dts
