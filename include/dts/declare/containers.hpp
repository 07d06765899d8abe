// The functions of the C++ containers a Layout may need, as plain function pointers.
// Only for <dts/declare.hpp>.
#pragma once

#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <dts/bytes.hpp>
#include <dts/layout.hpp>

namespace dts::declared {

// Copies a value part by part through its layout, so that types that C++ cannot copy
// (std::unique_ptr inside) copy too. `to` is raw memory.
void copy_by_parts(const Layout& layout, void* to, const void* from);

// ---- life cycle ----

template <class T>
struct Life {
  static void construct(const Layout&, void* to) { ::new (to) T(); }
  static void destroy(const Layout&, void* value) { static_cast<T*>(value)->~T(); }
  static void copy(const Layout&, void* to, const void* from) {
    ::new (to) T(*static_cast<const T*>(from));
  }
  static void move(const Layout&, void* to, void* from) {
    ::new (to) T(std::move(*static_cast<T*>(from)));
  }
};

// `CopyWhole`: by T's own copy constructor, which must then really work.
template <class T, bool CopyWhole>
constexpr void set_life(LayoutFunctions& functions) {
  if constexpr (!std::is_trivially_default_constructible_v<T>) {
    functions.construct = &Life<T>::construct;
  }
  if constexpr (!std::is_trivially_destructible_v<T>) functions.destroy = &Life<T>::destroy;
  if constexpr (!std::is_trivially_copyable_v<T>) {
    functions.move = &Life<T>::move;
    if constexpr (CopyWhole) {
      functions.copy = &Life<T>::copy;
    } else {
      functions.copy = &copy_by_parts;
    }
  }
}

// ---- text, bytes ----

template <class T>
struct BufferFunctions {
  static ByteView view(const Layout&, const void* value) {
    const T& buffer = *static_cast<const T*>(value);
    return {reinterpret_cast<const std::uint8_t*>(buffer.data()), buffer.size()};
  }
  static void assign(const Layout&, void* value, ByteView bytes) {
    using Byte = typename T::value_type;
    const Byte* begin = reinterpret_cast<const Byte*>(bytes.data());
    static_cast<T*>(value)->assign(begin, begin + bytes.size());
  }
};

struct BlobFunctions {
  static ByteView view(const Layout&, const void* value) {
    return static_cast<const Blob*>(value)->view();
  }
  static void assign(const Layout&, void* value, ByteView bytes) {
    *static_cast<Blob*>(value) = bytes.empty() ? Blob() : Blob(Bytes(bytes.begin(), bytes.end()));
  }
  static void borrow(const Layout&, void* value, ByteView bytes,
                     const std::shared_ptr<const Bytes>& owner) {
    *static_cast<Blob*>(value) = Blob(bytes, owner);
  }
};

// ---- list, array ----

template <class T>
struct ListFunctions {
  static std::size_t count(const Layout&, const void* list) {
    return static_cast<const T*>(list)->size();
  }
  static void* resize(const Layout&, void* list, std::size_t count) {
    static_cast<T*>(list)->resize(count);
    return static_cast<T*>(list)->data();
  }
  static const void* elements(const Layout&, const void* list) {
    return static_cast<const T*>(list)->data();
  }
};

// An array lies in place: its elements start where it does.
std::size_t array_count(const Layout& layout, const void* array);
void* array_resize(const Layout& layout, void* array, std::size_t count);
const void* array_elements(const Layout& layout, const void* array);

// ---- map ----

template <class T>
struct MapFunctions {
  using Key = typename T::key_type;
  using Iterator = typename T::const_iterator;
  static_assert(sizeof(Iterator) == sizeof(void*) && std::is_trivially_copyable_v<Iterator>,
                "dts: the iterator of this map does not fit a cursor: use std::map or "
                "std::unordered_map of the standard library");

  static std::size_t count(const Layout&, const void* map) {
    return static_cast<const T*>(map)->size();
  }
  // The cursor is the iterator of the entry handed out last.
  static bool next(const Layout&, const void* map, void** cursor, const void** key,
                   const void** value) {
    const T& entries = *static_cast<const T*>(map);
    Iterator at = entries.begin();
    if (*cursor != nullptr) {
      std::memcpy(static_cast<void*>(&at), cursor, sizeof at);
      ++at;
    }
    if (at == entries.end()) return false;
    *key = &at->first;
    *value = &at->second;
    std::memcpy(cursor, static_cast<const void*>(&at), sizeof at);
    return true;
  }
  static void clear(const Layout&, void* map) { static_cast<T*>(map)->clear(); }
  static void* insert(const Layout&, void* map, const void* key) {
    const auto [at, inserted] = static_cast<T*>(map)->try_emplace(*static_cast<const Key*>(key));
    return inserted ? &at->second : nullptr;
  }
  static const void* find(const Layout&, const void* map, const void* key) {
    const T& entries = *static_cast<const T*>(map);
    const auto at = entries.find(*static_cast<const Key*>(key));
    return at == entries.end() ? nullptr : &at->second;
  }
};

// ---- optional ----

template <class T>
struct OptionalFunctions {
  static const void* get(const Layout&, const void* optional) {
    const T& value = *static_cast<const T*>(optional);
    return value ? std::addressof(*value) : nullptr;
  }
  static void* set(const Layout&, void* optional) {
    T& value = *static_cast<T*>(optional);
    if constexpr (requires { value.emplace(); }) {
      return std::addressof(value.emplace());
    } else {
      value = std::make_unique<typename T::element_type>();
      return value.get();
    }
  }
  static void reset(const Layout&, void* optional) { static_cast<T*>(optional)->reset(); }
};

// ---- union: a std::variant whose alternatives are the cases, behind std::monostate if present
// ----

template <class... Alternatives>
struct UnionFunctions {
  using Variant = std::variant<Alternatives...>;
  static constexpr bool has_none =
      std::is_same_v<std::variant_alternative_t<0, Variant>, std::monostate>;
  static constexpr std::size_t cases = sizeof...(Alternatives) - has_none;

  static std::uint32_t which(const Layout&, const void* value) {
    const Variant& variant = *static_cast<const Variant*>(value);
    if (variant.valueless_by_exception() || (has_none && variant.index() == 0)) {
      return Layout::no_case;
    }
    return static_cast<std::uint32_t>(variant.index() - has_none);
  }
  static const void* held(const Layout& layout, const void* value) {
    if (which(layout, value) == Layout::no_case) return nullptr;
    return std::visit([](const auto& held_value) -> const void* { return &held_value; },
                      *static_cast<const Variant*>(value));
  }
  static void* choose(const Layout&, void* value, std::uint32_t which) {
    Variant& variant = *static_cast<Variant*>(value);
    if (which >= cases) {
      if constexpr (has_none) variant.template emplace<0>();
      return nullptr;
    }
    return choose_at(variant, which, std::make_index_sequence<cases>());
  }

 private:
  template <std::size_t... I>
  static void* choose_at(Variant& variant, std::uint32_t which, std::index_sequence<I...>) {
    void* place = nullptr;
    ((which == I ? void(place = std::addressof(variant.template emplace<I + has_none>())) : void()),
     ...);
    return place;
  }
};

}  // namespace dts::declared
