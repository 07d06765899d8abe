#include <type/notation.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <type/default_value.hpp>
#include <type/random_type.hpp>

namespace dts {
namespace {

using testing::HasSubstr;

Type parsed(std::string_view text) {
  const auto type = Type::parse(text);
  EXPECT_TRUE(type.ok()) << type.error().text();
  return type ? *type : *Type::parse("failed{}");
}

Error refused(std::string_view text) {
  const auto type = Type::parse(text, "x.dts");
  EXPECT_FALSE(type.ok()) << text;
  return type ? Error(ErrorCode::ok) : type.error();
}

TEST(Notation, parses_the_example_of_the_documentation) {
  const Type type = parsed(R"(brewery.Temperature {
  celsius : f64 [Cel]          // a comment becomes the field's doc
  tank    : i32 = 0
  at      : time
  state   : brewery.State
}
enum brewery.State { idle = 0, heating = 1, cooling = 2 })");
  ASSERT_EQ(type.root().fields.size(), 4u);
  EXPECT_EQ(type.root().fields[0].unit, "Cel");
  EXPECT_EQ(type.root().fields[0].doc, "a comment becomes the field's doc");
  EXPECT_EQ(type.root().fields[1].default_value, Bytes{0x00});
  EXPECT_EQ(type.print(type.root().fields[3].type), "brewery.State");
  EXPECT_EQ(type.nodes()[1].symbols[2].name, "cooling");
}

TEST(Notation, parses_the_short_form) {
  EXPECT_EQ(
      parsed("brewery.Temperature{celsius:f64[Cel], tank:i32=0}"),
      parsed("struct brewery.Temperature\n{\n\n  celsius : f64 [ Cel ]\n  tank : i32 = 0\n}\n"));
}

TEST(Notation, prints_lines_with_docs_and_reads_them_back) {
  const std::string text = R"(// What one tank measures.
// Twice.
brewery.Temperature {
  celsius @1         : f64 [Cel] = 20  // in the wort
  difference @2      : f32 [K; delta]
  // Two lines
  // of a doc.
  key tank @3        : u16
  where @4           : array<f64, 3> #wgs84
  must_understand @5 : text = "a \"b\""
}
)";
  const Type type = parsed(text);
  EXPECT_EQ(type.print(), text);
  EXPECT_EQ(type.root().doc, "What one tank measures.\nTwice.");
  EXPECT_EQ(type.root().fields[2].doc, "Two lines\nof a doc.");
}

TEST(Notation, prints_the_short_form_on_one_line) {
  const Type type =
      parsed("t.A {\n a : t.E = x // doc\n b : list<t.A>\n}\nclosed enum t.E { x, y = 5 }");
  EXPECT_EQ(type.print(Type::Style::one_line),
            "t.A{a:t.E=x, b:list<t.A>}; closed enum t.E{x=0, y=5}");
}

TEST(Notation, takes_comments_above_a_type_unless_an_empty_line_parts_them) {
  EXPECT_EQ(parsed("// of the file\n\n// of the type\nt.A { // beside\n}").root().doc,
            "of the type\nbeside");
  EXPECT_EQ(parsed("// of the file\n\nt.A {}").root().doc, "");
  EXPECT_EQ(parsed("t.A {\n // above\n\n x : i32\n}").root().fields[0].doc, "");
}

TEST(Notation, reads_types_in_any_order_and_gives_each_its_closure) {
  const auto types = Type::parse_all("t.A{b:t.B}\nt.B{c:t.C?}; enum t.C{x}\nt.D{}");
  ASSERT_TRUE(types.ok()) << types.error().text();
  ASSERT_EQ(types->size(), 4u);
  EXPECT_EQ((*types)[0].nodes().size(), 3u);
  EXPECT_EQ((*types)[1].nodes().size(), 2u);
  EXPECT_EQ((*types)[2].root().kind, Kind::enumeration);
  EXPECT_EQ((*types)[3].name(), "t.D");
}

TEST(Notation, accepts_a_question_mark_for_optional) {
  EXPECT_EQ(parsed("t.A{x:list<i32?>?}"), parsed("t.A{x:optional<list<optional<i32>>>}"));
}

TEST(Notation, allows_any_word_as_a_member_name) {
  const Type type =
      parsed("t.A{key key:i32, must_understand:list<i32>, enum:bool, none:i32?=none}");
  EXPECT_TRUE(type.root().fields[0].key);
  EXPECT_EQ(type.root().fields[1].name, "must_understand");
  EXPECT_FALSE(type.root().fields[1].must_understand);
  EXPECT_EQ(parsed(type.print()), type);
}

