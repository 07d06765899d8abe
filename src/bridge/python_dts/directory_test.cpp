// Groups, questions and standing by, without a network or a clock.
#include <bridge/python_dts/directory.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace dts;
using namespace dts::bridge::python_dts;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

namespace {

constexpr std::uint32_t kGroup = 0xefff0307, kOther = 0xefff0408;

struct World {
  Instant now{1h};
  Directory directory{{"Temperature", "Level"}, "default", 50, now};

  Directory::Actions at(Duration after) {
    Directory::Actions actions;
    directory.tick(now + after, actions);
    return actions;
  }
  Directory::Actions membership(std::string name, std::uint32_t group) {
    Directory::Actions actions;
    directory.heard_membership({std::move(name), group}, "10.1.0.2", actions);
    return actions;
  }
  Directory::Actions query(Duration after, std::string_view name, std::string_view words,
                           std::uint64_t instance = 7) {
    Directory::Actions actions;
    directory.heard_query(now + after, name, words, instance, "10.1.0.2", actions);
    return actions;
  }
  Directory::Actions needed(std::size_t index) {
    Directory::Actions actions;
    directory.needed(index, actions);
    return actions;
  }
};

std::size_t questions(const Directory::Actions& actions) {
  std::size_t count = 0;
  for (const auto& letter : actions.letters) count += letter.query.has_value();
  return count;
}

}  // namespace

TEST(PythonDirectory, asks_three_times_when_it_begins_to_work_and_every_ten_seconds) {
  World world;
  std::vector<int> asked;
  for (int ms = 0; ms <= 22'000; ms += 100)
    for (std::size_t i = questions(world.at(std::chrono::milliseconds(ms))); i > 0; --i)
      asked.push_back(ms);
  EXPECT_THAT(asked, ElementsAre(0, 500, 1000, 1500, 11'500, 21'500));
}

TEST(PythonDirectory, works_when_the_first_questions_had_their_time) {
  World world;
  world.at(0s);
  world.at(1400ms);
  EXPECT_FALSE(world.directory.active());
  world.at(1500ms);
  EXPECT_TRUE(world.directory.active());
}

TEST(PythonDirectory, joins_the_group_that_a_node_has_told_once) {
  World world;
  EXPECT_THAT(world.membership("Temperature", kGroup).join, ElementsAre(kGroup));
  EXPECT_TRUE(world.membership("Temperature", kGroup).empty());
  EXPECT_THAT(world.directory.groups(0), ElementsAre(kGroup));
  EXPECT_THAT(world.directory.groups(1), IsEmpty());
}

TEST(PythonDirectory, uses_all_the_groups_of_a_struct_and_at_most_four) {
  World world;
  for (std::uint32_t i = 0; i < 4; ++i) world.membership("Level", kGroup + i);
  const auto fifth = world.membership("Level", kGroup + 4);
  EXPECT_THAT(fifth.join, ElementsAre(kGroup + 4));
  EXPECT_THAT(fifth.leave, ElementsAre(kGroup));
  EXPECT_THAT(world.directory.groups(1),
              ElementsAre(kGroup + 1, kGroup + 2, kGroup + 3, kGroup + 4));
}

TEST(PythonDirectory, ignores_groups_that_cannot_be) {
  World world;
  EXPECT_THAT(world.membership("Level", 0x0a000001).join, IsEmpty());  // 10.0.0.1
  EXPECT_THAT(world.membership("Level", 0xe0000001).join, IsEmpty());  // 224.0.0.1
  EXPECT_THAT(world.membership("Level", kControlGroup).join, IsEmpty());
  EXPECT_THAT(world.directory.groups(1), IsEmpty());
}

TEST(PythonDirectory, tells_once_what_it_has_no_schema_for) {
  World world;
  EXPECT_THAT(world.membership("Pressure", kGroup).notes, SizeIs(1));
  EXPECT_THAT(world.membership("Pressure", kGroup).notes, IsEmpty());
  for (int i = 0; i < 1000; ++i) world.membership("X" + std::to_string(i), kGroup);
  EXPECT_THAT(world.membership("Y", kGroup).notes, IsEmpty());
}

TEST(PythonDirectory, chooses_a_group_when_the_domain_has_values_and_tells_it) {
  World world;
  const auto actions = world.needed(0);
  ASSERT_THAT(actions.join, SizeIs(1));
  EXPECT_EQ(actions.join[0] >> 16, 0xefffu);
  EXPECT_LT(actions.join[0] >> 8 & 255, 128u) << "those above are DTS's own";
  ASSERT_THAT(actions.letters, SizeIs(1));
  EXPECT_EQ(actions.letters[0].membership.group, actions.join[0]);
  EXPECT_TRUE(world.needed(0).empty());
}

TEST(PythonDirectory, chooses_the_same_group_again_unless_somebody_has_it) {
  World world, again, taken;
  const std::uint32_t group = world.needed(0).join.at(0);
  EXPECT_EQ(again.needed(0).join.at(0), group);
  taken.membership("Pressure", group);
  EXPECT_NE(taken.needed(0).join.at(0), group);
}

TEST(PythonDirectory, makes_room_when_its_choice_turns_out_to_be_anothers) {
  World world;
  const std::uint32_t group = world.needed(0).join.at(0);
  const auto actions = world.membership("Pressure", group);
  EXPECT_THAT(actions.leave, ElementsAre(group));
  ASSERT_THAT(actions.join, SizeIs(1));
  EXPECT_NE(actions.join[0], group);
  EXPECT_THAT(world.directory.groups(0), ElementsAre(actions.join[0]));
}

TEST(PythonDirectory, keeps_the_group_that_others_have_taken_over_from_it) {
  World world;
  const std::uint32_t group = world.needed(0).join.at(0);
  world.membership("Temperature", group);
  EXPECT_THAT(world.membership("Pressure", group).leave, IsEmpty());
}

TEST(PythonDirectory, answers_a_question_with_the_groups_it_knows) {
  World world;
  world.at(0s), world.at(500ms), world.at(1s), world.at(1500ms);
  world.membership("Temperature", kGroup);
  world.membership("Temperature", kOther);
  world.query(2s, kMembershipName, "");
  EXPECT_EQ(world.directory.next_deadline(), world.now + 2s);
  const auto answers = world.at(2s).letters;
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].membership.group, kOther) << "the one heard of last, as Python does";
}

