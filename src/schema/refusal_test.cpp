// What each importer refuses, and in which words: what is wrong, where it stands, why, what to try.
#include <gtest/gtest.h>

#include <span>

#include <schema/schema.hpp>

namespace dts::schema {
namespace {

struct Case {
  const char* schema;
  const char* refusal;
};

Result<std::string> no_files(const std::string& path) {
  return Error(ErrorCode::file, "cannot find", path, {},
               "put it beside the file that imports it, or in a folder above");
}

void expect_refusals(Language language, std::span<const Case> cases) {
  for (const Case& each : cases) {
    const auto imported = import_text(language, "t", each.schema, no_files);
    EXPECT_EQ(imported ? "imported" : imported.error().text(), each.refusal) << each.schema;
  }
}

// clang-format off
constexpr Case kProto[] = {
    {R"~(syntax = "proto3";
message T { int33 x = 1; })~",
     R"~(E1103 "int33" is not defined, at t:2:13 (try: protoc -o /dev/null t checks it too))~"},
    {R"~(syntax = "proto3";
import "units.proto";
message T { int32 x = 1; })~",
     R"~(E1103 cannot find "units.proto", at t:2:1 (try: put it beside the file that imports it, or in a folder above))~"},
    {R"~(syntax = "proto2";
message T { extensions 100 to 199; }
extend T { optional int32 x = 100; })~",
     R"~(E1305 an extension is not supported, at t:3:12: x extends T (try: put the field into the message))~"},
    {R"~(syntax = "proto2";
message T { option message_set_wire_format = true; extensions 4 to max; })~",
     R"~(E1305 a message set is not supported, at t:2:1: what it holds is said by extensions elsewhere (try: a oneof))~"},
    {R"~(syntax = "proto2";
message T {
  optional group X = 1 { optional int32 a = 2; }
})~",
     R"~(E1305 a group is not supported, at t:3:3: it is an older way to nest (try: a message, and a field of it))~"},
    {R"~(syntax = "proto3";
import "google/protobuf/any.proto";
message T { google.protobuf.Any a = 1; })~",
     R"~(E1305 google.protobuf.Any is not supported, at t:3:13: its type is found by a URL, which DTS does not follow (try: a oneof of the types it may hold, or bytes))~"},
    {R"~(syntax = "proto3";
import "dts/options.proto";
message T {
  int32 a = 1 [(dts.field) = "a : text"];
})~",
     R"~(E1104 the option does not fit the field, at t:4:3: text is not written so (try: dts type export T --as proto shows how))~"},
    {R"~(syntax = "proto3";
import "dts/options.proto";
message T {
  int32 a = 1 [(dts.field) = "a text"];
})~",
     R"~(E1103 "a text" declares no field in the notation, at t:4:3: ':' parts a name from its type (try: key tank @3 : i8 [Cel] = 0))~"},
    {R"~(syntax = "proto3";
import "dts/options.proto";
message T {
  double a = 1 [(dts.unit) = "a b"];
})~",
     R"~(E1103 this is not a unit, at t:4:3: it reads: a : f64 [a b] = 0 (try: UCUM codes are ASCII, such as Cel, kPa, m/s2, %, [degF]))~"},
    {R"~(syntax = "proto3";
import "dts/options.proto";
message T {
  string a = 1 [(dts.unit) = "Cel"];
})~",
     R"~(E1104 only numbers have a unit, at t:4:3: it reads: a : text [Cel] = "" (try: remove [Cel]))~"},
    {R"~(syntax = "proto3";
import "dts/options.proto";
message T {
  string a = 1 [(dts.name) = "a b"];
})~",
     R"~(E1102 "a b" is not a legal name, at t:4:3 (try: a letter or _, then letters, digits and _))~"},
    {R"~(syntax = "proto3";
service S {})~",
     R"~(E1104 there is no type in the schema, at t (try: it must define a struct, an enumeration or a union))~"},
};

