// Messages of binary formats that others made: tests/golden/<format>/make_vectors.py says who, and
// what a row of vectors.json is.
#include <gtest/gtest.h>

#include <charconv>
#include <fstream>

#include <dts/format.hpp>
#include <dts/value.hpp>

namespace dts {
namespace {

Bytes from_hex(std::string_view hex) {
  Bytes bytes(hex.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, bytes[i], 16);
  return bytes;
}

std::string to_hex(ByteView bytes) {
  std::string hex;
  for (const std::uint8_t byte : bytes) {
    constexpr char digits[] = "0123456789abcdef";
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

class BinaryGolden : public testing::TestWithParam<const char*> {
 protected:
  const Format& format() const { return *find_format(built_in_formats(), GetParam()); }

  // Calls with the rows that hold a value, or with those that are refused.
  template <class Handler>
  int rows(bool refused, Handler handler) const {
    const Type row_type = Type::parse("t.Row{row:list<text>}").value();
    std::ifstream file(std::string(DTS_GOLDEN) + "/" + GetParam() + "/vectors.json");
    int count = 0;
    for (std::string line; std::getline(file, line);) {
      Value row = Value::of(row_type).value();
      EXPECT_TRUE(from_json("{\"row\":" + line + "}", row.layout(), row.data()).ok()) << line;
      std::vector<std::string> cells;
      while (auto cell = row.text("row." + std::to_string(cells.size())))
        cells.push_back(std::move(*cell));
      if (cells[1].empty() != refused) continue;
      ++count;
      handler(Type::parse(cells[0]).value(), cells);
    }
    return count;
  }
};

TEST_P(BinaryGolden, writes_and_reads_what_others_write) {
  const int count = rows(false, [&](const Type& type, const std::vector<std::string>& row) {
    SCOPED_TRACE(row[0] + " " + row[1].substr(0, 200));
    Value value = Value::of(type).value();
    const auto parsed = from_json(row[1], value.layout(), value.data());
    ASSERT_TRUE(parsed.ok()) << parsed.error().text();
    Bytes written;
    ASSERT_TRUE(format().encoder(value.layout()).value()->encode(value.data(), written).ok());
    EXPECT_EQ(to_hex(written), row[2]);
    const auto decoder = format().decoder(Assignment::make(type, type), value.layout()).value();
    for (std::size_t i = 2; i < row.size(); ++i) {
      Value read = Value::of(type).value();
      const auto decoded = decoder->decode(from_hex(row[i]), read.data());
      ASSERT_TRUE(decoded.ok()) << row[i] << "\n" << decoded.error().text();
      EXPECT_EQ(to_json(read.layout(), read.data()).value(), row[1]) << row[i];
    }
  });
  EXPECT_GT(count, 70);
}

TEST_P(BinaryGolden, refuses_what_is_broken_or_something_else_and_says_what) {
  const int count = rows(true, [&](const Type& type, const std::vector<std::string>& row) {
    SCOPED_TRACE(row[0]);
    Value value = Value::of(type).value();
    const auto decoder = format().decoder(Assignment::make(type, type), value.layout()).value();
    for (std::size_t i = 3; i < row.size(); ++i) {
      const auto decoded = decoder->decode(from_hex(row[i]), value.data());
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
