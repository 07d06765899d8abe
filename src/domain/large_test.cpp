// Large values through the Domain: compression, limits, progress, and what is said when one does
// not arrive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/packed.hpp"
#include "domain/test_domain.hpp"
#include "proto/engine.hpp"

namespace dts::domain {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Compresses well, and differs from block to block.
Block text_block(std::size_t size, int number = 0) {
  Block block;
  while (block.data.size() < size) {
    const std::string line =
        "line " + std::to_string(block.data.size()) + " of " + std::to_string(number) + "\n";
    block.data.insert(block.data.end(), line.begin(), line.end());
  }
  block.data.resize(size);
  return block;
}

PublishOptions compressed(Compression compression) {
  PublishOptions options;
  options.compression = compression;
  return options;
}

std::uint64_t counter(const Domain& domain, std::string_view name) {
  for (const Counter& each : domain.counters())
    if (each.name == name) return each.value;
  ADD_FAILURE() << "no counter " << name;
  return 0;
}

class LargeValues : public testing::Test {
 protected:
  std::string hub = new_hub();
  Domain a{options_of(hub, "a")}, b{options_of(hub, "b")};
  Publisher<Block> publisher;

  bool until(const std::function<bool()>& done) { return poll_until({&a, &b}, done); }
  void open(PublishOptions options = {}) {
    publisher = *a.publisher<Block>(std::move(options));
    ASSERT_TRUE(until([&] { return publisher.subscribers() == 1; }));
  }
};

class CompressedValues : public LargeValues, public testing::WithParamInterface<Compression> {};
INSTANTIATE_TEST_SUITE_P(Both, CompressedValues,
                         testing::Values(Compression::lz4, Compression::zstd),
                         [](const auto& each) {
                           return std::string(compression_name(each.param));
                         });

TEST_P(CompressedValues, arrive_as_they_were_and_travel_as_less) {
  std::vector<Block> got;
  const auto subscription = b.subscribe<Block>([&](const Block& block) { got.push_back(block); });
  open(compressed(GetParam()));
  const std::uint64_t before = counter(a, "loopback.bytes_sent");
  const Block sent = text_block(1 << 20);
  ASSERT_TRUE(publisher.publish(sent));
  ASSERT_TRUE(until([&] { return !got.empty(); }));
  EXPECT_EQ(got[0].data, sent.data);
  EXPECT_LT(counter(a, "loopback.bytes_sent") - before, 500'000u);
  EXPECT_GT(subscription.counters().bytes, 1u << 20);
}

TEST_P(CompressedValues, are_unpacked_once_for_all_subscribers) {
  std::vector<const std::uint8_t*> got;
  const auto handler = [&](const Block&, const Sample& s) { got.push_back(s.message().data()); };
  const auto one = b.subscribe<Block>(handler), two = b.subscribe<Block>(handler);
  open(compressed(GetParam()));
  ASSERT_TRUE(publisher.publish(text_block(100'000)));
  ASSERT_TRUE(until([&] { return got.size() == 2; }));
  EXPECT_EQ(got[0], got[1]);
}

TEST_P(CompressedValues, reach_late_joiners_here_and_there_as_they_were) {
  publisher = *a.publisher<Block>(compressed(GetParam()));
  const Block sent = text_block(100'000);
  ASSERT_TRUE(publisher.publish(sent));
  std::vector<std::vector<std::uint8_t>> got;
  const auto handler = [&](const Block& block, const Sample& s) {
    EXPECT_TRUE(s.historic());
    got.push_back(block.data);
  };
  const auto there = b.subscribe<Block>(handler), here = a.subscribe<Block>(handler);
  ASSERT_TRUE(until([&] { return got.size() == 2; }));
  const auto later = b.subscribe<Block>(handler);
  ASSERT_TRUE(until([&] { return got.size() == 3; }));
  EXPECT_THAT(got, ElementsAre(sent.data, sent.data, sent.data));
}

TEST_P(CompressedValues, count_in_a_queue_as_what_they_will_be) {
  SubscribeOptions options;
  options.queue_bytes_max = 1 << 20;
  std::vector<Gap> gaps;
  options.on_gap = [&](const Gap& gap) { gaps.push_back(gap); };
  auto stream = b.stream<Block>(std::move(options));
  open(compressed(GetParam()));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(publisher.publish(text_block(400'000, i)));
  ASSERT_TRUE(until([&] { return counter(b, "messages_in") == 5; }));
  std::vector<std::vector<std::uint8_t>> got;
  while (auto reading = stream.next(Duration(0))) got.push_back(reading->value.data);
  EXPECT_THAT(got, ElementsAre(text_block(400'000, 3).data, text_block(400'000, 4).data));
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].reason, Gap::Reason::overrun);
}

TEST_F(LargeValues, below_the_size_nothing_is_compressed) {
  PublishOptions options = compressed(Compression::zstd);
  options.compress_above_bytes = 1 << 20;
  int got = 0;
  const auto subscription = b.subscribe<Block>([&](const Block&) { ++got; });
  open(std::move(options));
  const std::uint64_t before = counter(a, "loopback.bytes_sent");
  ASSERT_TRUE(publisher.publish(text_block(1'000'000)));
  ASSERT_TRUE(until([&] { return got == 1; }));
  EXPECT_GT(counter(a, "loopback.bytes_sent") - before, 1'000'000u);
}

TEST_F(LargeValues, a_value_above_the_limit_is_named_here_and_told_to_the_publisher) {
  SubscribeOptions options;
  options.message_bytes_max = 1'000'000;
  std::vector<Gap> gaps;
  std::vector<std::size_t> got;
  options.on_gap = [&](const Gap& gap) { gaps.push_back(gap); };
  const auto subscription = b.subscribe<Block>(
      [&](const Block& block) { got.push_back(block.data.size()); }, std::move(options));
  open();
  ASSERT_TRUE(publisher.publish(text_block(2'000'000)));
  ASSERT_TRUE(publisher.publish(text_block(10)));
  ASSERT_TRUE(until([&] { return got.size() == 1; }));
  EXPECT_THAT(got, ElementsAre(10u));
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].reason, Gap::Reason::too_large);
  EXPECT_EQ(gaps[0].detail, "2000024 bytes, at most 1000000");
  EXPECT_EQ(subscription.counters().too_large, gaps[0].count());
  EXPECT_EQ(subscription.counters().lost, 0u);
  std::vector<std::string> told;
  ASSERT_TRUE(until([&] { return !(told = a.notices()).empty(); }));
  EXPECT_THAT(told[0], HasSubstr(b.source() + " takes no test.Block larger than 1000000 bytes"));

  ASSERT_TRUE(publisher.publish(text_block(2'000'000)));
  ASSERT_TRUE(until([&] { return counter(a, "messages_refused") == 2; }));
  EXPECT_TRUE(a.notices().empty());  // it is known
}

TEST_F(LargeValues, each_subscription_has_its_own_limit) {
  SubscribeOptions small;
  small.message_bytes_max = 1000;
  std::vector<Gap> gaps;
  small.on_gap = [&](const Gap& gap) { gaps.push_back(gap); };
  int got = 0;
  const auto one = b.subscribe<Block>([&](const Block&) { FAIL(); }, small);
  const auto two = b.subscribe<Block>([&](const Block&) { ++got; });
  const auto local = a.subscribe<Block>([&](const Block&) { FAIL(); }, small);
  publisher = *a.publisher<Block>();
  ASSERT_TRUE(until([&] { return publisher.subscribers() == 2; }));
  ASSERT_TRUE(publisher.publish(text_block(5000)));
  ASSERT_TRUE(until([&] { return got == 1 && gaps.size() == 2; }));
  for (const Gap& gap : gaps) {
    EXPECT_EQ(gap.reason, Gap::Reason::too_large);
    EXPECT_EQ(gap.detail, "5024 bytes, at most 1000");
  }
  EXPECT_TRUE(a.notices().empty());  // it was sent for the other
}

TEST_F(LargeValues, a_compressed_one_is_measured_by_what_it_becomes) {
  SubscribeOptions options;
  options.message_bytes_max = 1'000'000;
  std::vector<Gap> gaps;
  options.on_gap = [&](const Gap& gap) { gaps.push_back(gap); };
  const auto subscription = b.subscribe<Block>([&](const Block&) { FAIL(); }, std::move(options));
  open(compressed(Compression::zstd));
  ASSERT_TRUE(publisher.publish(text_block(2'000'000)));
  ASSERT_TRUE(until([&] { return gaps.size() == 1; }));
  EXPECT_EQ(gaps[0].reason, Gap::Reason::too_large);
  EXPECT_EQ(gaps[0].detail, "2000024 bytes, at most 1000000");
  ASSERT_TRUE(until([&] { return !a.notices().empty(); }));
}

TEST_F(LargeValues, the_domains_own_limit_holds_for_publishing_too) {
  DomainOptions options = options_of(hub, "c");
  options.message_bytes_max = 1000;
  Domain c(std::move(options));
  const Result<void> published = c.publish(text_block(2000));
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code(), ErrorCode::too_large);
  int got = 0;
  const auto subscription = c.subscribe<Block>([&](const Block&) { ++got; });
  ASSERT_TRUE(a.publish(text_block(100)));
  ASSERT_TRUE(poll_until({&a, &c}, [&] { return got == 1; }));
  ASSERT_TRUE(a.publish(text_block(2000)));
  ASSERT_TRUE(
      poll_until({&a, &c}, [&] { return subscription.counters().too_large == 2 && got == 1; }));
}

TEST_F(LargeValues, progress_is_told_on_both_sides) {
  SubscribeOptions options;
  std::vector<Arriving> told;
  std::uint64_t sequence = 0;
  options.on_arriving = [&](const Arriving& arriving) { told.push_back(arriving); };
  const auto subscription = b.subscribe<Block>(
      [&](const Block&, const Sample& s) { sequence = s.sequence(); }, std::move(options));
  open();
  ASSERT_TRUE(publisher.publish(text_block(8'000'000)));
  ValuePublisher::Progress progress = publisher.progress();
  EXPECT_GT(progress.sent, 1'000'000u);
  EXPECT_LT(progress.sent, progress.total);
  EXPECT_EQ(progress.total, 8'000'024u);
  // What is under way arrives; then for a while nothing does.
  ASSERT_TRUE(poll_until({&b}, [&] { return counter(b, "packets_in") > 1000; }));
  const auto later = std::chrono::steady_clock::now() + std::chrono::milliseconds(120);
  ASSERT_TRUE(wait_until([&] { return std::chrono::steady_clock::now() > later; }));
  ASSERT_TRUE(until([&] { return sequence != 0; }));
  EXPECT_EQ(publisher.progress().total, 0u);
  ASSERT_GE(told.size(), 2u);
  EXPECT_EQ(told.front().source->name, a.source());
  EXPECT_LT(told.front().bytes, 8'000'024u);
  EXPECT_EQ(told.back().bytes, 8'000'024u);
  for (const Arriving& each : told) {
    EXPECT_EQ(each.total, 8'000'024u);
    EXPECT_EQ(each.to, sequence);
  }
}

TEST_F(LargeValues, while_the_first_arrives_that_is_why_there_is_none_yet) {
  SubscribeOptions options;
  bool told = false;
  options.on_arriving = [&](const Arriving&) { told = true; };
  const auto subscription = b.subscribe<Block>([](const Block&) {}, std::move(options));
  open();
  ASSERT_TRUE(publisher.publish(text_block(40'000'000)));
  ASSERT_TRUE(poll_until({&b}, [&] { return counter(b, "packets_in") > 1000; }));
  const auto later = std::chrono::steady_clock::now() + std::chrono::milliseconds(120);
  ASSERT_TRUE(wait_until([&] { return std::chrono::steady_clock::now() > later; }));
  ASSERT_TRUE(until([&] { return told; }));
  const Why why = subscription.why();
  EXPECT_EQ(why.reason, WhyQuiet::not_quiet);
  EXPECT_THAT(why.text, HasSubstr("a value of test.Block is arriving from " + a.source() + ": "));
  EXPECT_EQ(b.why("test.Block").reason, WhyQuiet::not_quiet);
}

TEST_F(LargeValues, one_that_dies_with_its_publisher_is_named) {
  SubscribeOptions options;
  std::vector<Gap> gaps;
  options.on_gap = [&](const Gap& gap) { gaps.push_back(gap); };
  const auto subscription = b.subscribe<Block>([&](const Block&) { FAIL(); }, std::move(options));
  open();
  ASSERT_TRUE(publisher.publish(text_block(40'000'000)));
  ASSERT_TRUE(poll_until({&b}, [&] { return counter(b, "packets_in") > 1000; }));
  a.close();  // stays a tenth of a second, which is not enough
  ASSERT_TRUE(poll_until({&b}, [&] { return !gaps.empty(); }));
  EXPECT_EQ(gaps[0].reason, Gap::Reason::lost);
  EXPECT_EQ(gaps[0].from, 1u);
}

TEST_F(LargeValues, subscribers_in_the_publishers_domain_share_its_memory) {
  std::vector<const std::uint8_t*> lies;
  const auto handler = [&](const Block&, const Sample& s) { lies.push_back(s.message().data()); };
  const auto one = a.subscribe<Block>(handler), two = a.subscribe<Block>(handler);
  publisher = *a.publisher<Block>();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(publisher.publish(text_block(100'000, i)));
  ASSERT_TRUE(until([&] { return lies.size() == 4; }));
  EXPECT_EQ(lies[0], lies[2]);
  EXPECT_EQ(lies[1], lies[3]);
  EXPECT_NE(lies[0], lies[1]);  // both wait at the same time
}

// A node that speaks the protocol and lies in its messages.
class Liar {
 public:
  explicit Liar(const std::string& hub) : engine_(options(), 1) {
    TransportOptions how;
    how.url = hub;
    how.domain = "test";
    for (const TransportPlugin& plugin : built_in_transports())
      if (plugin.scheme == "loopback") transport_ = std::move(*plugin.open(how));
    engine_.add_transport(transport_->capabilities());
    engine_.set_links(now(), 0, transport_->links(), out_);
    const Type& type = layout_of<Block>().type;
    proto::StreamRecord record;
    record.family = type.family();
    record.family_name = type.name();
    record.type = type.id();
    record.format = find_format(built_in_formats(), "capnproto")->code();
    const ByteView document = type.document();
    stream_ = *engine_.open_stream(now(), record, Bytes(document.begin(), document.end()), out_);
    engine_.start(now(), 0, out_);
    serve();
  }

  void publish(Compression compression, ByteView bytes) {
    ASSERT_TRUE(engine_.publish(now(), stream_, {bytes, 0, {}, compression}, out_));
    engine_.flush(now(), out_);
    serve();
  }
  std::size_t subscribers() const { return engine_.subscribers_of(stream_); }
  void serve() {
    (void)transport_->join(0);
    while (*transport_->receive(batch_) > 0)
      for (const ReceivedPacket& packet : batch_.packets)
        engine_.receive(now(), 0, {0, packet.link, packet.from, packet.multicast}, packet.bytes,
                        out_);
    if (engine_.next_deadline() <= now()) engine_.tick(now(), 0, out_);
    std::vector<OutgoingPacket> packets;
    for (const proto::Packet& p : out_.packets)
      packets.push_back({out_.bytes_of(p), p.link, p.group, p.to});
    EXPECT_TRUE(transport_->send(packets));
    out_.clear();
  }

 private:
  static Instant now() { return std::chrono::steady_clock::now(); }
  static proto::EngineOptions options() {
    proto::EngineOptions options;
    options.node.bytes[0] = 1;
    options.domain = "test";
    options.host = "far";
    options.name = "liar";
    return options;
  }
  proto::Engine engine_;
  std::unique_ptr<Transport> transport_;
  ReceiveBatch batch_;
  proto::Outbox out_;
  proto::StreamId stream_ = 0;
};

TEST_F(LargeValues, what_would_expand_beyond_the_cap_is_refused_counted_and_named) {
  SubscribeOptions options;
  std::vector<Gap> gaps;
  options.on_gap = [&](const Gap& gap) { gaps.push_back(gap); };
  int got = 0;
  const auto subscription = b.subscribe<Block>([&](const Block&) { ++got; }, std::move(options));
  Liar liar(hub);
  const auto until_served = [&](const std::function<bool()>& done) {
    return poll_until({&b}, [&] { return liar.serve(), done(); });
  };
  ASSERT_TRUE(until_served([&] { return liar.subscribers() == 1; }));
  const std::uint8_t bomb[] = {0x40, 0x42, 0x0f, 0, 2, 0, 0, 0, 'P', 'K'};  // 1,000,000 of 10
  liar.publish(Compression::zstd, bomb);
  ASSERT_TRUE(until_served([&] { return gaps.size() == 1; }));
  EXPECT_EQ(gaps[0].reason, Gap::Reason::too_large);
  EXPECT_EQ(gaps[0].detail, "10 bytes that become 1000000 are refused: at most 20 times");
  EXPECT_EQ(counter(b, "expansions_refused"), 1u);
  EXPECT_EQ(subscription.counters().too_large, 1u);

  const std::uint8_t broken[] = {100, 0, 0, 0, 2, 0, 0, 0, 'P', 'K'};
  liar.publish(Compression::lz4, broken);
  ASSERT_TRUE(until_served([&] { return gaps.size() == 2; }));
  EXPECT_EQ(gaps[1].reason, Gap::Reason::undecodable);
  EXPECT_THAT(gaps[1].detail, HasSubstr("lz4 bytes are not whole"));
  EXPECT_EQ(subscription.counters().undecodable, 1u);
  EXPECT_EQ(got, 0);
}

TEST(PackedMessage, is_unpacked_once_by_whoever_comes_first) {
  auto bytes = std::make_shared<Bytes>();
  const std::uint8_t empty[] = {0, 0, 0, 0, 1, 0, 0, 0, 0};  // nothing, as an LZ4 block
  bytes->assign(std::begin(empty), std::end(empty));
  auto packed = Packed::make(Compression::lz4, bytes, 1000);
  ASSERT_TRUE(packed);
  std::vector<std::thread> threads;
  std::atomic<const Bytes*> first{nullptr};
  std::atomic<int> same{0};
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      const Bytes* const mine = (*packed)->unpack()->get();
      const Bytes* none = nullptr;
      if (first.compare_exchange_strong(none, mine) || none == mine) ++same;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(same, 4);
  EXPECT_EQ(bytes.use_count(), 1);
}

}  // namespace
}  // namespace dts::domain
