// The loop with its threads: slow handlers, bounded queues, many publishers, closing. Run these
// under the preset tsan as well (ctest -R Threads).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "domain/test_domain.hpp"

namespace dts::domain {
namespace {

using testing::ElementsAre;

// A door a handler waits at until the test opens it.
class Door {
 public:
  void open() {
    if (!std::exchange(open_, true)) promise_.set_value();
  }
  void pass() { future_.wait(); }

  // Declared after the domains: whatever fails, their handlers end before they close.
  struct Opener {
    Door& door;
    ~Opener() { door.open(); }
  };

 private:
  bool open_ = false;
  std::promise<void> promise_;
  std::shared_future<void> future_{promise_.get_future()};
};

TEST(Threads, may_all_publish_through_one_publisher_and_their_own) {
  const std::string hub = new_hub();
  Domain a(options_of(hub, "a")), b(options_of(hub, "b"));
  std::atomic<int> shared{0}, own{0};
  SubscribeOptions all;
  all.queue_messages_max = 100'000;
  auto temperatures = b.subscribe<Temperature>([&](const Temperature&) { ++shared; }, all);
  auto levels = b.subscribe<Level>([&](const Level&) { ++own; }, all);
  auto local = a.subscribe<Level>([](const Level&) {}, all);
  auto publisher = a.publisher<Temperature>();
  ASSERT_TRUE(publisher);
  a.start();
  b.start();
  ASSERT_TRUE(a.publish(Level{}));
  ASSERT_TRUE(wait_until([&] { return publisher->subscribers() == 1 && own == 1; }));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 250; ++i) {
        EXPECT_TRUE(publisher->publish({double(i), i}));
        EXPECT_TRUE(a.publish(Level{double(i)}));
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(wait_until([&] { return shared == 1000 && own == 1001; })) << shared << " " << own;
}

TEST(Threads, of_a_slow_handler_do_not_hold_up_other_subscriptions) {
  const std::string hub = new_hub();
  Door door;
  Domain a(options_of(hub, "a")), b(options_of(hub, "b"));
  Door::Opener opener{door};
  std::atomic<int> slow{0}, quick{0};
  auto held = b.subscribe<Temperature>([&](const Temperature&) {
    if (++slow == 1) door.pass();
  });
  auto free = b.subscribe<Level>([&](const Level&) { ++quick; });
  a.start();
  b.start();
  auto temperatures = a.publisher<Temperature>();
  auto levels = a.publisher<Level>();
  ASSERT_TRUE(temperatures && levels);
  ASSERT_TRUE(
      wait_until([&] { return temperatures->subscribers() == 1 && levels->subscribers() == 1; }));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(temperatures->publish({}));
    ASSERT_TRUE(levels->publish({}));
  }
  EXPECT_TRUE(wait_until([&] { return quick == 10; })) << "while the other handler is stuck";
  EXPECT_EQ(slow, 1);
  door.open();
  EXPECT_TRUE(wait_until([&] { return slow == 10; })) << "its values have waited in the queue";
}

TEST(Threads, of_several_slow_handlers_are_replaced) {
  const std::string hub = new_hub();
  Door door;
  Domain a(options_of(hub, "a")), b(options_of(hub, "b"));
  Door::Opener opener{door};
  std::atomic<int> stuck{0}, quick{0};
  std::vector<Subscription> held;
  for (int i = 0; i < 3; ++i)
    held.push_back(b.subscribe<Temperature>([&](const Temperature&) {
      ++stuck;
      door.pass();
    }));
  auto free = b.subscribe<Level>([&](const Level&) { ++quick; });
  a.start();
  b.start();
  ASSERT_TRUE(a.publish(Temperature{}));
  EXPECT_TRUE(wait_until([&] { return stuck == 3; }));
  ASSERT_TRUE(a.publish(Level{}));
  EXPECT_TRUE(wait_until([&] { return quick == 1; }));
  door.open();
}

TEST(Threads, of_a_slow_subscriber_drop_the_oldest_and_name_them) {
  const std::string hub = new_hub();
  Door door;
  Domain a(options_of(hub, "a"));
  Door::Opener opener{door};
  std::mutex mutex;
  std::vector<std::int32_t> got;
  std::vector<Gap> gaps;
  SubscribeOptions options;
  options.queue_messages_max = 4;
  options.on_gap = [&](const Gap& gap) {
    const std::lock_guard lock(mutex);
    gaps.push_back(gap);
  };
  std::atomic<int> handled{0};
  auto subscription = a.subscribe<Temperature>(
      [&](const Temperature& t) {
        {
          const std::lock_guard lock(mutex);
          got.push_back(t.tank);
        }
        if (++handled == 1) door.pass();
      },
      options);
  a.start();
  auto publisher = a.publisher<Temperature>();
  ASSERT_TRUE(publisher);
  ASSERT_TRUE(publisher->publish({0, 1}));
  ASSERT_TRUE(wait_until([&] { return handled == 1; }));
  for (int i = 2; i <= 11; ++i) ASSERT_TRUE(publisher->publish({0, i}));
  door.open();
  ASSERT_TRUE(wait_until([&] { return handled == 5; }));
  const std::lock_guard lock(mutex);
  EXPECT_THAT(got, ElementsAre(1, 8, 9, 10, 11));
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].from, 2u);
  EXPECT_EQ(gaps[0].to, 7u);
  EXPECT_EQ(gaps[0].reason, Gap::Reason::overrun);
  const SubscriptionCounters counters = subscription.counters();
  EXPECT_EQ(counters.delivered + counters.overrun, 11u) << "delivered + named = published";
}

