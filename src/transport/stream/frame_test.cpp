#include "transport/stream/frame.hpp"

#include <gtest/gtest.h>

#include "base/endian.hpp"

namespace dts::transport {
namespace {

Bytes bytes_of(FrameKind kind, Group group, Member member, const Bytes& body) {
  const FrameHead head = frame_head(kind, group, member, body.size());
  Bytes bytes(head.begin(), head.end());
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

TEST(Frame, is_laid_out_as_the_manual_says) {
  EXPECT_EQ(bytes_of(FrameKind::unicast, 5, 0x0102030405060708, {0xaa, 0xbb}),
            (Bytes{12, 0, 0, 0, 8, 5, 8, 7, 6, 5, 4, 3, 2, 1, 0xaa, 0xbb}));
}

TEST(Frame, is_taken_when_it_is_whole_and_not_before) {
  Bytes all = bytes_of(FrameKind::group, 9, 77, {1, 2, 3});
  const Bytes second = bytes_of(FrameKind::done, 0, 4, {});
  const std::size_t first_size = all.size();
  all.insert(all.end(), second.begin(), second.end());
  for (std::size_t size = 0; size < first_size; ++size) {
    ByteView part = ByteView(all).first(size);
    const auto frame = take_frame(part);
    ASSERT_TRUE(frame) << size;
    EXPECT_FALSE(*frame) << size;
    EXPECT_EQ(part.size(), size) << "nothing is taken off";
  }
  ByteView rest = all;
  const auto first = take_frame(rest).value();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->kind, FrameKind::group);
  EXPECT_EQ(first->group, 9);
  EXPECT_EQ(first->member, 77u);
  EXPECT_EQ(Bytes(first->body.begin(), first->body.end()), (Bytes{1, 2, 3}));
  const auto next = take_frame(rest).value();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->kind, FrameKind::done);
  EXPECT_TRUE(next->body.empty());
  EXPECT_TRUE(rest.empty());
}

TEST(Frame, has_a_least_and_a_greatest_size) {
  const auto refused = [](std::uint32_t size) {
    Bytes bytes(4);
    base::store(bytes.data(), size);
    ByteView view = bytes;
    const auto frame = take_frame(view);
    return !frame && frame.error().code() == ErrorCode::decode;
  };
  EXPECT_TRUE(refused(0));
  EXPECT_TRUE(refused(9));
  EXPECT_FALSE(refused(10));
  EXPECT_FALSE(refused(10 + kStreamPacketBytesMax));
  EXPECT_TRUE(refused(11 + kStreamPacketBytesMax));
  EXPECT_TRUE(refused(0xffffffff));
}

}  // namespace
}  // namespace dts::transport
