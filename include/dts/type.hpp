// Type: the description of a structure, the same on every machine, and therefore its address.
// A Type is an immutable handle (copying shares); any thread. The rules, the kind codes and the
// canonical document are specified in docs/reference/types.md so that a stranger can compute the
// same id.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dts/bytes.hpp>
#include <dts/id.hpp>
#include <dts/result.hpp>

namespace dts {

// The numbers are part of the canonical document: never renumber.
enum class Kind : std::uint8_t {
  boolean = 1,
  i8 = 2,
  i16 = 3,
  i32 = 4,
  i64 = 5,
  u8 = 6,
  u16 = 7,
  u32 = 8,
  u64 = 9,
  f32 = 10,
  f64 = 11,
  text = 12,  // valid UTF-8
  bytes = 13,
  time = 14,      // i64 ns since the Unix epoch, UTC
  duration = 15,  // i64 ns
  decimal = 16,   // i64 coefficient x 10^i8 exponent
  any = 17,       // a type and a value of it
  list = 32,
  array = 33,
  map = 34,
  optional = 35,
  reference = 40,  // to a named struct, enumeration or union of the same document
  structure = 48,
  enumeration = 49,
  union_ = 50,
};

// "bool", "i32", "text", "list", "struct", ... as the notation writes it.
std::string_view kind_name(Kind kind);

// The type of a field: a scalar kind, a composite with its arguments, or a reference.
struct TypeRef {
  Kind kind = Kind::boolean;
  std::uint32_t length = 0;        // of an array
  std::uint32_t node = 0;          // of a reference: index into Type::nodes()
  std::vector<TypeRef> arguments;  // list, array, optional: [element]; map: [key, value]
  friend bool operator==(const TypeRef&, const TypeRef&) = default;
};

// What a subscriber wishes for a value of a message that does not fit its field.
enum class OnMisfit : std::uint8_t {
  discard,      // the whole message
  use_default,  // of the field; none for an optional without one
  trim,         // what is longer than an array<T, N> is cut; anything else discards
};

// A field of a struct, or a case of a union.
struct Field {
  std::optional<std::uint32_t> id;  // all fields of a struct have one, or none has
  std::string name;
  TypeRef type;
  std::string unit;      // UCUM code, e.g. "Cel"; empty: none declared
  std::string quantity;  // tag, e.g. "delta", "torque"; empty: none
  // The default in the canonical encoding of docs/reference/types.md ("Defaults"); none: required.
  std::optional<Bytes> default_value;
  bool key = false;
  bool must_understand = false;
  // Not part of the identity:
  std::string doc;
  std::vector<std::string> aliases;  // former names
  OnMisfit misfit = OnMisfit::discard;
  // Also read what may not fit, checked value by value: larger integers, 64-bit integers as floats,
  // f64 as f32, an optional that may be empty.
  bool narrow = false;
};

struct Symbol {
  std::string name;
  std::int32_t value = 0;
  std::string doc;  // not part of the identity
};

// One named type of a document.
struct TypeNode {
  std::string name;
  Kind kind = Kind::structure;  // structure, enumeration or union_
  bool closed = false;          // enumerations and unions are open unless closed
  std::vector<Field> fields;    // structure and union_, in canonical order
  std::vector<Symbol> symbols;  // enumeration, by value
  std::string doc;              // not part of the identity
};

// Bounds on what is accepted as a type, from anywhere.
struct TypeLimits {
  static constexpr std::size_t document_bytes_max = 64 * 1024;
  static constexpr std::size_t members_max = 4096;
  static constexpr std::size_t nodes_max = 256;
  static constexpr std::size_t depth_max = 32;
  static constexpr std::size_t name_bytes_max = 255;
};

class Type {
 public:
  // An empty handle: valid() is false and nothing else may be called.
  Type() = default;

  // Checks names, ids, references, limits and defaults, brings nodes and members into canonical
  // order and computes the id. nodes[0] is the root; nodes it does not reach are dropped.
  static Result<Type> make(const std::vector<TypeNode>& nodes) { return from_nodes(nodes, 0); }
  // From a canonical document off the network: anything not exactly canonical is refused.
  static Result<Type> from_document(ByteView document);
  // From the notation, one or several types; the first is the root. `where` names the source
  // in errors, which give line, column and a caret.
  static Result<Type> parse(std::string_view notation, std::string_view where = {});
  // All the types of a notation text, each with its closure, in the order written.
  static Result<std::vector<Type>> parse_all(std::string_view notation,
                                             std::string_view where = {});

  bool valid() const noexcept { return data_ != nullptr; }
  const std::string& name() const noexcept;
  TypeId id() const noexcept;
  FamilyId family() const noexcept;
  // The canonical document: what is hashed and what travels. Valid as long as a handle is.
  ByteView document() const noexcept;
  // Root first, then every named type it reaches, sorted by name.
  std::span<const TypeNode> nodes() const noexcept;
  const TypeNode& root() const noexcept { return nodes()[0]; }
  // nodes()[index] as a type of its own, with its own closure and id.
  Type at(std::uint32_t index) const;

  // The notation. One line: `a.B{x:f64[Cel], y:i32=0}`; several: with docs as comments.
  enum class Style { one_line, lines };
  std::string print(Style style = Style::lines) const;
  // A field's type as the notation writes it, e.g. "list<brewery.State>", with these nodes.
  std::string print(const TypeRef& type) const;

  friend bool operator==(const Type& a, const Type& b) noexcept {
    return a.valid() == b.valid() && (!a.valid() || a.id() == b.id());
  }

 private:
  struct Data;
  static Result<Type> from_nodes(std::span<const TypeNode> nodes, std::uint32_t root);
  static Type of_canonical(std::vector<TypeNode> nodes, Bytes document);
  explicit Type(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

// SHA-256("dts-family\0" name)[0..8).
FamilyId family_of(std::string_view name);
// Is this a legal dotted type name / a legal member name?
bool is_type_name(std::string_view name);
bool is_member_name(std::string_view name);

}  // namespace dts
