#include <gtest/gtest.h>

#include <dts/format.hpp>
#include <dts/value.hpp>
#include <format/protobuf_shape.hpp>

namespace dts {
namespace {

const Format& protobuf() { return *find_format(built_in_formats(), "protobuf"); }

// Bytes out of text such as "08 01"; in quotes: characters.
Bytes message(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') continue;
    if (text[i] == '"') {
      for (++i; text[i] != '"'; ++i) bytes.push_back(static_cast<std::uint8_t>(text[i]));
      continue;
    }
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), {}, 16)));
    ++i;
  }
  return bytes;
}

// The error, or the value as JSON.
std::string read(const char* notation, std::string_view text, const Binding& binding = {}) {
  const Type type = Type::parse(notation).value();
  Value value = Value::of(type).value();
  const Assignment same = Assignment::make(type, type);
  const auto decoder = binding.valid() ? protobuf().bound_decoder(same, value.layout(), binding)
                                       : protobuf().decoder(same, value.layout());
  if (!decoder) return decoder.error().text();
  const auto done = (*decoder)->decode(message(text), value.data());
  return done ? to_json(value.layout(), value.data()).value() : done.error().text();
}

Bytes write(const char* notation, std::string_view json, const Binding& binding = {}) {
  const Type type = Type::parse(notation).value();
  Value value = Value::of(type).value();
  const auto filled = from_json(json, value.layout(), value.data());
  EXPECT_TRUE(filled.ok()) << filled.error().text();
  const auto encoder = binding.valid() ? protobuf().bound_encoder(value.layout(), binding)
                                       : protobuf().encoder(value.layout());
  Bytes bytes;
  EXPECT_TRUE(encoder.value()->encode(value.data(), bytes).ok());
  return bytes;
}

TEST(Protobuf, writes_a_record_as_its_page_draws_it) {
  EXPECT_EQ(
      write("t.T{a:i32, b:bool, c:f32, d:text, e:list<u16>, f:time, g:optional<i8>}",
            R"({"a":-1,"b":false,"c":1.5,"d":"hi","e":[1,300],
                      "f":"1970-01-01T00:00:01.000000002Z"})"),
      message("08 01  10 00  1d 00 00 c0 3f  22 02 \"hi\"  2a 03 01 ac 02  32 04 08 01 10 02"));
}

TEST(Protobuf, a_required_field_that_is_left_out_is_an_error_or_its_default) {
  EXPECT_EQ(read("t.T{a:i32, b:i32 = 7}", "08 04"), R"({"a":2,"b":7})");
  EXPECT_NE(read("t.T{a:i32, b:i32 = 7}", "10 04").find("E1206 field \"a\" is missing"),
            std::string::npos);
  EXPECT_NE(read("t.T{a:t.U}\nt.U{x:bool}", "0a 00").find("at a.x"), std::string::npos);
  EXPECT_EQ(read("t.T{a:optional<i32>, b:list<i32>, c:map<i32,i32>}", ""), R"({"b":[],"c":{}})");
}

TEST(Protobuf, what_is_empty_is_left_out_and_has_no_default) {
  EXPECT_EQ(read("t.T{a:list<i32> = [1], b:optional<i32> = 5, c:array<i32,1> = [3]}", ""),
            R"({"a":[],"b":null,"c":[3]})");
}

TEST(Protobuf, takes_fields_in_any_order_and_skips_what_it_does_not_know) {
  EXPECT_EQ(read("t.T{a:i32, b:text}", "12 01 \"x\" 08 02"), R"({"a":1,"b":"x"})");
  EXPECT_EQ(read("t.T{a:i32}", "18 ff 01 21 0102030405060708 2a 02 \"zz\" 35 01020304 08 02"),
            R"({"a":1})");
  EXPECT_EQ(read("t.T{a:i32}", "1b 18 01 23 24 1c 08 02"), R"({"a":1})");  // groups
}

TEST(Protobuf, refuses_what_libprotobuf_would_take_for_the_last_one) {
  EXPECT_NE(read("t.T{a:i32}", "08 02 08 04").find("there twice"), std::string::npos);
  EXPECT_NE(read("t.T{a:t.C}\nunion t.C{x:i32, y:i32}", "0a 04 08 02 10 02").find("two cases"),
            std::string::npos);
  EXPECT_NE(read("t.T{a:map<i32,i32>}", "0a 04 08 02 10 02 0a 04 08 02 10 04").find("twice"),
            std::string::npos);
}