constexpr Case kCapnp[] = {
    {R"~(@0xa93fc509624c72d9;
struct T { x @0 :Int33; })~",
     R"~(E1103 Not defined: Int33, at t:2:18 (try: capnp compile -o- t))~"},
    {R"~(@0xa93fc509624c72d9;
using U = import "units.capnp";
struct T { x @0 :U.X; })~",
     R"~(E1103 Import failed: units.capnp, at t:2:18: and 1 more error (try: capnp compile -o- t))~"},
    {R"~(@0xa93fc509624c72d9;
struct T {
  x @0 :AnyPointer;
})~",
     R"~(E1305 AnyPointer has no type, at t: T.x: what lies there is not said (try: use a struct, a union, or Data))~"},
    {R"~(@0xa93fc509624c72d9;
interface I {}
struct T {
  x @0 :I;
})~",
     R"~(E1305 an interface is no data, at t: T.x: a capability cannot be published (try: remove the field))~"},
    {R"~(@0xa93fc509624c72d9;
struct P(A) { a @0 :A; }
struct T {
  x @0 :P(Text);
})~",
     R"~(E1305 a generic struct is not supported, at t: T.x: t:P has type parameters (try: write a struct without parameters))~"},
    {R"~(@0xa93fc509624c72d9;
struct T {
  x @0 :List(Void);
})~",
     R"~(E1305 a list of Void, at t: T.x: it holds no data)~"},
    {R"~(@0xa93fc509624c72d9;
struct T {
  x @0 :List(Int32) = [1];
})~",
     R"~(E1305 a default of a list or struct is not supported, at t: T.x: a null pointer would stand for it (try: remove the default))~"},
    {R"~(@0xa93fc509624c72d9;
using Dts = import "/dts/annotations.capnp";
struct T {
  x @0 :Int32 $Dts.field("x : text");
})~",
     R"~(E1104 the annotation does not fit the field, at t: T.x: text does not lie so (try: dts type export T --as capnp shows how))~"},
    {R"~(@0xa93fc509624c72d9;
using Dts = import "/dts/annotations.capnp";
struct T {
  x @0 :Int32 $Dts.unit("a b");
})~",
     R"~(E1103 this is not a unit, at t: T.x: it reads: x : i32 [a b] (try: UCUM codes are ASCII, such as Cel, kPa, m/s2, %, [degF]))~"},
    {R"~(@0xa93fc509624c72d9;
const x :Int32 = 1;)~",
     R"~(E1104 there is no type in the schema, at t (try: it must define a struct, an enumeration or a union))~"},
};

