// Any to any: whatever one format hands over, every other one carries on, to the bit, or it says
// when the plan is made that it cannot. The table of docs/reference/formats/any-to-any.md is made
// here: DTS_WRITE_DOCS=docs/reference writes it, otherwise the test compares.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include <dts/format.hpp>
#include <dts/value.hpp>
#include <support/type_generator.hpp>

namespace dts {
namespace {

enum class Carried : std::uint8_t { lossless, checked, refused };

// One way through a format, made once per type: in as bytes, out as a value.
struct Way {
  std::unique_ptr<Encoder> encoder;
  std::unique_ptr<Decoder> decoder;

  // Empty when the format refuses the type.
  static std::optional<Way> of(const Format& format, const Layout& layout) {
    auto encoder = format.encoder(layout);
    auto decoder = format.decoder(Assignment::make(layout.type, layout.type), layout);
    EXPECT_EQ(encoder.ok(), decoder.ok()) << format.name() << " " << layout.type.print();
    if (!encoder || !decoder) return {};
    return Way{std::move(*encoder), std::move(*decoder)};
  }
  // False when the value itself is refused. What is taken comes out equal.
  bool carry(const Value& value, Value& out) const {
    Bytes message;
    if (!encoder->encode(value.data(), message)) return false;
    const auto decoded = decoder->decode(message, out.data());
    EXPECT_TRUE(decoded.ok()) << decoded.error().text() << "\n" << value.type().print();
    return decoded.ok();
  }
};

class AnyToAny : public testing::TestWithParam<const Format*> {};

// Every value of a type that both take arrives through both, bit for bit.
TEST_P(AnyToAny, carries_generated_values_of_generated_types) {
  const Format& first = *GetParam();
  std::map<std::string_view, int> carried;
  for (std::uint64_t seed = 1; seed <= 450; ++seed) {
    base::Random random(seed * 7919);
    // Every third type is one that formats of packed bytes take as well.
    const Type type =
        seed % 3 == 0
            ? Type::parse("t.Packed{a:i32, b:f64, c:bool, d:time, e:array<u16,3>}").value()
            : test::generate_type(random);
    Value middle = Value::of(type).value(), end = middle;
    const auto in = Way::of(first, middle.layout());
    if (!in) continue;
    for (const Format* second : built_in_formats()) {
      const auto on = Way::of(*second, middle.layout());
      if (!on) continue;
      for (int i = 0; i < 3; ++i) {
        const Value value = test::generate_value(type, random);
        ASSERT_TRUE(in->carry(value, middle)) << first.name() << "\n" << type.print();
        ASSERT_TRUE(on->carry(middle, end)) << second->name() << "\n" << type.print();
        ASSERT_EQ(value, end) << first.name() << " to " << second->name() << ", seed " << seed
                              << "\n"
                              << type.print();
        ++carried[second->name()];
      }
    }
  }
  for (const Format* second : built_in_formats()) EXPECT_GE(carried[second->name()], 100);
}

INSTANTIATE_TEST_SUITE_P(Formats, AnyToAny,
                         testing::ValuesIn(built_in_formats().begin(), built_in_formats().end()),
                         [](const auto& row) { return std::string(row.param->name()); });

// ---- the table ----------------------------------------------------------------------------------

// A kind, as the field of a struct, and the values at its edges, as JSON.
struct KindRow {
  const char* kind;
  const char* type;  // of the field "v"; what is behind '\n' goes with it
  std::vector<const char*> values;
};

const std::vector<KindRow>& kind_rows() {
  static const std::vector<KindRow> rows = {
      {"bool", "bool", {"true", "false"}},
      {"i8 ... i64",
       "i64",
       {"0", "-1", R"("9223372036854775807")", R"("-9223372036854775808")", "-128", "-32769"}},
      {"u8 ... u64", "u64", {"0", "255", R"("18446744073709551615")", "4294967296"}},
      {"f32", "f32", {"0", "-0.0", "1.5", "3.4028235e38", "1e-45", R"("NaN")", R"("-Infinity")"}},
      {"f64",
       "f64",
       {"0", "-0.0", "0.1", "5e-324", "1.7976931348623157e308", R"("NaN")", R"("Infinity")",
        "9007199254740993", "1e300"}},
      {"text",
       "text",
       {R"("")", R"("plain")", R"("<a href=\"b\">&amp;'\\")", R"(" leading, trailing ")",
        R"("\r\n\t")", R"("\u0000\u0001\u001f\u007f")", R"("\ufffe\uffff")",
        R"("gr\u00fc\u00df \ud83c\udf7a")"}},
      {"bytes", "bytes", {R"("")", R"("AAECA/8=")", R"("gASVAAAA")"}},
      {"time",
       "time",
       {R"("1970-01-01T00:00:00Z")", R"("2026-11-22T10:24:48.123456789Z")",
        R"("1677-09-21T00:12:43.145224192Z")", R"("2262-04-11T23:47:16.854775807Z")",
        R"("1969-12-31T23:59:59.999999999Z")"}},
      {"duration", "duration", {R"("0s")", R"("-0.000000001s")", R"("9223372036.854775807s")"}},
      {"decimal",
       "decimal",
       {R"("0")", R"("12.50")", R"("-0.003")", R"("5e3")", R"("9223372036854775807e127")",
        R"("-9223372036854775808e-128")"}},
      {"enum", "t.E\nenum t.E{off = -2, on = 1, far = 2147483647}", {R"("off")", R"("far")", "7"}},
      {"struct", "t.S\nt.S{a:i32, b:text}", {R"({"a":1,"b":"x"})"}},
      {"struct without fields", "t.S\nt.S{}", {"{}"}},
      {"union",
       "t.U\nunion t.U{number:i64, words:list<text>, inner:t.I}\nt.I{x:bool}",
       {R"({"number":5})", R"({"words":[]})", R"({"inner":{"x":true}})", "{}"}},
      {"list", "list<text>", {"[]", R"([""])", R"(["a","b"])"}},
      {"list of numbers", "list<f64>", {"[]", "[1]", R"([1,-0.0,"NaN",5e-324])"}},
      {"list of lists", "list<list<i16>>", {"[]", "[[]]", "[[],[1,2],[-3]]"}},
      {"list of optionals", "list<optional<i32>>", {"[]", "[null]", "[1,null,0]"}},
      {"array", "array<u16,3>", {"[0,0,0]", "[1,2,65535]"}},
      {"map by text", "map<text,i32>", {"{}", R"({"":0,"a b":1,"<x>":2})"}},
      {"map by number", "map<i64,text>", {"{}", R"({"-9223372036854775808":"low","7":""})"}},
      {"map by bool", "map<bool,i32>", {R"({"true":1,"false":0})"}},
      {"map by enum", "map<t.E,i32>\nenum t.E{a = 0, b = 1}", {R"({"a":1,"b":2})"}},
      {"optional", "optional<f64>", {"null", "0", R"("NaN")"}},
      {"optional of text", "optional<text>", {"null", R"("")", R"("x")"}},
      {"any", "any", {"{}", R"({"type":"a.B{x:i32}","value":{"x":1}})"}},
  };
  return rows;
}

Type type_of(const KindRow& row) {
  const std::string text = row.type;
  const std::size_t end = text.find('\n');
  return Type::parse("t.K{v:" + text.substr(0, end) + "}" +
                     (end == std::string::npos ? "" : text.substr(end)))
      .value();
}

Carried carried(const KindRow& row, const Format& first, const Format& second) {
  const Type type = type_of(row);
  Value value = Value::of(type).value();
  Value middle = value, end = value;
  const auto in = Way::of(first, value.layout()), on = Way::of(second, value.layout());
  if (!in || !on) return Carried::refused;
  Carried worst = Carried::lossless;
  for (const char* text : row.values) {
    const auto read = from_json("{\"v\":" + std::string(text) + "}", value.layout(), value.data());
    EXPECT_TRUE(read.ok()) << row.kind << " " << text << ": " << read.error().text();
    if (!in->carry(value, middle) || !on->carry(middle, end)) {
      worst = Carried::checked;
      continue;
    }
    EXPECT_EQ(value, end) << row.kind << " " << text << " by " << first.name() << " and "
                          << second.name();
  }
  return worst;
}

std::string list_of(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string any_to_any_page() {
  // What is not lossless of a pair, as one letter; pairs alike share it.
  std::map<std::string, char> notes;
  std::ostringstream table;
  table << "| from \\ to |";
  for (const Format* to : built_in_formats()) table << " " << to->name() << " |";
  table << "\n|---|";
  for (std::size_t i = 0; i < built_in_formats().size(); ++i) table << "---|";
  table << "\n";
  for (const Format* from : built_in_formats()) {
    table << "| **" << from->name() << "** |";
    for (const Format* to : built_in_formats()) {
      std::vector<std::string> checked, refused;
      for (const KindRow& row : kind_rows()) {
        const Carried how = carried(row, *from, *to);
        if (how == Carried::checked) checked.emplace_back(row.kind);
        if (how == Carried::refused) refused.emplace_back(row.kind);
      }
      std::string note;
      if (!checked.empty()) note += "checked per message: " + list_of(checked) + ". ";
      if (!refused.empty()) note += "refused when the plan is made: " + list_of(refused) + ". ";
      if (note.empty()) {
        table << " lossless |";
        continue;
      }
      const auto [at, fresh] = notes.try_emplace(note, static_cast<char>('a' + notes.size()));
      (void)fresh;
      table << " (" << at->second << ") |";
    }
    table << "\n";
  }
  std::ostringstream page;
  page
      << "# Any to any\n\n"
         "A publisher speaks one format, a subscriber receives its own type; a bridge or a\n"
         "recorder writes it in another format. This table is made by the tests\n"
         "(`tests/conformance/any_to_any_test.cpp`): for each pair of formats the values at the\n"
         "edges of every kind go through the one and then the other.\n\n"
         "*Lossless*: every value of every kind below arrives bit for bit. *Checked*: some values\n"
         "cannot be carried; they are refused one by one, by the publisher. *Refused*: the format\n"
         "does not take the kind; whoever asks is told so when the plan is made, before anything\n"
         "is sent. Nothing else happens: no value arrives changed.\n\n"
      << table.str() << "\n";
  std::map<char, std::string> by_letter;
  for (const auto& [note, letter] : notes) by_letter[letter] = note;
  for (const auto& [letter, note] : by_letter)
    page << "(" << letter << ") All other kinds are lossless; " << note.substr(0, note.size() - 1)
         << "\n\n";
  page << "Kinds, each with its smallest, largest and oddest values: ";
  std::vector<std::string> kinds;
  for (const KindRow& row : kind_rows()) kinds.push_back(row.kind);
  page << list_of(kinds) << ".\n";
  return page.str();
}

TEST(AnyToAnyTable, is_the_one_of_the_docs) {
  const std::string page = any_to_any_page();
  if (const char* folder = std::getenv("DTS_WRITE_DOCS")) {
    std::ofstream(std::string(folder) + "/formats/any-to-any.md") << page;
    return;
  }
  std::ifstream file(DTS_DOCS "/reference/formats/any-to-any.md");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), page) << "./dev docs writes it again";
}

}  // namespace
}  // namespace dts
