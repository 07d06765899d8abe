#include <gtest/gtest.h>

#include <map>
#include <set>

#include <proto/splitter.hpp>

namespace dts::proto {
namespace {

Splitter::Job job(StreamId stream, Sequence first, std::size_t bytes,
                  std::vector<NodeId> receivers = {}) {
  return {stream, first, 100, 0, false, std::make_shared<const Bytes>(bytes), {}, receivers, 0};
}

NodeId node(std::uint8_t number) {
  NodeId id;
  id.bytes[0] = number;
  return id;
}

TEST(Splitter, streams_take_turns_so_that_a_short_message_passes_a_long_one) {
  Splitter splitter(1u << 30);
  splitter.push(job(1, 1, 1'000'000));
  splitter.push(job(2, 1, 5'000));
  std::size_t sent = 0;
  for (; splitter.holds(2); ++sent) splitter.advance();
  EXPECT_LE(sent, 50 + 50 + 2 * Splitter::turn_fragments);
  EXPECT_TRUE(splitter.holds(1));
}

TEST(Splitter, messages_of_one_stream_follow_each_other) {
  Splitter splitter(1u << 30);
  splitter.push(job(1, 1, 2'000));
  splitter.push(job(1, 21, 2'000));
  splitter.push(job(2, 1, 9'000));
  std::map<StreamId, Sequence> last;
  while (!splitter.empty()) {
    const wire::Fragment f = splitter.fragment();
    EXPECT_EQ(f.sequence, last[f.stream] + 1);
    last[f.stream] = f.sequence;
    splitter.advance();
  }
  EXPECT_EQ(last[1], 40u);
  EXPECT_EQ(last[2], 90u);
  EXPECT_EQ(splitter.bytes(), 0u);
}

TEST(Splitter, no_more_streams_take_turns_than_a_receiver_can_join) {
  Splitter splitter(1u << 30);
  for (StreamId s = 1; s <= 20; ++s) splitter.push(job(s, 1, 10'000));
  std::set<StreamId> begun;
  for (int i = 0; i < 700; ++i) {
    begun.insert(splitter.front().stream);
    splitter.advance();
  }
  EXPECT_EQ(begun.size(), Splitter::streams_at_once);
}

TEST(Splitter, a_stream_that_cannot_go_on_is_passed_over) {
  Splitter splitter(1u << 30);
  splitter.push(job(1, 1, 1'000));
  splitter.push(job(2, 1, 1'000));
  EXPECT_EQ(splitter.front().stream, 1u);
  splitter.pass();
  EXPECT_EQ(splitter.front().stream, 2u);
}

TEST(Splitter, a_message_that_all_its_receivers_refuse_is_not_sent_on) {
  Splitter splitter(1u << 30);
  splitter.push(job(1, 1, 1'000, {node(1), node(2)}));
  splitter.push(job(1, 11, 1'000, {node(1), node(2)}));
  splitter.forget(node(1), 1, 1);
  EXPECT_EQ(splitter.bytes(), 2'000u);
  splitter.forget(node(2), 1, 1);
  EXPECT_EQ(splitter.bytes(), 1'000u);
  EXPECT_EQ(splitter.front().first, 11u);
  splitter.forget(node(1));
  splitter.forget(node(2));
  EXPECT_TRUE(splitter.empty());
}

TEST(Splitter, puts_as_many_pieces_together_as_there_is_room_for) {
  Splitter splitter(1u << 30);
  splitter.push(job(1, 1, 1'050));
  EXPECT_EQ(splitter.fragment(99).bytes.size(), 100u) << "one at least";
  EXPECT_EQ(splitter.fragment(399).pieces(), 3u);
  EXPECT_EQ(splitter.fragment(399).until(), 3u);
  splitter.advance(3);
  EXPECT_EQ(splitter.fragment(5'000).sequence, 4u);
  EXPECT_EQ(splitter.fragment(5'000).pieces(), 8u);
  EXPECT_EQ(splitter.fragment(5'000).bytes.size(), 750u);
  EXPECT_EQ(splitter.fragment(5'000).until(), splitter.fragment().last());
  splitter.advance(8);
  EXPECT_TRUE(splitter.empty());
}

TEST(Splitter, says_how_much_of_a_stream_has_gone) {
  Splitter splitter(1u << 30);
  splitter.push(job(7, 1, 1'000));
  splitter.push(job(7, 11, 500));
  for (int i = 0; i < 4; ++i) splitter.advance();
  EXPECT_EQ(splitter.unsent(7).total, 1'500u);
  EXPECT_EQ(splitter.unsent(7).sent, 400u);
  EXPECT_EQ(splitter.unsent(8).total, 0u);
}

TEST(Splitter, a_fragment_says_what_the_message_is_compressed_by) {
  for (const Compression compression : {Compression::none, Compression::lz4, Compression::zstd}) {
    Splitter::Job each = job(1, 1, 50);
    each.cut.compression = compression;
    EXPECT_EQ(Splitter::fragment_of(each).compression(), compression);
    each.historic = true;
    EXPECT_EQ(Splitter::fragment_of(each).compression(), compression);
  }
}

}  // namespace
}  // namespace dts::proto
