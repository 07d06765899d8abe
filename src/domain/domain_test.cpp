// The Domain over the loopback transport, polled by the test: one thread, nothing left to chance.
#include <dts/domain.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/test_domain.hpp"

namespace dts::domain {
namespace {

using testing::ElementsAre;

class Two : public testing::Test {
 protected:
  std::string hub = new_hub();
  Domain a{options_of(hub, "a")}, b{options_of(hub, "b")};
  bool until(const std::function<bool()>& done) { return poll_until({&a, &b}, done); }
};

TEST_F(Two, nodes_exchange_a_value_by_its_type) {
  std::vector<double> got;
  std::string source;
  auto subscription = b.subscribe<Temperature>([&](const Temperature& t, const Sample& s) {
    got.push_back(t.celsius);
    source = s.source();
  });
  ASSERT_TRUE(a.publish(Temperature{18.5, 3}));
  ASSERT_TRUE(until([&] { return !got.empty(); }));
  EXPECT_THAT(got, ElementsAre(18.5));
  EXPECT_EQ(source, a.source());
}

TEST_F(Two, a_hundred_values_arrive_once_and_in_order) {
  std::vector<std::int32_t> got;
  auto subscription =
      b.subscribe<Temperature>([&](const Temperature& t) { got.push_back(t.tank); });
  auto publisher = a.publisher<Temperature>();
  ASSERT_TRUE(publisher);
  ASSERT_TRUE(until([&] { return publisher->subscribers() == 1; }));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(publisher->publish({0, i}));
  ASSERT_TRUE(until([&] { return got.size() >= 100; }));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(subscription.counters().delivered, 100u);
}

TEST_F(Two, a_late_joiner_gets_the_last_value_marked_as_history) {
  ASSERT_TRUE(a.publish(Temperature{1, 1}));
  ASSERT_TRUE(a.publish(Temperature{2, 2}));
  std::vector<std::pair<std::int32_t, bool>> got;
  auto subscription = b.subscribe<Temperature>(
      [&](const Temperature& t, const Sample& s) { got.emplace_back(t.tank, s.historic()); });
  ASSERT_TRUE(until([&] { return !got.empty(); }));
  EXPECT_THAT(got, ElementsAre(std::pair(2, true)));
}

TEST_F(Two, a_second_subscription_gets_the_last_value_too_and_the_first_no_second_time) {
  ASSERT_TRUE(a.publish(Temperature{1, 1}));
  int first = 0, second = 0;
  auto one = b.subscribe<Temperature>([&](const Temperature&) { ++first; });
  ASSERT_TRUE(until([&] { return first > 0; }));
  auto two = b.subscribe<Temperature>([&](const Temperature&) { ++second; });
  ASSERT_TRUE(until([&] { return second > 0; }));
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
}

TEST_F(Two, a_domain_hears_itself_through_the_queue) {
  int got = 0;
  auto subscription = a.subscribe<Temperature>([&](const Temperature&) { ++got; });
  ASSERT_TRUE(a.publish(Temperature{1, 1}));
  EXPECT_EQ(got, 0) << "never on the publisher's stack";
  ASSERT_TRUE(poll_until({&a}, [&] { return got == 1; }));
}

TEST_F(Two, a_local_late_joiner_gets_the_last_value) {
  ASSERT_TRUE(a.publish(Temperature{1, 7}));
  std::int32_t tank = 0;
  bool historic = false;
  auto subscription = a.subscribe<Temperature>([&](const Temperature& t, const Sample& s) {
    tank = t.tank;
    historic = s.historic();
  });
  ASSERT_TRUE(poll_until({&a}, [&] { return tank == 7; }));
  EXPECT_TRUE(historic);
}

TEST_F(Two, a_pattern_shows_types_never_seen_before) {
  std::string type, text;
  auto subscription = b.subscribe("test.*", [&](const Value& value, const Sample&) {
    type = value.type().name();
    text = value.text("litres").value();
  });
  ASSERT_TRUE(a.publish(Level{2.5}));
  ASSERT_TRUE(until([&] { return !type.empty(); }));
  EXPECT_EQ(type, "test.Level");
  EXPECT_EQ(text, "2.5");
}

TEST_F(Two, a_type_known_at_run_time_only_is_published_and_subscribed) {
  const Type type = Type::parse("test.Level { litres : f64 }").value();
  double litres = 0;
  auto subscription = b.subscribe(
      type, [&](const Value& value, const Sample&) { litres = value.number("litres").value(); });
  auto publisher = a.publisher(type);
  ASSERT_TRUE(publisher);
  Value value = Value::of(type).value();
  ASSERT_TRUE(value.set("litres", 4.25));
  ASSERT_TRUE(publisher->publish(value));
  ASSERT_TRUE(until([&] { return litres != 0; }));
  EXPECT_EQ(litres, 4.25);
}

TEST_F(Two, a_newer_type_is_read_as_the_one_subscribed_to) {
  std::int32_t tank = 0;
  bool converted = false;
  auto subscription = b.subscribe<Temperature>([&](const Temperature& t, const Sample& s) {
    tank = t.tank;
    converted = s.converted();
  });
  ASSERT_TRUE(a.publish(TemperatureV2{18, 3, "new"}));
  ASSERT_TRUE(until([&] { return tank == 3; }));
  EXPECT_TRUE(converted);
}

TEST_F(Two, an_unreadable_type_is_refused_with_the_difference) {
  int got = 0;
  auto subscription = b.subscribe<Temperature>([&](const Temperature&) { ++got; });
  auto publisher = a.publisher<TemperatureText>();
  ASSERT_TRUE(publisher);
  ASSERT_TRUE(publisher->publish({"warm", 3}));
  ASSERT_TRUE(until([&] { return subscription.why().reason == WhyQuiet::incompatible_type; }));
  const Why why = subscription.why();
  ASSERT_FALSE(why.differences.empty());
  EXPECT_EQ(why.differences[0].path, "celsius");
  EXPECT_EQ(got, 0);
}

TEST_F(Two, labels_choose_the_source_before_decoding) {
  std::vector<std::int32_t> got;
  SubscribeOptions options;
  options.labels = {{"tank", "3"}};
  auto subscription = b.subscribe<Temperature>([&](const Temperature& t) { got.push_back(t.tank); },
                                               std::move(options));
  PublishOptions tank2, tank3;
  tank2.labels = {{"tank", "2"}};
  tank3.labels = {{"tank", "3"}};
  auto two = a.publisher<Temperature>(tank2);
  auto three = a.publisher<Temperature>(tank3);
  ASSERT_TRUE(two && three);
  ASSERT_TRUE(two->publish({0, 2}));
  ASSERT_TRUE(three->publish({0, 3}));
  ASSERT_TRUE(until([&] { return !got.empty() && subscription.counters().filtered > 0; }));
  EXPECT_THAT(got, ElementsAre(3));
}

TEST_F(Two, two_sources_of_one_program_are_told_apart_by_number) {
  std::set<std::string> names;
  auto subscription = b.subscribe<Temperature>(
      [&](const Temperature&, const Sample& s) { names.insert(s.source()); });
  auto one = a.publisher<Temperature>();
  auto two = a.publisher<Temperature>();
  ASSERT_TRUE(one && two);
  ASSERT_TRUE(one->publish({}));
  ASSERT_TRUE(two->publish({}));
  ASSERT_TRUE(until([&] { return names.size() == 2; }));
  EXPECT_THAT(names, ElementsAre(a.source(), a.source() + "#2"));
}

TEST_F(Two, latest_gives_one_row_per_source) {
  auto one = a.publisher<Temperature>();
  PublishOptions named;
  named.name = "second";
  auto two = a.publisher<Temperature>(named);
  ASSERT_TRUE(one && two);
  ASSERT_TRUE(one->publish({0, 1}));
  ASSERT_TRUE(one->publish({0, 2}));
  ASSERT_TRUE(two->publish({0, 3}));
  a.start();
  const auto readings = b.latest<Temperature>(std::chrono::seconds(5));
  std::set<std::int32_t> tanks;
  for (const auto& reading : readings) tanks.insert(reading.value.tank);
  EXPECT_THAT(tanks, ElementsAre(2, 3));
}

TEST_F(Two, latest_by_pattern_gives_values_of_all_types) {
  ASSERT_TRUE(a.publish(Temperature{0, 1}));
  ASSERT_TRUE(a.publish(Level{2}));
  a.start();
  const auto readings = b.latest("test.*", std::chrono::seconds(5));
  std::set<std::string> names;
  for (const auto& reading : readings) names.insert(reading.value.type().name());
  EXPECT_THAT(names, ElementsAre("test.Level", "test.Temperature"));
}

TEST_F(Two, a_stream_is_iterated) {
  auto stream = b.stream<Temperature>();
  a.start();
  auto publisher = a.publisher<Temperature>();
  ASSERT_TRUE(publisher);
  ASSERT_TRUE(publisher->publish({0, 1}));
  auto first = stream.next(std::chrono::seconds(10));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->value.tank, 1);
  ASSERT_TRUE(publisher->publish({0, 2}));
  std::vector<std::int32_t> got;
  for (auto& [value, sample] : stream) {
    got.push_back(value.tank);
    stream.stop();
  }
  EXPECT_THAT(got, ElementsAre(2));
}

TEST_F(Two, a_value_of_a_megabyte_arrives_whole) {
  Block block;
  for (int i = 0; i < 1'000'000; ++i) block.data.push_back(static_cast<std::uint8_t>(i * 7));
  bool same = false;
  auto subscription = b.subscribe<Block>([&](const Block& got) { same = got.data == block.data; });
  auto publisher = a.publisher<Block>();
  ASSERT_TRUE(publisher);
  ASSERT_TRUE(until([&] { return publisher->subscribers() == 1; }));
  ASSERT_TRUE(publisher->publish(block));
  EXPECT_TRUE(until([&] { return same; }));
}

TEST_F(Two, types_are_asked_for_and_found_by_family_and_by_id) {
  ASSERT_TRUE(a.publish(Level{1}));
  a.start();
  const std::vector<Type> types = b.types("test.Level", std::chrono::seconds(10));
  ASSERT_EQ(types.size(), 1u);
  EXPECT_EQ(types[0], type_of<Level>());
  EXPECT_TRUE(b.type(types[0].id(), std::chrono::seconds(10)));
}

TEST_F(Two, a_type_nobody_knows_is_an_error_after_the_timeout) {
  TypeId id;
  id.bytes[0] = 1;
  const Result<Type> type = b.type(id, std::chrono::milliseconds(1));
  ASSERT_FALSE(type);
  EXPECT_EQ(type.error().code(), ErrorCode::unknown_type);
}

TEST_F(Two, the_catalogue_lists_nodes_streams_and_wants) {
  ASSERT_TRUE(a.publish(Level{1}));
  auto subscription = b.subscribe<Temperature>([](const Temperature&) {});
  const auto seen = [&] {
    b.refresh();
    const Catalogue catalogue = b.catalogue();
    return catalogue.nodes.size() == 2 && catalogue.nodes[1].streams.size() == 1;
  };
  ASSERT_TRUE(until(seen));
  const Catalogue catalogue = b.catalogue();
  EXPECT_EQ(catalogue.domain, "test");
  EXPECT_TRUE(catalogue.nodes[0].self);
  ASSERT_EQ(catalogue.nodes[0].wants.size(), 1u);
  EXPECT_EQ(catalogue.nodes[0].wants[0].type_name, "test.Temperature");
  EXPECT_EQ(catalogue.nodes[1].name, "a");
  EXPECT_EQ(catalogue.nodes[1].streams[0].source.type_name, "test.Level");
}

TEST_F(Two, a_publisher_that_ends_is_named_by_why) {
  auto subscription = b.subscribe<Temperature>([](const Temperature&) {});
  auto publisher = a.publisher<Temperature>();
  ASSERT_TRUE(publisher);
  ASSERT_TRUE(until([&] { return subscription.why().reason == WhyQuiet::publisher_idle; }));
  *publisher = {};
  EXPECT_TRUE(until([&] { return subscription.why().reason == WhyQuiet::publisher_gone; }));
}

TEST_F(Two, a_closed_domain_refuses_to_publish_and_close_is_idempotent) {
  auto publisher = a.publisher<Temperature>();
  ASSERT_TRUE(publisher);
  a.close();
  a.close();
  EXPECT_EQ(publisher->publish({}).error().code(), ErrorCode::closed);
  EXPECT_EQ(a.publish(Level{}).error().code(), ErrorCode::closed);
  EXPECT_FALSE(a.subscribe<Level>([](const Level&) {}).active());
  EXPECT_EQ(a.poll(), 0u);
}

TEST_F(Two, a_publisher_outlives_its_domain) {
  Publisher<Temperature> publisher;
  {
    Domain c(options_of(hub, "c"));
    publisher = c.publisher<Temperature>().value();
  }
  EXPECT_EQ(publisher.publish({}).error().code(), ErrorCode::closed);
}

TEST_F(Two, a_cancelled_subscription_gets_nothing_more) {
  int got = 0;
  auto subscription = b.subscribe<Temperature>([&](const Temperature&) { ++got; });
  ASSERT_TRUE(a.publish(Temperature{}));
  ASSERT_TRUE(until([&] { return got == 1; }));
  subscription.cancel();
  int other = 0;
  auto witness = b.subscribe<Level>([&](const Level&) { ++other; });
  ASSERT_TRUE(a.publish(Temperature{}));
  ASSERT_TRUE(a.publish(Level{}));
  ASSERT_TRUE(until([&] { return other == 1; }));
  EXPECT_EQ(got, 1);
}

TEST_F(Two, a_handler_may_cancel_itself) {
  int got = 0;
  Subscription subscription;
  subscription = b.subscribe<Temperature>([&](const Temperature&) {
    ++got;
    subscription.cancel();
  });
  auto publisher = a.publisher<Temperature>();
  ASSERT_TRUE(publisher);
  ASSERT_TRUE(until([&] { return publisher->subscribers() == 1; }));
  ASSERT_TRUE(publisher->publish({}));
  ASSERT_TRUE(publisher->publish({}));
  ASSERT_TRUE(until([&] { return publisher->subscribers() == 0; }));
  EXPECT_EQ(got, 1);
}

TEST_F(Two, a_handler_may_publish_an_answer) {
  double answer = 0;
  auto asks = a.subscribe<Level>([&](const Level& level) { answer = level.litres; });
  auto answers = b.subscribe<Temperature>(
      [&](const Temperature& t) { EXPECT_TRUE(b.publish(Level{t.celsius * 2})); });
  ASSERT_TRUE(a.publish(Temperature{21, 0}));
  ASSERT_TRUE(until([&] { return answer != 0; }));
  EXPECT_EQ(answer, 42);
}

TEST(Domain, opens_without_any_transport_and_says_so) {
  DomainOptions options = options_of("pigeon://", "a");
  Domain domain(std::move(options));
  const auto notices = domain.notices();
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_NE(notices[0].find("E1306"), std::string::npos) << notices[0];
  int got = 0;
  auto subscription = domain.subscribe<Level>([&](const Level&) { ++got; });
  ASSERT_TRUE(domain.publish(Level{1}));
  EXPECT_TRUE(poll_until({&domain}, [&] { return got == 1; }));
}

TEST(Domain, goes_on_without_a_peer_it_cannot_resolve_and_says_so) {
  DomainOptions options = options_of(new_hub(), "a");
  options.peers = {"no such peer"};
  Domain domain(std::move(options));
  std::vector<std::string> notices;
  ASSERT_TRUE(wait_until([&] {
    for (std::string& notice : domain.notices()) notices.push_back(std::move(notice));
    return !notices.empty();
  }));
  EXPECT_NE(notices[0].find("no such peer"), std::string::npos) << notices[0];
}

// A format whose messages are torn JSON: nobody can read them.
class Unreadable final : public Format {
  class Writes final : public Encoder {
    Result<void> encode(const void*, Bytes& out) const override {
      out.push_back('{');  // and no end
      return {};
    }
  };

