// Queries between domains on one loopback hub: answers from what is kept and from handlers, who did
// not answer, and what a publisher does meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/test_domain.hpp"

namespace dts::domain {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto patience = 10s;  // never waited for where all answer

class Queries : public testing::Test {
 protected:
  std::string hub = new_hub();
  Domain a{options_of(hub, "a")}, b{options_of(hub, "b")};

  static PublishOptions keeping(std::uint32_t values, std::string name = {}) {
    PublishOptions options;
    options.history = values;
    options.name = std::move(name);
    return options;
  }
  Publisher<Temperature> tanks(Domain& domain, int count, std::uint32_t kept = 100) {
    auto publisher = domain.publisher<Temperature>(keeping(kept)).value();
    for (int i = 1; i <= count; ++i) publisher.publish({10.0 + i, i}).value();
    return publisher;
  }
  static std::vector<std::int32_t> tanks_of(const Answers<Temperature>& answers) {
    std::vector<std::int32_t> tanks;
    for (const auto& [value, sample] : answers.rows) tanks.push_back(value.tank);
    return tanks;
  }
};

TEST_F(Queries, are_answered_with_the_values_a_publisher_keeps) {
  const auto publisher = tanks(a, 5, 3);
  a.start();
  const auto answers = b.query<Temperature>({}, patience).value();
  EXPECT_THAT(tanks_of(answers), ElementsAre(3, 4, 5));
  for (const NoAnswer& none : answers.missing) ADD_FAILURE() << none.source << ": " << none.detail;
  EXPECT_EQ(answers.sources, 1u);
  ASSERT_THAT(answers.rows, SizeIs(3));
  const Sample& sample = answers.rows[0].sample;
  EXPECT_EQ(sample.source(), a.source());
  EXPECT_TRUE(sample.historic());
}

TEST_F(Queries, filter_at_the_publisher_and_give_the_newest_of_what_passes) {
  const auto publisher = tanks(a, 20);
  a.start();
  const auto warm =
      b.query<Temperature>({.where = "celsius > 15 and tank < 18", .limit = 2}, patience);
  EXPECT_THAT(tanks_of(warm.value()), ElementsAre(16, 17));
  const auto fahrenheit = b.query<Temperature>({.where = "celsius >= 86[degF]"}, patience);
  EXPECT_THAT(tanks_of(fahrenheit.value()), ElementsAre(20));
}

TEST_F(Queries, have_a_time_range) {
  auto publisher = tanks(a, 1);
  a.start();
  const auto first = b.query<Temperature>({}, patience).value();
  ASSERT_THAT(first.rows, SizeIs(1));
  const Time then = first.rows[0].sample.published();
  publisher.publish({99, 99}).value();
  Query later, until;
  later.range.from = then + 1ns;
  until.range.to = then;
  EXPECT_THAT(tanks_of(b.query<Temperature>(later, patience).value()), ElementsAre(99));
  EXPECT_THAT(tanks_of(b.query<Temperature>(until, patience).value()), ElementsAre(1));
  Query never;
  never.range = {then, then - 1s};
  EXPECT_EQ(b.query<Temperature>(never, patience).error().code(), ErrorCode::invalid_argument);
}

TEST_F(Queries, are_answered_by_every_source_and_by_this_domain_itself) {
  const auto mine = tanks(b, 1);
  auto one = a.publisher<Temperature>(keeping(1, "one")).value();
  auto two = a.publisher<Temperature>(keeping(1, "two")).value();
  auto none = a.publisher<Temperature>(keeping(1, "none")).value();
  one.publish({0, 11}).value();
  two.publish({0, 22}).value();
  a.start();
  const auto answers = b.query<Temperature>({}, patience).value();
  std::map<std::string, std::int32_t> got;
  for (const auto& [value, sample] : answers.rows) got[sample.source()] = value.tank;
  EXPECT_EQ(got, (std::map<std::string, std::int32_t>{
                     {a.source() + "/one", 11}, {a.source() + "/two", 22}, {b.source(), 1}}));
  EXPECT_EQ(answers.sources, 4u);
  EXPECT_TRUE(answers.complete());
}

TEST_F(Queries, go_to_the_handler_where_there_is_one) {
  auto publisher = tanks(a, 3);
  std::string text, asker;
  publisher
      .on_query([&](const Query& query, Answer<Temperature>& answer) {
        text = query.text;
        asker = answer.asker();
        for (int i = 1; i <= 100; ++i) EXPECT_TRUE(answer.send({double(i), i}, Time(1s * i)));
      })
      .value();
  a.start();
  Query query{"tank > 10", {Time(1s * 20), Time(1s * 90)}, "what was it like?", 3};
  const auto answers = b.query<Temperature>(query, patience).value();
  EXPECT_THAT(tanks_of(answers), ElementsAre(88, 89, 90));
  EXPECT_EQ(answers.rows[0].sample.published(), Time(1s * 88));
  EXPECT_EQ(text, "what was it like?");
  EXPECT_EQ(asker, b.source());
  publisher.ValuePublisher::on_query({}).value();
  EXPECT_THAT(tanks_of(b.query<Temperature>({}, patience).value()), ElementsAre(1, 2, 3));
}

TEST_F(Queries, name_who_refuses_and_why) {
  auto publisher = tanks(a, 3);
  a.start();
  const auto unknown = b.query<Temperature>({.where = "pressure > 3"}, patience).value();
  ASSERT_THAT(unknown.missing, SizeIs(1));
  EXPECT_EQ(unknown.missing[0].why, NoAnswer::Why::refused);
  EXPECT_EQ(unknown.missing[0].source, a.source());
  EXPECT_THAT(unknown.missing[0].detail, HasSubstr("pressure"));
  publisher
      .on_query(
          [](const Query&, Answer<Temperature>& answer) { answer.refuse("the database is away"); })
      .value();
  const auto away = b.query<Temperature>({}, patience).value();
  ASSERT_THAT(away.missing, SizeIs(1));
  EXPECT_EQ(away.missing[0].detail, "the database is away");
  EXPECT_THAT(away.rows, IsEmpty());
}

TEST_F(Queries, with_a_mistake_in_the_filter_are_refused_before_anybody_is_asked) {
  const auto asked = b.query<Temperature>({.where = "celsius >"});
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code(), ErrorCode::filter);
}

