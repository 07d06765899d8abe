// Declaring C++ types: what is reflected, where it lies, and how its containers behave.
#include <dts/declare.hpp>

#include <cstddef>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using dts::Kind;
using dts::Layout;
using dts::layout_of;
using dts::type_of;

template <class T>
const dts::LayoutField& field(std::string_view name) {
  const Layout& layout = layout_of<T>();
  const auto& fields = layout.type.root().fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return layout.fields[i];
  }
  std::abort();
}

enum class State : std::uint8_t { idle, heating, cooling = 7 };
enum Legacy { low = 1, high = 1000 };
enum class Wide : std::int64_t { far = -100, near = 100 };

struct Foreign {
  int x;
  int y;
};

struct Scalars {
  dts::Time first;  // the name of the namespace is used before the member of the same name
  bool flag = true;
  std::int8_t a;
  std::int16_t b;
  std::int32_t c = 5;
  long d;
  std::uint8_t e;
  std::uint16_t f;
  unsigned g;
  std::size_t h;
  float i;
  double j;
  std::string text = "x";
  dts::Bytes bytes;
  dts::Duration duration;
  dts::Decimal decimal;
  dts::Any any;
  long long last;
  static constexpr auto dts = dts::type("test.Scalars").doc("all of them");
};

struct Numbered {
  std::string note;
  double celsius;
  std::int32_t tank;
  static constexpr auto dts =
      dts::type("test.Numbered", dts::field(&Numbered::note).id(9).doc("why").alias("remark"),
                dts::field(&Numbered::celsius).id(2).unit("Cel").quantity("delta"),
                dts::field(&Numbered::tank).id(4).key().must_understand());
};

struct Node {
  std::vector<Node> children;
  std::unique_ptr<Node> next;
  std::map<std::string, Node> named;
  int depth = 0;
  static constexpr auto dts = dts::type("test.Node");
};

struct Heat {
  double to;
  static constexpr auto dts = dts::type("test.Heat");
};
using Command = dts::Union<"test.Command", dts::Case<"heat", Heat>, dts::Case<"stop", bool>,
                           dts::Case<"label", std::string>>;
using Number = std::variant<std::monostate, std::int64_t, std::string>;
using Closed = std::variant<bool, double>;

struct Everything {
  std::array<double, 3> position;
  std::array<std::array<std::uint8_t, 2>, 2> grid;
  std::vector<std::string> names;
  dts::List<std::uint8_t> octets;
  dts::List<bool> flags;
  std::map<std::int32_t, std::string> by_number;
  std::unordered_map<State, double> by_state;
  std::optional<std::string> note;
  std::unique_ptr<Heat> heat;
  std::vector<std::unique_ptr<Heat>> heats;
  std::optional<std::vector<Foreign>> points;
  Command command;
  Number number;
  Closed closed;
  State state;
  Legacy legacy;
  Wide wide;
  Foreign nested;
  static constexpr auto dts = dts::type("test.Everything");
};

class Private : public Foreign {
 public:
  Private() = default;
  int level() const { return level_; }
  DTS_DESCRIBE(Private, "test.Private", level_, x, label);
  std::string label = "none";

 private:
  int level_ = 3;
};

struct Renamed {
  int a;
  double skipped = 7;
  int b;
  static constexpr auto dts = dts::type("test.Renamed", dts::field("first", &Renamed::a).unit("m"),
                                        dts::field("second", &Renamed::b));
};

struct Nothing {
  static constexpr auto dts = dts::type("test.Nothing");
};

struct Defaults {
  bool flag;
  std::int32_t count;
  std::uint64_t big;
  float ratio;
  double celsius;
  std::string text;
  dts::Bytes bytes;
  dts::Duration every;
  State state;
  std::optional<int> maybe;
  std::optional<int> none;
  std::array<std::int16_t, 2> pair;
  Foreign point;
  Command command;
  std::int32_t required;
  static constexpr auto dts =
      dts::type("test.Defaults", dts::field(&Defaults::flag).default_value(true),
                dts::field(&Defaults::count).default_value(-5),
                dts::field(&Defaults::big).default_value(std::numeric_limits<std::uint64_t>::max()),
                dts::field(&Defaults::ratio).default_value(0.5F),
                dts::field(&Defaults::celsius).default_value(18.5),
                dts::field(&Defaults::text).default_value("tank"),
                dts::field(&Defaults::every).default_value(std::chrono::milliseconds(500)),
                dts::field(&Defaults::state).default_value(State::heating),
                dts::field(&Defaults::maybe).default_value(4),
                dts::field(&Defaults::none).default_value(std::nullopt),
                dts::field(&Defaults::pair).default_value(std::array<std::int16_t, 2>{1, -2}),
                dts::field(&Defaults::point).default_value(Foreign{1, 2}),
                dts::field(&Defaults::command).default_value(Heat{65}));
};

