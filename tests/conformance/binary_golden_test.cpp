// Messages of binary formats that others made: tests/golden/<format>/make_vectors.py says who, and
// tests/golden/vectors.py what a row of vectors.json is.
#include <gtest/gtest.h>

#include <fstream>

#include <base/hex.hpp>
#include <dts/format.hpp>
#include <dts/value.hpp>
#include <support/rows.hpp>

namespace dts {
namespace {

class BinaryGolden : public testing::TestWithParam<const char*> {
 protected:
  const Format& format() const { return *find_format(built_in_formats(), GetParam()); }

  // Calls with the rows that hold a value, or with those that are refused.
  template <class Handler>
  int rows(bool refused, Handler handler) const {
    std::ifstream file(std::string(DTS_GOLDEN) + "/" + GetParam() + "/vectors.json");
    int count = 0;
    for (const test::Row& row : test::read_rows(file)) {
      if (row[1].empty() != refused) continue;
      ++count;
      handler(Type::parse(row[0]).value(), row);
    }
    return count;
  }
};

TEST_P(BinaryGolden, writes_and_reads_what_others_write) {
  const int count = rows(false, [&](const Type& type, const test::Row& row) {
    SCOPED_TRACE(row[0] + " " + row[1].substr(0, 200));
    Value value = Value::of(type).value();
    const auto parsed = from_json(row[1], value.layout(), value.data());
    ASSERT_TRUE(parsed.ok()) << parsed.error().text();
    Bytes written;
    ASSERT_TRUE(format().encoder(value.layout()).value()->encode(value.data(), written).ok());
    EXPECT_EQ(base::to_hex(written), row[2]);
    const auto decoder = format().decoder(Assignment::make(type, type), value.layout()).value();
    for (std::size_t i = 2; i < row.size(); ++i) {
      Value read = Value::of(type).value();
      const auto decoded = decoder->decode(base::from_hex(row[i]).value(), read.data());
      ASSERT_TRUE(decoded.ok()) << row[i] << "\n" << decoded.error().text();
      EXPECT_EQ(to_json(read.layout(), read.data()).value(), row[1]) << row[i];
    }
  });
  EXPECT_GT(count, 70);
}

TEST_P(BinaryGolden, refuses_what_is_broken_or_something_else_and_says_what) {
  const int count = rows(true, [&](const Type& type, const test::Row& row) {
    SCOPED_TRACE(row[0]);
    Value value = Value::of(type).value();
    const auto decoder = format().decoder(Assignment::make(type, type), value.layout()).value();
    for (std::size_t i = 3; i < row.size(); ++i) {
      const auto decoded = decoder->decode(base::from_hex(row[i]).value(), value.data());
      ASSERT_FALSE(decoded.ok()) << row[i];
      EXPECT_EQ(decoded.error().what().substr(0, row[2].size()), row[2]) << row[i];
    }
  });
  EXPECT_GT(count, 30);
}

INSTANTIATE_TEST_SUITE_P(Formats, BinaryGolden, testing::Values("cbor", "messagepack"),
                         [](const auto& row) { return std::string(row.param); });

}  // namespace
}  // namespace dts
