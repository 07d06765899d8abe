#include <dts/assignment.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <type/random_type.hpp>

namespace dts {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Type type(std::string_view text) {
  const auto parsed = Type::parse(text);
  EXPECT_TRUE(parsed.ok()) << parsed.error().text();
  return *parsed;
}

Assignment assign(std::string_view publisher, std::string_view subscriber) {
  return Assignment::make(type(publisher), type(subscriber));
}

// "path: reason" of every refusal.
std::vector<std::string> refusals(std::string_view publisher, std::string_view subscriber) {
  std::vector<std::string> texts;
  for (const Refusal& refusal : assign(publisher, subscriber).refusals()) {
    texts.push_back(refusal.path + ": " + refusal.reason);
    EXPECT_FALSE(refusal.hint.empty()) << texts.back();
  }
  return texts;
}

Outcome outcome(std::string_view publisher, std::string_view subscriber) {
  return assign(publisher, subscriber).outcome();
}

// The outcome for t.A{x:<from>} read as t.A{x:<to>}.
Outcome field_outcome(std::string from, std::string to) {
  const std::string more = "; enum t.E{a,b}; t.S{y:i32}";
  return outcome("t.A{x:" + from + "}" + more, "t.A{x:" + to + "}" + more);
}

TEST(Assignment, of_a_type_to_itself_is_identical) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const Type random = *Type::make(RandomType(seed).nodes());
    const Assignment assignment = Assignment::make(random, random);
    ASSERT_EQ(assignment.outcome(), Outcome::identical) << random.print();
    ASSERT_EQ(assignment.pairs().size(), random.nodes().size());
    ASSERT_THAT(assignment.differences(), IsEmpty());
  }
}

TEST(Assignment, never_fails_for_random_pairs) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    auto nodes = RandomType(seed).nodes(), others = RandomType(seed + 1).nodes();
    for (std::size_t i = 0; i < std::min(nodes.size(), others.size()); ++i)
      others[i].name = nodes[i].name;
    const auto p = Type::make(nodes), s = Type::make(others);
    if (!p || !s) continue;  // the names may clash
    const Assignment assignment = Assignment::make(*p, *s);
    ASSERT_EQ(assignment.readable(), assignment.refusals().empty());
    ASSERT_EQ(assignment.readable(), !assignment.pairs().empty());
  }
}

TEST(Assignment, widens_numbers_exactly_and_no_further) {
  const std::vector<std::string> kinds{"i8",  "i16", "i32", "i64", "u8",
                                       "u16", "u32", "u64", "f32", "f64"};
  const std::map<std::string, std::string> wider{{"i8", "i16 i32 i64 f32 f64"},
                                                 {"i16", "i32 i64 f32 f64"},
                                                 {"i32", "i64 f64"},
                                                 {"i64", ""},
                                                 {"u8", "u16 u32 u64 i16 i32 i64 f32 f64"},
                                                 {"u16", "u32 u64 i32 i64 f32 f64"},
                                                 {"u32", "u64 i64 f64"},
                                                 {"u64", ""},
                                                 {"f32", "f64"},
                                                 {"f64", ""}};
  for (const std::string& from : kinds) {
    for (const std::string& to : kinds) {
      const Outcome expected =
          from == to ? Outcome::identical
          : (" " + wider.at(from) + " ").find(" " + to + " ") != std::string::npos
              ? Outcome::adapted
              : Outcome::refused;
      EXPECT_EQ(field_outcome(from, to), expected) << from << " to " << to;
    }
  }
}

TEST(Assignment, refuses_kinds_that_only_look_alike) {
  const std::vector<std::pair<std::string, std::string>> pairs{{"bool", "u8"},
                                                               {"u8", "bool"},
                                                               {"text", "i32"},
                                                               {"i32", "text"},
                                                               {"text", "bytes"},
                                                               {"bytes", "text"},
                                                               {"time", "i64"},
                                                               {"i64", "time"},
                                                               {"duration", "i64"},
                                                               {"time", "duration"},
                                                               {"decimal", "f64"},
                                                               {"f64", "decimal"},
                                                               {"i32", "list<i32>"},
                                                               {"list<i32>", "i32"},
                                                               {"t.E", "i32"},
                                                               {"i32", "t.E"},
                                                               {"t.S", "t.E"},
                                                               {"t.S", "map<text, i32>"},
                                                               {"map<text, i32>", "list<i32>"},
                                                               {"map<i32, i32>", "map<i64, i32>"},
                                                               {"array<u8, 4>", "bytes"},
                                                               {"array<i32, 2>", "array<i32, 3>"},
                                                               {"optional<i32>", "i32"},
                                                               {"list<optional<i32>>", "list<i32>"},
                                                               {"any", "t.S"}};
  for (const auto& [from, to] : pairs) {
    EXPECT_EQ(field_outcome(from, to), Outcome::refused) << from << " to " << to;
  }
}

