// The first use of declared types: by several threads at once, and with mistakes in them.
#include <dts/declare.hpp>

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace {

using dts::Layout;
using dts::layout_of;

// ---- first use by several threads ----

enum class Mode : std::uint8_t { off, on };
struct Spot {
  int x, y;
  static constexpr auto dts = dts::type("test.Spot");
};

}  // namespace

template <>
inline constexpr auto dts::describe<Mode> = dts::type("test.Mode");

namespace {

struct RaceB;
struct RaceA {
  std::vector<RaceB> others;
  std::optional<Mode> mode;
  static constexpr auto dts = dts::type("test.RaceA");
};
struct RaceB {
  std::vector<RaceA> others;
  std::map<std::string, Spot> spots;
  static constexpr auto dts = dts::type("test.RaceB");
};

TEST(Declare, gives_all_threads_one_complete_layout_on_first_use) {
  constexpr int count = 8;
  std::vector<const Layout*> seen(count);
  std::vector<std::size_t> nodes(count);
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      const Layout& layout = i % 2 ? layout_of<RaceA>() : layout_of<RaceB>();
      const Layout& other = *layout.fields[0].layout->element;
      seen[i] = i % 2 ? &layout : &other;
      nodes[i] = layout.type.nodes().size() + other.type.nodes().size();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(seen[i], &layout_of<RaceA>());
    EXPECT_EQ(nodes[i], 8u);
  }
}

// ---- mistakes the compiler cannot see ----

struct TwiceTheId {
  int a, b;
  static constexpr auto dts = dts::type("test.TwiceTheId", dts::field(&TwiceTheId::a).id(1),
                                        dts::field(&TwiceTheId::b).id(1));
};
struct NoUnit {
  int a;
  static constexpr auto dts = dts::type("test.NoUnit", dts::field(&NoUnit::a).unit("a unit?"));
};

TEST(DeclareDeathTest, ends_the_process_with_the_mistake_in_a_declaration) {
  EXPECT_DEATH(static_cast<void>(layout_of<TwiceTheId>()), "declaration of \"test.TwiceTheId\"");
  EXPECT_DEATH(static_cast<void>(layout_of<NoUnit>()), "declaration of \"test.NoUnit\"");
}

}  // namespace