TEST(Protobuf, reads_lists_packed_or_not_and_in_pieces) {
  EXPECT_EQ(read("t.T{a:list<i32>}", "0a 02 02 04"), R"({"a":[1,2]})");
  EXPECT_EQ(read("t.T{a:list<i32>}", "08 02 08 04"), R"({"a":[1,2]})");
  EXPECT_EQ(read("t.T{a:list<i32>, b:bool}", "08 02 10 01 0a 02 04 06 0a 00"),
            R"({"a":[1,2,3],"b":true})");
  EXPECT_EQ(read("t.T{a:list<text>, b:bool}", "0a 01 \"x\" 10 01 0a 01 \"y\""),
            R"({"a":["x","y"],"b":true})");
  EXPECT_EQ(read("t.T{a:array<u8,3>, b:bool}", "08 01 10 01 0a 02 02 03"),
            R"({"a":[1,2,3],"b":true})");
}

TEST(Protobuf, counts_the_elements_of_arrays) {
  for (const char* wrong : {"0a 01 01", "0a 03 01 02 03", "08 01 08 02 08 03", "0a 00"})
    EXPECT_NE(read("t.T{a:array<u8,2>}", wrong).find("elements, not 2"), std::string::npos)
        << wrong;
}

TEST(Protobuf, refuses_numbers_out_of_their_range) {
  EXPECT_EQ(read("t.T{a:i8}", "08 ff 01"), R"({"a":-128})");
  for (const char* type : {"i8", "i16", "i32", "u8", "u16", "u32", "bool"}) {
    const std::string notation = std::string("t.T{a:") + type + "}";
    EXPECT_NE(read(notation.c_str(), "08 ff ff ff ff ff 01").find("E1205"), std::string::npos)
        << type;
  }
  EXPECT_NE(read("t.T{a:t.E}\nenum t.E{x = 0}", "08 ff ff ff ff ff 01").find("E1205"),
            std::string::npos);
  EXPECT_NE(read("t.T{a:time}", "0a 06 10 80 94 eb dc 03").find("E1205"), std::string::npos);
  EXPECT_NE(read("t.T{a:duration}", "0a 0d 08 01 10 ff ff ff ff ff ff ff ff ff 01").find("E1205"),
            std::string::npos);
}

TEST(Protobuf, refuses_what_is_no_message) {
  for (const char* wrong : {
           "08 ff ff ff ff ff ff ff ff ff 02",     // 65 bits
           "08 ff ff ff ff ff ff ff ff ff ff 01",  // 11 bytes
           "08 80",                                // cut off
           "0d 00 00 00 00",                       // another wire type
           "00 00",                                // field 0
           "88 80 80 80 80 01 00",                 // a tag of more than 32 bits
           "12 05 \"abc\"",                        // leads out
           "0f 00", "0e 00",                       // no such wire types
           "1c", "1b 24", "1b 18 01",              // groups that do not add up
           "12 01 ff 08 00",                       // not UTF-8
       }) {
    EXPECT_NE(read("t.T{a:i64, b:text}", wrong).find("E1202"), std::string::npos)
        << wrong << ": " << read("t.T{a:i64, b:text}", wrong);
  }
}

TEST(Protobuf, skips_groups_no_deeper_than_messages) {
  std::string deep;
  for (int i = 0; i < 70; ++i) deep += "1b ";
  EXPECT_NE(read("t.T{a:i32}", deep).find("E1008"), std::string::npos);
}

TEST(Protobuf, refuses_field_numbers_that_are_reserved) {
  EXPECT_NE(read("t.T{a@19000:i32}", "").find("19000 to 19999, which are reserved"),
            std::string::npos);
  EXPECT_EQ(read("t.T{a@536870911:i32}", "f8 ff ff ff 0f 02"), R"({"a":1})");
}