TEST(Assignment, adapts_containers_element_by_element) {
  EXPECT_EQ(field_outcome("list<i8>", "list<i32>"), Outcome::adapted);
  EXPECT_EQ(field_outcome("array<i8, 2>", "list<i8>"), Outcome::adapted);
  EXPECT_EQ(field_outcome("map<text, i8>", "map<text, f32>"), Outcome::adapted);
  EXPECT_EQ(field_outcome("i8", "optional<i16>"), Outcome::adapted);
  EXPECT_EQ(field_outcome("optional<i8>", "optional<i16>"), Outcome::adapted);
  EXPECT_EQ(field_outcome("list<i8>", "optional<list<optional<i8>>>"), Outcome::adapted);
}

TEST(Assignment, checks_the_length_of_a_list_read_as_an_array) {
  const Assignment assignment = assign("t.A{x:list<i8>}", "t.A{x:array<i16, 3>}");
  EXPECT_EQ(assignment.outcome(), Outcome::checked);
  const Step& step = assignment.pairs()[0].members[0].step;
  EXPECT_EQ(step.conversion, Conversion::array);
  EXPECT_EQ(step.arguments[0].conversion, Conversion::widen);
}

TEST(Assignment, unwraps_an_optional_only_into_a_default) {
  const Assignment assignment = assign("t.A{x:i8?}", "t.A{x:i32=7}");
  EXPECT_EQ(assignment.outcome(), Outcome::adapted);
  EXPECT_EQ(assignment.pairs()[0].members[0].step.conversion, Conversion::unwrap);
  EXPECT_THAT(refusals("t.A{x:i8?}", "t.A{x:i32}"),
              ElementsAre("x: optional<i8> cannot be read as i32: it may be missing"));
}

TEST(Assignment, says_every_reason_with_its_path) {
  EXPECT_THAT(refusals("t.A{pressure:t.P, name:text, gone:i32}; t.P{value:f64[bar], at:time}",
                       "t.A{pressure:t.P, name:bool, fresh:i32}; t.P{value:i32[kPa], at:time}"),
              testing::UnorderedElementsAre(
                  "pressure.value: f64 [bar] cannot be read as i32 [kPa]: would round",
                  "name: text cannot be read as bool: they are different kinds",
                  "fresh: the publisher has no such field, and it has no default"));
}

TEST(Assignment, refuses_units_that_differ_or_stand_on_one_side_only) {
  EXPECT_THAT(refusals("t.A{x:f64[bar]}", "t.A{x:f64[K]}"),
              ElementsAre("x: f64 [bar] cannot be read as f64 [K]: the units measure different "
                          "things"));
  EXPECT_THAT(refusals("t.A{x:f64}", "t.A{x:f64[kPa]}"),
              ElementsAre("x: f64 cannot be read as f64 [kPa]: the publisher declares no unit"));
  EXPECT_THAT(refusals("t.A{x:f64[kPa]}", "t.A{x:f64}"),
              ElementsAre("x: f64 [kPa] cannot be read as f64: the subscriber declares no unit"));
  EXPECT_THAT(refusals("t.A{x:f64[K]}", "t.A{x:f64[K;delta]}"),
              ElementsAre("x: f64 [K] cannot be read as f64 [K] #delta: the quantities differ"));
  EXPECT_EQ(outcome("t.A{x:f32[K;delta]}", "t.A{x:f64[K;delta]}"), Outcome::adapted);
}

TEST(Assignment, skips_what_only_the_publisher_has_unless_it_must_be_understood) {
  EXPECT_EQ(outcome("t.A{x:i32, y:i32}", "t.A{x:i32}"), Outcome::adapted);
  EXPECT_THAT(refusals("t.A{x:i32, must_understand y:i32}", "t.A{x:i32}"),
              ElementsAre("y: it must be understood and is not declared here"));
}

