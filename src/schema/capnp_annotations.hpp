// The annotations that say in a .capnp file what Cap'n Proto cannot. A schema may import them from
// "/dts/annotations.capnp", which is built in, or declare them itself by these ids, as what
// DTS writes does.
#pragma once

#include <cstdint>
#include <string_view>

#include <schema/annotation_files.hpp>

namespace dts::schema {

constexpr std::uint64_t capnp_name_annotation = 0xd75d0a6f2f3a1001;
constexpr std::uint64_t capnp_unit_annotation = 0xd75d0a6f2f3a1002;
constexpr std::uint64_t capnp_quantity_annotation = 0xd75d0a6f2f3a1003;
constexpr std::uint64_t capnp_field_annotation = 0xd75d0a6f2f3a1004;
constexpr std::uint64_t capnp_type_annotation = 0xd75d0a6f2f3a1005;
constexpr std::uint64_t capnp_enumeration_annotation = 0xd75d0a6f2f3a1006;

// The text of a file that every schema can import; empty: there is none at this path.
inline std::string_view capnp_file(std::string_view path) {
  if (path == "/dts/annotations.capnp" || path == "dts/annotations.capnp") {
    return annotations_capnp;
  }
  if (path == "/capnp/c++.capnp") {
    return "@0xbdf87d7bb8304e81;\n"
           "annotation namespace @0xb9c6f99ebf805f2c (file) :Text;\n"
           "annotation name @0xf264a779fef191ce (*) :Text;\n";
  }
  return {};
}

}  // namespace dts::schema
