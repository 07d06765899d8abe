#include <gtest/gtest.h>

#include <base/hex.hpp>
#include <dts/format.hpp>
#include <dts/value.hpp>

namespace dts {

namespace format {
const Format& ion_format();
}

namespace {

using format::ion_format;

// The value in JSON, or the error.
std::string read(const char* notation, ByteView message) {
  const Type type = Type::parse(notation).value();
  Value value = Value::of(type).value();
  const auto decoder = ion_format().decoder(Assignment::make(type, type), value.layout()).value();
  const auto done = decoder->decode(message, value.data());
  return done ? to_json(value.layout(), value.data()).value() : done.error().text();
}
std::string text(const char* notation, std::string_view message) {
  return read(notation, as_bytes(message));
}

// Digits with blanks between them.
Bytes from_hex(std::string digits) {
  std::erase(digits, ' ');
  return base::from_hex(digits).value();
}
// Behind the version marker.
std::string binary(const char* notation, std::string_view hex) {
  return read(notation, from_hex("e00100ea" + std::string(hex)));
}
// $ion_symbol_table::{symbols: ["x"]}, so that x is 10: 8a in a struct.
const std::string x_is_10 = "e7 8183 d4 87 b2 8178 ";
std::string with_x(const char* notation, const std::string& hex) {
  return binary(notation, x_is_10 + hex);
}
Bytes written(const char* notation, std::string_view json) {
  Value value = Value::of(Type::parse(notation).value()).value();
  const auto parsed = from_json(json, value.layout(), value.data());
  EXPECT_TRUE(parsed.ok()) << parsed.error().text();
  Bytes message;
  EXPECT_TRUE(ion_format().encoder(value.layout()).value()->encode(value.data(), message).ok());
  return message;
}
bool is_error(const std::string& result) { return result.starts_with("E1"); }

struct Wrong {
  const char* message;
  const char* why;  // part of the error
};

// ---- binary -------------------------------------------------------------------------------------

TEST(Ion, writes_the_symbol_table_of_the_type_and_then_numbers_for_names) {
  EXPECT_EQ(base::to_hex(written("b.T{x:i32, name:text}", R"({"x":5,"name":"n"})")),
            "e00100eae78183d487b28178"  // x is 10; name is the system's 4
            "d68a210584816e");
}

TEST(Ion, writes_lengths_in_as_few_bytes_as_they_take) {
  const auto head = [](std::size_t length) -> std::size_t {
    return length < 14 ? 1 : length < 128 ? 2 : length < 16384 ? 3 : length < 2097152 ? 4 : 5;
  };
  for (const std::size_t size :
       {0, 1, 10, 11, 12, 13, 14, 115, 125, 126, 127, 128, 16370, 16383, 16384, 2100000}) {
    const std::string json = "{\"x\":[[\"" + std::string(size, 'a') + "\"]]}";
    const Bytes message = written("b.T{x:list<list<text>>}", json);
    EXPECT_EQ(read("b.T{x:list<list<text>>}", message), json);
    std::size_t expected = size;
    for (int level = 0; level < 3; ++level) expected += head(expected);  // text, list, list
    expected += 1;                                                       // the number of the name
    expected += head(expected);
    EXPECT_EQ(message.size(), 12 + expected) << size;
  }
}

TEST(Ion, writes_long_texts_between_others_at_every_depth) {
  const char* type = "b.T{a:text, x:list<b.U>, z:i32}\nunion b.U{s:text, in:b.T}";
  for (const std::size_t size : {4095, 4096, 8180, 16300, 16384, 2097100, 2097152}) {
    const std::string text = '"' + std::string(size, 'a') + '"', short_text = "\"b\"";
    const std::string inner = "{\"a\":" + short_text + ",\"x\":[{\"s\":" + text +
                              "},{\"s\":" + short_text + "},{\"s\":" + text + "}],\"z\":7}";
    const std::string json = "{\"a\":" + text + ",\"x\":[{\"s\":" + short_text +
                             "},{\"in\":" + inner + "},{\"s\":" + text + "}],\"z\":8}";
    EXPECT_EQ(read(type, written(type, json)), json) << size;
  }
}

TEST(Ion, writes_a_case_as_annotation_and_cases_in_cases_as_several) {
  const char* type = "b.T{x:b.U}\nunion b.U{in:b.V, n:i8}\nunion b.V{a:i32, b:optional<i32>}";
  const auto value_of = [&](const char* json) {
    const Bytes message = written(type, json);
    EXPECT_EQ(read(type, message), json);
    return base::to_hex(ByteView(message).subspan(4 + 3 + 4 + 11));
  };
  // In the order of the type's nodes: x is 10, in 11, n 12, a 13, b 14.
  EXPECT_EQ(value_of(R"({"x":{"n":5}})"), "d68ae4818c2105");
  EXPECT_EQ(value_of(R"({"x":{"in":{"a":5}}})"), "d78ae5828b8d2105");
  EXPECT_EQ(value_of(R"({"x":{"in":{"b":null}}})"), "d68ae4828b8e0f");
  EXPECT_EQ(value_of(R"({"x":{"in":{}}})"), "d58ae3818bd0");
  EXPECT_EQ(value_of(R"({"x":{}})"), "d28ad0");
}

TEST(Ion, reads_a_message_with_another_symbol_table_as_well) {
  const char* type = "b.T{x:i32, y:i32}";
  // symbols: ["y", "unused", "x"]
  EXPECT_EQ(binary(type, "ee90 8183 dd 87bb 8179 86756e75736564 8178 d6 8c2105 8a2106"),
            R"({"x":5,"y":6})");
  // symbols: ["y"], then imports: $ion_symbol_table, symbols: ["x"]
  EXPECT_EQ(binary(type, "e7 8183 d4 87b28179 ea 8183 d7 867103 87b28178 d6 8b2105 8a2106"),
            R"({"x":5,"y":6})");
  // Without the import, and behind a version marker, the table before is
  // forgotten.
  EXPECT_TRUE(is_error(binary(type, "e7 8183 d4 87b28179 e7 8183 d4 87b28178 d6 8b2105 8a2106")));
  EXPECT_EQ(with_x("b.T{x:i32}", "e00100ea d3 8a2105"),
            "E1202 not valid Ion: the symbol $10 has no text, at byte 18");
  EXPECT_EQ(with_x("b.T{x:i32}", "e00100ea" + x_is_10 + "d3 8a2105"), R"({"x":5})");
}

TEST(Ion, continues_the_table_that_it_compares_instead_of_reading_it) {
  // Ours makes x 10 and y 11; what follows appends z and x, which is 13 then.
  Bytes message = written("b.T{x:i32, y:i32}", R"({"x":5,"y":6})");
  message.resize(14);
  EXPECT_EQ(base::to_hex(message), "e00100eae98183d687b481788179");
  const Bytes more = from_hex("ec 8183 d9 867103 87b4 817a 8178 d6 8d2105 8b2106");
  message.insert(message.end(), more.begin(), more.end());
  EXPECT_EQ(read("b.T{x:i32, y:i32}", message), R"({"x":5,"y":6})");
}

TEST(Ion, refuses_symbols_that_are_elsewhere_and_says_what_to_do) {
  // imports: [{name: "foo", version: 1, max_id: 5}]
  EXPECT_EQ(binary("b.T{x:i32}", "ee92 8183 de8e 86bc db 8483666f6f 852101 882105 d3 8a2105"),
            "E1202 the message needs the shared symbol table \"foo\": DTS reads "
            "messages that bring "
            "their symbols with them (try: write it with a local symbol table)");
  // The system's own may be named.
  EXPECT_EQ(binary("b.T{x:i32}", "ee90 8183 dd 86b7 d6 848424696f6e 87b28178 d3 8a2105"),
            R"({"x":5})");
}

TEST(Ion, bounds_the_symbol_table) {
  const auto wrap = [](Bytes head, const Bytes& content) {
    for (const int shift : {14, 7, 0}) {
      const auto group = static_cast<std::uint8_t>(content.size() >> shift & 0x7f);
      head.push_back(shift == 0 ? group | 0x80 : group);
    }
    head.insert(head.end(), content.begin(), content.end());
    return head;
  };
  const auto message = [&](std::size_t symbols) {
    Bytes table = wrap({0x81, 0x83, 0xde}, wrap({0x87, 0xbe}, Bytes(symbols, 0x80)));
    table = wrap({0xe0, 0x01, 0x00, 0xea, 0xee}, table);
    table.push_back(0xd0);
    return table;
  };
  EXPECT_EQ(read("b.T{x:optional<i32>}", message(65536 - 10)), "{}");
  EXPECT_EQ(read("b.T{x:optional<i32>}", message(65536 - 9)),
            "E1008 the symbol table is too large: 65536 symbols are allowed");
}

TEST(Ion, skips_padding_wherever_it_may_be) {
  EXPECT_EQ(with_x("b.T{x:list<i32>}",
                   "00 01ff 0e83ffffff de8e 8a b7 00 2105 "
                   "01ff 2106 80 03aabbcc 00 0180"),
            R"({"x":[5,6]})");
  EXPECT_EQ(with_x("b.T{x:map<text,i8>}", "dc 8a ba 00 b7 00 8161 00 2105 00 00"),
            R"({"x":{"a":5}})");
}

TEST(Ion, refuses_what_binary_ion_does_not_have) {
  for (const Wrong& wrong : std::initializer_list<Wrong>{
           {"", "the end where a value is expected"},
           {"d3", "a length that goes beyond"},
           {"d3 8a2105 d3 8a2105", "something follows the value"},
           {"d3 8a2105 7102", "something follows the value"},
           {"d2 8a30", "a negative zero"},
           {"d3 8a3100", "a negative zero"},
           {"d3 8a4100", "a length that the type cannot have"},
           {"d2 8a12", "a length that the type cannot have"},
           {"d2 8af0", "a byte that begins no value"},
           {"d2 8aef", "a byte that begins no value"},
           {"d1 80", "a length that the type cannot have"},
           {"d3 8a2205", "a length that goes beyond"},
           {"d5 8a e3 802105", "a length of annotations that is wrong"},
           {"d7 8a e5 818a2105 00", "an annotation that does not end with its value"},
           {"d9 8a e7 818a e4818a2105", "an annotation of an annotation"},
           {"d6 8a e4 818a 0100", "padding where a value is expected"},
           {"d3 802105", "the symbol $0 has no text"},
           {"d3 9f2105", "the symbol $31 has no text"},
           {"de8e 8a 2e 7f7f7f7f7f7f7f7f7f7f ff 05", "a VarUInt of more than 64 bits"},
           {"d2 8a2e", "the end inside of a VarUInt"},
           {"0eff", "padding that goes beyond"},
           {"d6 8a2105 8a2106", "\"x\" is there twice"},
           {"e00101ea d3 8a2105", "a version other than Ion 1.0"},
           {"df", "null where a struct is expected"},
           {"c0", "an s-expression where a struct is expected"},
           {"d2 8ac0", "an s-expression where a number is expected"},
           {"d2 8a0f", "null where a number is expected"},
       }) {
    const std::string result = with_x("b.T{x:i32}", wrong.message);
    EXPECT_TRUE(is_error(result) && result.find(wrong.why) != result.npos)
        << wrong.message << ": " << result;
  }
  for (const Wrong& wrong : std::initializer_list<Wrong>{
           {"e7 8183 d4 87b281ff", "a symbol that is not UTF-8"},
           {"ea 8183 d7 87b28178 87b10f", "says something twice"},
           {"e6 8183 d3 872105", "symbols that are no list"},
           {"e6 8183 d3 862105", "imports that are neither"},
           {"e6 8183 d3 867104", "imports that are neither"},
           {"e3 8183 df", "a symbol table that is no struct"},
           {"e6 8183 d3 86b120", "an import that is no struct"},
           {"e7 8183 d4 87b38178", "a length that goes beyond"},
       }) {
    const std::string result = binary("b.T{x:i32}", wrong.message + std::string("d3 8a2105"));
    EXPECT_TRUE(is_error(result) && result.find(wrong.why) != result.npos)
        << wrong.message << ": " << result;
  }
}

TEST(Ion, reads_numbers_however_they_are_written_if_they_are_the_same) {
  EXPECT_EQ(with_x("b.T{x:i32}", "d5 8a 23000005"),
            R"({"x":5})");  // leading zeros
  EXPECT_EQ(with_x("b.T{x:i32}", "dd 8a 2e8a 00000000000000000005"), R"({"x":5})");
  EXPECT_EQ(with_x("b.T{x:u64}", "da 8a 28ffffffffffffffff"), R"({"x":"18446744073709551615"})");
  EXPECT_EQ(with_x("b.T{x:u64}", "db 8a 2901ffffffffffffffff"),
            "E1205 an int has more than 64 bits, at x: the type is u64");
  EXPECT_EQ(with_x("b.T{x:i64}", "da 8a 388000000000000000"), R"({"x":"-9223372036854775808"})");
  EXPECT_TRUE(is_error(with_x("b.T{x:i64}", "da 8a 388000000000000001")));
  EXPECT_TRUE(is_error(with_x("b.T{x:u8}", "d3 8a3101")));
  EXPECT_EQ(with_x("b.T{x:i32}", "da 8a 484014000000000000"),
            R"({"x":5})");  // 5e0
  EXPECT_TRUE(is_error(with_x("b.T{x:i32}", "da 8a 484014000000000001")));
  EXPECT_EQ(with_x("b.T{x:i32}", "d4 8a 52c132"), R"({"x":5})");  // 5.0
  EXPECT_TRUE(is_error(with_x("b.T{x:i32}", "d4 8a 52c133")));    // 5.1
  EXPECT_EQ(with_x("b.T{x:f64}", "d4 8a 52c133"), R"({"x":5.1})");
  EXPECT_EQ(with_x("b.T{x:f64}", "d2 8a40"), R"({"x":0})");
  EXPECT_EQ(with_x("b.T{x:f64}", "d3 8a2105"), R"({"x":5})");
  EXPECT_EQ(with_x("b.T{x:f64}", "d3 8a51c1"), R"({"x":0})");
  EXPECT_EQ(with_x("b.T{x:f64}", "d4 8a528080"), R"({"x":-0})");
  EXPECT_EQ(with_x("b.T{x:f64}", "d6 8a443f000000"), R"({"x":0.5})");
  EXPECT_TRUE(is_error(with_x("b.T{x:f64}", "d9 8a2720000000000001")));  // 2^53 + 1
  EXPECT_TRUE(is_error(with_x("b.T{x:f64}", "d5 8a5303ff01")));          // 10^511
  EXPECT_EQ(with_x("b.T{x:f32}", "da 8a483fe0000000000000"), R"({"x":0.5})");
  EXPECT_TRUE(is_error(with_x("b.T{x:f32}", "da 8a483fb999999999999a")));  // 0.1, not as f32
}

TEST(Ion, reads_lists_of_numbers_that_are_spelt_alike_or_not) {
  EXPECT_EQ(with_x("b.T{x:list<i8>}", "d4 8ab2217f"), R"({"x":[127]})");
  EXPECT_EQ(with_x("b.T{x:list<i8>}", "d4 8ab22180"), "E1205 128 is not a value of i8, at x.0");
  EXPECT_EQ(with_x("b.T{x:list<i8>}", "d4 8ab23180"), R"({"x":[-128]})");
  EXPECT_EQ(with_x("b.T{x:list<u8>}", "d6 8ab4 20 3101 20"),
            "E1205 -1 is not a value of u8, at x.1");
  EXPECT_EQ(with_x("b.T{x:list<f64>}", "dd 8abb 2105 483ff0000000000000"), R"({"x":[5,1]})");
  EXPECT_EQ(with_x("b.T{x:list<f32>}", "d8 8ab6 443f000000 20"), R"({"x":[0.5,0]})");
  EXPECT_TRUE(is_error(with_x("b.T{x:list<i32>}", "d3 8ab10f")));
  for (const char* type : {"b.T{x:list<i8>}", "b.T{x:list<i16>}", "b.T{x:list<i32>}",
                           "b.T{x:list<i64>}", "b.T{x:list<f32>}", "b.T{x:list<f64>}"}) {
    const char* json = R"({"x":[0,1,-1,127,-128]})";
    EXPECT_EQ(read(type, written(type, json)), json);
  }
}

TEST(Ion, keeps_decimals_to_the_digit) {
  for (const char* value :
       {"0", "0e5", "0.00", "12.50", "-12.50", "5e127", "1e-128", "63e1", "9223372036854775807",
        "-9223372036854775808", "1e64", "1e63", "-1e-63", "-1e-64", "128", "32768", "-0.0000128"}) {
    const std::string json = std::string("{\"x\":\"") + value + "\"}";
    EXPECT_EQ(read("b.T{x:decimal}", written("b.T{x:decimal}", json)), json);
  }
  EXPECT_EQ(with_x("b.T{x:decimal}", "d2 8a50"), R"({"x":"0"})");
  EXPECT_EQ(with_x("b.T{x:decimal}", "d3 8a2105"), R"({"x":"5"})");
  EXPECT_EQ(with_x("b.T{x:decimal}", "dc 8a5a 80 808000000000000000"),
            R"({"x":"-9223372036854775808"})");
  for (const Wrong& wrong : std::initializer_list<Wrong>{
           {"d4 8a528080", "a negative zero"},
           {"d5 8a53018001", "does not fit"},                         // 10^128
           {"dc 8a5a 80 008000000000000000", "does not fit"},         // 2^63
           {"dd 8a5b 80 01000000000000000000", "more than 64 bits"},  //
           {"db 8a 59 7f7f7f7f7f7f7f7f ff", "a VarInt of more than 55 bits"},
           {"da 8a 58 007f7f7f7f7f7f ff", "an exponent that is out of range"},
           {"d3 8a5100", "the end inside of a VarUInt"},
           {"da 8a484014000000000000", "a float where a decimal"},
       }) {
    const std::string result = with_x("b.T{x:decimal}", wrong.message);
    EXPECT_TRUE(is_error(result) && result.find(wrong.why) != result.npos)
        << wrong.message << ": " << result;
  }
}

TEST(Ion, reads_moments_and_durations_and_refuses_those_that_are_none) {
  const char* type = "b.T{x:time}";
  for (const char* time : {"1970-01-01T00:00:00.000000000Z", "1677-09-21T00:12:43.145224192Z",
                           "2262-04-11T23:47:16.854775807Z", "2026-11-22T10:24:48.000000001Z",
                           "1969-12-31T23:59:59.999999999Z", "2024-02-29T12:00:00.500000000Z"}) {
    const std::string json = std::string("{\"x\":\"") + time + "\"}";
    EXPECT_EQ(read(type, written(type, json)), json);
  }
  EXPECT_EQ(with_x(type, "de8f 8a6d 80 0fea 8b 96 8a 98 b0 c9 075bcd15"),
            R"({"x":"2026-11-22T10:24:48.123456789Z"})");
  EXPECT_EQ(with_x(type, "d9 8a67 c0 0fea 8b 96 8a 98"),
            R"({"x":"2026-11-22T10:24:00.000000000Z"})");
  EXPECT_EQ(with_x(type, "d7 8a65 c0 0fea 8b 96"), R"({"x":"2026-11-22T00:00:00.000000000Z"})");
  for (const Wrong& wrong : std::initializer_list<Wrong>{
           {"d5 8a63 c0 0fea", "has no day"},
           {"d6 8a64 c0 0fea 8b", "has no day"},
           {"d7 8a65 c0 0fea 8d 96", "is no moment"},              // month 13
           {"d7 8a65 c0 0fea 82 9e", "is no moment"},              // 30 February
           {"d7 8a65 c0 0c81 8b 96", "is no moment"},              // the year 1537
           {"d8 8a66 c0 0fea 8b 96 8a", "an hour and no minute"},  //
           {"d9 8a67 80 0fea 8b 96 98 98", "is no moment"},        // 24 o'clock
           {"da 8a68 80 0fea 8b 96 8a 98 bc", "is no moment"},     // second 60
           {"dc 8a6a 80 0fea 8b 96 8a 98 b0 80 01", "a fraction of a second that is none"},
           {"dc 8a6a 80 0fea 8b 96 8a 98 b0 c9 81", "a fraction of a second that is none"},
           {"dc 8a6a 80 0fea 8b 96 8a 98 b0 ca 01", "finer than a nanosecond"},
           {"da 8a68 2d80 0fea 8b 96 8a 98", "is no moment"},  // 96 hours ahead
       }) {
    const std::string result = with_x(type, wrong.message);
    EXPECT_TRUE(is_error(result) && result.find(wrong.why) != result.npos)
        << wrong.message << ": " << result;
  }
  EXPECT_EQ(with_x("b.T{x:duration}", "d4 8a52c10f"), R"({"x":"1.5s"})");
  EXPECT_EQ(with_x("b.T{x:duration}", "d3 8a3101"), R"({"x":"-1s"})");
  EXPECT_TRUE(is_error(with_x("b.T{x:duration}", "d4 8a52ca01")));  // 10^-10 s
  EXPECT_TRUE(is_error(with_x("b.T{x:duration}", "d4 8a528a01")));  // 10^10 s
}

TEST(Ion, drops_annotations_that_are_no_case) {
  EXPECT_EQ(with_x("b.T{x:i32}", "ea 82848a d6 8a e4 818a 2105"), R"({"x":5})");
  EXPECT_EQ(with_x("b.T{x:optional<i32>}", "d2 8a0f"), "{}");
  EXPECT_EQ(with_x("b.T{x:optional<i32>}", "d2 8a2f"), "{}");
  // Is it the optional that is empty, or what the annotation stands for? Nobody
  // knows.
  EXPECT_EQ(with_x("b.T{x:optional<i32>}", "d5 8a e3 818a 0f"),
            "E1205 null where a number is expected, at x: the type is i32");
}

TEST(Ion, reads_what_another_version_does_not_need_without_looking_into_it) {
  const Type publisher = Type::parse("b.T{a:i32, junk:list<i32>}").value();
  const Type subscriber = Type::parse("b.T{a:i32}").value();
  Value value = Value::of(subscriber).value();
  const auto decoder =
      ion_format().decoder(Assignment::make(publisher, subscriber), value.layout()).value();
  const auto reads = [&](ByteView message) {
    return decoder->decode(message, value.data()).ok() ? value.integer("a").value() : -1;
  };
  EXPECT_EQ(reads(written("b.T{a:i32, junk:list<i32>}", R"({"a":5,"junk":[1,2]})")), 5);
  EXPECT_EQ(reads(as_bytes("{junk: [1, [2, {x: '''a''' '''b'''}], {{aGk=}}, 2026T, a::null.int, "
                           "nan, -inf, 1.5d3, {{ \"c\" }}, foo, true,], a: 6}")),
            6);
  EXPECT_EQ(reads(as_bytes("{junk: (1 2), a: 6}")), -1);
  EXPECT_EQ(reads(as_bytes("{junk: [1 2], a: 6}")), -1);
  EXPECT_EQ(reads(as_bytes("{junk: " + std::string(62, '[') + std::string(62, ']') + ", a: 7}")),
            7);
  EXPECT_EQ(reads(as_bytes("{junk: " + std::string(64, '[') + std::string(64, ']') + ", a: 7}")),
            -1);
  EXPECT_EQ(reads(as_bytes("{junk: " + std::string(100000, '['))), -1);
}

TEST(Ion, reads_an_any_that_is_a_message_or_stands_there_itself) {
  const char* type = "b.T{x:any}";
  const char* json = R"({"x":{"type":"b.In{y:i32}","value":{"y":5}}})";
  const Bytes message = written(type, json);
  EXPECT_EQ(read(type, message), json);
  EXPECT_EQ(text(type, R"({x: {type: "b.In{y:i32}", value: {y: 5}}})"), json);
  EXPECT_EQ(text(type, R"({x: {value: {y: 5}, type: "b.In{y:i32}"}})"), json);
  // e00100ea e78183d487b28179 d38a2105
  EXPECT_EQ(text(type, R"({x: {type: "b.In{y:i32}", value: {{4AEA6ueBg9SHsoF504ohBQ==}}}})"), json);
  EXPECT_TRUE(
      is_error(text(type, R"({x: {type: "b.In{y:i32}", value: {{4AEA6ueBg9SHsoF504ohBQUF}}}})")));
  EXPECT_EQ(text(type, R"({x: {type: "union b.U{a:i8, b:i8}", value: b::5}})"),
            R"({"x":{"type":"union b.U{a:i8, b:i8}","value":{"b":5}}})");
  EXPECT_EQ(text(type, R"({x: {value: b::5, type: "union b.U{a:i8, b:i8}"}})"),
            R"({"x":{"type":"union b.U{a:i8, b:i8}","value":{"b":5}}})");
}

// ---- text ---------------------------------------------------------------------------------------

TEST(Ion, reads_text_in_all_its_spellings) {
  for (const auto& [type, message, json] : std::initializer_list<std::array<const char*, 3>>{
           {"b.T{x:i32}", "$ion_1_0 {x:5}", R"({"x":5})"},
           {"b.T{x:i32}", " // a\n/* b\n * / */ { /**/ x /**/ : /**/ 5 /**/ , } // c",
            R"({"x":5})"},
           {"b.T{x:i32}", "{'x':5}", R"({"x":5})"},
           {"b.T{x:i32}", "{\"\\x78\":5}", R"({"x":5})"},
           {"b.T{x:i32}", "{'''x''':1_000}", R"({"x":1000})"},
           {"b.T{x:i32}", "{x:-0x7F}", R"({"x":-127})"},
           {"b.T{x:i32}", "{x:0b1_01}", R"({"x":5})"},
           {"b.T{x:i32}", "{x:-0}", R"({"x":0})"},
           {"b.T{x:i32}", "{x:5.}", R"({"x":5})"},
           {"b.T{x:i32}", "{x:5d2}", R"({"x":500})"},
           {"b.T{x:i32}", "{x:5e2}", R"({"x":500})"},
           {"b.T{x:i32}", "{x:note::'another'::5}", R"({"x":5})"},
           {"b.T{name:i32}", "{$4:5}", R"({"name":5})"},
           {"b.T{x:bool}", "{x:true}", R"({"x":true})"},
           {"b.T{x:f64}", "{x:1_0.2_5}", R"({"x":10.25})"},
           {"b.T{x:f64}", "{x:-1.5e-3}", R"({"x":-0.0015})"},
           {"b.T{x:f64}", "{x:1D3}", R"({"x":1000})"},
           {"b.T{x:f64}", "{x:-0.}", R"({"x":-0})"},
           {"b.T{x:f64}", "{x:-0}", R"({"x":0})"},
           {"b.T{x:f64}", "{x:0.1000000000000000055511151231257827}", R"({"x":0.1})"},
           {"b.T{x:f64}", "{x:nan}", R"({"x":"NaN"})"},
           {"b.T{x:f64}", "{x:+inf}", R"({"x":"Infinity"})"},
           {"b.T{x:f64}", "{x:-inf}", R"({"x":"-Infinity"})"},
           {"b.T{x:f32}", "{x:0.1}", R"({"x":0.1})"},
           {"b.T{x:text}", "{x:\"a\\0\\x41\\u00e9\\U0001F376\\ud83c\\udf76\\\nb\\n\"}",
            "{\"x\":\"a\\u0000A\u00e9\U0001F376\U0001F376b\\n\"}"},
           {"b.T{x:text}", "{x:'''a\r\nb''' // c\n '''\\'''' ''''c'''}", "{\"x\":\"a\\nb''c\"}"},
           {"b.T{x:text}", "{x:foo}", R"({"x":"foo"})"},
           {"b.T{x:text}", "{x:$ion_2_0}", R"({"x":"$ion_2_0"})"},
           {"b.T{x:bytes}", "{x:{{ aG\nk= }}}", R"({"x":"aGk="})"},
           {"b.T{x:bytes}", "{x:{{'''h''' '''\\x69'''}}}", R"({"x":"aGk="})"},
           {"b.T{x:time}", "{x:2026-11-22T}", R"({"x":"2026-11-22T00:00:00.000000000Z"})"},
           {"b.T{x:time}", "{x:2026-11-22T10:24-01:30}",
            R"({"x":"2026-11-22T11:54:00.000000000Z"})"},
           {"b.T{x:time}", "{x:2026-11-22T10:24:48.12345678900+00:00}",
            R"({"x":"2026-11-22T10:24:48.123456789Z"})"},
           {"b.T{x:duration}", "{x:-1.5}", R"({"x":"-1.5s"})"},
           {"b.T{x:decimal}", "{x:12.50}", R"({"x":"12.50"})"},
           {"b.T{x:decimal}", "{x:-1_2d+3}", R"({"x":"-12e3"})"},
           {"b.T{x:decimal}", "{x:7}", R"({"x":"7"})"},
           {"b.T{x:optional<i32>}", "{x:null.decimal}", "{}"},
           {"b.T{x:list<optional<i8>>}", "[]",
            "E1205 a list where a struct is expected: the type is b.T"},
           {"b.T{x:list<optional<i8>>}", "{x:[1,null,]}", R"({"x":[1,null]})"},
           {"b.T{x:map<text,i8>}", "{x:{a:1,'b c':2,}}", R"({"x":{"a":1,"b c":2}})"},
           {"b.T{x:map<text,i8>}", "{x:[[a,1],[\"b\",2,],]}", R"({"x":{"a":1,"b":2}})"},
           {"b.T{x:map<u8,i8>}", "{x:{'7':1}}", R"({"x":{"7":1}})"},
           {"b.T{x:map<bool,i8>}", "{x:{'true':1}}", R"({"x":{"true":1}})"},
           {"b.T{x:map<b.S,i8>}\nenum b.S{a = 0}", "{x:{a:1,'7':2}}", R"({"x":{"a":1,"7":2}})"},
           {"b.T{x:b.S}\nenum b.S{a = 0}", "{x:a}", R"({"x":"a"})"},
           {"b.T{x:b.U}\nunion b.U{a:optional<b.U>, n:i8}", "{x:a::a::n::unit::5}",
            R"({"x":{"a":{"a":{"n":5}}}})"},
           {"b.T{x:b.U}\nunion b.U{a:optional<b.U>, n:i8}", "{x:{a:{}}}", R"({"x":{"a":{}}})"},
           {"b.T{x:b.U}\nunion b.U{a:optional<b.U>, n:i8}", "{x:'a'::null}", R"({"x":{"a":null}})"},
       }) {
    EXPECT_EQ(text(type, message), json) << message;
  }
}

TEST(Ion, refuses_what_the_text_notation_does_not_have) {
  for (const Wrong& wrong : std::initializer_list<Wrong>{
           {"", "a message begins with e0 01 00 ea"},
           {"$ion_1_0", "the end where a struct is expected"},
           {"$ion_1_1 {x:5}", "a version other than Ion 1.0, at line 1, column 1"},
           {"$ion_symbol_table::{symbols:[\"x\"]} {$10:5}", "a symbol table in Ion text"},
           {"{$10:5}", "a symbol without text"},
           {"{$0:5}", "a symbol without text"},
           {"{x:5} {x:5}", "something follows the value, at line 1, column 7"},
           {"{x:5", "',' or '}' expected, not the end"},
           {"{x:5,,}", "a name expected"},
           {"{,}", "a name expected"},
           {"{x 5}", "':' expected"},
           {"{x::5}", "an annotation where a name is expected"},
           {"{true:5}", "a name expected"},
           {"{x:5,x:6}", "there twice"},
           {"{y:5}", "has no field \"y\""},
           {"{x:05}", "a zero in front"},
           {"{x:+5}", "something that is no value"},
           {"{x:5_}", "follows a number at once"},
           {"{x:5__0}", "follows a number at once"},
           {"{x:_5}", "a symbol where a number"},
           {"{x:0x}", "a digit expected"},
           {"{x:0b2}", "a digit expected"},
           {"{x:5e}", "an exponent that is none"},
           {"{x:5d99999999999}", "an exponent that is none"},
           {"{x:5a}", "follows a number at once"},
           {"{x:1.5}", "is no whole number"},
           {"{x:99999999999999999999}", "is no whole number of 64 bits"},
           {"{x:4294967296}", "is not a value of i32"},
           {"{x:(+ 1 2)}", "an s-expression where a number is expected"},
           {"{x:nil}", "a symbol where a number is expected"},
           {"{x:null}", "null where a number is expected"},
           {"{x:null.foo}", "null where"},
           {"{x:\"5\"}", "a string where a number is expected"},
           {"/* {x:5}", "a comment without an end"},
           {"{x:5}\xff", "not valid UTF-8"},
           {"[x]", "a list where a struct is expected"},
       }) {
    const std::string result = text("b.T{x:i32}", wrong.message);
    EXPECT_TRUE(is_error(result) && result.find(wrong.why) != result.npos)
        << wrong.message << ": " << result;
  }
  for (const Wrong& wrong : std::initializer_list<Wrong>{
           {"\"a", "a string without an end"},
           {"\"a\n\"", "a character that a string cannot hold"},
           {"\"\\q\"", "an escape that Ion does not have"},
           {"\"\\ud800\"", "an escape that is no character"},
           {"\"\\ud800\\u0041\"", "half a surrogate pair"},
           {"\"\\U00110000\"", "an escape that is no character"},
           {"\"\\x4\"", "a hex digit expected"},
           {"'''a", "a string without an end"},
           {"'''a''' 'b'", "',' or '}' expected"},
           {"{{aGk=}}", "a blob where a string is expected"},
           {"true", "a bool where a string is expected"},
           {"5", "a number where a string is expected"},
       }) {
    const std::string result = text("b.T{x:text}", "{x:" + std::string(wrong.message) + "}");
    EXPECT_TRUE(is_error(result) && result.find(wrong.why) != result.npos)
        << wrong.message << ": " << result;
  }
  for (const char* blob : {"{{aGk}}", "{{a-k=}}", "{{aGk=}", "{{\"\\u0041\"}}", "{{\"\xc3\xa9\"}}",
                           "{{'a'}}", "{{aGk= /**/}}", "{{", "{{\"a\" \"b\"}}", "\"aGk=\""}) {
    EXPECT_TRUE(is_error(text("b.T{x:bytes}", "{x:" + std::string(blob) + "}"))) << blob;
  }
  for (const char* time :
       {"2026T", "2026-11T", "2026-13-22", "2026-02-29", "2026-11-22T24:00Z", "2026-11-22T10:24",
        "2026-11-22T10:24:60Z", "2026-11-22T10:24:48.Z", "2026-11-22T10:24:48.1234567891Z",
        "2026-11-22T10:24:48+24:00", "2026-11-22t10:24:48Z", "1600-01-01T", "2026-11-22T10Z",
        "2026-1-2", "2026-11-22T10:24:48Zx", "20261122", "\"2026-11-22T10:24:48Z\""}) {
    EXPECT_TRUE(is_error(text("b.T{x:time}", "{x:" + std::string(time) + "}"))) << time;
  }
  for (const char* decimal : {"-0.", "-0d5", "1e5", "nan", "9223372036854775808", "1d128",
                              "99999999999999999999.", "1d-129"}) {
    EXPECT_TRUE(is_error(text("b.T{x:decimal}", "{x:" + std::string(decimal) + "}"))) << decimal;
  }
  EXPECT_TRUE(is_error(text("b.T{x:f64}", "{x:1e999}")));
  EXPECT_TRUE(is_error(text("b.T{x:f32}", "{x:1e39}")));
  EXPECT_TRUE(is_error(text("b.T{x:f64}", "{x:9007199254740993}")));
  EXPECT_TRUE(is_error(text("b.T{x:map<text,i8>}", "{x:[[a,1],[a,2]]}")));
  EXPECT_TRUE(is_error(text("b.T{x:map<text,i8>}", "{x:[[a,1,2]]}")));
  EXPECT_TRUE(is_error(text("b.T{x:map<text,i8>}", "{x:[[a]]}")));
  EXPECT_TRUE(is_error(text("b.T{x:map<u8,i8>}", "{x:{'-1':1}}")));
  EXPECT_TRUE(is_error(text("b.T{x:b.U}\nunion b.U{a:i8, n:i8}", "{x:{a:1,n:2}}")));
  EXPECT_TRUE(is_error(text("b.T{x:b.U}\nunion b.U{a:i8, n:i8}", "{x:c::1}")));
  EXPECT_TRUE(is_error(text("b.T{x:b.U}\nunion b.U{a:i8, n:i8}", "{x:1}")));
  EXPECT_TRUE(is_error(text("b.T{x:b.U}\nclosed union b.U{a:i8, n:i8}", "{x:{}}")));
}

}  // namespace
}  // namespace dts