TEST(Assignment, never_fills_what_only_the_subscriber_has_with_zero) {
  EXPECT_EQ(outcome("t.A{x:i32}", "t.A{x:i32, y:i32}"), Outcome::refused);
  const Assignment assignment = assign("t.A{x:i32}", "t.A{x:i32, y:i32=5, z:text?}");
  EXPECT_EQ(assignment.outcome(), Outcome::adapted);
  EXPECT_THAT(assignment.pairs()[0].absent, ElementsAre(1u, 2u));
}

TEST(Assignment, refuses_types_without_a_common_field) {
  EXPECT_THAT(refusals("t.A{x:i32}", "t.A{y:i32=1}"), ElementsAre(HasSubstr("no field in common")));
  EXPECT_THAT(refusals("t.A{x:i32}", "t.A{}"), ElementsAre(HasSubstr("no field in common")));
  EXPECT_EQ(outcome("t.A{}", "t.A{}"), Outcome::identical);
}

TEST(Assignment, matches_by_id_when_both_sides_have_ids_and_the_names_agree) {
  const Assignment assignment = assign("t.A{x@1:i32, y@2:i32}", "t.A{y@2:i64, x@1:i32, z@3:i32=0}");
  EXPECT_EQ(assignment.outcome(), Outcome::adapted);
  EXPECT_EQ(assignment.pairs()[0].members.size(), 2u);
  EXPECT_THAT(refusals("t.A{x@1:i32, y@2:i32}", "t.A{y@1:i32, x@2:i32}"),
              ElementsAre("x: id @1 is x there and y here", "y: id @2 is y there and x here"));
  EXPECT_THAT(refusals("t.A{x@1:i32}", "t.A{x@2:i32}"),
              ElementsAre("x: its id is @1 there and @2 here"));
}

TEST(Assignment, matches_by_name_when_one_side_has_no_ids) {
  EXPECT_EQ(outcome("t.A{x@1:i32, y@2:i32}", "t.A{y:i32, x:i32}"), Outcome::adapted);
}

TEST(Assignment, follows_an_alias_to_a_renamed_field) {
  for (const char* ids : {"", "@4"}) {
    const std::string id = ids;
    const Type old = type("t.A{temp" + id + ":f64}"), renamed = type("t.A{celsius" + id + ":f64}");
    EXPECT_EQ(Assignment::make(old, renamed).outcome(), Outcome::refused);
    std::vector<TypeNode> nodes(renamed.nodes().begin(), renamed.nodes().end());
    nodes[0].fields[0].aliases = {"temp"};
    const Assignment assignment = Assignment::make(old, *Type::make(nodes));
    EXPECT_EQ(assignment.outcome(), Outcome::adapted);
    EXPECT_THAT(assignment.differences(), ElementsAre("temp: read as celsius"));
  }
}

TEST(Assignment, keeps_keys_the_same_on_both_sides) {
  EXPECT_EQ(outcome("t.A{key k:i32, x:i32}", "t.A{key k:i32, x:i64}"), Outcome::adapted);
  EXPECT_THAT(refusals("t.A{key k:i32, x:i32}", "t.A{k:i32, x:i32}"),
              ElementsAre("k: it is a key there and none here"));
  EXPECT_THAT(refusals("t.A{key k:i32, x:i32}", "t.A{x:i32}"),
              ElementsAre("k: the key k is not read here"));
  EXPECT_THAT(refusals("t.A{x:i32}", "t.A{key k:i32=0, x:i32}"),
              ElementsAre("k: the publisher has no such key"));
  EXPECT_THAT(refusals("t.A{key k:i32}", "t.A{key k:i64}"),
              ElementsAre("k: i32 cannot be read as i64: a key keeps its type and unit"));
}

TEST(Assignment, maps_enumerations_by_symbol) {
  const Assignment assignment =
      assign("t.A{e:t.E}; enum t.E{a=1,b=2}", "t.A{e:t.E}; enum t.E{a=5,b=2,c=9}");
  EXPECT_EQ(assignment.outcome(), Outcome::adapted);
  EXPECT_THAT(assignment.pairs()[1].symbols, ElementsAre(std::pair(1, 5), std::pair(2, 2)));
}

TEST(Assignment, refuses_symbols_that_exchanged_their_values) {
  EXPECT_THAT(refusals("enum t.E{a=1,b=2,c=3}", "enum t.E{a=2,b=1,c=3}"),
              ElementsAre(": the values of a, b are exchanged"));
  EXPECT_THAT(refusals("enum t.E{a=1,b=2,c=3}", "enum t.E{a=2,b=3,c=1}"),
              ElementsAre(": the values of a, b, c are exchanged"));
  EXPECT_EQ(outcome("enum t.E{a=0,b=1,c=2}", "enum t.E{a=0,x=1,b=2,c=3}"), Outcome::adapted);
}