constexpr Case kAvro[] = {
    {R"~({"type":)~",
     R"~(E1103 the schema is not valid JSON, at t: The JSON document has an improper structure: missing or superfluous commas, braces, missing keys, etc.)~"},
    {R"~({"type": "record", "type": "enum"})~",
     R"~(E1103 "type" is there twice, at t#)~"},
    {R"~({"type": "recrd"})~",
     R"~(E1104 there is no type "recrd", at t#: a name is defined before it is used (try: record))~"},
    {R"~({"type": "record", "name": "a.T", "fields": [
{"name": "x", "type": {"type": "enum", "name": "Colour", "symbols": ["RED"]}},
{"name": "y", "type": "Color"}]})~",
     R"~(E1104 there is no type "Color", at t#/fields/1: a name is defined before it is used (try: a.Colour))~"},
    {R"~({"type": "record", "fields": []})~",
     R"~(E1103 there is no "name", at t#: Avro wants it here (try: "name": "brewery.Temperature"))~"},
    {R"~({"type": "record", "name": "T"})~",
     R"~(E1103 there is no "fields", at t#: Avro wants it here (try: "fields": [{"name": "celsius", "type": "double"}]))~"},
    {R"~({"type": "record", "name": "T", "fields": [{"name": "x"}]})~",
     R"~(E1103 there is no "type", at t#/fields/0: Avro wants it here (try: {"name": "celsius", "type": "double"}))~"},
    {R"~({"type": "record", "name": "T", "fields": [{"name": "x", "type": {"type": "array"}}]})~",
     R"~(E1103 there is no "items", at t#/fields/0: Avro wants it here (try: "items": "long"))~"},
    {R"~({"type": "enum", "name": "E"})~",
     R"~(E1103 there is no "symbols", at t#: Avro wants it here (try: "symbols": ["IDLE", "HEATING"]))~"},
    {R"~({"type": "fixed", "name": "F"})~",
     R"~(E1103 there is no "size", at t#: Avro wants it here (try: "size": 16))~"},
    {R"~([{"type": "enum", "name": "E", "symbols": ["A"]}, {"type": "enum", "name": "E", "symbols": ["B"]}])~",
     R"~(E1104 E is defined twice, at t#/1)~"},
    {R"~({"type": "record", "name": "T", "fields": [{"name": "x", "type": "null"}]})~",
     R"~(E1305 null is no type of its own, at t#/fields/0 (try: ["null", "long"]))~"},
    {R"~({"type": "record", "name": "T", "fields": [{"name": "x", "type": 7}]})~",
     R"~(E1305 this is not a type, at t#/fields/0 (try: "long", {"type": "record", ...}))~"},
    {R"~({"type": "record", "name": "T", "fields": [{"name": "x", "type": ["null", ["int", "string"]]}]})~",
     R"~(E1305 a union in a union, at t#/fields/0/1: Avro has none (try: one union of them all))~"},
    {R"~({"type": "record", "name": "T", "fields": [{"name": "x", "type": []}]})~",
     R"~(E1305 a union without a type, at t#/fields/0: nothing could be held (try: ["null", "long"]))~"},
    {R"~(["null", "int", "string"])~",
     R"~(E1305 null is no type of its own, at t#/0 (try: ["null", "long"]))~"},
    {R"~({"type": "record", "name": "T", "fields": [{"name": "x", "type": ["int", {"type": "int"}]}]})~",
     R"~(E1104 the name is there twice, at t#/fields/0: it reads: int : i32)~"},
    {R"~({"type": "record", "name": "T", "fields": [{"name": "x", "type": {"type": "bytes", "logicalType": "decimal", "precision": 38}}]})~",
     R"~(E1305 a decimal of more than 18 digits is not supported, at t#/fields/0 (try: a precision of at most 18))~"},
    {R"~({"type": "record", "name": "T", "fields": [{"name": "x", "type": {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}}]})~",
     R"~(E1305 the logical type "duration" counts months, at t#/fields/0: a month has no length (try: a long of nanoseconds))~"},
    {R"~({"type": "record", "name": "T", "fields": [{"name": "x", "type": {"type": "long", "logicalType": "local-timestamp-millis"}}]})~",
     R"~(E1305 a local timestamp has no time zone, at t#/fields/0: a time in DTS is UTC (try: timestamp-micros))~"},
    {R"~({"type": "record", "name": "T", "fields": [{"name": "x", "type": "int", "default": "one"}]})~",
     R"~(E1103 "one" is not a default for i32, at t#/fields/0: it reads: x : i32 = one)~"},
    {R"~({"type": "record", "name": "T", "fields": [{"name": "x", "type": "bytes", "default": "\u0100"}]})~",
     R"~(E1104 a default of bytes has code points to 255, at t#/fields/0: each stands for one byte (try: "\u0000\u00ff"))~"},
    {R"~({"type": "record", "name": "T", "fields": [{"name": "x", "type": "int", "default": 3000000000}]})~",
     R"~(E1103 3000000000 does not fit i32, at t#/fields/0: it reads: x : i32 = 3000000000)~"},
    {R"~({"type": "record", "name": "T", "fields": [{"name": "x", "type": {"type": "enum", "name": "E", "symbols": ["A B"]}}]})~",
     R"~(E1102 "A B" is not a legal name, at t#/fields/0/symbols/0 (try: a letter or _, then letters, digits and _))~"},
    {R"~({"type": "record", "name": "T", "fields": [{"name": "x", "type": "double", "dts.unit": "a b"}]})~",
     R"~(E1103 this is not a unit, at t#/fields/0: it reads: x : f64 [a b] (try: UCUM codes are ASCII, such as Cel, kPa, m/s2, %, [degF]))~"},
    {R"~({"type": "record", "name": "T", "dts.type": "enum T", "fields": []})~",
     R"~(E1103 "enum T" is not what is declared, at t#: the schema declares a struct)~"},
    {R"~("string")~",
     R"~(E1104 there is no type in the schema, at t (try: it must define a struct, an enumeration or a union))~"},
};

