// Messages of a type whose document has yet to come: so many of them wait for it, the others are
// named.
#include <dts/domain.hpp>

#include <gtest/gtest.h>

#include <atomic>

#include "domain/test_domain.hpp"

namespace dts::domain {
namespace {

TEST(AwaitedType, what_does_not_wait_for_its_type_is_named) {
  const std::string hub = new_hub();
  Domain a(options_of(hub, "a")), b(options_of(hub, "b"));
  int came = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps;
  SubscribeOptions options;
  options.queue_messages_max = 10'000;
  options.on_gap = [&](const Gap& gap) { gaps.emplace_back(gap.from, gap.to); };
  const auto subscription = b.subscribe<Temperature>([&](const Temperature&) { ++came; }, options);
  auto publisher = *a.publisher<TemperatureV2>();  // its document is unknown at b
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return publisher.subscribers() == 1; }));
  // While a is not polled it answers nobody.
  for (int i = 0; i < 8192 + 44; ++i) ASSERT_TRUE(publisher.publish({1.0 * i, i, ""}));
  for (int i = 0; i < 50; ++i) b.poll(std::chrono::milliseconds(1));
  EXPECT_EQ(came, 0);
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return came >= 8192; }));
  EXPECT_EQ(came, 8192);
  std::uint64_t next = 1;
  for (const auto& [from, to] : gaps) {
    EXPECT_EQ(from, next);
    next = to + 1;
  }
  EXPECT_EQ(next, 45u);
}

TEST(AwaitedType, a_publisher_that_waits_for_its_subscribers_waits_for_it_too) {
  const std::string hub = new_hub();
  Domain a(options_of(hub, "a")), b(options_of(hub, "b"));
  std::atomic<int> came{0};
  std::atomic<std::uint64_t> lost{0};
  SubscribeOptions options;
  options.on_gap = [&](const Gap& gap) { lost += gap.count(); };
  const auto subscription = b.subscribe<Temperature>([&](const Temperature&) { ++came; }, options);
  PublishOptions waits;
  waits.when_full = dts::wait(std::chrono::seconds(30));
  auto publisher = *a.publisher<TemperatureV2>(waits);
  b.start();
  ASSERT_TRUE(poll_until({&a}, [&] { return publisher.subscribers() == 1; }));
  // While a is not polled, and has room, it answers nobody.
  constexpr int count = 5000;
  for (int i = 0; i < count; ++i) ASSERT_TRUE(publisher.publish({1.0 * i, i, ""}));
  ASSERT_TRUE(poll_until({&a}, [&] { return came + static_cast<int>(lost) == count; }));
  EXPECT_EQ(lost, 0u);
}

// An answer comes at once, and as a whole.
TEST(AwaitedType, all_of_an_answer_waits_for_it) {
  const std::string hub = new_hub();
  Domain a(options_of(hub, "a")), b(options_of(hub, "b"));
  constexpr int count = 3000;
  PublishOptions keeps;
  keeps.history = count;
  auto publisher = *a.publisher<TemperatureV2>(keeps);
  for (int i = 0; i < count; ++i) ASSERT_TRUE(publisher.publish({1.0 * i, i, ""}));
  int came = 0, over = 0;
  std::vector<NoAnswer> missing;
  const auto asked = b.query<Temperature>(
      {}, [&](const Temperature& value) { came += value.tank == came; },
      [&](const QueryEnd& end) {
        ++over;
        missing = end.missing;
      },
      std::chrono::seconds(20));
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return over == 1; }));
  EXPECT_EQ(came, count);
  EXPECT_TRUE(missing.empty()) << missing[0].detail;
}

// And so does what was published before one came.
TEST(AwaitedType, all_of_the_past_waits_for_it) {
  const std::string hub = new_hub();
  Domain a(options_of(hub, "a")), b(options_of(hub, "b"));
  constexpr int count = 3000;
  PublishOptions keeps;
  keeps.history = count;
  auto publisher = *a.publisher<TemperatureV2>(keeps);
  for (int i = 0; i < count; ++i) ASSERT_TRUE(publisher.publish({1.0 * i, i, ""}));
  int came = 0;
  SubscribeOptions options;
  options.queue_messages_max = count;
  const auto subscription = b.subscribe<Temperature>(
      [&](const Temperature& value) { came += value.tank == came; }, options);
  EXPECT_TRUE(poll_until({&a, &b}, [&] { return came == count; })) << came;
}

}  // namespace
}  // namespace dts::domain