TEST(Assignment, keeps_an_unknown_symbol_in_an_open_enumeration_and_discards_in_a_closed_one) {
  EXPECT_EQ(outcome("enum t.E{a,b}", "enum t.E{a}"), Outcome::adapted);
  EXPECT_EQ(outcome("closed enum t.E{a,b}", "closed enum t.E{a}"), Outcome::checked);
  EXPECT_EQ(outcome("closed enum t.E{a}", "closed enum t.E{a,b}"), Outcome::adapted);
  EXPECT_EQ(outcome("enum t.E{a}", "closed enum t.E{a}"), Outcome::checked);
  EXPECT_THAT(refusals("enum t.E{a=0,b=1}", "enum t.E{a=0,c=1}"),
              ElementsAre(": the value 1 is b there and c here"));
}

TEST(Assignment, maps_unions_by_case) {
  const Assignment assignment =
      assign("union t.U{a:i8, b:text}", "union t.U{c:i32, b:text, a:i16}");
  EXPECT_EQ(assignment.outcome(), Outcome::adapted);
  ASSERT_EQ(assignment.pairs()[0].members.size(), 2u);
  EXPECT_EQ(assignment.pairs()[0].members[0].to, 2u);
  EXPECT_EQ(assignment.pairs()[0].members[0].step.conversion, Conversion::widen);
  EXPECT_EQ(outcome("union t.U{a:i8, b:text}", "union t.U{a:i8}"), Outcome::adapted);
  EXPECT_EQ(outcome("closed union t.U{a:i8, b:text}", "closed union t.U{a:i8}"), Outcome::checked);
  EXPECT_THAT(refusals("union t.U{a:i8}", "union t.U{b:i8}"),
              ElementsAre(HasSubstr("no case in common")));
}

TEST(Assignment, refuses_named_types_of_another_family) {
  EXPECT_THAT(refusals("t.A{x:t.B}; t.B{y:i32}", "t.A{x:t.C}; t.C{y:i32}"),
              ElementsAre("x: t.B cannot be read as t.C: they are different types"));
  EXPECT_THAT(refusals("t.A{y:i32}", "t.B{y:i32}"), ElementsAre(": t.A is not t.B"));
  EXPECT_THAT(refusals("t.A{x:t.B}; t.B{y:i32}", "t.A{x:t.B}; union t.B{y:i32}"),
              ElementsAre("x: the struct t.B cannot be read as the union t.B"));
}

TEST(Assignment, follows_recursion_once_per_pair) {
  const Assignment assignment = assign("t.T{v:i8, l:t.T?, m:list<t.U>}; t.U{t:map<text, t.T>}",
                                       "t.T{v:i16, l:t.T?, m:list<t.U>}; t.U{t:map<text, t.T>}");
  EXPECT_EQ(assignment.outcome(), Outcome::adapted);
  ASSERT_EQ(assignment.pairs().size(), 2u);
  EXPECT_EQ(assignment.pairs()[0].members[1].step.arguments[0].pair, 0u);
  EXPECT_EQ(assignment.pairs()[1].members[0].step.arguments[1].pair, 0u);
  EXPECT_THAT(refusals("t.T{v:i16, l:t.T?}", "t.T{v:i8, l:t.T?}"),
              ElementsAre("v: i16 cannot be read as i8: large numbers do not fit"));
}

TEST(Assignment, tells_people_what_differs) {
  EXPECT_THAT(
      assign("t.A{x:i8, y:i32, d:i32=1}", "t.A{x:i32, z:text?, d:i32=2, e:f64=1.5}").differences(),
      ElementsAre("x: i8 read as i32", "y: not read here", "d: default 1 there, 2 here",
                  "z: not published, reads as none", "e: not published, reads as its default 1.5"));
  EXPECT_THAT(assign("t.A{x:i8, y:i32}", "t.A{y:i32, x:i8}").differences(),
              ElementsAre(HasSubstr("order")));
}

TEST(Assignment, survives_deep_chains_of_types) {
  std::string text;
  for (int i = 0; i < 255; ++i) {
    text += "t.N" + std::to_string(i) + "{x:";
    for (int k = 0; k < 31; ++k) text += "list<";
    text += "t.N" + std::to_string(i + 1) + std::string(31, '>') + "}\n";
  }
  text += "t.N255{x:i8}";
  std::string wide = text;
  wide.replace(wide.size() - 3, 2, "i16");
  const Type p = type(text), s = type(wide);
  EXPECT_EQ(Assignment::make(p, s).outcome(), Outcome::adapted);
  EXPECT_EQ(Assignment::make(s, p).outcome(), Outcome::refused);
}

