// Binding: how a foreign schema numbers, lays out or codes a type in one format, where that differs
// from what the format derives from the type by itself. A .proto file's field numbers and a .capnp
// file's offsets are a binding. It is hashed and travels like a type: without it two publishers
// that number the same type differently would be misread without an error. An immutable handle
// (copying shares); any thread. The document is specified in docs/reference/types.md ("Bindings").
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dts/bytes.hpp>
#include <dts/id.hpp>
#include <dts/result.hpp>
#include <dts/type.hpp>

namespace dts {

// How a number is coded (protobuf). For a list: its elements; for a map: its values.
enum class Coding : std::uint8_t {
  natural = 0,  // varint for integers (int32, uint64 ...), IEEE 754 for floats
  zigzag = 1,   // sint32, sint64
  fixed = 2,    // fixed32, fixed64, sfixed32, sfixed64
};

// One field, or case of a union, by the name that the DTS type gives it.
struct BindingMember {
  std::string name;
  // protobuf: the field number. capnproto: the offset in the data section in units of the value's
  // own size, or the index of the pointer.
  std::uint32_t number = 0;
  Coding coding = Coding::natural;
  // protobuf: how the keys of a map are coded.
  Coding key = Coding::natural;
  // protobuf: a list of numbers is written packed.
  bool packed = true;
  // protobuf: left out when it is zero or empty (a proto3 field without `optional`).
  bool implicit = false;
  // The member's own members lie in the enclosing struct or message: a oneof, a group or an
  // unnamed union. Its node in the binding then says where, in the enclosing one's terms.
  bool flat = false;
  // capnproto: the value that says that this case is held; of an optional scalar, where it is said
  // (0 none, 1 some; in units of 16 bits). protobuf: not used.
  std::uint32_t discriminant = 0;
  // capnproto: the bits a value in the data section is exclusive-or'd with (its default there).
  std::uint64_t mask = 0;
  friend bool operator==(const BindingMember&, const BindingMember&) = default;
};

// One named type of the bound type's document. Types that need no binding may be left out.
struct BindingNode {
  std::string name;
  // capnproto: words of the data section, pointers, and where the union's discriminant lies (in
  // units of 16 bits).
  std::uint32_t data_words = 0, pointers = 0, discriminant = 0;
  std::vector<BindingMember> members;  // parallel to the type node's fields; none for enumerations
  friend bool operator==(const BindingNode&, const BindingNode&) = default;
};

class Binding {
 public:
  Binding() = default;  // an empty handle: valid() is false and nothing else may be called

  // Checks that every node and member is one of the type's, all members of a node are there and
  // numbers are in range and unique; then computes the document and id. `format` is a format's
  // name.
  static Result<Binding> make(std::string_view format, const Type& type,
                              std::vector<BindingNode> nodes);
  // From a document off the network, for a type that is known: anything not exactly canonical, or
  // that does not fit the type, is refused.
  static Result<Binding> from_document(ByteView document, const Type& type);
  // The type a binding document is for, so that it can be asked for; and whether it is one at all.
  static Result<TypeId> type_of_document(ByteView document);

  bool valid() const noexcept { return data_ != nullptr; }
  BindingId id() const noexcept;
  const std::string& format() const noexcept;
  TypeId type() const noexcept;
  ByteView document() const noexcept;
  std::span<const BindingNode> nodes() const noexcept;
  // Null when the type needs no binding.
  const BindingNode* find(std::string_view type_name) const noexcept;

  friend bool operator==(const Binding& a, const Binding& b) noexcept {
    return a.valid() == b.valid() && (!a.valid() || a.id() == b.id());
  }

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

}  // namespace dts
