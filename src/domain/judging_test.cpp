// The publisher's judgement, and the subscriber's behind it.
#include "domain/judging.hpp"

#include <gtest/gtest.h>

#include "domain/test_domain.hpp"

namespace dts::domain {
namespace {

constexpr std::int64_t ms = 1'000'000, second = 1000 * ms;

TEST(AnnouncedSelection, leaves_out_what_depends_on_a_clock) {
  SubscribeOptions options;
  options.where = "tank > 1";
  ASSERT_TRUE(announced_selection(options, nullptr));
  EXPECT_EQ(announced_selection(options, nullptr)->where, "tank > 1");
  options.where = "at > now - 5m";
  EXPECT_FALSE(announced_selection(options, nullptr));
  options.where.clear();
  EXPECT_FALSE(announced_selection(options, nullptr));
  options.rate_hz_max = 4;
  ASSERT_TRUE(announced_selection(options, nullptr));
  EXPECT_EQ(announced_selection(options, nullptr)->interval_ns, 250'000'000u);
  EXPECT_EQ(shown(*announced_selection(options, nullptr)), "at most 4/s");
}

struct Published {
  double celsius;
  std::int64_t at_ns;
};

// A publisher's judge and a subscriber with the same selection. What is not withheld arrives there,
// unless it is lost.
class TwoGates : public ::testing::Test {
 protected:
  SubscribeOptions options;
  std::vector<Published> kept;  // what the publisher keeps for late joiners
  std::vector<double> taken, alone;
  std::size_t sent = 0;

  void begin(bool history = false) {
    const LayoutPtr& layout = layout_;
    selections_ = {{*announced_selection(options, layout.get()), 7, NodeId{}, Instant{}, history}};
    subscriber_ = *Selection::make(options, *layout);
    unlimited_ = *Selection::make(options, *layout);
    SourceJudge::Publisher publisher;
    publisher.format = find_format(built_in_formats(), "capnproto");
    publisher.for_each_kept = [this](const auto& visit) {
      const auto encoder = *find_format(built_in_formats(), "capnproto")->encoder(*layout_);
      for (const Published& p : kept) {
        Bytes bytes;
        ASSERT_TRUE(encoder->encode(value_of(p).data(), bytes).ok());
        visit(p.at_ns, bytes, Compression::none);
      }
    };
    judge_ = SourceJudge();
    judge_.set_publisher(publisher);
    for (const Published& p : kept) deliver(p);
  }
  void publish(const Published& p, bool lost = false) {
    const Value value = value_of(p);
    judge_.show(layout_, value.data(), p.at_ns);
    if (unlimited_->takes(value.data(), {}, p.at_ns)) alone.push_back(p.celsius);
    if (judge_.takers(version, selections_) == 0) return;
    ++sent;
    if (!lost) receive(value, p);
  }
  std::uint64_t version = 1;

  std::uint64_t random(std::uint64_t below) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % below;
  }
  // One step of a source that wanders and is not punctual.
  Published next(std::int64_t apart_ns) {
    at_ns_ +=
        apart_ns / 2 + static_cast<std::int64_t>(random(static_cast<std::uint64_t>(apart_ns)));
    celsius_ += (static_cast<double>(random(1000)) - 499.5) / 1000;
    return {celsius_, at_ns_};
  }

 private:
  Value value_of(const Published& p) const {
    Value value(layout_);
    EXPECT_TRUE(value.set("celsius", p.celsius).ok());
    return value;
  }
  void deliver(const Published& p) {
    const Value value = value_of(p);
    if (unlimited_->takes(value.data(), {}, p.at_ns)) alone.push_back(p.celsius);
    receive(value, p);
  }
  void receive(const Value& value, const Published& p) {
    if (subscriber_->takes(value.data(), {}, p.at_ns)) taken.push_back(p.celsius);
  }

  LayoutPtr layout_ = *Layout::of(type_of<Temperature>());
  std::vector<proto::StreamSelection> selections_;
  SourceJudge judge_;
  std::unique_ptr<Selection> subscriber_, unlimited_;
  std::uint64_t state_ = 1;
  std::int64_t at_ns_ = 0;
  double celsius_ = 10;
};

TEST_F(TwoGates, take_at_a_rate_what_one_takes) {
  for (const std::int64_t apart : {ms, 30 * ms, 90 * ms, 100 * ms, 110 * ms, 3 * second}) {
    options.rate_hz_max = 10;
    begin();
    for (int i = 0; i < 1000; ++i) publish(next(apart));
    EXPECT_EQ(taken, alone) << apart;
  }
}

TEST_F(TwoGates, send_hardly_more_at_a_rate_than_is_taken) {
  options.rate_hz_max = 10;
  begin();
  for (int i = 0; i < 5000; ++i) publish({static_cast<double>(i), i * ms});
  EXPECT_EQ(taken.size(), 50u);
  EXPECT_EQ(sent, 50u);
}

TEST_F(TwoGates, take_by_filter_rate_and_dead_band_together_what_one_takes) {
  options.where = "celsius > 10";
  options.rate_hz_max = 20;
  options.dead_bands = {{"celsius", "0.7"}};
  begin();
  for (int i = 0; i < 10'000; ++i) publish(next(20 * ms));
  EXPECT_GT(taken.size(), 100u);
  EXPECT_EQ(taken, alone);
  EXPECT_LT(sent, 3000u);
}

TEST_F(TwoGates, begin_with_what_is_kept_for_late_joiners) {
  options.dead_bands = {{"celsius", "1"}};
  kept = {{10.0, 1}, {10.9, 2}, {11.2, 3}};
  begin(true);
  for (const double celsius : {11.1, 10.3, 10.1, 12.3}) publish({celsius, 4});
  EXPECT_EQ(taken, (std::vector<double>{10.0, 11.2, 10.1, 12.3}));
  EXPECT_EQ(taken, alone);
  EXPECT_EQ(sent, 2u);
}

TEST_F(TwoGates, go_on_when_the_selections_of_others_change) {
  options.dead_bands = {{"celsius", "1"}};
  begin();
  for (int i = 0; i < 1000; ++i) {
    version += i % 3 == 0;
    publish(next(ms));
  }
  EXPECT_EQ(taken, alone);
  EXPECT_LT(sent, 200u);
}

// A value that has left the band of the last one taken is taken now or, had the publisher
// another one for the last, with the first that comes a second later.
TEST_F(TwoGates, are_a_second_apart_at_most_after_a_loss) {
  options.dead_bands = {{"celsius", "1"}};
  begin();
  double last = 0;
  std::int64_t left_ns = 0;  // since when it should have been
  for (int i = 0; i < 20'000; ++i) {
    const Published p = next(10 * ms);
    const bool lost = random(2) == 0 && i > 0;
    const std::size_t before = sent;
    publish(p, lost);
    if (!taken.empty()) last = taken.back();
    if (std::abs(p.celsius - last) < 1 || (lost && sent > before))
      left_ns = 0;
    else if (left_ns == 0)
      left_ns = p.at_ns;
    else
      ASSERT_LE(p.at_ns - left_ns, second + 15 * ms) << i;
  }
}

// Nor is a rate starved by it.
TEST_F(TwoGates, keep_the_rate_up_after_a_loss) {
  options.rate_hz_max = 10;
  begin();
  std::size_t lost = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::size_t before = sent;
    const bool lose = random(3) == 0;
    publish(next(10 * ms), lose);
    lost += lose && sent > before;
  }
  EXPECT_GE(taken.size() + 2 * lost, alone.size());
}

}  // namespace
}  // namespace dts::domain
