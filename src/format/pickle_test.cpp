#include <gtest/gtest.h>

#include <functional>

#include <dts/format.hpp>
#include <dts/value.hpp>
#include <format/pickle_machine.hpp>

namespace dts {
namespace {

using namespace std::string_literals;

const Format& pickle() { return *find_format(built_in_formats(), "pickle"); }

// The value as JSON, or the error.
std::string read(const char* publisher, const char* subscriber, std::string_view message) {
  Value value = Value::of(Type::parse(subscriber).value()).value();
  const auto assignment = Assignment::make(Type::parse(publisher).value(), value.type());
  const auto decoder = pickle().decoder(assignment, value.layout()).value();
  const auto done = decoder->decode(as_bytes(message), value.data());
  return done ? to_json(value.layout(), value.data()).value() : done.error().text();
}
std::string read(const char* type, std::string_view message) { return read(type, type, message); }

std::string written(const char* type, std::string_view json) {
  Value value = Value::of(Type::parse(type).value()).value();
  EXPECT_TRUE(from_json(json, value.layout(), value.data()).ok()) << json;
  Bytes bytes;
  EXPECT_TRUE(pickle().encoder(value.layout()).value()->encode(value.data(), bytes).ok());
  return std::string(as_text(bytes));
}

std::string repeat(std::string_view part, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += part;
  return text;
}

TEST(Pickle, writes_a_dict_of_plain_data) {
  EXPECT_EQ(written("b.T{celsius:f64, tank:i32}", R"({"celsius":0.5,"tank":-3})"),
            "\x80\x04}(\x8c\x07"
            "celsiusG?\xe0\0\0\0\0\0\0\x8c\x04tankJ\xfd\xff\xff\xffu."s);
  EXPECT_EQ(written("b.T{a:list<text>, b:optional<i8>, c:bytes, d:bool}",
                    R"({"a":["x",""],"c":"/w==","d":true})"),
            "\x80\x04}(\x8c\x01\x61](\x8c\x01x\x8c\0e\x8c\x01\x63\x43\x01\xff\x8c\x01\x64\x88u."s);
  EXPECT_EQ(written("b.T{a:list<u8>, b:map<bool,i8>, c:u64}", R"({"a":[],"b":{"true":1},"c":300})"),
            "\x80\x04}(\x8c\x01\x61]\x8c\x01\x62}(\x88K\x01u\x8c\x01\x63M,\x01u."s);
}

TEST(Pickle, writes_a_name_once_however_long_the_list) {
  const std::string message =
      written("b.T{rows:list<b.R>}\nb.R{temperature:u8}",
              R"({"rows":[{"temperature":1},{"temperature":2},{"temperature":3}]})");
  EXPECT_EQ(message,
            "\x80\x04}(\x8c\x04rows](}(\x8c\x0btemperature\x94K\x01u}(h\0K\x02u}(h\0K\x03ueu."s);
  EXPECT_EQ(read("b.T{rows:list<b.R>}\nb.R{temperature:u8}", message),
            R"({"rows":[{"temperature":1},{"temperature":2},{"temperature":3}]})");
}

TEST(Pickle, writes_every_name_even_if_two_are_remembered_in_the_same_place) {
  std::string type = "b.T{rows:list<b.R>}\nb.R{", row;
  for (int i = 0; i < 300; ++i) {
    const std::string name = (i % 2 == 0 ? "f" : "field_") + std::to_string(i);
    type += (i == 0 ? "" : ", ") + name + ":i32";
    row += (i == 0 ? "\"" : ",\"") + name + "\":" + std::to_string(i);
  }
  const std::string json = "{\"rows\":[{" + row + "},{" + row + "},{" + row + "}]}";
  type += "}";
  EXPECT_EQ(read(type.c_str(), written(type.c_str(), json)), json);
}

TEST(Pickle, reads_what_protocol_0_spells_as_lines) {
  EXPECT_EQ(read("t.T{a:i64, b:f64, c:text, d:bytes, e:bool, f:list<i8>}",
                 "(dp0\nVa\nI-7\nsVb\nF-0.5\nsS'c'\nV\xe4\\u20ac\\U0001f37a\nsVd\nS'\\xff\\n\\''\ns"
                 "Ve\nI01\nsVf\n(lp1\nL3L\naI4\nas."),
            R"({"a":-7,"b":-0.5,"c":"ä€🍺","d":"/won","e":true,"f":[3,4]})");
}

TEST(Pickle, reads_members_only_of_enumerations_that_the_type_has) {
  const char* type = "t.T{s:t.State}\nenum t.State{idle = 0, busy = 1}";
  EXPECT_EQ(read(type, "(S's'\ncapp.states\nState\n(I1\ntRd."), R"({"s":"busy"})");
  EXPECT_EQ(read(type, "(S's'\ncapp\nMachine.State\n(S'busy'\ntRd."), R"({"s":"busy"})");
  EXPECT_EQ(read(type, "(S's'\ncos\nsystem\n(S'busy'\ntRd."),
            "E1202 REDUCE of os.system at byte 27 is refused: a pickle may not call (try: plain "
            "values: dict, list, str, int, float, bytes, bool, None)");
  EXPECT_EQ(read(type, "(S's'\nc__builtin__\nState\n(I1\ntRd.").substr(0, 40),
            "E1202 REDUCE of __builtin__.State at byt");
  EXPECT_EQ(
      read("t.T{s:i32, t:t.State}\nenum t.State{idle = 0}",
           "(S's'\ncapp\nState\n(I1\ntRS't'\nI0\nd."),
      "E1205 a member of app.State at byte 22 where an int is expected, at s: the type is i32");
}

TEST(Pickle, refuses_an_object_that_is_not_plain_fields) {
  const char* type = "t.T{a:i8 = 1}";
  EXPECT_EQ(read(type, "\x80\x02\x63\x61pp\nT\n)\x81}U\x01\x61K\x05sb."), R"({"a":5})");
  EXPECT_EQ(read(type, "\x80\x02\x63\x61pp\nT\n)\x81N}U\x01\x61K\x05s\x86\x62."), R"({"a":5})");
  EXPECT_EQ(read(type, "\x80\x02\x63\x61pp\nT\n)\x81."),
            "E1202 GLOBAL of app.T at byte 2 is refused: a name of Python's is no data");
  EXPECT_EQ(read(type, "\x80\x02\x63\x61pp\nT\nK\x05\x85\x81."),
            "E1202 NEWOBJ of app.T at byte 12 is refused: only the class knows what its arguments "
            "mean (try: for a named tuple, value._asdict() or tuple(value))");
  EXPECT_EQ(
      read(type, "\x80\x02\x63\x61pp\nT\n)\x81](K\x05\x65\x62."),
      "E1202 BUILD at byte 16 of app.T with a list at byte 11 is refused: only the class knows "
      "what that means (try: dataclasses.asdict(value), or a dataclass that is not both frozen "
      "and slots)");
}

TEST(Pickle, refuses_in_a_field_that_nobody_reads_what_it_refuses_elsewhere) {
  const char *from = "t.T{a:i8, b:t.S}\nt.S{c:i8}", *to = "t.T{a:i8}";
  EXPECT_EQ(read(from, to, "}(U\x01\x61K\x05U\x01\x62}U\x01\x63K\x01su."), R"({"a":5})");
  EXPECT_EQ(read(from, to, "}(U\x01\x61K\x05U\x01\x62\x63os\nsystem\n)Ru.").substr(0, 24),
            "E1202 REDUCE of os.syste");
  // A class that is of use elsewhere is still no value.
  EXPECT_EQ(read(from, to, "}(U\x01\x61K\x05U\x01\x62\x63os\nT\n\x94)\x81}U\x01\x63h\0sbu."s),
            "E1205 the class os.T at byte 10 where plain data is expected, at b");
  EXPECT_EQ(read(from, to, "}(U\x01\x61K\x05U\x01\x62\x63os\nT\n)\x81}U\x09__class__K\x01sbu."s),
            "E1205 \"__class__\" is not the name of a field, at b");
}

TEST(Pickle, rounds_a_float_to_32_bits_and_refuses_one_that_is_too_large) {
  EXPECT_EQ(read("t.T{a:f32}", "}S'a'\nF0.1\ns."), R"({"a":0.1})");
  EXPECT_EQ(read("t.T{a:f32}", "}S'a'\nF1e39\ns.").substr(0, 16), "E1205 the float ");
  EXPECT_EQ(read("t.T{a:f64}", "}S'a'\nI9007199254740993\ns.").substr(0, 33),
            "E1205 the number 9007199254740993");
}

TEST(Pickle, refuses_what_is_said_once_and_meant_too_often) {
  // Each list holds the one before twice.
  std::string laughs = "]\x94";
  for (char i = 0; i < 60; ++i) laughs += "](h"s + i + "h" + i + "e\x94";
  const std::string error = read("t.T{a:any}", "}(S'a'\n(" + laughs + "tu.");
  EXPECT_EQ(error.substr(0, 11), "E1008 a lis") << error;
  EXPECT_EQ(read("t.T{a:list<i8>}", "}S'a'\n]\x94h\0as."s),
            "E1202 a list at byte 6 holds itself: a value is a tree");
  EXPECT_EQ(read("t.T{a:list<list<i8>>}", "}S'a'\n](](K\x07\x65\x94h\0h\0es."s),
            R"({"a":[[7],[7],[7]]})");
  // One long text in many places is copied to all of them.
  const std::string text = "S'" + repeat("x", 5000) + "'\n\x94";
  EXPECT_EQ(
      read("t.T{a:list<text>}", "}S'a'\n](" + text + repeat("h\0"s, 5000) + "es.").substr(0, 5),
      "E1008");
}

// Opcodes, items and nodes that the machine handles are no more than the message has bytes, times
// a constant: for every way to make it go through something again.
TEST(PickleMachine, works_in_proportion_to_the_message) {
  const auto long_text = [](std::size_t n) {
    return "X"s + static_cast<char>(n) + static_cast<char>(n >> 8) + static_cast<char>(n >> 16) +
           "\0"s + repeat("\xc3\xa4", n / 2) + "\x94";
  };
  const std::function<std::string(std::size_t)> builders[] = {
      [](std::size_t n) { return repeat("(", n) + repeat("t", n) + "."; },
      [](std::size_t n) { return repeat("]", n) + repeat("a", n - 1) + "."; },
      [](std::size_t n) { return "](" + repeat("N", n) + "e."; },
      [](std::size_t n) { return "]" + repeat("Na", n) + "."; },
      [](std::size_t n) { return "]\x94" + repeat("](h\0h\0e\x94", n) + "."; },
      [](std::size_t n) { return "]\x94" + repeat("\x85\x94", n) + "h\0\x86."s; },
      [](std::size_t n) { return "N" + repeat("2\x86", n) + "."; },
      [](std::size_t n) { return repeat("N\x94", n) + "."; },
      [](std::size_t n) { return repeat("Np" + std::to_string(n) + "\n", n) + "."; },
      [](std::size_t n) { return repeat("cos\nsystem\n", n) + "."; },
      [](std::size_t n) { return "L" + repeat("9", n) + "L\n."; },
      [](std::size_t n) { return repeat("V\\u20ac\n", n) + "."; },
      [&](std::size_t n) {  // one long text made bytes again and again
        return "c_codecs\nencode\n\x94" + long_text(n) + repeat("h\0h\1U\6latin1\x86R0"s, n) + "N.";
      },
      [](std::size_t n) {  // one long dict given to many objects
        return "}(" + repeat("U\1aN", n) + "u\x94" + repeat("capp\nT\n)\x81h\0b"s, n) + ".";
      },
      [](std::size_t n) {  // a long tuple of arguments, again and again
        return "(" + repeat("N", n) + "t\x94" + repeat("cos\nsystem\nh\0R"s, n) + ".";
      },
  };
  int number = 0;
  for (const auto& build : builders) {
    std::uint64_t before = 0;
    for (const std::size_t n : {1000, 2000, 4000, 8000}) {
      const std::string message = build(n);
      format::Failure failure;
      format::pickle::Tree tree;
      const std::uint64_t bytes_max = message.size() * 64 + 65536;
      format::pickle::Machine machine(as_bytes(message), {}, bytes_max, tree, failure);
      (void)machine.run();
      EXPECT_LE(machine.work(), 70 * message.size() + 65536) << "builder " << number;
      if (before > 100000) {
        EXPECT_LE(machine.work(), before * 5 / 2) << "builder " << number;
      }
      before = machine.work();
    }
    ++number;
  }
}

TEST(PickleMachine, keeps_items_in_order_however_they_are_put_in) {
  // Two lists that grow in turns, and are given more at once.
  std::string text = "]\x94]\x94";  // 0 and 1
  for (char i = 0; i < 40; i += 2) {
    text += "h\0K"s + i + "a0h\1K" + static_cast<char>(i + 1) + "a0";
    if (i % 10 == 0) text += "h\0(K"s + i + "K" + i + "e0";
  }
  const std::string error = read("t.T{a:list<list<i8>>}", "}S'a'\n](" + text + "es.");
  EXPECT_EQ(
      error,
      "{\"a\":[[0,0,0,2,4,6,8,10,10,10,12,14,16,18,20,20,20,22,24,26,28,30,30,30,32,34,36,38],"
      "[1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39]]}");
}

}  // namespace
}  // namespace dts