TEST_F(Queries, name_who_is_silent_when_the_time_is_over) {
  // It announces itself, and then nobody runs its loop.
  const auto publisher = tanks(a, 3);
  int got = 0;
  auto subscription = b.subscribe<Temperature>([&](const Temperature&) { ++got; });
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return got > 0; }));
  const auto answers = b.query<Temperature>({}, 200ms).value();
  EXPECT_THAT(answers.rows, IsEmpty());
  ASSERT_THAT(answers.missing, SizeIs(1));
  EXPECT_EQ(answers.missing[0].source, a.source());
  EXPECT_EQ(answers.missing[0].why, NoAnswer::Why::silent);
  EXPECT_EQ(answers.missing[0].detail, "no answer within 200ms");
}

TEST_F(Queries, of_a_type_that_cannot_be_read_say_so) {
  auto publisher = a.publisher<TemperatureText>(keeping(3)).value();
  publisher.publish({"warm", 3}).value();
  a.start();
  const auto answers = b.query<Temperature>({}, patience).value();
  EXPECT_THAT(answers.rows, IsEmpty());
  ASSERT_THAT(answers.missing, SizeIs(1));
  EXPECT_EQ(answers.missing[0].why, NoAnswer::Why::refused);
  EXPECT_THAT(answers.missing[0].detail, HasSubstr("celsius"));
}

TEST_F(Queries, convert_what_newer_publishers_answer) {
  auto publisher = a.publisher<TemperatureV2>(keeping(3)).value();
  publisher.publish({18, 3, "new"}).value();
  a.start();
  const auto answers = b.query<Temperature>({.where = "note == \"new\""}, patience).value();
  ASSERT_THAT(answers.rows, SizeIs(1)) << "the filter is over the publisher's own type";
  EXPECT_TRUE(answers.rows[0].sample.converted());
}

TEST_F(Queries, by_pattern_give_values_of_every_type) {
  const auto publisher = tanks(a, 1);
  ASSERT_TRUE(a.publish(Level{2.5}));
  a.start();
  const auto answers = b.query("test.*", {}, patience).value();
  std::set<std::string> types;
  for (const auto& [value, sample] : answers.rows) types.insert(value.type().name());
  EXPECT_THAT(types, ElementsAre("test.Level", "test.Temperature"));
  EXPECT_EQ(answers.sources, 2u);
}

