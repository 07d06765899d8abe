#include <gtest/gtest.h>

#include <cstring>

#include <dts/format.hpp>
#include <dts/value.hpp>

namespace dts {
namespace {

// A message out of 64-bit words, with its header.
Bytes message(std::initializer_list<std::uint64_t> words) {
  Bytes bytes(8 + words.size() * 8);
  const auto count = static_cast<std::uint32_t>(words.size());
  std::memcpy(bytes.data() + 4, &count, 4);
  std::size_t at = 8;
  for (const std::uint64_t word : words) {
    std::memcpy(bytes.data() + at, &word, 8);
    at += 8;
  }
  return bytes;
}
// Pointers: `offset` words from the end of the pointer.
std::uint64_t to_struct(std::int64_t offset, std::uint64_t data, std::uint64_t pointers) {
  return (static_cast<std::uint64_t>(offset) << 2 & 0xffffffff) | data << 32 | pointers << 48;
}
std::uint64_t to_list(std::int64_t offset, std::uint64_t code, std::uint64_t count) {
  return (static_cast<std::uint64_t>(offset) << 2 & 0xffffffff) | 1 | code << 32 | count << 35;
}

std::string read(const char* notation, const Bytes& bytes, std::string* json = nullptr) {
  const Type type = Type::parse(notation).value();
  Value value = Value::of(type).value();
  const auto decoder = find_format(built_in_formats(), "capnproto")
                           ->decoder(Assignment::make(type, type), value.layout())
                           .value();
  const auto done = decoder->decode(bytes, value.data());
  if (json != nullptr) *json = to_json(value.layout(), value.data()).value();
  return done ? "" : done.error().text();
}

TEST(Capnproto, lays_a_struct_out_as_its_encoding_page_draws_it) {
  const Type type = Type::parse("t.T{a:i32, b:bool, c:u8, d:text}").value();
  Value value = Value::of(type).value();
  ASSERT_TRUE(from_json(R"({"a":1,"b":true,"c":255,"d":"hi"})", value.layout(), value.data()).ok());
  Bytes bytes;
  const auto encoder =
      find_format(built_in_formats(), "capnproto")->encoder(value.layout()).value();
  ASSERT_TRUE(encoder->encode(value.data(), bytes).ok());
  EXPECT_EQ(bytes, message({
                       to_struct(0, 1, 1),
                       0x0000'ff01'0000'0001,  // a in the first four bytes, then the bit b, then c
                       to_list(0, 2, 3),
                       0x0000'0000'0000'6968,  // "hi" and its zero byte
                   }));
}

TEST(Capnproto, a_shorter_data_section_reads_as_zeros_and_a_longer_one_is_cut) {
  std::string json;
  EXPECT_EQ(read("t.T{a:i64, b:i64, c:text}", message({to_struct(0, 1, 0), 7}), &json), "");
  EXPECT_EQ(json, R"({"a":7,"b":0,"c":""})");
  EXPECT_EQ(read("t.T{a:i64}", message({to_struct(0, 2, 1), 7, 8, 0}), &json), "");
  EXPECT_EQ(json, R"({"a":7})");
}

TEST(Capnproto, refuses_pointers_out_of_the_message) {
  for (const std::int64_t offset : {1, 2, 1000, 0x1fffffff, -2, -1000}) {
    EXPECT_NE(read("t.T{a:i64}", message({to_struct(offset, 1, 0), 7})), "") << offset;
    EXPECT_NE(read("t.T{a:text}", message({to_struct(0, 0, 1), to_list(offset, 2, 9), 0})), "");
  }
  EXPECT_NE(read("t.T{a:list<i64>}", message({to_struct(0, 0, 1), to_list(0, 5, 0x1fffffff)})), "");
  EXPECT_NE(read("t.T{a:text}", message({to_struct(0, 0, 1), to_list(0, 2, 9), 0})), "");
}

TEST(Capnproto, refuses_far_pointers_capabilities_and_several_segments) {
  EXPECT_NE(read("t.T{a:text}", message({to_struct(0, 0, 1), 2})).find("segments"),
            std::string::npos);
  EXPECT_NE(read("t.T{a:text}", message({to_struct(0, 0, 1), 3})).find("capability"),
            std::string::npos);
  Bytes two = message({to_struct(0, 1, 0), 7});
  two[0] = 1;
  EXPECT_NE(read("t.T{a:i64}", two).find("segments"), std::string::npos);
}

TEST(Capnproto, a_struct_that_points_at_itself_ends) {
  EXPECT_NE(read("t.N{next:optional<t.N>}", message({to_struct(0, 0, 1), to_struct(-1, 0, 1)})),
            "");
}

// 2^60 visits of one object by way of pointers to pointers: each may be visited once.
TEST(Capnproto, an_object_that_is_pointed_at_twice_is_refused) {
  const char* type = "t.P{left:optional<t.P>, right:optional<t.P>}";
  EXPECT_NE(read(type, message({to_struct(0, 0, 2), to_struct(1, 0, 2), to_struct(0, 0, 2),
                                to_struct(1, 0, 2), to_struct(0, 0, 2), 0, 0})),
            "");
}

TEST(Capnproto, a_list_of_nothing_cannot_be_long) {
  // 2^29 structs without a word: sixteen bytes that would be gigabytes.
  EXPECT_NE(read("t.T{xs:list<t.E>}\nt.E{a:optional<text>, b:optional<text>}",
                 message({to_struct(0, 0, 1), to_list(0, 7, 0), to_struct(0x1fffffff, 0, 0)})),
            "");
  EXPECT_NE(read("t.T{xs:list<t.E>}\nt.E{a:i64}",
                 message({to_struct(0, 0, 1), to_list(0, 7, 1), to_struct(2, 1, 0), 5})),
            "");  // the tag says two, the list has room for one
}

TEST(Capnproto, refuses_list_elements_of_another_size) {
  EXPECT_NE(read("t.T{xs:list<i64>}", message({to_struct(0, 0, 1), to_list(0, 4, 2), 5})), "");
  EXPECT_NE(read("t.T{xs:bytes}", message({to_struct(0, 0, 1), to_list(0, 5, 1), 5})), "");
}

TEST(Capnproto, a_text_ends_with_a_zero_byte_and_is_utf8) {
  EXPECT_NE(read("t.T{a:text}", message({to_struct(0, 0, 1), to_list(0, 2, 2), 0x4141})), "");
  EXPECT_NE(read("t.T{a:text}", message({to_struct(0, 0, 1), to_list(0, 2, 2), 0x00ff})), "");
  EXPECT_EQ(read("t.T{a:text}", message({to_struct(0, 0, 1), to_list(0, 2, 2), 0x0041})), "");
}

TEST(Capnproto, an_open_enumeration_keeps_what_it_does_not_know) {
  std::string json;
  EXPECT_EQ(read("t.T{s:t.S}\nenum t.S{a = 0, b = 1}", message({to_struct(0, 1, 0), 700}), &json),
            "");
  EXPECT_EQ(json, R"({"s":700})");
  EXPECT_NE(read("t.T{s:t.S}\nclosed enum t.S {a = 0, b = 1}", message({to_struct(0, 1, 0), 2})),
            "");
}

TEST(Capnproto, a_dense_enumeration_cannot_send_what_16_bits_do_not_hold) {
  Value value = Value::of(Type::parse("t.T{s:t.S}\nenum t.S{a = 0, b = 1}").value()).value();
  const std::int32_t wide = -1;
  std::memcpy(value.data(), &wide, 4);
  Bytes out;
  const auto encoder =
      find_format(built_in_formats(), "capnproto")->encoder(value.layout()).value();
  const auto refused = encoder->encode(value.data(), out);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().where(), "s");
}

TEST(Capnproto, a_present_empty_value_is_not_an_absent_one) {
  const char* notation =
      "t.T{a:optional<text>, b:optional<list<i8>>, c:optional<t.E>, d:optional<bool>}\nt.E{}";
  const Type type = Type::parse(notation).value();
  Value value = Value::of(type).value();
  for (const char* text : {R"({"a":"","b":[],"c":{},"d":false})", "{}"}) {
    ASSERT_TRUE(from_json(text, value.layout(), value.data()).ok());
    Bytes bytes;
    const auto encoder =
        find_format(built_in_formats(), "capnproto")->encoder(value.layout()).value();
    ASSERT_TRUE(encoder->encode(value.data(), bytes).ok());
    std::string json;
    ASSERT_EQ(read(notation, bytes, &json), "");
    EXPECT_EQ(json, text);
  }
}

TEST(Capnproto, refuses_an_enumeration_as_a_message) {
  const auto refused =
      find_format(built_in_formats(), "capnproto")
          ->encoder(Value::of(Type::parse("enum t.S{a = 0}").value()).value().layout());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
}

TEST(Capnproto, takes_memory_for_a_large_field_once_whatever_follows_it) {
  Value value = Value::of(Type::parse("t.T{data:bytes, note:text}").value()).value();
  const Place data = value.at("data").value();
  data.layout->functions.assign(*data.layout, data.pointer, Bytes(1'000'001, 7));
  ASSERT_TRUE(value.set("note", "behind the large field"));
  const auto encoder =
      find_format(built_in_formats(), "capnproto")->encoder(value.layout()).value();
  Bytes out;
  ASSERT_TRUE(encoder->encode(value.data(), out).ok());
  EXPECT_LT(out.capacity(), out.size() + out.size() / 4);
}

}  // namespace
}  // namespace dts
