// Publishers that wait for their subscribers, and commands that wait for their handlers.
#include <dts/domain.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>

#include "domain/test_domain.hpp"

namespace dts::domain {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

PublishOptions waiting(Duration max = 10s) {
  PublishOptions options;
  options.when_full = dts::wait(max);
  return options;
}

// A door that a handler stands at until it is opened.
class Door {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

class Waiting : public testing::Test {
 protected:
  std::string hub = new_hub();
  Domain a{options_of(hub, "a")}, b{options_of(hub, "b")};
};

TEST_F(Waiting, a_publisher_at_full_speed_loses_nothing_to_a_slow_handler) {
  std::atomic<int> got{0};
  std::atomic<bool> in_order{true};
  std::atomic<std::uint64_t> gaps{0};
  SubscribeOptions options;
  options.on_gap = [&](const Gap& gap) { gaps += gap.count(); };
  auto subscription = b.subscribe<Temperature>(
      [&](const Temperature& t) {
        if (t.tank != got++) in_order = false;
        if (t.tank % 64 == 0) std::this_thread::sleep_for(1ms);
      },
      options);
  auto publisher = a.publisher<Temperature>(waiting());
  ASSERT_TRUE(publisher);
  a.start();
  b.start();
  ASSERT_TRUE(publisher->wait_for_subscribers(1, 10s));
  constexpr int count = 60'000;
  for (int i = 0; i < count; ++i) {
    const Result<void> published = publisher->publish({0, i});
    ASSERT_TRUE(published) << published.error().text();
  }
  ASSERT_TRUE(wait_until([&] { return got == count; })) << got;
  EXPECT_TRUE(in_order);
  EXPECT_EQ(gaps, 0u);
  EXPECT_EQ(subscription.counters().overrun, 0u);
}

TEST_F(Waiting, a_subscriber_that_takes_nothing_makes_publishing_fail_in_time_and_by_name) {
  Door door;
  std::atomic<int> got{0};
  auto subscription = b.subscribe<Temperature>([&](const Temperature&) {
    ++got;
    door.pass();
  });
  auto publisher = a.publisher<Temperature>(waiting(1ms));
  ASSERT_TRUE(publisher);
  a.start();
  b.start();
  ASSERT_TRUE(publisher->wait_for_subscribers(1, 10s));
  int sent = 0;
  Result<void> published;
  while (sent < 1'000'000 && (published = publisher->publish({0, sent}))) ++sent;
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code(), ErrorCode::would_block);
  EXPECT_THAT(published.error().text(), HasSubstr(b.source()));
  EXPECT_THAT(published.error().text(), HasSubstr("1ms"));
  door.open();
  ASSERT_TRUE(wait_until([&] { return got == sent; })) << got << " of " << sent;
  EXPECT_EQ(subscription.counters().overrun, 0u);
}

TEST_F(Waiting, a_subscriber_in_the_same_domain_is_waited_for_too) {
  std::atomic<int> got{0};
  auto subscription = a.subscribe<Temperature>([&](const Temperature&) { ++got; });
  auto publisher = a.publisher<Temperature>(waiting());
  ASSERT_TRUE(publisher);
  a.start();
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(publisher->publish({0, i}));
  ASSERT_TRUE(wait_until([&] { return got == 20'000; })) << got;
  EXPECT_EQ(subscription.counters().overrun, 0u);
}

TEST_F(Waiting, a_program_that_only_polls_serves_the_bus_while_it_waits) {
  int got = 0;
  auto subscription = a.subscribe<Temperature>([&](const Temperature&) { ++got; });
  auto publisher = a.publisher<Temperature>(waiting());
  ASSERT_TRUE(publisher);
  for (int i = 0; i < 5'000; ++i) ASSERT_TRUE(publisher->publish({0, i}));
  ASSERT_TRUE(poll_until({&a}, [&] { return got == 5'000; })) << got;
}

TEST_F(Waiting, nobody_is_waited_for_when_nobody_listens) {
  auto publisher = a.publisher<Temperature>(waiting(Duration::zero()));
  ASSERT_TRUE(publisher);
  for (int i = 0; i < 50'000; ++i) ASSERT_TRUE(publisher->publish({0, i}));
}

PublishOptions command(std::vector<std::string> nodes, Duration within = 10s) {
  PublishOptions options;
  options.profile = Profile::command;
  options.confirmed_by.nodes = std::move(nodes);
  options.confirmed_by.within = within;
  return options;
}

TEST_F(Waiting, a_command_returns_when_the_named_handler_has) {
  std::atomic<bool> done{false};
  auto subscription = b.subscribe<Level>([&](const Level&) {
    std::this_thread::yield();
    done = true;
  });
  auto valve = a.publisher<Level>(command({b.source()}));
  ASSERT_TRUE(valve);
  a.start();
  b.start();
  const Result<void> published = valve->publish({1});
  ASSERT_TRUE(published) << published.error().text();
  EXPECT_TRUE(done);
}

TEST_F(Waiting, a_command_to_who_does_not_subscribe_is_not_sent_and_says_to_whom) {
  auto valve = a.publisher<Level>(command({"nowhere/valve"}, 1ms));
  ASSERT_TRUE(valve);
  const Result<void> published = valve->publish({1});
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code(), ErrorCode::timeout);
  EXPECT_THAT(published.error().text(), HasSubstr("nowhere/valve"));
}

TEST_F(Waiting, a_command_whose_handler_does_not_return_fails_with_its_name) {
  Door door;
  std::atomic<int> begun{0};
  auto slow = b.subscribe<Level>([&](const Level&) {
    ++begun;
    door.pass();
  });
  auto valve = a.publisher<Level>(command({b.source()}, 300ms));
  ASSERT_TRUE(valve);
  a.start();
  b.start();
  const Result<void> published = valve->publish({1});
  door.open();
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code(), ErrorCode::timeout);
  EXPECT_THAT(published.error().text(), HasSubstr(b.source()));
}

TEST_F(Waiting, a_command_to_this_domain_and_another_is_confirmed_by_both) {
  std::atomic<int> here{0}, there{0};
  auto one = a.subscribe<Level>([&](const Level&) { ++here; });
  auto other = b.subscribe<Level>([&](const Level&) { ++there; });
  auto valve = a.publisher<Level>(command({a.source(), b.source()}));
  ASSERT_TRUE(valve);
  a.start();
  b.start();
  for (int i = 1; i <= 10; ++i) {
    const Result<void> published = valve->publish({1});
    ASSERT_TRUE(published) << published.error().text();
    EXPECT_EQ(here, i);
    EXPECT_EQ(there, i);
  }
}

TEST_F(Waiting, a_late_subscriber_hears_no_command_of_the_past) {
  int early = 0, late = 0;
  auto one = b.subscribe<Level>([&](const Level&) { ++early; });
  auto valve = a.publisher<Level>(command({b.source()}));
  ASSERT_TRUE(valve);
  b.start();
  ASSERT_TRUE(valve->publish({1}));
  auto second = b.subscribe<Level>([&](const Level&) { ++late; });
  EXPECT_EQ(early, 1);
  ASSERT_TRUE(valve->publish({2}));
  EXPECT_EQ(late, 1);
}

}  // namespace
}  // namespace dts::domain
