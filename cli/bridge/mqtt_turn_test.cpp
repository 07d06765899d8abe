// Several bridges at one broker, which keeps the last message and gives all of them all messages in
// one order.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include <cli/bridge/mqtt_turn.hpp>

namespace dts::cli {
namespace {

struct Turns : testing::Test {
  struct Bridge {
    std::string name;
    std::unique_ptr<MqttTurn> turn;
    bool there = true;
  };
  std::vector<Bridge> bridges;
  std::string kept;
  Instant now{std::chrono::hours(1)};

  MqttTurn& start(const std::string& name) {
    bridges.push_back({name, std::make_unique<MqttTurn>(name), true});
    connect(bridges.back());
    return *bridges.back().turn;
  }
  void connect(Bridge& bridge) {
    bridge.there = true;
    bridge.turn->connected(now);
    if (!kept.empty()) bridge.turn->heard(kept, now);
    bridge.turn->settled(now);
  }
  void publish(const std::string& said) {
    kept = said;
    for (Bridge& bridge : bridges)
      if (bridge.there) bridge.turn->heard(said, now);
  }
  void end(std::size_t which) {
    bridges[which].there = false;
    publish(MqttTurn::said(false, bridges[which].name));
  }
  // All that is claimed is said, until nobody claims any more.
  void settle() {
    for (bool said = true; said;) {
      said = false;
      for (Bridge& bridge : bridges)
        if (bridge.there && bridge.turn->take_claim()) {
          publish(MqttTurn::said(true, bridge.name));
          said = true;
        }
    }
  }
  void pass(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      now += std::chrono::seconds(1);
      for (Bridge& bridge : bridges)
        if (bridge.there) bridge.turn->tick(now);
      settle();
    }
  }
  std::string working() {
    std::string names;
    for (const Bridge& bridge : bridges)
      if (bridge.there && bridge.turn->works()) names += bridge.name;
    return names;
  }
};

TEST_F(Turns, one_that_is_alone_works) {
  start("a");
  EXPECT_EQ(working(), "");
  settle();
  EXPECT_EQ(working(), "a");
  pass(100);
  EXPECT_EQ(working(), "a");
}

TEST_F(Turns, one_that_works_goes_on_when_another_comes) {
  start("b");
  settle();
  start("a");
  settle();
  EXPECT_EQ(working(), "b");
  EXPECT_TRUE(bridges[1].turn->stands_by());
  EXPECT_FALSE(bridges[0].turn->stands_by());
  pass(100);
  EXPECT_EQ(working(), "b");
}

TEST_F(Turns, of_those_that_begin_together_one_works) {
  start("a");
  start("b");
  start("c");
  settle();
  EXPECT_EQ(working().size(), 1u);
  pass(60);
  EXPECT_EQ(working().size(), 1u);
}

TEST_F(Turns, another_follows_one_that_ends) {
  start("a");
  settle();
  start("b");
  start("c");
  end(0);
  settle();
  EXPECT_EQ(working().size(), 1u);
}

TEST_F(Turns, one_whose_last_will_was_lost_is_followed_too) {
  kept = MqttTurn::said(true, "long gone");
  start("a");
  settle();
  EXPECT_EQ(working(), "");
  pass(24);
  EXPECT_EQ(working(), "");
  pass(2);
  EXPECT_EQ(working(), "a");
}

TEST_F(Turns, a_last_will_that_comes_late_changes_nothing) {
  start("a");
  settle();
  publish(MqttTurn::said(false, "old"));
  settle();
  EXPECT_EQ(working(), "a");
  start("b");
  settle();
  EXPECT_EQ(working(), "a");
}

TEST_F(Turns, one_that_comes_back_finds_who_works_now) {
  start("a");
  settle();
  start("b");
  end(0);
  settle();
  EXPECT_EQ(working(), "b");
  connect(bridges[0]);
  settle();
  EXPECT_EQ(working(), "b");
  bridges[1].there = false;
  kept.clear();  // the broker began anew
  connect(bridges[0]);
  connect(bridges[1]);
  settle();
  EXPECT_EQ(working().size(), 1u);
}

TEST_F(Turns, where_the_topic_is_forbidden_one_works_and_says_so) {
  MqttTurn turn("a");
  turn.connected(now);
  turn.tick(now + std::chrono::seconds(4));
  EXPECT_FALSE(turn.works());
  turn.tick(now + std::chrono::seconds(5));
  EXPECT_TRUE(turn.works());
  EXPECT_TRUE(turn.is_alone());
  EXPECT_FALSE(turn.take_claim());
}

TEST_F(Turns, nonsense_changes_nothing) {
  start("a");
  settle();
  for (const char* payload : {"", "DTS?", "{}", "[]", R"({"bridge":7,"state":"online"})"})
    publish(payload);
  EXPECT_EQ(working(), "a");
}

}  // namespace
}  // namespace dts::cli