constexpr Case kJsonSchema[] = {
    {R"~([1])~",
     R"~(E1305 a schema is an object, at t# (try: {"type": "object", ...}))~"},
    {R"~({"type": "string"})~",
     R"~(E1305 the schema's root is text, at t#: a type is a struct, an enum or a union (try: {"type": "object", "properties": {...}}))~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"description": "anything"}}})~",
     R"~(E1305 the schema has no type, at t#/properties/x: any JSON would do (try: {"type": "object", ...}))~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"type": ["string", "integer"]}}})~",
     R"~(E1305 several types at once, at t#/properties/x/type: nothing in the value says which it is (try: oneOf of named branches))~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"type": "float"}}})~",
     R"~(E1305 JSON Schema has no type "float", at t#/properties/x (try: object, array, string, boolean, integer or number))~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": true}})~",
     R"~(E1305 a schema is an object here, at t#/properties/x (try: {"type": "string"}))~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"allOf": [{"type": "string"}]}}})~",
     R"~(E1305 "allOf" is not supported, at t#/properties/x: it makes no type (try: types, properties, items, enum, oneOf and local $ref))~"},
    {R"~({"title": "T", "type": "object", "patternProperties": {"^x": {"type": "string"}}})~",
     R"~(E1305 "patternProperties" is not supported, at t#: it makes no type (try: types, properties, items, enum, oneOf and local $ref))~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"type": "string"}}, "additionalProperties": true})~",
     R"~(E1305 properties that are not listed, at t#/additionalProperties: a struct has fields with names (try: "additionalProperties": false))~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"type": "array"}}})~",
     R"~(E1305 an array of anything, at t#/properties/x: a list has one type of element (try: "items": {...}))~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"type": "array", "prefixItems": [{"type": "string"}]}}})~",
     R"~(E1305 "prefixItems" is not supported, at t#/properties/x: it makes no type (try: types, properties, items, enum, oneOf and local $ref))~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"$ref": "https://example.org/x.json"}}})~",
     R"~(E1305 "https://example.org/x.json" is not a local reference, at t#/properties/x (try: #/$defs/NAME))~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"$ref": "#/$defs/X"}}})~",
     R"~(E1104 there is nothing at the reference, at t#/properties/x: #/$defs/X (try: define it there))~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"$ref": "#/$defs/X"}}, "$defs": {"X": {"$ref": "#/$defs/X"}}})~",
     R"~(E1305 the reference leads to itself, at t#/$defs/X: #/$defs/X (try: {"type": "object", ...} there))~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"enum": [1, 2]}}})~",
     R"~(E1305 an enum of something else than texts, at t#/properties/x/enum: symbols have names (try: {"enum": ["off", "on"]}, or "integer"))~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"oneOf": [{"type": "string"}, {"type": "integer"}]}}})~",
     R"~(E1305 a branch of oneOf that is not named, at t#/properties/x/oneOf/0: nothing in the value says which it is (try: {"type": "object", "properties": {"NAME": {...}}, "required": ["NAME"]}))~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"type": "integer", "x-dts-kind": "f32"}}})~",
     R"~(E1104 x-dts-kind "f32" does not fit the type, at t#/properties/x: the type is integer)~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"type": "string", "x-dts-kind": "u8"}}})~",
     R"~(E1104 x-dts-kind "u8" does not fit the type, at t#/properties/x: the type is string)~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"type": "string", "contentEncoding": "base32"}}})~",
     R"~(E1305 the encoding "base32" is not supported, at t#/properties/x (try: base64))~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"type": "integer", "default": 1.5}}})~",
     R"~(E1103 "1.5" is not a default for i64, at t#/properties/x: it reads: x : i64 = 1.5)~"},
    {R"~({"title": "T", "type": "object", "properties": {"x y": {"type": "integer"}}})~",
     R"~(E1102 "x y" is not a legal name, at t#/properties/x y (try: a letter or _, then letters, digits and _))~"},
    {R"~({"title": "T", "type": "object", "properties": {"x": {"$ref": "#"}}, "required": ["x"]})~",
     R"~(E1104 the type contains itself directly and would never end, at t#: it reads: T { (try: put an optional or a list in between))~"},
};