// message T { int32 a = 3; fixed64 b = 1; oneof c { sint64 x = 2; string y = 5; }
//             repeated int32 d = 4 [packed = false]; }
constexpr const char* foreign = "t.T{a:i32, b:u64, c:t.C, d:list<i32>}\nunion t.C{x:i64, y:text}";
Binding foreign_binding() {
  BindingNode t{.name = "t.T", .members = {}};
  t.members.push_back({.name = "a", .number = 3, .implicit = true});
  t.members.push_back({.name = "b", .number = 1, .coding = Coding::fixed, .implicit = true});
  t.members.push_back({.name = "c", .flat = true});
  t.members.push_back({.name = "d", .number = 4, .packed = false});
  BindingNode c{.name = "t.C", .members = {}};
  c.members.push_back({.name = "x", .number = 2, .coding = Coding::zigzag});
  c.members.push_back({.name = "y", .number = 5});
  return Binding::make("protobuf", Type::parse(foreign).value(), {t, c}).value();
}

TEST(Protobuf, lays_a_message_out_by_its_binding) {
  const char* json = R"({"a":-1,"b":2,"c":{"x":-3},"d":[1,2]})";
  const char* bytes =
      "09 02 00 00 00 00 00 00 00  10 05  18 ff ff ff ff ff ff ff ff ff 01  20 01 20 02";
  EXPECT_EQ(write(foreign, json, foreign_binding()), message(bytes));
  EXPECT_EQ(read(foreign, bytes, foreign_binding()), json);
}

TEST(Protobuf, an_implicit_field_that_is_left_out_is_zero) {
  const char* json = R"({"a":0,"b":0,"c":{},"d":[]})";
  EXPECT_EQ(write(foreign, json, foreign_binding()), Bytes{});
  EXPECT_EQ(read(foreign, "", foreign_binding()), json);
  EXPECT_EQ(write(foreign, R"({"a":0,"b":0,"c":{"y":""},"d":[]})", foreign_binding()),
            message("2a 00"));
}

TEST(Protobuf, a_flat_union_holds_one_case) {
  EXPECT_NE(read(foreign, "10 05 2a 00", foreign_binding()).find("two cases"), std::string::npos);
}

TEST(Protobuf, refuses_a_binding_that_is_not_its_own) {
  const Type other = Type::parse("t.T{a:i32}").value();
  const Value value = Value::of(other).value();
  EXPECT_EQ(protobuf().bound_encoder(value.layout(), foreign_binding()).error().code(),
            ErrorCode::unsupported);
  EXPECT_EQ(protobuf().bound_encoder(value.layout(), Binding()).error().code(),
            ErrorCode::unsupported);
  const auto twice = Binding::make(
      "protobuf", Type::parse("t.T{a:i32, b:i32}").value(),
      {{.name = "t.T", .members = {{.name = "a", .number = 1}, {.name = "b", .number = 1}}}});
  if (!twice) return;  // refused earlier is as good
  EXPECT_NE(read("t.T{a:i32, b:i32}", "", *twice).find("the number 1"), std::string::npos);
}

TEST(Varint, every_length_is_written_and_read_the_same_in_both_ways) {
  using namespace format::protobuf;
  for (unsigned bits = 0; bits <= 64; ++bits) {
    for (const std::uint64_t low : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
      const std::uint64_t value =
          bits == 64 ? ~low
                     : ((std::uint64_t{1} << bits) ^ (low & ((std::uint64_t{1} << bits) - 1)));
      std::uint8_t exact[24] = {}, ahead[24] = {};
      const auto size = static_cast<std::size_t>(write_varint(exact, value) - exact);
      ASSERT_EQ(size, varint_size(value));
      ASSERT_EQ(static_cast<std::size_t>(write_varint_ahead(ahead, value) - ahead), size);
      ASSERT_EQ(Bytes(exact, exact + size), Bytes(ahead, ahead + size)) << value;
      std::fill(exact + size, exact + 24, std::uint8_t{0xff});
      for (const std::size_t end : {size, std::size_t{24}}) {
        std::uint64_t found = 0;
        ASSERT_EQ(read_varint(exact, exact + end, found), exact + size) << value;
        ASSERT_EQ(found, value);
      }
      std::uint64_t found = 0;
      ASSERT_EQ(read_varint(exact, exact + size - 1, found), nullptr);
    }
  }
}

}  // namespace
}  // namespace dts
