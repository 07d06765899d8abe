// Layouts of types learned at run time, and the containers behind them.
#include <cstring>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dts/layout.hpp>
#include <dts/value.hpp>

namespace dts {
namespace {

Type parse(std::string_view notation) {
  Result<Type> type = Type::parse(notation);
  EXPECT_TRUE(type) << type.error().text();
  return type.value();
}

LayoutPtr layout(std::string_view notation) { return Layout::of(parse(notation)).value(); }

constexpr std::string_view everything =
    "a.All { flag : bool, small : i8, wide : u64, ratio : f32, name : text, raw : bytes, at : "
    "time, price : decimal, other : any, state : a.State, names : list<text>, grid : array<array<"
    "i16, 2>, 3>, by_name : map<text, a.Point>, by_state : map<a.State, i32>, maybe : "
    "optional<i32>, note : optional<text>, point : optional<a.Point>, command : a.Command, deep : "
    "list<list<i32>>, nested : a.Point }"
    "enum a.State { idle = 0, busy = 1 }"
    "a.Point { x : f64, label : text }"
    "union a.Command { go : a.Point, stop : bool, say : text }";

Value filled() {
  Value value = Value::of(parse(everything)).value();
  for (const auto& [path, text] : std::vector<std::pair<const char*, const char*>>{
           {"flag", "true"},
           {"small", "-7"},
           {"wide", "18446744073709551615"},
           {"ratio", "1.5"},
           {"name", "a text that is too long for the small buffer of a string"},
           {"raw", "0x0102"},
           {"at", "2026-11-22T10:00:00Z"},
           {"price", "12.50"},
           {"state", "busy"},
           {"names.0", "another text that is too long for the small buffer"},
           {"names.1", "b"},
           {"grid.2.1", "9"},
           {"by_name.origin.label", "zero"},
           {"by_name.far.x", "99"},
           {"by_state.busy", "3"},
           {"maybe", "4"},
           {"note", "noted"},
           {"point.x", "1.25"},
           {"command.go.label", "home"},
           {"deep.0.0", "1"},
           {"deep.0.1", "2"},
           {"nested.label", "inside"}}) {
    const Result<void> set = value.set(path, text);
    EXPECT_TRUE(set) << set.error().text();
  }
  return value;
}

TEST(DynamicLayout, lays_scalars_out_as_cpp_does) {
  const LayoutPtr all = layout("a.B { a : bool, b : i64, c : u8, d : f32, e : text }");
  struct Same {
    bool a;
    std::int64_t b;
    std::uint8_t c;
    float d;
    std::string e;
  };
  EXPECT_EQ(all->fields[1].offset, offsetof(Same, b));
  EXPECT_EQ(all->fields[2].offset, offsetof(Same, c));
  EXPECT_EQ(all->fields[3].offset, offsetof(Same, d));
  EXPECT_EQ(all->fields[4].offset, offsetof(Same, e));
  EXPECT_EQ(all->size, sizeof(Same));
  EXPECT_EQ(all->align, alignof(Same));
}

TEST(DynamicLayout, is_trivial_when_all_of_it_is) {
  const LayoutPtr plain = layout("a.B { a : bool, b : array<i64, 4>, c : optional<f64> }");
  EXPECT_EQ(plain->functions.construct, nullptr);
  EXPECT_EQ(plain->functions.destroy, nullptr);
  EXPECT_EQ(plain->functions.copy, nullptr);
  EXPECT_EQ(plain->functions.move, nullptr);
}

TEST(DynamicLayout, outlives_its_pieces_through_one_pointer) {
  LayoutPtr all = layout(everything);
  const Layout* point = all->fields[19].layout;
  ASSERT_EQ(point->type.name(), "a.Point");
  LayoutPtr inner(all, point);  // shares the ownership of the whole
  all.reset();
  Value value(inner);
  ASSERT_TRUE(value.set("label", "still here"));
  EXPECT_EQ(value.text("label").value(), "still here");
}

TEST(DynamicLayout, copies_deeply) {
  const Value original = filled();
  Value copy = original;
  EXPECT_EQ(copy, original);
  ASSERT_TRUE(copy.set("by_name.origin.label", "changed"));
  EXPECT_FALSE(copy == original);
  EXPECT_EQ(original.text("by_name.origin.label").value(), "zero");
}

TEST(DynamicLayout, moves_and_leaves_something_valid) {
  const Value expected = filled();
  Value from = filled();
  const Layout& all = from.layout();
  void* memory = ::operator new(all.size);
  all.move(memory, from.data());
  EXPECT_TRUE(equal(all, memory, expected.data()));
  all.destroy(memory);
  ::operator delete(memory);
  EXPECT_TRUE(from.set("names.0", "again"));
  EXPECT_EQ(from.text("names.0").value(), "again");
}

TEST(DynamicLayout, grows_and_shrinks_lists) {
  Value value = filled();
  const Place names = value.at("names").value();
  const LayoutFunctions& functions = names.layout->functions;
  const void* first = functions.resize(*names.layout, names.pointer, 1000);
  EXPECT_EQ(functions.elements(*names.layout, names.pointer), first);
  EXPECT_EQ(value.text("names.1").value(), "b");
  EXPECT_EQ(value.text("names.999").value(), "");
  functions.resize(*names.layout, names.pointer, 1);
  EXPECT_EQ(functions.count(*names.layout, names.pointer), 1u);
  functions.resize(*names.layout, names.pointer, 2);
  EXPECT_EQ(value.text("names.1").value(), "");
}

TEST(DynamicLayout, keeps_map_entries_sorted_and_once) {
  Value value = filled();
  const Place map = value.at("by_name").value();
  const LayoutFunctions& functions = map.layout->functions;
  void* cursor = nullptr;
  const void* key;
  const void* content;
  std::vector<std::string> keys;
  while (functions.map_next(*map.layout, map.pointer, &cursor, &key, &content)) {
    keys.push_back(to_text(*map.layout->key, key));
    EXPECT_EQ(functions.map_find(*map.layout, map.pointer, key), content);
    EXPECT_EQ(functions.map_insert(*map.layout, map.pointer, key), nullptr);
  }
  EXPECT_THAT(keys, testing::ElementsAre("far", "origin"));
  functions.map_clear(*map.layout, map.pointer);
  EXPECT_EQ(functions.map_count(*map.layout, map.pointer), 0u);
}

TEST(DynamicLayout, orders_negative_keys_before_positive_ones) {
  Value value = Value::of(parse("a.B { m : map<i8, i32> }")).value();
  ASSERT_TRUE(value.set("m.5", 1));
  ASSERT_TRUE(value.set("m.-3", 2));
  const Place map = value.at("m").value();
  void* cursor = nullptr;
  const void* key;
  const void* content;
  ASSERT_TRUE(map.layout->functions.map_next(*map.layout, map.pointer, &cursor, &key, &content));
  EXPECT_EQ(to_text(*map.layout->key, key), "-3");
}

TEST(DynamicLayout, changes_the_case_of_a_union) {
  Value value = filled();
  const Place command = value.at("command").value();
  const LayoutFunctions& functions = command.layout->functions;
  EXPECT_EQ(functions.which(*command.layout, command.pointer), 0u);
  ASSERT_TRUE(value.set("command.say", "hello"));
  EXPECT_EQ(functions.which(*command.layout, command.pointer), 2u);
  EXPECT_EQ(functions.choose(*command.layout, command.pointer, Layout::no_case), nullptr);
  EXPECT_EQ(functions.which(*command.layout, command.pointer), Layout::no_case);
  EXPECT_EQ(functions.held(*command.layout, command.pointer), nullptr);
}

TEST(DynamicLayout, recurs_through_optionals_lists_maps_and_unions) {
  Value value = Value::of(parse("a.Node { left : optional<a.Node>, rest : list<a.Node>, named : "
                                "map<text, a.Node>, either : a.Either, n : i32 }"
                                "union a.Either { node : a.Node, none : bool }"))
                    .value();
  for (const char* path : {"left.left.rest.0.n", "named.x.left.n", "either.node.either.node.n"}) {
    ASSERT_TRUE(value.set(path, 7)) << path;
    EXPECT_EQ(value.integer(path).value(), 7);
  }
  const Value copy = value;
  EXPECT_EQ(copy, value);
}

TEST(DynamicLayout, holds_deep_values_without_trouble) {
  Value value = Value::of(parse("a.List { next : optional<a.List>, n : i32 }")).value();
  std::string path = "n";
  for (int i = 0; i < 60; ++i) path.insert(0, "next.");
  ASSERT_TRUE(value.set(path, 1));
  EXPECT_EQ(value.integer(path).value(), 1);
}

TEST(DynamicLayout, refuses_arrays_that_multiply_beyond_its_limit) {
  const Result<LayoutPtr> result =
      Layout::of(parse("a.B { x : array<array<array<text, 100>, 100>, 100> }"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::too_large);
  EXPECT_THAT(result.error().text(), testing::HasSubstr("list<T>"));
  const Result<Value> value = Value::of(parse("a.B { x : array<f64, 1000000> }"));
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code(), ErrorCode::too_large);
}

TEST(DynamicLayout, refuses_structs_whose_arrays_add_up_beyond_its_limit) {
  std::string notation = "a.B {";
  for (int i = 0; i < 20; ++i) notation += " x" + std::to_string(i) + " : array<u64, 10000>,";
  ASSERT_FALSE(Layout::of(parse(notation + " }")));
  EXPECT_TRUE(Layout::of(parse("a.B { x : list<array<u8, 1000000>> }")));
}

TEST(DynamicLayout, refuses_an_empty_type) { EXPECT_FALSE(Layout::of(Type())); }

}  // namespace
}  // namespace dts