TEST_F(Queries, choose_sources_by_label) {
  PublishOptions two = keeping(1), three = keeping(1);
  two.labels = {{"tank", "2"}};
  three.labels = {{"tank", "3"}};
  auto second = a.publisher<Temperature>(two).value();
  auto third = a.publisher<Temperature>(three).value();
  second.publish({0, 2}).value();
  third.publish({0, 3}).value();
  a.start();
  SubscribeOptions options;
  options.labels = {{"tank", "3"}};
  EXPECT_THAT(tanks_of(b.query<Temperature>({}, patience, options).value()), ElementsAre(3));
}

TEST_F(Queries, carry_large_values) {
  auto publisher = a.publisher<Block>(keeping(4)).value();
  for (int i = 1; i <= 3; ++i)
    publisher.publish({std::vector<std::uint8_t>(300'000, std::uint8_t(i))}).value();
  a.start();
  const auto answers = b.query<Block>({}, patience).value();
  ASSERT_THAT(answers.rows, SizeIs(3));
  for (int i = 1; i <= 3; ++i)
    EXPECT_EQ(answers.rows[std::size_t(i - 1)].value.data,
              std::vector<std::uint8_t>(300'000, std::uint8_t(i)));
}

TEST_F(Queries, in_callback_form_give_the_values_and_then_the_end_once) {
  const auto publisher = tanks(a, 3);
  std::vector<std::int32_t> got;
  std::vector<QueryEnd> ends;
  auto asked = b.query<Temperature>(
      {.where = "tank > 1"}, [&](const Temperature& t) { got.push_back(t.tank); },
      [&](const QueryEnd& end) {
        EXPECT_THAT(got, SizeIs(2));
        ends.push_back(end);
      },
      patience);
  ASSERT_TRUE(asked.active());
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return !ends.empty(); }));
  EXPECT_THAT(got, ElementsAre(2, 3));
  EXPECT_EQ(ends[0].sources, 1u);
  EXPECT_THAT(ends[0].missing, IsEmpty());
  for (int i = 0; i < 20; ++i) {
    a.poll();
    b.poll();
  }
  EXPECT_THAT(ends, SizeIs(1));
}

// As when the publisher's first words are lost, and others who have nothing are heard at once.
TEST_F(Queries, of_a_new_domain_wait_a_while_for_somebody_who_publishes) {
  const auto publisher = tanks(a, 3);
  Domain asker{options_of(hub, "asker")};
  std::vector<QueryEnd> ends;
  auto asked = asker.query<Temperature>(
      {}, [](const Temperature&) {}, [&](const QueryEnd& end) { ends.push_back(end); }, patience);
  const auto soon = std::chrono::steady_clock::now() + 150ms;
  ASSERT_TRUE(poll_until({&asker, &b},
                         [&] { return !ends.empty() || std::chrono::steady_clock::now() > soon; }));
  ASSERT_THAT(ends, IsEmpty());
  ASSERT_TRUE(poll_until({&asker, &a}, [&] { return !ends.empty(); }));
  EXPECT_EQ(ends[0].sources, 1u);
}

TEST_F(Queries, for_the_last_values_of_a_new_domain_wait_for_somebody_as_well) {
  const auto publisher = tanks(a, 3);
  Domain asker{options_of(hub, "asker")};
  std::vector<Reading<Temperature>> readings;
  std::atomic<bool> ended = false;
  std::thread asking([&] {
    readings = asker.latest<Temperature>(patience);
    ended = true;
  });
  const auto soon = std::chrono::steady_clock::now() + 150ms;
  EXPECT_TRUE(poll_until({&b}, [&] { return ended || std::chrono::steady_clock::now() > soon; }));
  EXPECT_TRUE(poll_until({&a, &b}, [&] { return ended.load(); }));
  asking.join();
  EXPECT_THAT(readings, SizeIs(1));
}

TEST_F(Queries, that_are_dropped_call_nobody) {
  const auto publisher = tanks(a, 3);
  int called = 0;
  {
    auto asked = b.query<Temperature>(
        {}, [&](const Temperature&) { ++called; }, [&](const QueryEnd&) { ++called; }, patience);
  }
  for (int i = 0; i < 50; ++i) {
    a.poll(1ms);
    b.poll(1ms);
  }
  EXPECT_EQ(called, 0);
}

TEST_F(Queries, leave_subscriptions_alone) {
  auto publisher = tanks(a, 3);
  std::vector<std::int32_t> got;
  auto subscription =
      b.subscribe<Temperature>([&](const Temperature& t) { got.push_back(t.tank); });
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return got.size() == 3; }));
  bool over = false;
  auto asked = b.query<Temperature>(
      {}, [](const Temperature&) {}, [&](const QueryEnd&) { over = true; }, patience);
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return over; }));
  publisher.publish({0, 4}).value();
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return got.size() == 4; }));
  EXPECT_THAT(got, ElementsAre(1, 2, 3, 4)) << "answers are for the asker alone";
}

