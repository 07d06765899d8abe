// dts/options.proto: the options that say in a .proto file what Protocol Buffers cannot. Every
// schema may import it; it is also installed beside the command for protoc.
#pragma once

#include <string_view>

namespace dts::schema {

constexpr std::string_view proto_options_path = "dts/options.proto";
constexpr std::string_view proto_options = R"(syntax = "proto2";
package dts;
import "google/protobuf/descriptor.proto";

extend google.protobuf.FieldOptions {
  optional string unit = 51701;      // a UCUM code: "Cel"
  optional string quantity = 51702;  // a quantity tag: "delta"
  optional string name = 51703;      // what the field is called
  optional string field = 51704;     // all of it in the notation: "key tank @3 : i8 [Cel] = 0"
}
extend google.protobuf.MessageOptions {
  optional string type = 51705;  // how the type is headed: "closed union brewery.Event"
}
extend google.protobuf.EnumOptions {
  optional string enum = 51706;  // how the enumeration is headed: "closed enum brewery.State"
}
extend google.protobuf.EnumValueOptions {
  optional string symbol = 51707;  // what the symbol is called; "-": it is none
}
)";

}  // namespace dts::schema