TEST(Assignment, converts_units_in_one_step_and_says_so) {
  const Assignment assignment =
      assign("t.A{x:f64[[degF]], y:list<f32>[bar]}", "t.A{x:f64[Cel], y:list<f64>[kPa]}");
  EXPECT_EQ(assignment.outcome(), Outcome::adapted);
  EXPECT_TRUE(assignment.converts_units());
  EXPECT_THAT(assignment.differences(),
              ElementsAre("x: [[degF]] read as [Cel]: (x - 32)*5/9", "y[]: f32 read as f64",
                          "y: [bar] read as [kPa]: x*100"));
  const Assignment same = assign("t.A{x:f64[m/s]}", "t.A{x:f64[m.s-1]}");
  EXPECT_EQ(same.outcome(), Outcome::adapted);
  EXPECT_FALSE(same.converts_units());
}

TEST(Assignment, converts_differences_without_the_offset) {
  const Assignment assignment = assign("t.A{x:f64[[degF];delta]}", "t.A{x:f64[K;delta]}");
  ASSERT_EQ(assignment.units().size(), 1u);
  EXPECT_EQ(assignment.units()[0].text, "x*5/9");
  EXPECT_EQ(outcome("t.A{x:f64[Cel]}", "t.A{x:f64[K;delta]}"), Outcome::refused);
  EXPECT_EQ(outcome("t.A{x:f64[J;torque]}", "t.A{x:f64[J;energy]}"), Outcome::refused);
  EXPECT_EQ(outcome("t.A{x:f64[N.m]}", "t.A{x:f64[J]}"), Outcome::refused);
  EXPECT_EQ(outcome("t.A{x:f64[N.m;energy]}", "t.A{x:f64[J;energy]}"), Outcome::adapted);
}

TEST(Assignment, converts_integers_only_by_whole_factors) {
  EXPECT_EQ(outcome("t.A{x:i32[m]}", "t.A{x:i32[mm]}"), Outcome::checked);
  EXPECT_EQ(outcome("t.A{x:i32[m]}", "t.A{x:i64[mm]}"), Outcome::adapted);
  EXPECT_EQ(outcome("t.A{x:i32[mm]}", "t.A{x:f64[m]}"), Outcome::adapted);
  const auto refused = assign("t.A{x:i32[mm]}", "t.A{x:i32[m]}").refusals();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].text(),
            "x: i32 [mm] cannot be read as i32 [m]: would round (try: declare f64 [m] here)");
  EXPECT_THAT(refusals("t.A{x:decimal[mm]}", "t.A{x:decimal[m]}"),
              ElementsAre(HasSubstr("a decimal keeps its unit")));
  EXPECT_EQ(outcome("t.A{x:i64[ns]}", "t.A{x:duration}"), Outcome::refused);
}

TEST(Assignment, takes_a_unit_of_one_side_for_both_when_lenient) {
  const Type bare = type("t.A{x:f64}"), unit = type("t.A{x:f64[Cel]}");
  for (const auto& [p, s] : {std::pair{bare, unit}, std::pair{unit, bare}}) {
    EXPECT_EQ(Assignment::make(p, s).outcome(), Outcome::refused);
    const Assignment lenient = Assignment::make(p, s, {.lenient_units = true});
    EXPECT_EQ(lenient.outcome(), Outcome::adapted);
    EXPECT_THAT(lenient.differences(), ElementsAre(HasSubstr("taken as [Cel]")));
  }
  EXPECT_EQ(Assignment::make(type("t.A{x:f64[m]}"), unit, {.lenient_units = true}).outcome(),
            Outcome::refused);
}

