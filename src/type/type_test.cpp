#include <dts/type.hpp>

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <type/random_type.hpp>
#include <type/rules.hpp>

namespace dts {
namespace {

using testing::HasSubstr;

TypeRef scalar(Kind kind) { return {kind, 0, 0, {}}; }
TypeRef reference(std::uint32_t node) { return {Kind::reference, 0, node, {}}; }
TypeRef list_of(TypeRef element) { return {Kind::list, 0, 0, {std::move(element)}}; }
TypeRef array_of(TypeRef element, std::uint32_t length) {
  return {Kind::array, length, 0, {std::move(element)}};
}

Field field(std::string name, TypeRef type) {
  Field f;
  f.name = std::move(name);
  f.type = std::move(type);
  return f;
}

TypeNode structure(std::string name, std::vector<Field> fields) {
  TypeNode node;
  node.name = std::move(name);
  node.fields = std::move(fields);
  return node;
}

std::string refusal(const std::vector<TypeNode>& nodes) {
  const auto type = Type::make(nodes);
  return type ? "accepted" : type.error().text();
}

TEST(Type, orders_nodes_by_name_with_the_root_first_and_drops_the_unreached) {
  const auto type =
      Type::make({structure("m", {field("a", reference(3)), field("b", reference(2))}),
                  structure("unreached", {}), structure("z", {}), structure("a", {})});
  ASSERT_TRUE(type.ok()) << type.error().text();
  ASSERT_EQ(type->nodes().size(), 3u);
  EXPECT_EQ(type->name(), "m");
  EXPECT_EQ(type->nodes()[1].name, "a");
  EXPECT_EQ(type->nodes()[2].name, "z");
  EXPECT_EQ(type->root().fields[0].type.node, 1u);
  EXPECT_EQ(type->root().fields[1].type.node, 2u);
}

TEST(Type, is_the_same_whatever_the_order_of_members_with_ids) {
  const auto a = Type::parse("t.A{x@2:i32, y@1:f64}"), b = Type::parse("t.A{y@1:f64, x@2:i32}");
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->id(), b->id());
  EXPECT_EQ(*a, *b);
}

TEST(Type, differs_in_everything_that_changes_the_meaning_of_a_value) {
  const std::vector<std::string> notations{"t.A{x:i32}",
                                           "t.B{x:i32}",
                                           "t.A{y:i32}",
                                           "t.A{x@1:i32}",
                                           "t.A{x@2:i32}",
                                           "t.A{x:i64}",
                                           "t.A{x:i32?}",
                                           "t.A{x:i32[m]}",
                                           "t.A{x:i32[km]}",
                                           "t.A{x:i32[m;delta]}",
                                           "t.A{x:i32=1}",
                                           "t.A{x:i32=2}",
                                           "t.A{key x:i32}",
                                           "t.A{x:list<i32>}",
                                           "t.A{x:array<i32,2>}",
                                           "t.A{x:array<i32,3>}",
                                           "t.A{x:i32,y:u8}",
                                           "t.A{y:u8,x:i32}",
                                           "t.A{must_understand x:i32}",
                                           "enum t.A{x=0}",
                                           "enum t.A{x=1}",
                                           "closed enum t.A{x=0}",
                                           "enum t.A{y=0}",
                                           "union t.A{x:i32}",
                                           "closed union t.A{x:i32}",
                                           "t.A{x:t.E}; enum t.E{a=0}",
                                           "t.A{x:t.E}; enum t.E{a=1}"};
  std::vector<TypeId> ids;
  for (const std::string& notation : notations) {
    const auto type = Type::parse(notation);
    ASSERT_TRUE(type.ok()) << type.error().text();
    EXPECT_EQ(std::count(ids.begin(), ids.end(), type->id()), 0) << notation;
    ids.push_back(type->id());
  }
}

TEST(Type, is_the_same_whatever_its_docs_and_aliases) {
  Field plain = field("x", scalar(Kind::i32)), described = plain;
  described.doc = "a doc";
  described.aliases = {"old"};
  EXPECT_EQ(*Type::make({structure("t.A", {plain})}), *Type::make({structure("t.A", {described})}));
}

TEST(Type, gives_each_named_type_its_own_closure) {
  const auto type = Type::parse("t.A{b:list<t.B>, e:t.E}; t.B{a:t.A?, c:t.C}; t.C{}; enum t.E{x}");
  ASSERT_TRUE(type.ok()) << type.error().text();
  const Type b = type->at(1);
  EXPECT_EQ(b.name(), "t.B");
  EXPECT_EQ(b.nodes().size(), 4u);
  EXPECT_EQ(b, *Type::from_document(b.document()));
  EXPECT_EQ(type->at(2).nodes().size(), 1u);
  EXPECT_EQ(type->at(0), *type);
}

TEST(Type, refuses_bad_names) {
  EXPECT_THAT(refusal({structure("9a", {})}), HasSubstr("E1102"));
  EXPECT_THAT(refusal({structure("a..b", {})}), HasSubstr("E1102"));
  EXPECT_THAT(refusal({structure("", {})}), HasSubstr("E1102"));
  EXPECT_THAT(refusal({structure("list", {})}), HasSubstr("my.list"));
  EXPECT_THAT(refusal({structure(std::string(256, 'a'), {})}), HasSubstr("E1102"));
  EXPECT_THAT(refusal({structure("a.\xc3\xa9", {})}), HasSubstr("E1102"));
  EXPECT_THAT(refusal({structure("a", {field("b.c", scalar(Kind::i8))})}), HasSubstr("E1102"));
  EXPECT_TRUE(is_type_name("a.list") && is_type_name("_") && is_type_name("A9.b_"));
  EXPECT_FALSE(is_type_name("a.") || is_type_name(".a") || is_type_name("a b"));
}

TEST(Type, refuses_duplicates) {
  const TypeRef i8 = scalar(Kind::i8);
  EXPECT_THAT(refusal({structure("a", {field("x", i8), field("x", i8)})}), HasSubstr("a.x"));
  EXPECT_THAT(refusal({structure("a", {field("x", reference(1))}), structure("a", {})}),
              HasSubstr("defined twice"));
  Field one = field("x", i8), other = field("y", i8);
  one.id = other.id = 4;
  EXPECT_THAT(refusal({structure("a", {one, other})}), HasSubstr("@4 is there twice"));
  other.id.reset();
  EXPECT_THAT(refusal({structure("a", {one, other})}), HasSubstr("some have none"));
}

TEST(Type, refuses_a_struct_that_contains_itself_directly) {
  EXPECT_THAT(refusal({structure("a", {field("x", reference(0))})}), HasSubstr("never end"));
  EXPECT_THAT(refusal({structure("a", {field("x", array_of(reference(1), 2))}),
                       structure("b", {field("y", reference(0))})}),
              HasSubstr("never end"));
  EXPECT_EQ(refusal({structure("a", {field("x", list_of(reference(0)))})}), "accepted");
}

TEST(Type, refuses_what_would_take_all_memory) {
  std::vector<TypeNode> doubling;  // each struct holds the next one twice
  for (std::uint32_t i = 0; i < 64; ++i) {
    doubling.push_back(structure("n" + std::to_string(i), {}));
    if (i == 63) break;
    doubling.back().fields = {field("a", reference(i + 1)), field("b", reference(i + 1))};
  }
  EXPECT_THAT(refusal(doubling), HasSubstr("scalars directly"));
  EXPECT_THAT(refusal({structure(
                  "a", {field("x", array_of(array_of(scalar(Kind::u8), 1 << 20), 1 << 20))})}),
              HasSubstr("scalars directly"));
  EXPECT_THAT(refusal({structure("a", {field("x", array_of(scalar(Kind::u8), 0))})}),
              HasSubstr("length"));
}

TEST(Type, keeps_within_its_limits) {
  TypeRef deep = scalar(Kind::i8);
  for (int i = 0; i < 31; ++i) deep = list_of(deep);
  EXPECT_EQ(refusal({structure("a", {field("x", deep)})}), "accepted");
  EXPECT_THAT(refusal({structure("a", {field("x", list_of(deep))})}), HasSubstr("too deep"));

  std::vector<Field> many;
  for (int i = 0; i < 4097; ++i) many.push_back(field("f" + std::to_string(i), scalar(Kind::i8)));
  EXPECT_THAT(refusal({structure("a", many)}), HasSubstr("4096 members"));
  many.pop_back();
  EXPECT_EQ(refusal({structure("a", many)}), "accepted");

  for (Field& f : many) f.name += std::string(20, 'x');
  EXPECT_THAT(refusal({structure("a", many)}), HasSubstr("E1106"));

  std::vector<TypeNode> chain;
  for (std::uint32_t i = 0; i < 257; ++i) {
    chain.push_back(structure("n" + std::to_string(i), {}));
    if (i < 256) chain.back().fields = {field("next", reference(i + 1))};
  }
  EXPECT_THAT(refusal(chain), HasSubstr("256 named types"));
  chain.erase(chain.begin());
  for (TypeNode& node : chain) {
    if (!node.fields.empty()) --node.fields[0].type.node;
  }
  EXPECT_EQ(refusal(chain), "accepted");
}

TEST(Type, refuses_malformed_nodes) {
  EXPECT_THAT(refusal({}), HasSubstr("root"));
  EXPECT_THAT(refusal({structure("a", {field("x", reference(1))})}), HasSubstr("not there"));
  EXPECT_THAT(refusal({structure("a", {field("x", scalar(Kind::list))})}),
              HasSubstr("element type"));
  EXPECT_THAT(refusal({structure("a", {field("x", scalar(static_cast<Kind>(18)))})}),
              HasSubstr("no such kind"));
  EXPECT_THAT(refusal({structure("a", {field("x", scalar(Kind::structure))})}),
              HasSubstr("no such kind"));
  TypeNode odd = structure("a", {});
  odd.kind = Kind::list;
  EXPECT_THAT(refusal({odd}), HasSubstr("struct, an enum or a union"));
  odd.kind = Kind::enumeration;
  EXPECT_THAT(refusal({odd}), HasSubstr("one symbol"));
  odd.kind = Kind::union_;
  EXPECT_THAT(refusal({odd}), HasSubstr("one case"));
}

TEST(Type, refuses_a_default_that_is_not_one_canonical_value) {
  const auto with = [](Kind kind, Bytes bytes) {
    Field f = field("x", scalar(kind));
    f.default_value = std::move(bytes);
    return refusal({structure("a", {f})});
  };
  EXPECT_EQ(with(Kind::i8, {0x17}), "accepted");
  EXPECT_THAT(with(Kind::i8, {0x18, 0x17}), HasSubstr("a.x"));     // not the shortest
  EXPECT_THAT(with(Kind::i8, {0x18, 0x80}), HasSubstr("a.x"));     // 128
  EXPECT_THAT(with(Kind::i8, {0x17, 0x17}), HasSubstr("follow"));  // two values
  EXPECT_THAT(with(Kind::i8, {}), HasSubstr("a.x"));
  EXPECT_THAT(with(Kind::u8, {0x20}), HasSubstr("a.x"));                     // -1
  EXPECT_THAT(with(Kind::f32, {0xfa, 0x7f, 0xc0, 0, 1}), HasSubstr("a.x"));  // another NaN
  EXPECT_EQ(with(Kind::f32, {0xfa, 0x7f, 0xc0, 0, 0}), "accepted");
  EXPECT_THAT(with(Kind::text, {0x61, 0xff}), HasSubstr("a.x"));  // not UTF-8
  EXPECT_THAT(with(Kind::any, {0xf6}), HasSubstr("any has no default"));
}

TEST(Type, refuses_units_where_there_is_no_number_and_units_that_are_none) {
  Field f = field("x", scalar(Kind::text));
  f.unit = "Cel";
  EXPECT_THAT(refusal({structure("a", {f})}), HasSubstr("only numbers"));
  f.type = scalar(Kind::f64);
  f.unit =
      "\xc2\xb0"
      "C";
  EXPECT_THAT(refusal({structure("a", {f})}), HasSubstr("UCUM"));
  EXPECT_TRUE(is_unit("[degF]") && is_unit("m[H2O]") && is_unit("10*3/uL"));
  EXPECT_FALSE(is_unit("]m[") || is_unit("") || is_unit("a b") || is_unit("[") || is_unit("m;s"));
}

TEST(Type, round_trips_every_random_type_through_its_document) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const auto type = Type::make(RandomType(seed).nodes());
    ASSERT_TRUE(type.ok()) << "seed " << seed << ": " << type.error().text();
    const auto again = Type::from_document(type->document());
    ASSERT_TRUE(again.ok()) << "seed " << seed << ": " << again.error().text();
    ASSERT_EQ(again->id(), type->id()) << "seed " << seed;
    ASSERT_TRUE(std::ranges::equal(again->document(), type->document()));
  }
}

TEST(Type, knows_the_family_of_the_research_vector) {
  EXPECT_EQ(family_of("wx.Reading").hex(), "f66b5c50016a532e");
}

}  // namespace
}  // namespace dts
