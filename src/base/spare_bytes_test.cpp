#include <base/spare_bytes.hpp>

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace dts::base {
namespace {

constexpr std::size_t large = 1u << 20;

TEST(SpareBytes, gives_again_what_nobody_has_any_more) {
  SpareBytes spare;
  auto memory = spare.take(large);
  EXPECT_EQ(memory->capacity(), 0u);
  memory->resize(large);
  const std::uint8_t* const where = memory->data();
  std::shared_ptr<const Bytes> shared = std::move(memory);
  EXPECT_NE(spare.take(large)->data(), where) << "somebody has it still";
  shared.reset();
  auto again = spare.take(large);
  EXPECT_EQ(again->data(), where);
  EXPECT_TRUE(again->empty());
  EXPECT_GE(again->capacity(), large);
}

TEST(SpareBytes, keeps_no_more_than_its_bounds) {
  SpareBytes spare;
  std::vector<std::shared_ptr<Bytes>> all;
  for (std::size_t i = 0; i < 3 * SpareBytes::spares_max; ++i) {
    all.push_back(spare.take());
    all.back()->resize(large);
  }
  all.clear();
  for (std::size_t i = 0; i < SpareBytes::spares_max; ++i) {
    all.push_back(spare.take(large));
    EXPECT_GE(all.back()->capacity(), large);
  }
  EXPECT_EQ(spare.take(large)->capacity(), 0u);
  all.clear();

  SpareBytes other;
  auto small = other.take(), huge = other.take();
  small->resize(100);
  huge->resize(SpareBytes::spare_bytes_max + 1);
  small.reset();
  huge.reset();
  EXPECT_EQ(other.take()->capacity(), 0u);
}

TEST(SpareBytes, frees_what_is_of_no_use) {
  SpareBytes spare;
  spare.take()->resize(large);
  spare.trim();
  EXPECT_GE(spare.take(large)->capacity(), large) << "it may be used soon";
  spare.trim();
  spare.trim();
  EXPECT_EQ(spare.take(large)->capacity(), 0u);
}

TEST(SpareBytes, serves_several_threads_and_messages_that_outlive_it) {
  std::vector<std::shared_ptr<Bytes>> late(4);
  {
    SpareBytes spare;
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < late.size(); ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 1000; ++i) {
          auto memory = spare.take(SpareBytes::spare_bytes_min);
          memory->assign(SpareBytes::spare_bytes_min, static_cast<std::uint8_t>(t));
          for (const std::uint8_t byte : *memory) ASSERT_EQ(byte, t);
          late[t] = std::move(memory);
          if (i % 100 == 0) spare.trim();
        }
      });
    for (std::thread& thread : threads) thread.join();
  }
  for (std::size_t t = 0; t < late.size(); ++t) EXPECT_EQ(late[t]->front(), t);
}

}  // namespace
}  // namespace dts::base