TEST(Assignment, narrows_only_where_the_field_asks_for_it) {
  for (const auto& [from, to] :
       {std::pair{"i32", "i8"}, std::pair{"i8", "u8"}, std::pair{"u64", "i64"},
        std::pair{"i64", "f64"}, std::pair{"i32", "f32"}, std::pair{"f64", "f32"}}) {
    EXPECT_EQ(outcome("t.A{x:" + std::string(from) + "}", "t.A{x:" + std::string(to) + "}"),
              Outcome::refused);
    EXPECT_EQ(outcome("t.A{x:" + std::string(from) + "}", "t.A{narrow x:" + std::string(to) + "}"),
              Outcome::checked);
  }
  EXPECT_EQ(outcome("t.A{x:f64}", "t.A{narrow x:i64}"), Outcome::refused);
  EXPECT_EQ(outcome("t.A{x:text}", "t.A{narrow x:i64}"), Outcome::refused);
  EXPECT_EQ(outcome("t.A{x:i8?}", "t.A{narrow x:i8}"), Outcome::checked);
  EXPECT_THAT(assign("t.A{x:i32}", "t.A{narrow use_default x:i8=0}").differences(),
              testing::Contains("x: i32 read as i8: what does not fit reads as the default here"));
}

TEST(Assignment, cuts_arrays_and_lists_only_where_the_field_asks_for_it) {
  EXPECT_EQ(outcome("t.A{x:array<i8,3>}", "t.A{x:array<i8,2>}"), Outcome::refused);
  EXPECT_EQ(outcome("t.A{x:array<i8,3>}", "t.A{trim x:array<i8,2>}"), Outcome::adapted);
  EXPECT_EQ(outcome("t.A{x:array<i8,2>}", "t.A{trim x:array<i8,3>}"), Outcome::refused);
  EXPECT_EQ(outcome("t.A{x:list<i8>}", "t.A{trim x:array<i8,2>}"), Outcome::checked);
}

TEST(Assignment, matches_by_shape_whatever_the_names_only_what_is_evident) {
  const auto shape = [](const char* p, const char* s) {
    return Assignment::make(type(p), type(s), {.shape = true});
  };
  EXPECT_EQ(shape("a.T{t:f64[[degF]], n:i32}", "b.U{t:f64[Cel]}").outcome(), Outcome::adapted);
  EXPECT_EQ(shape("a.T{t:f64, n:i32}", "b.U{t:f64}").outcome(), Outcome::adapted);
  EXPECT_THAT(shape("a.T{t:f32}", "b.U{t:f64}").refusals()[0].reason, HasSubstr("another name"));
  EXPECT_EQ(shape("a.T{t:f32}", "a.T{t:f64}").outcome(), Outcome::adapted);
  EXPECT_EQ(shape("a.T{s:a.S}; a.S{x:i8}", "b.U{s:b.S}; b.S{x:i8}").outcome(), Outcome::adapted);
  EXPECT_EQ(shape("a.T{s:a.S}; a.S{x:i8}", "b.U{s:b.S}; b.S{x:i16}").outcome(), Outcome::refused);
  EXPECT_EQ(shape("a.T{e:a.E}; enum a.E{x,y}", "b.U{e:b.E}; enum b.E{x,y,z}").outcome(),
            Outcome::adapted);
  EXPECT_EQ(shape("a.T{e:a.E}; enum a.E{x,y}", "b.U{e:b.E}; enum b.E{x}").outcome(),
            Outcome::refused);
  EXPECT_EQ(shape("a.T{x:i8}", "enum b.U{x}").outcome(), Outcome::refused);
}

TEST(Diff, shows_members_of_both_sides) {
  EXPECT_EQ(diff(type("t.A{x:f64[bar], y:i32, e:t.E}; enum t.E{a}"),
                 type("t.A{x:i32[kPa], y:i32, z:text, e:t.E}; enum t.E{a,b}")),
            "  t.A {\n"
            "-   x : f64 [bar]\n"
            "+   x : i32 [kPa]\n"
            "    y : i32\n"
            "    e : t.E\n"
            "+   z : text\n"
            "  }\n"
            "\n"
            "  enum t.E {\n"
            "    a = 0\n"
            "+   b = 1\n"
            "  }\n");
}

TEST(Diff, is_empty_for_identical_types_and_shows_types_of_one_side) {
  EXPECT_EQ(diff(type("t.A{x:i32}"), type("t.A{x:i32}")), "");
  EXPECT_EQ(diff(type("t.A{x:t.B}; t.B{y:i8}"), type("t.A{x:t.C}; t.C{}")),
            "  t.A {\n-   x : t.B\n+   x : t.C\n  }\n\n- t.B {\n-   y : i8\n- }\n\n+ t.C {\n+ }\n");
  EXPECT_THAT(diff(type("t.A{x:i8,y:i8}"), type("t.A{y:i8,x:i8}")), HasSubstr("in another order"));
}

}  // namespace
}  // namespace dts
