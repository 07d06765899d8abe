// Capnproto shape: where Cap'n Proto puts the fields of a struct. The offsets are those the
// reference compiler gives the schema that capnproto_schema.cpp writes, a test compares the two; or
// those of somebody's .capnp file, by its binding.
// docs/reference/formats/capnproto.md says which Cap'n Proto type stands for which DTS type.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <dts/binding.hpp>
#include <dts/type.hpp>

namespace dts::format::capnproto {

// How a value lies in a data section or list: 2^0 (bool) to 2^6 bits, or by pointer.
constexpr std::int8_t pointer_size = -1;
// Of a value of this type outside an optional.
std::int8_t size_of(const TypeRef& type, std::span<const TypeNode> nodes);
// A 16-bit Cap'n Proto enum: the values are 0, 1, 2 ... without a hole. Others are Int32.
bool is_dense(const TypeNode& enumeration);

struct Slot {
  static constexpr std::uint32_t none = 0xffffffff;
  std::int8_t size = 0;               // 0..6, or pointer_size
  std::uint32_t offset = 0;           // in units of the size; pointers: index
  std::uint32_t discriminant = none;  // of an optional scalar, in units of 16 bits: 0 none, 1 some
  std::uint16_t which = 0;            // of a case: the discriminant that says it is held
  bool flat = false;                  // a group: its members lie in the enclosing struct
  std::uint64_t mask = 0;             // what a value in the data section is exclusive-or'd with
};

struct Shape {
  std::uint32_t data_words = 0;
  std::uint32_t pointers = 0;
  std::uint32_t discriminant = 0;  // of a union: where it lies, in units of 16 bits
  bool bound = false;              // of a union: no discriminant stands for "no case", else 0 does
  std::vector<Slot> slots;         // parallel to the fields
};

// A field as far as the offsets depend on it.
struct Measure {
  std::int8_t size = pointer_size;  // of an optional: of what it holds
  bool optional = false;
};
Measure measure(const TypeRef& type, std::span<const TypeNode> nodes);

// A struct or a union of the document; with a binding (checked, or null) as that lays it out.
Shape shape_of(const TypeNode& node, std::span<const TypeNode> nodes,
               const Binding* binding = nullptr);
// Bindings come off the network: everything must lie in the sections that it says there are.
Result<void> check_binding(const Binding& binding, const Type& type);
// struct { key @0; value @1; }
Shape entry_shape(Measure key, Measure value);
// struct { value; } of an optional that is no field of a struct.
Shape optional_shape(std::int8_t size);

}  // namespace dts::format::capnproto