TEST(Notation, tells_none_from_a_symbol_or_case_that_is_called_so) {
  const Type type = parsed(
      "t.A{a:t.E?=none, b:t.E?=0, c:t.E=none, d:t.U?=none(1), e:t.U?=none}; "
      "enum t.E{none, some}; union t.U{none:i32}");
  EXPECT_EQ(type.root().fields[0].default_value, Bytes{0xf6});
  EXPECT_EQ(type.root().fields[1].default_value, (Bytes{0x81, 0x00}));
  EXPECT_EQ(type.root().fields[2].default_value, Bytes{0x00});
  EXPECT_EQ(type.root().fields[3].default_value, (Bytes{0x81, 0x82, 0x00, 0x01}));
  EXPECT_EQ(parsed(type.print()), type);
}

TEST(Notation, leaves_optional_fields_out_of_a_struct_default) {
  const Type type = parsed("t.A{p:t.P={y:3, x:7}}; t.P{x:i32, y:i32, z:i32?}");
  EXPECT_EQ(type.root().fields[0].default_value, (Bytes{0x83, 0x07, 0x03, 0xf6}));
}

TEST(Notation, shows_the_line_and_a_caret_under_the_place) {
  const Error error = refused("t.A {\n  celsius : f46 [Cel]\n}");
  EXPECT_EQ(error.code(), ErrorCode::notation);
  EXPECT_EQ(error.what(), "there is no type f46");
  EXPECT_EQ(error.where(), "x.dts:2:13");
  EXPECT_EQ(error.why(), "\n  2 |   celsius : f46 [Cel]\n    |             ^^^");
  EXPECT_EQ(error.hint(), "f64");
}

TEST(Notation, keeps_the_caret_in_place_after_letters_of_several_bytes_and_tabs) {
  const Error error = refused("t.A{\t/é:i32}");
  EXPECT_EQ(error.where(), "x.dts:1:6");
  const Error after = refused("// ééé\nt.A{ x : text = \"é\" 5 }");
  EXPECT_EQ(after.where(), "x.dts:2:21");
  EXPECT_EQ(after.why(), "\n  2 | t.A{ x : text = \"é\" 5 }\n    |                     ^");
}

TEST(Notation, shows_no_control_characters_and_only_part_of_a_long_line) {
  const Error error = refused(std::string(5000, ' ') + "t.A{\x1b[31m" + std::string(5000, 'x'));
  EXPECT_EQ(error.why().find('\x1b'), std::string::npos);
  EXPECT_LT(error.why().size(), 400u);
  EXPECT_EQ(error.where(), "x.dts:1:5005");
}

TEST(Notation, names_the_kind_that_other_languages_call_otherwise) {
  EXPECT_EQ(refused("t.A{x:double}").hint(), "f64");
  EXPECT_EQ(refused("t.A{x:string}").hint(), "text");
  EXPECT_EQ(refused("t.A{x:int}").hint(), "i32");
  EXPECT_EQ(refused("t.A{x:brewery.Stat}; enum brewery.State{a}").hint(), "brewery.State");
  EXPECT_EQ(refused("t.A{x:Stat}; enum brewery.State{a}").hint(), "brewery.State");
}

struct Mistake {
  const char* text;
  const char* where;
  const char* what;
};

class Mistakes : public testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, are_found_where_they_are) {
  const Error error = refused(GetParam().text);
  EXPECT_EQ(error.where(), std::string("x.dts:") + GetParam().where) << error.text();
  EXPECT_THAT(error.what(), HasSubstr(GetParam().what));
}

