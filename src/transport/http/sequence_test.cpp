#include "transport/http/sequence.hpp"

#include <gtest/gtest.h>

namespace dts::transport {
namespace {

TEST(SentBytes, are_kept_until_the_other_side_has_them) {
  SentBytes sent;
  sent.add(Bytes{1, 2, 3});
  EXPECT_TRUE(sent.had(0));
  EXPECT_EQ(sent.size(), 3u);
  EXPECT_TRUE(sent.had(2));
  sent.add(Bytes{4});
  EXPECT_EQ(Bytes(sent.bytes().begin(), sent.bytes().end()), (Bytes{3, 4}));
  EXPECT_FALSE(sent.had(1)) << "it had them";
  EXPECT_FALSE(sent.had(5)) << "there are not so many";
  EXPECT_EQ(sent.size(), 2u);
}

TEST(TakenBytes, are_new_once) {
  TakenBytes taken;
  const Bytes bytes{1, 2, 3};
  EXPECT_EQ(taken.fresh(0, bytes)->size(), 3u);
  taken.take(3);
  EXPECT_TRUE(taken.fresh(0, bytes)->empty());
  EXPECT_EQ(taken.fresh(2, bytes)->front(), 2);
  EXPECT_EQ(taken.fresh(3, bytes)->size(), 3u);
  EXPECT_FALSE(taken.fresh(4, bytes)) << "one is missing";
}

}  // namespace
}  // namespace dts::transport