TEST(Threads, of_a_slow_subscriber_conflate_a_state_to_the_newest) {
  const std::string hub = new_hub();
  Door door;
  Domain a(options_of(hub, "a"));
  Door::Opener opener{door};
  std::mutex mutex;
  std::vector<std::int32_t> got;
  SubscribeOptions options;
  options.queue_messages_max = 4;
  std::atomic<int> handled{0};
  auto subscription = a.subscribe<Temperature>(
      [&](const Temperature& t) {
        {
          const std::lock_guard lock(mutex);
          got.push_back(t.tank);
        }
        if (++handled == 1) door.pass();
      },
      options);
  a.start();
  PublishOptions state;
  state.profile = Profile::state;
  auto publisher = a.publisher<Temperature>(state);
  ASSERT_TRUE(publisher);
  ASSERT_TRUE(publisher->publish({0, 1}));
  ASSERT_TRUE(wait_until([&] { return handled == 1; }));
  for (int i = 2; i <= 6; ++i) ASSERT_TRUE(publisher->publish({0, i}));
  door.open();
  ASSERT_TRUE(wait_until([&] { return handled == 2; }));
  const std::lock_guard lock(mutex);
  EXPECT_THAT(got, ElementsAre(1, 6));
  EXPECT_EQ(subscription.counters().conflated, 4u);
}

TEST(Threads, that_cancel_wait_for_the_handler_to_end) {
  const std::string hub = new_hub();
  Door door;
  Domain a(options_of(hub, "a"));
  Door::Opener opener{door};
  std::atomic<bool> inside{false}, ended{false};
  auto subscription = a.subscribe<Level>([&](const Level&) {
    inside = true;
    door.pass();
    ended = true;
  });
  a.start();
  ASSERT_TRUE(a.publish(Level{}));
  ASSERT_TRUE(wait_until([&] { return inside.load(); }));
  std::thread helper([&] { door.open(); });
  subscription.cancel();
  EXPECT_TRUE(ended);
  helper.join();
}

TEST(Threads, may_close_a_domain_from_its_own_handler) {
  Domain a(options_of(new_hub(), "a"));
  std::atomic<bool> closed{false};
  auto subscription = a.subscribe<Level>([&](const Level&) {
    a.close();
    closed = true;
  });
  a.start();
  ASSERT_TRUE(a.publish(Level{}));
  EXPECT_TRUE(wait_until([&] { return closed.load(); }));
}

