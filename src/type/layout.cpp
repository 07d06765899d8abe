// The generic walks over values by their layouts: life cycle, copying part by part, equality.
#include <dts/layout.hpp>

#include <cmath>
#include <cstring>

#include <dts/declare/containers.hpp>
#include <dts/value.hpp>
#include <type/scalar.hpp>

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

// A value and how it lies; the two compared may lie differently (a struct of C++ and a value of the
// same type computed from its document).
struct Side {
  const Layout& layout;
  const void* value;
  const LayoutFunctions& functions() const { return layout.functions; }
};

bool equal_sides(const Side& a, const Side& b);

template <class Float>
bool equal_floats(const void* a, const void* b) {
  Float x, y;
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, b, sizeof y);
  return (std::isnan(x) && std::isnan(y)) || std::memcmp(a, b, sizeof x) == 0;
}

bool equal_elements(const Side& a, const Side& b) {
  const std::size_t count = a.functions().count(a.layout, a.value);
  if (count != b.functions().count(b.layout, b.value)) return false;
  if (count == 0) return true;
  const void* in_a = a.functions().elements(a.layout, a.value);
  const void* in_b = b.functions().elements(b.layout, b.value);
  const Layout& element_a = *a.layout.element;
  const Layout& element_b = *b.layout.element;
  if (is_integral(element_a) && element_a.size == element_b.size) {
    return std::memcmp(in_a, in_b, count * element_a.size) == 0;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!equal_sides({element_a, offset(in_a, i * element_a.size)},
                     {element_b, offset(in_b, i * element_b.size)})) {
      return false;
    }
  }
  return true;
}

bool equal_maps(const Side& a, const Side& b) {
  if (a.functions().map_count(a.layout, a.value) != b.functions().map_count(b.layout, b.value)) {
    return false;
  }
  void* cursor = nullptr;
  const void* key;
  const void* value;
  while (a.functions().map_next(a.layout, a.value, &cursor, &key, &value)) {
    std::uint64_t integer = 0;
    const void* key_in_b = key;
    if (is_integral(*a.layout.key)) {  // an enumeration may have another width there
      store_integer(*b.layout.key, &integer, load_integer(*a.layout.key, key));
      key_in_b = &integer;
    }
    const void* other = b.functions().map_find(b.layout, b.value, key_in_b);
    if (other == nullptr) return false;
    if (!equal_sides({*a.layout.element, value}, {*b.layout.element, other})) return false;
  }
  return true;
}

bool equal_unions(const Side& a, const Side& b) {
  const std::uint32_t which = a.functions().which(a.layout, a.value);
  if (which != b.functions().which(b.layout, b.value)) return false;
  return which == Layout::no_case ||
         equal_sides({*a.layout.fields[which].layout, a.functions().held(a.layout, a.value)},
                     {*b.layout.fields[which].layout, b.functions().held(b.layout, b.value)});
}

bool equal_optionals(const Side& a, const Side& b) {
  const void* x = a.functions().get(a.layout, a.value);
  const void* y = b.functions().get(b.layout, b.value);
  if (x == nullptr || y == nullptr) return x == y;
  return equal_sides({*a.layout.element, x}, {*b.layout.element, y});
}

bool equal_structures(const Side& a, const Side& b) {
  for (std::size_t i = 0; i < a.layout.fields.size(); ++i) {
    const LayoutField& x = a.layout.fields[i];
    const LayoutField& y = b.layout.fields[i];
    if (!equal_sides({*x.layout, offset(a.value, x.offset)},
                     {*y.layout, offset(b.value, y.offset)})) {
      return false;
    }
  }
  return true;
}

bool equal_sides(const Side& a, const Side& b) {
  switch (a.layout.kind) {
    case Kind::f32:
      return equal_floats<float>(a.value, b.value);
    case Kind::f64:
      return equal_floats<double>(a.value, b.value);
    case Kind::decimal:
      return *static_cast<const Decimal*>(a.value) == *static_cast<const Decimal*>(b.value);
    case Kind::any:
      return *static_cast<const Any*>(a.value) == *static_cast<const Any*>(b.value);
    case Kind::text:
    case Kind::bytes:
      return as_text(a.functions().view(a.layout, a.value)) ==
             as_text(b.functions().view(b.layout, b.value));
    case Kind::structure:
      return equal_structures(a, b);
    case Kind::list:
    case Kind::array:
      return equal_elements(a, b);
    case Kind::map:
      return equal_maps(a, b);
    case Kind::optional:
      return equal_optionals(a, b);
    case Kind::union_:
      return equal_unions(a, b);
    default:
      return load_integer(a.layout, a.value) == load_integer(b.layout, b.value);
  }
}

}  // namespace

bool equal(const Layout& layout, const void* a, const void* b) {
  return equal_sides({layout, a}, {layout, b});
}

bool operator==(const Value& a, const Value& b) {
  if (!a.valid() || !b.valid()) return a.valid() == b.valid();
  if (a.layout_ != b.layout_ && !(a.type().valid() && a.type() == b.type())) return false;
  return equal_sides({*a.layout_, a.memory_}, {*b.layout_, b.memory_});
}

}  // namespace dts