TEST(PythonDirectory, answers_many_questions_ten_times_a_second) {
  World world;
  world.at(0s), world.at(500ms), world.at(1s), world.at(1500ms);
  world.membership("Temperature", kGroup);
  std::size_t answers = 0;
  for (int ms = 2000; ms < 3000; ++ms) {
    world.query(std::chrono::milliseconds(ms), kMembershipName, "");
    answers += world.at(std::chrono::milliseconds(ms)).letters.size();
  }
  EXPECT_EQ(answers, 10u);
}

TEST(PythonDirectory, says_whose_values_are_asked_for) {
  World world;
  world.at(1500ms);
  world.query(2s, "Level", "please");
  EXPECT_THAT(world.at(2s).wanted, ElementsAre(1u));
  world.query(3s, "Pressure", "please");
  EXPECT_THAT(world.at(3s).wanted, IsEmpty());
}

TEST(PythonDirectory, stands_by_for_a_bridge_that_works_until_it_is_silent) {
  World world;
  world.query(100ms, kMembershipName, "dts-bridge-works default", 51);
  world.at(1500ms);
  EXPECT_FALSE(world.directory.active());
  world.query(20s, kMembershipName, "dts-bridge-works default", 51);
  world.at(44s);
  EXPECT_FALSE(world.directory.active());
  world.at(44s);
  EXPECT_LE(world.directory.next_deadline(), world.now + 45s);
  EXPECT_THAT(world.at(45s).notes, SizeIs(1));
  EXPECT_TRUE(world.directory.active());
}

TEST(PythonDirectory, takes_over_at_once_when_the_other_bridge_says_goodbye) {
  World world;
  world.query(1s, kMembershipName, "dts-bridge-works default", 51);
  world.at(1500ms);
  EXPECT_FALSE(world.directory.active());
  world.query(3s, kMembershipName, "dts-bridge-leaves default", 51);
  EXPECT_TRUE(world.directory.active());
}

TEST(PythonDirectory, of_bridges_that_start_together_the_lowest_instance_works) {
  World world;
  world.query(1s, kMembershipName, "dts-bridge default", 49);
  world.at(1500ms);
  EXPECT_FALSE(world.directory.active());
  World lower;
  lower.query(1s, kMembershipName, "dts-bridge default", 51);
  lower.at(1500ms);
  EXPECT_TRUE(lower.directory.active());
}

TEST(PythonDirectory, goes_on_when_a_bridge_comes_whatever_its_instance) {
  World world;
  world.at(1500ms);
  world.query(2s, kMembershipName, "dts-bridge default", 49);
  EXPECT_TRUE(world.directory.active());
  world.query(3s, kMembershipName, "dts-bridge-works default", 51);
  EXPECT_TRUE(world.directory.active());
  world.query(4s, kMembershipName, "dts-bridge-works default", 49);
  EXPECT_FALSE(world.directory.active()) << "two that work have met";
}

TEST(PythonDirectory, tells_a_bridge_that_comes_at_once_that_it_works) {
  World world;
  for (const Duration at : {0ms, 500ms, 1000ms, 1500ms, 2000ms}) world.at(at);
  world.query(3s, kMembershipName, "dts-bridge default", 51);
  EXPECT_EQ(world.directory.next_deadline(), world.now + 3s);
  EXPECT_EQ(world.at(3s).letters.at(0).query, "dts-bridge-works default");
  world.query(3100ms, kMembershipName, "dts-bridge default", 51);
  EXPECT_EQ(questions(world.at(3100ms)), 0u);
}

TEST(PythonDirectory, works_beside_a_bridge_of_another_domain) {
  World world;
  world.query(1s, kMembershipName, "dts-bridge-works other", 3);
  world.at(1500ms);
  EXPECT_TRUE(world.directory.active());
}

TEST(PythonDirectory, is_silent_while_it_stands_by) {
  World world;
  world.membership("Temperature", kGroup);
  world.query(1s, kMembershipName, "dts-bridge-works default", 49);
  world.at(1500ms);
  world.query(2s, kMembershipName, "");
  world.query(2s, "Temperature", "");
  const auto actions = world.at(2s);
  EXPECT_EQ(actions.letters.size(), questions(actions));
  EXPECT_THAT(actions.wanted, IsEmpty());
}
