#include <cli/bridge/kept_value.hpp>

#include <gtest/gtest.h>

namespace dts::cli {
namespace {

KeptValue some() {
  KeptValue value;
  value.type = "30108baf";
  value.source = "pi/w1";
  value.labels = {{"tank", "3"}, {"room", "moromi"}};
  value.node = "00c0ffee";
  value.stream = 7;
  value.sequence = 1u << 31;
  value.published_ns = 1'700'000'000'000'000'000;
  value.message = {1, 2, 3};
  return value;
}

TEST(KeptValue, comes_back_as_it_was) {
  const KeptValue value = some();
  const Result<Bytes> bytes = value.encode();
  ASSERT_TRUE(bytes);
  const Result<KeptValue> back = KeptValue::decode(*bytes);
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->type, value.type);
  EXPECT_EQ(back->source, value.source);
  EXPECT_EQ(back->labels, value.labels);
  EXPECT_EQ(back->id(), "00c0ffee.7.2147483648");
  EXPECT_EQ(back->published_ns, value.published_ns);
  EXPECT_EQ(back->message, value.message);
  EXPECT_EQ(back->source_key(), value.source_key());
}

TEST(KeptValue, a_source_is_its_name_its_labels_and_its_type) {
  const KeptValue value = some();
  KeptValue later = some();
  later.sequence = 1;
  later.node = "another run";
  EXPECT_EQ(later.source_key(), value.source_key());
  EXPECT_EQ(value.source_key().size(), 16u);
  const auto other = [&](auto change) {
    KeptValue changed = some();
    change(changed);
    return changed.source_key() != value.source_key();
  };
  EXPECT_TRUE(other([](KeptValue& v) { v.type = "30108bae"; }));
  EXPECT_TRUE(other([](KeptValue& v) { v.source = "pi/w2"; }));
  EXPECT_TRUE(other([](KeptValue& v) { v.labels["tank"] = "4"; }));
}

TEST(KeptValue, a_source_is_called_as_everybody_calls_it) {
  EXPECT_EQ(KeptValue::source_of("pi/w1"), "pi/w1");
  EXPECT_EQ(KeptValue::source_of("pi/demo/brewery#3"), "pi/demo/brewery");
  EXPECT_EQ(KeptValue::source_of("pi/w1#"), "pi/w1#");
  EXPECT_EQ(KeptValue::source_of("pi/#1 tank"), "pi/#1 tank");
}

TEST(KeptValue, bytes_of_others_are_refused) {
  const Bytes bytes = *some().encode();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(KeptValue::decode(ByteView(bytes).first(size))) << size;
  Bytes text{'{', '"', 'n', '"', ':', '1', '}', 0};
  EXPECT_FALSE(KeptValue::decode(text));
}

}  // namespace
}  // namespace dts::cli