TEST_F(Queries, a_publisher_waits_for_its_subscribers) {
  auto publisher = a.publisher<Temperature>().value();
  a.start();
  const auto alone = publisher.wait_for_subscribers(1, 10ms);
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().code(), ErrorCode::timeout);
  EXPECT_THAT(alone.error().text(), HasSubstr("0 of 1"));
  b.start();
  auto subscription = b.subscribe<Temperature>([](const Temperature&) {});
  EXPECT_TRUE(publisher.wait_for_subscribers(1, patience));
}

// A handler that is slow, and publishers that come and go while it runs.
TEST(Threads, of_a_slow_query_handler_do_not_hold_up_the_publisher) {
  const std::string hub = new_hub();
  Domain a(options_of(hub, "a")), b(options_of(hub, "b"));
  auto publisher = a.publisher<Temperature>().value();
  std::atomic<bool> in{false}, go{false};
  publisher
      .on_query([&](const Query&, Answer<Temperature>& answer) {
        in = true;
        while (!go) std::this_thread::yield();
        (void)answer.send({1, 1});
      })
      .value();
  std::atomic<int> got{0}, over{0};
  auto subscription = b.subscribe<Temperature>([&](const Temperature&) { ++got; });
  a.start();
  b.start();
  auto asked = b.query<Temperature>(
      {}, [](const Temperature&) {}, [&](const QueryEnd& end) { over = int(1 + end.sources); },
      patience);
  ASSERT_TRUE(wait_until([&] { return in.load(); }));
  ASSERT_TRUE(publisher.publish({2, 2}));
  EXPECT_TRUE(wait_until([&] { return got == 1; }));
  EXPECT_EQ(over, 0);
  go = true;
  EXPECT_TRUE(wait_until([&] { return over == 2; }));
}

TEST(Threads, may_drop_a_publisher_while_it_is_asked) {
  const std::string hub = new_hub();
  Domain a(options_of(hub, "a")), b(options_of(hub, "b"));
  a.start();
  b.start();
  for (int i = 0; i < 20; ++i) {
    std::optional<Publisher<Temperature>> publisher = a.publisher<Temperature>().value();
    std::atomic<bool> in{false};
    publisher
        ->on_query([&](const Query&, Answer<Temperature>& answer) {
          in = true;
          (void)answer.send({1, 1});
        })
        .value();
    std::atomic<bool> over{false};
    auto asked = b.query<Temperature>(
        {}, [](const Temperature&) {}, [&](const QueryEnd&) { over = true; }, 2s);
    if (i % 2 == 0) {
      EXPECT_TRUE(wait_until([&] { return in.load(); }));
    }
    publisher.reset();
    EXPECT_TRUE(wait_until([&] { return over.load(); }));
  }
}

// Whoever drops a publisher waits for the handler that runs; questions go on coming meanwhile.
TEST(Threads, may_ask_a_publisher_that_is_being_dropped) {
  const std::string hub = new_hub();
  Domain a(options_of(hub, "a")), b(options_of(hub, "b"));
  std::optional<Publisher<Temperature>> publisher = a.publisher<Temperature>().value();
  std::atomic<bool> in{false}, go{false};
  publisher
      ->on_query([&](const Query&, Answer<Temperature>&) {
        in = true;
        while (!go) std::this_thread::yield();
      })
      .value();
  a.start();
  b.start();
  std::atomic<int> over{0};
  const auto end = [&](const QueryEnd&) { ++over; };
  const auto ask = [&] { return b.query<Temperature>({}, [](const Temperature&) {}, end, 2s); };
  auto first = ask();
  ASSERT_TRUE(wait_until([&] { return in.load(); }));
  std::thread dropping([&] { publisher.reset(); });
  // It has ended for those who look at it, and waits for its handler.
  EXPECT_TRUE(wait_until([&] { return a.catalogue().nodes[0].streams.empty(); }));
  auto second = ask();
  auto of_its_own = a.query<Temperature>({}, [](const Temperature&) {}, end, 2s);
  go = true;
  dropping.join();
  EXPECT_TRUE(wait_until([&] { return over == 3; }));
}

}  // namespace
}  // namespace dts::domain
