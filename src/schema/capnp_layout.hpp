// Capnp layout: does a type of the notation lie in a message where the reference compiler has laid
// the schema's field? One thread at a time.
#pragma once

#include <deque>
#include <initializer_list>
#include <map>

#include <format/capnproto_shape.hpp>
#include <schema/capnp_files.hpp>
#include <schema/draft.hpp>

namespace dts::schema {

// What the nodes of all files are called, by their ids.
class CapnpNames {
 public:
  std::string& operator[](const capnp::Schema& schema) { return names_[schema.getProto().getId()]; }
  // The name of a node that is referred to, and so will be wanted.
  const std::string& refer(const capnp::Schema& schema) {
    wanted.push_back(schema);
    return (*this)[schema];
  }
  bool has(std::string_view name) const;

  std::deque<capnp::Schema> wanted;  // to be visited

 private:
  std::map<std::uint64_t, std::string> names_;
};

// The scalar kind that is the same; empty if there is none.
std::string_view scalar_name(capnp::Type type);

class CapnpLayout {
 public:
  CapnpLayout(CapnpNames& names, const Draft& draft) : names_(names), draft_(draft) {}

  // Of an optional, `binding` is told where its discriminant and value lie.
  bool lies_as(const Term& term, capnp::StructSchema::Field field, BindingMember& binding,
               bool may_be_optional);

 private:
  bool lies_as(const Term& term, capnp::Type type);
  bool entry_lies_as(const Term& map, capnp::StructSchema schema);
  bool parts_lie_as(std::initializer_list<const Term*> terms, capnp::StructSchema schema,
                    const format::capnproto::Shape& expected);

  CapnpNames& names_;
  const Draft& draft_;
};

// A type that lies as the format lays it out by itself needs no binding.
void drop_derived_binding(ImportedType& imported);

}  // namespace dts::schema