// 64 fields, the most there can be.
struct Large {
  int f00, f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, f12, f13, f14, f15;
  int f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31;
  int f32, f33, f34, f35, f36, f37, f38, f39, f40, f41, f42, f43, f44, f45, f46, f47;
  int f48, f49, f50, f51, f52, f53, f54, f55, f56, f57, f58, f59, f60, f61, f62, last;
  static constexpr auto dts = dts::type("test.Large");
};

template <class T>
struct Reading {
  T value;
  static constexpr auto dts = dts::type("test.Reading", dts::field(&Reading::value).unit("m"));
};

}  // namespace

template <>
inline constexpr auto dts::describe<State> = dts::type("test.State");
template <>
inline constexpr auto dts::describe<Legacy> =
    dts::type("test.Legacy", dts::symbol(low, "low"), dts::symbol(high, "HIGH").doc("much"))
        .closed();
template <>
inline constexpr auto dts::describe<Wide> = dts::type("test.Wide");
template <>
inline constexpr auto dts::describe<Foreign> =
    dts::type("test.Foreign", dts::field(&Foreign::x).unit("m"));
template <>
inline constexpr auto dts::describe<Number> =
    dts::type("test.Number", dts::alternative("whole").id(1),
              dts::alternative("spelt").id(2).doc("in words"));
template <>
inline constexpr auto dts::describe<Closed> =
    dts::type("test.Closed", dts::alternative("flag"), dts::alternative("level")).closed();

