#include <gtest/gtest.h>

#include <array>

#include <dts/declare.hpp>
#include <dts/format.hpp>

namespace dts {
namespace {

const Format& raw() { return *find_format(built_in_formats(), "raw"); }

Value value_of(const char* notation, std::string_view json) {
  Value value = Value::of(Type::parse(notation).value()).value();
  from_json(json, value.layout(), value.data()).value();
  return value;
}
Bytes written(const char* notation, std::string_view json) {
  const Value value = value_of(notation, json);
  Bytes bytes;
  raw().encoder(value.layout()).value()->encode(value.data(), bytes).value();
  return bytes;
}
// The subscriber's value as JSON, or the error.
std::string read(const char* publisher, const Bytes& message, const char* subscriber = nullptr) {
  const Type from = Type::parse(publisher).value();
  Value value = Value::of(subscriber ? Type::parse(subscriber).value() : from).value();
  const auto decoder = raw().decoder(Assignment::make(from, value.type()), value.layout());
  if (!decoder) return decoder.error().text();
  const auto decoded = (*decoder)->decode(message, value.data());
  return decoded ? to_json(value.layout(), value.data()).value() : decoded.error().text();
}
std::string refusal(const char* notation) {
  const Value value = Value::of(Type::parse(notation).value()).value();
  const auto encoder = raw().encoder(value.layout());
  return encoder ? "" : encoder.error().text();
}

TEST(Raw, carries_opaque_bytes_as_they_are) {
  EXPECT_EQ(written("camera.Frame{jpeg:bytes}", R"({"jpeg":"/9j/"})"), (Bytes{0xff, 0xd8, 0xff}));
  EXPECT_EQ(read("camera.Frame{jpeg:bytes}", {0xff, 0xd8, 0xff}), R"({"jpeg":"/9j/"})");
  EXPECT_EQ(read("camera.Frame{jpeg:bytes}", {}), R"({"jpeg":""})");
}

TEST(Raw, packs_fields_of_fixed_size_without_padding) {
  //  a  | b           | c          | state       | at (i64 ns)
  EXPECT_EQ(written("p.T{a:bool, b:u32, c:array<i16, 2>, s:p.S, at:duration}\n"
                    "enum p.S{idle = 0, busy = 258}",
                    R"({"a":true,"b":1,"c":[-1,2],"s":"busy","at":"0.000000003s"})"),
            (Bytes{1, 1, 0, 0, 0, 0xff, 0xff, 2, 0, 2, 1, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(written("p.T{in:p.U, f:f32}\np.U{x:u8, y:f64}", R"({"in":{"x":7,"y":1},"f":-2})"),
            (Bytes{7, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0xc0}));
  EXPECT_EQ(written("p.E{}", "{}"), Bytes{});
}

TEST(Raw, reads_what_a_packed_c_struct_holds) {
#pragma pack(push, 1)
  const struct {
    std::uint8_t channel = 3;
    std::int32_t raw[3] = {1, -2, 300000};
    double scale = 0.5;
    std::uint64_t ticks = 1ull << 60;
  } sample;
#pragma pack(pop)
  const auto* first = reinterpret_cast<const std::uint8_t*>(&sample);
  EXPECT_EQ(read("adc.Sample{channel:u8, raw:array<i32, 3>, scale:f64, ticks:u64}",
                 Bytes(first, first + sizeof sample)),
            R"({"channel":3,"raw":[1,-2,300000],"scale":0.5,"ticks":"1152921504606846976"})");
}

TEST(Raw, converts_into_the_subscribers_type) {
  const char* publisher =
      "p.T{a:i16, skipped:array<p.U, 2>, b:f32 [Cel], c:array<u8, 2>}\np.U{x:u8}";
  EXPECT_EQ(read(publisher, {1, 0, 9, 9, 0, 0, 0x80, 0x3f, 5, 6},
                 "p.T{c:list<u8>, b:optional<f64> [Cel], a:i64, note:text = \"none\"}"),
            R"({"c":[5,6],"b":1,"a":1,"note":"none"})");
  EXPECT_EQ(read("c.F{jpeg:bytes}", {1, 2, 3}, "c.F{jpeg:optional<bytes>, n:i32 = 4}"),
            R"({"jpeg":"AQID","n":4})");
}

TEST(Raw, refuses_what_has_no_fixed_size_and_says_where) {
  const std::string hint =
      " (try: declare one field of type bytes, or fields of fixed size only, or choose another "
      "format)";
  EXPECT_EQ(refusal("p.T{a:i32, name:text}"),
            "E1305 raw cannot carry p.T, at name: text has no fixed size" + hint);
  EXPECT_EQ(refusal("p.T{a:array<p.U, 2>}\np.U{x:u8, y:list<i8>}"),
            "E1305 raw cannot carry p.T, at a.y: list has no fixed size" + hint);
  for (const char* notation :
       {"p.T{a:bytes, b:bytes}", "p.T{a:decimal}", "p.T{a:any}", "p.T{a:optional<i8>}",
        "p.T{a:map<i8, i8>}", "p.T{a:p.U}\nunion p.U{x:i8}", "p.T{a:array<p.E, 9>}\np.E{}",
        "union p.T{x:i8}", "enum p.T{x = 0}"}) {
    EXPECT_EQ(refusal(notation).substr(0, 5), "E1305") << notation;
  }
}

TEST(Raw, refuses_a_message_of_another_size_and_what_is_no_value) {
  EXPECT_EQ(read("p.T{a:i32}", {1, 2, 3}), "E1202 a packed p.T has 4 bytes, not 3");
  EXPECT_EQ(read("p.T{a:i32}", {1, 2, 3, 4, 5}), "E1202 a packed p.T has 4 bytes, not 5");
  EXPECT_EQ(read("p.T{a:bool}", {2}), "E1205 2 is not a bool, at a: a bool is 0 or 1");
  EXPECT_EQ(read("p.T{s:p.S}\nclosed enum p.S{x = 0}", {1, 0, 0, 0}).substr(0, 5), "E1205");
}

}  // namespace
}  // namespace dts
