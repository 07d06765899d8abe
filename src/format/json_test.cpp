#include <gtest/gtest.h>

#include <bit>
#include <charconv>

#include <base/random.hpp>
#include <dts/format.hpp>
#include <dts/value.hpp>
#include <format/digits.hpp>
#include <format/json.hpp>

namespace dts {
namespace {

// The error of reading `text` as a value of the type, or "" and `*back` as it is written again.
std::string read(const char* notation, std::string_view text, std::string* back = nullptr) {
  Value value = Value::of(Type::parse(notation).value()).value();
  const auto done = from_json(text, value.layout(), value.data());
  if (!done) return done.error().text();
  if (back != nullptr) *back = to_json(value.layout(), value.data()).value();
  return {};
}
std::string again(const char* notation, std::string_view text) {
  std::string back;
  const std::string error = read(notation, text, &back);
  return error.empty() ? back : error;
}

TEST(Json, says_where_and_what_and_what_to_try) {
  EXPECT_EQ(read("b.T{celsius:f64, tank:i32}", R"({"celsius": "warm", "tank": 1})"),
            "E1205 \"warm\" is not a number, at celsius (try: write it without quotes)");
  EXPECT_EQ(read("b.T{celsius:f64, tank:i32}", R"({"celcius": 1})"),
            "E1204 b.T has no field \"celcius\", at celcius (try: did you mean \"celsius\"?)");
  EXPECT_EQ(read("b.T{celsius:f64, tank:i32}", R"({"celsius": 1})"),
            "E1206 field \"tank\" is missing, at tank: it is i32 and has no default");
  EXPECT_EQ(read("b.T{name:text}", R"({"name": 5})"),
            "E1205 a number where a string is expected, at name: the type is text (try: put it in "
            "quotes)");
  EXPECT_EQ(read("b.T{xs:list<i8>}", R"({"xs": [1, 2, 300]})"),
            "E1205 \"300\" is not a value of i8, at xs.2");
  EXPECT_EQ(read("b.T{s:b.S}\nenum b.S{idle = 0, heating = 1}", R"({"s": "heatin"})"),
            "E1205 \"heatin\" is not a symbol of b.S, at s (try: did you mean \"heating\"?)");
  EXPECT_EQ(read("b.T{a:i32}", "{\"a\": 1,\n \"b\" 2}"),
            "E1204 b.T has no field \"b\", at b (try: did you mean \"a\"?)");
  EXPECT_EQ(read("b.T{a:i32}", "{\"a\":\n 1 2}"),
            "E1202 not valid JSON: ',' or '}' expected, not '2', at line 2, column 4");
}

TEST(Json, takes_keys_in_any_order_but_each_once) {
  EXPECT_EQ(again("b.T{a:i32, b:i32, c:i32}", R"( { "c":3, "a":1 ,"b":2 } )"),
            R"({"a":1,"b":2,"c":3})");
  EXPECT_NE(read("b.T{a:i32}", R"({"a":1,"a":1})"), "");
  EXPECT_NE(read("b.T{m:map<text,i8>}", R"({"m":{"k":1,"k":2}})"), "");
  EXPECT_EQ(again("b.T{a:i32}", "{\"\\u0061\":1}"), R"({"a":1})");  // an escape is the letter
}

TEST(Json, takes_the_publishers_default_for_what_is_left_out) {
  const Type publisher = Type::parse("b.T{a:i16 = 7, b:optional<i8>, c:text = \"x\"}").value();
  const Type subscriber =
      Type::parse("b.T{a:i64 = 99, b:optional<i8>, c:text = \"y\", d:i8 = 5}").value();
  Value value = Value::of(subscriber).value();
  ASSERT_TRUE(value.set("d", 1).ok());
  ASSERT_TRUE(value.set("b", 1).ok());
  const auto decoder = find_format(built_in_formats(), "json")
                           ->decoder(Assignment::make(publisher, subscriber), value.layout())
                           .value();
  ASSERT_TRUE(decoder->decode(as_bytes("{}"), value.data()).ok());
  EXPECT_EQ(to_json(value.layout(), value.data()).value(), R"({"a":7,"c":"x","d":5})");
}

TEST(Json, an_empty_optional_with_a_default_is_written_as_null) {
  EXPECT_EQ(again("b.T{a:optional<i32> = 5}", R"({"a":null})"), R"({"a":null})");
  EXPECT_EQ(again("b.T{a:optional<i32> = 5}", "{}"), R"({"a":5})");
}

TEST(Json, takes_whole_numbers_however_they_are_written) {
  EXPECT_EQ(again("b.T{a:i32}", R"({"a":2e1})"), R"({"a":20})");
  EXPECT_EQ(again("b.T{a:i32}", R"({"a":20.0})"), R"({"a":20})");
  EXPECT_NE(read("b.T{a:i32}", R"({"a":20.5})"), "");
  EXPECT_NE(read("b.T{a:u32}", R"({"a":-1})"), "");
  EXPECT_NE(read("b.T{a:i32}", R"({"a":2147483648})"), "");
  EXPECT_EQ(again("b.T{a:i64}", R"({"a":9007199254740993})"), R"({"a":"9007199254740993"})");
  EXPECT_NE(read("b.T{a:i64}", R"({"a":1e19})"), "");
  EXPECT_NE(read("b.T{a:f64}", R"({"a":1e999})"), "");
  EXPECT_NE(read("b.T{a:f32}", R"({"a":1e39})"), "");
}

TEST(Json, takes_integers_up_to_the_bounds_of_their_kind) {
  const auto list_of = [](const char* kind) { return "b.T{a:list<" + std::string(kind) + ">}"; };
  struct Bounds {
    const char* kind;
    const char *below, *least, *most, *above;
  };
  for (const Bounds& each : {Bounds{"i8", "-129", "-128", "127", "128"},
                             {"i16", "-32769", "-32768", "32767", "32768"},
                             {"i32", "-2147483649", "-2147483648", "2147483647", "2147483648"},
                             {"u8", "-1", "0", "255", "256"},
                             {"u16", "-1", "0", "65535", "65536"},
                             {"u32", "-1", "0", "4294967295", "4294967296"}}) {
    const std::string type = list_of(each.kind);
    const std::string both = std::string(each.least) + "," + each.most;
    EXPECT_EQ(again(type.c_str(), "{\"a\":[" + both + "]}"), "{\"a\":[" + both + "]}");
    for (const char* outside : {each.below, each.above, "99999999999999999999"}) {
      EXPECT_EQ(
          read(type.c_str(), std::string("{\"a\":[") + outside + "]}"),
          std::string("E1205 \"") + outside + "\" is not a value of " + each.kind + ", at a.0");
    }
    EXPECT_NE(read(type.c_str(), "{\"a\":[\"5\"]}"), "");
  }
  for (const char* fine : {"\"-9223372036854775808\",\"9223372036854775807\"", "0,-1,5"})
    EXPECT_EQ(again("b.T{a:list<i64>}", std::string("{\"a\":[") + fine + "]}"),
              std::string("{\"a\":[") + fine + "]}");
  EXPECT_EQ(again("b.T{a:list<i64>}", R"({"a":[-0, "-0", "007", "-9", 9 , 8.0]})"),
            R"({"a":[0,0,7,-9,9,8]})");
  EXPECT_EQ(again("b.T{a:list<u64>}", R"({"a":["18446744073709551615",18446744073709551615]})"),
            R"({"a":["18446744073709551615","18446744073709551615"]})");
  for (const char* wrong : {"9223372036854775808", "-9223372036854775809", "\"9\\u0039x\"", "\"\"",
                            "\"-\"", "\"9", "9\"", "-", "12345678-", "1234567890123456789e5"})
    EXPECT_NE(read("b.T{a:list<i64>}", std::string("{\"a\":[") + wrong + "]}"), "") << wrong;
  for (const char* wrong : {"18446744073709551616", "\"18446744073709551616\"", "\"-1\"", "-0"})
    EXPECT_NE(read("b.T{a:list<u64>}", std::string("{\"a\":[") + wrong + "]}"), "") << wrong;
}

TEST(Json, refuses_what_the_grammar_does_not_have) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "nul",
                           "{\"a\":01}",
                           "{\"a\":+1}",
                           "{\"a\":.5}",
                           "{\"a\":1.}",
                           "{\"a\":1e}",
                           "{\"a\":1,}",
                           "{,}",
                           "{a:1}",
                           "{'a':1}",
                           "{\"a\":1} x",
                           "{\"a\":1}{}",
                           "{\"a\":NaN}",
                           "{\"a\" 1}",
                           "{\"a\":--1}",
                           "[1]",
                           "{\"a\":1/**/}",
                           "\xef\xbb\xbf{\"a\":1}",
                           "{\"a\":0x10}",
                           "{\"\\x\":1}",
                           "{\"a\\ud800\":1}",
                           "{\"a\n\":1}",
                           "{\"a\xff\":1}"}) {
    EXPECT_NE(read("b.T{a:i32}", text), "") << text;
  }
}

