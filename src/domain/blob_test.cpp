// Large values that are not copied on their way to the handler: fields of type Blob.
#include <gtest/gtest.h>

#include "domain/test_domain.hpp"

namespace dts::domain {
namespace {

// Block as a subscriber declares it that wants to keep what it gets: the same type.
struct SharedBlock {
  Blob data;
  static constexpr auto dts = dts::type("test.Block");
};

bool lies_in(const Blob& blob, ByteView message) {
  return blob.begin() >= message.data() && blob.end() <= message.data() + message.size();
}

Block block_of(std::size_t size) {
  Block block;
  for (std::size_t i = 0; i < size; ++i) block.data.push_back(static_cast<std::uint8_t>(i / 251));
  return block;
}

TEST(DomainBlob, lies_in_the_joined_message_and_outlives_the_handler) {
  const std::string hub = new_hub();
  Domain a{options_of(hub, "a")}, b{options_of(hub, "b")};
  std::vector<Blob> kept;
  bool shared = true;
  auto subscription = b.subscribe<SharedBlock>([&](const SharedBlock& block, const Sample& s) {
    shared = shared && lies_in(block.data, s.message());
    kept.push_back(block.data);
  });
  auto publisher = a.publisher<Block>();
  ASSERT_TRUE(publisher);
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return publisher->subscribers() == 1; }));
  const Block first = block_of(300'000), second = block_of(400'000);
  ASSERT_TRUE(publisher->publish(first));
  ASSERT_TRUE(publisher->publish(second));
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return kept.size() == 2; }));
  subscription = {};
  b.close();
  EXPECT_TRUE(shared);
  EXPECT_EQ(kept[0], Blob(first.data));
  EXPECT_EQ(kept[1], Blob(second.data));
}

TEST(DomainBlob, is_not_copied_out_of_a_queue_either) {
  Domain domain(options_of(new_hub(), "a"));
  Blob kept;
  bool shared = false;
  auto subscription = domain.subscribe<SharedBlock>([&](const SharedBlock& block, const Sample& s) {
    shared = lies_in(block.data, s.message());
    kept = block.data;
  });
  const Block written = block_of(300'000);
  ASSERT_TRUE(domain.publish(SharedBlock{Blob(written.data)}));
  ASSERT_TRUE(poll_until({&domain}, [&] { return !kept.empty(); }));
  EXPECT_TRUE(shared);
  EXPECT_EQ(kept, Blob(written.data));
}

TEST(DomainBlob, of_a_small_message_is_a_copy_that_outlives_the_handler) {
  const std::string hub = new_hub();
  Domain a{options_of(hub, "a")}, b{options_of(hub, "b")};
  Blob kept;
  auto subscription =
      b.subscribe<SharedBlock>([&](const SharedBlock& block) { kept = block.data; });
  ASSERT_TRUE(a.publish(block_of(100)));
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return !kept.empty(); }));
  b.close();
  EXPECT_EQ(kept, Blob(block_of(100).data));
}

}  // namespace
}  // namespace dts::domain