namespace {

TEST(Declare, names_every_scalar_by_its_width_and_sign) {
  EXPECT_EQ(type_of<Scalars>().print(dts::Type::Style::one_line),
            "test.Scalars{first:time, flag:bool, a:i8, b:i16, c:i32, d:i64, e:u8, f:u16, g:u32, "
            "h:u64, i:f32, j:f64, text:text, bytes:bytes, duration:duration, decimal:decimal, "
            "any:any, last:i64}");
  EXPECT_EQ(type_of<Scalars>().root().doc, "all of them");
}

TEST(Declare, knows_the_offset_of_every_field) {
  EXPECT_EQ(field<Scalars>("first").offset, offsetof(Scalars, first));
  EXPECT_EQ(field<Scalars>("flag").offset, offsetof(Scalars, flag));
  EXPECT_EQ(field<Scalars>("b").offset, offsetof(Scalars, b));
  EXPECT_EQ(field<Scalars>("text").offset, offsetof(Scalars, text));
  EXPECT_EQ(field<Scalars>("last").offset, offsetof(Scalars, last));
  EXPECT_EQ(layout_of<Scalars>().size, sizeof(Scalars));
  EXPECT_EQ(layout_of<Scalars>().align, alignof(Scalars));
}

TEST(Declare, sorts_fields_by_id_and_keeps_their_offsets) {
  const dts::TypeNode& node = type_of<Numbered>().root();
  ASSERT_EQ(node.fields.size(), 3u);
  EXPECT_EQ(node.fields[0].name, "celsius");
  EXPECT_EQ(node.fields[0].unit, "Cel");
  EXPECT_EQ(node.fields[0].quantity, "delta");
  EXPECT_EQ(node.fields[1].name, "tank");
  EXPECT_TRUE(node.fields[1].key);
  EXPECT_TRUE(node.fields[1].must_understand);
  EXPECT_EQ(node.fields[2].name, "note");
  EXPECT_EQ(node.fields[2].id, 9u);
  EXPECT_EQ(node.fields[2].doc, "why");
  EXPECT_THAT(node.fields[2].aliases, testing::ElementsAre("remark"));
  const Layout& layout = layout_of<Numbered>();
  EXPECT_EQ(layout.fields[0].offset, offsetof(Numbered, celsius));
  EXPECT_EQ(layout.fields[1].offset, offsetof(Numbered, tank));
  EXPECT_EQ(layout.fields[2].offset, offsetof(Numbered, note));
  EXPECT_EQ(layout.fields[2].layout->kind, Kind::text);
}

TEST(Declare, gives_the_type_that_its_notation_gives) {
  const auto parsed = dts::Type::parse(
      "test.Numbered { celsius@2 : f64 [Cel; delta], key must_understand tank@4 : i32, "
      "note@9 : text }");
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(parsed->id(), type_of<Numbered>().id());
  const auto node = dts::Type::parse(
      "test.Node { children : list<test.Node>, next : optional<test.Node>, named : "
      "map<text, test.Node>, depth : i32 }");
  ASSERT_TRUE(node) << node.error().text();
  EXPECT_EQ(node->id(), type_of<Node>().id());
}

TEST(Declare, recurs_through_lists_optionals_and_maps) {
  const Layout& layout = layout_of<Node>();
  EXPECT_EQ(layout.fields[0].layout->element, &layout);
  EXPECT_EQ(layout.fields[1].layout->element, &layout);
  EXPECT_EQ(layout.fields[2].layout->element, &layout);
  EXPECT_EQ(layout.type.nodes().size(), 1u);
}

TEST(Declare, reflects_enumerations_of_any_width) {
  const Layout& state = layout_of<State>();
  EXPECT_EQ(state.width, 1);
  EXPECT_FALSE(state.is_signed);
  ASSERT_EQ(state.type.root().symbols.size(), 3u);
  EXPECT_EQ(state.type.root().symbols[2].name, "cooling");
  EXPECT_EQ(state.type.root().symbols[2].value, 7);
  EXPECT_FALSE(state.type.root().closed);
  const Layout& wide = layout_of<Wide>();
  EXPECT_EQ(wide.width, 8);
  EXPECT_EQ(wide.type.root().symbols[0].value, -100);
  EXPECT_EQ(wide.type.root().symbols[0].name, "far");
}

TEST(Declare, takes_listed_symbols_as_they_are_written) {
  const dts::TypeNode& node = type_of<Legacy>().root();
  ASSERT_EQ(node.symbols.size(), 2u);
  EXPECT_EQ(node.symbols[1].name, "HIGH");
  EXPECT_EQ(node.symbols[1].value, 1000);
  EXPECT_EQ(node.symbols[1].doc, "much");
  EXPECT_TRUE(node.closed);
}

TEST(Declare, knows_every_container) {
  EXPECT_THAT(type_of<Everything>().print(dts::Type::Style::one_line),
              testing::StartsWith(
                  "test.Everything{position:array<f64, 3>, grid:array<array<u8, 2>, 2>, "
                  "names:list<text>, octets:list<u8>, flags:list<bool>, by_number:map<i32, text>, "
                  "by_state:map<test.State, f64>, note:optional<text>, heat:optional<test.Heat>, "
                  "heats:list<optional<test.Heat>>, points:optional<list<test.Foreign>>, "
                  "command:test.Command, number:test.Number, closed:test.Closed, state:test.State, "
                  "legacy:test.Legacy, wide:test.Wide, nested:test.Foreign}"));
}

TEST(Declare, lists_private_and_inherited_members_by_macro) {
  const Layout& layout = layout_of<Private>();
  ASSERT_EQ(layout.type.root().fields.size(), 3u);
  EXPECT_EQ(layout.type.root().fields[0].name, "level_");
  EXPECT_EQ(layout.type.root().fields[1].name, "x");
  Private value;
  EXPECT_EQ(*reinterpret_cast<const int*>(reinterpret_cast<const char*>(&value) +
                                          layout.fields[0].offset),
            value.level());
  EXPECT_EQ(layout.fields[2].offset,
            reinterpret_cast<const char*>(&value.label) - reinterpret_cast<const char*>(&value));
}

TEST(Declare, gives_listed_fields_other_names) {
  const dts::TypeNode& node = type_of<Renamed>().root();
  ASSERT_EQ(node.fields.size(), 2u);
  EXPECT_EQ(node.fields[0].name, "first");
  EXPECT_EQ(node.fields[0].unit, "m");
  EXPECT_EQ(node.fields[1].name, "second");
  EXPECT_EQ(layout_of<Renamed>().fields[1].offset, offsetof(Renamed, b));
}

TEST(Declare, takes_64_fields_and_none) {
  EXPECT_EQ(layout_of<Large>().fields.size(), 64u);
  EXPECT_EQ(type_of<Large>().root().fields[62].name, "f62");
  EXPECT_EQ(type_of<Large>().root().fields[63].name, "last");
  EXPECT_EQ(layout_of<Large>().fields[63].offset, offsetof(Large, last));
  EXPECT_EQ(layout_of<Nothing>().fields.size(), 0u);
}

TEST(Declare, works_for_templates) {
  EXPECT_EQ(type_of<Reading<float>>().print(dts::Type::Style::one_line),
            "test.Reading{value:f32[m]}");
  EXPECT_EQ(type_of<Reading<double>>().print(dts::Type::Style::one_line),
            "test.Reading{value:f64[m]}");
}

TEST(Declare, encodes_defaults_as_the_notation_does) {
  const auto parsed = dts::Type::parse(
      "test.Defaults { flag : bool = true, count : i32 = -5, big : u64 = 18446744073709551615, "
      "ratio : f32 = 0.5, celsius : f64 = 18.5, text : text = \"tank\", bytes : bytes, every : "
      "duration = 500ms, state : test.State = heating, maybe : optional<i32> = 4, none : "
      "optional<i32> = none, pair : array<i16, 2> = [1, -2], point : test.Foreign = {x: 1, y: 2}, "
      "command : test.Command = heat({to: 65}), required : i32 }"
      "enum test.State { idle = 0, heating = 1, cooling = 7 }"
      "test.Foreign { x : i32 [m], y : i32 }"
      "union test.Command { heat : test.Heat, stop : bool, label : text }"
      "test.Heat { to : f64 }");
  ASSERT_TRUE(parsed) << parsed.error().text();
  const dts::Type declared = type_of<Defaults>();
  for (std::size_t i = 0; i < declared.root().fields.size(); ++i) {
    EXPECT_EQ(declared.root().fields[i].default_value, parsed->root().fields[i].default_value)
        << declared.root().fields[i].name;
  }
  EXPECT_EQ(declared.id(), parsed->id());
}

TEST(Declare, applies_defaults_to_memory) {
  Defaults value{};
  value.required = 42;
  dts::apply_defaults(layout_of<Defaults>(), &value);
  EXPECT_TRUE(value.flag);
  EXPECT_EQ(value.count, -5);
  EXPECT_EQ(value.big, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(value.ratio, 0.5F);
  EXPECT_EQ(value.celsius, 18.5);
  EXPECT_EQ(value.text, "tank");
  EXPECT_EQ(value.every, std::chrono::milliseconds(500));
  EXPECT_EQ(value.state, State::heating);
  EXPECT_EQ(value.maybe, 4);
  EXPECT_EQ(value.none, std::nullopt);
  EXPECT_EQ(value.pair[1], -2);
  EXPECT_EQ(value.point.y, 2);
  ASSERT_NE(value.command.get<"heat">(), nullptr);
  EXPECT_EQ(value.command.get<"heat">()->to, 65);
  EXPECT_EQ(value.required, 42);
}

// ---- the functions of the containers ----

TEST(Declare, resizes_lists_and_shows_their_elements) {
  std::vector<std::string> names{"a", "b"};
  const Layout& layout = *field<Everything>("names").layout;
  EXPECT_EQ(layout.functions.count(layout, &names), 2u);
  EXPECT_EQ(layout.functions.elements(layout, &names), names.data());
  void* first = layout.functions.resize(layout, &names, 3);
  EXPECT_EQ(first, names.data());
  EXPECT_EQ(names[2], "");
  EXPECT_EQ(layout.element->size, sizeof(std::string));
}

TEST(Declare, iterates_maps_of_both_kinds) {
  Everything value;
  value.by_number = {{1, "one"}, {2, "two"}};
  value.by_state = {{State::idle, 1.5}, {State::cooling, 2.5}};
  for (const char* name : {"by_number", "by_state"}) {
    const dts::LayoutField& at = field<Everything>(name);
    const Layout& layout = *at.layout;
    void* map = reinterpret_cast<char*>(&value) + at.offset;
    void* cursor = nullptr;
    const void* key;
    const void* content;
    std::size_t count = 0;
    while (layout.functions.map_next(layout, map, &cursor, &key, &content)) {
      EXPECT_EQ(layout.functions.map_find(layout, map, key), content);
      EXPECT_EQ(layout.functions.map_insert(layout, map, key), nullptr);
      ++count;
    }
    EXPECT_EQ(count, 2u);
    EXPECT_EQ(layout.functions.map_count(layout, map), 2u);
    layout.functions.map_clear(layout, map);
    EXPECT_EQ(layout.functions.map_count(layout, map), 0u);
  }
}

TEST(Declare, fills_and_empties_optionals) {
  Everything value;
  for (const char* name : {"note", "heat", "points"}) {
    const dts::LayoutField& at = field<Everything>(name);
    const Layout& layout = *at.layout;
    void* optional = reinterpret_cast<char*>(&value) + at.offset;
    EXPECT_EQ(layout.functions.get(layout, optional), nullptr);
    void* place = layout.functions.set(layout, optional);
    EXPECT_EQ(layout.functions.get(layout, optional), place);
    place = layout.functions.set(layout, optional);  // a new one, over the old
    EXPECT_EQ(layout.functions.get(layout, optional), place);
    layout.functions.reset(layout, optional);
    EXPECT_EQ(layout.functions.get(layout, optional), nullptr);
  }
}

TEST(Declare, chooses_the_cases_of_unions) {
  Command command;
  const Layout& layout = layout_of<Command>();
  EXPECT_EQ(layout.functions.which(layout, &command), Layout::no_case);
  EXPECT_EQ(layout.functions.held(layout, &command), nullptr);
  *static_cast<std::string*>(layout.functions.choose(layout, &command, 2)) = "x";
  EXPECT_EQ(*command.get<"label">(), "x");
  EXPECT_EQ(command.get<"heat">(), nullptr);
  command = Heat{65};
  EXPECT_EQ(layout.functions.which(layout, &command), 0u);
  EXPECT_EQ(static_cast<const Heat*>(layout.functions.held(layout, &command))->to, 65);
  EXPECT_EQ(layout.functions.choose(layout, &command, Layout::no_case), nullptr);
  EXPECT_FALSE(command.has_case());
  command.set<"stop">(true);
  EXPECT_EQ(layout.functions.which(layout, &command), 1u);
}

TEST(Declare, numbers_the_cases_of_described_variants) {
  EXPECT_EQ(type_of<Number>().root().fields[0].name, "whole");
  EXPECT_EQ(type_of<Number>().root().fields[1].id, 2u);
  const Layout& number = layout_of<Number>();
  Number value = std::string("two");
  EXPECT_EQ(number.functions.which(number, &value), 1u);
  const Layout& closed = layout_of<Closed>();
  EXPECT_TRUE(closed.type.root().closed);
  Closed level = 2.5;
  EXPECT_EQ(closed.functions.which(closed, &level), 1u);
  EXPECT_EQ(closed.functions.choose(closed, &level, 2), nullptr);
}

Everything example() {
  Everything value{};
  value.position = {1, 2, 3};
  value.grid[1][0] = 9;
  value.names = {"a long text that does not fit the small buffer of a string", "b"};
  value.octets = {1, 2};
  value.flags = {true, false};
  value.by_number = {{3, "three"}};
  value.by_state = {{State::heating, 65}, {State::idle, 0}};
  value.note = "note";
  value.heat = std::make_unique<Heat>(Heat{3});
  value.heats.push_back(std::make_unique<Heat>(Heat{4}));
  value.heats.push_back(nullptr);
  value.points = std::vector<Foreign>{{1, 2}};
  value.command = std::string("label");
  value.number = std::int64_t{3};
  value.closed = 4.5;
  value.state = State::cooling;
  value.legacy = high;
  return value;
}

TEST(Declare, copies_what_cpp_cannot_copy) {
  const Layout& layout = layout_of<Everything>();
  const Everything from = example();
  alignas(Everything) std::byte memory[sizeof(Everything)];
  layout.copy(memory, &from);
  const Everything& to = *std::launder(reinterpret_cast<Everything*>(memory));
  EXPECT_TRUE(dts::equal(layout, &from, &to));
  EXPECT_NE(to.heat.get(), from.heat.get());
  EXPECT_EQ(to.heats[1], nullptr);
  EXPECT_EQ(to.by_state.at(State::heating), 65);
  layout.destroy(memory);
}

TEST(Declare, moves_and_leaves_something_valid) {
  const Layout& layout = layout_of<Everything>();
  const Everything expected = example();
  Everything from = example();
  alignas(Everything) std::byte memory[sizeof(Everything)];
  layout.move(memory, &from);
  EXPECT_TRUE(dts::equal(layout, &expected, memory));
  layout.destroy(memory);
}

struct OfBytes {
  dts::Bytes data;
  static constexpr auto dts = dts::type("test.Frame");
};
struct OfBlob {
  dts::Blob data;
  static constexpr auto dts = dts::type("test.Frame");
};

TEST(Declare, makes_a_blob_the_same_type_as_bytes) {
  EXPECT_EQ(type_of<OfBlob>().id(), type_of<OfBytes>().id());
  EXPECT_EQ(field<OfBlob>("data").layout->kind, Kind::bytes);
}

TEST(Declare, copies_a_blob_by_sharing_it_and_assigns_it_bytes_of_its_own) {
  const Layout& layout = *field<OfBlob>("data").layout;
  const dts::Bytes bytes{1, 2, 3};
  dts::Blob blob, moved;
  layout.functions.assign(layout, &blob, bytes);
  EXPECT_NE(blob.data(), bytes.data());
  EXPECT_EQ(blob, dts::Blob(bytes));
  const dts::Blob copy = blob;
  EXPECT_EQ(copy.data(), blob.data());
  moved = std::move(blob);
  EXPECT_EQ(moved.data(), copy.data());
  EXPECT_TRUE(layout.functions.view(layout, &blob).empty());
}

TEST(Declare, lends_a_blob_the_memory_of_its_owner_for_as_long_as_it_lives) {
  const Layout& layout = *field<OfBlob>("data").layout;
  auto owner = std::make_shared<const dts::Bytes>(dts::Bytes{1, 2, 3, 4});
  const std::weak_ptr<const dts::Bytes> watch = owner;
  dts::Blob blob;
  layout.functions.borrow(layout, &blob, dts::ByteView(*owner).subspan(1, 2), owner);
  EXPECT_EQ(blob.data(), owner->data() + 1);
  owner.reset();
  EXPECT_EQ(blob, dts::Blob(dts::Bytes{2, 3}));
  blob = {};
  EXPECT_TRUE(watch.expired());
}

TEST(Declare, constructs_with_the_initialisers_of_the_struct) {
  alignas(Scalars) std::byte memory[sizeof(Scalars)];
  layout_of<Scalars>().construct(memory);
  const Scalars& value = *std::launder(reinterpret_cast<Scalars*>(memory));
  EXPECT_EQ(value.c, 5);
  EXPECT_EQ(value.d, 0);
  EXPECT_EQ(value.text, "x");
  layout_of<Scalars>().destroy(memory);
}

TEST(Declare, tells_values_apart_field_by_field) {
  const Layout& layout = layout_of<Everything>();
  const Everything a = example();
  Everything b = example();
  EXPECT_TRUE(dts::equal(layout, &a, &b));
  b.by_state[State::idle] = 1;
  EXPECT_FALSE(dts::equal(layout, &a, &b));
  b = example();
  b.heats[1] = std::make_unique<Heat>();
  EXPECT_FALSE(dts::equal(layout, &a, &b));
  b = example();
  b.command = Heat{};
  EXPECT_FALSE(dts::equal(layout, &a, &b));
}

TEST(Declare, takes_all_nan_as_equal_and_zeros_of_both_signs_as_different) {
  const Layout& layout = layout_of<double>();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double other = -nan, zero = 0.0, minus_zero = -0.0;
  EXPECT_TRUE(dts::equal(layout, &nan, &other));
  EXPECT_FALSE(dts::equal(layout, &nan, &zero));
  EXPECT_FALSE(dts::equal(layout, &zero, &minus_zero));
}

TEST(Declare, compares_with_a_value_that_lies_differently) {
  dts::Value typed(dts::LayoutPtr(dts::LayoutPtr(), &layout_of<Everything>()));
  dts::Value dynamic = dts::Value::of(type_of<Everything>()).value();
  const std::vector<std::pair<const char*, const char*>> settings = {
      {"names.0", "a"},          {"by_state.heating", "2.5"}, {"by_state.idle", "1"},
      {"by_number.-3", "x"},     {"heats.0.to", "4"},         {"points.0.x", "4"},
      {"command.heat.to", "65"}, {"number.spelt", "two"},     {"closed.level", "0.5"},
      {"state", "cooling"},      {"legacy", "HIGH"},          {"flags.0", "true"}};
  for (dts::Value* value : {&typed, &dynamic}) {
    for (const auto& [path, text] : settings) {
      const dts::Result<void> set = value->set(path, text);
      ASSERT_TRUE(set) << set.error().text();
    }
  }
  EXPECT_EQ(typed, dynamic);
  EXPECT_EQ(dynamic, typed);
  ASSERT_TRUE(dynamic.set("by_state.idle", 2));
  EXPECT_FALSE(typed == dynamic);
}

}  // namespace
