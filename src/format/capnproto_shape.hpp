// Capnproto shape: where Cap'n Proto puts the fields of a struct. The offsets are those the
// reference compiler gives the schema that capnproto_schema.hpp writes; a test compares the two.
// docs/reference/formats/capnproto.md says which Cap'n Proto type stands for which DTS type.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

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
};

struct Shape {
  std::uint32_t data_words = 0;
  std::uint32_t pointers = 0;
  std::uint32_t discriminant = 0;  // of a union: 0 no case, 1 + index of the case
  std::vector<Slot> slots;         // parallel to the fields
};

// A field as far as the offsets depend on it.
struct Measure {
  std::int8_t size = pointer_size;  // of an optional: of what it holds
  bool optional = false;
};
Measure measure(const TypeRef& type, std::span<const TypeNode> nodes);

// A struct or a union of the document.
Shape shape_of(const TypeNode& node, std::span<const TypeNode> nodes);
// struct { key @0; value @1; }
Shape entry_shape(Measure key, Measure value);
// struct { value; } of an optional that is no field of a struct.
Shape optional_shape(std::int8_t size);

}  // namespace dts::format::capnproto
