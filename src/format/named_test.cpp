// The walks that all formats with names share, in the notations of cbor and messagepack.
#include <gtest/gtest.h>

#include <dts/format.hpp>
#include <dts/value.hpp>
#include <format/named.hpp>

namespace dts {
namespace {

using format::named::NameTable;
using format::named::same_name;
using format::named::Seen;

Type parse(std::string_view notation) { return Type::parse(notation).value(); }

class Named : public testing::TestWithParam<const char*> {
 protected:
  const Format& format() const { return *find_format(built_in_formats(), GetParam()); }

  // A value of `written`, as its bytes.
  Bytes message(std::string_view written, std::string_view json) const {
    Value value = Value::of(parse(written)).value();
    const auto read = from_json(json, value.layout(), value.data());
    EXPECT_TRUE(read.ok()) << read.error().text();
    Bytes bytes;
    format().encoder(value.layout()).value()->encode(value.data(), bytes).value();
    return bytes;
  }
  // What a subscriber makes of bytes that claim to be the publisher's type: JSON, or the error.
  std::string read(ByteView bytes, std::string_view publisher, std::string_view subscriber) const {
    Value value = Value::of(parse(subscriber)).value();
    const auto decoder =
        format().decoder(Assignment::make(parse(publisher), value.type()), value.layout()).value();
    const auto done = decoder->decode(bytes, value.data());
    return done ? to_json(value.layout(), value.data()).value() : done.error().text();
  }
  std::string read(ByteView bytes, std::string_view type) const { return read(bytes, type, type); }
};

TEST_P(Named, takes_members_in_any_order) {
  const std::string type = "b.T{a:i8, b:text, c:optional<i8>, d:f64}";
  const char* all = R"({"a":1,"b":"x","c":2,"d":3})";
  EXPECT_EQ(read(message("b.T{d:f64, c:optional<i8>, b:text, a:i8}", all), type), all);
  EXPECT_EQ(read(message("b.T{c:optional<i8>, a:i8, d:f64, b:text}", all), type), all);
  EXPECT_EQ(read(message("b.T{a:i8, b:text, d:f64}", R"({"a":1,"b":"x","d":3})"), type),
            R"({"a":1,"b":"x","d":3})");
}

TEST_P(Named, says_where_and_what_and_what_to_try) {
  const Bytes bytes = message("b.T{in:list<b.In>}\nb.In{celcius:f64}", R"({"in":[{"celcius":1}]})");
  EXPECT_EQ(
      read(bytes, "b.T{in:list<b.In>}\nb.In{celsius:f64}"),
      "E1204 b.In has no field \"celcius\", at in.0.celcius (try: did you mean \"celsius\"?)");
  EXPECT_EQ(read(message("b.T{}", "{}"), "b.T{tank:i32}"),
            "E1206 field \"tank\" is missing, at tank: it is i32 and has no default");
  EXPECT_EQ(read(message("b.T{m:map<text,i16>}", R"({"m":{"k":300}})"), "b.T{m:map<text,i8>}"),
            "E1205 300 is not a value of i8, at m.k");
  EXPECT_EQ(read(message("b.T{s:text}", R"({"s":"heatin"})"),
                 "b.T{s:b.S}\nenum b.S{idle = 0, heating = 1}"),
            "E1205 \"heatin\" is not a symbol of b.S, at s (try: did you mean \"heating\"?)");
  EXPECT_EQ(read(message("b.T{a:text}", R"({"a":"7"})"), "b.T{a:i32}"),
            "E1205 text where an integer is expected, at a: the type is i32");
}

TEST_P(Named, takes_the_publishers_default_for_what_is_left_out) {
  EXPECT_EQ(read(message("b.T{}", "{}"), "b.T{a:i16 = 7, b:optional<i8>, c:text = \"x\"}",
                 "b.T{a:i64 = 99, b:optional<i8>, c:text = \"y\", d:i8 = 5}"),
            R"({"a":7,"c":"x","d":5})");
}

TEST_P(Named, converts_lists_of_numbers_element_by_element) {
  const Bytes bytes = message("b.T{x:list<i16>}", R"({"x":[1,-2,300]})");
  EXPECT_EQ(read(bytes, "b.T{x:list<i16>}", "b.T{x:list<i64>}"), R"({"x":[1,-2,300]})");
  EXPECT_EQ(read(bytes, "b.T{x:list<i16>}", "b.T{x:list<f32>}"), R"({"x":[1,-2,300]})");
  EXPECT_EQ(read(bytes, "b.T{x:list<i16>}", "b.T{x:list<optional<i16>>}"), R"({"x":[1,-2,300]})");
  EXPECT_EQ(read(bytes, "b.T{x:array<i16, 3>}", "b.T{x:array<i32, 3>}"), R"({"x":[1,-2,300]})");
}

TEST_P(Named, passes_over_what_the_subscriber_does_not_read) {
  const std::string publisher =
      "b.T{junk:list<b.J>, a:i8, more:map<i64,any>, words:list<text>, xs:list<f64>, u:b.U, "
      "t:time}\n"
      "b.J{x:bytes, y:decimal, z:duration, n:optional<f32>}\nunion b.U{one:text, two:b.J}";
  const Bytes bytes = message(
      publisher,
      R"({"junk":[{"x":"AQID","y":"1.5","z":"3s"}],"a":1,"words":["a","b"],"xs":[1.5,2],)"
      R"("more":{"-3":{"type":"b.V{v:i8}","value":{"v":1}}},"u":{"two":{"x":"","y":"0","z":"0s"}},)"
      R"("t":"2026-11-22T10:24:48Z"})");
  EXPECT_EQ(read(bytes, publisher, "b.T{a:i8}"), R"({"a":1})");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_NE(read(cut, publisher, "b.T{a:i8}").find("cut off"), std::string::npos) << size;
  }
}

TEST_P(Named, reads_an_any_whose_value_comes_before_its_type) {
  const std::string backwards = "b.T{x:b.Any}\nb.Any{value:b.V, type:text}\nb.V{v:list<i8>}";
  const Bytes bytes = message(backwards, R"({"x":{"type":"b.V{v:list<i8>}","value":{"v":[1,2]}}})");
  EXPECT_EQ(read(bytes, "b.T{x:any}"), R"({"x":{"type":"b.V{v:list<i8>}","value":{"v":[1,2]}}})");
  EXPECT_EQ(
      read(message("b.T{x:b.Any}\nb.Any{type:text}", R"({"x":{"type":"b.V{}"}})"), "b.T{x:any}"),
      "E1206 an any needs both \"type\" and \"value\", at x");
  EXPECT_EQ(read(message("b.T{x:b.Any}\nb.Any{typ:text}", R"({"x":{"typ":""}})"), "b.T{x:any}"),
            "E1205 \"typ\" is not a key of an any, at x: the type is any (try: it has \"type\" and "
            "\"value\")");
}

TEST_P(Named, keeps_an_any_in_an_any) {
  const std::string text =
      R"({"x":{"type":"b.In{y:any}","value":{"y":{"type":"b.V{v:i8}","value":{"v":1}}}}})";
  EXPECT_EQ(read(message("b.T{x:any}", text), "b.T{x:any}"), text);
}

TEST_P(Named, refuses_an_empty_closed_union) {
  const std::string open = "b.T{u:b.U}\nunion b.U{a:i8}",
                    closed = "b.T{u:b.U}\nclosed union b.U{a:i8}";
  EXPECT_EQ(read(message(open, R"({"u":{}})"), closed),
            "E1206 no case of b.U is set, at u: the union is closed");
}

INSTANTIATE_TEST_SUITE_P(Formats, Named, testing::Values("cbor", "messagepack"),
                         [](const auto& row) { return std::string(row.param); });

TEST(Seen, knows_each_member_in_whatever_order_they_come) {
  Seen in_order(200), scattered(200);
  for (std::size_t i = 0; i < 200; ++i) EXPECT_TRUE(in_order.add(i));
  EXPECT_EQ(in_order.count(), 200u);
  EXPECT_FALSE(in_order.add(7));
  for (std::size_t i = 0; i < 200; ++i) {
    const std::size_t member = i < 3 ? i : (i * 67) % 197 + 3;  // three in order, then all over
    EXPECT_FALSE(scattered.test(member));
    EXPECT_TRUE(scattered.add(member)) << member;
    EXPECT_TRUE(scattered.test(member));
    EXPECT_FALSE(Seen(scattered).add(member));
  }
}

TEST(NameTable, finds_the_names_of_small_and_large_types) {
  std::string notation = "b.T{f0:i8";
  for (int i = 1; i < 40; ++i) notation += ", f" + std::to_string(i) + ":i8";
  for (const std::string& text : {std::string("b.T{one:i8, two:i8"), notation}) {
    const Type type = parse(text + "}");
    const NameTable names(type.root());
    for (std::uint32_t i = 0; i < names.size(); ++i) {
      EXPECT_EQ(names.find(names[i]), i);
      EXPECT_TRUE(names.is(i, names[i]));
      EXPECT_FALSE(names.is(i + 1, names[i]));
    }
    EXPECT_EQ(names.find("f"), NameTable::none);
    EXPECT_EQ(names.find(""), NameTable::none);
  }
}

TEST(SameName, looks_at_every_byte) {
  std::string name = "abcdefghijklmnopqrstuvwxyz";
  for (std::size_t size = 0; size <= name.size(); ++size) {
    const std::string text = name.substr(0, size);
    EXPECT_TRUE(same_name(text, std::string(text)));
    EXPECT_FALSE(same_name(text, text + "x"));
    for (std::size_t i = 0; i < size; ++i) {
      std::string other = text;
      other[i] = '_';
      EXPECT_FALSE(same_name(text, other)) << size << " " << i;
    }
  }
}

}  // namespace
}  // namespace dts