TEST(Json, checks_even_what_the_subscriber_does_not_read) {
  const Type publisher = Type::parse("b.T{a:i32, junk:list<i32>}").value();
  const Type subscriber = Type::parse("b.T{a:i32}").value();
  Value value = Value::of(subscriber).value();
  const auto decoder = find_format(built_in_formats(), "json")
                           ->decoder(Assignment::make(publisher, subscriber), value.layout())
                           .value();
  EXPECT_TRUE(decoder->decode(as_bytes(R"({"junk":[1,{"x":null}],"a":1})"), value.data()).ok());
  EXPECT_FALSE(decoder->decode(as_bytes(R"({"junk":[1 2],"a":1})"), value.data()).ok());
  EXPECT_FALSE(decoder->decode(as_bytes(R"({"junk":[1,],"a":1})"), value.data()).ok());
  const std::string bomb = R"({"junk":)" + std::string(100000, '[');
  EXPECT_EQ(decoder->decode(as_bytes(bomb), value.data()).error().code(), ErrorCode::limit_reached);
}

TEST(Json, refuses_depth_bombs_and_amplification) {
  std::string bomb;
  for (int i = 0; i < 100000; ++i) bomb += R"({"next":)";
  EXPECT_NE(read("b.N{next:optional<b.N>}", bomb).find("E1008"), std::string::npos);
  // Three bytes an element, each of them 8 KB in memory.
  std::string many = R"({"xs":[{})";
  for (int i = 0; i < 5000; ++i) many += ",{}";
  std::string notation = "b.Outer{xs:list<b.Wide>}\nb.Wide{";
  for (int i = 0; i < 500; ++i) notation += "f" + std::to_string(i) + ":optional<i64>, ";
  notation += "last:optional<i64>}";
  EXPECT_NE(read(notation.c_str(), many + "]}").find("E1008"), std::string::npos);
}

