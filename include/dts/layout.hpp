// Layout: how a value of a type lies in memory. It is a table: for every field its offset and
// kind, and the few functions its container needs. A C++ aggregate has one by reflection
// (dts/declare.hpp); a type learned from the network has one computed from its document
// (Layout::of). Every codec is one encoder and one decoder over (Layout, pointer).
// A Layout is immutable once handed out and lives as long as the LayoutPtr that owns it; those of
// C++ types live for ever. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <dts/bytes.hpp>
#include <dts/result.hpp>
#include <dts/type.hpp>

namespace dts {

class Layout;

// The functions of a container. Every one is handed the Layout it belongs to, so that one set
// serves all dynamic types. Unused entries are null. None throws except for lack of memory.
struct LayoutFunctions {
  // Life cycle of a value in raw memory of `size` bytes. Null means: trivial (zero bytes / memcpy).
  void (*construct)(const Layout&, void* to) = nullptr;  // the zero value
  void (*destroy)(const Layout&, void* value) = nullptr;
  void (*copy)(const Layout&, void* to, const void* from) = nullptr;  // `to` is raw memory
  void (*move)(const Layout&, void* to, void* from) = nullptr;  // `to` is raw; `from` stays valid

  // text, bytes
  ByteView (*view)(const Layout&, const void* value) = nullptr;
  void (*assign)(const Layout&, void* value, ByteView bytes) = nullptr;
  // bytes, of a Blob only: takes `bytes`, which lie in *owner, without copying them.
  void (*borrow)(const Layout&, void* value, ByteView bytes,
                 const std::shared_ptr<const Bytes>& owner) = nullptr;

  // list (resizable) and array (fixed): elements are contiguous, `element->size` apart. `resize`
  // keeps what is there and fills up with zero values; an array's changes nothing.
  std::size_t (*count)(const Layout&, const void* list) = nullptr;
  void* (*resize)(const Layout&, void* list, std::size_t count) = nullptr;  // first element
  const void* (*elements)(const Layout&, const void* list) = nullptr;       // first element

  // map: iterate with an opaque cursor starting at null; `insert` gives the place of the (zero)
  // value, or null when the key is there already; `find` is null when the key is not there.
  std::size_t (*map_count)(const Layout&, const void* map) = nullptr;
  bool (*map_next)(const Layout&, const void* map, void** cursor, const void** key,
                   const void** value) = nullptr;
  void (*map_clear)(const Layout&, void* map) = nullptr;
  void* (*map_insert)(const Layout&, void* map, const void* key) = nullptr;
  const void* (*map_find)(const Layout&, const void* map, const void* key) = nullptr;

  // optional: `get` is null when empty; `set` makes it hold a zero value and returns its place.
  const void* (*get)(const Layout&, const void* optional) = nullptr;
  void* (*set)(const Layout&, void* optional) = nullptr;
  void (*reset)(const Layout&, void* optional) = nullptr;

  // union: the case held (index into the type's cases, or `no_case` for an unknown or no case: the
  // zero value of all but a described closed std::variant). `choose` of anything but a case empties
  // the union, if it can be empty, and returns null.
  std::uint32_t (*which)(const Layout&, const void* value) = nullptr;
  const void* (*held)(const Layout&, const void* value) = nullptr;
  void* (*choose)(const Layout&, void* value, std::uint32_t which) = nullptr;  // its zero value
};

// A field of a struct or a case of a union, in the order of the type's members.
struct LayoutField {
  std::uint32_t offset = 0;  // bytes from the start of the struct; 0 in a union
  const Layout* layout = nullptr;
};

class Layout {
 public:
  static constexpr std::uint32_t no_case = 0xffffffff;

  Kind kind = Kind::structure;  // never Kind::reference: a reference is resolved
  std::uint8_t width = 0;       // enumeration: bytes of its integer in memory (1, 2, 4, 8)
  bool is_signed = true;        // enumeration: signedness of that integer
  std::uint32_t size = 0;       // bytes
  std::uint32_t align = 1;
  std::uint32_t length = 0;             // of an array
  const Layout* element = nullptr;      // list, array, optional; map: the value
  const Layout* key = nullptr;          // map
  std::span<const LayoutField> fields;  // structure, union_: parallel to the node's fields
  Type type;                            // structure, enumeration, union_: this named type
  LayoutFunctions functions;

  void construct(void* to) const;
  void destroy(void* value) const;
  void copy(void* to, const void* from) const;
  void move(void* to, void* from) const;

  // The layout of a type known only at run time. Scalars lie as C++ scalars; text is std::string,
  // bytes is dts::Bytes, decimal dts::Decimal, any dts::Any, an enumeration std::int32_t. The rest
  // is reached through `functions` only. Fails with `too_large` when arrays in arrays make the
  // value itself (without what hangs from it) larger than dynamic_size_max. Not cached.
  static Result<std::shared_ptr<const Layout>> of(const Type& type);
  static constexpr std::uint32_t dynamic_size_max = 1024 * 1024;
};

using LayoutPtr = std::shared_ptr<const Layout>;

}  // namespace dts