 public:
  std::string_view name() const override { return "unreadable"; }
  std::uint8_t code() const override { return 200; }
  std::string_view media_type() const override { return "application/octet-stream"; }
  bool is_text() const override { return false; }
  Result<std::unique_ptr<Encoder>> encoder(const Layout&) const override {
    return std::unique_ptr<Encoder>(std::make_unique<Writes>());
  }
  Result<std::unique_ptr<Decoder>> decoder(const Assignment& assignment, const Layout& layout,
                                           const DecodeLimits& limits) const override {
    return find_format(built_in_formats(), "json")->decoder(assignment, layout, limits);
  }
};

TEST(Domain, names_a_message_it_cannot_decode) {
  const Unreadable format;
  const Format* const table[] = {&format};
  DomainOptions options = options_of(new_hub(), "a");
  options.formats = table;
  Domain domain(std::move(options));
  std::vector<Gap> gaps;
  SubscribeOptions subscribe;
  subscribe.on_gap = [&](const Gap& gap) { gaps.push_back(gap); };
  auto subscription = domain.subscribe<Level>([](const Level&) { FAIL(); }, subscribe);
  PublishOptions publish;
  publish.format = "unreadable";
  const auto publisher = domain.publisher<Level>(publish);
  ASSERT_TRUE(publisher);
  ASSERT_TRUE(publisher->publish({1}));
  ASSERT_TRUE(poll_until({&domain}, [&] { return !gaps.empty(); }));
  EXPECT_EQ(gaps[0].reason, Gap::Reason::undecodable);
  EXPECT_FALSE(gaps[0].detail.empty());
  EXPECT_EQ(subscription.counters().undecodable, 1u);
  EXPECT_EQ(subscription.why().reason, WhyQuiet::decode_errors);
}

TEST(Domain, refuses_an_unknown_format_and_names_the_nearest) {
  Domain domain(options_of(new_hub(), "a"));
  PublishOptions options;
  options.format = "jsn";
  const auto publisher = domain.publisher<Level>(options);
  ASSERT_FALSE(publisher);
  EXPECT_EQ(publisher.error().code(), ErrorCode::unknown_format);
  EXPECT_EQ(publisher.error().hint(), "json");
}

TEST(Domain, refuses_a_value_of_another_type) {
  Domain domain(options_of(new_hub(), "a"));
  const auto publisher = domain.publisher(type_of<Level>());
  ASSERT_TRUE(publisher);
  const Value value = Value::of(type_of<Temperature>()).value();
  EXPECT_EQ(publisher->publish(value).error().code(), ErrorCode::incompatible_type);
}

TEST(Domain, tells_why_nobody_is_heard) {
  Domain domain(options_of(new_hub(), "a"));
  auto subscription = domain.subscribe<Level>([](const Level&) {});
  EXPECT_EQ(subscription.why().reason, WhyQuiet::no_peers_heard);
  EXPECT_EQ(domain.why("test.Level").reason, WhyQuiet::no_peers_heard);
}

TEST(Domain, names_its_counters) {
  Domain domain(options_of(new_hub(), "a"));
  std::set<std::string> names;
  for (const Counter& counter : domain.counters())
    EXPECT_TRUE(names.insert(counter.name).second) << counter.name;
  EXPECT_TRUE(names.contains("packet_bad_checksum"));
  EXPECT_TRUE(names.contains("loopback.packets_sent"));
  EXPECT_TRUE(names.contains("overrun"));
}

}  // namespace
}  // namespace dts::domain