INSTANTIATE_TEST_SUITE_P(
    Notation, Mistakes,
    testing::Values(
        Mistake{"", "1:1", "no type here"}, Mistake{"// only\n", "2:1", "no type here"},
        Mistake{"t.A", "1:4", "'{' is expected after t.A, but the text ends"},
        Mistake{"t.A{x:i32", "1:1", "the '}' of t.A is missing"},
        Mistake{"t.A{x i32}", "1:5", "':' parts a name from its type"},
        Mistake{"t.A{x:}", "1:7", "a type is expected"},
        Mistake{"t.A{x:i32 y:i32}", "1:11", "a comma or a new line"},
        Mistake{"t.A{x:i32;y:i32}", "1:10", "a comma or a new line"},
        Mistake{"t.A{x:i32, x:i32}", "1:12", "twice"},
        Mistake{"t.A{}t.A{}", "1:6", "defined twice"},
        Mistake{"t.A{x@1:i32, y:i32}", "1:14", "some have none"},
        Mistake{"t.A{x@1:i32, y@1:i32}", "1:14", "@1 is there twice"},
        Mistake{"t.A{x@0:i32}", "1:7", "not within"},
        Mistake{"t.A{x@4294967296:i32}", "1:7", "not within"},
        Mistake{"t.A{x.y:i32}", "1:5", "the name of a field"},
        Mistake{"list{}", "1:1", "not a legal type name"},
        Mistake{"closed t.A{}", "1:8", "followed by enum or union"},
        Mistake{"t.A{x:list<i32}", "1:15", "'>' is expected"},
        Mistake{"t.A{x:array<i32>}", "1:16", "',' is expected"},
        Mistake{"t.A{x:array<i32,0>}", "1:17", "not within"},
        Mistake{"t.A{x:map<f64,i32>}", "1:5", "a map key"},
        Mistake{"t.A{x:i32??}", "1:5", "optional of an optional"},
        Mistake{"t.A{x:t.A}", "1:1", "never end"},
        Mistake{"t.A{x:f64[Cel}", "1:10", "']' of the unit"},
        Mistake{"t.A{x:f64[]}", "1:10", "unit is empty"},
        Mistake{"t.A{x:f64[°C]}", "1:11", "not a unit"},
        Mistake{"t.A{x:text[m]}", "1:5", "only numbers"},
        Mistake{"t.A{x:f64#}", "1:11", "quantity tag"},
        Mistake{"t.A{x:i32=}", "1:11", "a default is expected"},
        Mistake{"t.A{x:i32=1.5}", "1:11", "not a default for i32"},
        Mistake{"t.A{x:i8=128}", "1:10", "128 does not fit i8"},
        Mistake{"t.A{x:u8=-1}", "1:10", "not a default for u8"},
        Mistake{"t.A{x:f64=1e999}", "1:11", "does not fit"},
        Mistake{"t.A{x:text=abc}", "1:12", "in quotes"},
        Mistake{"t.A{x:text=\"abc}", "1:1", "'}' of t.A is missing"},
        Mistake{"t.A{x:text=\"\\q\"}", "1:15", "unknown escape"},
        Mistake{"t.A{x:text=\"\\u{d800}\"}", "1:21", "not a code point"},
        Mistake{"t.A{x:bytes=0x123}", "1:13", "pairs of hex"},
        Mistake{"t.A{x:time=yesterday}", "1:12", "not a default for time"},
        Mistake{"t.A{x:duration=5}", "1:16", "not a default for duration"},
        Mistake{"t.A{x:list<i32>=[1, x]}", "1:21", "not a default for i32"},
        Mistake{"t.A{x:array<i32,2>=[1]}", "1:23", "has 2 elements"},
        Mistake{"t.A{x:map<i32,i32>={1:1,1:2}}", "1:29", "twice"},
        Mistake{"t.A{x:any=1}", "1:11", "any has no default"},
        Mistake{"t.A{x:t.E=c}; enum t.E{a,b}", "1:11", "no symbol \"c\""},
        Mistake{"t.A{x:t.P={x:1}}; t.P{x:i32,y:i32}", "1:16", "y is missing"},
        Mistake{"union t.U{x:i32=1}", "1:11", "no default"},
        Mistake{"union t.U{}", "1:7", "one case"}, Mistake{"enum t.E{}", "1:6", "one symbol"},
        Mistake{"enum t.E{a=1,b=1}", "1:14", "twice"}, Mistake{"enum t.E{a,a}", "1:12", "twice"},
        Mistake{"enum t.E{a=x}", "1:12", "whole number"},
        Mistake{"enum t.E{a=2147483648}", "1:12", "not within"},
        Mistake{"enum t.E{a=2147483647,b}", "1:23", "does not fit"},
        Mistake{"t.A{key x:f64}", "1:9", "a key is"}, Mistake{"t.A{x:i32}\n\xff", "2:1", "UTF-8"}));

TEST(Notation, refuses_nesting_beyond_the_limit) {
  std::string deep = "t.A{x:";
  for (int i = 0; i < 100000; ++i) deep += "list<";
  EXPECT_THAT(refused(deep).what(), HasSubstr("nests too deep"));
  EXPECT_THAT(refused("t.A{x:i32" + std::string(1000, '?') + "}").what(), HasSubstr("too deep"));
  EXPECT_THAT(refused("t.A{x:t.A?=" + std::string(5000, '{') + "}").code(), ErrorCode::notation);
}