constexpr Case kJtd[] = {
    {R"~([1])~",
     R"~(E1305 a schema is an object, at t# (try: {"properties": {...}}))~"},
    {R"~({"type": "string"})~",
     R"~(E1305 the schema's root is text, at t#: a type is a struct, an enum or a union (try: {"properties": {...}}))~"},
    {R"~({"properties": {"x": {"type": "string", "format": "uuid"}}})~",
     R"~(E1305 "format" is no keyword of RFC 8927, at t#/properties/x (try: put it into "metadata"))~"},
    {R"~({"properties": {"x": {"type": "int64"}}})~",
     R"~(E1104 RFC 8927 has no type "int64", at t#/properties/x: a JSON number holds 53 bits (try: {"type": "string", "metadata": {"dts.field": "count : i64"}}))~"},
    {R"~({"properties": {"x": {"type": "float46"}}})~",
     R"~(E1104 RFC 8927 has no type "float46", at t#/properties/x (try: float64))~"},
    {R"~({"properties": {}, "additionalProperties": true})~",
     R"~(E1305 properties that are not listed, at t#/additionalProperties: a struct has fields with names (try: "additionalProperties": false))~"},
    {R"~({"properties": {"x": {"ref": "y"}}})~",
     R"~(E1104 there is no definition "y", at t#/properties/x: references lead to the schema's own definitions)~"},
    {R"~({"definitions": {"y": {"ref": "y"}}, "properties": {"x": {"ref": "y"}}})~",
     R"~(E1305 the reference leads to itself, at t#/definitions/y: y (try: {"properties": {...}} there))~"},
    {R"~({"properties": {"x": {"discriminator": "kind"}}})~",
     R"~(E1103 there is no "mapping", at t#/properties/x: a discriminator tells which of them it is (try: "mapping": {"started": {"properties": {...}}}))~"},
    {R"~({"properties": {"x": 1}})~",
     R"~(E1305 a schema is an object, at t#/properties/x (try: {"type": "string"}))~"},
    {R"~({"properties": {"x y": {"type": "string"}}})~",
     R"~(E1102 "x y" is not a legal name, at t#/properties/x y (try: a letter or _, then letters, digits and _))~"},
    {R"~({"properties": {"x": {"type": "string", "metadata": {"dts.unit": "Cel"}}}})~",
     R"~(E1104 only numbers have a unit, at t#/properties/x: it reads: x : text [Cel] (try: remove [Cel]))~"},
    {R"~({"properties": {"x": {"enum": ["a", "a"]}}})~",
     R"~(E1104 the symbol is there twice, at t#/properties/x/enum: it reads: a = 1)~"},
    {R"~({"definitions": {"y": {"properties": {"y": {"ref": "y"}}}}, "properties": {"x": {"ref": "y"}}})~",
     R"~(E1104 the type contains itself directly and would never end, at t#/definitions/y: it reads: y { (try: put an optional or a list in between))~"},
};
// clang-format on

TEST(SchemaRefusal, of_protocol_buffers) { expect_refusals(Language::proto, kProto); }
TEST(SchemaRefusal, of_capnproto) { expect_refusals(Language::capnp, kCapnp); }
TEST(SchemaRefusal, of_avro) { expect_refusals(Language::avro, kAvro); }
TEST(SchemaRefusal, of_json_schema) { expect_refusals(Language::json_schema, kJsonSchema); }
TEST(SchemaRefusal, of_json_type_definition) { expect_refusals(Language::jtd, kJtd); }

}  // namespace
}  // namespace dts::schema
