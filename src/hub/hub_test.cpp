// Hubs between networks: real engines and hubs, a virtual clock, networks that lose packets. What
// is published arrives everywhere it is wanted exactly once and in order, or its absence is named.
#include <hub/hub_harness.hpp>

namespace dts::hub {
namespace {

using namespace std::chrono_literals;
using proto::Notice;
using proto::StreamId;
using proto::testing::interest_in;
using proto::testing::interest_matching;
using proto::testing::record_of;
using testing::World;

struct Hubs : ::testing::Test {
  World world;
  void TearDown() override { EXPECT_EQ(world.wrong, ""); }
  static constexpr std::size_t a = 0, b = 1, c = 2;
  static proto::Question question() {
    return {proto::testing::family_of("t.A"), "t.A", 0, 0, 0, "", ""};
  }
};

TEST_F(Hubs, pass_on_what_is_wanted_beyond_under_the_publishers_name) {
  World::Node& publisher = world.add(a);
  World::Node& subscriber = world.add(b);
  const StreamId stream = world.open(publisher, "t.A");
  world.start(publisher);
  world.start(subscriber);
  world.add_hub({a, b}, 11);
  world.run(2s);
  world.want(subscriber, interest_in("t.A"));
  world.run(500ms);
  for (int i = 0; i < 20; ++i) {
    world.publish(publisher, stream);
    world.run(1ms);
  }
  world.run(1s);
  const auto& heard = subscriber.heard[{publisher.engine->node(), stream}];
  EXPECT_EQ(heard.messages, 20u);
  EXPECT_EQ(heard.first, 1u);
  EXPECT_EQ(heard.named, 0u);
  EXPECT_EQ(heard.hops, 1u);
  EXPECT_EQ(heard.host, "host1");
}

TEST_F(Hubs, bring_the_last_values_and_messages_of_many_packets) {
  World::Node& publisher = world.add(a);
  World::Node& subscriber = world.add(b);
  const StreamId stream = world.open(publisher, "t.A", 3);
  world.start(publisher);
  world.start(subscriber);
  world.add_hub({a, b}, 11);
  world.run(1s);
  for (int i = 0; i < 10; ++i) world.publish(publisher, stream, i == 8 ? 9000 : 0);
  world.run(1s);
  world.want(subscriber, interest_in("t.A"));
  world.run(1s);
  const auto& heard = subscriber.heard[{publisher.engine->node(), stream}];
  EXPECT_EQ(heard.messages, 3u);
  EXPECT_EQ(heard.historic, 3u);
  world.publish(publisher, stream, 20'000);
  world.publish(publisher, stream);
  world.run(1s);
  EXPECT_EQ(heard.messages, 5u);
  EXPECT_EQ(heard.named, 0u);
  EXPECT_EQ(heard.texts.at(1).size(), 9000u);
  EXPECT_EQ(heard.texts.at(3).size(), 20'000u);
}

TEST_F(Hubs, take_everything_for_those_who_take_different_things) {
  World::Node& publisher = world.add(a);
  World::Node& low = world.add(b);
  World::Node& high = world.add(b);
  const StreamId stream = world.open(publisher, "t.A");
  for (World::Node* node : {&publisher, &low, &high}) world.start(*node);
  world.add_hub({a, b}, 11);
  world.run(1s);
  for (World::Node* node : {&low, &high}) {
    proto::Interest some = interest_in("t.A");
    some.selections = {{{}, node == &low ? "litres < 1" : "litres > 9", 0, {}}};
    world.want(*node, some);
  }
  world.run(1s);
  struct : proto::Judge {  // who takes more than 9 takes it
    std::uint32_t takers(std::uint64_t, std::span<const proto::StreamSelection> all) override {
      std::uint32_t bits = 0;
      for (std::size_t i = 0; i < all.size(); ++i)
        bits |= static_cast<std::uint32_t>(all[i].selection.where == "litres > 9") << i;
      return bits;
    }
  } judge;
  world.taken_by = &judge;
  for (int i = 0; i < 5; ++i) world.publish(publisher, stream);
  world.run(1s);
  EXPECT_EQ(high.heard[std::pair(publisher.engine->node(), stream)].messages, 5u);
}

TEST_F(Hubs, send_nothing_that_nobody_beyond_wants) {
  World::Node& publisher = world.add(a);
  World::Node& at_home = world.add(a);
  const StreamId stream = world.open(publisher, "t.A");
  world.start(publisher);
  world.start(at_home);
  World::Station& first = world.add_hub({a, b}, 11);
  World::Station& second = world.add_hub({a, b}, 12);
  world.want(at_home, interest_in("t.A"));
  world.run(3s);
  for (int i = 0; i < 50; ++i) world.publish(publisher, stream);
  world.run(1s);
  EXPECT_EQ(at_home.heard.begin()->second.messages, 50u);
  EXPECT_EQ(first.hub->counters().messages + second.hub->counters().messages, 0u);
}

TEST_F(Hubs, pass_on_the_first_values_of_a_stream_that_keeps_none) {
  World::Node& publisher = world.add(a);
  World::Node& subscriber = world.add(b);
  const StreamId stream = *publisher.engine->open_stream(
      world.now, record_of("t.A", proto::Delivery::stream, 0), Bytes{1}, publisher.out);
  world.start(publisher);
  world.start(subscriber);
  world.want(subscriber, interest_in("t.A"));
  world.add_hub({a, b}, 11);
  world.run(2s);
  for (int i = 0; i < 3; ++i) world.publish(publisher, stream);
  world.run(1s);
  EXPECT_EQ(subscriber.heard[std::pair(publisher.engine->node(), stream)].messages, 3u);
}

TEST_F(Hubs, two_beside_each_other_deliver_once_and_one_goes_on_when_the_other_dies) {
  World::Node& publisher = world.add(a);
  World::Node& subscriber = world.add(b);
  const StreamId stream = world.open(publisher, "t.A");
  world.start(publisher);
  world.start(subscriber);
  World::Station& first = world.add_hub({a, b}, 11);
  world.add_hub({a, b}, 12);
  world.want(subscriber, interest_in("t.A"));
  world.run(3s);
  std::size_t count = 0;
  const auto stream_for = [&](Duration time) {
    for (Duration t{0}; t < time; t += 10ms, ++count) {
      world.publish(publisher, stream);
      world.run(10ms);
    }
  };
  stream_for(1s);
  const auto& heard = subscriber.heard[{publisher.engine->node(), stream}];
  EXPECT_EQ(heard.messages, count);
  first.up = false;  // kill -9
  stream_for(6s);
  world.run(1s);
  EXPECT_EQ(heard.next, count + 1);
  EXPECT_EQ(heard.named, 0u) << "what the dead hub has not brought the other one kept";
  world.start_hub(first, 11);
  stream_for(3s);
  world.run(2s);
  EXPECT_EQ(heard.messages, count);
  EXPECT_EQ(heard.named, 0u);
}

TEST_F(Hubs, in_a_ring_deliver_once_and_do_not_storm) {
  World::Node& publisher = world.add(a);
  World::Node& near = world.add(b);
  World::Node& far = world.add(c);
  const StreamId stream = world.open(publisher, "t.A");
  for (World::Node* node : {&publisher, &near, &far}) world.start(*node);
  world.add_hub({a, b}, 11);
  world.add_hub({b, c}, 12);
  world.add_hub({c, a}, 13);
  world.want(near, interest_in("t.A"));
  world.want(far, interest_matching("t.*"));
  world.run(4s);
  const std::uint64_t before = world.packets;
  for (int i = 0; i < 100; ++i) {
    world.publish(publisher, stream);
    world.run(10ms);
  }
  world.run(1s);
  EXPECT_LT(world.packets - before, 1200u);
  for (World::Node* node : {&near, &far}) {
    const auto& heard = node->heard[{publisher.engine->node(), stream}];
    EXPECT_EQ(heard.messages, 100u);
    EXPECT_EQ(heard.named, 0u);
    EXPECT_EQ(heard.hops, 1u);
  }
}

TEST_F(Hubs, in_a_ring_go_on_for_one_that_dies_without_a_gap) {
  for (proto::HubId dies = 11; dies <= 13; ++dies) {
    World ring(dies);
    World::Node& publisher = ring.add(a);
    World::Node* far[] = {&ring.add(b), &ring.add(c)};
    const StreamId stream = ring.open(publisher, "t.A");
    ring.start(publisher);
    World::Station* hubs[] = {&ring.add_hub({a, b}, 11), &ring.add_hub({b, c}, 12),
                              &ring.add_hub({c, a}, 13)};
    for (World::Node* node : far) {
      ring.start(*node);
      ring.want(*node, interest_in("t.A"));
    }
    ring.run(4s);
    for (std::size_t i = 0; i < 500; ++i) {
      if (i == 100) hubs[dies - 11]->up = false;
      ring.publish(publisher, stream);
      ring.run(10ms);
    }
    ring.run(2s);
    EXPECT_EQ(ring.wrong, "");
    for (World::Node* node : far) {
      EXPECT_EQ(node->heard.begin()->second.messages, 500u) << "without hub " << dies;
      EXPECT_EQ(node->heard.begin()->second.named, 0u) << "without hub " << dies;
    }
  }
}

TEST_F(Hubs, in_a_ring_pass_nothing_on_for_who_is_where_the_origin_is) {
  World::Node& publisher = world.add(a);
  World::Node& at_home = world.add(a);
  const StreamId stream = world.open(publisher, "t.A");
  for (World::Node* node : {&publisher, &at_home}) world.start(*node);
  World::Station& first = world.add_hub({a, b}, 11);
  world.add_hub({b, c}, 12);
  world.add_hub({c, a}, 13);
  world.want(at_home, interest_in("t.A"));
  world.run(4s);
  for (int i = 0; i < 10; ++i) world.publish(publisher, stream);
  world.run(1s);
  EXPECT_EQ(first.hub->counters().messages, 0u) << "its want has come round the ring";
}

TEST_F(Hubs, forget_a_want_that_only_hubs_have_left) {
  World::Node& publisher = world.add(a);
  World::Node& subscriber = world.add(c);
  const StreamId stream = world.open(publisher, "t.A");
  world.start(publisher);
  world.start(subscriber);
  World::Station* hubs[] = {&world.add_hub({a, b}, 11), &world.add_hub({b, c}, 12),
                            &world.add_hub({c, a}, 13)};
  const proto::InterestId id =
      subscriber.engine->add_interest(world.now, interest_in("t.A"), subscriber.out);
  world.run(4s);
  EXPECT_EQ(publisher.engine->subscribers_of(stream) > 0, true);
  subscriber.engine->remove_interest(world.now, id, subscriber.out);
  world.run(4s);
  for (World::Station* station : hubs)
    for (SideIndex side = 0; side < station->hub->sides(); ++side)
      station->hub->engine(side).for_each_peer([&](const proto::PeerRecord& peer) {
        EXPECT_TRUE(peer.wants.empty()) << "side " << side;
      });
}

TEST_F(Hubs, chain_up_to_eight_and_no_further) {
  World::Node& publisher = world.add(0);
  const StreamId stream = world.open(publisher, "t.A");
  world.start(publisher);
  for (std::size_t i = 0; i < 9; ++i) world.add_hub({i, i + 1}, 20 + i);
  World::Node& eighth = world.add(8);
  World::Node& ninth = world.add(9);
  world.start(eighth);
  world.start(ninth);
  world.want(eighth, interest_in("t.A"));
  world.want(ninth, interest_in("t.A"));
  world.run(8s);
  world.publish(publisher, stream);
  world.run(2s);
  EXPECT_EQ(eighth.heard[std::pair(publisher.engine->node(), stream)].messages, 1u);
  EXPECT_EQ(eighth.heard[std::pair(publisher.engine->node(), stream)].hops, 8u);
  EXPECT_EQ(ninth.heard[std::pair(publisher.engine->node(), stream)].messages, 0u);
}

TEST_F(Hubs, ask_for_those_beyond_and_bring_the_answers) {
  World::Node& publisher = world.add(a);
  World::Node& asker = world.add(b);
  publisher.says = {"one", std::string(5000, '2'), "three"};
  world.open(publisher, "t.A");
  world.start(publisher);
  world.start(asker);
  world.add_hub({a, b}, 11);
  world.add_hub({a, b}, 12);
  world.run(2s);
  ASSERT_TRUE(asker.engine->ask(world.now, question(), asker.out).ok());
  world.collect(asker);
  world.run(200ms);
  EXPECT_EQ(asker.answers, 1u) << "the hub that passes it on, not the one that stands by";
  ASSERT_EQ(asker.heard.size(), 1u);
  EXPECT_EQ(asker.heard.begin()->second.texts, publisher.says);
}

TEST_F(Hubs, say_who_has_not_answered) {
  World::Node& publisher = world.add(a);
  World::Node& asker = world.add(b);
  world.open(publisher, "t.A");
  world.start(publisher);
  world.start(asker);
  world.add_hub({a, b}, 11);
  world.run(2s);
  publisher.up = false;
  ASSERT_TRUE(asker.engine->ask(world.now, question(), asker.out).ok());
  world.collect(asker);
  world.run(2s);
  EXPECT_EQ(asker.answers, 0u);
  world.run(2s);
  EXPECT_EQ(asker.answers, 1u);
}

// Losses on all networks, hubs that die and come back, subscribers that come late.
TEST(HubStorm, everything_arrives_once_or_is_named) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    std::vector<std::pair<World::Node*, StreamId>> publishers;
    for (std::size_t i = 0; i < 3; ++i) {
      World::Node& node = world.add(i % 2);
      publishers.emplace_back(&node, world.open(node, i == 2 ? "t.B" : "t.A"));
      world.start(node);
    }
    std::vector<World::Node*> subscribers;
    for (std::size_t i = 0; i < 3; ++i) {
      subscribers.push_back(&world.add(i));
      world.start(*subscribers.back());
      world.want(*subscribers.back(), i == 2 ? interest_matching("*") : interest_in("t.A"));
    }
    world.add_hub({0, 1}, 11);
    world.add_hub({0, 1}, 12);
    world.add_hub({1, 2}, 13);
    world.run(3s);
    world.loss_permille = 50;
    for (int step = 0; step < 300; ++step) {
      for (auto& [node, stream] : publishers)
        if (world.random.below(2)) world.publish(*node, stream, world.random.below(20) ? 0 : 4000);
      world.run(Duration(std::chrono::milliseconds(5 + world.random.below(30))));
      World::Station& hub = world.stations[world.random.below(2)];
      if (hub.up && world.random.below(100) == 0)
        hub.up = false;
      else if (!hub.up && world.random.below(60) == 0)
        world.start_hub(hub, 30 + world.random.below(1000));
    }
    world.loss_permille = 0;
    for (World::Station& hub : world.stations)
      if (!hub.up) world.start_hub(hub, 31 + world.random.below(1000));
    world.run(8s);
    for (auto& [node, stream] : publishers) world.publish(*node, stream);
    world.run(4s);
    EXPECT_EQ(world.wrong, "");
    for (World::Node* subscriber : subscribers)
      for (auto& [node, stream] : publishers) {
        if (node == publishers[2].first && subscriber != subscribers[2]) continue;
        const auto& heard = subscriber->heard[{node->engine->node(), stream}];
        EXPECT_GT(heard.messages, 0u);
        EXPECT_EQ(heard.texts.empty() ? "" : heard.texts.back(),
                  "value " + std::to_string(world.published[{node->engine->node(), stream}]))
            << "node " << int(subscriber->number) << " of " << int(node->number);
      }
  }
}

}  // namespace
}  // namespace dts::hub