TEST(Notation, bounds_a_recursive_default) {
  std::string text = "t.A{x:list<t.B>=";
  for (int i = 0; i < 200; ++i) text += "[{x:";
  EXPECT_THAT(refused(text + "}; t.B{x:list<t.B>}").code(), ErrorCode::notation);
}

TEST(Notation, refuses_a_text_that_is_too_long) {
  EXPECT_EQ(refused(std::string(1024 * 1024 + 1, ' ')).code(), ErrorCode::too_large);
  std::string many;
  for (int i = 0; i < 1025; ++i) many += "t.A" + std::to_string(i) + "{}";
  EXPECT_THAT(refused(many).what(), HasSubstr("1024 types"));
}

TEST(Notation, round_trips_every_random_type) {
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const auto type = Type::make(RandomType(seed).nodes());
    ASSERT_TRUE(type.ok()) << "seed " << seed << ": " << type.error().text();
    for (const Type::Style style : {Type::Style::lines, Type::Style::one_line}) {
      const std::string text = type->print(style);
      const auto again = Type::parse(text);
      ASSERT_TRUE(again.ok()) << "seed " << seed << ": " << again.error().text() << "\n" << text;
      ASSERT_EQ(*again, *type) << "seed " << seed << "\n" << text;
      ASSERT_EQ(again->print(style), text);
    }
  }
}

TEST(Notation, prints_a_doc_that_grows_when_made_safe_the_same_way_twice) {
  const std::string tabs(30, '\t');
  const Type type = Type::parse("a.B {\n  x : time  // #" + tabs + "y\n}\n").value();
  const std::string printed = type.print();
  EXPECT_EQ(Type::parse(printed)->print(), printed) << printed;
}

TEST(Notation, survives_random_changes_of_good_text) {
  base::Random random(11);
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    std::string text = Type::make(RandomType(seed).nodes())->print();
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
      const std::size_t at = random.below(text.size());
      static constexpr std::string_view signs = "{}[]<>()\":=,;@#/\n\\ ?-.0x";
      if (random.chance(0.5)) {
        text[at] = signs[random.below(signs.size())];
      } else {
        text.erase(at, 1 + random.below(5));
      }
    }
    const auto type = Type::parse(text, "changed");
    if (type) {
      ASSERT_EQ(*Type::parse(type->print()), *type) << text;
    } else {
      ASSERT_FALSE(type.error().text().empty());
    }
  }
}

TEST(Notation, keeps_former_names_and_wishes_outside_the_identity) {
  const Type plain = *Type::parse("t.A{x:i8=0, y:array<i8,2>, z:i32?}");
  const char* text =
      "t.A{narrow use_default x|old|older:i8=0, trim y:array<i8, 2>, use_default z:optional<i32>}";
  const Type wishes = *Type::parse(text);
  EXPECT_EQ(wishes.id(), plain.id());
  EXPECT_EQ(wishes.print(Type::Style::one_line), text);
  for (const auto style : {Type::Style::one_line, Type::Style::lines}) {
    const Type again = *Type::parse(wishes.print(style));
    const Field& x = again.root().fields[0];
    EXPECT_TRUE(x.narrow);
    EXPECT_EQ(x.misfit, OnMisfit::use_default);
    EXPECT_EQ(x.aliases, (std::vector<std::string>{"old", "older"}));
    EXPECT_EQ(again.root().fields[1].misfit, OnMisfit::trim);
  }
  EXPECT_EQ(Type::parse("t.A{narrow:i8, trim:i8, use_default:i8}")->root().fields[0].name,
            "narrow");
}

TEST(Notation, refuses_wishes_that_cannot_be_had) {
  for (const char* text : {"t.A{use_default x:i8}", "t.A{trim x:list<i8>}", "t.A{trim x:text}",
                           "t.A{trim use_default x:array<i8,2>}", "t.A{x| : i8}", "t.A{x|1:i8}"}) {
    EXPECT_FALSE(Type::parse(text).ok()) << text;
  }
}

TEST(Notation, a_type_may_be_called_like_a_member_of_another) {
  const auto type = Type::parse("a.B{c:a.B.c}; a.B.c{x:i32}");
  ASSERT_TRUE(type.ok()) << type.error().text();
  EXPECT_EQ(Type::parse(type->print()).value(), *type);
  EXPECT_FALSE(Type::parse("a.B{c:i32}; a.B{c:i32}").ok());
}

}  // namespace
}  // namespace dts