TEST(Json, a_union_holds_one_case_or_none) {
  const char* type = "b.T{u:b.U}\nunion b.U{a:i32, b:text}";
  EXPECT_EQ(again(type, R"({"u":{"b":"x"}})"), R"({"u":{"b":"x"}})");
  EXPECT_EQ(again(type, R"({"u":{}})"), R"({"u":{}})");
  EXPECT_NE(read(type, R"({"u":{"a":1,"b":"x"}})"), "");
  EXPECT_NE(read(type, R"({"u":{"c":1}})"), "");
  EXPECT_NE(read("b.T{u:b.U}\nclosed union b.U {a:i32}", R"({"u":{}})"), "");
}

TEST(Json, reads_decimals_exactly_or_not_at_all) {
  Decimal decimal;
  ASSERT_TRUE(format::read_decimal("-1.50", decimal));
  EXPECT_EQ(decimal, (Decimal{-150, -2}));
  ASSERT_TRUE(format::read_decimal("-9223372036854775808e-128", decimal));
  EXPECT_EQ(decimal, (Decimal{INT64_MIN, -128}));
  for (const char* text : {"", "-", ".5", "1.", "1e", "1e128", "9223372036854775808", "1 ", "0x1"})
    EXPECT_FALSE(format::read_decimal(text, decimal)) << text;
}

TEST(Json, reads_reals_to_the_bit_as_the_standard_library_does) {
  base::Random random(1);
  const auto digits = [&random](std::size_t most) {
    std::string text;
    for (std::size_t i = random.below(most); i != 0; --i) text += char('0' + random.below(10));
    return text;
  };
  for (int i = 0; i < 50'000; ++i) {
    std::string text = (random.below(2) != 0 ? "-" : "") + digits(22);
    if (random.below(4) != 0) text += "." + digits(26);
    if (random.below(4) == 0)
      text += "e" + std::to_string(static_cast<int>(random.below(700)) - 350);
    double expected = 0, number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, expected);
    const bool fine = error == std::errc{} && stop == end;
    ASSERT_EQ(format::read_real(text, number), fine) << text;
    if (fine) {
      ASSERT_EQ(std::bit_cast<std::uint64_t>(number), std::bit_cast<std::uint64_t>(expected))
          << text;
    }
    float single = 0, expected_single = 0;
    const char* const plain = format::read_plain_real(text.data(), end, single);
    if (plain == nullptr) continue;
    ASSERT_EQ(std::from_chars(text.data(), end, expected_single).ptr, plain) << text;
    ASSERT_EQ(std::bit_cast<std::uint32_t>(single), std::bit_cast<std::uint32_t>(expected_single))
        << text;
  }
  for (const char* text : {"", "-", "1x", "1 ", "--1", "1.2.3", "9007199254740993x"}) {
    double number = 0;
    EXPECT_FALSE(format::read_real(text, number)) << text;
  }
}

TEST(Json, finds_the_end_of_a_string_and_what_may_not_be_in_it_at_every_place) {
  for (std::size_t before = 0; before < 20; ++before) {
    const std::string text(before, '!');  // just above the control characters
    for (int c = 1; c < 0x80; ++c) {
      const std::string content = text + static_cast<char>(c) + "  ~~~~~~~~";
      const std::string back = again("b.T{t:text}", "{\"t\":\"" + content + "\"}");
      if (c < 0x20 || c == '"' || c == '\\') {
        EXPECT_EQ(back[0], 'E') << before << ' ' << c;
      } else if (c != 0x7f) {
        EXPECT_EQ(back, "{\"t\":\"" + content + "\"}") << before << ' ' << c;
      }
    }
    EXPECT_EQ(again("b.T{t:text}", "{\"t\":\"" + text + "\xc3\xa4\"}"),
              "{\"t\":\"" + text + "\xc3\xa4\"}");
  }
}

}  // namespace
}  // namespace dts