TEST(Threads, may_go_on_publishing_while_the_domain_closes) {
  Domain a(options_of(new_hub(), "a"));
  auto publisher = a.publisher<Level>();
  ASSERT_TRUE(publisher);
  a.start();
  std::atomic<bool> refused{false};
  std::thread thread([&] {
    for (;;) {
      const Result<void> published = publisher->publish({});
      if (published) continue;
      EXPECT_EQ(published.error().code(), ErrorCode::closed);
      refused = true;
      return;
    }
  });
  a.close();
  thread.join();
  EXPECT_TRUE(refused);
}

TEST(Threads, in_run_return_when_stopped_even_before) {
  Domain a(options_of(new_hub(), "a"));
  a.stop();
  a.run();
  int got = 0;
  auto subscription = a.subscribe<Level>([&](const Level&) {
    ++got;
    a.stop();
  });
  ASSERT_TRUE(a.publish(Level{}));
  a.run();
  EXPECT_EQ(got, 1);
}

TEST(Threads, iterate_a_stream_while_the_domain_runs_and_end_with_it) {
  const std::string hub = new_hub();
  Domain a(options_of(hub, "a")), b(options_of(hub, "b"));
  b.start();
  auto stream = b.stream<Temperature>();
  std::atomic<int> count{0};
  std::thread reader([&] {
    for (auto& [value, sample] : stream) count += value.tank;
  });
  auto publisher = a.publisher<Temperature>();
  ASSERT_TRUE(publisher);
  a.start();
  ASSERT_TRUE(wait_until([&] { return publisher->subscribers() == 1; }));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(publisher->publish({0, 1}));
  EXPECT_TRUE(wait_until([&] { return count == 10; }));
  b.close();
  reader.join();
}

// Whoever iterates before start() receives by itself; the loop's threads take over from it.
TEST(Threads, of_start_take_over_from_one_that_iterates) {
  const std::string hub = new_hub();
  Domain a(options_of(hub, "a")), b(options_of(hub, "b"));
  auto stream = b.stream<Level>();
  std::atomic<int> count{0};
  std::thread reader([&] {
    while (stream.next()) ++count;
  });
  auto publisher = a.publisher<Level>();
  a.start();
  EXPECT_TRUE(wait_until([&] { return publisher->subscribers() == 1; }));
  for (int i = 1; i <= 20; ++i) {
    EXPECT_TRUE(publisher->publish({}));
    EXPECT_TRUE(wait_until([&] { return count == i; })) << i;
    if (i == 10) b.start();
  }
  b.close();
  reader.join();
}

TEST(Threads, send_what_a_burst_leaves_behind) {
  const std::string hub = new_hub();
  Domain a(options_of(hub, "a")), b(options_of(hub, "b"));
  std::atomic<int> got{0};
  auto subscription = b.subscribe<Temperature>([&](const Temperature&) { ++got; });
  auto publisher = a.publisher<Temperature>();
  ASSERT_TRUE(publisher);
  a.start();
  b.start();
  ASSERT_TRUE(wait_until([&] { return publisher->subscribers() == 1; }));
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(publisher->publish({0, i}));
  EXPECT_TRUE(wait_until([&] { return got == 500; })) << got;
}

TEST(Threads, of_several_domains_work_side_by_side) {
  const std::string hub = new_hub();
  std::vector<std::unique_ptr<Domain>> domains;
  std::atomic<int> got{0};
  std::vector<Subscription> subscriptions;
  for (int i = 0; i < 5; ++i) {
    domains.push_back(std::make_unique<Domain>(options_of(hub, "d" + std::to_string(i))));
    subscriptions.push_back(domains.back()->subscribe<Level>([&](const Level&) { ++got; }));
    domains.back()->start();
  }
  for (const auto& domain : domains) ASSERT_TRUE(domain->publish(Level{}));
  EXPECT_TRUE(wait_until([&] { return got == 25; })) << got;
}

}  // namespace
}  // namespace dts::domain
